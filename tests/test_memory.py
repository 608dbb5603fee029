"""What notebook 2 measures with: echo tasks learnt, gradients by path, Jacobians, gates, a latch, a cliff, a broken training."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from solution import gated, rnn
from toolkit.cliff import cliff, descend, loss_at
from toolkit.contestants import CONTESTANTS, begun, chrono_, contestant
from toolkit.diagnosis import formula_loss, stages, train_until_it_breaks
from toolkit.gates import gates_of, holders
from toolkit.latch import latched_gru, latched_lstm
from toolkit.memory import Learning, Reader, Task, Unrolled, accuracy, learn, twice
from toolkit.reach import by_path, cell_of, singular_values
from toolkit.stand_ins import clip_gradient_norm_, echo_batch, gradient_norms, masked_loss

CELLS = {nn.RNN: rnn.RNNCell, nn.LSTM: gated.LSTMCell, nn.GRU: gated.GRUCell}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# learning


def test_a_task_is_twice_as_long_as_its_lag():
    inputs, targets, mask = Task(7, marked=True).batch(3, generator())
    assert inputs.shape == (3, 14, 2)
    assert targets.shape == mask.shape == (3, 14)
    assert Task(0).batch(3, generator())[0].shape == (3, 1, 1)


def test_accuracy_counts_what_is_asked_for_alone():
    logits = torch.tensor([[1.0, -1.0, 2.0, -3.0]])
    targets, mask = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[True, True, False, False]])
    assert accuracy(lambda inputs: logits, torch.zeros(1, 4, 1), targets, mask) == 0.5


def test_learning_stops_where_the_task_is_solved_and_is_repeated_by_its_seed():
    task = Task(2)
    runs = [learn(contestant("RNN, orthogonal", task, 1), task, steps=400, seed=1) for _ in range(2)]
    assert runs[0].solved
    assert runs[0].steps < 400
    assert runs[0].losses == runs[1].losses
    assert runs[0].tested == list(range(25, runs[0].steps + 1, 25))


def test_learning_uses_the_parts_it_is_given():
    called = []

    def noting(name, function):
        return lambda *args: (called.append(name), function(*args))[1]

    task = Task(2)
    run = learn(contestant("GRU", task), task, steps=30, draw=noting("draw", echo_batch), loss=noting("loss", masked_loss),
                clip=noting("clip", clip_gradient_norm_), until_solved=False)  # fmt: skip
    assert (called.count("draw"), called.count("loss"), called.count("clip")) == (31, 30, 30)
    assert run.tested == [25, 30]


def test_a_learning_keeps_the_weights_of_each_test():
    task, reader = Task(2), contestant("RNN", Task(2))
    before = {name: value.clone() for name, value in reader.state_dict().items()}
    run = learn(reader, task, steps=30, until_solved=False)
    assert list(run.weights) == [0, 25, 30]
    for step, weights in ((0, before), (30, reader.state_dict())):
        assert all(torch.equal(run.weights[step][name], value) for name, value in weights.items())
    assert not torch.equal(run.weights[25]["head.weight"], run.weights[30]["head.weight"])


def test_an_untested_learning_is_not_solved():
    assert not Learning().solved


def test_two_sequences_joined_in_time():
    inputs, targets, mask = twice()(5, 6, 2, generator(), True)
    assert inputs.shape == (5, 12, 2)
    assert inputs[:, :6, 1].sum() == inputs[:, 6:, 1].sum() == 5
    assert mask[:, :6].sum() == mask[:, 6:].sum() == 5
    assert targets.shape == (5, 12)


@pytest.mark.parametrize("name", CONTESTANTS)
def test_a_contestant_begins_alike_for_a_seed(name):
    task = Task(5, marked=True)
    one, two, other = (contestant(name, task, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


def test_first_weights_do_what_they_say():
    task = Task(50, marked=True)
    turn = contestant("RNN, orthogonal", task).rnn.weight_hh_l0.detach()
    assert torch.allclose(turn @ turn.T, torch.eye(32), atol=1e-5)
    for name, rows in (("LSTM, forget bias 2", slice(32, 64)), ("GRU, update bias 2", slice(32, 64))):
        net = contestant(name, task).rnn
        assert torch.equal((net.bias_ih_l0 + net.bias_hh_l0)[rows].detach(), torch.full((32,), 2.0))
    net = begun(nn.LSTM, chrono_, task).rnn
    bias = (net.bias_ih_l0 + net.bias_hh_l0).detach()
    assert torch.equal(bias[:32], -bias[32:64])
    assert bias[32:64].exp().min() >= 1 - 1e-5
    assert bias[32:64].exp().max() <= 99 + 1e-3


# gradients


@pytest.mark.parametrize("kind", CELLS)
def test_a_path_through_h_is_what_task_2_5_measures(kind):
    torch.manual_seed(0)
    cell, x = cell_of(CELLS[kind], kind(2, 5, batch_first=True)), torch.randn(3, 7, 2)
    norms = gradient_norms(cell, x)
    paths = by_path(cell, x)
    assert paths["h"] == pytest.approx((norms[:-1].flip(0) / norms[-1]).tolist(), rel=1e-4)
    assert set(paths) == ({"h", "c"} if kind is nn.LSTM else {"h"})


def test_a_path_through_c_does_not_depend_on_how_the_cell_is_written():
    torch.manual_seed(0)
    layer, x = nn.LSTM(2, 5, batch_first=True), torch.randn(3, 7, 2)
    one, other = (by_path(cell_of(make, layer), x)["c"] for make in (gated.LSTMCell, _cell_of_torch))
    assert one == pytest.approx(other, rel=1e-4)


def _cell_of_torch(*sizes: int) -> nn.Module:
    return nn.LSTMCell(*sizes)


def test_singular_values_are_those_of_the_product():
    torch.manual_seed(0)
    cell, x = rnn.RNNCell(2, 4).double(), torch.randn(5, 2).double()
    states = rnn.RNN(2, 4).double()
    states.cell = cell
    h = states(x[None])[0][0].detach()  # (5, 4)
    product = torch.eye(4).double()
    for t in (4, 3, 2, 1):
        product = product @ torch.diag(1 - h[t] ** 2) @ cell.weight_hh.detach()
    found, want = singular_values(cell, x), torch.linalg.svdvals(product)
    assert found["largest"][-1] == pytest.approx(want[0].item())
    assert found["smallest"][-1] == pytest.approx(want[-1].item())
    assert len(found["middle"]) == 4


def test_an_lstm_has_a_jacobian_of_both_states():
    torch.manual_seed(0)
    cell, x = gated.LSTMCell(1, 3).double(), torch.randn(4, 1).double()

    def last(state: torch.Tensor) -> torch.Tensor:
        pair = tuple(state.view(2, 1, 3))
        for x_t in x[1:, None]:
            pair = cell(x_t, pair)
        return torch.cat(pair).flatten()

    start = torch.cat(cell(x[:1])).flatten().detach()
    want = torch.linalg.svdvals(torch.autograd.functional.jacobian(last, start))
    assert singular_values(cell, x)["largest"][-1] == pytest.approx(want[0].item())


# gates


def test_gates_of_a_cell_give_its_states():
    torch.manual_seed(0)
    cell, x = gated.LSTMCell(2, 4), torch.randn(6, 2)
    gates = gates_of(cell, x)
    outputs, (_, c) = gated.unroll(cell, x[None])
    assert torch.allclose(gates["h"], outputs[0])
    assert torch.allclose(gates["c"][-1], c[0])
    before = torch.cat([torch.zeros(1, 4), gates["c"][:-1]])
    assert torch.allclose(gates["c"], gates["f"] * before + gates["i"] * gates["g"], atol=1e-6)
    assert torch.allclose(gates["h"], gates["o"] * gates["c"].tanh(), atol=1e-6)


def test_holders_are_the_units_that_tell_two_sequences_apart():
    zero, one = torch.zeros(4, 3), torch.zeros(4, 3)
    one[:, 2], one[1, 0] = -1, 2
    assert holders(zero, one, 2) == [2, 0]


@pytest.mark.parametrize(
    ("latched", "make", "full"), [(latched_lstm, gated.LSTMCell, math.tanh(1)), (latched_gru, gated.GRUCell, 1)]
)
def test_a_latch_set_by_hand_holds_the_marked_bit(latched, make, full):
    inputs, targets, mask = Task(200, marked=True).batch(20, generator(), echo_batch)
    with torch.no_grad():
        outputs, _ = gated.unroll(latched(make), inputs)
    answers = outputs[:, :, 0][mask]
    assert torch.allclose(answers, full * (2 * targets[mask] - 1), atol=1e-3)


def test_a_trained_layer_and_the_cell_with_its_weights_agree():
    torch.manual_seed(0)
    for kind, make in CELLS.items():
        layer, x = kind(2, 5, batch_first=True), torch.randn(3, 7, 2)
        reader = Reader(Unrolled(cell_of(make, layer), gated.unroll), 5)
        assert torch.allclose(reader.rnn(x)[0], layer(x)[0], atol=1e-6)


# the cliff, and a training that breaks


def test_the_cliffs_grid_has_w_in_its_rows():
    grid = cliff((1.0, 2.0), (-0.5, 0.0), points=3)
    assert grid[2, 0] == loss_at(torch.tensor(2.0), torch.tensor(-0.5))


def test_clipping_decides_at_the_cliff():
    thrown = descend((1.4, -0.3), 0.02, 60)
    walked = descend((1.4, -0.3), 0.02, 60, gated.clip_gradient_norm_)
    assert max(thrown.norms) > 100
    assert abs(thrown.points[-1][1]) > 2
    assert walked.losses[-1] < 1e-4
    assert thrown.points[0] == walked.points[0] == pytest.approx((1.4, -0.3))


def test_the_formula_is_the_masked_loss_where_it_can_be_computed():
    logits, mask = torch.randn(4, 6, generator=generator()), torch.rand(4, 6, generator=generator()) > 0.5
    targets = (torch.rand(4, 6, generator=generator(1)) > 0.5).float()
    assert torch.allclose(formula_loss(logits, targets, mask), masked_loss(logits, targets, mask))


def test_a_training_that_breaks_is_kept_at_the_step_that_broke():
    task = Task(10)
    reader = contestant("RNN, orthogonal", task)
    seen = train_until_it_breaks(reader, task, formula_loss, rate=2.0, steps=300)
    assert seen.broke
    assert len(seen.norms) == len(seen.losses) - 1
    found = {name: bool(values.isfinite().all()) for name, values in stages(reader, seen.batch).items()}
    assert list(found.values()) == sorted(found.values(), reverse=True)  # sound up to a place, and not from there on
    assert found["logits"]
    assert not found["(1 − y) log(1 − p)"]


def test_a_training_that_holds_runs_to_its_end():
    task = Task(2)
    seen = train_until_it_breaks(contestant("RNN", task), task, masked_loss, rate=0.1, steps=5)
    assert not seen.broke
    assert len(seen.losses) == len(seen.norms) == 5
