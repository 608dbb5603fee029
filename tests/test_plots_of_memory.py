"""The pictures of notebook 2 say what they show: labels, names, marks at the right steps."""

from __future__ import annotations

import pytest
import torch

from toolkit import plots
from toolkit.cliff import cliff, descend
from toolkit.memory import Learning
from toolkit.stand_ins import clip_gradient_norm_, echo_batch


def labels(ax) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def test_an_echo_shows_bits_markers_and_the_targets_that_count():
    source = torch.Generator().manual_seed(0)
    batches = {"dense": echo_batch(2, 8, 3, source), "marked": echo_batch(2, 8, 3, source, True)}
    fig = plots.plot_echo(batches, row=1)
    for ax, (name, (inputs, targets, mask)) in zip(fig.axes, batches.items(), strict=True):
        rows = inputs.shape[2] + 1
        assert ax.get_title(loc="left") == name
        assert [tick.get_text() for tick in ax.get_yticklabels()] == [*["bit", "marker"][: rows - 1], "target"]
        cells = {tuple(text.get_position()): text.get_text() for text in ax.texts}
        asked = {step: cells[step, rows - 1] for step in range(8) if (step, rows - 1) in cells}
        assert asked == {step: f"{targets[1, step]:g}" for step in mask[1].nonzero()[:, 0].tolist()}
        assert [cells[step, 0] for step in range(8)] == [f"{bit:g}" for bit in inputs[1, :, 0]]


def test_recall_by_lag_has_mean_spread_chance_and_the_live_run():
    scores = {"5": {"RNN": [0.9, 1.0], "LSTM": [0.6, 0.8]}, "10": {"RNN": [0.5, 0.6]}}
    fig = plots.plot_recall({"dense echo": scores, "marked recall": scores}, {"dense echo": {"10": {"RNN": 0.7}}})
    left, right = fig.axes
    lines = {line.get_label(): line for line in left.get_lines()}
    assert list(lines["RNN"].get_xdata()) == [5, 10]
    assert list(lines["RNN"].get_ydata()) == pytest.approx([95, 55])
    assert list(lines["LSTM"].get_xdata()) == [5]  # not tried on longer lags
    assert list(lines["chance"].get_ydata()) == [50, 50]
    assert [line.get_ydata()[0] for line in left.get_lines() if line.get_marker() == "x"] == [70]
    assert labels(right) == ["RNN", "LSTM", "chance", "this run, one seed"]
    assert "lag" in left.get_xlabel()
    assert "%" in left.get_ylabel()


def test_seven_networks_are_told_apart():
    names = [f"network {place}" for place in range(7)]
    fig = plots.plot_learning({name: Learning([0.7] * 50, [25, 50], [0.5, 0.9]) for name in names}, steps=50)
    lines = [line for line in fig.axes[0].get_lines() if line.get_label() in names]
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines}) == 7
    assert all(list(line.get_ydata()) == [50, 50, 90] for line in lines)  # begins at chance, before the first step


def test_what_is_held_stands_below_what_was_marked():
    inputs = torch.zeros(6, 2)
    inputs[2] = 1
    fig = plots.plot_held(inputs, {"c": torch.arange(6.0)}, answers=[4, 5], unit="difference in c")
    above, below = fig.axes
    assert [line.get_xdata()[0] for line in below.get_lines()][1:] == [0, 4, 5]
    assert below.get_lines()[0].get_xdata()[0] == 2
    assert labels(below) == ["c", "answer"]
    assert below.get_ylabel() == "difference in c"
    assert "marked bit" in labels(above)


def test_surfaces_share_a_scale_and_mark_the_solution():
    surface = torch.logspace(-2, 1, 25).view(5, 5)
    fig = plots.plot_surfaces({"one": surface, "two": 2 * surface}, radius=0.5)
    panels = fig.axes[:2]
    assert [ax.get_title() for ax in panels] == ["one", "two"]
    scales = {(mesh.norm.vmin, mesh.norm.vmax) for ax in panels for mesh in ax.collections}
    assert len(scales) == 1
    assert all((line.get_xdata()[0], line.get_ydata()[0]) == (0, 0) for ax in panels for line in ax.get_lines())
    assert "loss" in fig.axes[2].get_ylabel()


def test_a_cliff_is_drawn_with_w_to_the_right():
    w, b = (1.0, 2.0), (-0.6, 0.0)
    paths = {"as it is": descend((1.4, -0.3), 0.02, 5), "clipped": descend((1.4, -0.3), 0.02, 5, clip_gradient_norm_)}
    fig = plots.plot_cliff(cliff(w, b, 11), w, b, paths)
    left, right = fig.axes[:2]
    assert left.get_xlim() == pytest.approx(w)
    assert left.get_ylim() == pytest.approx(b)
    assert left.get_lines()[0].get_xdata()[0] == pytest.approx(1.4)
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("w", "b", "loss")
    assert labels(right) == ["as it is", "clipped"]


def test_gates_have_a_panel_each_and_lines_at_the_marks():
    gates = {name: torch.rand(9, 4) for name in "ifgoch"}
    fig = plots.plot_gates(gates, units=[3, 1], marks={"marked": 2, "answer": 7}, shown="ifc")
    panels = fig.axes[:3]
    assert [ax.get_title(loc="left") for ax in panels] == ["input gate i", "forget gate f", "cell state c"]
    assert [tick.get_text() for tick in panels[0].get_yticklabels()] == ["3", "1"]
    assert torch.equal(torch.tensor(panels[0].images[0].get_array()), gates["i"][:, [3, 1]].T)
    assert [line.get_xdata()[0] for line in panels[1].get_lines()] == [1.5, 2.5, 6.5, 7.5]
    assert "marked: step 2" in panels[-1].get_xlabel()
    lows = [ax.images[0].norm.vmin for ax in panels]
    assert lows[:2] == [0, 0]
    assert lows[2] == -panels[2].images[0].norm.vmax  # signed, around 0
