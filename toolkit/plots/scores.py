"""Pictures that compare: scores side by side, errors over the horizon, matrices entry by entry."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.plots.axes import log_axis
from toolkit.plots.canvas import COLOURS, WIDTH, compare, figure, legend, numbers, styles

__all__ = ["plot_costs", "plot_horizon", "plot_matrices", "plot_scores"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # the second way to tell dots apart
BAR = {"marker": "|", "markersize": 15, "markeredgewidth": 2.2, "linestyle": "none"}
DIVERGING = "PuOr"
COSTS = {"values": "milliseconds per training step", "KiB kept": "KiB kept for each step of a sequence"}


def plot_scores(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    unit: str,
    *,
    log: bool = False,
    lines: Mapping[str, float] | None = None,
    guess: float | None = None,
    start: float | None = None,
) -> Figure:
    """A row for each setting, in it a dot for each value of each contestant, and a bar at their median.

    Args:
        scores: setting → contestant → values, such as one for each seed.
        unit: what the values are, for the axis.
        log: whether the axis is logarithmic.
        lines: values to compare with, by name, such as the error of a baseline.
        guess: a value that was predicted.
        start: where the axis begins; where the values do, if it is None.
    """
    fig, (ax,) = figure([0.35 + 0.26 * len(scores) * (len(_contestants(scores)) + 1)])
    _rows(ax, scores)
    if log:
        log_axis(ax.xaxis)
    ax.set_xlabel(unit)
    if start is not None:
        ax.set_xlim(left=start)
    _name_the_bar(ax, scores)
    compare(ax.axvline, lines)
    if guess is not None:
        ax.axvline(guess, color=COLOURS["black"], linewidth=2.5, alpha=0.45, zorder=0, label="your prediction")
    legend(ax)
    return fig


def _contestants(scores: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    return list(dict.fromkeys(name for row in scores.values() for name in row))


def _rows(ax: Axes, scores: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """The dots of a panel, a row for each setting, the first one above."""
    names = _contestants(scores)
    if len(names) > len(MARKERS):
        raise ValueError(
            f"there are {len(names)} contestants, expected {len(MARKERS)} at most: more can't be told apart"
        )
    pitch = len(names) + 1
    for place, (name, style) in enumerate(zip(names, styles(), strict=False)):
        _dots(ax, [row.get(name, ()) for row in scores.values()], place, pitch, name, style["color"])
    ax.set_yticks([row * pitch + (len(names) - 1) / 2 for row in range(len(scores))], list(scores))
    ax.set_ylim(len(scores) * pitch - 1.3, -0.7)
    for row in range(1, len(scores)):
        ax.axhline(row * pitch - 1, color="#E5E5E5", linewidth=0.8)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color="#E5E5E5", linewidth=0.8)


def _name_the_bar(ax: Axes, *panels: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """The legend says what a bar is, where one is drawn."""
    if any(len(values) > 1 for scores in panels for row in scores.values() for values in row.values()):
        ax.plot([], [], color=COLOURS["black"], label="median", **BAR)


def _dots(ax: Axes, rows: Sequence[Sequence[float]], place: int, pitch: int, name: str, colour: str) -> None:
    """One contestant's values in every row."""
    points = [(value, row * pitch + place) for row, values in enumerate(rows) for value in values]
    middles = [(statistics.median(values), row * pitch + place) for row, values in enumerate(rows) if len(values) > 1]
    marker = MARKERS[place]
    ax.plot(*zip(*points, strict=True), color=colour, marker=marker, markersize=6, alpha=0.55, linestyle="none",
            label=name)  # fmt: skip
    if middles:
        ax.plot(*zip(*middles, strict=True), color=colour, **BAR)


def plot_costs(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str] = COSTS) -> Figure:
    """What networks cost, a panel for each kind of cost, in it a row for each network and a dot for each way to compute it.

    Args:
        rows: as `toolkit.comparison.comparison` gives them, with "network", "way" and the columns.
        columns: column → what its axis is called. The axes are logarithmic: equal ratios are equally far apart. Of a
            column with several values each has a dot, with a bar at their median.
    """
    panels = [_costs(rows, column) for column in columns]
    height = 0.95 + 0.2 * len(panels[0]) * (len(_contestants(panels[0])) + 1)
    fig = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = fig.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for ax, scores, name in zip(axes, panels, columns.values(), strict=True):
        _rows(ax, scores)
        ax.spines[["top", "right"]].set_visible(False)
        log_axis(ax.xaxis)
        ax.set_xlabel(name)
    _name_the_bar(axes[-1], *panels)
    legend(axes[-1])
    return fig


def _costs(rows: Sequence[Mapping[str, object]], column: str) -> dict[str, dict[str, list[float]]]:
    """One column as scores: network → way → values."""
    scores: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        value = row[column]
        scores.setdefault(row["network"], {})[row["way"]] = value if isinstance(value, list) else [value]
    return scores


def plot_horizon(
    errors: Mapping[str, torch.Tensor],
    unit: str,
    *,
    ahead: str = "steps ahead",
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """How the error (steps,) of each forecast grows with the distance into the future."""
    fig, (ax,) = figure([2.3])
    for (name, values), style in zip(errors.items(), styles(), strict=False):
        ax.plot(range(1, len(values) + 1), numbers(values), label=name, **style)
    compare(ax.axhline, lines)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(unit)
    ax.set_xlabel(ahead)
    legend(ax)
    return fig


def plot_matrices(matrices: Mapping[str, torch.Tensor], rows: str, columns: str) -> Figure:
    """Matrices side by side, entry by entry, each with its own scale around 0."""
    fig = Figure(figsize=(WIDTH, 2.7), layout="constrained")
    for ax, (name, matrix) in zip(fig.subplots(1, len(matrices), squeeze=False)[0], matrices.items(), strict=True):
        reach = matrix.abs().max().item() or 1.0
        image = ax.imshow(matrix.detach().cpu(), cmap=DIVERGING, vmin=-reach, vmax=reach, interpolation="nearest")
        ax.set_title(name, fontsize="medium")
        ax.set_xlabel(columns)
        ax.set_ylabel(rows)
        bar = fig.colorbar(image, ax=ax, shrink=0.8)
        bar.formatter.set_powerlimits((-3, 3))
    return fig
