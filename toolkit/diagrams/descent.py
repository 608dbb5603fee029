"""Notebook 2: gradients that are clipped, and the plane through the weights on which the loss is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from toolkit.diagrams.parts import (
    DOTS,
    FINE,
    GAP,
    LINE,
    LOOKS,
    QUIET,
    SMALL,
    TEXT,
    Point,
    arrow,
    canvas,
    ink,
    label,
    outline,
    shape,
    tint,
    title,
)

__all__ = ["ALT", "draw_clipping", "draw_filter_directions"]

ALT = MappingProxyType({
    "clipping": "Twice the same plane, whose axes are the gradients of two parameters, with one long gradient. Left, it "
    "is shortened to the circle of radius max_norm and keeps its direction; a gradient inside the circle stays as it "
    "is. Right, each parameter's gradient is cut at max_norm on its own: the result ends on the edge "
    "of a square, is longer than max_norm and points elsewhere.",
    "filter_directions": "Left, three matrices of the same shape, a row for each unit, with the norm of each row as a "
    "bar: the weights θ, whose rows differ in norm, a random direction d, whose rows hardly do, and d after each row "
    "was rescaled, with the bars of θ. Right, a plane through θ with the axes d_1 and d_2 and a grid of points, "
    "θ + a_i d_1 + b_j d_2, at each of which the loss is measured.",
})  # fmt: skip


# Clipping

RADIUS = 0.95  # inches: max_norm
LONG, SHORT = (2.25, 0.84), (-0.48, 0.34)  # inches: a gradient outside the circle, and one inside it
THICK = 3.0  # points


def draw_clipping() -> Figure:
    """A long gradient of two parameters, shortened as a whole, and cut parameter by parameter."""
    fig, ax = canvas(4.1)
    title(ax, 0.3, 3.84, "By the joint norm", "max_norm long, and in the same direction")
    title(ax, 4.3, 3.84, "Each parameter by its own norm", "longer than max_norm, and in another direction")
    joint, apart = (1.5, 1.75), (5.5, 1.75)
    scale = RADIUS / hypot(*LONG)
    clipped = scale * LONG[0], scale * LONG[1]
    _plane(ax, joint)
    _border(ax, "circle", joint)
    _vector(ax, joint, LONG, start=clipped)
    _clipped(ax, joint, clipped)
    _vector(ax, joint, SHORT)
    label(ax, 2.62, 1.02, "inside the circle,\na gradient stays", colour=QUIET, size=SMALL, ha="left")
    label(ax, 2.08, 0.28, JOINT)
    _plane(ax, apart)
    _border(ax, "circle", apart, linestyle=DOTS)
    _border(ax, "square", apart)
    _vector(ax, apart, LONG)
    _clipped(ax, apart, (min(LONG[0], RADIUS), min(LONG[1], RADIUS)))
    label(ax, 6.0, 0.28, APART)
    return fig


JOINT = (
    r"$g \leftarrow g\, \min(1,\, \mathrm{max\_norm} / \Vert g \Vert),"
    r"\quad \Vert g \Vert^2 = \Vert g_1 \Vert^2 + \Vert g_2 \Vert^2$"
)
APART = r"$g_k \leftarrow g_k\, \min(1,\, \mathrm{max\_norm} / \Vert g_k \Vert)$"


def _plane(ax: Axes, origin: Point) -> None:
    """Axes for the gradients of two parameters, and the name of the long gradient."""
    x, y = origin
    arrow(ax, (x - 1.2, y), (x + 2.2, y), role="quiet", width=1)
    arrow(ax, (x, y - 1.15), (x, y + 1.45), role="quiet", width=1)
    label(ax, x + 2.1, y - 0.2, "$g_1$", colour=QUIET)
    label(ax, x - 0.2, y + 1.32, "$g_2$", colour=QUIET)
    label(ax, x + 1.72, y + 0.82, "$g$", colour=ink(LOOKS["gradient"].colour))
    label(ax, x + RADIUS + 0.06, y - 0.15, "max_norm", colour=QUIET, size=SMALL, ha="left")


def _border(ax: Axes, kind: str, origin: Point, **style) -> None:
    """The circle or the square at which gradients are cut."""
    style = {"fill": False, "edgecolor": TEXT, "linewidth": 1.2, "zorder": 1, **style}
    outline(ax, kind, *origin, 2 * RADIUS, 2 * RADIUS, **style)


def _clipped(ax: Axes, origin: Point, vector: Point) -> None:
    _vector(ax, origin, vector, width=THICK)
    x, y = (at + part / 2 for at, part in zip(origin, vector, strict=True))
    label(ax, x - 0.15, y + 0.2, "clipped", colour=ink(LOOKS["gradient"].colour), size=SMALL)


def _vector(ax: Axes, origin: Point, vector: Point, start: Point = (0, 0), width: float = LINE) -> None:
    """An arrow whose ends lie where the vector's do, without an arrow's usual distance."""
    share = GAP / hypot(*vector)
    ends = [tuple(at + part + sign * share * whole for at, part, whole in zip(origin, end, vector, strict=True))
            for sign, end in ((-1, start), (1, vector))]  # fmt: skip
    arrow(ax, *ends, role="gradient", width=width)


# The plane of the loss surface

THETA = ((1.2, -0.9, 0.7, 1.3), (0.3, 0.2, -0.4, 0.1), (-0.8, 0.6, 1.0, -0.4), (0.1, -0.2, 0.1, 0.2))
DRAW = ((0.5, -1.3, 0.2, 0.9), (1.4, 0.3, -0.6, 0.7), (-0.2, 1.1, 0.8, -1.0), (0.9, -0.4, 1.2, 0.3))
TILE, BAR = 0.22, 0.18  # inches: an entry, and a row's norm for each unit
D_1, D_2 = (0.44, -0.07), (0.18, 0.3)  # inches: one step of the grid
GRID = range(-2, 3)

Rows = Sequence[Sequence[float]]


def draw_filter_directions() -> Figure:
    """A random direction rescaled row by row to the weights' norms, and the plane that two of them span."""
    fig, ax = canvas(3.4)
    title(ax, 0.3, 3.14, "A direction", "as long as the weights, row by row")
    scaled = [[x * _norm(row) / _norm(noise) for x in noise] for row, noise in zip(THETA, DRAW, strict=True)]
    _matrix(ax, 0.3, "$\\theta$", THETA)
    _matrix(ax, 1.85, "$d$", DRAW)
    _matrix(ax, 3.5, "$d$, rescaled", scaled)
    arrow(ax, (3.12, 1.76), (3.5, 1.76))
    label(ax, 0.3, 0.62, r"each row:  $d_k \leftarrow d_k\, \Vert \theta_k \Vert / \Vert d_k \Vert$", ha="left")
    label(
        ax,
        0.3,
        0.28,
        "darker: further from 0;  bar: norm of the row;  a bias counts as one row",
        colour=QUIET,
        size=SMALL,
        ha="left",
    )
    title(ax, 5.2, 3.14, "The plane of two directions", "the loss at every point")
    _grid(ax, (6.45, 1.62))
    return fig


def _norm(row: Sequence[float]) -> float:
    return hypot(*row)


def _matrix(ax: Axes, left: float, name: str, rows: Rows) -> None:
    """A matrix as tiles, darker where an entry is larger, with a bar for each row's norm."""
    top = 2.2
    label(ax, left + 2 * TILE, top + 0.2, name)
    for place, row in enumerate(rows):
        y = top - TILE * (place + 0.5)
        for column, entry in enumerate(row):
            fill = tint(LOOKS["weight"].colour, min(1, abs(entry) / 1.5))
            outline(ax, "square", left + TILE * (column + 0.5), y, TILE, TILE, facecolor=fill, edgecolor="white")
        length = BAR * _norm(row)
        outline(ax, "square", left + 4 * TILE + 0.08 + length / 2, y, length, 0.1, facecolor=QUIET, edgecolor="none")
    edge = {"facecolor": "none", "edgecolor": LOOKS["quiet"].colour, "linewidth": 0.8}
    outline(ax, "square", left + 2 * TILE, top - 2 * TILE, 4 * TILE, 4 * TILE, **edge)
    shape(ax, left + 2 * TILE, top - 4 * TILE - 0.18, "H, F")


def _grid(ax: Axes, middle: Point) -> None:
    """The points at which the loss is measured, and the two directions from the weights in their middle."""

    def at(a: float, b: float) -> Point:
        return middle[0] + a * D_1[0] + b * D_2[0], middle[1] + a * D_1[1] + b * D_2[1]

    for a in GRID:
        _line(ax, at(a, -2), at(a, 2))
        _line(ax, at(-2, a), at(2, a))
    for a in GRID:
        for b in GRID:
            ax.add_patch(Circle(at(a, b), 0.035, facecolor=LOOKS["loss"].line, edgecolor="none", zorder=4))
    arrow(ax, middle, at(2.75, 0))
    arrow(ax, middle, at(0, 2.75))
    label(ax, *at(3.0, 0), "$d_1$")
    label(ax, *at(0, 3.1), "$d_2$")
    label(ax, *at(-0.5, -0.5), "$\\theta$", size=FINE)
    ax.add_patch(Circle(at(2, -2), 0.065, facecolor=LOOKS["loss"].line, edgecolor="none", zorder=4))
    label(ax, 6.9, 0.62, r"$\theta + a_i\, d_1 + b_j\, d_2$")


def _line(ax: Axes, one: Point, other: Point) -> None:
    ax.add_patch(PathPatch(Path([one, other]), edgecolor=LOOKS["quiet"].colour, linewidth=0.8, zorder=1))
