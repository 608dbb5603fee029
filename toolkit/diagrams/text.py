"""Notebook 3: from a review to a logit, what an embedding looks up, and a mean that leaves padding out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    label,
    node,
    outline,
    padding,
    shape,
    tint,
    title,
)

__all__ = ["ALT", "TEXT_TASKS", "draw_masked_mean", "draw_one_hot", "draw_text_pipeline"]

ALT = MappingProxyType({
    "text_pipeline": "A chain of what you will build, in three rows, with a numbered badge for each task. Two reviews are "
    "cut into words by tokenize, the Vocabulary turns words into ids, length_buckets chooses which reviews share a batch, "
    "and pad_batch makes ids, (N, L), with padding behind the shorter one, and lengths, (N,). An Embedding gives "
    "vectors, (N, L, E). A recurrent layer reads them; its last real state, (N, H), or the masked mean of all states, "
    "goes through a linear unit to one logit for each review, (N,), and evaluate counts labels and answers.",
    "one_hot": "The word bad has id 3. Left a one-hot row of six numbers, all 0 but a 1 at place 3. It is multiplied by "
    "the weight, a matrix with a row for each of the six words and four columns. The product, right, is a vector of four "
    "numbers: row 3 of the weight, coloured in both. Row 0, the padding's, holds zeros and gets no gradient, so it "
    "stays zero.",
    "masked_mean": "Left, values of one review with 3 words in a row of 5 steps: a grid with a column for each step and a "
    "row for each of three features; the two columns of padding hold NaN. Under it a mask: True under the words, False "
    "under the padding. Where the mask is False, torch.where puts a 0. The sum over the steps, divided by the length 3, "
    "is the mean, one number for each feature.",
})  # fmt: skip

TEXT_TASKS = MappingProxyType(
    {"tokenize": "3.1", "vocabulary": "3.2", "embedding": "3.3", "padding": "3.4", "classifier": "3.5", "mean": "3.6",
     "buckets": "3.7", "evaluation": "3.8"}
)  # fmt: skip

# What is built

REVIEWS = ("“Not bad<br />at all!”", "“I liked it.”")
TOKENS = (("not", "bad", "at", "all"), ("i", "liked", "it"))
IDS = {"not": 6, "bad": 9, "at": 4, "all": 7, "i": 2, "liked": 8, "it": 3}
FIRST, SECOND, THIRD = 4.42, 2.62, 0.8  # inches: the rows of the pipeline
PITCH, TILE = 0.33, 0.29  # inches


def draw_text_pipeline(tasks: Mapping[str, str] = TEXT_TASKS) -> Figure:
    """What the notebook builds, from a review to its logit, with the number of the task for each part.

    `tasks` maps parts, keys of `TEXT_TASKS`, to numbers; a part that it leaves out has no badge.
    """
    fig, ax = canvas(5.24)
    ids = _from_text(ax)
    buckets = _box(ax, 4.3, 3.66, "length_buckets", 1.3, height=0.36)
    vectors = _to_vectors(ax, buckets)
    arrow(ax, ids.bottom, (ids.x, buckets.y), buckets.right)
    label(ax, ids.x - 0.12, 3.82, "which reviews share a batch", size=SMALL, colour=QUIET, ha="right")
    _to_logits(ax, vectors)
    badges(ax, TEXT_PLACES, tasks)
    return fig


# where each badge stands
TEXT_PLACES = {
    "tokenize": (2.6, FIRST + 0.44),
    "vocabulary": (5.72, FIRST + 0.44),
    "embedding": (4.6, SECOND + 0.44),
    "padding": (1.12, SECOND + 0.44),
    "classifier": (0.72, THIRD + 0.4),
    "mean": (2.75, 1.9),
    "buckets": (3.42, 3.86),
    "evaluation": (6.32, THIRD + 0.44),
}


def _box(ax: Axes, x: float, y: float, text: str, width: float, height: float = 0.5) -> Node:
    return node(ax, "cell", x, y, text, width=width, height=height, size=SMALL)


def _named(ax: Axes, x: float, y: float, name: str, letters: str = "", ha: str = "center") -> None:
    """What a value is called and its shape, above each other, where y is that of the shape."""
    label(ax, x, y + 0.23 if letters else y, name, size=SMALL, ha=ha)
    if letters:
        shape(ax, x, y, letters, ha=ha)


def _from_text(ax: Axes) -> Node:
    """The first row: reviews, words, ids."""
    outline(ax, "rounded", 1.05, FIRST, 1.64, 0.76, facecolor="white", edgecolor=LOOKS["quiet"].line, linewidth=1.2)
    for row, review in enumerate(REVIEWS):
        label(ax, 1.05, FIRST + 0.17 - 0.34 * row, review, size=SMALL)
    tokenize = _box(ax, 2.6, FIRST, "tokenize", 0.8)
    vocabulary = _box(ax, 5.72, FIRST, "Vocabulary", 0.98)
    for row, words in enumerate(TOKENS):
        left = 3.3
        for word in words:
            width = 0.14 + 0.075 * len(word)
            node(ax, "input", left + width / 2, _line(FIRST, row), word, width=width, height=TILE, size=SMALL)
            left += width + 0.05
        for place, word in enumerate(words):
            _id(ax, 6.66 + PITCH * place, _line(FIRST, row), word)
    arrow(ax, (1.87, FIRST), tokenize.left)
    arrow(ax, tokenize.right, (3.3, FIRST))
    arrow(ax, (4.92, FIRST), vocabulary.left, role="input")
    arrow(ax, vocabulary.right, (6.5, FIRST), role="input")
    for x, name in ((1.05, "reviews"), (4.08, "words"), (7.15, "ids")):
        label(ax, x, FIRST + 0.52, name, size=SMALL)
    return Node(7.15, FIRST, 1.3, 0.66)


def _line(y: float, row: int) -> float:
    return y + 0.17 - 0.34 * row


def _id(ax: Axes, x: float, y: float, word: str) -> None:
    node(ax, "input", x, y, str(IDS[word]), width=TILE, height=TILE, size=SMALL)


def _to_vectors(ax: Axes, buckets: Node) -> Node:
    """The second row: the padded batch, its vectors."""
    batch = _box(ax, 1.12, SECOND, "pad_batch", 0.94)
    embedding = _box(ax, 4.6, SECOND, "Embedding", 0.98)
    arrow(ax, buckets.left, (0.5, buckets.y), (0.5, SECOND), batch.left)
    steps = max(map(len, TOKENS))
    for row, words in enumerate(TOKENS):
        y = _line(SECOND, row)
        for place in range(steps):
            x = 2.56 + PITCH * place
            _id(ax, x, y, words[place]) if place < len(words) else padding(ax, x, y, TILE, TILE)
            for depth in (2, 1, 0):
                at = 5.78 + 0.46 * place + 0.07 * depth, y - 0.06 + 0.06 * depth
                real = place < len(words)
                look = LOOKS["input" if real else "quiet"]
                style = {
                    "facecolor": tint(look.colour, 0.16 if real else 0),
                    "edgecolor": look.line,
                    "zorder": 5 - depth,
                }
                outline(ax, "square", *at, 0.26, 0.2, linewidth=1, **style)
        node(ax, "quiet", 2.06, y, str(len(words)), width=TILE, height=TILE, size=SMALL)
    arrow(ax, batch.right, (1.89, SECOND))
    arrow(ax, (3.78, SECOND), embedding.left, role="input")
    arrow(ax, embedding.right, (5.62, SECOND), role="input")
    _named(ax, 3.06, SECOND + 0.48, "ids", "N, L")
    _named(ax, 2.02, SECOND + 0.48, "lengths", "N,")
    _named(ax, 6.54, SECOND + 0.48, "vectors", "N, L, E")
    return Node(6.54, SECOND, 1.9, 0.66)


def _to_logits(ax: Axes, vectors: Node) -> None:
    """The third row: the layer, what is kept of it, the logit and its evaluation."""
    cells = chain(ax, 1.32, THIRD)
    state = node(ax, "state", 2.75, THIRD, "$h$")
    mean = _box(ax, 2.75, 1.56, "masked_mean", 1.12, height=0.4)
    linear = _box(ax, 4.14, THIRD, "linear", 0.66)
    logits = node(ax, "output", 5.3, THIRD, "logits", width=0.74, height=0.4, size=SMALL)
    evaluate = _box(ax, 6.32, THIRD, "evaluate", 0.8)
    arrow(ax, vectors.bottom, (vectors.x, 2.12), (0.28, 2.12), (0.28, THIRD), cells.left, role="input")
    arrow(ax, cells.right, state.left, role="state")
    arrow(ax, (1.82, THIRD + 0.18), (1.82, mean.y), mean.left, role="state")
    arrow(ax, mean.right, (linear.x, mean.y), linear.top, role="state")
    arrow(ax, state.right, linear.left, role="state")
    arrow(ax, linear.right, logits.left, role="output")
    arrow(ax, logits.right, evaluate.left, role="output")
    for row in (0, 1):
        for column in (0, 1):
            fill = tint(LOOKS["output"].colour, 0.75 if row == column else 0.12)
            at = 7.27 + 0.24 * column, THIRD + 0.12 - 0.24 * row
            outline(ax, "square", *at, 0.22, 0.22, facecolor=fill, edgecolor=LOOKS["output"].line, linewidth=1)
    arrow(ax, evaluate.right, (7.14, THIRD))
    for x, name, letters in (
        (1.32, "recurrent layer", ""),
        (2.75, "last real state", "N, H"),
        (4.14, "unit", r"H \to 1"),
        (5.3, "one per review", "N,"),
        (7.39, "counts", "2, 2"),
    ):
        label(ax, x, THIRD - 0.38, name, size=SMALL)
        if letters:
            shape(ax, x, THIRD - 0.6, letters)
    label(ax, 1.32, THIRD - 0.6, "packed by lengths", size=SMALL, colour=QUIET)
    label(ax, 2.75, 1.2, "or", size=SMALL, colour=QUIET)


# What an embedding looks up

WORDS = ("<pad>", "<unk>", "not", "bad", "good", "dull")
WEIGHT = ((0, 0, 0, 0), (0.3, -0.1, 0.5, 0.2), (-0.8, 0.4, 0.1, -0.6), (-1.2, 0.7, -0.3, 0.9), (1.1, 0.6, -0.4, 0.8),
          (-0.9, -0.5, 0.2, 1.0))  # fmt: skip
PICKED = WORDS.index("bad")
CELL = 0.44  # inches


def draw_one_hot() -> Figure:
    """Why looking a row up is the same as multiplying a one-hot row by the weight, and what the padding's row holds."""
    fig, ax = canvas(4.1)
    title(ax, 0.3, 3.84, "A one-hot row times the weight is a row of the weight", "the word “bad” has id 3")
    _hot_row(ax)
    label(ax, 2.78, _height(PICKED), r"$\times$")
    _weight(ax)
    label(ax, 5.86, _height(PICKED), "$=$")
    _heading(ax, 6.96, _height(PICKED) + 0.38, "vector", "1, E")
    for column, value in enumerate(WEIGHT[PICKED]):
        _entry(ax, 6.3 + CELL * column, _height(PICKED), value, PICKED)
    label(ax, 6.96, _height(PICKED) - 0.4, "row 3: weight[3]", size=SMALL, colour=QUIET)
    label(ax, 0.3, FOOT, "Only the rows that a batch picks get a gradient; the padding's row gets none even then.",
          size=SMALL, colour=QUIET, ha="left")  # fmt: skip
    return fig


def _hot_row(ax: Axes) -> None:
    """A row of zeros with a single 1, under the number of each place."""
    y = _height(PICKED)
    _heading(ax, 1.38, y + 0.62, "one-hot row", "1, V")
    for place in range(len(WORDS)):
        picked, x = place == PICKED, 0.48 + 0.36 * place
        node(ax, "input", x, y, str(int(picked)), width=0.32, height=0.32, size=SIZE, pale=not picked)
        label(ax, x, y + 0.3, str(place), size=SMALL, colour=QUIET)
    label(ax, 1.38, y - 0.46, "a 1 at place 3, else 0", size=SMALL, colour=QUIET)


def _weight(ax: Axes) -> None:
    """The weight with the id and the word of each row, and a remark on the row of padding."""
    _heading(ax, 4.74, 3.2, "weight", "V, E")
    for row, (word, values) in enumerate(zip(WORDS, WEIGHT, strict=True)):
        label(ax, 3.06, _height(row), str(row), size=SMALL, colour=QUIET)
        label(ax, 3.78, _height(row), word, size=SMALL, ha="right")
        for column, value in enumerate(values):
            _entry(ax, 4.08 + CELL * column, _height(row), value, row)
    y = _height(0)
    arrow(ax, (6.16, y), (5.64, y), role="quiet")
    label(ax, 6.22, y + 0.1, "the row of padding:", size=SMALL, ha="left")
    label(ax, 6.22, y - 0.12, "zeros, and no gradient", size=SMALL, ha="left")


def _heading(ax: Axes, x: float, y: float, name: str, letters: str) -> None:
    """A name and a shape on one line, to the left and the right of x."""
    label(ax, x - 0.1, y, name, size=SMALL, ha="right")
    shape(ax, x, y, letters, ha="left")


def _height(row: int) -> float:
    return 2.86 - 0.42 * row


def _entry(ax: Axes, x: float, y: float, value: float, row: int) -> None:
    """A number of the weight; those of the padding are hatched around, those of the row that is picked are coloured."""
    if row == 0:
        padding(ax, x, y, CELL - 0.04, 0.36)
        outline(ax, "square", x, y, 0.22, 0.22, facecolor="white", edgecolor="none", zorder=5)
        label(ax, x, y, "0", size=SMALL)
        return
    look = LOOKS["weight" if row == PICKED else "quiet"]
    fill = tint(look.colour, 0.3) if row == PICKED else "white"
    style = {"facecolor": fill, "edgecolor": look.line, "linewidth": 2 if row == PICKED else 1, "zorder": 4}
    outline(ax, "square", x, y, CELL - 0.04, 0.36, **style)
    label(ax, x, y, f"{value:.1f}".replace("-", "−"), size=SMALL)


# A mean of what is real

VALUES = ((1, 3, 2), (0, 6, -3), (5, -1, 2))  # a row for each feature
REAL = ("i", "liked", "it")
STEPS = 5


def draw_masked_mean() -> Figure:
    """How the mean over the real steps of one padded review is taken."""
    fig, ax = canvas(3.75)
    title(
        ax,
        0.3,
        3.49,
        "The mean over the real steps",
        "one review of 3 words in a batch of length 5; time runs to the right",
    )
    _heading(ax, 2.12, 2.82, "values", "L, F")
    _heading(ax, 5.28, 2.82, "where mask, else 0", "L, F")
    left = _values(ax, 1.12, [*(zip(*VALUES, strict=True)), *[("NaN",) * 3] * 2])
    kept = _values(ax, 3.72, [*(zip(*VALUES, strict=True)), *[(0,) * 3] * 2])
    for step in range(STEPS):
        real = step < len(REAL)
        node(ax, "weight" if real else "quiet", _step(1.12, step), 0.86, "True" if real else "False", width=0.4,
             height=0.28, size=9.0, pale=not real)  # fmt: skip
    label(ax, 0.3, 0.86, "mask", size=SMALL, ha="left")
    for feature in range(3):
        label(ax, 0.3, _feature(feature), f"feature {feature}", size=SMALL, ha="left", colour=QUIET)
    arrow(ax, left.right, kept.left, role="input")
    totals = [sum(row) for row in VALUES]
    _column(ax, 6.62, "sum", totals)
    _column(ax, 7.44, "mean", [total / len(REAL) for total in totals])
    arrow(ax, kept.right, (6.4, left.y), role="output")
    arrow(ax, (6.84, left.y), (7.22, left.y), role="output")
    label(ax, 7.02, left.y + 0.2, r"$/\,3$")
    label(ax, 7.02, 0.86, "length 3, not $L = 5$", size=SMALL, colour=QUIET)
    label(ax, 0.3, FOOT, "Multiplying by the mask isn't enough: NaN times 0 is NaN. torch.where leaves it out.",
          size=SMALL, colour=QUIET, ha="left")  # fmt: skip
    return fig


def _step(left: float, step: int) -> float:
    return left + 0.22 + 0.44 * step


def _feature(feature: int) -> float:
    return 2.16 - 0.4 * feature


def _values(ax: Axes, left: float, columns: Sequence[Sequence[object]]) -> Node:
    """A grid of values, a column for each step, under the words."""
    for step, column in enumerate(columns):
        x = _step(left, step)
        if step < len(REAL):
            label(ax, x, 2.52, REAL[step], size=SMALL)
        else:
            padding(ax, x, 2.52, 0.3, 0.16)
        for feature, value in enumerate(column):
            style = {"width": 0.4, "height": 0.36, "size": SMALL, "pale": step >= len(REAL)}
            node(ax, "input", x, _feature(feature), str(value).replace("-", "−"), **style)
    return Node(left + 1.1, _feature(1), 2.2, 1.16)


def _column(ax: Axes, x: float, name: str, values: Sequence[float]) -> None:
    for feature, value in enumerate(values):
        node(ax, "output", x, _feature(feature), f"{value:g}", width=0.44, height=0.34, size=SMALL)
    label(ax, x, 2.82, name, size=SMALL)
    shape(ax, x, 2.56, "F,")
