"""Notebook 5: how additive attention looks, what a step of the decoder does with it, and what has to wait for what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import (
    FOOT,
    LOOKS,
    QUIET,
    SIZE,
    SMALL,
    Node,
    arrow,
    canvas,
    frame,
    key,
    label,
    node,
    outline,
    padding,
    shape,
    tint,
    title,
)

__all__ = ["ALT", "draw_additive_attention", "draw_decoder_step", "draw_stepped_or_at_once"]

ALT = MappingProxyType({
    "additive_attention": "One query, (N, Q), and four keys, (N, S, K), the fourth of them padding, are brought to A "
    "features by linear layers, query and key. Their sum, with the query added to each key, goes through tanh, (N, S, "
    "A), and a linear layer, score, gives one number for each place: 1.2, 0.3, 2.0, 0.7. Where the mask is False minus "
    "infinity is put. The softmax over the places gives weights: 0.28, 0.11, 0.61 and 0. The keys, weighted and summed, "
    "are the context, (N, K).",
    "decoder_step": "One step of the decoder, with shapes. The state, (N, H), as it came in is the query of the "
    "attention, which reads the memory, (N, S, H), under a mask; it gives a context, (N, H), and weights, (N, S). The "
    "token, (N,), is embedded, (N, E). Embedded token and context, side by side, (N, E + H), enter the GRU cell with the "
    "state; a new state comes out. New state and context, side by side, (N, 2H), go through the output layer to logits, "
    "(N, V).",
    "stepped_or_at_once": "Left, a decoder with additive attention over four steps, numbered 1 to 4. The look of each "
    "step needs the state of the step before, and the state of each step needs what its look has seen: no step can begin "
    "before the last one has ended. Right, self-attention over four inputs: queries, keys and values of all places come "
    "from one product each, all scores, a grid of 4 by 4, from one more, and all four outputs from another. Nothing "
    "waits: the road to the Transformer.",
})  # fmt: skip

# Additive attention

SCORES, MASK = (1.2, 0.3, 2.0, 0.7), (True, True, True, False)
TILE = 0.46  # inches


def draw_additive_attention() -> Figure:
    """The shapes on the way from a query and keys to a context, with numbers for one row of a batch."""
    fig, ax = canvas(4.86)
    title(ax, 0.3, 4.6, "Scores from a small network", "one row of a batch, S = 4 places, the last one of them padding")
    query = node(ax, "state", 0.86, 3.66, "query", width=0.66, height=0.4, size=SMALL)
    keys = _keys(ax, 0.86, 2.72)
    to_query = node(ax, "weight", 2.32, query.y, "query", width=0.9, height=0.42, size=SMALL)
    to_key = node(ax, "weight", 2.32, keys.y, "key", width=0.9, height=0.42, size=SMALL)
    add = node(ax, "operation", 3.5, keys.y, "$+$", width=0.38, height=0.38)
    tanh = node(ax, "cell", 4.3, keys.y, "tanh", width=0.6, height=0.4, size=SMALL)
    score = node(ax, "weight", 5.3, keys.y, "score", width=0.78, height=0.42, size=SMALL)
    for one, other in pairwise((query, to_query)):
        arrow(ax, one.right, other.left, role="state")
    arrow(ax, to_query.right, (add.x, query.y), add.top, role="state")
    for one, other in pairwise((keys, to_key, add, tanh, score)):
        arrow(ax, one.right, other.left, role="state")
    scores = _tiles(ax, 6.86, keys.y, [f"{value:.1f}" for value in SCORES])
    arrow(ax, score.right, scores.left, role="state")
    _shapes(ax, query, to_query, keys, to_key, add, tanh, score)
    _to_context(ax, keys, scores)
    label(ax, 0.3, FOOT, "A sum of a query and a key has the features of neither: both are brought to A features first.",
          size=SMALL, colour=QUIET, ha="left")  # fmt: skip
    return fig


def _keys(ax: Axes, x: float, y: float) -> Node:
    """A key for each place as an upright bar, hatched where there is padding."""
    for place, real in enumerate(MASK):
        at = x + 0.19 * (place - 1.5)
        if real:
            look = LOOKS["state"]
            outline(
                ax, "square", at, y, 0.15, 0.5, facecolor=tint(look.colour), edgecolor=look.line, linewidth=1, zorder=4
            )
        else:
            padding(ax, at, y, 0.15, 0.5)
    return Node(x, y, 0.76, 0.5)


def _shapes(
    ax: Axes, query: Node, to_query: Node, keys: Node, to_key: Node, add: Node, tanh: Node, score: Node
) -> None:
    shape(ax, query.x, query.y + 0.36, "N, Q")
    shape(ax, to_query.x, query.y + 0.36, r"Q \to A")
    shape(ax, 3.24, query.y + 0.18, "N, 1, A")
    shape(ax, keys.x, keys.y - 0.42, "N, S, K")
    shape(ax, to_key.x, keys.y - 0.38, r"K \to A")
    shape(ax, (add.x + tanh.x) / 2, keys.y - 0.38, "N, S, A")
    shape(ax, score.x, keys.y - 0.38, r"A \to 1")
    label(ax, keys.x, keys.y + 0.4, "keys", size=SMALL)
    label(ax, 3.62, 3.2, "to each of the S keys", size=SMALL, colour=QUIET, ha="left")


def _tiles(ax: Axes, x: float, y: float, texts: Sequence[str], role: str = "quiet") -> Node:
    """A number for each place."""
    look = LOOKS[role]
    for place, (text, real) in enumerate(zip(texts, MASK, strict=True)):
        style = {"facecolor": tint(look.colour, 0.3) if role != "quiet" and real else "white", "edgecolor": look.line}
        at = x + TILE * (place - 1.5)
        outline(ax, "square", at, y, TILE - 0.04, 0.32, linewidth=1, zorder=4, **style)
        label(ax, at, y, text, size=SMALL if len(text) < 5 else 9.0, colour="#1A1A1A" if real else QUIET)
    return Node(x, y, 4 * TILE, 0.32)


def _to_context(ax: Axes, keys: Node, scores: Node) -> None:
    """The way back: the mask, the softmax, the weighted mean."""
    low = 1.02
    masked = _tiles(
        ax, scores.x, 1.78, [f"{value:.1f}" if real else "−∞" for value, real in zip(SCORES, MASK, strict=True)]
    )
    arrow(ax, scores.bottom, masked.top, role="state")
    label(ax, scores.x - 0.12, 2.12, "where the mask is False: −∞", size=SMALL, ha="right")
    softmax = node(ax, "cell", scores.x, low, "softmax", width=0.84, height=0.4, size=SMALL)
    total = sum(exp(value) for value, real in zip(SCORES, MASK, strict=True) if real)
    shares = [exp(value) / total if real else 0 for value, real in zip(SCORES, MASK, strict=True)]
    weights = _tiles(ax, 4.5, low, [f"{share:.2f}" if share else "0" for share in shares], role="weight")
    mean = node(ax, "operation", 2.6, low, r"$\Sigma$", width=0.42, height=0.42)
    context = node(ax, "state", 0.98, low, "context", width=0.82, height=0.4, size=SMALL)
    arrow(ax, masked.bottom, softmax.top, role="state")
    arrow(ax, softmax.left, weights.right, role="weight")
    arrow(ax, weights.left, mean.right, role="weight")
    arrow(ax, mean.left, context.right, role="state")
    arrow(ax, (1.3, keys.y - 0.25), (1.3, 1.72), (mean.x, 1.72), mean.top, role="state")
    shape(ax, scores.x, scores.y + 0.36, "N, S")
    label(ax, weights.x - 0.06, low + 0.36, "weights", size=SMALL, ha="right")
    shape(ax, weights.x, low + 0.36, "N, S", ha="left")
    shape(ax, context.x, low - 0.36, "N, K")
    label(ax, 2.72, 1.42, "keys", size=SMALL, ha="left")


# One step

BELOW, STATE, ABOVE = 1.02, 2.2, 3.44  # inches: the token, the state, the attention


def draw_decoder_step() -> Figure:
    """One step of the decoder: where the state, the context and the token meet, with their shapes."""
    fig, ax = canvas(5.0)
    title(ax, 0.3, 4.74, "One step of the decoder", "look with the old state, move on, answer with the new one")
    frame(ax, 1.62, 0.52, 6.6, 4.16, role="cell")
    memory = node(ax, "state", 0.86, ABOVE, "memory", width=0.82, height=0.42, size=SMALL)
    state = node(ax, "state", 0.86, STATE, "state", width=0.72, height=0.42, size=SMALL)
    token = node(ax, "fed", 0.86, BELOW, "token", width=0.66, height=0.36, size=SMALL)
    attention = node(ax, "cell", 2.42, ABOVE, "attention", width=0.96, height=0.46, size=SMALL)
    embedding = node(ax, "cell", 2.42, BELOW, "embedding", width=1.0, height=0.42, size=SMALL)
    both = _cat(ax, 4.3, BELOW)
    cell = node(ax, "cell", 4.3, STATE, "cell", width=0.72, height=0.5, size=SMALL)
    new = node(ax, "state", 7.32, STATE, "state", width=0.72, height=0.42, size=SMALL)
    seen = _cat(ax, 5.36, ABOVE)
    output = node(ax, "cell", 6.18, ABOVE, "output", width=0.66, height=0.42, size=SMALL)
    logits = node(ax, "output", 7.32, ABOVE, "logits", width=0.76, height=0.4, size=SMALL)
    arrow(ax, memory.right, attention.left, role="state")
    arrow(ax, (attention.x, STATE), attention.bottom, role="state")
    arrow(ax, attention.right, seen.left, role="state")
    arrow(ax, (3.5, ABOVE), (3.5, BELOW + 0.12), (both.left[0], BELOW + 0.12), role="state")
    arrow(ax, state.right, cell.left, role="state", over=True)
    arrow(ax, token.right, embedding.left, role="input")
    arrow(ax, (embedding.right[0], BELOW - 0.12), (both.left[0], BELOW - 0.12), role="input")
    arrow(ax, both.top, cell.bottom, role="state")
    arrow(ax, cell.right, new.left, role="state")
    arrow(ax, (seen.x, STATE), seen.bottom, role="state")
    arrow(ax, seen.right, output.left, role="state")
    arrow(ax, output.right, logits.left, role="output")
    arrow(ax, attention.top, (attention.x, 4.3), role="weight")
    _step_shapes(ax)
    label(ax, 0.3, FOOT, "The new state goes on to the next step, with the token that is chosen now; the memory stays.",
          size=SMALL, colour=QUIET, ha="left")  # fmt: skip
    return fig


def _cat(ax: Axes, x: float, y: float) -> Node:
    """Two values put side by side."""
    return node(ax, "quiet", x, y, "cat", width=0.48, height=0.5, size=SMALL)


def _step_shapes(ax: Axes) -> None:
    for x, y, letters in ((0.86, ABOVE - 0.38, "N, S, H"), (0.86, STATE - 0.38, "N, H"), (0.86, BELOW - 0.36, "N,"),
                          (3.26, BELOW - 0.3, "N, E"), (7.32, STATE - 0.38, "N, H"), (7.32, ABOVE - 0.38, "N, V")):  # fmt: skip
        shape(ax, x, y, letters)
    label(ax, 3.52, ABOVE + 0.18, "context", size=SMALL, ha="right")
    shape(ax, 3.6, ABOVE + 0.18, "N, H", ha="left")
    label(ax, 2.42 + 0.14, 4.3, "weights", size=SMALL, ha="left")
    shape(ax, 2.42 + 0.78, 4.3, "N, S", ha="left")
    label(ax, 2.3, 2.8, "query", size=SMALL, ha="right")
    shape(ax, 4.4, (BELOW + STATE) / 2 - 0.02, "N, E + H", ha="left")
    shape(ax, 5.26, 2.82, "N, H", ha="right")
    shape(ax, 5.7, ABOVE + 0.4, "N, 2H")
    label(ax, 7.32, STATE + 0.36, "new", size=SMALL)
    label(ax, 0.86, STATE + 0.36, "old", size=SMALL)
    label(ax, 0.86, ABOVE + 0.36, "under its mask", size=SMALL)


# Step by step, or all at once

COUNT = 4  # places


def draw_stepped_or_at_once() -> Figure:
    """What has to wait in a decoder with additive attention, and why nothing has to in self-attention."""
    fig, ax = canvas(5.5)
    title(ax, 0.3, 5.24, "A decoder that looks: step by step", "each look needs the state before it")
    title(ax, 4.3, 5.24, "Self-attention: all at once", "each look needs the inputs alone")
    _stepped(ax)
    _at_once(ax)
    key(ax, FOOT, [("input", "input", 0.95), ("state", "state", 0.95), ("output", "output", 1.05),
                   ("→state", "has to be there first", 0)])  # fmt: skip
    return fig


def _stepped(ax: Axes) -> None:
    columns = [0.98 + 0.82 * step for step in range(COUNT)]
    memory = node(
        ax,
        "state",
        (columns[0] + columns[-1]) / 2,
        3.9,
        "memory",
        width=columns[-1] - columns[0] + 0.62,
        height=0.36,
        size=SMALL,
    )
    before = node(ax, "state", 0.36, 2.0, "$h$", width=0.32, height=0.32)
    for step, x in enumerate(columns):
        look = node(ax, "cell", x, 2.94, f"look {step + 1}", width=0.62, height=0.38, size=SMALL)
        state = node(ax, "state", x, 2.0, "$h$", width=0.36, height=0.36)
        token = node(ax, "input", x, 1.24, "$x$", width=0.32, height=0.32)
        arrow(ax, (x, memory.bottom[1]), look.top, role="state")
        arrow(ax, look.bottom, state.top, role="state")
        arrow(ax, token.top, state.bottom, role="input")
        arrow(ax, before.right, state.left, role="state")
        arrow(ax, before.towards(x - 0.12, 2.75), (x - 0.17, 2.75), role="state")
        before = state
    label(ax, 2.0, 0.76, "T steps, one after the other", size=SMALL, fontweight="bold")


def _at_once(ax: Axes) -> None:
    columns = [4.9 + 0.82 * step for step in range(COUNT)]
    middle = (columns[0] + columns[-1]) / 2
    wide = columns[-1] - columns[0] + 0.62
    maps = node(
        ax, "weight", middle, 1.98, r"$Q = X W_q,\ \ K = X W_k,\ \ V = X W_v$", width=wide, height=0.42, size=SIZE
    )
    size = 0.2
    for row in range(COUNT):
        for column in range(COUNT):
            share = 0.75 if row == column else 0.15 + 0.15 * ((row * 3 + column) % 3)
            style = {
                "facecolor": tint(LOOKS["weight"].colour, share),
                "edgecolor": LOOKS["weight"].line,
                "linewidth": 0.8,
            }
            outline(
                ax,
                "square",
                middle + size * (column - 1.5),
                2.94 + size * (1.5 - row),
                size - 0.03,
                size - 0.03,
                **style,
            )
    mean = node(ax, "cell", middle, 3.9, "weights times $V$", width=wide, height=0.36, size=SMALL)
    for x in columns:
        token = node(ax, "input", x, 1.24, "$x$", width=0.32, height=0.32)
        out = node(ax, "output", x, 4.5, "$y$", width=0.46, height=0.3)
        arrow(ax, token.top, (x, maps.bottom[1]), role="input")
        arrow(ax, (x, mean.top[1]), out.bottom, role="output")
    arrow(ax, maps.top, (middle, 2.5), role="state")
    arrow(ax, (middle, 3.38), mean.bottom, role="weight")
    shape(ax, middle + 0.56, 2.94, "N, L, L", ha="left")
    label(ax, middle - 0.52, 3.06, "softmax of", size=SMALL, ha="right")
    label(ax, middle - 0.52, 2.8, r"$Q K^\top / \sqrt{A}$", size=SIZE, ha="right")
    label(ax, middle, 0.76, "a few products, whatever the length", size=SMALL, fontweight="bold")
