"""Which places of a text stand in which row and chunk of a stream of batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toolkit.plots.axes import round_step
from toolkit.plots.canvas import COLOURS, WIDTH
from toolkit.plots.cells import fitting_size, points_per_unit
from toolkit.plots.characters import MONO, ink_on, visible

__all__ = ["plot_stretches"]

MAP = "cividis"  # made for every kind of colour vision, and its lightness alone tells the order
MOST_CELLS = 48  # steps of a row: up to here each has a cell of its own to write into


def plot_stretches(places: Sequence[torch.Tensor], text: str | None = None, title: str = "") -> Figure:
    """What each row reads, chunk after chunk: a row of the figure for each row of the batch, in it a block for each chunk.

    The colour of a step is its place in the text. A bar stands wherever a row doesn't go on with the next place of the text:
    within a chunk or from one chunk to the next. In a stream of batches there is none. Where there is room, a block says from
    which place to which it reaches, or, with the text, which characters it holds.

    Args:
        places: for each chunk (N, L), whole numbers, the places of the text that it holds, 0 for the first character.
        text: the text, to write characters into the blocks.
        title: such as whose chunks they are.

    Raises:
        ValueError: there are no chunks, their shapes differ, or a place lies outside of the text.
    """
    chunks = _expect_chunks(places, text)
    count, (rows, steps) = len(chunks), chunks[0].shape
    table = torch.cat(chunks, dim=1)  # (N, chunks · L)
    fig = Figure(figsize=(WIDTH, 1.75 + min(max(0.34 * rows, 1.1), 3.4)), layout="constrained")
    ax = fig.subplots()
    scale = Normalize(0, max(int(table.max()), 1))
    ax.imshow(table, cmap=MAP, norm=scale, aspect="auto", interpolation="nearest", extent=(0, count, rows - 0.5, -0.5))
    _frame(ax, rows, count, title)
    bar = fig.colorbar(ScalarMappable(scale, MAP), ax=ax, location="bottom", fraction=0.06, aspect=50, pad=0.02)
    bar.set_label("place in the text (characters)")
    bar.formatter = "{x:,.0f}"
    bar.update_ticks()
    _mark_jumps(ax, table, steps)
    fig.draw_without_rendering()  # lays the figure out, so that the width of a block is known
    room = points_per_unit(fig, ax)
    if text is not None and count * steps <= MOST_CELLS:
        _write_characters(ax, table, steps, text, scale)
    elif rows <= 12:
        _write_ends(ax, chunks, 0.9 * room, scale)
    return fig


def _expect_chunks(places: Sequence[torch.Tensor], text: str | None) -> list[torch.Tensor]:
    chunks = [torch.as_tensor(chunk).detach().cpu() for chunk in places]
    if not chunks:
        raise ValueError("places is empty, expected at least one chunk (N, L)")
    shapes = {tuple(chunk.shape) for chunk in chunks}
    if len(shapes) > 1 or len(chunks[0].shape) != 2 or not chunks[0].numel() or chunks[0].is_floating_point():
        raise ValueError(f"the chunks have shapes {sorted(shapes)}, expected one and the same (N, L) of whole numbers")
    low, high = min(int(chunk.min()) for chunk in chunks), max(int(chunk.max()) for chunk in chunks)
    if low < 0 or (text is not None and high >= len(text)):
        end = "" if text is None else f" to {len(text) - 1}"
        raise ValueError(f"places run from {low} to {high}, expected 0{end}: the places of the text")
    return chunks


def _frame(ax: Axes, rows: int, count: int, title: str) -> None:
    """Axes, names, and white lines between rows and chunks."""
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set_xlabel("chunk")
    ax.set_ylabel("row of the batch")
    every = round_step(count, 12)
    ax.set_xticks([chunk + 0.5 for chunk in range(0, count, every)], [str(chunk) for chunk in range(0, count, every)])
    ax.set_yticks(range(0, rows, round_step(rows, 8)))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if count <= 60:
        ax.vlines(range(1, count), -0.5, rows - 0.5, color="white", linewidth=2.5)
    if rows <= 40:
        ax.hlines([row - 0.5 for row in range(1, rows)], 0, count, color="white", linewidth=2.5)


def _mark_jumps(ax: Axes, table: torch.Tensor, steps: int) -> None:
    """A bar wherever the next step of a row doesn't hold the next place of the text."""
    jumps = [(row, step + 1) for row, step in (table.diff(dim=1) != 1).nonzero().tolist()]
    if not jumps:
        return
    lines = [[(step / steps, row - 0.42), (step / steps, row + 0.42)] for row, step in jumps]
    ax.add_collection(LineCollection(lines, colors=COLOURS["vermilion"], linewidths=3, zorder=3, gid="jumps"))
    handle = Line2D([], [], color=COLOURS["vermilion"], linewidth=3, marker="|", markersize=10, linestyle="none",
                    markeredgewidth=3, label="jump: the text doesn't go on here")  # fmt: skip
    ax.legend(handles=[handle], loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.1)


def _write_characters(ax: Axes, table: torch.Tensor, steps: int, text: str, scale: Normalize) -> None:
    for row, line in enumerate(table.tolist()):
        for step, place in enumerate(line):
            ax.text((step + 0.5) / steps, row, visible(text[place]), ha="center", va="center", fontsize=10, zorder=4,
                    fontfamily=MONO, color=ink_on(_colour(place, scale)), parse_math=False)  # fmt: skip


def _write_ends(ax: Axes, chunks: Sequence[torch.Tensor], room: float, scale: Normalize) -> None:
    """The first and the last place of each block, where all of them fit."""
    names = [[f"{line[0]:,}–{line[-1]:,}" for line in chunk.tolist()] for chunk in chunks]
    size = fitting_size([name for column in names for name in column], room)
    if size is None:
        return
    for chunk, column in enumerate(names):
        for row, name in enumerate(column):
            middle = int(chunks[chunk][row, chunks[chunk].shape[1] // 2])
            ax.text(chunk + 0.5, row, name, ha="center", va="center", fontsize=size, color=ink_on(_colour(middle, scale)),
                    zorder=4)  # fmt: skip


def _colour(place: int, scale: Normalize) -> tuple:
    return colormaps[MAP](scale(place))[:3]
