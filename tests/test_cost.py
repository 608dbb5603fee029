"""What the comparison of RNN, GRU and LSTM measures: costs by hand, networks that agree with torch's, tables, records."""

from __future__ import annotations

import html
import json
import re

import pytest
import torch
from torch import nn

from benchmarks import cells as benchmark
from benchmarks import longest_lag
from solution.gated import GRUCell, LSTMCell, unroll
from solution.rnn import RNNCell
from toolkit import recorded, stand_ins, tables
from toolkit.comparison import (
    COLUMNS,
    FUSED,
    LAG_COLUMNS,
    SETTINGS,
    comparison,
    networks,
    with_longest_lag,
)
from toolkit.cost import hidden_for, kept_for_backward, multiply_adds, parameter_count
from toolkit.memory import Learning, Unrolled
from toolkit.timing import one_thread

CELLS = {"RNN": RNNCell, "GRU": GRUCell, "LSTM": LSTMCell}
KINDS = list(CELLS)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# The networks


@pytest.mark.parametrize("started", [False, True], ids=["from zeros", "from a state"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fused_network_has_the_outputs_and_gradients_of_torchs(kind, started):
    fused = FUSED[kind](2, 5).double()
    torchs = getattr(nn, kind)(2, 5, batch_first=True).double()
    torchs.load_state_dict({f"{name}_l0": part for name, part in fused.cell.state_dict().items()})
    x = torch.randn(3, 7, 2, dtype=torch.float64)
    state = torch.randn(2, 3, 5, dtype=torch.float64).unbind() if started else None
    mine, theirs = (x.clone().requires_grad_() for _ in range(2))
    outputs, last = fused(mine, _state(kind, state))
    want, want_last = torchs(theirs, _state(kind, state and [part[None] for part in state]))
    torch.testing.assert_close(outputs, want)
    for part, want_part in zip(_parts(last), _parts(want_last), strict=True):
        torch.testing.assert_close(part, want_part[0])
    weights = torch.randn_like(want)
    for result in (outputs, want):
        (result * weights).sum().backward()
    torch.testing.assert_close(mine.grad, theirs.grad)
    for name, part in fused.cell.named_parameters():
        torch.testing.assert_close(part.grad, getattr(torchs, f"{name}_l0").grad)


def _state(kind, parts):
    """A state of the kind's own form from two parts."""
    if parts is None:
        return None
    return tuple(parts) if kind == "LSTM" else parts[0]


def _parts(state):
    return state if isinstance(state, tuple) else (state,)


# Costs by hand


def test_multiply_adds_and_parameters_by_hand():
    # F = 2, H = 3: a gate multiplies a (3, 2) and a (3, 3) matrix, and has two biases with 3 entries each.
    for kind, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        assert multiply_adds(CELLS[kind](2, 3)) == gates * (6 + 9)
        assert parameter_count(CELLS[kind](2, 3)) == gates * (6 + 9 + 6)
        assert multiply_adds(getattr(nn, kind)(2, 3)) == gates * (6 + 9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("features", "parameters"), [(2, 4608), (1, 1000), (64, 20_000)])
def test_no_other_hidden_size_comes_closer(kind, features, parameters):
    hidden = hidden_for(kind, features, parameters)
    off = [abs(parameter_count(CELLS[kind](features, size)) - parameters) for size in (hidden - 1, hidden, hidden + 1)]
    assert off[1] == min(off)


def test_hidden_sizes_of_known_networks():
    assert {kind: hidden_for(kind, 2, 4608) for kind in KINDS} == {"RNN": 66, "GRU": 37, "LSTM": 32}
    assert hidden_for("RNN", 2, 1) == 1
    with pytest.raises(ValueError, match=r"kind is 'MLP', expected one of RNN, GRU, LSTM"):
        hidden_for("MLP", 2, 100)


def test_settings_are_of_equal_size():
    by_units, by_parameters = SETTINGS.values()
    assert by_units == {"RNN": 32, "GRU": 32, "LSTM": 32}
    counts = [parameter_count(CELLS[kind](2, hidden)) for kind, hidden in by_parameters.items()]
    assert max(counts) / min(counts) < 1.02


class Twice(nn.Module):
    """σ(W x) from x (N, L, F), and a view into it that is needed too."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 4, bias=False)

    def forward(self, x):
        shares = torch.sigmoid(self.linear(x))
        return shares[..., :1] * shares[..., 1:]


def test_what_is_kept_by_hand():
    x = torch.randn(3, 5, 2)
    # σ keeps its 4 results of 4 bytes; the product keeps views into them; the linear layer keeps x and its weights.
    assert kept_for_backward(Twice(), x) == 16
    # An RNN: each step's state once, of 7 units, and the zeros before the first step, for 5 steps.
    for network in (FUSED["RNN"](2, 7), Unrolled(RNNCell(2, 7), unroll)):
        assert kept_for_backward(network, x) == 7 * 4 * 6 / 5
    assert kept_for_backward(FUSED["RNN"](2, 7).double(), x.double()) == 7 * 8 * 6 / 5


def test_what_an_lstm_keeps_by_hand():
    # Each of 4 steps: σ(i), σ(f), tanh(g), σ(o) and tanh(c). Each of the 3 that another follows: h and c too. Before the
    # first: zeros, which h and c share. In all 4 · 5 + 3 · 2 + 1 vectors of 8 units with 4 bytes.
    x = torch.randn(3, 4, 2)
    for network in (FUSED["LSTM"](2, 8), Unrolled(LSTMCell(2, 8), unroll)):
        assert kept_for_backward(network, x) == 27 * 8 * 4 / 4


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_what_torchs_layers_keep_inside_counts(kind):
    kept = kept_for_backward(getattr(nn, kind)(2, 8, batch_first=True), torch.randn(3, 20, 2))
    assert kept > 4 * 8 * 4  # more than the gates' values alone


def test_without_gradients_nothing_is_kept():
    network = FUSED["LSTM"](2, 3).requires_grad_(False)
    assert kept_for_backward(network, torch.randn(1, 2, 2)) == 0
    with torch.no_grad():
        assert kept_for_backward(FUSED["LSTM"](2, 3), torch.randn(1, 2, 2)) > 0


# The comparison


def test_a_comparison_has_a_row_for_each_network_and_way():
    rows = comparison(CELLS, unroll, SETTINGS["about 4,608 parameters each"], repeats=2)
    assert [(row["network"], row["way"]) for row in rows] == [
        (kind, way) for kind in KINDS for way in ("own cell", "fused cell", "torch.nn")
    ]
    assert all(row.keys() >= COLUMNS.keys() for row in rows)
    assert all(len(row["values"]) == 2 and row["ms per training step"] > 0 for row in rows)
    assert {(row["network"], row["units"], row["parameters"], row["multiply-adds"]) for row in rows} == {
        ("RNN", 66, 4620, 4488),
        ("GRU", 37, 4551, 4329),
        ("LSTM", 32, 4608, 4352),
    }


def test_own_cells_are_the_ones_that_were_given():
    made = networks(CELLS, unroll, {"GRU": 4})
    assert isinstance(made["GRU", "own cell"].cell, GRUCell) and len(made) == 3


def test_one_thread_is_given_back():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), one_thread():
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == before


def test_the_longest_lag_stands_beside_the_costs():
    rows = [{"network": "RNN", "way": "own cell"}, {"network": "GRU", "way": "own cell"}]
    found = with_longest_lag(rows, {"RNN": [5, 10, 5], "RNN, orthogonal": [25, 50, 25]})
    assert [tuple(row.get(name) for name in LAG_COLUMNS) for row in found] == [(5, 25), (None, None)]
    assert found[0]["way"] == "own cell" and "way" in rows[0] and len(rows[0]) == 2


# The records


def test_the_records_are_read_as_scores_and_as_rows(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.recording.RESULTS", tmp_path)
    monkeypatch.setattr(recorded, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["cells", "--repeats", "1"])
    benchmark.main()
    monkeypatch.setattr("sys.argv", ["longest_lag", "--budget", "7"])
    monkeypatch.setattr(longest_lag, "trained", _solved_up_to_a_lag)
    longest_lag.main()
    costs, lags = recorded.recorded("cells"), recorded.recorded("longest_lag")
    assert list(costs.scores) == list(lags.scores) == list(SETTINGS)
    assert "Recorded with `python -m benchmarks.longest_lag --budget 7`, 5 seeds" in lags.source
    setting = "32 units each"
    rows = with_longest_lag(costs.entries[setting].values(), lags.scores[setting])
    tables.table_text(rows, COLUMNS | LAG_COLUMNS, "costs")
    assert rows[0]["parameters"] == 1152 and [rows[0][name] for name in LAG_COLUMNS] == [10, 25]
    entry = lags.entries[setting]["RNN"]
    assert entry["values"] == [0, 10, 10, 10, 10] and entry["steps"]["5"] == [None, 7, 7, 7, 7]
    assert list(entry["steps"]) == ["5", "10", "25"]  # solved by none, so that 50 isn't tried
    assert json.loads((tmp_path / "longest_lag.json").read_text(encoding="utf-8"))["budget"] == 7


def _solved_up_to_a_lag(name, units, lag, budget, seed):
    reach = 25 if ", " in name else 10
    return Learning([0.0] * budget, [budget], [1.0 if lag <= reach and seed > 0 else 0.5])


# Tables

ROWS = [{"name": "a <b>", "count": 4608, "time": 3.14159}, {"name": "longer", "count": 12, "time": None}]
FORMS = {"name": "", "count": ",", "time": ".2f"}


def test_a_table_as_text_is_aligned():
    assert tables.table_text(ROWS, FORMS, "A caption.").splitlines() == [
        "A caption.",
        "",
        "name    count  time",
        "a <b>   4,608  3.14",
        "longer     12     –",
    ]


def test_a_table_as_html_names_its_rows_and_columns():
    page = tables.table_html(ROWS, FORMS, "A & B.")
    assert "<caption" in page and "A &amp; B." in page and "a &lt;b&gt;" in page and "<b>" not in page
    assert re.findall(r'<th scope="col"[^>]*>([^<]*)<', page) == ["name", "count", "time"]
    assert [html.unescape(name) for name in re.findall(r'<th scope="row"[^>]*>([^<]*)<', page)] == ["a <b>", "longer"]
    styles = re.findall(r'<td style="text-align: (\w+)[^>]*>([^<]*)<', page)
    assert styles == [("right", "4,608"), ("right", "3.14"), ("right", "12"), ("right", "–")]


def test_a_table_is_displayed_in_a_notebook_and_printed_elsewhere(monkeypatch, capfd):
    tables.show_table(ROWS, FORMS, "Costs.", (stand_ins.GRUCell, LSTMCell))
    want = "Costs. Measured with a stand-in for GRUCell, not with your own code."
    assert capfd.readouterr().out.startswith(want)
    shown = []
    monkeypatch.setattr(tables, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    tables.show_table(ROWS, FORMS, "Costs.")
    assert shown[0]["text/html"].startswith("<table>") and shown[0]["text/plain"].startswith("Costs.\n")
    assert capfd.readouterr().out == ""
    with pytest.raises(ValueError, match="caption is empty"):
        tables.show_table(ROWS, FORMS, " ")
