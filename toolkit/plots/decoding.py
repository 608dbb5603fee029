"""How a translation is written: what the encoder keeps, what each step is fed, which beginnings a beam keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from toolkit.plots.canvas import COLOURS, WIDTH
from toolkit.plots.cells import PADDING, cut, expect_lengths, fitting_size, pale, points_per_unit
from toolkit.plots.characters import ink_on

__all__ = ["plot_beam_tree", "plot_fed", "plot_memory"]

GREENS = LinearSegmentedColormap.from_list("greens", ["#FFFFFF", COLOURS["green"]])
SMALLEST = 7.0  # points

# What is kept

MOST_ROWS, MOST_PLACES = 12, 24


def plot_memory(memory: torch.Tensor, lengths: torch.Tensor, words: Sequence[Sequence[str]] | None = None) -> Figure:
    """How large the encoder's memory is at each place of a batch: its norm, and a line where each sentence ends.

    Behind the line is padding. A place that holds nothing but zeros is hatched, and only there stands a 0.

    Args:
        memory: (N, S, H), as the encoder gave it, N up to 12, S up to 24.
        lengths: (N,), how many places of each row are real.
        words: for each row its words, written where they fit; or None.

    Raises:
        ValueError: the shapes don't fit together, or the batch is too large to be drawn.
    """
    norms, ends = _expect_memory(memory, lengths)
    rows, places = norms.shape
    fig = Figure(figsize=(WIDTH, max(1.9, 0.36 * rows + 1.15)), layout="constrained")
    ax = fig.subplots()
    largest = norms.max().item() or 1.0
    ax.set_xlim(-0.55, places - 0.45)
    ax.set_ylim(rows - 0.45, -0.55)
    ax.set_xticks(range(places))
    ax.set_yticks(range(rows))
    ax.set_xlabel("place in the source")
    ax.set_ylabel("row of the batch")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    _norm_scale(fig, ax, largest)
    _memory_key(ax, norms)
    fig.draw_without_rendering()  # lays the figure out, so that the width of a cell is known
    room = points_per_unit(fig, ax) * 0.9
    for row in range(rows):
        for place in range(places):
            word = words[row][place] if words is not None and place < len(words[row]) else ""
            _kept(ax, row, place, norms[row, place].item(), largest, cut(word, room, SMALLEST))
        _end(ax, row, ends[row])
    return fig


def _expect_memory(memory: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
    if memory.dim() != 3:
        raise ValueError(f"memory has shape {tuple(memory.shape)}, expected (N, S, H)")
    rows, places, _ = memory.shape
    if not 1 <= rows <= MOST_ROWS or not 1 <= places <= MOST_PLACES:
        raise ValueError(
            f"memory has shape {tuple(memory.shape)}, expected up to {MOST_ROWS} rows and {MOST_PLACES} places"
        )
    ends = expect_lengths(lengths)
    if len(ends) != rows or ends.max() > places:
        raise ValueError(f"lengths is {ends.tolist()}, expected {rows} of them, each up to {places}")
    return memory.detach().cpu().double().norm(dim=2), ends.tolist()


def _kept(ax: Axes, row: int, place: int, norm: float, largest: float, word: str) -> None:
    """One place: its colour, its word and its norm; hatched if it holds zeros only."""
    colour = GREENS(norm / largest)[:3]
    style = {"facecolor": colour, "edgecolor": "#9A9A9A", "linewidth": 0.6} if norm else PADDING
    ax.add_patch(Rectangle((place - 0.47, row - 0.44), 0.94, 0.88, gid="kept", **style))
    ink = ink_on(colour) if norm else "black"
    number = {"ha": "center", "va": "center", "fontsize": 8 if not word else SMALLEST, "color": ink, "gid": "norm"}
    ground = {} if norm else {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}}
    ax.text(place, row + (0.21 if word else 0), f"{norm:.1f}" if norm else "0", **number, **ground)
    if word:
        ax.text(
            place,
            row - 0.19,
            word,
            ha="center",
            va="center",
            fontsize=SMALLEST,
            color=ink,
            parse_math=False,
            gid="word",
        )


def _end(ax: Axes, row: int, length: int) -> None:
    ax.plot([length - 0.5] * 2, [row - 0.5, row + 0.5], color=COLOURS["black"], linewidth=2.4, zorder=4, gid="end",
            solid_capstyle="butt")  # fmt: skip


def _norm_scale(fig: Figure, ax: Axes, largest: float) -> None:
    ticks = [tick for tick in MaxNLocator(3).tick_values(0, largest) if tick <= largest]
    bar = fig.colorbar(ScalarMappable(Normalize(0, largest), GREENS), ax=ax, aspect=14, pad=0.01, ticks=ticks)
    bar.set_label("norm of\nthe memory")
    bar.outline.set_linewidth(0.5)


def _memory_key(ax: Axes, norms: torch.Tensor) -> None:
    marks = [ax.plot([], [], color=COLOURS["black"], linewidth=2.4, label="end of the sentence")[0]]
    if not norms.all():
        marks.append(Patch(**PADDING, label="nothing but zeros"))
    ax.legend(handles=marks, loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=2, borderaxespad=0.2)


# What is fed

GOLD, OWN, BEGIN = COLOURS["blue"], COLOURS["orange"], "#7F7F7F"


def plot_fed(
    fed_gold: Mapping[str, torch.Tensor], tokens: Mapping[str, Sequence[Sequence[str]]] | None = None
) -> Figure:
    """What each step of a decoder was fed, a panel for each ratio, in it a row for each sentence.

    Blue cells are gold tokens, orange ones, hatched, are the model's own; the first column is `<bos>` in any case.

    Args:
        fed_gold: name, such as "ratio 0.5", → (N, T), bool: whether the token that step t was fed is the gold one.
        tokens: name → for each row the words that were fed, `<bos>` first; behind the last one is padding. Without it
            every row has T steps, and nothing is written.

    Raises:
        ValueError: there is nothing to draw, a tensor isn't (N, T) of bool, or the words don't fit it.
    """
    grids = {name: _expect_fed(name, fed, (tokens or {}).get(name)) for name, fed in fed_gold.items()}
    if not grids:
        raise ValueError("fed_gold is empty, expected at least one, such as {'ratio 0.5': fed}")
    if unknown := sorted(set(tokens or {}) - set(grids)):
        raise ValueError(f"tokens has {unknown[0]!r}, expected one of {sorted(grids)}")
    heights = [0.27 * len(fed) + 0.35 for fed, _ in grids.values()]
    fig = Figure(figsize=(WIDTH, sum(heights) + 0.95), layout="constrained")
    axes = fig.subplots(len(grids), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    steps = max(fed.shape[1] for fed, _ in grids.values())
    for ax, (name, (fed, _)) in zip(axes, grids.items(), strict=True):
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_xlim(-0.5, steps - 0.5)
        ax.set_ylim(len(fed) - 0.5, -0.5)
        ax.set_xticks(range(steps))
        ax.set_yticks(range(len(fed)))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[-1].set_xlabel("step of the decoder")
    axes[0].set_ylabel("row")
    padded = any(
        words is not None and len(words[row]) < fed.shape[1] for fed, words in grids.values() for row in range(len(fed))
    )
    _fed_key(axes[0], padded)
    fig.draw_without_rendering()
    room = points_per_unit(fig, axes[0]) * 0.86
    every = [word for _, words in grids.values() for row in words or () for word in row]
    size = fitting_size(every, room) or SMALLEST
    for ax, (fed, words) in zip(axes, grids.values(), strict=True):
        for row, gold in enumerate(fed.tolist()):
            _fed_row(ax, row, gold, None if words is None else [cut(word, room, size) for word in words[row]], size)
    return fig


def _expect_fed(name: str, fed: torch.Tensor, words: Sequence[Sequence[str]] | None) -> tuple:
    fed = torch.as_tensor(fed).detach().cpu()
    if fed.dim() != 2 or fed.dtype != torch.bool or not fed.numel():
        raise ValueError(
            f"fed_gold[{name!r}] has shape {tuple(fed.shape)} and type {fed.dtype}, expected (N, T) of torch.bool"
        )
    if words is not None and (len(words) != len(fed) or max(map(len, words)) > fed.shape[1]):
        raise ValueError(
            f"tokens[{name!r}] has rows of {[len(row) for row in words]} words, expected {len(fed)} rows of up to "
            f"{fed.shape[1]} words"
        )
    return fed, words


def _fed_row(ax: Axes, row: int, gold: Sequence[bool], words: Sequence[str] | None, size: float) -> None:
    for step, right in enumerate(gold):
        real = words is None or step < len(words)
        colour = BEGIN if not step else GOLD if right else OWN
        style = {"facecolor": pale(colour), "edgecolor": colour, "linewidth": 1.0} if real else PADDING
        gid = "padding" if not real else "begin" if not step else "gold" if right else "own"
        ax.add_patch(Rectangle((step - 0.46, row - 0.42), 0.92, 0.84, gid=gid, **style))
        if gid == "own":  # a second way to tell it: a bar at the foot of the cell
            ax.add_patch(Rectangle((step - 0.46, row + 0.3), 0.92, 0.12, facecolor=OWN, edgecolor="none"))
        if real and words is not None:
            ax.text(
                step, row - 0.06, words[step], ha="center", va="center", fontsize=size, parse_math=False, gid="word"
            )


def _fed_key(ax: Axes, padded: bool) -> None:
    marks = [Patch(facecolor=pale(GOLD), edgecolor=GOLD, label="gold"),
             Patch(facecolor=pale(OWN), edgecolor=OWN, label="the model's own, with a bar")]  # fmt: skip
    marks += [Patch(**PADDING, label="padding")] if padded else []
    ax.legend(handles=marks, loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, ncols=3, borderaxespad=0.2)


# What a beam keeps

IN_A_LINE = 9  # steps
BOX, TALL = 0.78, 0.66  # of the pitch of steps and of ranks
WINNER, KEPT, FINISHED = COLOURS["green"], "#7F7F7F", COLOURS["purple"]


def plot_beam_tree(kept: Sequence[Sequence[tuple[str, int, float]]], finished: str = "<eos>") -> Figure:
    """Which beginnings a beam search kept in each step, the best above, each with its score; the winner is thick and green.

    A line joins each with the beginning that it grew from. A finished one keeps its score and, while it is good enough, a
    place. Long searches go on in a second line, which begins with the step that the first one ended with.

    Args:
        kept: for each step the hypotheses that were kept, the best first: the word that was written, the place of the
            hypothesis among those of the step before (0 in the first step) and the score so far, in nats.
        finished: the word that ends a hypothesis.

    Raises:
        ValueError: there is no step, a step keeps nothing, or a place among those of the step before doesn't exist.
    """
    _expect_kept(kept)
    path = _winner(kept)
    ranks = max(map(len, kept))
    lines = _stretches(len(kept))
    fig = Figure(figsize=(WIDTH, (max(1.0, 0.47 * ranks) + 0.42) * len(lines) + 0.45), layout="constrained")
    axes = fig.subplots(len(lines), 1, squeeze=False)[:, 0]
    wide = max(5, *(last - first + 1 for first, last in lines))
    for ax, (first, last) in zip(axes, lines, strict=True):
        ax.set_xlim(first - 0.5, first + wide - 0.5)
        ax.set_ylim(ranks - 0.5, -0.5)
        ax.set_xticks(range(first, last + 1), [str(step + 1) for step in range(first, last + 1)])
        ax.set_yticks(range(ranks), [str(rank + 1) for rank in range(ranks)])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_ylabel("rank")
    axes[-1].set_xlabel("step; below each word the sum of the log-probabilities so far (nats)")
    _tree_key(axes[0], kept, finished)
    fig.draw_without_rendering()
    room = points_per_unit(fig, axes[0]) * BOX * 0.94
    for ax, (first, last) in zip(axes, lines, strict=True):
        for step in range(first, last + 1):
            for rank, (word, parent, score) in enumerate(kept[step]):
                won = path[step] == rank
                if step > first:
                    _branch(ax, step, rank, parent, won)
                _hypothesis(ax, step, rank, cut(word, room, 8.0), score, won, word == finished)
    return fig


def _expect_kept(kept: Sequence[Sequence[tuple[str, int, float]]]) -> None:
    if not kept or not all(kept):
        raise ValueError(
            f"the steps keep {[len(step) for step in kept]} hypotheses, expected at least one step, and one in each"
        )
    for number, (before, step) in enumerate(zip([[None], *kept], kept, strict=False), start=1):
        if wrong := [parent for _, parent, _ in step if not 0 <= parent < len(before)]:
            raise ValueError(f"step {number} grows from place {wrong[0]}, expected 0 to {len(before) - 1}")


def _winner(kept: Sequence[Sequence[tuple[str, int, float]]]) -> list[int]:
    """The rank of the best hypothesis in each step: where the first of the last step comes from."""
    path = [0]
    for step in reversed(kept[1:]):
        path.append(step[path[-1]][1])
    return path[::-1]


def _stretches(steps: int) -> list[tuple[int, int]]:
    """The first and the last step of each line; a line begins with the step that the one before ended with."""
    lines = [(0, min(steps, IN_A_LINE) - 1)]
    while lines[-1][1] < steps - 1:
        begin = lines[-1][1]
        lines.append((begin, min(steps - 1, begin + IN_A_LINE - 1)))
    return lines


def _hypothesis(ax: Axes, step: int, rank: int, word: str, score: float, won: bool, done: bool) -> None:
    colour = WINNER if won else FINISHED if done else KEPT
    style = {"facecolor": pale(colour, 0.25) if won or done else "white", "edgecolor": colour, "zorder": 3,
             "linewidth": 2.2 if won else 1.0, "linestyle": "--" if done else "-"}  # fmt: skip
    corner = step - BOX / 2, rank - TALL / 2
    ax.add_patch(FancyBboxPatch(corner, BOX, TALL, boxstyle="square,pad=0", gid="winner" if won else "kept", **style))
    ax.text(step, rank - 0.15, word, ha="center", va="center", fontsize=8, zorder=4, parse_math=False, gid="word")
    ax.text(step, rank + 0.17, f"{score:.2f}".replace("-", "−"), ha="center", va="center", fontsize=SMALLEST, zorder=4,
            gid="score")  # fmt: skip


def _branch(ax: Axes, step: int, rank: int, parent: int, won: bool) -> None:
    start, end = step - 1 + BOX / 2, step - BOX / 2
    middle = (start + end) / 2
    path = Path([(start, parent), (middle, parent), (middle, rank), (end, rank)], [Path.MOVETO, *[Path.CURVE4] * 3])
    style = {"edgecolor": WINNER if won else KEPT, "linewidth": 2.2 if won else 1.0, "zorder": 2}
    ax.add_patch(PathPatch(path, fill=False, gid="branch", **style))


def _tree_key(ax: Axes, kept: Sequence[Sequence[tuple[str, int, float]]], finished: str) -> None:
    marks = [Patch(facecolor=pale(WINNER, 0.25), edgecolor=WINNER, linewidth=2.2, label="the winner"),
             Patch(facecolor="white", edgecolor=KEPT, label="kept")]  # fmt: skip
    if any(word == finished for step in kept for word, _, _ in step):
        marks.append(
            Patch(facecolor=pale(FINISHED, 0.25), edgecolor=FINISHED, linestyle="--", label="finished (dashed)")
        )
    ax.legend(handles=marks, loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=3, borderaxespad=0.2)
