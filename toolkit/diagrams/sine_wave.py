"""Notebook 1: a recurrent network, folded and unrolled, its gradients, its forecasts, and what is built around it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import hypot, pi, sin
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path

from toolkit.diagrams.parts import (
    FINE,
    FOOT,
    LINE,
    LOOKS,
    MATH,
    QUIET,
    SIZE,
    SMALL,
    TEXT,
    Node,
    Point,
    arrow,
    badges,
    canvas,
    chain,
    dots,
    expect,
    frame,
    ink,
    key,
    label,
    loop,
    node,
    outline,
    shape,
    span,
    tint,
    title,
)

__all__ = ["ALT", "PIPELINE_TASKS", "draw_backward", "draw_cell", "draw_folded_and_unrolled", "draw_forecast",
           "draw_pipeline", "draw_training_step", "draw_variants", "draw_window_shapes"]  # fmt: skip

ALT = MappingProxyType({
    "folded_and_unrolled": "Left, the folded network: the input x, (N, L, F), enters a cell with weights W, outputs "
    "of shape (N, L, H) leave it, and an arrow brings the state h back into the cell. Right, the same network "
    "unrolled: h_0 enters a row of cells, one for each step, all with the same W. Cell t takes x_t, (N, F), from below "
    "and the state of the cell before it, and hands h_t, (N, H), to the next cell and up to the outputs. The last "
    "state leaves as h_n.",
    "backward": "The unrolled network with its gradients. Grey arrows run forward: from h_t−1 and x_t to a_t, and "
    "from a_t up to h_t. Dashed arrows run backward: g_t enters each h_t from above; from h_t it goes down to a_t, "
    "times 1 − h_t squared; from a_t it goes back to h_t−1, times W_hh transposed, and down to the weights, where the "
    "shares of all steps are added up. The last arrow ends in h_0.",
    "cell": "One step of the cell. x, (N, F), passes W_ih, (H, F), and h, (N, H), passes W_hh, (H, H). Both products, "
    "(N, H), and the two biases b_ih and b_hh, (H,), meet in a sum, a, (N, H), which goes through tanh and leaves as "
    "the new state h', (N, H).",
    "window_shapes": "Left, a series of squares s_0, s_1 and so on; below it windows, each one step further right than "
    "the one before. Every window has a row of inputs and, moved to the right by the horizon, a row of targets. "
    "Right, the same numbers as two blocks, inputs and targets: down the batch N, across the time L, and into the "
    "depth the features F.",
    "forecast": "Left, one wide call of the model reads the whole context, squares s_0, s_1 and so on. Of its outputs "
    "only the last is used, the first forecast. Right, one call after the other: the forecast before it goes down "
    "and in as the next input, (N, 1, F), and the state comes from the call before. A bracket holds all forecasts, "
    "(N, steps, F).",
    "variants": "Six small networks. One to many: one input, an output at every step. Many to one: inputs at every "
    "step, one output at the end. Many to many, aligned: input and output at every step. Many to many, delayed: an "
    "encoder reads all inputs, then a decoder writes all outputs. Deep: a second row of cells reads the states of the "
    "first. Bidirectional: one row of cells runs forward, one backward, and every output sees both.",
    "pipeline": "A chain of what you will build: a series, (T,), becomes windows, (N, L, F), which go through the "
    "unrolled cell, states (N, L, H), and a linear layer to the next values, (N, L, F). From there one arrow goes over "
    "the top, back to the cell: the value is fed back. Another goes down to the loss, which also takes the targets; "
    "gradients flow from it back to the weights, which are updated. Numbered badges mark the task for each part.",
    "training_step": "Six boxes in a chain, clear, forward, loss, backward, clip, step, and an arrow from the last "
    "back to the first: the next batch. Gradients are set to zero, then the model predicts, the loss is taken, "
    "gradients flow back, are shortened to max_norm, and move the weights.",
})  # fmt: skip

PIPELINE_TASKS = MappingProxyType(
    {"windows": "1.1", "cell": "1.2", "unroll": "1.3", "bptt": "1.4", "forecast": "1.5", "training": "1.6",
     "target": "1.7"}
)  # fmt: skip

# One step, and many


def draw_folded_and_unrolled(steps: int = 4) -> Figure:
    """The network as a loop, and unrolled over `steps` steps, 2 to 6."""
    expect("steps", steps, 2, 6)
    fig, ax = canvas(4.0)
    title(ax, 0.3, 3.76, "Folded", "one cell and a loop")
    title(ax, 2.3, 3.76, f"Unrolled over $L = {steps}$ steps", "the same cell, with the same weights, at every step")
    _folded(ax, 0.85)
    arrow(ax, (1.82, 1.9), (2.2, 1.9), role="quiet", width=4)
    gap = 4.97 / (steps + 1)
    xs = [2.5 + step * gap for step in range(steps + 2)]
    before = node(ax, "state", xs[0], 1.9, "$h_0$")
    for step, x in enumerate(xs[1:-1], start=1):
        cell = _column(ax, x, f"$x_{step}$", f"$h_{step}$", "N, F", "N, H", cell_width=0.5)
        arrow(ax, before.right, cell.left, role="state")
        if step > 1:
            label(ax, (before.right[0] + cell.left[0]) / 2, 2.06, f"$h_{step - 1}$", size=FINE)
        before = cell
    last = node(ax, "state", xs[-1], 1.9, "$h_n$")
    arrow(ax, before.right, last.left, role="state")
    label(ax, (before.right[0] + last.left[0]) / 2, 2.06, f"$h_{steps}$", size=FINE)
    for x in (xs[0], xs[-1]):
        shape(ax, x, 1.52, "N, H")
    weights = "$W$ stands for $W_{ih}, b_{ih}, W_{hh}, b_{hh}$"
    key(
        ax, FOOT, [("input", "input", 1.0), ("state", "state", 0.98), ("output", "output", 1.1), ("weight", weights, 0)]
    )
    return fig


def _folded(ax: Axes, x: float) -> None:
    cell = _column(ax, x, "$x$", "outputs", "N, L, F", "N, L, H", cell_width=0.62, pill=0.82)
    right, y = cell.right
    loop(ax, cell, reach=0.36)
    label(ax, right + 0.24, y + 0.28, "$h$")
    shape(ax, right + 0.3, y - 0.32, "N, H")


def _column(
    ax, x: float, x_text: str, out_text: str, x_shape: str, out_shape: str, cell_width: float, pill=0.46
) -> Node:
    """An input, a cell with its weights and an output above each other, with arrows between them."""
    below = node(ax, "input", x, 0.98, x_text, width=0.42, height=0.42)
    cell = node(ax, "cell", x, 1.9, width=cell_width, height=0.66)
    label(ax, x, 2.06, "cell", size=SMALL)
    node(ax, "weight", x, 1.77, "$W$", width=0.38, height=0.28, size=FINE)
    above = node(ax, "output", x, 2.8, out_text, width=pill, height=0.4, size=SIZE if pill > 0.5 else MATH)
    arrow(ax, below.top, cell.bottom, role="input")
    arrow(ax, cell.top, above.bottom, role="output")
    shape(ax, x, 0.62, x_shape)
    shape(ax, x, 3.12, out_shape)
    return cell


def draw_cell() -> Figure:
    """One step of the cell, with the shape on every arrow."""
    fig, ax = canvas(3.5)
    label(ax, 4, 3.2, r"$h' = \tanh(W_{ih}\, x + b_{ih} + W_{hh}\, h + b_{hh})$", size=13)
    frame(ax, 1.42, 0.22, 6.72, 2.92, edgecolor=LOOKS["quiet"].colour, linewidth=1)
    label(ax, 1.58, 2.72, "RNN cell", colour=QUIET, size=SMALL, ha="left")
    total = node(ax, "operation", 4.3, 1.56, "$+$", width=0.42, height=0.42, size=15)
    branches = [("input", "$x$", "N, F", "ih", "H, F", 2.1, 1), ("state", "$h$", "N, H", "hh", "H, H", 1.02, -1)]
    for role, letter, letters, name, weights, y, side in branches:
        source = node(ax, role, 0.75, y, letter)
        weight = node(ax, "weight", 2.55, y, f"$W_{{{name}}}$", width=0.86, height=0.46)
        bias = node(ax, "weight", total.x, 1.56 + 0.94 * side, f"$b_{{{name}}}$", width=0.66, height=0.4)
        arrow(ax, source.right, weight.left, role=role)
        arrow(ax, weight.right, (3.55, y), total.towards(3.55, y))
        arrow(ax, bias.bottom if side > 0 else bias.top, total.top if side > 0 else total.bottom)
        shape(ax, 1.74, y + 0.17, letters)
        shape(ax, weight.x, y + 0.4 * side, weights)
        shape(ax, 3.34, y + 0.17 * side, "N, H")
        shape(ax, total.x + 0.56, bias.y, "H,")
    tanh = node(ax, "cell", 5.9, 1.56, "tanh", width=0.74, height=0.5, size=11)
    out = node(ax, "state", 7.4, 1.56, "$h'$")
    arrow(ax, total.right, tanh.left)
    arrow(ax, tanh.right, out.left, role="state")
    label(ax, 5.02, 1.73, "$a$")
    shape(ax, 5.02, 1.37, "N, H")
    shape(ax, out.x, 1.18, "N, H")
    return fig


def draw_backward(steps: int = 4) -> Figure:
    """The unrolled network with the gradients that flow back through `steps` steps, 2 to 6."""
    expect("steps", steps, 2, 6)
    fig, ax = canvas(4.95)
    gap = 6.75 / (steps + 0.2)
    states = [node(ax, "state", 0.8 + step * gap, 3.4, f"$h_{step}$") for step in range(steps + 1)]
    node(ax, "weight", 4, 0.81, width=7.4, height=0.62)
    for x, share in zip((1.55, 3.95, 6.35), SHARES, strict=True):
        label(ax, x, 0.81, share, size=MATH)
    for step in range(1, steps + 1):
        _backward_step(ax, step, states[step - 1], states[step])
    red = ink(LOOKS["gradient"].colour)
    label(ax, 0.8, 2.92, r"$\partial\mathcal{L} / \partial h_0$", colour=red, size=FINE)
    label(ax, 0.3, 4.55, "grad_outputs", size=SMALL, ha="left")
    shape(ax, 0.3, 4.33, "N, L, H", ha="left")
    entries = [
        ("→quiet", "forward", 1.1),
        ("→gradient", "gradient, backward", 2.0),
        ("weight", "weights, where the shares of all steps are added up", 0),
    ]
    key(ax, FOOT, entries)
    return fig


SHARES = (
    r"$\dfrac{\partial\mathcal{L}}{\partial W_{ih}} = \sum_t\; \dfrac{\partial\mathcal{L}}{\partial a_t}\; x_t^\top$",
    r"$\dfrac{\partial\mathcal{L}}{\partial W_{hh}} = \sum_t\; \dfrac{\partial\mathcal{L}}{\partial a_t}\; h_{t-1}^\top$",
    r"$\dfrac{\partial\mathcal{L}}{\partial b_{ih}} = \dfrac{\partial\mathcal{L}}{\partial b_{hh}}"
    r" = \sum_t\; \dfrac{\partial\mathcal{L}}{\partial a_t}$",
)


def _backward_step(ax: Axes, step: int, before: Node, state: Node) -> None:
    """The way back through one step: from g_t to h_t to a_t, and on to h_{t−1} and to the weights."""
    red = ink(LOOKS["gradient"].colour)
    entry = node(ax, "gradient", state.x, 4.45, f"$g_{step}$", width=0.46, height=0.4)
    total = node(ax, "cell", state.x, 2.25, f"$a_{step}$")
    x = node(ax, "input", state.x - 0.36, 1.47, f"$x_{step}$", width=0.36, height=0.36)
    arrow(ax, entry.bottom, state.top, role="gradient")
    # h_t = tanh(a_t): back through it, times 1 − h_t²
    arrow(ax, (state.x + 0.08, 2.48), (state.x + 0.08, 3.18), role="quiet")
    arrow(ax, (state.x - 0.08, 3.18), (state.x - 0.08, 2.48), role="gradient")
    label(ax, state.x - 0.13, 3.06, f"$1 - h_{step}^2$", colour=red, size=FINE, ha="right")
    # a_t holds W_hh h_{t−1}: back through it, times W_hh transposed
    for side, role in ((0.07, "quiet"), (-0.07, "gradient")):
        ends = _beside(before, total, side)
        arrow(ax, *(ends if role == "quiet" else ends[::-1]), role=role)
    label(ax, before.x + 0.34 * (state.x - before.x), 2.59, r"$W_{hh}^\top$", colour=red, size=FINE)
    arrow(ax, x.top, (x.x + 0.19, 2.02), role="quiet")
    arrow(ax, (state.x + 0.08, 2.02), (state.x + 0.08, 1.12), role="gradient")


def _beside(one: Node, other: Node, side: float) -> tuple[Point, Point]:
    """The ends of a line between two circles, moved so many inches to its left."""
    start, end = one.towards(other.x, other.y), other.towards(one.x, one.y)
    length = hypot(end[0] - start[0], end[1] - start[1])
    dx, dy = -side * (end[1] - start[1]) / length, side * (end[0] - start[0]) / length
    return (start[0] + dx, start[1] + dy), (end[0] + dx, end[1] + dy)


# Data and forecasts


def draw_window_shapes(T: int = 8, L: int = 4, horizon: int = 1) -> Figure:  # noqa: N803  (the notebook's letters)
    """Windows over a series of T steps, 3 to 10, and the blocks (N, L, F) that they make.

    Windows have the length L, 2 or more, and targets lie `horizon` steps later, 1 or more.
    """
    expect("T", T, 3, 10)
    expect("L", L, 2, T - 1)
    expect("horizon", horizon, 1, T - L)
    count = T - L - horizon + 1
    picks = [*range(count)] if count <= 3 else [0, 1, None, count - 1]
    size = min(0.36, 5.3 / (T + L))
    rows = [0.3 if pick is None else 2 * size + 0.16 for pick in picks]
    tall = [0.24 if pick is None else size for pick in picks]
    height = max(0.86 + size / 2 + sum(rows), 2 * sum(tall) + 1.65)
    fig, ax = canvas(height + 0.5)
    top = height + 0.24
    note = f"$T = {T}$,  $L = {L}$,  horizon = {horizon},  so  $N = T - L - \\mathrm{{horizon}} + 1 = {count}$"
    title(ax, 0.3, top, "Windows over a series", note)
    y = top - 0.66
    _strip(ax, "series", "quiet", 1.25, y, range(T), size)
    y -= size + 0.28
    for pick, room in zip(picks, rows, strict=True):
        if pick is None:
            dots(ax, 1.25 + (L + 1) * size / 2, y + size / 2 - 0.1, upright=True)
        else:
            steps = range(pick, pick + L)
            _strip(ax, f"inputs[{pick}]", "input", 1.25 + pick * size, y, steps, size)
            later = range(pick + horizon, pick + horizon + L)
            _strip(ax, f"targets[{pick}]", "target", 1.25 + (pick + horizon) * size, y - size, later, size)
        y -= room
    left = 7.05 - L * size
    _block(ax, "inputs", "input", left, top, picks, tall, L, size, 0)
    _block(ax, "targets", "target", left, top - sum(tall) - 1.05, picks, tall, L, size, horizon)
    shape(ax, 0.8, top - 0.66, "T,", ha="left")
    return fig


def _strip(ax: Axes, name: str, role: str, left: float, y: float, steps: range, size: float) -> None:
    """A row of the series' values, its name at the left margin."""
    if name:
        label(ax, 0.3, y, name, size=SMALL, ha="left")
    for place, step in enumerate(steps):
        x = left + (place + 0.5) * size
        side = size - 0.04
        box = "square" if role == "quiet" else LOOKS[role].outline
        look = LOOKS[role]
        fill = "white" if role == "quiet" else tint(look.colour)
        style = {"facecolor": fill, "edgecolor": look.line, "linestyle": look.dash}
        outline(ax, box, x, y, side, side, linewidth=1.2, zorder=4, **style)
        label(ax, x, y, f"$s_{{{step}}}$", size=FINE if size > 0.3 else SMALL)


def _block(ax, name: str, role: str, left: float, top: float, picks: list, tall: list, L: int, size: float, shift: int):  # noqa: N803
    """A tensor (N, L, F) as a block: windows below each other, time to the right, features into the depth."""
    label(ax, left, top, name, ha="left", fontweight="bold")
    shape(ax, 7.7, top, "N, L, F", ha="right")
    depth, up = 0.26, 0.2
    high, right, low = top - 0.22 - up, left + L * size, top - 0.22 - up - sum(tall)
    edge = {"facecolor": tint(LOOKS[role].colour, 0.3), "edgecolor": LOOKS["quiet"].colour, "linewidth": 0.9}
    lid = [(left, high), (right, high), (right + depth, high + up), (left + depth, high + up)]
    side = [(right, high), (right + depth, high + up), (right + depth, low + up), (right, low)]
    front = [(left, high), (right, high), (right, low), (left, low)]
    for face, fill in ((lid, edge["facecolor"]), (side, edge["facecolor"]), (front, "white")):
        ax.add_patch(Polygon(face, **{**edge, "facecolor": fill}, joinstyle="round", zorder=1))
    y = high
    for pick, room in zip(picks, tall, strict=True):
        if pick is None:
            dots(ax, (left + right) / 2, y - room / 2, upright=True)
        else:
            _strip(ax, "", role, left, y - room / 2, range(pick + shift, pick + shift + L), size)
        y -= room
    label(ax, left - 0.16, (high + low) / 2, "batch $N$", colour=QUIET, size=SMALL, rotation=90)
    label(ax, (left + right) / 2, low - 0.16, "time $L$", colour=QUIET, size=SMALL)
    label(ax, right + 0.1, low + 0.04, "feature $F$", colour=QUIET, size=SMALL, ha="left", va="top")


def draw_forecast(context: int = 4, steps: int = 3) -> Figure:
    """A model that reads `context` steps in one call, then feeds on its own forecasts: `steps` of them.

    Both are 2 or more, together at most 9.
    """
    expect("context", context, 2, 7)
    expect("steps", steps, 2, 9 - context)
    fig, ax = canvas(4.4)
    gap = 7.2 / (context + steps - 1)
    xs = [0.4 + (place + 0.5) * gap for place in range(context + steps - 1)]
    model, pill = _read(ax, xs[:context])
    turn = model.right[0] + 0.22 * (xs[context] - 0.28 - model.right[0])
    frame(ax, 0.3, 0.52, turn - 0.03, 3.32, "input")
    frame(ax, turn + 0.03, 0.52, 7.7, 3.32, "output")
    title(ax, 0.3, 4.16, "Context", "known, read in one call")
    label(ax, 7.7, 4.16, "Rollout", ha="right", fontweight="bold")
    label(ax, 7.7, 3.92, "fed back, one value per call", colour=QUIET, size=SMALL, ha="right")
    span(ax, pill.left[0], xs[-1] + 0.26, 3.42)
    shape(ax, (pill.left[0] + xs[-1] + 0.26) / 2, 3.6, r"N, \mathrm{steps}, F")
    for step, x in enumerate(xs[context:], start=context):
        model, pill = _feed_back(ax, x, step, model, pill)
    known, fed = ("input", "known value", 1.5), ("fed", "forecast, fed back", 1.95)
    key(ax, FOOT, [known, ("output", "forecast", 1.3), fed, ("→state", "state", 0)])
    return fig


def _read(ax: Axes, xs: list[float]) -> tuple[Node, Node]:
    """The one call that reads the context, and its last output, the first forecast."""
    model = node(ax, "cell", (xs[0] + xs[-1]) / 2, 2.02, "model", width=xs[-1] - xs[0] + 0.56, height=0.5, size=SIZE)
    shape(ax, model.x, 0.76, "N, L, F")
    for step, x in enumerate(xs):
        last = step == len(xs) - 1
        source = node(ax, "input", x, 1.18, f"$s_{step}$", width=0.42, height=0.42)
        pill = node(
            ax, "output", x, 2.9, rf"$\hat{{s}}_{len(xs)}$" if last else "", width=0.52, height=0.4, pale=not last
        )
        arrow(ax, source.top, (x, model.bottom[1]), role="input")
        arrow(ax, (x, model.top[1]), pill.bottom, role="output" if last else "quiet")
    return model, pill


def _feed_back(ax: Axes, x: float, step: int, model: Node, pill: Node) -> tuple[Node, Node]:
    """One more call: the last forecast goes in, with the last call's state; the next one comes out."""
    source = node(ax, "fed", x, 1.18, rf"$\hat{{s}}_{step}$", width=0.42, height=0.42)
    called = node(ax, "cell", x, 2.02, "model", width=0.56, height=0.5, size=SMALL)
    following = node(ax, "output", x, 2.9, rf"$\hat{{s}}_{step + 1}$", width=0.52, height=0.4)
    bend = model.right[0] + 0.45 * (called.left[0] - model.right[0])
    arrow(ax, model.right, called.left, role="state")
    arrow(ax, pill.right, (bend, pill.y), (bend, source.y), source.left, role="output", over=True)
    arrow(ax, source.top, called.bottom, role="output")
    arrow(ax, called.top, following.bottom, role="output")
    shape(ax, x, 0.76, "N, 1, F")
    return called, following


# Overviews


def draw_variants() -> Figure:
    """Six ways to wire a recurrent network, each with an example of its use."""
    fig, ax = canvas(5.7)
    for place, (name, use, inputs, outputs, layers) in enumerate(VARIANTS):
        left, top = 0.3 + 2.58 * (place % 3), 5.46 - 2.6 * (place // 3)
        title(ax, left, top, name, use)
        draw = _both_ways if layers == "both" else _wired
        for text, right, down in NOTES.get(name, ()):
            label(ax, left + right, top - down, text, size=SMALL)
        draw(ax, left + 0.05, top - 2.02, inputs, outputs, layers)
    key(ax, FOOT, [("input", "input", 1.0), ("cell", "cell", 0.95), ("output", "output", 1.1), ("→state", "state", 0)])
    return fig


# name, use, inputs and outputs as text with x where there is one, rows of cells
VARIANTS = (
    ("One to many", "caption an image", "x...", "xxxx", 1),
    ("Many to one", "sentiment of a review", "xxxx", "...x", 1),
    ("Many to many, aligned", "tag words, forecast each step", "xxxx", "xxxx", 1),
    ("Many to many, delayed", "translate a sentence", "xx...", "..xxx", 1),
    ("Deep", "recognise speech", "xxxx", "xxxx", 2),
    ("Bidirectional", "find names in a text", "xxxx", "xxxx", "both"),
)


# words inside a panel: text, inches from its left, inches from its top
NOTES = {"Many to many, delayed": (("encoder", 0.5, 1.02), ("decoder", 1.62, 1.62))}


def _wired(ax: Axes, left: float, bottom: float, inputs: str, outputs: str, layers: int) -> None:
    """Rows of cells over inputs and under outputs, where there are any."""
    gap = 2.25 / len(inputs)
    for place, (has_input, has_output) in enumerate(zip(inputs, outputs, strict=True)):
        x = left + (place + 0.5) * gap
        rise = 1.4 / (layers + 1)
        column = [_cell(ax, x, bottom + rise * row) for row in range(1, layers + 1)]
        if place:
            for cell in column:
                arrow(ax, (cell.left[0] - gap + 2 * (x - cell.left[0]), cell.y), cell.left, role="state")
        if has_input == "x":
            arrow(ax, _input(ax, x, bottom).top, column[0].bottom, role="input")
        for lower, upper in pairwise(column):
            arrow(ax, lower.top, upper.bottom, role="state")
        if has_output == "x":
            arrow(ax, column[-1].top, _output(ax, x, bottom + 1.4).bottom, role="output")


def _both_ways(ax: Axes, left: float, bottom: float, inputs: str, _outputs: str, _layers: str) -> None:
    """A row of cells that runs forward and one that runs backward, between inputs and outputs that both rows share."""
    gap, aside = 2.25 / len(inputs), 0.09
    low, high = bottom + 0.48, bottom + 0.92
    for place in range(len(inputs)):
        x = left + (place + 0.5) * gap
        forward, backward = _cell(ax, x - aside, low, 0.15), _cell(ax, x + aside, high, 0.15)
        source, result = _input(ax, x, bottom, 0.34), _output(ax, x, bottom + 1.4, 0.4)
        arrow(ax, (forward.x, source.top[1]), forward.bottom, role="input")
        arrow(ax, (backward.x, source.top[1]), backward.bottom, role="input")
        arrow(ax, forward.top, (forward.x, result.bottom[1]), role="output")
        arrow(ax, backward.top, (backward.x, result.bottom[1]), role="output")
        if place:
            arrow(ax, (forward.right[0] - gap, low), forward.left, role="state", over=True)
            arrow(ax, backward.left, (backward.right[0] - gap, high), role="state", over=True)


def _cell(ax: Axes, x: float, y: float, width: float = 0.24) -> Node:
    return node(ax, "cell", x, y, width=width, height=0.24)


def _input(ax: Axes, x: float, y: float, width: float = 0.22) -> Node:
    return node(ax, "input", x, y, width=width, height=0.22)


def _output(ax: Axes, x: float, y: float, width: float = 0.3) -> Node:
    return node(ax, "output", x, y, width=width, height=0.2)


def draw_pipeline(tasks: Mapping[str, str] = PIPELINE_TASKS) -> Figure:
    """What the notebook builds, from the series to the forecast, with the number of the task for each part.

    `tasks` maps parts, keys of `PIPELINE_TASKS`, to numbers; a part that it leaves out has no badge.
    """
    fig, ax = canvas(4.0)
    y = 2.55
    series = _wave(ax, 0.85, y)
    windows = _stack(ax, 2.5, y)
    cells = chain(ax, 4.35, y)
    linear = node(ax, "cell", 5.98, y, "linear", width=0.72, height=0.5, size=SMALL)
    value = node(ax, "output", 7.2, y, r"$\hat{y}$", width=0.56, height=0.44)
    for start, end, role in (
        (series, windows, "cell"),
        (windows, cells, "input"),
        (cells, linear, "state"),
        (linear, value, "output"),
    ):
        arrow(ax, start.right, end.left, role=role)
    for part, name, letters in (
        (series, "series", "T,"),
        (windows, "windows", "N, L, F"),
        (cells, "cell, unrolled", "N, L, H"),
        (linear, "layer", r"H \to F"),
        (value, "next values", "N, L, F"),
    ):
        label(ax, part.x, y - 0.54, name, size=SMALL)
        shape(ax, part.x, y - 0.78, letters)
    arrow(ax, value.top, (value.x, 3.55), (cells.x, 3.55), cells.top, role="output")
    label(ax, 5.8, 3.75, "fed back", size=SMALL, ha="left")
    _learning(ax, windows, cells, value)
    badges(ax, BADGES, tasks)
    return fig


# where each badge stands
BADGES = {
    "windows": (1.63, 2.8),
    "cell": (3.85, 2.92),
    "unroll": (4.85, 2.92),
    "forecast": (5.55, 3.75),
    "bptt": (5.18, 1.15),
    "training": (4.08, 1.37),
    "target": (6.5, 0.46),
}


def _learning(ax: Axes, windows: Node, cells: Node, value: Node) -> None:
    """The lower half of the pipeline: forecasts and targets meet in the loss, whose gradients change the weights."""
    loss = node(ax, "loss", 6.0, 0.95, "loss", width=0.86, height=0.6, size=SMALL)
    weights = node(ax, "weight", cells.x, 0.95, "weights", width=0.9, height=0.42, size=SMALL)
    side = value.right[0] + 0.2
    arrow(ax, value.right, (side, value.y), (side, loss.y), loss.right, role="output")
    arrow(ax, (windows.x, 1.6), (windows.x, 0.3), (loss.x, 0.3), loss.bottom, role="target")
    arrow(ax, loss.left, weights.right, role="gradient")
    arrow(ax, weights.top, (cells.x, 1.6), role="weight")
    label(ax, windows.x + 0.12, 0.45, "targets", size=SMALL, ha="left")
    label(ax, 5.18, 0.78, "gradients", size=SMALL)
    label(ax, cells.x + 0.1, 1.37, "update", size=SMALL, ha="left")
    label(ax, 6.74, 0.46, "small enough?", size=SMALL, ha="left")


def _wave(ax: Axes, x: float, y: float) -> Node:
    """A small picture of a series."""
    panel = Node(x, y, 0.9, 0.6)
    points = [(x + 0.4 * (k / 30 - 1), y + 0.2 * sin(pi * k / 12)) for k in range(61)]
    outline(ax, "square", x, y, 0.9, 0.6, facecolor="white", edgecolor=LOOKS["quiet"].colour, linewidth=1)
    ax.add_patch(PathPatch(Path(points), fill=False, edgecolor=TEXT, linewidth=LINE))
    return panel


def _stack(ax: Axes, x: float, y: float) -> Node:
    """A small picture of windows, each a step later than the one above it."""
    for row in range(3):
        for place in range(4):
            at = x + 0.16 * (row + place - 2.5), y + 0.2 * (1 - row)
            outline(ax, "square", *at, 0.13, 0.13, facecolor=tint(LOOKS["input"].colour), edgecolor=LOOKS["input"].line)
    return Node(x, y, 1.02, 0.6)


def draw_training_step() -> Figure:
    """What a training step does, in order."""
    fig, ax = canvas(1.75)
    parts = []
    for place, (role, name, formula) in enumerate(TRAINING):
        x = 0.82 + 1.272 * place
        parts.append(node(ax, role, x, 0.82, name, width=0.94, height=0.62 if role == "loss" else 0.5, size=SIZE))
        label(ax, x, 0.28, formula, colour=QUIET, size=FINE)
    for one, other in pairwise(parts):
        arrow(ax, one.right, other.left)
    first, last = parts[0], parts[-1]
    arrow(ax, last.top, (last.x, 1.34), (first.x, 1.34), first.top, role="quiet")
    label(ax, 4, 1.5, "next batch", colour=QUIET, size=SMALL)
    return fig


TRAINING = (
    ("gradient", "clear", r"$\partial\mathcal{L} / \partial\theta \leftarrow 0$"),
    ("cell", "forward", r"$\hat{y} = f_\theta(x)$"),
    ("loss", "loss", r"$\mathcal{L}(\hat{y}, y)$"),
    ("gradient", "backward", r"$\partial\mathcal{L} / \partial\theta$"),
    ("gradient", "clip", r"$\Vert g \Vert \leq \mathrm{max\_norm}$"),
    ("weight", "step", r"$\theta \leftarrow \theta - \ldots$"),
)
