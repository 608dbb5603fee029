"""Notebook 5: what is built, what an encoder keeps of a sentence, and how an attention map is held against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import (
    FINE,
    FOOT,
    LINE,
    LOOKS,
    QUIET,
    SMALL,
    TEXT,
    Node,
    arrow,
    badges,
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

__all__ = ["ALT", "TRANSLATION_TASKS", "draw_alignment_error", "draw_both_ways", "draw_bottleneck",
           "draw_translation_pipeline"]  # fmt: skip

ALT = MappingProxyType({
    "translation_pipeline": "A chain of what you will build, with a numbered badge for each task. Ids of an English "
    "sentence, (N, S), go through an encoder in both directions, which gives a memory, (N, S, H), and a state. In a step "
    "of the decoder attention reads the memory and hands a context to the cell; an output layer gives logits, (N, V). "
    "Below, Seq2Seq.forward feeds gold or own tokens and a loss compares all logits with the French; greedy and beam "
    "search feed own tokens alone. The weights make a map, which is scored; self-attention stands by itself.",
    "both_ways": "Two padded sentences of a batch, of 5 and 3 words. Above each row of words a forward state after each "
    "word, f, from left to right, below it a backward state, b, from right to left; neither reads padding. At each word "
    "the memory holds f beside b of that place; at padding it holds zeros. The state that is handed on holds f after the "
    "last real word beside b after the first one: of the shorter sentence f_3 and b_1. All four are framed.",
    "bottleneck": "Two networks that translate she never sees him into elle ne le voit jamais. Above, the encoder's last "
    "state is all that the decoder gets: everything passes through one vector of H numbers, however long the sentence "
    "is. Below, the decoder also looks at the states of all words: while it writes voit, a thick arrow comes from sees, "
    "weight 0.88, and thin ones from the other words; their weighted mean is the context.",
    "alignment_error": "A grid with a column for each word of she wants to help the French girls and a row for each word "
    "of elle veut aider les filles françaises. Seven cells are outlined: the known links S. A dot in each of the six "
    "rows marks the largest weight of the map, A. Five dots stand in outlined cells; one, in the row filles, stands "
    "outside, at French. Beside it the count: 1 − 2 · 5 / (6 + 7) = 0.23.",
})  # fmt: skip

TRANSLATION_TASKS = MappingProxyType(
    {"encoder": "5.1", "attention": "5.2", "step": "5.3", "forcing": "5.4", "loss": "5.5", "greedy": "5.6", "beam": "5.7",
     "map": "5.8", "self_attention": "5.9"}
)  # fmt: skip

# What is built

IDS = ("14", "62", "35", "7", "3")
FIRST, SECOND, LOOK, THIRD = 4.76, 2.78, 3.46, 1.3  # inches: the rows of the pipeline, and that of the attention


def draw_translation_pipeline(tasks: Mapping[str, str] = TRANSLATION_TASKS) -> Figure:
    """What the notebook builds, from an English sentence to a French one, with the number of the task for each part.

    `tasks` maps parts, keys of `TRANSLATION_TASKS`, to numbers; a part that it leaves out has no badge.
    """
    fig, ax = canvas(5.56)
    memory = _to_memory(ax)
    token, logits, attention = _decoder(ax, memory)
    _users(ax, token, logits)
    _map(ax, attention)
    badges(ax, PIPELINE_PLACES, tasks)
    return fig


# where each badge stands
PIPELINE_PLACES = {
    "encoder": (4.62, FIRST + 0.5),
    "attention": (3.56, LOOK + 0.36),
    "step": (1.5, LOOK + 0.36),
    "forcing": (0.66, THIRD - 0.36),
    "loss": (2.62, THIRD + 0.44),
    "greedy": (3.56, THIRD - 0.34),
    "beam": (4.88, THIRD - 0.34),
    "map": (6.8, THIRD + 0.56),
    "self_attention": (0.5, FOOT - 0.02),
}


def _box(ax: Axes, x: float, y: float, text: str, width: float, height: float = 0.42) -> Node:
    return node(ax, "cell", x, y, text, width=width, height=height, size=SMALL)


def _to_memory(ax: Axes) -> Node:
    """The first row: a sentence, its ids, the encoder, its memory."""
    outline(ax, "rounded", 0.98, FIRST, 1.4, 0.42, facecolor="white", edgecolor=LOOKS["quiet"].line, linewidth=1.2)
    label(ax, 0.98, FIRST, "She never sleeps.", size=SMALL)
    for place, number in enumerate(IDS):
        node(ax, "input", 2.32 + 0.3 * place, FIRST, number, width=0.28, height=0.28, size=SMALL)
    padding(ax, 2.32 + 0.3 * len(IDS), FIRST, 0.28, 0.28)
    arrow(ax, (1.68, FIRST), (2.18, FIRST), role="input")
    frame(ax, 4.34, FIRST - 0.42, 6.06, FIRST + 0.68, role="cell")
    for side, way in ((0.15, 1), (-0.15, -1)):
        cells = [node(ax, "cell", 4.78 + 0.42 * place, FIRST + side, width=0.22, height=0.22) for place in (0, 1, 2)]
        for one, other in list(pairwise(cells[::way])):
            ends = (one.right, other.left) if way == 1 else (one.left, other.right)
            arrow(ax, *ends, role="state")
    arrow(ax, (3.96, FIRST), (4.56, FIRST), role="input")
    memory = Node(7.1, FIRST, 1.0, 0.5)
    for place in range(5):
        style = {
            "facecolor": tint(LOOKS["state"].colour),
            "edgecolor": LOOKS["state"].line,
            "linewidth": 1,
            "zorder": 4,
        }
        outline(ax, "square", 6.7 + 0.16 * place, FIRST, 0.12, 0.5, **style)
    padding(ax, 6.7 + 0.16 * 5, FIRST, 0.12, 0.5)
    arrow(ax, (5.85, FIRST), (6.62, FIRST), role="state")
    label(ax, 5.24, FIRST + 0.5, "Encoder", size=SMALL, fontweight="bold")
    for x, name, letters in ((0.98, "English", ""), (3.0, "ids", "N, S"), (6.98, "memory", "N, S, H")):
        label(ax, x - (0.06 if letters else 0), FIRST + 0.46, name, size=SMALL, ha="right" if letters else "center")
        if letters:
            shape(ax, x, FIRST + 0.46, letters, ha="left")
    return memory


def _decoder(ax: Axes, memory: Node) -> tuple[Node, Node, Node]:
    """The second row: a step of the decoder, from a token to logits."""
    frame(ax, 1.26, SECOND - 0.42, 5.86, LOOK + 0.58, role="cell")
    label(ax, 1.76, LOOK + 0.36, "Decoder.step", size=SMALL, fontweight="bold", ha="left")
    token = node(ax, "fed", 0.6, SECOND, "token", width=0.58, height=0.34, size=SMALL)
    embedding = _box(ax, 1.98, SECOND, "embedding", 0.94)
    attention = _box(ax, 4.2, LOOK, "attention", 0.96)
    cell = _box(ax, 4.2, SECOND, "cell", 0.64)
    output = _box(ax, 5.36, SECOND, "output", 0.7)
    logits = node(ax, "output", 6.78, SECOND, "logits", width=0.76, height=0.38, size=SMALL)
    arrow(ax, token.right, embedding.left, role="input")
    arrow(ax, embedding.right, cell.left, role="input")
    arrow(ax, attention.bottom, cell.top, role="state")
    arrow(ax, cell.right, output.left, role="state")
    arrow(ax, output.right, logits.left, role="output")
    arrow(ax, (memory.x, FIRST - 0.25), (memory.x, LOOK + 0.15), (attention.right[0], LOOK + 0.15), role="state")
    lane = 4.18
    arrow(ax, (5.2, FIRST - 0.42), (5.2, lane), (3.3, lane), (3.3, LOOK), attention.left, role="state")
    arrow(ax, (3.3, LOOK), (3.3, SECOND + 0.12), (cell.left[0], SECOND + 0.12), role="state")
    label(ax, 4.1, lane + 0.14, "state", size=SMALL, ha="right")
    shape(ax, 4.18, lane + 0.14, "N, H", ha="left")
    label(ax, 4.3, (LOOK + SECOND) / 2, "context", size=SMALL, ha="left")
    shape(ax, 4.9, (LOOK + SECOND) / 2, "N, H", ha="left")
    shape(ax, logits.x, SECOND + 0.34, "N, V")
    shape(ax, token.x, SECOND + 0.34, "N,")
    return token, logits, attention


def _users(ax: Axes, token: Node, logits: Node) -> None:
    """The third row: what calls the step again and again, and what comes of it."""
    forward = _box(ax, 1.12, THIRD, "Seq2Seq.forward", 1.32, height=0.38)
    loss = node(ax, "loss", 2.62, THIRD, "loss", width=0.8, height=0.6, size=SMALL)
    french = node(ax, "target", 2.62, 0.64, "French", width=0.7, height=0.28, size=SMALL)
    greedy = _box(ax, 3.9, THIRD, "greedy_decode", 1.14, height=0.38)
    beam = _box(ax, 5.22, THIRD, "beam_search", 1.04, height=0.38)
    lane = 2.02
    arrow(ax, logits.bottom, (logits.x, lane), (forward.x, lane), (forward.x, forward.top[1]), role="output")
    arrow(ax, (token.x, forward.top[1]), token.bottom, role="output")
    arrow(ax, forward.right, loss.left, role="output")
    arrow(ax, french.top, loss.bottom, role="target")
    for box in (greedy, beam):
        arrow(ax, (box.x + 0.25, lane), (box.x + 0.25, box.top[1]), role="output")
        arrow(ax, box.bottom, (box.x, 0.82), role="output")
    label(ax, token.x + 0.1, 2.2, "fed: gold or own", size=SMALL, ha="left", colour=QUIET)
    label(ax, forward.x + 0.1, 1.76, "all T steps", size=SMALL, ha="left", colour=QUIET)
    label(ax, 4.81, 1.76, "fed: own alone", size=SMALL, colour=QUIET)
    label(ax, 4.56, 0.68, "Elle ne dort jamais.", size=SMALL)
    shape(ax, french.right[0] + 0.06, french.y, "N, T", ha="left")


def _map(ax: Axes, attention: Node) -> None:
    """The attention's map, and what stands by itself."""
    x, y = 7.1, THIRD
    for row in range(4):
        for column in range(5):
            share = 0.8 if column == (0, 1, 3, 2)[row] else 0.08
            style = {
                "facecolor": tint(LOOKS["weight"].colour, share),
                "edgecolor": LOOKS["weight"].line,
                "linewidth": 0.8,
            }
            outline(ax, "square", x + 0.19 * (column - 2), y + 0.19 * (1.5 - row), 0.17, 0.17, **style)
    lane = LOOK - 0.15
    arrow(ax, (attention.right[0], lane), (7.48, lane), (7.48, y + 0.38), role="weight")
    label(ax, 6.38, LOOK, "weights", size=SMALL, ha="right")
    shape(ax, 6.44, LOOK, "N, S", ha="left")
    label(ax, x, 0.68, "alignment error", size=SMALL)
    label(
        ax,
        0.78,
        FOOT - 0.02,
        "self_attention: every place of a sequence looks at every place, all at once",
        size=SMALL,
        ha="left",
    )


# Both ways

ROWS = (("she", "never", "opens", "doors", "."), ("he", "sleeps", "."))
PLACES = [1.66 + 1.0 * place for place in range(5)]
DISC, HALF, TILE = 0.36, 0.34, 0.32  # inches: a state, half of a pair, a word


def draw_both_ways() -> Figure:
    """What an encoder in two directions keeps of two padded sentences: a memory of all places, and one state."""
    fig, ax = canvas(5.7)
    title(ax, 0.3, 5.44, "Each word is kept with what stands before it and behind it",
          "forward states f and backward states b, half of the H features each; padding isn't read")  # fmt: skip
    for number, (words, y) in enumerate(zip(ROWS, (4.26, 1.94), strict=True)):
        _row(ax, number, words, y)
    key(ax, FOOT, [("input", "word", 0.9), ("state", "state", 0.9)])
    padding(ax, 2.27, FOOT, 0.2, 0.2)
    label(ax, 2.52, FOOT, "padding", colour=QUIET, size=SMALL, ha="left")
    _around(ax, 3.5, FOOT, 0.26)
    label(ax, 3.76, FOOT, "last of its direction: handed on", colour=QUIET, size=SMALL, ha="left")
    return fig


def _row(ax: Axes, number: int, words: Sequence[str], y: float) -> None:
    """One sentence: its forward states, its words, its backward states, what of them is kept."""
    up, down, low, last = y + 0.5, y - 0.5, y - 1.1, len(words)
    for height, name in ((up, "forward"), (y, f"row {number}"), (down, "backward"), (low, "memory")):
        label(ax, 0.3, height, name, size=SMALL, ha="left")
    forward, backward = [], []
    for place, x in enumerate(PLACES):
        if place >= last:
            padding(ax, x, y, 0.66, TILE)
            _pair(ax, x, low, "0", "0", empty=True)
            continue
        node(ax, "input", x, y, words[place], width=0.66, height=TILE, size=SMALL)
        forward.append(node(ax, "state", x, up, f"$f_{place + 1}$", width=DISC, height=DISC, size=FINE))
        backward.append(node(ax, "state", x, down, f"$b_{place + 1}$", width=DISC, height=DISC, size=FINE))
        _pair(ax, x, low, f"$f_{place + 1}$", f"$b_{place + 1}$")
    for one, other in pairwise(forward):
        arrow(ax, one.right, other.left, role="state")
    for one, other in pairwise(backward):
        arrow(ax, other.left, one.right, role="state")
    _around(ax, PLACES[last - 1], up, DISC + 0.1)
    _around(ax, PLACES[0], down, DISC + 0.1)
    x = 7.1
    _pair(ax, x, y, f"$f_{last}$", "$b_1$")
    label(ax, x - 0.06, y + 0.36, "state", size=SMALL, ha="right")
    shape(ax, x, y + 0.36, "N, H", ha="left")
    shape(ax, x, low, "N, S, H")


def _around(ax: Axes, x: float, y: float, size: float) -> None:
    """A ring around what is handed on as the state."""
    outline(ax, "rounded", x, y, size, size, fill=False, edgecolor=TEXT, linewidth=LINE, zorder=3.5)


def _pair(ax: Axes, x: float, y: float, one: str, other: str, empty: bool = False) -> None:
    """Two halves beside each other, as `torch.cat` puts them."""
    for side, letter in ((-0.5, one), (0.5, other)):
        at = x + side * HALF
        if empty:
            padding(ax, at, y, HALF, TILE)
            outline(ax, "square", at, y, 0.18, 0.22, facecolor="white", edgecolor="none", zorder=5)
        else:
            style = {"facecolor": tint(LOOKS["state"].colour), "edgecolor": LOOKS["state"].line, "zorder": 4}
            outline(ax, "square", at, y, HALF, TILE, linewidth=1, **style)
        label(ax, at, y, letter, size=SMALL if empty else FINE)


# One vector, or all of them

ENGLISH, FRENCH = ("she", "never", "sees", "him", "."), ("elle", "ne", "le", "voit", "jamais", ".")
WEIGHTS, NOW = (0.02, 0.05, 0.88, 0.04, 0.01), 3  # where the decoder looks while it writes "voit"
LEFT, RIGHT = [0.62 + 0.6 * place for place in range(5)], [4.62 + 0.6 * place for place in range(6)]


def draw_bottleneck() -> Figure:
    """What a decoder gets of a sentence: one vector, or a look at the states of all words."""
    fig, ax = canvas(5.5)
    title(ax, 0.3, 5.24, "One vector for the whole sentence",
          "the last state has room for H numbers, whether the sentence has 5 words or 50")  # fmt: skip
    _, state, _ = _two_networks(ax, 4.2)
    label(ax, state.x, state.y + 0.5, "all that it gets", size=SMALL)
    title(ax, 0.3, 2.98, "A memory of all places", "each step takes a weighted mean of it: the context")
    words, _, steps = _two_networks(ax, 1.3)
    _look(ax, words, steps[NOW])
    key(
        ax,
        FOOT - 0.02,
        [
            ("state", "state", 0.9),
            ("input", "word read", 1.25),
            ("output", "word written", 1.5),
            ("→weight", "weight of a place", 0),
        ],
    )
    return fig


def _two_networks(ax: Axes, y: float) -> tuple[list[Node], Node, list[Node]]:
    """An encoder, the state between, and a decoder, each with its words below."""
    reads = [node(ax, "state", x, y, width=0.32, height=0.32) for x in LEFT]
    writes = [node(ax, "state", x, y, width=0.32, height=0.32) for x in RIGHT]
    state = node(ax, "state", 3.84, y, "$h$", width=0.44, height=0.44)
    for one, other in pairwise([*reads, state, *writes]):
        arrow(ax, one.right, other.left, role="state")
    for word, step in zip(ENGLISH, reads, strict=True):
        below = node(ax, "input", step.x, y - 0.56, word, width=0.54, height=0.28, size=SMALL)
        arrow(ax, below.top, step.bottom, role="input")
    for word, step in zip(FRENCH, writes, strict=True):
        below = node(ax, "output", step.x, y - 0.56, word, width=0.57, height=0.28, size=9.0)
        arrow(ax, step.bottom, below.top, role="output")
    return reads, state, writes


def _look(ax: Axes, words: Sequence[Node], step: Node) -> None:
    """The weights of one step, as arrows of their width, and the context that they make."""
    context = node(ax, "operation", 4.9, 2.26, r"$\Sigma$", width=0.36, height=0.36)
    for word, weight in zip(words, WEIGHTS, strict=True):
        arrow(ax, word.top, (context.x - 0.19, 2.26 + 0.03 * (word.x - 2)), role="weight", width=0.9 + 4 * weight)
        label(ax, word.x, 0.5, f"{weight:.2f}", size=9.0, colour=QUIET)
    arrow(ax, context.right, (step.x, context.y), step.top, role="state")
    label(ax, 5.24, 2.42, "context", size=SMALL, ha="left")


# How a map is scored

SOURCE, TARGET = (
    ("she", "wants", "to", "help", "the", "French", "girls"),
    ("elle", "veut", "aider", "les", "filles", "françaises"),
)
LINKS = {(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 5), (6, 4)}  # (place in the source, place in the target)
LARGEST = (0, 1, 3, 4, 5, 5)  # of each row, where the map has its largest weight
CELL = 0.5  # inches


def draw_alignment_error() -> Figure:
    """How the error of an alignment is counted: the links of the truth, those of a map, and what both share."""
    fig, ax = canvas(4.5)
    title(
        ax,
        0.3,
        4.24,
        "What the map says, and what is known",
        "the largest weight of each row against the links of the grammar",
    )
    for place, word in enumerate(SOURCE):
        label(ax, *_cell(place, -0.75), word, size=SMALL)
    for row, word in enumerate(TARGET):
        label(ax, 1.1, _cell(0, row)[1], word, size=SMALL, ha="right")
        for place in range(len(SOURCE)):
            _grid_cell(ax, place, row)
    said = set(zip(LARGEST, range(len(TARGET)), strict=True))
    both = len(said & LINKS)
    error = 1 - 2 * both / (len(said) + len(LINKS))
    for line, (text, about) in enumerate((
        (f"$|S| = {len(LINKS)}$", "known links"),
        (f"$|A| = {len(said)}$", "one for each row of the map"),
        (rf"$|A \cap S| = {both}$", "dots in outlined cells"),
    )):  # fmt: skip
        label(ax, 5.3, 3.1 - 0.58 * line, text, ha="left")
        label(ax, 5.3, 2.85 - 0.58 * line, about, size=SMALL, colour=QUIET, ha="left")
    label(ax, 5.3, 1.1, rf"$1 - \dfrac{{2 \cdot {both}}}{{{len(said)} + {len(LINKS)}}} = {error:.2f}$", ha="left")
    outline(ax, "square", 0.47, FOOT, 0.22, 0.22, facecolor="white", edgecolor=TEXT, linewidth=2)
    label(ax, 0.72, FOOT, "known link, $S$", colour=QUIET, size=SMALL, ha="left")
    _dot(ax, 2.2, FOOT)
    label(ax, 2.4, FOOT, "largest weight of its row, $A$", colour=QUIET, size=SMALL, ha="left")
    _dot(ax, 4.84, FOOT, right=False)
    label(ax, 5.04, FOOT, "the same, where no link is known", colour=QUIET, size=SMALL, ha="left")
    return fig


def _cell(place: float, row: float) -> tuple[float, float]:
    return 1.46 + CELL * place, 3.1 - 0.44 * row


def _grid_cell(ax: Axes, place: int, row: int) -> None:
    x, y = _cell(place, row)
    known, said = (place, row) in LINKS, LARGEST[row] == place
    style = {
        "facecolor": "white",
        "edgecolor": TEXT if known else "#D0D0D0",
        "linewidth": 2 if known else 0.8,
        "zorder": 4 if known else 3,
    }
    outline(ax, "square", x, y, CELL - 0.06, 0.38, gid="known" if known else None, **style)
    if said:
        _dot(ax, x, y, known)


def _dot(ax: Axes, x: float, y: float, right: bool = True) -> None:
    """Where a row of the map has its largest weight; a ring where that is no known link."""
    colour = LOOKS["weight"].line if right else LOOKS["gradient"].line
    style = {"facecolor": colour if right else "white", "edgecolor": colour, "linewidth": 2}
    outline(ax, "circle", x, y, 0.2, 0.2, zorder=5, gid="said", **style)
