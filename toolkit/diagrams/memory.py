"""Notebook 2: what is to be remembered, how a gradient gets back to it, and what is built around it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from toolkit.diagrams.parts import (
    FINE,
    FOOT,
    LINE,
    LOOKS,
    QUIET,
    SIZE,
    SMALL,
    Node,
    arrow,
    badges,
    canvas,
    chain,
    ink,
    key,
    label,
    node,
    outline,
    shape,
    tint,
    title,
)

__all__ = ["ALT", "MEMORY_TASKS", "draw_echo_tasks", "draw_gradient_paths", "draw_memory_pipeline"]

ALT = MappingProxyType({
    "echo_tasks": "Two tasks, each as rows over twelve time steps. Dense echo: below a row of input bits lies a row of "
    "targets, the same bits three steps later; an arrow of length lag joins a bit and its target, and the first three "
    "targets are pale, since the mask leaves them out. Marked recall: below a row of values lies a row of markers with "
    "a single 1; only the target lag steps after the marker counts, and it is the marked value.",
    "gradient_paths": "Two networks over four steps, with dashed arrows for the gradient, which runs back from the loss "
    "at h_4. Above, a vanilla RNN: from each state to the one before it the gradient is multiplied by the matrix "
    "diag(1 − h_t²) W_hh. Below, an LSTM: along the row of cell states the gradient is multiplied by f_t only, entry "
    "by entry; thin arrows show the other ways, from h_t up to c_t and through the gates down to the state h before it.",
    "memory_pipeline": "A chain of what you will build, with a numbered badge for each task: echo_batch makes "
    "inputs, (N, L, F), which go through an LSTM or GRU cell, unrolled, outputs (N, L, H), and a linear layer to "
    "one logit for each step, (N, L). The masked loss compares them with the targets; its gradients are clipped "
    "and change the weights. Beside the chain stand what you measure, gradient norms going back through time and "
    "the loss surface around the weights, and the first biases that you choose.",
})  # fmt: skip

MEMORY_TASKS = MappingProxyType(
    {"echo": "2.1", "lstm": "2.2", "gru": "2.3", "unroll": "2.4", "norms": "2.5", "clip": "2.6", "surface": "2.7",
     "loss": "2.8", "biases": "2.9"}
)  # fmt: skip


# The tasks

BITS = "101100101101"
DENSE_LAG, MARKED_LAG, MARKED = 3, 8, 2  # steps; the bit at step MARKED is marked
STEPS = range(len(BITS))
TILE, PITCH = 0.36, 0.45  # inches


def draw_echo_tasks() -> Figure:
    """What the notebook's two tasks ask for, and at which steps."""
    fig, ax = canvas(5.8)
    _dense(ax, 5.54)
    _marked(ax, 3.04)
    node(ax, "target", 3.37, FOOT, width=0.3, height=0.2, pale=True)
    label(ax, 3.62, FOOT, "left out, mask False", colour=QUIET, size=SMALL, ha="left")
    key(ax, FOOT, [("input", "input", 1.0), ("target", "target, mask True", 0)])
    return fig


def _dense(ax: Axes, top: float) -> None:
    title(
        ax, 0.3, top, "Dense echo", f"at every step $t \\geq \\mathrm{{lag}}$, the bit of lag = {DENSE_LAG} steps ago"
    )
    _times(ax, top - 0.6)
    inputs = _row(ax, top - 0.91, "inputs", "input", BITS, STEPS)
    echo = " " * DENSE_LAG + BITS[:-DENSE_LAG]
    targets = _row(ax, top - 1.79, "targets", "target", echo, STEPS[DENSE_LAG:])
    _lag(ax, inputs[5], targets[5 + DENSE_LAG])
    shape(ax, 7.7, inputs[0].y, "N, L, 1", ha="right")
    shape(ax, 7.7, targets[0].y, "N, L", ha="right")


def _marked(ax: Axes, top: float) -> None:
    title(ax, 0.3, top, "Marked recall", f"at one step, the bit that was marked lag = {MARKED_LAG} steps ago")
    _times(ax, top - 0.6)
    values = _row(ax, top - 0.91, "values", "input", BITS, STEPS)
    markers = _row(ax, top - 1.33, "markers", "input", ["1" if step == MARKED else "0" for step in STEPS], [MARKED])
    asked = MARKED + MARKED_LAG
    recall = [BITS[MARKED] if step == asked else "" for step in STEPS]
    targets = _row(ax, top - 2.21, "targets", "target", recall, [asked])
    _lag(ax, markers[MARKED], targets[asked])
    shape(ax, 7.7, (values[0].y + markers[0].y) / 2, "N, L, 2", ha="right")
    shape(ax, 7.7, targets[0].y, "N, L", ha="right")


def _times(ax: Axes, y: float) -> None:
    """The number of each step, over its column."""
    label(ax, 0.3, y, "$t$", colour=QUIET, size=FINE, ha="left")
    for step in STEPS:
        label(ax, _column(step), y, f"${step}$", colour=QUIET, size=FINE)


def _row(ax: Axes, y: float, name: str, role: str, bits: Sequence[str], counted: Collection[int]) -> list[Node]:
    """A row of bits, one for each step, pale where it doesn't count."""
    label(ax, 0.3, y, name, size=SMALL, ha="left")
    size = {"width": TILE, "height": TILE, "size": SIZE}
    return [node(ax, role, _column(t), y, bits[t].strip(), pale=t not in counted, **size) for t in STEPS]


def _column(step: int) -> float:
    return 1.5 + PITCH * step


def _lag(ax: Axes, one: Node, other: Node) -> None:
    """The way from a bit to the step that asks for it."""
    y = (one.y + other.y) / 2
    arrow(ax, one.bottom, (one.x, y), (other.x, y), other.top)
    label(ax, (one.x + other.x) / 2, y + 0.13, "lag", size=SMALL)


# The way back

SPAN = 4  # steps
THICK, THIN = 2.6, 0.9  # points


def draw_gradient_paths() -> Figure:
    """What a gradient is multiplied by on its way back through a vanilla RNN, and through an LSTM."""
    fig, ax = canvas(4.9)
    title(ax, 0.3, 4.64, "Vanilla RNN", "each step multiplies by a full matrix, (H, H)")
    product = r"$\dfrac{\partial h_4}{\partial h_0} = J_4\, J_3\, J_2\, J_1$"
    label(ax, 7.7, 4.52, product + r",   $J_t = \mathrm{diag}(1 - h_t^2)\; W_{hh}$", ha="right")
    states = _back(ax, 3.53, "h", r"$\mathrm{diag}(1 - h_%d^2)\, W_{hh}$", LINE)
    _from_loss(ax, states[-1])
    title(ax, 0.3, 2.84, "LSTM", "along c, each step multiplies by the forget gate, entry by entry")
    product = r"$\mathrm{diag}(f_4 \odot f_3 \odot f_2 \odot f_1)$"
    label(ax, 7.7, 2.72, "along $c$ alone:  " + product, ha="right")
    cells = _back(ax, 1.84, "c", r"$f_%d$", THICK)
    states = _back(ax, 0.84, "h", "", THIN)
    _from_loss(ax, states[-1])
    for step in range(SPAN + 1):
        _side_ways(ax, step, cells, states)
    key(ax, FOOT, [("→gradient", "gradient, backward; thin: through h and the gates", 0)])
    return fig


def _back(ax: Axes, y: float, letter: str, factor: str, width: float) -> list[Node]:
    """A row of states, and the gradient's way from each to the one before it, with its factor."""
    states = [node(ax, "state", 0.62 + 1.5 * step, y, f"${letter}_{step}$") for step in range(SPAN + 1)]
    for step, (before, state) in enumerate(pairwise(states), start=1):
        arrow(ax, state.left, before.right, role="gradient", width=width)
        if factor:
            label(
                ax,
                (before.x + state.x) / 2,
                y + (0.33 if letter == "h" else 0.2),
                factor % step,
                colour=ink(LOOKS["gradient"].colour),
            )
    return states


def _from_loss(ax: Axes, state: Node) -> None:
    loss = node(ax, "loss", 7.44, state.y, r"$\mathcal{L}$", width=0.52, height=0.52)
    arrow(ax, loss.left, state.right, role="gradient")


def _side_ways(ax: Axes, step: int, cells: list[Node], states: list[Node]) -> None:
    """The ways beside c: from h_t up to c_t, and from c_t through the gates to h_{t−1}."""
    if step:
        cell, state, before = cells[step], states[step], states[step - 1]
        arrow(ax, state.top, cell.bottom, role="gradient", width=THIN)
        arrow(ax, cell.towards(before.x, before.y), before.towards(cell.x, cell.y), role="gradient", width=THIN)


# What is built


def draw_memory_pipeline(tasks: Mapping[str, str] = MEMORY_TASKS) -> Figure:
    """What the notebook builds, from the bits to the clipped gradients, with the number of the task for each part.

    `tasks` maps parts, keys of `MEMORY_TASKS`, to numbers; a part that it leaves out has no badge.
    """
    fig, ax = canvas(4.6)
    y = 3.2
    echo = node(ax, "cell", 0.85, y, "echo_batch", width=1.0, height=0.5, size=SMALL)
    inputs = _bits(ax, 2.35, y)
    cells = chain(ax, 4.1, y)
    linear = node(ax, "cell", 5.68, y, "linear", width=0.72, height=0.5, size=SMALL)
    logits = node(ax, "output", 6.85, y, "logits", width=0.78, height=0.44, size=SMALL)
    for one, other, role in (
        (echo, inputs, "cell"),
        (inputs, cells, "input"),
        (cells, linear, "state"),
        (linear, logits, "output"),
    ):
        arrow(ax, one.right, other.left, role=role)
    for part, name, letters in (
        (inputs, "inputs", "N, L, F"),
        (cells, "LSTM or GRU, unrolled", "N, L, H"),
        (linear, "layer", r"H \to 1"),
        (logits, "one per step", "N, L"),
    ):
        label(ax, part.x, y - 0.54, name, size=SMALL)
        shape(ax, part.x, y - 0.78, letters)
    arrow(ax, (4.9, 3.9), (3.3, 3.9), role="gradient")
    label(ax, 3.72, 4.18, "gradient norms", size=SMALL, ha="left")
    _descent(ax, echo, cells, logits)
    badges(ax, MEMORY_PLACES, tasks)
    return fig


# where each badge stands
MEMORY_PLACES = {
    "echo": (0.85, 3.62),
    "lstm": (3.42, 3.56),
    "gru": (3.82, 3.56),
    "unroll": (4.6, 3.56),
    "norms": (3.48, 4.18),
    "clip": (5.52, 1.62),
    "surface": (1.9, 0.56),
    "loss": (6.85, 1.8),
    "biases": (3.5, 0.56),
}


def _descent(ax: Axes, echo: Node, cells: Node, logits: Node) -> None:
    """The lower half: the loss, its clipped gradients, the weights, where they begin and what lies around them."""
    y = 1.2
    loss = node(ax, "loss", logits.x, y, "masked\nloss", width=1.12, height=0.84, size=SMALL)
    clip = node(ax, "gradient", 5.52, y, "clip", width=0.7, height=0.44, size=SMALL)
    weights = node(ax, "weight", cells.x, y, "weights", width=0.9, height=0.42, size=SMALL)
    surface = _contours(ax, 2.35, y)
    side = logits.right[0] + 0.4
    arrow(ax, logits.right, (side, logits.y), (side, y), loss.right, role="output")
    arrow(ax, echo.bottom, (echo.x, 0.25), (loss.x, 0.25), loss.bottom, role="target")
    arrow(ax, loss.left, clip.right, role="gradient")
    arrow(ax, clip.left, weights.right, role="gradient")
    arrow(ax, weights.top, (cells.x, 2.25), role="weight")
    arrow(ax, weights.left, surface.right, role="quiet")
    arrow(ax, (weights.x, 0.66), weights.bottom, role="weight")
    label(ax, 0.97, 1.98, "targets, mask", size=SMALL, ha="left")
    label(ax, cells.x + 0.1, 1.8, "update", size=SMALL, ha="left")
    label(ax, 2.15, 0.56, "loss surface", size=SMALL, ha="left")
    label(ax, 3.74, 0.56, "first biases", size=SMALL, ha="left")


def _bits(ax: Axes, x: float, y: float) -> Node:
    """A small picture of a batch of bits."""
    look = LOOKS["input"]
    for row in range(3):
        for place in range(5):
            fill = look.line if BITS[4 * row + place :][:1] == "1" else tint(look.colour)
            at = x + 0.18 * (place - 2), y + 0.2 * (1 - row)
            outline(ax, "square", *at, 0.13, 0.13, facecolor=fill, edgecolor=look.line)
    return Node(x, y, 0.94, 0.6)


def _contours(ax: Axes, x: float, y: float) -> Node:
    """A small picture of a loss around its minimum."""
    panel = Node(x, y, 0.9, 0.66)
    outline(
        ax, "square", x, y, panel.width, panel.height, facecolor="white", edgecolor=LOOKS["quiet"].colour, linewidth=1
    )
    for size in (0.18, 0.38, 0.58):
        style = {"fill": False, "edgecolor": LOOKS["loss"].line, "linewidth": 1.2}
        ax.add_patch(Ellipse((x, y), 1.25 * size, 0.8 * size, angle=25, **style))
    return panel
