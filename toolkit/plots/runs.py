"""Pictures of training: losses, gradient norms, how far back a gradient reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from toolkit.plots.canvas import COLOURS, compare, figure, legend, styles
from toolkit.training import History

__all__ = ["plot_lines", "plot_reach", "plot_runs", "plot_training"]


def plot_reach(
    norms: Mapping[str, Sequence[float]],
    guess: tuple[int, float] | None = None,
    unit: str = "norm of the gradient",
    distance: str = "distance back in time (steps)",
) -> Figure:
    """How strongly the last output depends on the state 1, 2, … steps before it: a line for each name.

    `guess` is a prediction: a distance, and the norm that was expected there.
    """
    fig, (ax,) = figure([2.2])
    for (name, values), style in zip(norms.items(), styles(), strict=False):
        ax.plot(range(1, len(values) + 1), values, label=name, **style)
    if guess is not None:
        ax.plot(*guess, marker="X", markersize=11, linestyle="none", color=COLOURS["black"], label="your prediction")
    ax.set_yscale("log")
    ax.set_ylabel(unit)
    ax.set_xlabel(distance)
    legend(ax)
    return fig


def plot_runs(runs: Mapping[str, Sequence[float]], unit: str, lines: Mapping[str, float] | None = None) -> Figure:
    """The losses of several trainings over their steps, with values to compare with."""
    fig, (ax,) = figure([2.3])
    for (name, losses), style in zip(runs.items(), styles(), strict=False):
        ax.plot(losses, label=name, linewidth=1.4, **style)
    compare(ax.axhline, lines)
    ax.set_yscale("log")
    ax.set_ylabel(unit)
    ax.set_xlabel("training step")
    legend(ax)
    return fig


def plot_lines(
    lines: Mapping[str, Sequence[float]],
    places: Sequence[float],
    unit: str,
    across: str,
    *,
    compared: Mapping[str, float] | None = None,
    log: bool = False,
) -> Figure:
    """Lines over the same places of a horizontal axis, which is logarithmic if `log`; values to compare with, by name."""
    fig, (ax,) = figure([2.3])
    for (name, values), style in zip(lines.items(), styles(), strict=False):
        ax.plot(places, values, label=name, linewidth=1.6, **style)
    compare(ax.axhline, compared)
    ax.set_xscale("log" if log else "linear")
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.set_ylabel(unit)
    ax.set_xlabel(across)
    legend(ax)
    return fig


def plot_training(histories: Mapping[str, History], max_norm: float | None = None) -> Figure:
    """The loss and the gradients' global norm at each training step, and the norm above which they are clipped."""
    fig, (above, below) = figure([1.4, 1.4])
    for (name, history), style in zip(histories.items(), styles(), strict=False):
        above.plot(history.losses, label=name, linewidth=1.2, **style)
        below.plot(history.norms, label=name, linewidth=1.2, **style)
    if max_norm is not None:
        below.axhline(max_norm, color=COLOURS["black"], linewidth=1, linestyle=":", label=f"max_norm = {max_norm:g}")
    above.set_ylabel("mean squared error")
    below.set_ylabel("gradient norm\nbefore clipping")
    below.set_xlabel("training step")
    for ax in (above, below):
        ax.set_yscale("log")
    legend(below)
    return fig
