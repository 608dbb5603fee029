"""Notebook 2: cells with gates, and how any cell is unrolled."""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import (
    FINE,
    FOOT,
    LOOKS,
    QUIET,
    SIZE,
    SMALL,
    Node,
    Point,
    arrow,
    canvas,
    frame,
    key,
    label,
    node,
    shape,
    span,
    title,
)

__all__ = ["ALT", "draw_gru_cell", "draw_lstm_cell", "draw_states"]

ALT = MappingProxyType({
    "lstm_cell": "In one step of an LSTM, the cell state c runs along the top in a straight line: it is "
    "multiplied by the forget gate f, then i times g is added, the input gate times the candidate, and it leaves "
    "as c', (N, H). Below, x, (N, F), and h, (N, H), pass the weights and give a, (N, 4H), whose four parts feed "
    "the gates f, i and o through a sigmoid and the candidate g through a tanh. A branch of c' goes through a "
    "tanh, is multiplied by the output gate o and leaves as h', (N, H).",
    "gru_cell": "In one step of a GRU, the state h runs along the top: it is multiplied by the update gate z, "
    "then 1 − z times the candidate n is added, and it leaves as h', (N, H). For the candidate, h first passes "
    "W_hn and b_hn, and only this product is multiplied by the reset gate r; then W_in x + b_in is added, and a "
    "tanh gives n. Both gates read x, (N, F), and h, (N, H), through a sigmoid.",
    "states": "The same loop over three steps with two kinds of cells: left, an RNN or GRU, where one arrow, h, "
    "runs from cell to cell; right, an LSTM, where two do, h and c, and the state is the tuple (h, c). In both, "
    "only the h's go up to the outputs, (N, L, H), and the state after the last step is handed back as the cell "
    "gave it: h_3, or (h_3, c_3).",
})  # fmt: skip

STATE_LINE = 2.6  # points: the path along which a state is kept


def draw_lstm_cell() -> Figure:
    """One step of an LSTM: the cell state's straight path, and the gates that act on it."""
    fig, ax = canvas(5.35)
    label(ax, 4, 5.05, r"$c' = f \odot c + i \odot g \qquad\quad h' = o \odot \tanh(c')$", size=13)
    _body(ax, "LSTM cell", r"rows of $W_{ih}$, $(4H, F)$, and $W_{hh}$, $(4H, H)$: $i, f, g, o$")
    c, c_next = _states(ax, 4.08, "c")
    keep, add = _operation(ax, r"$\times$", 1.98, c.y), _operation(ax, "$+$", 3.83, c.y)
    for one, other in ((c, keep), (keep, add), (add, c_next)):
        arrow(ax, one.right, other.left, role="state", width=STATE_LINE)
    forget, write, candidate, read = _lstm_gates(ax)
    product = _operation(ax, r"$\times$", add.x, 3.05)
    arrow(ax, forget.top, keep.bottom)
    arrow(ax, write.top, (write.x, product.y), product.left)
    arrow(ax, candidate.top, (candidate.x, product.y), product.right)
    arrow(ax, product.top, add.bottom)
    _lstm_output(ax, c.y, read)
    return fig


def _lstm_gates(ax: Axes) -> list[Node]:
    """The product that all gates share, and its four parts, each through its own function."""
    product = node(ax, "weight", 3.83, 0.9, LSTM_PRODUCT, width=3.7, height=0.52)
    for role, letter, letters, y in (("input", "$x$", "N, F", 1.42), ("state", "$h$", "N, H", 0.64)):
        source = node(ax, role, 0.75, y, letter)
        arrow(ax, source.right, (1.5, y), product.left, role=role)
        shape(ax, source.x, y - 0.37, letters)
    shape(ax, 4.2, 1.31, "N, 4H")
    return [_lstm_gate(ax, product, *gate) for gate in LSTM_GATES]


LSTM_PRODUCT = r"$a = W_{ih}\, x + b_{ih} + W_{hh}\, h + b_{hh}$"
LSTM_GATES = (
    (1.98, "forget gate $f$", r"$\sigma(a_f)$"),
    (3.21, "input gate $i$", r"$\sigma(a_i)$"),
    (4.45, "candidate $g$", r"$\tanh(a_g)$"),
    (5.68, "output gate $o$", r"$\sigma(a_o)$"),
)


def _lstm_gate(ax: Axes, product: Node, x: float, name: str, function: str) -> Node:
    gate = _gate(ax, x, 2.2, name, function)
    arrow(ax, product.top, (product.x, 1.5), (x, 1.5), gate.bottom)
    return gate


def _lstm_output(ax: Axes, line: float, read: Node) -> None:
    """The branch from the new cell state through tanh and the output gate to the new state h'."""
    x = 6.4
    tanh = node(ax, "cell", x, 3.5, "tanh", width=0.56, height=0.34, size=SIZE)
    product = _operation(ax, r"$\times$", x, 2.85)
    h_next = node(ax, "state", 7.4, product.y, "$h'$")
    arrow(ax, (x, line + 0.03), tanh.top, role="state")
    arrow(ax, tanh.bottom, product.top)
    arrow(ax, read.top, (read.x, product.y), product.left)
    arrow(ax, product.right, h_next.left, role="state")
    shape(ax, h_next.x, h_next.y - 0.38, "N, H")


def _body(ax: Axes, name: str, note: str) -> None:
    """The cell's outline, its name, and how torch stacks its weights."""
    frame(ax, 1.22, 0.22, 6.84, 4.74, edgecolor=LOOKS["quiet"].colour, linewidth=1)
    label(ax, 1.38, 4.52, name, colour=QUIET, size=SMALL, ha="left")
    label(ax, 6.68, 4.52, note, colour=QUIET, size=SMALL, ha="right")


def _states(ax: Axes, y: float, letter: str) -> tuple[Node, Node]:
    """A state before the step and after it, left and right of the cell."""
    ends = node(ax, "state", 0.75, y, f"${letter}$"), node(ax, "state", 7.4, y, f"${letter}'$")
    for end in ends:
        shape(ax, end.x, y - 0.38, "N, H")
    return ends


def _operation(ax: Axes, sign: str, x: float, y: float) -> Node:
    return node(ax, "operation", x, y, sign, width=0.34, height=0.34, size=13)


def _gate(ax: Axes, x: float, y: float, name: str, function: str) -> Node:
    """A box with a gate's name and the function that makes its values."""
    gate = node(ax, "cell", x, y, width=1.12, height=0.6)
    label(ax, x, y + 0.13, name, size=SMALL)
    label(ax, x, y - 0.13, function, size=FINE)
    return gate


def draw_gru_cell() -> Figure:
    """One step of a GRU: what is kept of the state, and the candidate that takes its place."""
    fig, ax = canvas(5.75)
    for x, y, formula in GRU_FORMULAS:
        label(ax, x, y, formula, ha="left")
    _body(ax, "GRU cell", r"rows of $W_{ih}$, $(3H, F)$, and $W_{hh}$, $(3H, H)$: $r, z, n$")
    h, h_next = _states(ax, 4.08, "h")
    update = _gate(ax, 3.0, 3.2, "update gate $z$", r"$\sigma$")
    keep, add = _operation(ax, r"$\times$", update.x, h.y), _operation(ax, "$+$", 6.12, h.y)
    for one, other in ((h, keep), (keep, add), (add, h_next)):
        arrow(ax, one.right, other.left, role="state", width=STATE_LINE)
    arrow(ax, update.top, keep.bottom)
    share = _operation(ax, r"$\times$", add.x, update.y)
    arrow(ax, update.right, share.left)
    label(ax, 4.9, update.y + 0.15, "$1 - z$")
    arrow(ax, share.top, add.bottom)
    candidate = _gru_candidate(ax, update, h.y)
    arrow(ax, candidate.top, share.bottom)
    return fig


GRU_FORMULAS = (
    (0.3, 5.45, r"$r = \sigma(W_{ir}\, x + b_{ir} + W_{hr}\, h + b_{hr})$"),
    (0.3, 5.1, r"$z = \sigma(W_{iz}\, x + b_{iz} + W_{hz}\, h + b_{hz})$"),
    (4.0, 5.45, r"$n = \tanh(W_{in}\, x + b_{in} + r \odot (W_{hn}\, h + b_{hn}))$"),
    (4.0, 5.1, r"$h' = (1 - z) \odot n + z \odot h$"),
)


def _gru_candidate(ax: Axes, update: Node, line: float) -> Node:
    """The lower part of the cell: what x and h give to both gates and to the candidate."""
    x = node(ax, "input", 0.75, 0.98, "$x$")
    shape(ax, x.x, x.y - 0.38, "N, F")
    recurrent = node(ax, "weight", 2.68, 2.2, r"$W_{hn}\, h + b_{hn}$", width=1.32, height=0.46)
    fresh = node(ax, "weight", 5.15, 1.05, r"$W_{in}\, x + b_{in}$", width=1.32, height=0.46)
    reset = _gate(ax, 3.78, 1.05, "reset gate $r$", r"$\sigma$")
    candidate = _gate(ax, 6.12, 2.2, "candidate $n$", r"$\tanh$")
    product, add = _operation(ax, r"$\times$", reset.x, 2.2), _operation(ax, "$+$", fresh.x, 2.2)
    _gru_inputs(ax, x, line, update, recurrent, reset, fresh)
    for one, other in ((recurrent, product), (product, add), (add, candidate)):
        arrow(ax, one.right, other.left)
    arrow(ax, reset.top, product.bottom)
    arrow(ax, fresh.top, add.bottom)
    label(ax, product.x, 2.53, "$r$ multiplies after the product", colour=QUIET, size=SMALL)
    return candidate


def _gru_inputs(ax: Axes, x: Node, line: float, update: Node, recurrent: Node, reset: Node, fresh: Node) -> None:
    """The ways of x and of h to the gates and to the two products."""
    x_bus, h_bus, aside = 1.5, 1.8, 0.12
    arrow(ax, x.right, (x_bus, x.y), (x_bus, update.y - aside), _left(update, -aside), role="input", over=True)
    arrow(ax, x.right, _left(reset, x.y - reset.y), role="input", over=True)
    arrow(ax, x.right, (x_bus, x.y), (x_bus, 0.45), (fresh.x, 0.45), fresh.bottom, role="input", over=True)
    for end in (_left(update, aside), recurrent.left, _left(reset, aside)):
        arrow(ax, (h_bus, line + 0.03), (h_bus, end[1]), end, role="state")


def _left(box: Node, up: float) -> Point:
    """A point on the left edge of a box, so many inches over its middle."""
    return box.left[0], box.y + up


def draw_states() -> Figure:
    """Any cell in the same loop: its state is a tensor, or a tuple with h first."""
    fig, ax = canvas(4.35)
    for left, name, cells, letters in STATES:
        title(ax, left, 4.1, name, cells)
        _loop(ax, left, letters)
    key(ax, FOOT, [("input", "input", 1.0), ("→state", "state", 1.0), ("output", "output", 1.1)])
    return fig


STATES = (
    (0.3, "A state that is a tensor", "RNN and GRU:  outputs, h = unroll(cell, x, h)", "h"),
    (4.3, "A state that is a tuple", "LSTM:  outputs, (h, c) = unroll(cell, x, (h, c))", "hc"),
)


def _loop(ax: Axes, left: float, letters: str, steps: int = 3) -> None:
    """A cell unrolled, with one arrow for each part of its state."""
    y, gap = 2.0, 0.795
    sides = {"h": 0.23, "c": -0.23} if len(letters) > 1 else {"h": 0.0}
    xs = [left + 0.2 + gap * place for place in range(steps + 2)]
    cells = [_step(ax, x, y, step) for step, x in enumerate(xs[1:-1], start=1)]
    for letter in letters:
        first, last = (_part(ax, x, y + sides[letter], f"{letter}_{step}") for x, step in ((xs[0], 0), (xs[-1], steps)))
        for step, (one, other) in enumerate(pairwise([first, *cells, last])):
            start, end = (one.right[0], first.y), (other.left[0], first.y)
            arrow(ax, start, end, role="state")
            if 0 < step < steps:
                label(ax, (start[0] + end[0]) / 2, first.y + 0.16, f"${letter}_{step}$", size=FINE)
    for x in (xs[0], xs[-1]):
        shape(ax, x, y + min(sides.values()) - 0.34, "N, H")
    span(ax, xs[1] - 0.22, xs[-2] + 0.22, 3.26)
    label(ax, xs[2] - 0.04, 3.45, "outputs", size=SMALL, ha="right")
    shape(ax, xs[2] + 0.04, 3.45, "N, L, H", ha="left")
    shape(ax, xs[2], 0.67, "N, L, F")


def _part(ax: Axes, x: float, y: float, text: str) -> Node:
    return node(ax, "state", x, y, f"${text}$", width=0.38, height=0.38, size=FINE)


def _step(ax: Axes, x: float, y: float, step: int) -> Node:
    """A cell with its input below and its output above."""
    cell = node(ax, "cell", x, y, "cell", width=0.46, height=0.9, size=SMALL)
    source = node(ax, "input", x, 1.02, f"$x_{step}$", width=0.38, height=0.38, size=FINE)
    out = node(ax, "output", x, 2.98, f"$h_{step}$", width=0.46, height=0.38, size=FINE)
    arrow(ax, source.top, cell.bottom, role="input")
    arrow(ax, cell.top, out.bottom, role="output")
    return cell
