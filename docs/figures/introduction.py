"""Chapter 1: two networks that read the same four values, the way from an input to an answer, and whether order matters."""

from __future__ import annotations

from math import pi, sin

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from docs.figures.kit import figure
from toolkit.diagrams.parts import (
    FINE,
    FOOT,
    LINE,
    LOOKS,
    QUIET,
    SIZE,
    SMALL,
    TEXT,
    Node,
    arrow,
    canvas,
    chain,
    key,
    label,
    node,
    outline,
    shape,
    tint,
    title,
)
from toolkit.plots import plot_scores
from toolkit.recorded import recorded

STEPS = (1, 2, 3, 4)


@figure("feed-forward-and-recurrent")
def feed_forward_and_recurrent() -> Figure:
    fig, ax = canvas(4.6)
    title(ax, 0.3, 4.36, "Feed-forward", "all values at once, weights for each place")
    title(ax, 4.3, 4.36, "Recurrent", "one value after the other, the same weights")
    _at_once(ax, [0.7 + 0.85 * place for place in range(4)])
    _step_by_step(ax, [4.95 + 0.76 * place for place in range(4)])
    key(
        ax,
        FOOT,
        [("input", "input", 1.0), ("weight", "weights", 1.15), ("state", "state", 0.98), ("output", "output", 0)],
    )
    return fig


def _at_once(ax: Axes, xs: list[float]) -> None:
    """A layer that sees four inputs, each through a matrix of its own, and an output on it."""
    middle = sum(xs) / len(xs)
    hidden = node(ax, "cell", middle, 2.6, "hidden layer", width=3.0, height=0.46, size=SIZE)
    answer = node(ax, "output", middle, 3.42, r"$\hat{y}$", width=0.56, height=0.4)
    for step, x in zip(STEPS, xs, strict=True):
        value = node(ax, "input", x, 0.98, f"$x_{step}$", width=0.42, height=0.42)
        weight = node(ax, "weight", x, 1.78, f"$W_{step}$", width=0.56, height=0.34, size=FINE)
        arrow(ax, value.top, weight.bottom, role="input")
        arrow(ax, weight.top, (x, hidden.bottom[1]))
        shape(ax, x, 0.62, "N, F")
    arrow(ax, hidden.top, answer.bottom, role="output")


def _step_by_step(ax: Axes, xs: list[float]) -> None:
    """One cell, unrolled over four inputs, and an output on its last state."""
    before = node(ax, "state", xs[0] - 0.68, 2.3, "$h_0$", width=0.4, height=0.4, size=FINE)
    for step, x in zip(STEPS, xs, strict=True):
        value = node(ax, "input", x, 0.98, f"$x_{step}$", width=0.42, height=0.42)
        cell = node(ax, "cell", x, 2.3, width=0.46, height=0.66)
        label(ax, x, 2.46, "cell", size=SMALL)
        node(ax, "weight", x, 2.17, "$W$", width=0.38, height=0.28, size=FINE)
        arrow(ax, value.top, cell.bottom, role="input")
        arrow(ax, before.right, cell.left, role="state")
        shape(ax, x, 0.62, "N, F")
        if step > 1:
            label(ax, x - 0.38, 2.46, f"$h_{step - 1}$", size=FINE)
        before = cell
    answer = node(ax, "output", xs[-1], 3.42, r"$\hat{y}$", width=0.56, height=0.4)
    arrow(ax, before.top, answer.bottom, role="output")
    label(ax, xs[-1] + 0.12, 2.93, "$h_4$", size=FINE, ha="left")


# From the input to the answer


@figure("from-input-to-output")
def from_input_to_output() -> Figure:
    fig, ax = canvas(4.7)
    numbers = _numbers(ax, 2.75, MIDDLE)
    for y, draw, name, how in SOURCES:
        source = draw(ax, 0.85, y)
        label(ax, source.x, y - 0.44, name, size=SMALL)
        label(ax, source.x, y - 0.64, how, size=SMALL, colour=QUIET)
        end = MIDDLE + 0.12 * (y - MIDDLE)
        start = (1.7, y), (1.95, MIDDLE + 0.25 * (y - MIDDLE))
        arrow(ax, source.right, *(start if y != MIDDLE else ()), (numbers.left[0], end), role="input")
    lower, upper = chain(ax, 4.5, MIDDLE - 0.35), chain(ax, 4.5, MIDDLE + 0.35)
    for place in (-0.5, 0, 0.5):
        arrow(ax, (lower.x + place, lower.top[1]), (upper.x + place, upper.bottom[1]), role="state")
    arrow(ax, numbers.right, (3.5, MIDDLE), (3.6, lower.y), lower.left, role="input")
    for part, name, letters in ((numbers, "numbers", "N, L, F"), (lower, "recurrent layers", "N, L, H")):
        label(ax, part.x, MIDDLE - 0.82, name, size=SMALL)
        shape(ax, part.x, MIDDLE - 1.06, letters)
    _answer(ax, upper, MIDDLE + 1.05, "every state", "an answer for each step", "N, L, F")
    _answer(ax, upper, MIDDLE - 0.35, "the last state", "one answer", "N, 1")
    key(ax, FOOT, [("input", "input", 1.0), ("cell", "cell", 0.95), ("→state", "state", 1.05), ("output", "output", 0)])
    return fig


def _answer(ax: Axes, states: Node, y: float, taken: str, name: str, letters: str) -> None:
    """A linear layer on the states that are taken, and what it gives."""
    linear = node(ax, "cell", 6.35, y, "linear", width=0.66, height=0.42, size=SMALL)
    answer = node(ax, "output", 7.35, y, r"$\hat{y}$", width=0.56, height=0.4)
    x, start = states.right
    arrow(ax, (x, start), (5.5, start), (5.7, y), linear.left, role="state")
    arrow(ax, linear.right, answer.left, role="output")
    label(ax, 6.35, y + 0.36, taken, size=SMALL, colour=QUIET)
    label(ax, 7.8, y - 0.37, name, size=SMALL, ha="right")
    shape(ax, 7.8, y - 0.61, letters, ha="right")


def _wave(ax: Axes, x: float, y: float) -> Node:
    points = [(x + 0.4 * (k / 30 - 1), y + 0.2 * sin(pi * k / 12)) for k in range(61)]
    outline(ax, "square", x, y, 0.94, 0.6, facecolor="white", edgecolor=LOOKS["quiet"].colour, linewidth=1)
    ax.add_patch(PathPatch(Path(points), fill=False, edgecolor=TEXT, linewidth=LINE))
    return Node(x, y, 0.94, 0.6)


def _words(ax: Axes, x: float, y: float) -> Node:
    outline(ax, "square", x, y, 0.94, 0.6, facecolor="white", edgecolor=LOOKS["quiet"].colour, linewidth=1)
    label(ax, x, y, "not bad\nat all", size=SMALL)
    return Node(x, y, 0.94, 0.6)


def _sound(ax: Axes, x: float, y: float) -> Node:
    """Bars of sound, each as high as it is loud."""
    outline(ax, "square", x, y, 0.94, 0.6, facecolor="white", edgecolor=LOOKS["quiet"].colour, linewidth=1)
    for place, loud in enumerate((0.1, 0.24, 0.44, 0.3, 0.16, 0.36, 0.22, 0.1)):
        outline(ax, "square", x + 0.1 * (place - 3.5), y, 0.05, loud, facecolor=TEXT, edgecolor="none", linewidth=0)
    return Node(x, y, 0.94, 0.6)


def _numbers(ax: Axes, x: float, y: float) -> Node:
    """A small picture of vectors, one for each step."""
    for row in range(3):
        for place in range(5):
            at = x + 0.17 * (place - 2), y + 0.17 * (row - 1)
            outline(ax, "square", *at, 0.13, 0.13, facecolor=tint(LOOKS["input"].colour), edgecolor=LOOKS["input"].line)
    return Node(x, y, 0.86, 0.54)


MIDDLE = 2.65  # inches
SOURCES = (
    (MIDDLE + 1.4, _wave, "a series", "scaled"),
    (MIDDLE, _words, "a text", "ids, embedded"),
    (MIDDLE - 1.4, _sound, "sound", "loudness by pitch"),
)


# Measured


@figure("does-order-matter")
def does_order_matter() -> Figure:
    return plot_scores(recorded("order").scores, "mean squared error on the rest of the series", log=True)
