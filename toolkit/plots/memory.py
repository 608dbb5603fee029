"""Pictures of echo tasks: what is asked, what is remembered by lag, how it is learnt."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toolkit.plots.canvas import COLOURS, TIME, WIDTH, figure, legend, numbers, styles

__all__ = ["plot_echo", "plot_held", "plot_learning", "plot_recall"]

CHANCE = {"color": COLOURS["black"], "linewidth": 1, "linestyle": ":"}
SHARE = "right answers (%)"


def plot_echo(batches: Mapping[str, tuple[torch.Tensor, torch.Tensor, torch.Tensor]], row: int = 0) -> Figure:
    """One sequence of each batch as rows of cells: bits, markers, and the targets that the mask lets count.

    `batches` is name → (inputs (N, L, F), targets (N, L), mask (N, L)).
    """
    heights = [0.34 * (inputs.shape[2] + 1) + 0.35 for inputs, _, _ in batches.values()]
    fig = Figure(figsize=(WIDTH, sum(heights) + 0.6), layout="constrained")
    axes = fig.subplots(len(batches), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, (name, (inputs, targets, mask)) in zip(axes, batches.items(), strict=True):
        values = inputs[row].detach().cpu().T.tolist()
        names = ["bit", "marker"][: len(values)]
        for place, strip in enumerate(values):
            _cells(ax, place, strip, COLOURS["blue"])
        asked = [value if counts else None
                 for value, counts in zip(targets[row].tolist(), mask[row].tolist(), strict=True)]  # fmt: skip
        _cells(ax, len(values), asked, COLOURS["orange"])
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_yticks(range(len(values) + 1), [*names, "target"])
        ax.set_xlim(-0.6, inputs.shape[1] - 0.4)
        ax.set_ylim(len(values) + 0.55, -0.55)
        ax.spines[:].set_visible(False)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.tick_params(length=0)
    axes[-1].set_xlabel(TIME)
    return fig


def _cells(ax: Axes, row: int, values: Sequence[float | None], colour: str) -> None:
    """A row of cells: dark with a 1, light with a 0, a dot where nothing is asked for."""
    for place, value in enumerate(values):
        if value is None:
            ax.plot(place, row, marker=".", color="#999999", markersize=3)
            continue
        ax.text(place, row, f"{value:g}", ha="center", va="center", fontsize="small",
                color="white" if value else "black",
                bbox={"facecolor": colour if value else "white", "edgecolor": colour, "boxstyle": "square,pad=0.25"})  # fmt: skip


def plot_held(
    inputs: torch.Tensor, traces: Mapping[str, torch.Tensor], answers: Sequence[int] = (), unit: str = "state"
) -> Figure:
    """What is held (L,), name by name, below the bits and markers (L, 2) that went in; `answers` are the steps of the answers."""
    fig, (above, below) = figure([0.55, 1.8])
    for place, (bit, marker) in enumerate(inputs.tolist()):
        look = {"color": COLOURS["vermilion"], "markersize": 8} if marker else {"color": "#999999", "markersize": 4}
        above.plot(place, bit, marker="s", **look)
        if marker:
            for ax in (above, below):
                ax.axvline(place, color=COLOURS["vermilion"], linewidth=1)
    above.plot([], [], marker="s", linestyle="none", color=COLOURS["vermilion"], label="marked bit")
    above.plot([], [], marker="s", linestyle="none", color="#999999", markersize=4, label="other bits")
    above.set_yticks([0, 1])
    above.set_ylim(-0.5, 1.5)
    above.set_ylabel("bit")
    for (name, values), style in zip(traces.items(), styles(), strict=False):
        below.plot(numbers(values), label=name, **style)
    for answer in answers:
        below.axvline(
            answer, color=COLOURS["black"], linewidth=1, linestyle=":", label="answer" if answer == answers[0] else None
        )
    below.set_ylabel(unit)
    below.set_xlabel(TIME)
    for ax in (above, below):
        legend(ax)
    return fig


def plot_recall(
    recorded: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]],
    live: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
) -> Figure:
    """Share of right answers by lag, a panel for each task: the mean of the seeds, their spread as a band.

    Args:
        recorded: task → lag → network → accuracies, one for each seed.
        live: task → lag → network → one accuracy, drawn as a cross.
    """
    fig = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = fig.subplots(1, len(recorded), sharey=True, squeeze=False)[0]
    tables = (*(live or {}).values(), *recorded.values())  # the live run first: it keeps the colours that it had
    names = list(dict.fromkeys(name for scores in tables for row in scores.values() for name in row))
    for ax, (task, scores) in zip(axes, recorded.items(), strict=True):
        for name, style in zip(names, _many_styles(), strict=False):
            _by_lag(ax, scores, name, style)
            for lag, row in (live or {}).get(task, {}).items():
                if name in row:
                    ax.plot(
                        int(lag), 100 * row[name], marker="x", markersize=9, markeredgewidth=2.2, color=style["color"]
                    )
        ax.axhline(50, label="chance", **CHANCE)
        ax.set_xscale("log")
        ax.set_xticks([int(lag) for lag in scores], list(scores))
        ax.minorticks_off()
        ax.set_title(task, loc="left", fontsize="medium")
        ax.set_xlabel("lag (steps)")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(SHARE)
    axes[0].set_ylim(45, 102)
    if live:
        axes[-1].plot([], [], marker="x", markersize=9, markeredgewidth=2.2, linestyle="none", color="#666666",
                      label="this run, one seed")  # fmt: skip
    legend(axes[-1])
    return fig


def _by_lag(ax: Axes, scores: Mapping[str, Mapping[str, Sequence[float]]], name: str, style: dict) -> None:
    lags = [lag for lag, row in scores.items() if name in row]
    values = [[100 * value for value in scores[lag][name]] for lag in lags]
    at = [int(lag) for lag in lags]
    ax.fill_between(
        at, [min(row) for row in values], [max(row) for row in values], color=style["color"], alpha=0.13, linewidth=0
    )
    ax.plot(at, [statistics.mean(row) for row in values], label=name, markersize=5, **style)


def _many_styles() -> list[dict]:
    """Colour, dash and mark for up to seven lines."""
    return [style | {"marker": mark} for style, mark in zip(styles(), "osD^vPX", strict=True)]


def plot_learning(runs: Mapping[str, object], steps: int | None = None) -> Figure:
    """The share of right answers in the tests of several trainings, each a `toolkit.memory.Learning`, and chance."""
    fig, (ax,) = figure([2.3])
    for (name, run), style in zip(runs.items(), _many_styles(), strict=False):
        ax.plot(
            [0, *run.tested],
            [50, *(100 * share for share in run.accuracies)],
            label=name,
            markersize=4,
            markevery=[-1],
            **style,
        )
    ax.axhline(50, label="chance", **CHANCE)
    ax.set_ylim(40, 102)
    if steps is not None:
        ax.set_xlim(0, steps)
    ax.set_ylabel(SHARE)
    ax.set_xlabel("training step")
    legend(ax)
    return fig
