"""Notebook 5: what a decoder is fed while it is trained, and which beginnings a beam search keeps."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.diagrams.parts import FOOT, QUIET, SMALL, Node, arrow, canvas, frame, key, label, node, title

__all__ = ["ALT", "draw_beam", "draw_teacher_forcing"]

ALT = MappingProxyType({
    "teacher_forcing": "A decoder over five steps, three times, with the gold tokens elle dort bien . <eos> above what "
    "it writes. What is fed lies one step behind what is scored: <bos> comes first. With ratio 1 the gold token of a "
    "step is fed to the next one, although the model wrote il. With ratio 0 its own tokens are fed: <bos> il dort bien. "
    "In between a coin decides at each step: here elle and . are gold, dort and mal are the model's own. All steps are "
    "scored against the gold tokens.",
    "beam": "A tree of a beam search that keeps two beginnings, over four steps, with the sum of log-probabilities in "
    "each. elle, −0.50, and il, −1.10, are kept, on is dropped. Of what grows from both, il dort, −1.30, and elle dort, "
    "−1.60, are kept. Then il dort <eos>, −1.50, is finished: it keeps its place and its score, while elle dort bien, "
    "−2.10, grows to <eos> with −2.30. The finished one wins with a tick; greedy search, which began with elle, ends at "
    "−2.30.",
})  # fmt: skip

# What is fed

GOLD = ("elle", "dort", "bien", ".", "<eos>")
WRITTEN = {"1": ("il", "dort", "bien", ".", "<eos>"), "0.5": ("il", "dort", "mal", ".", "<eos>"),
           "0": ("il", "dort", "bien", ".", "<eos>")}  # fmt: skip
FED_GOLD = {"1": (True, True, True, True), "0.5": (True, False, False, True), "0": (False, False, False, False)}
SAID = {"1": "always gold", "0.5": "a coin for each\nrow and step", "0": "always its own"}
COLUMNS = [2.16 + 1.2 * step for step in range(len(GOLD))]
FED, OWN, ABOVE = 0.0, 0.56, 1.1  # inches: the rows of a panel


def draw_teacher_forcing() -> Figure:
    """What each step of a decoder is fed and what it is scored against, for three ratios of teacher forcing."""
    fig, ax = canvas(6.16)
    title(
        ax,
        0.3,
        5.9,
        "What is fed lies one step behind what is scored",
        "a decoder over T = 5 steps; upwards: a step, from what is fed to what it writes",
    )
    for place, ratio in enumerate(WRITTEN):
        _panel(ax, 4.06 - 1.66 * place, ratio)
    key(ax, FOOT, [("target", "gold token, scored against", 2.3), ("output", "its own best", 1.3), ("input", "fed: gold", 1.1),
                   ("fed", "fed: its own", 0)])  # fmt: skip
    return fig


def _panel(ax: Axes, y: float, ratio: str) -> None:
    frame(ax, 0.2, y - 0.24, 7.8, y + ABOVE + 0.22)
    label(ax, 0.32, y + ABOVE, f"ratio {ratio}", ha="left", fontweight="bold")
    label(ax, 0.32, y + OWN, SAID[ratio], ha="left", size=SMALL, colour=QUIET)
    label(ax, 1.66, y, "fed", ha="right", size=SMALL)
    before: Node | None = None
    for step, x in enumerate(COLUMNS):
        gold = not step or FED_GOLD[ratio][step - 1]
        word = "<bos>" if not step else (GOLD if gold else WRITTEN[ratio])[step - 1]
        fed = node(ax, "input" if gold else "fed", x, y + FED, word, width=0.56, height=0.28, size=SMALL)
        own = node(ax, "output", x, y + OWN, WRITTEN[ratio][step], width=0.6, height=0.28, size=SMALL)
        target = node(ax, "target", x, y + ABOVE, GOLD[step], width=0.6, height=0.28, size=SMALL)
        arrow(ax, fed.top, own.bottom, role="cell")
        arrow(ax, target.bottom, own.top, role="target")
        if before is not None:
            lane = (COLUMNS[step - 1] + x) / 2
            role = "input" if gold else "output"
            arrow(ax, before.right, (lane, before.y), (lane, fed.y), fed.left, role=role)
        goes_on = step < len(GOLD) - 1 and FED_GOLD[ratio][step]
        before = target if goes_on else own


# Which beginnings are kept


class Grown(NamedTuple):
    """A hypothesis: its last word, its score, the step and the height where it stands, and what it grew from."""

    word: str
    score: float
    step: int
    y: float
    parent: int | None
    kept: bool = True
    finished: bool = False


SIZE_OF_BEAM = 2
TREE = (
    Grown("<bos>", 0.0, 0, 2.3, None),
    Grown("elle", -0.5, 1, 2.9, 0),
    Grown("il", -1.1, 1, 1.9, 0),
    Grown("on", -3.0, 1, 1.1, 0, kept=False),
    Grown("court", -1.9, 2, 3.3, 1, kept=False),
    Grown("dort", -1.6, 2, 2.7, 1),
    Grown("dort", -1.3, 2, 1.9, 2),
    Grown("part", -2.9, 2, 1.3, 2, kept=False),
    Grown("<eos>", -2.8, 3, 3.3, 5, kept=False),
    Grown("bien", -2.1, 3, 2.7, 5),
    Grown("<eos>", -1.5, 3, 1.9, 6, finished=True),
    Grown("bien", -3.1, 3, 1.3, 6, kept=False),
    Grown(".", -3.9, 4, 3.3, 9, kept=False),
    Grown("<eos>", -2.3, 4, 2.7, 9, finished=True),
    Grown("<eos>", -1.5, 4, 1.9, 10, finished=True),
)
STEPS = [0.66 + 1.62 * step for step in range(5)]


def draw_beam() -> Figure:
    """A beam search that keeps two beginnings: what grows, what is kept, and a finished one that keeps its place."""
    fig, ax = canvas(4.9)
    title(
        ax,
        0.3,
        4.64,
        "Beam search keeps the best beginnings",
        f"here {SIZE_OF_BEAM} of them; below each word the sum of the log-probabilities so far",
    )
    for step in range(1, 5):
        label(ax, STEPS[step], 3.82, f"step {step}", size=SMALL, colour=QUIET)
    nodes: list[Node] = []
    for grown in TREE:
        nodes.append(_hypothesis(ax, grown))
        if grown.parent is not None:
            _branch(ax, nodes[grown.parent], nodes[-1], grown)
    label(ax, STEPS[4] + 0.5, 1.9, "✓", size=14)
    label(ax, STEPS[4], 2.3, "greedy ends here", size=9.0, colour=QUIET)
    label(ax, STEPS[4], 1.4, "finished: keeps its\nplace and its score", size=SMALL)
    key(ax, FOOT, [("state", "kept", 0.95), ("quiet", "dropped", 1.15), ("output", "finished", 1.15)])
    label(ax, 3.6, FOOT, "step 1 alone prefers “elle”, the whole sentence “il”", size=SMALL, colour=QUIET, ha="left")
    return fig


def _hypothesis(ax: Axes, grown: Grown) -> Node:
    role = "quiet" if not grown.kept else "output" if grown.finished else "state"
    score = "" if grown.parent is None else f"\n{grown.score:.2f}".replace("-", "−")
    return node(
        ax,
        role,
        STEPS[grown.step],
        grown.y,
        grown.word + score,
        width=0.74,
        height=0.46,
        size=SMALL,
        pale=not grown.kept,
    )


def _branch(ax: Axes, parent: Node, child: Node, grown: Grown) -> None:
    role = "quiet" if not grown.kept else "output" if grown.finished else "state"
    arrow(ax, parent.right, child.left, role=role, width=1.0 if not grown.kept else 1.6)
