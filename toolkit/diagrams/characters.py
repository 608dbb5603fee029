"""Notebook 4: what is built, from a text to a model that writes, and an answer at every step instead of one at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
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
    badges,
    canvas,
    chain,
    dots,
    frame,
    key,
    label,
    node,
    outline,
    shape,
    tint,
    title,
)

__all__ = ["ALT", "CHARACTER_TASKS", "draw_characters_pipeline", "draw_many_to_many"]

ALT = MappingProxyType({
    "characters_pipeline": "A chain of what you will build, with a numbered badge for each task. CharVocabulary turns a "
    "text into ids, stream_batches cuts them into chunks x and y, (N, L). In CharLM an embedding, an LSTM, whose state goes "
    "on to the next chunk, and a head at every step make logits, (N, L, V). Below, right, the loss compares them with y, "
    "and gradients go back to the model; the loss, as that on held-out text, becomes bits per character. Below, left, "
    "sample draws an id from the last logits, and generate feeds it back.",
    "many_to_many": "Two networks over four steps. Left, many to one, as in notebook 3: the words not, bad, at, all go in, and "
    "after the last one there is one answer, one target, liked, and one loss for each review. Right, many to many, as in this "
    "notebook: the characters h, e, l, l go in, and after each one there is an answer. Its target is the next character: e, "
    "l, l, o. Every step has a loss of its own, L for each row. Arrows join each input with the same letter as target of "
    "the step before.",
})  # fmt: skip

CHARACTER_TASKS = MappingProxyType(
    {"vocabulary": "4.1", "streams": "4.2", "model": "4.3", "training": "4.4", "sampling": "4.5", "generation": "4.6",
     "bits": "4.7", "linear": "4.8", "own": "4.9", "held_out": "4.10"}
)  # fmt: skip

# What is built

LINES = ("FOOL: Good day,", "my lord of mice.")
IDS = (5, 8, 8, 7)  # of F, O, O, L
FIRST, SECOND, THIRD, LAST = 4.5, 2.75, 1.2, 0.4  # inches: the rows of the pipeline


def draw_characters_pipeline(tasks: Mapping[str, str] = CHARACTER_TASKS) -> Figure:
    """What the notebook builds, from a text to a model that writes one, with the number of the task for each part.

    `tasks` maps parts, keys of `CHARACTER_TASKS`, to numbers; a part that it leaves out has no badge.
    """
    fig, ax = canvas(5.24)
    x, y = _to_chunks(ax)
    embedding, logits = _model(ax, x)
    _training(ax, y, logits)
    _writing(ax, embedding, logits)
    badges(ax, PIPELINE_PLACES, tasks)
    return fig


# where each badge stands
PIPELINE_PLACES = {
    "vocabulary": (2.8, FIRST + 0.44),
    "streams": (5.96, FIRST + 0.44),
    "model": (1.98, SECOND + 0.68),
    "training": (6.98, THIRD + 0.72),
    "sampling": (2.5, THIRD + 0.36),
    "generation": (0.9, THIRD + 0.28),
    "bits": (5.32, LAST + 0.36),
    "linear": (5.3, SECOND + 0.42),
    "own": (5.62, SECOND - 0.6),
    "held_out": (3.5, LAST + 0.36),
}


def _box(ax: Axes, x: float, y: float, text: str, width: float, height: float = 0.46) -> Node:
    return node(ax, "cell", x, y, text, width=width, height=height, size=SMALL)


def _grid(ax: Axes, x: float, y: float, role: str) -> Node:
    """A small picture of a chunk: rows of squares."""
    look = LOOKS[role]
    for row in range(2):
        for place in range(5):
            at = x + 0.17 * (place - 2), y + 0.09 - 0.18 * row
            style = {"facecolor": tint(look.colour), "edgecolor": look.line, "linestyle": look.dash, "linewidth": 1}
            outline(ax, "square", *at, 0.13, 0.13, **style)
    return Node(x, y, 0.84, 0.34)


def _to_chunks(ax: Axes) -> tuple[Node, Node]:
    """The first row: a text, its ids, its chunks."""
    outline(ax, "rounded", 1.02, FIRST, 1.5, 0.62, facecolor="white", edgecolor=LOOKS["quiet"].line, linewidth=1.2)
    for row, line in enumerate(LINES):
        label(ax, 1.02, FIRST + 0.13 - 0.26 * row, line, size=SMALL)
    vocabulary = _box(ax, 2.8, FIRST, "CharVocabulary", 1.24)
    for place, number in enumerate(IDS):
        node(ax, "input", 3.86 + 0.3 * place, FIRST, str(number), width=0.28, height=0.28, size=SMALL)
    dots(ax, 5.02, FIRST)
    streams = _box(ax, 5.96, FIRST, "stream_batches", 1.22)
    x, y = _grid(ax, 7.16, FIRST - 0.28, "input"), _grid(ax, 7.16, FIRST + 0.28, "target")
    label(ax, 6.64, x.y - 0.1, "$x$")
    label(ax, 6.64, y.y + 0.1, "$y$")
    arrow(ax, (1.77, FIRST), vocabulary.left)
    arrow(ax, vocabulary.right, (3.71, FIRST), role="input")
    arrow(ax, (5.1, FIRST), streams.left, role="input")
    arrow(ax, streams.right, (6.74, FIRST), role="input")
    label(ax, 1.02, FIRST + 0.48, "text", size=SMALL)
    label(ax, 4.2, FIRST + 0.35, "ids", size=SMALL, ha="right")
    shape(ax, 4.28, FIRST + 0.35, "T,", ha="left")
    shape(ax, 7.16, FIRST, "N, L")
    return x, y


def _model(ax: Axes, x: Node) -> tuple[Node, Node]:
    """The second row: the parts of the model, and its logits."""
    frame(ax, 1.02, SECOND - 0.78, 5.94, SECOND + 0.86, role="cell")
    label(ax, 1.18, SECOND + 0.68, "CharLM", ha="left", fontweight="bold", size=SMALL)
    label(ax, 5.36, SECOND - 0.6, "again, of parts of your own", ha="right", size=SMALL, colour=QUIET)
    embedding = _box(ax, 1.62, SECOND, "embedding", 0.94)
    cells = chain(ax, 3.46, SECOND)
    head = _box(ax, 5.3, SECOND, "head", 0.6)
    logits = node(ax, "output", 6.66, SECOND, "logits", width=0.78, height=0.42, size=SMALL)
    lane = 3.82
    arrow(ax, x.bottom, (x.x, lane), (0.36, lane), (0.36, SECOND), embedding.left, role="input")
    arrow(ax, embedding.right, cells.left, role="input")
    arrow(ax, cells.right, head.left, role="state")
    arrow(ax, head.right, logits.left, role="output")
    ends = [(cells.x + way * 0.56, SECOND + 0.18) for way in (1, -1)]
    arrow(ax, ends[0], (ends[0][0], SECOND + 0.46), (ends[1][0], SECOND + 0.46), ends[1], role="state")
    label(ax, cells.x, SECOND + 0.62, "state $(h, c)$, on to the next chunk", size=SMALL)
    label(ax, cells.x, SECOND - 0.32, "LSTM", size=SMALL)
    label(ax, head.x, SECOND - 0.36, "at every step", size=SMALL, colour=QUIET)
    shape(ax, 2.46, SECOND - 0.18, "N, L, E")
    shape(ax, 4.55, SECOND - 0.18, "N, L, H")
    shape(ax, logits.x, SECOND + 0.36, "N, L, V")
    return embedding, logits


def _training(ax: Axes, y: Node, logits: Node) -> None:
    """Below, right: the loss, its gradients, and what it is in bits."""
    loss = node(ax, "loss", 6.66, THIRD, "loss", width=0.8, height=0.56, size=SMALL)
    bits = _box(ax, 5.32, LAST, "bits_per_character", 1.44, height=0.34)
    held_out = _box(ax, 3.5, LAST, "held_out_loss", 1.14, height=0.34)
    side = 7.74
    arrow(ax, y.right, (side, y.y), (side, THIRD), loss.right, role="target")
    arrow(ax, logits.bottom, loss.top, role="output")
    arrow(ax, loss.left, (4.3, THIRD), (4.3, SECOND - 0.78), role="gradient", over=True)
    arrow(ax, loss.bottom, (loss.x, LAST), bits.right)
    arrow(ax, held_out.right, bits.left)
    label(ax, 5.4, THIRD + 0.16, "gradients, clipped", size=SMALL)
    label(ax, 6.76, THIRD + 0.44, "train_chunk", size=SMALL, ha="left")


def _writing(ax: Axes, embedding: Node, logits: Node) -> None:
    """Below, left: an id is drawn and fed back."""
    sample = _box(ax, 2.72, THIRD, "sample", 0.76, height=0.36)
    fed = node(ax, "fed", embedding.x, THIRD, "id", width=0.32, height=0.32, size=SMALL)
    start = logits.x - 0.28, logits.y - 0.2
    arrow(ax, start, (start[0], 1.7), (sample.x + 0.24, 1.7), (sample.x + 0.24, THIRD + 0.18), role="output")
    arrow(ax, sample.left, fed.right, role="output")
    arrow(ax, fed.top, embedding.bottom, role="output")
    arrow(ax, fed.bottom, (fed.x, LAST + 0.14), role="output")
    label(ax, fed.x, LAST, "decoded: new text", size=SMALL)
    label(ax, 0.9, THIRD, "generate", size=SMALL)


# One answer, or one for each step

WORDS, LABEL = ("not", "bad", "at", "all"), "liked"
WORD = "hello"
INPUTS, STATES, ANSWERS, LOSSES, TARGETS = 0.98, 1.72, 2.44, 3.16, 3.88  # inches: the rows of a network


def draw_many_to_many() -> Figure:
    """One answer after the last word, and an answer with a loss of its own after every character."""
    fig, ax = canvas(4.96)
    title(ax, 0.3, 4.7, "Many to one: notebook 3", "one answer, after the last word")
    title(ax, 4.2, 4.7, "Many to many: this notebook", "after each character: which one comes next?")
    _network(ax, [0.62 + 0.82 * step for step in range(4)], WORDS, ["", "", "", LABEL])
    columns = [4.5 + 0.96 * step for step in range(4)]
    inputs, targets = _network(ax, columns, WORD[:-1], WORD[1:])
    for after, target in zip(inputs[1:], targets, strict=False):
        x = (target.x + after.x) / 2
        arrow(ax, after.left, (x, INPUTS), (x, TARGETS), target.right, role="target", over=True, width=1)
    label(ax, 1.85, 0.58, "1 loss for each review", fontweight="bold", size=SMALL)
    label(ax, 5.94, 0.58, "$L$ losses for each row, here 4", fontweight="bold", size=SMALL)
    entries = [("input", "input", 0.95), ("state", "state", 0.95), ("output", "logits", 1.0), ("loss", "loss", 0.9),
               ("target", "target", 1.05), ("→target", "the next input is the target", 0)]  # fmt: skip
    key(ax, FOOT, entries)
    return fig


def _network(
    ax: Axes, columns: Sequence[float], inputs: Sequence[str], targets: Sequence[str]
) -> tuple[list[Node], list[Node]]:
    """A row of inputs and of states, and above each step that has a target an answer, a loss and the target."""
    wide = max(map(len, inputs)) > 1
    below = [node(ax, "input", x, INPUTS, word, width=0.5 if wide else 0.34, height=0.34, size=SIZE)
             for x, word in zip(columns, inputs, strict=True)]  # fmt: skip
    states = [node(ax, "state", x, STATES, "$h$", width=0.4, height=0.4) for x in columns]
    for step, (word, state) in enumerate(zip(below, states, strict=True)):
        arrow(ax, word.top, state.bottom, role="input")
        if step:
            arrow(ax, states[step - 1].right, state.left, role="state")
    above = [_answer(ax, state, target) for state, target in zip(states, targets, strict=True) if target]
    return below, above


def _answer(ax: Axes, state: Node, target: str) -> Node:
    answer = node(ax, "output", state.x, ANSWERS, r"$\hat{y}$", width=0.46, height=0.34)
    loss = node(ax, "loss", state.x, LOSSES, r"$\mathcal{L}$", width=0.46, height=0.46)
    wanted = node(
        ax, "target", state.x, TARGETS, target, width=0.62 if len(target) > 1 else 0.42, height=0.34, size=SIZE
    )
    for one, other in pairwise((state, answer, loss)):
        arrow(ax, one.top, other.bottom, role="output")
    arrow(ax, wanted.bottom, loss.top, role="target")
    return wanted
