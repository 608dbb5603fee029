"""Notebook 3: at which step the last real state stands, and in which order two directions read a padded row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import (
    FINE,
    FOOT,
    LINE,
    QUIET,
    SMALL,
    TEXT,
    Node,
    arrow,
    canvas,
    key,
    label,
    node,
    outline,
    padding,
    title,
)

__all__ = ["ALT", "draw_bidirectional", "draw_last_step"]

ALT = MappingProxyType({
    "last_step": "Above, three reviews of 5, 2 and 1 words as rows of 5 steps, padded behind, with a state under each step. A "
    "tick marks the state after the last word. A frame, outputs[:, -1], takes the last column: it is right for the "
    "longest review alone, and has a cross where it has read padding. Below, one packed review of four words in two "
    "directions. The forward state has a tick at the last word, the backward one at the first word; at the last word "
    "the backward state has a cross, since it has read one word only. Behind the last word outputs hold 0.",
    "bidirectional": "The padded row not bad at all, with two steps of padding, read in two directions; numbers in the "
    "states give the order of reading. Not packed: the forward direction reads the four words first and then padding; the "
    "backward one begins with the two steps of padding and comes to the word all as its third. Packed: both directions "
    "read the four words alone; the backward one begins with all and ends with not.",
})  # fmt: skip

TILE, DISC = 0.32, 0.3  # inches
NARROW, WIDE = [0.85 + 0.92 * step for step in range(5)], [1.75 + 1.04 * step for step in range(6)]  # where steps stand
RIGHT, WRONG = "✓", "✗"


def _words(ax: Axes, y: float, words: Sequence[str], steps: Sequence[float]) -> None:
    """A padded row of words, at these places from left to right."""
    for place, x in enumerate(steps):
        if place < len(words):
            node(ax, "input", x, y, words[place], width=0.62, height=TILE, size=SMALL)
        else:
            padding(ax, x, y, 0.62, TILE)


def _states(
    ax: Axes, y: float, steps: Sequence[float], marks: Sequence[object], faint: Sequence[int], backward: bool = False
) -> list[Node]:
    """A row of states with a mark in each, pale at the steps in `faint`, and arrows in the order of reading."""
    states = [
        node(ax, "state", x, y, str(mark), width=DISC, height=DISC, size=FINE, pale=step in faint)
        for step, (x, mark) in enumerate(zip(steps, marks, strict=False))
    ]
    for before, after in pairwise(states):
        if backward:
            arrow(ax, after.left, before.right, role="state")
        else:
            arrow(ax, before.right, after.left, role="state")
    return states


def _beside(ax: Axes, x: float, y: float, *lines: str, colour: str = QUIET) -> None:
    """A remark in one or two lines, to the right of x."""
    for place, line in enumerate(lines):
        label(ax, x, y + 0.1 * (len(lines) - 1) - 0.2 * place, line, size=SMALL, colour=colour, ha="left")


def _taken(ax: Axes, x: float, bottom: float, top: float) -> None:
    """A frame around the step that is taken."""
    style = {"fill": False, "edgecolor": TEXT, "linewidth": LINE}
    outline(ax, "rounded", x, (bottom + top) / 2, 0.8, top - bottom, zorder=3.5, **style)


# Which state is the last

REVIEWS = (("i", "liked", "it", "a", "lot"), ("not", "bad"), ("dull",))
REMARKS = (
    ("right: there is no padding",),
    ("wrong: it has read 3 steps", "of padding after “bad”"),
    ("wrong: it has read 4 steps", "of padding after “dull”"),
)
WORDS = ("not", "bad", "at", "all")


def draw_last_step() -> Figure:
    """Where the last real state stands, and what the last output takes instead, in one direction and in two."""
    fig, ax = canvas(6.94)
    title(ax, 0.3, 6.68, "One direction, not packed", "what is wanted is the state after the last real word")
    _taken(ax, NARROW[-1], 3.24, 5.98)
    label(ax, NARROW[-1], 6.12, "outputs[:, -1]", size=SMALL)
    for row, (words, remark) in enumerate(zip(REVIEWS, REMARKS, strict=True)):
        y, last = 5.74 - 0.92 * row, len(words) - 1
        _words(ax, y, words, NARROW)
        marks = ["", "", "", "", WRONG]
        marks[last] = RIGHT
        _states(ax, y - 0.42, NARROW, marks, [step for step in range(5) if step != last])
        _beside(ax, 5.1, y - 0.42, *remark)
    _two_directions(ax, 2.86)
    _last_key(ax)
    return fig


def _two_directions(ax: Axes, top: float) -> None:
    title(ax, 0.3, top, "Two directions, packed", "each has a last state of its own, at a step of its own")
    y, (*words, behind) = top - 1.46, NARROW
    _taken(ax, words[-1], y - 0.7, y + 0.7)
    label(ax, words[-1], y + 0.84, "outputs at the last word", size=SMALL)
    _words(ax, y, WORDS, NARROW)
    _states(ax, y + 0.46, words, ["", "", "", RIGHT], [0, 1, 2])
    _states(ax, y - 0.46, words, [RIGHT, "", "", WRONG], [1, 2, 3], backward=True)
    for side in (0.46, -0.46):
        node(ax, "quiet", behind, y + side, "0", width=DISC, height=DISC, size=SMALL, pale=True)
    _beside(ax, 5.1, y + 0.46, "forward: it has read all four")
    _beside(ax, 5.1, y, "behind the last word outputs", "hold 0: so does outputs[:, -1]")
    _beside(ax, 5.1, y - 0.46, "backward: at the last word it", "has read “all” and no more")


def _last_key(ax: Axes) -> None:
    left = 0.3
    for role_mark, words, width in ((RIGHT, "last real state: right", 2.3), (WRONG, "another state: wrong", 2.2)):
        node(ax, "state", left + 0.15, FOOT, role_mark, width=0.26, height=0.26, size=SMALL, pale=role_mark == WRONG)
        label(ax, left + 0.4, FOOT, words, colour=QUIET, size=SMALL, ha="left")
        left += width
    padding(ax, left + 0.15, FOOT, 0.26, 0.2)
    label(ax, left + 0.4, FOOT, "padding", colour=QUIET, size=SMALL, ha="left")


# In which order two directions read


def draw_bidirectional() -> Figure:
    """In which order two directions read one padded row, not packed and packed."""
    fig, ax = canvas(5.34)
    steps, real = len(WIDE), len(WORDS)
    title(
        ax,
        0.3,
        5.08,
        "Not packed",
        "the backward direction begins with padding: its state isn't zero any more when the words come",
    )
    y = 3.74
    late = range(real, steps)
    _words(ax, y, WORDS, WIDE)
    _states(ax, y + 0.48, WIDE, range(1, steps + 1), late)
    _states(ax, y - 0.48, WIDE, range(steps, 0, -1), late, backward=True)
    _directions(ax, y)
    label(ax, (WIDE[-2] + WIDE[-1]) / 2, y + 0.8, "read after the last word", size=SMALL, colour=QUIET)
    label(ax, (WIDE[-2] + WIDE[-1]) / 2, y - 0.8, "read before all words", size=SMALL, colour=QUIET)
    title(ax, 0.3, 2.48, "Packed", "both directions read the words alone")
    y = 1.34
    _words(ax, y, WORDS, WIDE)
    _states(ax, y + 0.48, WIDE, range(1, real + 1), ())
    _states(ax, y - 0.48, WIDE, range(real, 0, -1), (), backward=True)
    _directions(ax, y)
    key(ax, FOOT, [("state", "state, with the order of reading", 2.95), ("input", "word", 0.98)])
    padding(ax, 4.4, FOOT, 0.2, 0.2)
    label(ax, 4.65, FOOT, "padding", colour=QUIET, size=SMALL, ha="left")
    return fig


def _directions(ax: Axes, y: float) -> None:
    """What the rows of states are called, before them."""
    label(ax, 0.3, y + 0.48, "forward", size=SMALL, ha="left")
    label(ax, 0.3, y, "row", size=SMALL, ha="left")
    label(ax, 0.3, y - 0.48, "backward", size=SMALL, ha="left")
