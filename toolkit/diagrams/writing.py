"""Notebook 4: how a model writes one character after the other, and what it has to keep meanwhile."""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import (
    FOOT,
    LINE,
    LOOKS,
    QUIET,
    SIZE,
    SMALL,
    TEXT,
    Node,
    arrow,
    canvas,
    dots,
    key,
    label,
    node,
    outline,
    shape,
    tint,
    title,
)
from toolkit.plots.characters import visible

__all__ = ["ALT", "draw_cache", "draw_generation"]

ALT = MappingProxyType({
    "generation": "Left, one wide call of the model reads the whole prompt, FOOL and a colon. Of its logits only the last "
    "are used. Above them stand, from below: divided by the temperature, softmax, a draw, and the new character, a space. It "
    "goes over and down as the input of a second call, which takes the state of the first. The second call draws w, the "
    "third, fed with w, draws h, and so on: one call for each new character.",
    "cache": "What is kept after 1, 2, 3, 4 and 5 characters, in one layer. Left, a Transformer: a row of keys k above a row of "
    "values v, with one more pair for each character, from 1 to 5 pairs; the new pair has a heavy edge, and the pairs before it "
    "stay. Below stands 2 · layers · t · d numbers after t characters. Right, an LSTM: one pair h and c, of the same size "
    "in each row; an arrow leads from each pair to the next, which takes its place. Below stands 2 · layers · H numbers.",
})  # fmt: skip

# Writing

PROMPT, DRAWN = "FOOL:", (" ", "w", "h")
INPUT, MODEL, LOGITS, SCALED, DRAW, NEW = 0.98, 1.72, 2.46, 3.14, 3.8, 4.46  # inches: the rows of a call
CALLS = (2.56, 4.26, 5.72)  # where the last step of each call stands


def draw_generation() -> Figure:
    """How a prompt is read at once, and how each new character is drawn and fed back."""
    fig, ax = canvas(5.5)
    title(ax, 0.3, 5.24, "Reading the prompt", "one call for all its characters")
    title(ax, 3.5, 5.24, "Writing", "one call for each new character")
    models = [_prompt(ax), *(_call(ax, x, DRAWN[place]) for place, x in enumerate(CALLS[1:]))]
    for before, after in pairwise(models):
        arrow(ax, before.right, after.left, role="state")
    last = models[-1]
    arrow(ax, last.right, (last.right[0] + 0.5, MODEL), role="state")
    dots(ax, last.right[0] + 0.64, MODEL)
    label(ax, (models[0].right[0] + models[1].left[0]) / 2 - 0.3, MODEL + 0.2, "state", size=SMALL)
    for place, x in enumerate(CALLS):
        new = _drawn(ax, x, DRAWN[place])
        if x != CALLS[-1]:
            after = CALLS[place + 1]
            turn = after - 0.62
            arrow(ax, new.right, (turn, NEW), (turn, INPUT), (after - 0.17, INPUT), role="output", over=True)
    _row_names(ax)
    key(ax, FOOT, [("input", "prompt", 1.1), ("fed", "character that was drawn", 2.5), ("→state", "state, carried", 0)])
    return fig


def _prompt(ax: Axes) -> Node:
    """The wide call, with its inputs and its logits, of which the last ones are used."""
    columns = [CALLS[0] - 0.5 * (len(PROMPT) - 1 - place) for place in range(len(PROMPT))]
    width = columns[-1] - columns[0] + 0.5
    model = node(ax, "cell", (columns[0] + columns[-1]) / 2, MODEL, "model", width=width, height=0.42, size=SIZE)
    for x, character in zip(columns, PROMPT, strict=True):
        word = node(ax, "input", x, INPUT, character, width=0.34, height=0.34, size=SIZE)
        arrow(ax, word.top, (x, MODEL - 0.21), role="input")
        if x != columns[-1]:
            node(ax, "output", x, LOGITS, width=0.26, height=0.2, pale=True)
    shape(ax, columns[2], INPUT - 0.34, "1, P")
    label(ax, columns[1] + 0.25, LOGITS + 0.26, "not used", size=SMALL, colour=QUIET)
    return model


def _call(ax: Axes, x: float, character: str) -> Node:
    """A call that reads the character before."""
    fed = node(ax, "fed", x, INPUT, visible(character), width=0.34, height=0.34, size=SIZE)
    model = node(ax, "cell", x, MODEL, "model", width=0.72, height=0.42, size=SIZE)
    arrow(ax, fed.top, model.bottom, role="output")
    shape(ax, x, INPUT - 0.34, "1, 1")
    return model


def _drawn(ax: Axes, x: float, character: str) -> Node:
    """From the last logits of a call to a new character."""
    column = [
        Node(x, MODEL, 0.42, 0.42),
        node(ax, "output", x, LOGITS, "logits", width=0.64, height=0.32, size=SMALL),
        node(ax, "cell", x, SCALED, r"$/\,\tau$, softmax", width=1.06, height=0.34, size=SMALL),
        node(ax, "cell", x, DRAW, "draw", width=0.62, height=0.34, size=SMALL),
        node(ax, "fed", x, NEW, visible(character), width=0.34, height=0.34, size=SIZE),
    ]
    for one, other in pairwise(column):
        arrow(ax, one.top, other.bottom, role="output")
    return column[-1]


def _row_names(ax: Axes) -> None:
    """What stands in each row, on the right."""
    for y, *lines in ((NEW, "the new character"), (DRAW, "by chance"), (SCALED, "temperature $\\tau$,", "probabilities"),
                      (INPUT, "what is read")):  # fmt: skip
        for place, line in enumerate(lines):
            label(ax, 6.42, y + 0.1 * (len(lines) - 1) - 0.2 * place, line, size=SMALL, colour=QUIET, ha="left")
    shape(ax, 6.42, LOGITS, "1, V", ha="left")


# What is kept meanwhile

WRITTEN = "hello"
TILE, PITCH = 0.27, 0.33  # inches
TOP, ROW = 3.84, 0.68  # inches: the first row, and from one to the next


def draw_cache() -> Figure:
    """What a Transformer keeps while it writes, and what an LSTM keeps."""
    fig, ax = canvas(5.14)
    title(ax, 0.3, 4.88, "Transformer", "a key and a value for each character: it grows")
    title(ax, 4.9, 4.88, "LSTM", "one pair: its size stays the same")
    label(ax, 0.3, TOP + 0.46, "after", size=SMALL, colour=QUIET, ha="left")
    pairs = []
    for place, _ in enumerate(WRITTEN):
        y = TOP - ROW * place
        label(ax, 0.3, y, f"“{WRITTEN[: place + 1]}”", size=SMALL, ha="left")
        for before in range(place + 1):
            _key_and_value(ax, 1.32 + PITCH * before, y, new=before == place)
        pairs.append([node(ax, "state", x, y, f"${letter}$", width=0.4, height=0.4)
                      for x, letter in ((5.5, "h"), (6.1, "c"))])  # fmt: skip
    for before, after in pairwise(pairs):
        for one, other in zip(before, after, strict=True):
            arrow(ax, one.bottom, other.top, role="state")
    label(ax, 0.3, 0.54, r"$2 \cdot \mathrm{layers} \cdot t \cdot d$  numbers after $t$ characters", ha="left")
    label(ax, 0.3, FOOT - 0.02, "$d$: width of the model, all heads together", size=SMALL, colour=QUIET, ha="left")
    label(ax, 4.9, FOOT - 0.02, "$H$: hidden size", size=SMALL, colour=QUIET, ha="left")
    label(ax, 4.9, 0.54, r"$2 \cdot \mathrm{layers} \cdot H$  numbers, always", ha="left")
    label(ax, 3.2, TOP + 0.02, "heavy edge: new", size=SMALL, colour=QUIET, ha="left")
    label(ax, 3.2, TOP - 0.22, "thin edge: kept", size=SMALL, colour=QUIET, ha="left")
    label(ax, 6.5, TOP - ROW / 2 + 0.1, "takes the place of", size=SMALL, colour=QUIET, ha="left")
    label(ax, 6.5, TOP - ROW / 2 - 0.12, "the pair before", size=SMALL, colour=QUIET, ha="left")
    return fig


def _key_and_value(ax: Axes, x: float, y: float, new: bool) -> None:
    """A key above a value, each a vector of d numbers; the new ones have a heavy edge."""
    look = LOOKS["state"]
    for letter, above in (("k", 0.14), ("v", -0.14)):
        style = {"facecolor": tint(look.colour, 0.3 if new else 0.1), "edgecolor": TEXT if new else look.line,
                 "linewidth": 2 if new else LINE / 1.5, "zorder": 4, "gid": "new" if new else "kept"}  # fmt: skip
        outline(ax, "rounded", x, y + above, TILE, TILE - 0.02, **style)
        label(ax, x, y + above, f"${letter}$")
