"""The figures of chapter 8: all places at once, what is kept, what a linear recurrence allows, and what it costs to go on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit import diagrams
from toolkit.diagrams.parts import FINE, QUIET, SMALL, Node, arrow, canvas, label, node, title
from toolkit.plots.canvas import figure as panels
from toolkit.plots.canvas import legend, styles
from toolkit.recorded import recorded

STEPS = 8
KINDS = ("LSTM", "Transformer")

figure("stepped-or-at-once")(diagrams.draw_stepped_or_at_once)
figure("cache")(diagrams.draw_cache)


@figure("sweeps")
def sweeps() -> Figure:
    """A chain of eight states above; below it the same states in three sweeps, each twice as far as the one before."""
    fig, ax = canvas(6.1)
    title(ax, 0.3, 5.85, "Step by step", "a tanh around the state: each step waits for the one before")
    states = [node(ax, "state", _x(t), 4.95, f"$h_{t}$") for t in range(1, STEPS + 1)]
    for one, other in pairwise(states):
        arrow(ax, one.right, other.left, role="state")
    title(ax, 0.3, 4.25, "In sweeps", "linear in the state: what two steps do together is a step of the same kind")
    rows = [[_span(ax, sweep, t) for t in range(1, STEPS + 1)] for sweep in range(4)]
    for sweep, (before, after) in enumerate(pairwise(rows)):
        for t in range(STEPS):
            arrow(ax, before[t].bottom, after[t].top, role="quiet")
            if t >= 2**sweep:
                arrow(ax, before[t - 2**sweep].bottom, after[t].top, role="state")
    for sweep, words in enumerate(("each step by itself", "sweep 1", "sweep 2", "sweep 3: all states")):
        label(ax, 0.3, 3.42 - 0.88 * sweep, words, colour=QUIET, size=SMALL, ha="left")
    label(ax, 0.3, 0.25, "In a box: which steps it puts together. L steps take as many sweeps as L has doublings.",
          colour=QUIET, size=SMALL, ha="left")  # fmt: skip
    return fig


def _x(t: int) -> float:
    return 1.62 + 0.76 * t


def _span(ax: Axes, sweep: int, t: int) -> Node:
    """The place of step t after so many sweeps, with the steps that it holds."""
    first, y = max(1, t - 2**sweep + 1), 3.42 - 0.88 * sweep
    words = f"{first}–{t}" if first < t else str(t)
    return node(ax, "state" if first == 1 else "cell", _x(t), y, words, width=0.54, height=0.34, size=FINE)


@figure("going-on")
def going_on() -> Figure:
    """While a text is written: milliseconds for a character, and what is carried along."""
    rows = {int(name.split()[-1]): row for name, row in recorded("transformer_cost").entries.items()
            if name.startswith("writing")}  # fmt: skip
    fig, (above, below) = panels([1.9, 1.5])
    for kind, style in zip(KINDS, styles(), strict=False):
        entries = [row[kind] for row in rows.values()]
        _with_range(above, list(rows), entries, kind, style)
        below.plot(list(rows), [entry["bytes carried"] / 1000 for entry in entries], label=kind, **style)
    above.set_ylabel("ms for each\ncharacter")
    above.set_ylim(bottom=0)
    below.set_ylabel("carried\nalong (kB)")
    below.set_xlabel("characters written so far")
    legend(above)
    return fig


def _with_range(ax: Axes, places: list[int], entries: list[Mapping], kind: str, style: dict) -> None:
    """A line through the medians, and a band from the least to the greatest: what was recorded is for 1,000 characters."""
    low, middle, high = ([entry[key] / 1000 for entry in entries] for key in ("least", "median", "greatest"))
    ax.fill_between(places, low, high, color=style["color"], alpha=0.15, linewidth=0)
    ax.plot(places, middle, label=f"{kind}, median", **style)
