"""The pictures of the notebooks, each with a text for readers who don't see it.

A `plot_` function draws one figure and returns it, `footnote` marks stand-ins on it, `show` displays it. Figures are
made without pyplot: it keeps state, and every figure that it made until it is closed.
"""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Iterator, Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.stand_ins import is_stand_in

__all__ = ["COLOURS", "footnote", "image_html", "plot_forecast", "plot_reach", "plot_traces", "plot_training",
           "plot_windows", "show"]  # fmt: skip

# Okabe and Ito (2008): told apart with every kind of colour vision.
COLOURS = {
    "black": "#000000",
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "vermilion": "#D55E00",
    "sky": "#56B4E9",
}
DASHES = ("-", "--", "-.", ":", (0, (6, 1.5)), (0, (3, 1, 1, 1)))  # the second way to tell lines apart
TIME = "time (steps)"
WIDTH = 8.0  # inches


def plot_windows(
    series: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor, picks: Sequence[int], horizon: int = 1
) -> Figure:
    """A series (T,) above windows `picks` of it, each value drawn at the step of the series where it belongs."""
    fig, (above, below) = _figure([1.0, 0.6 * len(picks)])
    above.plot(_values(series), color=COLOURS["black"], marker=".", linewidth=1)
    above.set_ylabel("value")
    gap = 1.6 * (series.max() - series.min()).item() or 1.0
    blue, ring = {"color": COLOURS["blue"]}, {"color": COLOURS["orange"], "fillstyle": "none", "markersize": 8}
    for row, start in enumerate(picks):
        steps, later = (range(start + k, start + k + inputs.shape[1]) for k in (0, horizon))
        values, aims = (window[start, :, 0].detach().cpu() - row * gap for window in (inputs, targets))
        below.plot(steps, _values(values), marker=".", markersize=8, label="inputs[i]", linewidth=1, **blue)
        below.plot(later, _values(aims), marker="o", linestyle="none", label="targets[i]", **ring)
    below.set_yticks([-row * gap for row in range(len(picks))], [f"i = {start}" for start in picks])
    below.set_ylabel("window")
    below.set_xlabel(TIME)
    _legend(below, entries=2)
    return fig


def plot_traces(traces: torch.Tensor, drive: torch.Tensor | None = None, units: Sequence[int] = range(5)) -> Figure:
    """The activations (L, H) of some hidden units over time, below the input (L,) that drove them."""
    fig, axes = _figure([1.7] if drive is None else [0.7, 1.7])
    if drive is not None:
        axes[0].plot(_values(drive), color=COLOURS["black"])
        axes[0].set_ylabel("input")
    for unit, style in zip(units, _styles(), strict=False):
        axes[-1].plot(_values(traces[:, unit]), label=f"unit {unit}", **style)
    axes[-1].set_ylabel("activation (−1 to 1)")
    axes[-1].set_xlabel(TIME)
    _legend(axes[-1])
    return fig


def plot_reach(norms: Mapping[str, Sequence[float]]) -> Figure:
    """How strongly the last output depends on the state 1, 2, … steps before it: a line for each name."""
    fig, (ax,) = _figure([2.2])
    for (name, values), style in zip(norms.items(), _styles(), strict=False):
        ax.plot(range(1, len(values) + 1), values, label=name, **style)
    ax.set_yscale("log")
    ax.set_ylabel("norm of the gradient")
    ax.set_xlabel("distance back in time (steps)")
    _legend(ax)
    return fig


def plot_forecast(
    context: torch.Tensor, forecasts: torch.Tensor, truth: torch.Tensor | None = None, start: int = 0
) -> Figure:
    """A context (L,), the forecast that follows it and, where it is known, what came instead; both (steps,).

    The axis begins at step `start`.
    """
    fig, (ax,) = _figure([1.8])
    turn = start + len(context)
    after = range(turn, turn + len(forecasts))
    ax.plot(range(start, turn), _values(context), color=COLOURS["black"], label="context, read once")
    if truth is not None:
        ax.plot(after, _values(truth), color=COLOURS["sky"], linewidth=4, alpha=0.6, label="what came")
    ax.plot(after, _values(forecasts), color=COLOURS["vermilion"], linestyle="--", label="rollout, fed back")
    ax.axvline(turn - 0.5, color=COLOURS["black"], linewidth=1, linestyle=":")
    ax.set_ylabel("value")
    ax.set_xlabel(TIME)
    _legend(ax)
    return fig


def plot_training(losses: Sequence[float], norms: Sequence[float], max_norm: float | None = None) -> Figure:
    """The loss and the gradients' global norm at each training step, and the norm above which they are clipped."""
    fig, (above, below) = _figure([1.4, 1.4])
    above.plot(losses, color=COLOURS["blue"], linewidth=1.2)
    above.set_ylabel("mean squared error")
    below.plot(norms, color=COLOURS["green"], linewidth=1.2, label="before clipping")
    if max_norm is not None:
        clip = {"color": COLOURS["vermilion"], "linestyle": "--", "label": f"max_norm = {max_norm:g}"}
        below.axhline(max_norm, **clip)
    below.set_ylabel("gradient norm")
    below.set_xlabel("training step")
    for ax in (above, below):
        ax.set_yscale("log")
    _legend(below)
    return fig


def footnote(fig: Figure, *parts: object) -> None:
    """Say at the foot of the figure which of the parts that it was drawn with are stand-ins, if any is."""
    names = [getattr(part, "__name__", type(part).__name__) for part in parts if is_stand_in(part)]
    if names:
        text = f"Drawn with a stand-in for {', '.join(dict.fromkeys(names))}, not with your own code."
        fig.supxlabel(text, x=0.01, ha="left", fontsize="small", style="italic", color=COLOURS["vermilion"])


def show(fig: Figure, alt: str) -> None:
    """Display a figure in a notebook, with a text that says what is to be seen on it. Elsewhere nothing happens.

    Raises:
        ValueError: the text is empty.
    """
    if not alt.strip():
        raise ValueError("alt is empty: a figure needs a text for readers who don't see it")
    if _in_notebook():
        from IPython.display import display

        display({"text/html": image_html(fig, alt), "text/plain": _text(fig, alt)}, raw=True)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(fig)  # a figure that a student made through pyplot would be shown a second time


def image_html(fig: Figure, alt: str) -> str:
    """The figure as an <img> that holds its picture; a footnote of the figure is part of its text."""
    picture = io.BytesIO()
    fig.savefig(picture, format="png", dpi=144, facecolor="white")
    data = base64.b64encode(picture.getvalue()).decode("ascii")
    text, width = html.escape(_text(fig, alt), quote=True), round(fig.get_figwidth() * 96)
    return f'<img alt="{text}" width="{width}" style="max-width: 100%" src="data:image/png;base64,{data}">'


def _text(fig: Figure, alt: str) -> str:
    return f"{alt} {fig.get_supxlabel()}".strip()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _figure(heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure with panels of these heights (inches) above each other, over one horizontal axis."""
    fig = Figure(figsize=(WIDTH, sum(heights) + 0.8), layout="constrained")
    axes = fig.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    return fig, axes


def _styles() -> Iterator[dict]:
    """Colours and dashes for up to six lines of one picture."""
    names = [name for name in COLOURS if name != "black"]
    return ({"color": COLOURS[name], "linestyle": dash} for name, dash in zip(names, DASHES, strict=True))


def _legend(ax: Axes, entries: int | None = None) -> None:
    """A legend beside the panel, of the first so many labels."""
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[:entries], labels[:entries], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _values(series: torch.Tensor) -> list[float]:
    """A tensor of one axis as numbers to draw, wherever it lies."""
    if series.dim() != 1:
        raise ValueError(f"what is to be drawn has shape {tuple(series.shape)}, expected one axis, (T,)")
    return series.detach().cpu().tolist()
