"""What a network thinks while it reads: the words of a review, and after each the probability that it is liked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from toolkit.plots.canvas import COLOURS, WIDTH, figure, legend
from toolkit.plots.cells import cut, points_per_unit, text_width

__all__ = ["plot_reading"]

LIKING = LinearSegmentedColormap.from_list("liking", [COLOURS["vermilion"], "#F4F4F4", COLOURS["blue"]])
WORD, NUMBER = 10.0, 8.0  # points
ROOM = 6.0  # points between two words
JUMP = 15.0  # percentage points: a smaller change gets no number
LINE = 0.78  # inches from a line of words to the next
UNIT = "probability of “liked” after the word (%)\nbars stand on 50 %"
SHADE = "#E8E3D3"


@dataclass(frozen=True)
class Placed:
    """A word of the review on its line: where it begins and how wide it is, in points."""

    number: int
    text: str
    line: int
    left: float
    width: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def plot_reading(
    words: Sequence[str],
    probabilities: torch.Tensor,
    title: str = "",
    *,
    decisive: tuple[int, int] | None = None,
    line: bool = False,
) -> Figure:
    """A review as lines of words, under each a bar for the probability of "liked" once the network has read it.

    A bar stands on 50 %: up and blue is liked, down and vermilion is disliked. The last value has its number, and so have
    the greatest changes.

    Args:
        words: the L words of the review.
        probabilities: (L,), from 0 to 1, after each word.
        title: such as the label of the review and where it comes from.
        decisive: the first and the last place of a stretch of words to be shaded.
        line: draw the probability as a line over the number of the word, without the text; for long reviews. Without
            `decisive` the stretch of the largest change is shaded then.

    Raises:
        ValueError: the probabilities have another shape or leave 0 to 1, there are no words, or the stretch lies outside.
    """
    percents = _expect_percents(words, probabilities)
    if decisive is not None and not 0 <= decisive[0] <= decisive[1] < len(words):
        raise ValueError(f"decisive is {decisive}, expected two places from 0 to {len(words) - 1}, the first one first")
    return (_curve if line else _text)(words, percents, title, decisive)


def _expect_percents(words: Sequence[str], probabilities: torch.Tensor) -> list[float]:
    values = torch.as_tensor(probabilities).detach().cpu()
    if not len(words):
        raise ValueError(
            "the review has no words, expected at least one: nothing was read, so there is nothing to draw"
        )
    if values.shape != (len(words),):
        raise ValueError(
            f"probabilities has shape {tuple(values.shape)} for {len(words)} words, expected ({len(words)},): one after each"
        )
    if not bool(((values >= 0) & (values <= 1)).all()):
        raise ValueError(
            f"probabilities run from {values.min():g} to {values.max():g}, expected 0 to 1: apply torch.sigmoid to logits"
        )
    return (100 * values.double()).tolist()


# The text


def _text(words: Sequence[str], percents: Sequence[float], title: str, decisive: tuple[int, int] | None) -> Figure:
    placed = _lines(words, 72 * WIDTH - 90)  # a first guess of the room, which says how high the figure has to be
    fig = Figure(figsize=(WIDTH, 0.4 + LINE * (placed[-1].line + 1) + 1.05), layout="constrained")
    ax = fig.subplots()
    ax.set_axis_off()
    ax.set_title(title, loc="left", fontsize="medium")
    count = placed[-1].line + 1
    ax.set_ylim(count, -0.05)
    ax.set_xlim(0, 1)
    _scale(fig, ax, "; shaded: the decisive words" if decisive else "")
    fig.draw_without_rendering()
    room = points_per_unit(fig, ax)
    ax.set_xlim(-34, room - 34)  # in points from here on, and room for the scale of each line
    placed = _lines(words, room - 40)
    ax.set_ylim(placed[-1].line + 1, -0.05)
    for number in range(placed[-1].line + 1):
        _base(ax, number, [word for word in placed if word.line == number])
    for word, percent in zip(placed, percents, strict=True):
        _word(ax, word, percent, decisive is not None and decisive[0] <= word.number <= decisive[1])
    for word in _numbered(placed, percents):
        _number(ax, word, percents[word.number])
    return fig


def _lines(words: Sequence[str], room: float) -> list[Placed]:
    """Set the words into lines that are `room` points wide; a word that is wider than a line is cut."""
    placed: list[Placed] = []
    line, left = 0, 0.0
    for number, word in enumerate(words):
        text = cut(word, room, WORD)
        width = max(text_width(text, WORD), 8.0)
        if left and left + width > room:
            line, left = line + 1, 0.0
        placed.append(Placed(number, text, line, left, width))
        left += width + ROOM
    return placed


TEXT, TOP, BOTTOM, BELOW = 0.12, 0.3, 0.7, 0.84  # of a line: where its words, 100 %, 0 % and its numbers stand


def _height(line: int, percent: float) -> float:
    return line + BOTTOM + (TOP - BOTTOM) * percent / 100


def _base(ax: Axes, line: int, words: Sequence[Placed]) -> None:
    """What the bars of a line stand on, and its scale."""
    right = words[-1].left + words[-1].width
    ax.add_patch(Rectangle((-2, line + TOP), right + 4, BOTTOM - TOP, facecolor="#FAFAFA", edgecolor="#DDDDDD",
                           linewidth=0.6, zorder=0))  # fmt: skip
    ax.plot([-2, right + 2], [_height(line, 50)] * 2, color="#7F7F7F", linewidth=0.8, zorder=3)
    for percent, name in ((100, "100 %"), (0, "0 %")):
        ax.text(-5, _height(line, percent), name, ha="right", va="center", fontsize=7, color="#595959")


def _word(ax: Axes, word: Placed, percent: float, shaded: bool) -> None:
    y = _height(word.line, percent)
    if shaded:
        ax.add_patch(Rectangle((word.left - ROOM / 2, word.line + 0.0), word.width + ROOM, BOTTOM, facecolor=SHADE,
                               edgecolor="none", zorder=0.5))  # fmt: skip
    middle = _height(word.line, 50)
    ax.add_patch(Rectangle((word.left, min(y, middle)), word.width, abs(y - middle), facecolor=LIKING(percent / 100),
                           edgecolor="#4D4D4D", linewidth=0.5, zorder=2, gid="bar"))  # fmt: skip
    ax.text(word.left, word.line + TEXT, word.text, ha="left", va="center", fontsize=WORD, zorder=4,
            parse_math=False, gid="word")  # fmt: skip


def _numbered(placed: Sequence[Placed], percents: Sequence[float]) -> list[Placed]:
    """The words whose number is written: the last one, and those that change most, as far as there is room."""
    changes = [abs(percents[0] - 50), *(abs(after - before) for before, after in pairwise(percents))]
    order = sorted(range(len(placed) - 1), key=lambda number: -changes[number])
    most = 3 + len(placed) // 8
    chosen = [placed[-1]]
    for number in order[:most]:
        width = text_width("100 %", NUMBER) + 6
        near = any(other.line == placed[number].line and abs(other.middle - placed[number].middle) < width
                   for other in chosen)  # fmt: skip
        if changes[number] >= JUMP and not near:
            chosen.append(placed[number])
    return chosen


def _number(ax: Axes, word: Placed, percent: float) -> None:
    ax.text(word.middle, word.line + BELOW, f"{percent:.0f} %", ha="center", va="center", fontsize=NUMBER, zorder=4,
            gid="number")  # fmt: skip


def _scale(fig: Figure, ax: Axes, remark: str) -> None:
    """What the colours mean, in the unit of the bars."""
    bar = fig.colorbar(ScalarMappable(Normalize(0, 100), LIKING), ax=ax, location="bottom", fraction=0.08, pad=0.01,
                       shrink=0.65, aspect=40, anchor=(0.0, 1.0), ticks=[0, 25, 50, 75, 100])  # fmt: skip
    bar.set_label(UNIT + remark, fontsize="small", loc="left")
    bar.ax.tick_params(labelsize="small")
    bar.outline.set_linewidth(0.5)


# The line


def _curve(words: Sequence[str], percents: Sequence[float], title: str, decisive: tuple[int, int] | None) -> Figure:
    first, last = decisive or _largest_change(percents)
    name = "decisive" if decisive else "largest change"
    fig, (ax,) = figure([2.2])
    ax.set_title(title, loc="left", fontsize="medium")
    places = range(1, len(words) + 1)
    ax.axvspan(first + 0.5, last + 1.5, color=SHADE, zorder=0, label=f"{name}: words\n{first + 1} to {last + 1}")
    ax.fill_between(places, 50, percents, where=[value >= 50 for value in percents], interpolate=True,
                    color=COLOURS["blue"], alpha=0.25, linewidth=0, label="liked")  # fmt: skip
    ax.fill_between(places, 50, percents, where=[value <= 50 for value in percents], interpolate=True, hatch="....",
                    facecolor=(COLOURS["vermilion"], 0.25), edgecolor=(COLOURS["vermilion"], 0.6), linewidth=0,
                    label="disliked")  # fmt: skip
    ax.plot(
        places, percents, color=COLOURS["black"], linewidth=1.4, marker="o" if len(words) < 40 else "", markersize=3
    )
    ax.axhline(50, color=COLOURS["black"], linewidth=1, linestyle=":")
    ax.set_ylim(-2, 102)
    ax.set_xlim(0.5, len(words) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_ylabel("probability of “liked” (%)")
    ax.set_xlabel("after word\n" + _quoted(words, first, last))
    legend(ax)
    return fig


def _largest_change(percents: Sequence[float]) -> tuple[int, int]:
    """The stretch of a twelfth of the review, three words at least, over which the probability changes most."""
    size = min(len(percents), max(3, len(percents) // 12))
    before = [50.0, *percents]
    first = max(range(len(percents) - size + 1), key=lambda start: abs(before[start + size] - before[start]))
    return first, first + size - 1


def _quoted(words: Sequence[str], first: int, last: int) -> str:
    """The words of the shaded stretch, as far as they fit under the axis."""
    text = " ".join(words[first : last + 1])
    return f"shaded: “{cut(text, 380, 10) or '…'}”"
