"""Chapter 3: what a product of Jacobians does to a circle, how much of a gradient arrives, and what is learnt of it."""

from __future__ import annotations

from math import cos, pi, radians, sin

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from docs.figures.kit import figure
from toolkit.diagrams.parts import LOOKS, QUIET, SMALL, canvas, label, tint, title
from toolkit.plots import plot_reach, plot_recall
from toolkit.recorded import recorded

Matrix = tuple[tuple[float, float], tuple[float, float]]

TURN = radians(70)
PRODUCTS = (  # what a step does, its consequence, the lengths of the half-axes of one step
    (
        "Vanishes",
        "each step makes one direction\n1.1 times as long, the other\n0.36 times, and turns both",
        (1.1, 0.36),
    ),
    ("Stays", "each step is a rotation:\nboth singular values are 1", (1.0, 1.0)),
    ("Explodes", "1.5 times and 0.88 times:\nmore is gained than lost", (1.5, 0.88)),
)
COUNTS = (0, 1, 2, 4, 6)  # steps back
UNIT = 0.2  # inches: the radius of the circle


@figure("product-of-jacobians")
def product_of_jacobians() -> Figure:
    fig, ax = canvas(4.75)
    xs = [3.35 + 1.0 * place for place in range(len(COUNTS))]
    label(ax, 0.3, 4.42, "steps back", colour=QUIET, size=SMALL, ha="left")
    for count, x in zip(COUNTS, xs, strict=True):
        label(ax, x, 4.42, f"{count}", colour=QUIET)
    for row, (name, words, lengths) in enumerate(PRODUCTS):
        y = 3.6 - 1.3 * row
        title(ax, 0.3, y + 0.33, name)
        label(ax, 0.3, y + 0.17, words, colour=QUIET, size=SMALL, ha="left", va="top", linespacing=1.35)
        for count, x in zip(COUNTS, xs, strict=True):
            _turned(ax, x, y, _power(_step(*lengths), count))
    return fig


def _step(longer: float, shorter: float) -> Matrix:
    """A matrix that stretches along the axes, by these singular values, and then turns."""
    return ((longer * cos(TURN), -shorter * sin(TURN)), (longer * sin(TURN), shorter * cos(TURN)))


def _power(matrix: Matrix, count: int) -> Matrix:
    (a, b), (c, d) = (1.0, 0.0), (0.0, 1.0)
    (p, q), (r, s) = matrix
    for _ in range(count):
        (a, b), (c, d) = (p * a + q * c, p * b + q * d), (r * a + s * c, r * b + s * d)
    return (a, b), (c, d)


def _turned(ax: Axes, x: float, y: float, matrix: Matrix) -> None:
    """All gradients of length 1 after these steps: an ellipse around (x, y), in front of the circle that they were."""
    (a, b), (c, d) = matrix
    around = [(cos(pi * k / 36), sin(pi * k / 36)) for k in range(72)]
    for points, style in (
        (around, {"fill": False, "edgecolor": "#9A9A9A", "linestyle": (0, (1, 1.3))}),
        ([(a * u + b * v, c * u + d * v) for u, v in around],
         {"facecolor": tint(LOOKS["gradient"].colour, 0.3), "edgecolor": LOOKS["gradient"].line}),
    ):  # fmt: skip
        ax.add_patch(Polygon([(x + UNIT * u, y + UNIT * v) for u, v in points], linewidth=1.2, zorder=4, **style))


# Measured

# in the order, and so in the colours, that the networks of the other figure have; there chrono is the fifth
ROWS = ("RNN", "RNN, orthogonal", "LSTM", "LSTM, forget bias 2", "RNN, W_hh × 4", "GRU", "GRU, update bias 2")
STEPS = range(1, 50)


@figure("gradient-by-distance")
def gradient_by_distance() -> Figure:
    entries = recorded("reach").entries["gradient at h"]
    return plot_reach(
        {name: entries[name]["by distance"] for name in ROWS}, unit="share of the gradient\nthat arrives at h"
    )


@figure("bound-and-rate")
def bound_and_rate() -> Figure:
    """What the largest singular value of W_hh allows over so many steps, what its largest eigenvalue says, and what happens."""
    entries = recorded("reach").entries
    product = entries["largest singular value"]["RNN"]
    largest, radius = (product[name]["median"] for name in ("of W_hh", "largest eigenvalue of W_hh"))
    lines = {
        f"largest singular value\nof $W_{{hh}}$, {largest:.2f} a step": [largest**steps for steps in STEPS],
        f"largest eigenvalue\nof $W_{{hh}}$, {radius:.2f} a step": [radius**steps for steps in STEPS],
        "largest singular value\nof the product": product["by distance"],
        "the gradient itself": entries["gradient at h"]["RNN"]["by distance"],
    }
    return plot_reach(lines, unit="share that is left")


@figure("recall-by-lag")
def recall_by_lag() -> Figure:
    return plot_recall({task: recorded(f"memory_{task.split()[0]}").scores for task in ("dense echo", "marked recall")})
