"""Which words say the same: known links between two sentences, and what attention looks at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from toolkit.pairs import Pair
from toolkit.plots.canvas import COLOURS, WIDTH
from toolkit.plots.cells import text_width

__all__ = ["plot_links", "plot_map", "plot_maps"]

BLUES = LinearSegmentedColormap.from_list("blues", ["#FFFFFF", COLOURS["blue"]])
END = "<eos>"
Links = Collection[tuple[int, int]]

# Links

WORD, GAP = 10.0, 9.0  # points: the letters, and between two words at least
UPRIGHT = 13.0  # points from a word to the next where they stand upright
MARGIN = 16.0  # points at each side of the row
APART = 96.0  # points between the two rows
STRAIGHT = {"edgecolor": "#8C8C8C", "linewidth": 1.3, "linestyle": "-", "zorder": 2}
CROSSING = {"edgecolor": COLOURS["blue"], "linewidth": 1.8, "linestyle": "-", "zorder": 3}


@dataclass(frozen=True)
class Row:
    """A row of words: their middles, how they are turned, and how high the row is, all in points."""

    middles: list[float]
    turned: bool
    height: float


def plot_links(pair: Pair, title: str = "") -> Figure:
    """A sentence above its translation, with a curve for each link; curves that cross another are blue and thicker.

    A word without a link is pale. Words of long sentences stand upright.

    Args:
        pair: a `toolkit.pairs.Pair` with links.
        title: such as where the pair comes from.

    Raises:
        ValueError: the pair has no links, a sentence has no words, or a link leads to a word that isn't there.
    """
    links = _expect_links(pair.links, len(pair.english), len(pair.french))
    turned = max(map(_natural, (pair.english, pair.french))) > 72 * WIDTH - 2 * MARGIN
    above, below = (_row(words, turned) for words in (pair.english, pair.french))
    head, foot = (24.0 if title else 8.0), 26.0
    height = head + above.height + APART + below.height + foot
    fig = Figure(figsize=(WIDTH, height / 72), layout="constrained")
    ax = fig.subplots()
    ax.set_axis_off()
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set_xlim(0, 72 * WIDTH)
    ax.set_ylim(above.height + APART + below.height + 12, -4)
    crossing = _crossing(links)
    _words(ax, pair.english, above, above.height, "bottom", {i for i, _ in links})
    _words(ax, pair.french, below, above.height + APART, "top", {j for _, j in links})
    for english, french in sorted(links):
        style = CROSSING if (english, french) in crossing else STRAIGHT
        _curve(ax, above.middles[english], below.middles[french], above.height + 3, above.height + APART - 3, style)
    said = f"{len(links)} link{'s' * (len(links) != 1)}"
    said += f"; blue: {len(crossing)} of them cross another" if crossing else ""
    ax.text(MARGIN / 2, above.height + APART + below.height + 12, said, fontsize="small", va="bottom", ha="left")
    return fig


def _expect_links(links: Links | None, across: int, down: int) -> set[tuple[int, int]]:
    if links is None:
        raise ValueError("links is None, expected pairs of places: nobody knows them for this pair")
    if not across or not down:
        raise ValueError(f"the sentences have {across} and {down} words, expected at least one in each")
    if wrong := sorted((i, j) for i, j in links if not (0 <= i < across and 0 <= j < down)):
        raise ValueError(f"the link {wrong[0]} leads nowhere, expected places below {across} and {down}")
    return set(links)


def _natural(words: Sequence[str]) -> float:
    return sum(text_width(word, WORD) for word in words) + GAP * (len(words) - 1)


def _row(words: Sequence[str], turned: bool) -> Row:
    """The words spread over the whole width, so that words in the same place stand above each other."""
    widths = [UPRIGHT - GAP if turned else text_width(word, WORD) for word in words]
    room = 72 * WIDTH - 2 * MARGIN
    gap = min((room - sum(widths)) / max(1, len(words) - 1), 48.0)
    left = MARGIN + (room - sum(widths) - gap * (len(words) - 1)) / 2
    middles = []
    for width in widths:
        middles.append(left + width / 2)
        left += width + gap
    height = max(text_width(word, WORD) for word in words) if turned else 14.0
    return Row(middles, turned, height + 2)


def _words(ax: Axes, words: Sequence[str], row: Row, y: float, va: str, linked: set[int]) -> None:
    for place, (word, x) in enumerate(zip(words, row.middles, strict=True)):
        ax.text(x, y, word, ha="center", va=va, fontsize=WORD, rotation=90 if row.turned else 0, parse_math=False,
                color="black" if place in linked else "#767676", gid="word")  # fmt: skip


def _crossing(links: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The links that cross another one: what comes first here comes second there."""
    return {(i, j) for i, j in links if any((i - k) * (j - other) < 0 for k, other in links)}


def _curve(ax: Axes, start: float, end: float, top: float, bottom: float, style: dict) -> None:
    third = (bottom - top) * 0.45
    points = [(start, top), (start, top + third), (end, bottom - third), (end, bottom)]
    path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    ax.add_patch(PathPatch(path, fill=False, gid="link", **style))


# Maps

CELL, CLOSE = 0.3, 0.117  # inches: a cell of a map that has room, and the smallest
LETTERS = 9.0  # points
TRUTH = {"facecolor": "none", "edgecolor": COLOURS["vermilion"], "linewidth": 1.8, "zorder": 3, "gid": "truth"}


def plot_map(
    weights: torch.Tensor,
    source: Sequence[str],
    target: Sequence[str],
    links: Links | None = None,
    title: str = "",
) -> Figure:
    """Where each step of a translation looked: a row for each word that was written, a column for each word of the source.

    Args:
        weights: (T, S), from 0 to 1.
        source: the S words of the source; with one word fewer the last column is `<eos>`.
        target: the T words that were written; with one word fewer the last row is `<eos>`.
        links: pairs (place in the source, place in the target) that are known to say the same, outlined; or None.
        title: such as the model.

    Raises:
        ValueError: the weights have another shape or leave 0 to 1, or a link leads to a word that isn't there.
    """
    return plot_maps({title: (weights, source, target, links)})


def plot_maps(maps: Mapping[str, tuple[torch.Tensor, Sequence[str], Sequence[str], Links | None]]) -> Figure:
    """Up to three attention maps beside each other, as `plot_map` draws them, with one colour scale from 0 to 1.

    Args:
        maps: title → (weights, source, target, links).

    Raises:
        ValueError: there is no map or more than three, or one isn't as `plot_map` expects it.
    """
    if not 1 <= len(maps) <= 3:
        raise ValueError(f"there are {len(maps)} maps, expected 1 to 3")
    drawn = {title: _expect_map(*parts) for title, parts in maps.items()}
    shared = len({tuple(target) for _, _, target, _ in drawn.values()}) == 1
    side, pitch = _beside(drawn.values(), shared)
    rows = max(len(weights) for weights, *_ in drawn.values())
    tall = max(text_width(word, LETTERS) for _, source, _, _ in drawn.values() for word in source) / 72
    lines = -(-len(drawn) // side)
    fig = Figure(figsize=(WIDTH, max(1.9, pitch * rows + tall + 0.55) * lines), layout="compressed")
    axes = fig.subplots(lines, side, squeeze=False).flatten().tolist()
    while len(axes) > len(drawn):
        axes.pop().remove()
    size = min(LETTERS, max(7.0, 72 * pitch / 1.25))
    for place, (ax, (title, parts)) in enumerate(zip(axes, drawn.items(), strict=True)):
        _map(ax, title, *parts, size)
        if shared and place % side:
            ax.set_yticklabels([])
    linked = any(parts[3] for parts in drawn.values())
    _scale(fig, axes, linked)
    return fig


def _beside(maps: Collection[tuple], shared: bool) -> tuple[int, float]:
    """How many maps stand beside each other, and how far their rows are apart, in inches.

    As many as leave room for the letters; names of rows that are the same in all maps stand there once.
    """
    names = max(text_width(word, LETTERS) for _, _, target, _ in maps for word in target) / 72
    columns = max(weights.shape[1] for weights, *_ in maps)
    pitches = {
        side: (WIDTH - 1.1 - names * (1 if shared else side) - 0.25 * side) / side / columns
        for side in range(len(maps), 0, -1)
    }
    side = next((side for side, pitch in pitches.items() if pitch >= CLOSE), 1)
    return side, min(CELL if side == len(maps) else CELL / 2, pitches[side])


def _expect_map(
    weights: torch.Tensor, source: Sequence[str], target: Sequence[str], links: Links | None = None
) -> tuple[torch.Tensor, list[str], list[str], set[tuple[int, int]]]:
    weights = torch.as_tensor(weights).detach().cpu().double()
    if weights.dim() != 2 or not weights.numel():
        raise ValueError(
            f"weights has shape {tuple(weights.shape)}, expected (T, S) for {len(target)} and {len(source)} words"
        )
    target, source = (
        [*words, END] if length == len(words) + 1 else list(words)
        for words, length in zip((target, source), weights.shape, strict=True)
    )
    if weights.shape != (len(target), len(source)):
        raise ValueError(
            f"weights has shape {tuple(weights.shape)}, expected ({len(target)}, {len(source)}): a row for each word "
            "that was written, a column for each word of the source, or one more for <eos>"
        )
    if not bool(((weights >= -1e-6) & (weights <= 1 + 1e-6)).all()):
        raise ValueError(f"weights run from {weights.min():g} to {weights.max():g}, expected 0 to 1: apply softmax")
    return weights, source, target, _expect_links(links or (), len(source), len(target))


def _map(
    ax: Axes,
    title: str,
    weights: torch.Tensor,
    source: Sequence[str],
    target: Sequence[str],
    links: set[tuple[int, int]],
    size: float,
) -> None:
    ax.imshow(weights, cmap=BLUES, vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    for english, french in links:
        ax.add_patch(Rectangle((english - 0.44, french - 0.44), 0.88, 0.88, **TRUTH))
    ax.set_xticks(range(len(source)), source, rotation=90, fontsize=size, parse_math=False)
    ax.set_yticks(range(len(target)), target, fontsize=size, parse_math=False)
    ax.xaxis.tick_top()
    ax.tick_params(length=0, pad=3)
    ax.set_xticks([place + 0.5 for place in range(len(source) - 1)], minor=True)
    ax.set_yticks([place + 0.5 for place in range(len(target) - 1)], minor=True)
    ax.tick_params(which="minor", length=0)
    ax.grid(which="minor", color="#E5E5E5", linewidth=0.6)
    ax.spines[:].set_color("#9A9A9A")
    ax.set_xlabel(title, fontweight="bold")


def _scale(fig: Figure, axes: Sequence[Axes], linked: bool) -> None:
    """The colour scale, and what an outline means."""
    shrink = min(0.85, 2.5 / fig.get_figheight())
    bar = fig.colorbar(ScalarMappable(Normalize(0, 1), BLUES), ax=axes, shrink=shrink, aspect=22, pad=0.02,
                       ticks=[0, 0.25, 0.5, 0.75, 1])  # fmt: skip
    bar.set_label("attention weight" + ("\noutlined: known links" if linked else ""))
    bar.outline.set_linewidth(0.5)
