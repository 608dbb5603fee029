"""What the schematic figures are made of: nodes, arrows, labels, and one look for each role that a value can play.

Coordinates are inches on a canvas as wide as the notebooks' plots, so one unit is equally long in both directions and
letters, lines and boxes keep their proportions from figure to figure. A role has a colour and an outline or dash of
its own, so that it is told by either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, inf

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.text import Text

from toolkit.plots.canvas import COLOURS, WIDTH

__all__ = ["DOTS", "FINE", "FOOT", "GAP", "LINE", "LOOKS", "MATH", "QUIET", "SIZE", "SMALL", "TEXT", "Look", "Node", "Point",
           "arrow", "badge", "badges", "canvas", "chain", "contrast", "dots", "expect", "frame", "ink", "key", "label",
           "loop", "node", "outline", "padding", "shape", "span", "tint", "title"]  # fmt: skip

TEXT = "#1A1A1A"
QUIET = "#595959"  # shapes, notes, what stands back
SIZE, SMALL = 11.0, 9.5  # points, of words
MATH, FINE = 12.5, 11.0  # of formulas, whose letters come out smaller
LINE = 1.5  # points
GAP = 0.045  # inches between an arrow and what it touches
HEAD, BARB = 0.11, 0.048  # inches: an arrow's head, and half its width
CORNER = 0.12  # inches
FOOT = 0.26  # inches: where the key of a figure stands
DASH, DOTS = (0, (3.2, 1.6)), (0, (1, 1.3))

Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """How a role is drawn: the colour of its edge, the outline of its box and the dash of its lines."""

    colour: str
    outline: str
    dash: str | tuple = "-"

    @property
    def line(self) -> str:
        """The colour, dark enough for a thin line on white."""
        return _darkened(self.colour, "white", 3.0)


LOOKS = {
    "input": Look(COLOURS["blue"], "square"),
    "state": Look(COLOURS["green"], "circle"),
    "output": Look(COLOURS["orange"], "pill"),
    "fed": Look(COLOURS["orange"], "square"),  # an output that became an input
    "target": Look(COLOURS["orange"], "pill", DOTS),
    "loss": Look(COLOURS["purple"], "diamond"),
    "gradient": Look(COLOURS["vermilion"], "rounded", DASH),
    "weight": Look(COLOURS["sky"], "hexagon"),
    "cell": Look("#4D4D4D", "rounded"),
    "operation": Look("#4D4D4D", "circle"),
    "quiet": Look("#8C8C8C", "rounded"),
}


@dataclass(frozen=True)
class Node:
    """A drawn box, with the points where arrows meet it."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> Point:
        return self.x + self.width / 2, self.y

    @property
    def top(self) -> Point:
        return self.x, self.y + self.height / 2

    @property
    def bottom(self) -> Point:
        return self.x, self.y - self.height / 2

    def towards(self, x: float, y: float) -> Point:
        """Where the line from the centre to (x, y) leaves a circle or ellipse of this size."""
        dx, dy = x - self.x, y - self.y
        scale = 1 / hypot(dx / (self.width / 2), dy / (self.height / 2))
        return self.x + dx * scale, self.y + dy * scale


# Colours


def tint(colour: str, share: float = 0.16) -> str:
    """So much of a colour on white: what boxes are filled with."""
    return to_hex([1 - share * (1 - part) for part in to_rgb(colour)])


def ink(colour: str) -> str:
    """The colour, dark enough for text on its own tint."""
    return _darkened(colour, tint(colour), 4.6)


def _darkened(colour: str, ground: str, least: float) -> str:
    shares = (to_hex([part * (1 - step / 40) for part in to_rgb(colour)]) for step in range(40))
    return next(dark for dark in shares if contrast(dark, ground) >= least)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# Canvas and text


def canvas(height: float) -> tuple[Figure, Axes]:
    """A figure with one panel without axes, WIDTH by `height` inches, its coordinates in inches from the lower left."""
    fig = Figure(figsize=(WIDTH, height), facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height), aspect="equal")
    ax.set_axis_off()
    return fig, ax


def label(ax: Axes, x: float, y: float, text: str, *, colour: str = TEXT, size: float = SIZE, **options) -> Text:
    """A text around (x, y), or beside it as matplotlib's `ha` and `va` say."""
    fonts = {"fontfamily": "DejaVu Sans", "math_fontfamily": "cm", "fontweight": "normal"}
    place = {"ha": "center", "va": "center", "zorder": 6}
    return ax.text(x, y, text, color=colour, fontsize=size, **{**fonts, **place, **options})


def shape(ax: Axes, x: float, y: float, letters: str, **options) -> Text:
    """A tensor's shape, such as "N, L, F", in quiet letters."""
    letters = re.sub(",$", "{,}", letters)  # no space after the last comma
    return label(ax, x, y, f"$({letters})$", **{"colour": QUIET, "size": FINE, **options})


def title(ax: Axes, x: float, y: float, text: str, note: str = "") -> None:
    """The name of a panel and, under it, a quieter line about it, from x to the right."""
    label(ax, x, y, text, ha="left", fontweight="bold")
    if note:
        label(ax, x, y - 0.24, note, colour=QUIET, size=SMALL, ha="left")


# Nodes


def outline(ax: Axes, kind: str, x: float, y: float, width: float, height: float, **style) -> Patch:
    """One of the outlines around (x, y): square, rounded, pill, circle, diamond or hexagon."""
    return ax.add_patch(OUTLINES[kind](x, y, width, height, style))


def node(
    ax: Axes,
    role: str,
    x: float,
    y: float,
    text: str = "",
    *,
    width: float = 0.46,
    height: float = 0.46,
    size: float = MATH,
    pale: bool = False,
) -> Node:
    """A value or a step in the look of its role, with its letter inside; `pale` where it doesn't count."""
    look = LOOKS[role]
    style = {
        "facecolor": "white" if pale else tint(look.colour),
        "edgecolor": tint(look.colour, 0.55) if pale else look.line,
        "linewidth": LINE,
        "linestyle": look.dash,
        "zorder": 4,
    }
    outline(ax, look.outline, x, y, width, height, **style)
    if text:
        label(ax, x, y, text, size=size, colour=QUIET if pale else TEXT)
    return Node(x, y, width, height)


def frame(ax: Axes, left: float, bottom: float, right: float, top: float, role: str = "quiet", **style) -> None:
    """A pale area behind the nodes that belong together."""
    look = LOOKS[role]
    style = {"facecolor": tint(look.colour, 0.08), "edgecolor": "none", "linewidth": LINE, "zorder": 0, **style}
    outline(ax, "rounded", (left + right) / 2, (bottom + top) / 2, right - left, top - bottom, **style)


def padding(ax: Axes, x: float, y: float, width: float = 0.46, height: float = 0.46) -> Node:
    """A place that holds no value, only padding: hatched, so that it is told from a value without colour."""
    style = {"facecolor": "white", "edgecolor": "#9A9A9A", "linewidth": 1, "hatch": "//////", "zorder": 4}
    outline(ax, "square", x, y, width, height, **style)
    return Node(x, y, width, height)


def badge(ax: Axes, x: float, y: float, number: str) -> None:
    """A task's number, white on black, beside what the task is about."""
    outline(ax, "pill", x, y, 0.36, 0.24, facecolor=TEXT, edgecolor="none", linewidth=0, zorder=7)
    label(ax, x, y, number, colour="white", size=SMALL, fontweight="bold", zorder=8)


def badges(ax: Axes, places: Mapping[str, Point], tasks: Mapping[str, str]) -> None:
    """The numbers of tasks at the places of their parts; a part without a number has no badge.

    Raises:
        ValueError: a part has no place.
    """
    if unknown := sorted(set(tasks) - set(places)):
        raise ValueError(f"tasks has the unknown keys {unknown}, expected any of {sorted(places)}")
    for part, number in tasks.items():
        badge(ax, *places[part], number)


def span(ax: Axes, left: float, right: float, y: float) -> None:
    """A bracket, open below, over what lies between left and right."""
    corners = [(left, y - 0.07), (left, y), (right, y), (right, y - 0.07)]
    ax.add_patch(PathPatch(Path(corners), fill=False, edgecolor=QUIET, linewidth=1, zorder=3))


def dots(ax: Axes, x: float, y: float, upright: bool = False) -> None:
    """Three dots: the row goes on."""
    for step in (-0.08, 0, 0.08):
        at = (x, y + step) if upright else (x + step, y)
        ax.add_patch(Circle(at, 0.018, facecolor=QUIET, edgecolor="none", zorder=5))


def key(ax: Axes, y: float, entries: Sequence[tuple[str, str, float]], left: float = 0.3) -> None:
    """What the looks mean: (role, words, inches to the next entry), in a row. A role with → is shown as an arrow."""
    for role, words, width in entries:
        if role.startswith("→"):
            arrow(ax, (left - 0.04, y), (left + 0.34, y), role=role[1:])
        else:
            node(ax, role, left + 0.17, y, width=0.3 if LOOKS[role].outline == "pill" else 0.2, height=0.2)
        label(ax, left + 0.42, y, words, colour=QUIET, size=SMALL, ha="left")
        left += width


def _box(radius: float):
    """A rectangle whose corners are quarters of circles; infinity gives a pill, or a circle."""

    def make(x: float, y: float, width: float, height: float, style: dict) -> Patch:
        across, up = width / 2, height / 2
        r = min(across, up) if radius == inf else min(radius, across / 2, up / 2)
        k = r * 0.4477  # from a corner of the box to the control point that makes a cubic a quarter of a circle
        quarter = [(across - r, up), (across - k, up), (across, up - k), (across, up - r)]
        turned = [(1, 1, 1), (1, -1, -1), (-1, -1, 1), (-1, 1, -1)]  # signs, and whether the corner runs backwards
        corners = [(x + a * dx, y + b * dy) for a, b, way in turned for dx, dy in quarter[::way]]
        codes = [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4] * 4
        path = Path([*corners, corners[0]], [Path.MOVETO, *codes[1:], Path.CLOSEPOLY])
        return PathPatch(path, **style)

    return make


def _diamond(x: float, y: float, width: float, height: float, style: dict) -> Patch:
    across, up = width / 2, height / 2
    return Polygon([(x - across, y), (x, y + up), (x + across, y), (x, y - up)], **style)


def _hexagon(x: float, y: float, width: float, height: float, style: dict) -> Patch:
    across, up = width / 2, height / 2
    cut = across - min(0.5 * up, 0.35 * across)
    corners = [(-across, 0), (-cut, up), (cut, up), (across, 0), (cut, -up), (-cut, -up)]
    return Polygon([(x + dx, y + dy) for dx, dy in corners], **style)


OUTLINES = {
    "square": _box(0),
    "rounded": _box(0.1),
    "pill": _box(inf),
    "circle": _box(inf),
    "diamond": _diamond,
    "hexagon": _hexagon,
}


# Arrows


def arrow(ax: Axes, *points: Point, role: str = "cell", over: bool = False, width: float = LINE) -> None:
    """An arrow along the points, with rounded corners, in the colour and dash of its role.

    It keeps a small distance from its first and last point. `over` leaves a white edge where it crosses another.
    """
    points = (_moved(points[0], points[1], GAP), *points[1:-1], _moved(points[-1], points[-2], GAP))
    shaft = (*points[:-1], _moved(points[-1], points[-2], HEAD * 0.9))
    _draw(ax, _rounded(shaft), points[-2], points[-1], role, over, width)


def loop(ax: Axes, at: Node, reach: float, role: str = "state") -> None:
    """An arrow that leaves a node on its right, swings `reach` inches out and comes back."""
    (x, y), out = at.right, at.right[0] + reach
    arrow(ax, (x, y + CORNER), (out, y + CORNER), (out, y - CORNER), (x, y - CORNER), role=role)


def _draw(ax: Axes, path: Path, before: Point, tip: Point, role: str, over: bool, width: float) -> None:
    look = LOOKS[role]
    if over:
        ax.add_patch(PathPatch(path, fill=False, edgecolor="white", linewidth=width + 4, zorder=2.5, capstyle="butt"))
    line = {"edgecolor": look.line, "linewidth": width, "linestyle": look.dash, "capstyle": "butt"}
    ax.add_patch(PathPatch(path, fill=False, zorder=3 if over else 2, gid=f"arrow {role}", **line))
    dx, dy = (tip[0] - before[0], tip[1] - before[1])
    dx, dy = dx / hypot(dx, dy), dy / hypot(dx, dy)
    base = tip[0] - HEAD * dx, tip[1] - HEAD * dy
    head = [tip, (base[0] - BARB * dy, base[1] + BARB * dx), (base[0] + BARB * dy, base[1] - BARB * dx)]
    ax.add_patch(Polygon(head, facecolor=look.line, edgecolor="none", zorder=3, gid=f"head {role}"))


def _moved(point: Point, other: Point, by: float) -> Point:
    """The point, moved so far towards the other one."""
    share = by / hypot(other[0] - point[0], other[1] - point[1])
    return point[0] + share * (other[0] - point[0]), point[1] + share * (other[1] - point[1])


def _rounded(points: Sequence[Point]) -> Path:
    """A line through the points that cuts each corner with a curve."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        room = min(CORNER, *(hypot(corner[0] - p[0], corner[1] - p[1]) / 2 for p in (before, after)))
        vertices += [_moved(corner, before, room), corner, _moved(corner, after, room)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


# What is made of them


def chain(ax: Axes, x: float, y: float) -> Node:
    """A small picture of a cell, unrolled."""
    cells = [node(ax, "cell", x + 0.5 * place, y, width=0.26, height=0.36) for place in (-1, 0, 1)]
    for one, other in pairwise(cells):
        arrow(ax, one.right, other.left, role="state")
    return Node(x, y, 1.26, 0.36)


def expect(name: str, value: int, low: int, high: int) -> None:
    """Refuse what isn't a whole number from low to high."""
    if not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} is {value}, expected a whole number from {low} to {high}")
