"""Pictures that can be read: labels, colours, texts for readers who don't see them."""

from __future__ import annotations

import base64
import html
import re

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from solution import rnn
from toolkit import plots, stand_ins
from toolkit.plots import canvas
from toolkit.series import noisy, sine
from toolkit.training import History


def figures() -> dict[str, Figure]:
    series = noisy(sine(30), 0.05)
    return {
        "windows": plots.plot_windows(series, *rnn.make_windows(series, 8, 2), picks=[0, 5], horizon=2),
        "traces": plots.plot_traces(torch.randn(30, 8).tanh(), drive=series),
        "traces alone": plots.plot_traces(torch.randn(30, 2).tanh(), units=[0, 1]),
        "reach": plots.plot_reach({"one": [1.0, 0.1, 0.01], "two": [1.0, 0.5, 0.25]}),
        "forecast": plots.plot_forecast(series[:20], series[20:], truth=series[20:], start=100),
        "training": plots.plot_training({"clipped": History([0.5, 0.1], [3.0, 0.5])}, max_norm=1.0),
        "runs": plots.plot_runs({"one": [3.0, 2.0], "two": [1.0, float("nan")]}, "error (Pa)", {"target": 1.5}),
        "horizon": plots.plot_horizon(
            {"one": torch.ones(4), "two": torch.arange(4.0)}, "error (°C)", lines={"mean": 2}
        ),
        "series": plots.plot_series({"in order": series, "shuffled": series.flip(0)}, "value"),
    }


FIGURES = figures()


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_lines_are_told_apart(name):
    fig = FIGURES[name]
    *_, bottom = fig.axes
    assert all(ax.get_ylabel() for ax in fig.axes)
    assert re.fullmatch(
        r"time \(steps\)|distance back in time \(steps\)|training step|steps ahead", bottom.get_xlabel()
    )
    assert fig.get_layout_engine() is not None
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in bottom.get_lines()}
    named = {line.get_label() for line in bottom.get_lines() if not line.get_label().startswith("_")}
    assert len(looks) >= len(named) >= (0 if name == "series" else 2)
    assert {color for color, *_ in looks} <= set(plots.COLOURS.values())


def test_windows_are_drawn_at_their_steps():
    lines = FIGURES["windows"].axes[1].get_lines()
    assert [(line.get_label(), list(line.get_xdata())) for line in lines] == [
        ("inputs[i]", list(range(8))),
        ("targets[i]", list(range(2, 10))),
        ("inputs[i]", list(range(5, 13))),
        ("targets[i]", list(range(7, 15))),
    ]
    assert np.array_equal(lines[0].get_ydata()[2:], lines[1].get_ydata()[:-2])
    assert [text.get_text() for text in FIGURES["windows"].axes[1].get_legend().get_texts()] == [
        "inputs[i]",
        "targets[i]",
    ]


def test_a_forecast_begins_where_its_context_ends():
    ax = FIGURES["forecast"].axes[0]
    context, truth, rollout, turn = ax.get_lines()
    assert list(context.get_xdata()) == list(range(100, 120))
    assert list(rollout.get_xdata()) == list(truth.get_xdata()) == list(range(120, 130))
    assert turn.get_xdata()[0] == 119.5
    assert context.get_color() != rollout.get_color() and context.get_linestyle() != rollout.get_linestyle()


def test_pictures_take_tensors_with_gradients_and_refuse_other_shapes():
    plots.plot_forecast(torch.zeros(4), torch.zeros(3, requires_grad=True))
    with pytest.raises(ValueError, match=r"has shape \(1, 4\), expected one axis"):
        plots.plot_forecast(torch.zeros(1, 4), torch.zeros(3))


def test_footnote_names_the_stand_ins_alone():
    fig = plots.plot_forecast(torch.zeros(4), torch.zeros(3))
    plots.footnote(fig, rnn.RNN, rnn.forecast)
    assert fig.get_supxlabel() == ""
    plots.footnote(fig, stand_ins.RNN, rnn.bptt, stand_ins.forecast)
    assert fig.get_supxlabel() == "Drawn with a stand-in for RNN, forecast, not with your own code."


def test_image_holds_a_picture_and_its_text():
    fig = plots.plot_forecast(torch.zeros(4), torch.zeros(3))
    plots.footnote(fig, stand_ins.forecast)
    image = plots.image_html(fig, 'a "flat" line <b>')
    alt, data = re.fullmatch(r'<img alt="([^"]*)" .*src="data:image/png;base64,([^"]*)">', image).groups()
    assert html.unescape(alt) == f'a "flat" line <b> {fig.get_supxlabel()}' and "<" not in alt
    assert base64.b64decode(data).startswith(b"\x89PNG")


def test_show_displays_the_image_in_a_notebook(monkeypatch):
    shown = []
    monkeypatch.setattr(canvas, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    plots.show(FIGURES["reach"], alt="two lines that fall")
    assert shown[0]["text/plain"] == "two lines that fall"
    assert shown[0]["text/html"].startswith('<img alt="two lines that fall"')


def test_show_is_quiet_elsewhere_and_asks_for_a_text(capfd):
    assert plots.show(FIGURES["reach"], alt="two lines that fall") is None
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ValueError, match="alt is empty"):
        plots.show(FIGURES["reach"], alt=" ")


def test_pyplot_keeps_no_figure_and_one_of_its_own_is_closed():
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    plots.plot_forecast(torch.zeros(4), torch.zeros(3))
    assert plt.get_fignums() == []
    mine = plt.figure()
    plots.show(mine, alt="an empty figure")
    assert plt.get_fignums() == []


def test_scores_have_a_row_for_each_setting_and_a_dot_for_each_value():
    scores = {"in order": {"RNN": [1.0, 2.0, 4.0], "window": [3.0]}, "shuffled": {"RNN": [5.0], "window": [6.0, 7.0]}}
    fig = plots.plot_scores(scores, "error", log=True, lines={"mean": 2.5}, guess=3.5)
    (ax,) = fig.axes
    dots, medians, *_ = ax.get_lines()
    assert list(dots.get_xdata()) == [1.0, 2.0, 4.0, 5.0] and list(medians.get_xdata()) == [2.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["in order", "shuffled"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "RNN",
        "window",
        "median",
        "mean",
        "your prediction",
    ]
    assert ax.get_xlabel() == "error" and ax.get_xscale() == "log"


def test_scores_leave_out_what_was_not_measured():
    ax = plots.plot_scores({"a": {"one": [1.0]}, "b": {"two": [2.0]}}, "seconds").axes[0]
    assert [list(line.get_xdata()) for line in ax.get_lines()][:2] == [[1.0], [2.0]]


def test_costs_have_a_panel_for_each_column_and_a_dot_for_each_way():
    rows = [
        {"network": "RNN", "way": "own cell", "values": [1.0, 4.0, 2.0], "KiB kept": 0.125},
        {"network": "RNN", "way": "torch.nn", "values": [1.5], "KiB kept": 0.5},
        {"network": "GRU", "way": "own cell", "values": [8.0], "KiB kept": 1.0},
    ]
    fig = plots.plot_costs(rows)
    time, kept = fig.axes
    assert all(ax.get_xscale() == "log" and ax.get_xlabel() for ax in fig.axes)
    assert [list(line.get_xdata()) for line in time.get_lines()][:3] == [[1.0, 4.0, 2.0, 8.0], [2.0], [1.5]]
    assert [list(line.get_xdata()) for line in kept.get_lines()][:2] == [[0.125, 1.0], [0.5]]
    assert [label.get_text() for label in time.get_yticklabels()] == ["RNN", "GRU"]
    assert [text.get_text() for text in kept.get_legend().get_texts()] == ["own cell", "torch.nn", "median"]
    assert len({(line.get_color(), line.get_marker()) for line in kept.get_lines()[:2]}) == 2
    assert len(plots.plot_costs(rows, {"KiB kept": "KiB"}).axes) == 1


def test_ticks_of_costs_are_plain_numbers():
    rows = [{"network": "RNN", "way": "own cell", "KiB kept": [0.2, 3.0]}]
    fig = plots.plot_costs(rows, {"KiB kept": "KiB"})
    fig.draw_without_rendering()
    (ax,) = fig.axes
    labels = [label.get_text() for label in ax.get_xticklabels() + ax.get_xticklabels(minor=True) if label.get_text()]
    assert {"1", "0.2", "0.5", "2"} <= set(labels) and not any("$" in label or "3" in label for label in labels)


def test_matrices_have_a_scale_each_around_zero():
    fig = plots.plot_matrices({"by hand": torch.tensor([[1.0, -3.0]]), "difference": torch.zeros(1, 2)}, "unit", "from")
    images = [ax.get_images()[0] for ax in fig.axes if ax.get_images()]
    assert [image.get_clim() for image in images] == [(-3.0, 3.0), (-1.0, 1.0)]


def test_a_prediction_stands_over_the_figure_and_in_it():
    fig = plots.plot_reach({"one": [1.0, 0.1]}, guess=(2, 0.5))
    plots.headline(fig, "You predicted 0.5, measured 0.1.")
    star = fig.axes[0].get_lines()[-1]
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([2], [0.5])
    assert "You predicted 0.5" in plots.image_html(fig, "a line")


def test_lines_share_their_places_and_stand_beside_what_they_are_compared_with():
    fig = plots.plot_lines(
        {"a": [1.0, 2.0], "b": [3.0, 1.0]}, [10, 1000], "unit", "across", compared={"chance": 2.0}, log=True
    )
    (ax,) = fig.axes
    assert [line.get_label() for line in ax.lines] == ["a", "b", "chance"]
    assert ax.get_xscale() == "log" and (ax.get_xlabel(), ax.get_ylabel()) == ("across", "unit")


def test_scores_show_seven_contestants_and_refuse_an_eighth():
    def row(count):
        return {"setting": {f"contestant {number}": [number] for number in range(count)}}

    (ax,) = plots.plot_scores(row(7), "unit").axes
    assert {f"contestant {number}" for number in range(7)} <= {line.get_label() for line in ax.lines}
    with pytest.raises(ValueError, match="8 contestants, expected 7 at most"):
        plots.plot_scores(row(8), "unit")
