"""Pictures of sequences over time: a series, its windows, hidden units, a forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure

from toolkit.plots.canvas import COLOURS, TIME, figure, legend, numbers, styles

__all__ = ["plot_forecast", "plot_series", "plot_traces", "plot_windows"]


def plot_series(series: Mapping[str, torch.Tensor], unit: str, time: str = TIME) -> Figure:
    """Series (T,), each in a panel of its own below the others, with its name."""
    fig, axes = figure([1.0] * len(series))
    for ax, (name, values) in zip(axes, series.items(), strict=True):
        ax.plot(numbers(values), color=COLOURS["black"], linewidth=0.9)
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_ylabel(unit)
    axes[-1].set_xlabel(time)
    return fig


def plot_windows(
    series: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor, picks: Sequence[int], horizon: int = 1
) -> Figure:
    """A series (T,) above windows `picks` of it, each value drawn at the step of the series where it belongs."""
    fig, (above, below) = figure([1.0, 0.6 * len(picks)])
    above.plot(numbers(series), color=COLOURS["black"], marker=".", linewidth=1)
    above.set_ylabel("value")
    gap = 1.6 * (series.max() - series.min()).item() or 1.0
    blue, ring = {"color": COLOURS["blue"]}, {"color": COLOURS["orange"], "fillstyle": "none", "markersize": 8}
    for row, start in enumerate(picks):
        steps, later = (range(start + k, start + k + inputs.shape[1]) for k in (0, horizon))
        values, aims = (window[start, :, 0].detach().cpu() - row * gap for window in (inputs, targets))
        below.plot(steps, numbers(values), marker=".", markersize=8, label="inputs[i]", linewidth=1, **blue)
        below.plot(later, numbers(aims), marker="o", linestyle="none", label="targets[i]", **ring)
    below.set_yticks([-row * gap for row in range(len(picks))], [f"i = {start}" for start in picks])
    below.set_ylabel("window")
    below.set_xlabel(TIME)
    legend(below, entries=2)
    return fig


def plot_traces(traces: torch.Tensor, drive: torch.Tensor | None = None, units: Sequence[int] = range(5)) -> Figure:
    """The activations (L, H) of some hidden units over time, below the input (L,) that drove them."""
    fig, axes = figure([1.7] if drive is None else [0.7, 1.7])
    if drive is not None:
        axes[0].plot(numbers(drive), color=COLOURS["black"], marker=".", markersize=4, linewidth=0.8)
        axes[0].set_ylabel("input")
    for unit, style in zip(units, styles(), strict=False):
        axes[-1].plot(numbers(traces[:, unit]), label=f"unit {unit}", **style)
    axes[-1].set_ylabel("activation (−1 to 1)")
    axes[-1].set_xlabel(TIME)
    legend(axes[-1])
    return fig


def plot_forecast(
    context: torch.Tensor,
    forecasts: torch.Tensor,
    truth: torch.Tensor | None = None,
    start: int = 0,
    unit: str = "value",
    known: str = "context, read once",
) -> Figure:
    """A context (L,), the forecast that follows it and, where it is known, what came instead; both (steps,).

    The axis begins at step `start`; `known` names the context in the legend.
    """
    fig, (ax,) = figure([1.8])
    turn = start + len(context)
    after = range(turn, turn + len(forecasts))
    ax.plot(range(start, turn), numbers(context), color=COLOURS["black"], label=known)
    if truth is not None:
        ax.plot(after, numbers(truth), color=COLOURS["sky"], linewidth=4, alpha=0.6, label="what came")
    ax.plot(after, numbers(forecasts), color=COLOURS["vermilion"], linestyle="--", label="rollout, fed back")
    ax.axvline(turn - 0.5, color=COLOURS["black"], linewidth=1, linestyle=":")
    ax.set_ylabel(unit)
    ax.set_xlabel(TIME)
    legend(ax)
    return fig
