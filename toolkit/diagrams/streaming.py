"""Notebook 4: how a long text becomes chunks that go on where the last ones ended, and how far back a gradient goes."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import (
    FOOT,
    LOOKS,
    QUIET,
    SMALL,
    Node,
    arrow,
    canvas,
    frame,
    key,
    label,
    node,
    outline,
    shape,
    span,
    title,
)
from toolkit.plots.characters import visible

__all__ = ["ALT", "draw_streams", "draw_truncation"]

ALT = MappingProxyType({
    "streams": "Above, a text of 30 characters as a ribbon. Brackets cut it into three stretches of 9 characters, row 0 to row "
    "2; the last 3 characters are pale: left over. Below, the stretches lie under each other as three rows and are cut "
    "across into three chunks of 3 steps. In each row an arrow goes from the end of a chunk to the beginning of the next "
    "one: the state is carried along the same stretch of the text. Before the first chunk it is 0.",
    "truncation": "Three chunks of three steps, twice, each chunk with a loss above it. Forward arrows carry the state from step "
    "to step through all borders. Above, with detach: dashed gradients run from each loss to its states and back within "
    "their chunk; at each border they end at a bar with a pair of scissors. Below, without detach: the gradient of the third "
    "loss runs back through both borders to the first step of the first chunk.",
})  # fmt: skip

# Stretches and chunks

TEXT = "the fool speaks and none reply"
ROWS, STEPS = 3, 3
CHUNKS = (len(TEXT) - 1) // (ROWS * STEPS)
LONG = CHUNKS * STEPS  # characters of a stretch
PITCH, CELL = 0.245, 0.38  # inches: along the ribbon, and along a row


def draw_streams() -> Figure:
    """How a text is laid in rows and cut into chunks, and along which arrows the state is carried."""
    fig, ax = canvas(4.86)
    title(ax, 0.3, 4.6, "One text, three stretches", f"T = {len(TEXT)} characters, N = {ROWS} rows, L = {STEPS} steps")
    _ribbon(ax)
    title(ax, 0.3, 2.94, "Cut across into chunks", "row i of a chunk goes on where row i of the chunk before ended")
    _chunks(ax)
    entries = [("→state", "state, carried", 1.65), ("state", "0: no state yet", 1.7),
               ("input", "character of $x$; that of $y$ stands one place later", 0)]  # fmt: skip
    key(ax, FOOT, entries)
    return fig


def _ribbon(ax: Axes) -> None:
    """The whole text, with a bracket over each stretch."""
    left, y = 0.42, 3.66
    for place, character in enumerate(TEXT):
        used = place < ROWS * LONG
        style = {"width": PITCH, "height": 0.3, "size": SMALL, "pale": not used}
        node(ax, "input" if used else "quiet", left + PITCH * place, y, visible(character), **style)
    for row in range(ROWS):
        begin, end = left + PITCH * LONG * row, left + PITCH * (LONG * (row + 1) - 1)
        span(ax, begin - 0.1, end + 0.1, y + 0.3)
        label(ax, (begin + end) / 2, y + 0.42, f"row {row}", size=SMALL)
    over = left + PITCH * (ROWS * LONG + (len(TEXT) - ROWS * LONG - 1) / 2)
    label(ax, over, y - 0.32, "left over", size=SMALL, colour=QUIET)


def _chunks(ax: Axes) -> None:
    """The stretches as rows, cut into chunks, with the way of the state."""
    lefts = [1.8 + chunk * (STEPS * CELL + 0.92) for chunk in range(CHUNKS)]
    heights = [1.88 - 0.5 * row for row in range(ROWS)]
    for chunk, left in enumerate(lefts):
        frame(ax, left - 0.29, heights[-1] - 0.26, left + (STEPS - 1) * CELL + 0.29, heights[0] + 0.26)
        middle = left + (STEPS - 1) * CELL / 2
        label(ax, middle - 0.04, heights[0] + 0.42, f"chunk {chunk}", size=SMALL, ha="right")
        shape(ax, middle + 0.04, heights[0] + 0.42, "N, L", ha="left")
    for row, y in enumerate(heights):
        label(ax, 0.3, y, f"row {row}", size=SMALL, ha="left")
        cells = [[_cell(ax, left, y, row, chunk, step) for step in range(STEPS)] for chunk, left in enumerate(lefts)]
        start = node(ax, "state", 1.04, y, "$0$", width=0.3, height=0.3)
        for before, after in pairwise([[start], *cells]):
            arrow(ax, before[-1].right, after[0].left, role="state")


def _cell(ax: Axes, left: float, y: float, row: int, chunk: int, step: int) -> Node:
    character = visible(TEXT[row * LONG + chunk * STEPS + step])
    return node(ax, "input", left + CELL * step, y, character, width=0.34, height=0.34, size=SMALL)


# How far back a gradient goes

DISC, LANE = 0.36, 0.085  # inches: a state, and how far the two directions run beside its middle
STEP, BORDER = 0.68, 0.92  # inches from a state to the next one, within a chunk and over a border
FIRST = 0.56


def draw_truncation() -> Figure:
    """Where gradients end with detach, and where they run without it."""
    fig, ax = canvas(5.7)
    title(ax, 0.3, 5.44, "With detach", "the state crosses the border, the gradient doesn't")
    _unrolled(ax, 3.78, cut=True)
    title(
        ax,
        0.3,
        2.84,
        "Without detach",
        "the third loss reaches back to the first step, and the graph of every chunk has to be kept",
    )
    _unrolled(ax, 1.14, cut=False)
    key(ax, FOOT, [("→state", "state, forward", 1.75), ("→gradient", "gradient, backward", 2.1),
                   ("loss", "mean loss of a chunk", 0)])  # fmt: skip
    label(ax, 7.7, FOOT, r"lower row: from $\mathcal{L}_2$ alone", size=SMALL, colour=QUIET, ha="right")
    return fig


def _unrolled(ax: Axes, y: float, cut: bool) -> None:
    """Three chunks with their states and losses; the gradients of all losses if they are cut, else of the last one."""
    start = node(ax, "state", FIRST, y, "$0$", width=DISC, height=DISC)
    states = [[_state(ax, y, chunk, step) for step in range(STEPS)] for chunk in range(CHUNKS)]
    row = [start, *sum(states, [])]
    for before, after in pairwise(row):
        arrow(ax, _side(before, 1, LANE), _side(after, -1, LANE), role="state")
    for chunk, members in enumerate(states):
        left, right = members[0].x - 0.28, members[-1].x + 0.28
        frame(ax, left, y - 0.32, right, y + 1.16)
        label(ax, left + 0.06, y + 1.0, f"chunk {chunk}", size=SMALL, ha="left")
        loss = node(ax, "loss", members[1].x, y + 0.82, rf"$\mathcal{{L}}_{chunk}$", width=0.5, height=0.46)
        if cut or chunk == CHUNKS - 1:
            _down(ax, loss, members)
    for place, (before, after) in enumerate(pairwise(row[1:]), start=1):
        _back(ax, before, after, cut and place % STEPS == 0)


def _state(ax: Axes, y: float, chunk: int, step: int) -> Node:
    x = FIRST + (chunk + 1) * BORDER + (chunk * (STEPS - 1) + step) * STEP
    return node(ax, "state", x, y, "$h$", width=DISC, height=DISC)


def _side(state: Node, way: int, above: float) -> tuple[float, float]:
    """Where a lane beside the middle meets the circle, to the right (way 1) or to the left (way −1)."""
    return state.x + way * sqrt((DISC / 2) ** 2 - above**2), state.y + above


def _down(ax: Axes, loss: Node, members: list[Node]) -> None:
    """The gradient from a loss to each state of its chunk."""
    first, middle, last = members
    arrow(ax, loss.left, (first.x, loss.y), first.top, role="gradient")
    arrow(ax, loss.bottom, middle.top, role="gradient")
    arrow(ax, loss.right, (last.x, loss.y), last.top, role="gradient")


def _back(ax: Axes, before: Node, after: Node, stopped: bool) -> None:
    """The gradient from a state to the one before it; where it is stopped there is a bar and a pair of scissors."""
    start = _side(after, -1, -LANE)
    if not stopped:
        arrow(ax, start, _side(before, 1, -LANE), role="gradient")
        return
    x, y = (before.x + after.x) / 2, start[1]
    arrow(ax, start, (x + 0.03, y), role="gradient")
    colour = LOOKS["gradient"].line
    outline(ax, "square", x, y - 0.06, 0.045, 0.22, facecolor=colour, edgecolor="none", zorder=5, gid="bar")
    label(ax, x, y - 0.32, "✂", size=14)
    label(ax, x, y - 0.56, "detach", size=SMALL)
