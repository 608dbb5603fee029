"""Chapter 2: a network folded and unrolled, its gradients, its variants, two layers and two directions."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.figures.kit import figure
from toolkit.diagrams import draw_backward, draw_folded_and_unrolled, draw_variants
from toolkit.diagrams.parts import FINE, FOOT, arrow, canvas, key, label, node, shape, title

figure("folded-and-unrolled")(draw_folded_and_unrolled)
figure("gradients-through-time")(draw_backward)
figure("ways-to-wire")(draw_variants)

INPUTS, LOW, HIGH, OUTPUTS = 0.98, 1.92, 2.66, 3.52  # inches: the rows of both panels


@figure("deep-and-bidirectional")
def deep_and_bidirectional() -> Figure:
    fig, ax = canvas(4.75)
    title(ax, 0.3, 4.5, "Deep", "the second layer reads the states of the first")
    title(ax, 4.35, 4.5, "Bidirectional", "two cells with weights of their own, from either end")
    _deep(ax, [0.75 + 0.78 * place for place in range(3)])
    _both_ways(ax, [5.2 + 0.88 * place for place in range(3)])
    entries = [("input", "input", 1.0), ("cell", "cell", 0.95), ("state", "last state", 1.3), ("output", "output", 1.1)]
    key(ax, FOOT, [*entries, ("→state", "state", 0)])
    return fig


def _deep(ax: Axes, xs: list[float]) -> None:
    rows = [[node(ax, "cell", x, y, width=0.4, height=0.4) for x in xs] for y in (LOW, HIGH)]
    for step, x in enumerate(xs, start=1):
        below, above = (row[step - 1] for row in rows)
        value = node(ax, "input", x, INPUTS, f"$x_{step}$", width=0.4, height=0.4)
        output = node(ax, "output", x, OUTPUTS, f"$h^{{(2)}}_{step}$", width=0.56, height=0.42, size=FINE)
        arrow(ax, value.top, below.bottom, role="input")
        arrow(ax, below.top, above.bottom, role="state")
        arrow(ax, above.top, output.bottom, role="output")
    for number, row in enumerate(rows, start=1):
        last = node(ax, "state", xs[-1] + 0.72, row[0].y, f"$h^{{({number})}}_3$", width=0.46, height=0.46, size=FINE)
        for one, other in pairwise([*row, last]):
            arrow(ax, one.right, other.left, role="state")
    shape(ax, xs[1], 0.62, "N, L, F")
    shape(ax, xs[1], OUTPUTS + 0.38, "N, L, H")
    _h_n(ax, xs[-1] + 0.72, "2, N, H")


def _both_ways(ax: Axes, xs: list[float]) -> None:
    aside = 0.2
    forward = [node(ax, "cell", x - aside, LOW, width=0.3, height=0.3) for x in xs]
    backward = [node(ax, "cell", x + aside, HIGH, width=0.3, height=0.3) for x in xs]
    for step, (x, one, other) in enumerate(zip(xs, forward, backward, strict=True), start=1):
        value = node(ax, "input", x, INPUTS, f"$x_{step}$", width=0.58, height=0.4)
        output = node(ax, "output", x, OUTPUTS, rf"$\overrightarrow{{h}}_{step}\;\overleftarrow{{h}}_{step}$",
                      width=0.8, height=0.46, size=FINE)  # fmt: skip
        for cell in (one, other):
            arrow(ax, (cell.x, value.top[1]), cell.bottom, role="input")
            arrow(ax, cell.top, (cell.x, output.bottom[1]), role="output")
    ends = [
        node(ax, "state", xs[-1] + 0.62, LOW, r"$\overrightarrow{h}_3$", width=0.46, height=0.46, size=FINE),
        node(ax, "state", xs[0] - 0.66, HIGH, r"$\overleftarrow{h}_1$", width=0.46, height=0.46, size=FINE),
    ]
    for one, other in pairwise([*forward, ends[0]]):
        arrow(ax, one.right, other.left, role="state", over=True)
    for one, other in pairwise([*backward[::-1], ends[1]]):
        arrow(ax, one.left, other.right, role="state", over=True)
    shape(ax, xs[1], 0.62, "N, L, F")
    shape(ax, xs[1], OUTPUTS + 0.4, "N, L, 2H")
    _h_n(ax, xs[-1] + 0.62, "2, N, H")


def _h_n(ax: Axes, x: float, letters: str) -> None:
    """What torch hands back as h_n: the last states, on an axis of their own."""
    label(ax, x, LOW - 0.38, "$h_n$", size=FINE)
    shape(ax, x, LOW - 0.6, letters)
