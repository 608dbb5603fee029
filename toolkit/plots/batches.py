"""Pictures of reviews in batches: how long they are, how much of a batch is padding, and what packing makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from toolkit.plots.canvas import COLOURS, TIME, WIDTH, figure, legend, styles
from toolkit.plots.cells import PADDING, cell, cut, expect_lengths, fitting_size, points_per_unit

__all__ = ["plot_lengths", "plot_packed", "plot_padding"]

MOST_ROWS, MOST_STEPS = 8, 16
SIDE_BY_SIDE = 7  # steps: longer batches stand above each other
REVIEWS = [COLOURS[name] for name in ("sky", "orange", "green", "purple", "blue", "vermilion")] + ["#A89600", "#7F7F7F"]
MANY = 60  # batches: from here on they are drawn by their length
LOG_FROM = 30  # longest over shortest: from here on the axis of the lengths is logarithmic


# Packing


def plot_packed(ids: torch.Tensor, lengths: torch.Tensor, words: Sequence[str] | None = None) -> Figure:
    """A padded batch, the same batch as torch packs it, and the one vector that the packed sequence holds.

    Args:
        ids: (N, L), int64, padded at the end; N up to 8, L up to 16.
        lengths: (N,), int64, each at least 1.
        words: the word of each id, such as `vocabulary.words`. Without it, and where words don't fit, ids are written.

    Raises:
        ValueError: the shapes don't fit together, the batch is too large to be drawn, an id has no word, or a review is
            empty, which torch doesn't pack.
    """
    lengths = _expect_batch(ids, lengths)
    ids = ids.detach().cpu()
    if words is not None and not 0 <= ids.min() <= ids.max() < len(words):
        raise ValueError(f"ids run from {ids.min()} to {ids.max()}, expected 0 to {len(words) - 1}: a word for each id")
    packed = pack_padded_sequence(ids, lengths, batch_first=True, enforce_sorted=False)
    rows, steps = ids.shape
    lines = _lines(packed.batch_sizes.tolist())
    beside = steps <= SIDE_BY_SIDE
    grid_heights = [0.27 * rows + 0.55, 0.27 * (rows + 1) + 0.55]
    heights = [max(grid_heights)] if beside else grid_heights
    data_height = 0.6 * len(lines) + 0.3
    fig = Figure(figsize=(WIDTH, sum(heights) + data_height + 0.5), layout="constrained")
    grid = fig.add_gridspec(len(heights) + 1, 2 if beside else 1, height_ratios=[*heights, data_height])
    padded = fig.add_subplot(grid[0, 0])
    sorted_rows = fig.add_subplot(grid[0, 1] if beside else grid[1, 0])
    data = fig.add_subplot(grid[-1, :])
    _frame_grids(padded, sorted_rows, packed, rows, steps)
    _name_rows(padded, sorted_rows, lengths, beside)
    _frame_data(data, lines)
    fig.draw_without_rendering()  # lays the figure out, so that the width of a cell is known
    _draw_padded(fig, padded, ids, lengths, words)
    _draw_sorted(fig, sorted_rows, packed, words)
    _draw_data(fig, data, packed, lines, words)
    return fig


def _expect_batch(ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    if ids.dim() != 2 or ids.is_floating_point():
        raise ValueError(f"ids has shape {tuple(ids.shape)} and type {ids.dtype}, expected (N, L) whole numbers")
    rows, steps = ids.shape
    if not 1 <= rows <= MOST_ROWS or not 1 <= steps <= MOST_STEPS:
        raise ValueError(
            f"ids has shape {(rows, steps)}, expected up to ({MOST_ROWS}, {MOST_STEPS}): draw a part of the batch"
        )
    lengths = expect_lengths(lengths)
    if len(lengths) != rows:
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}, expected ({rows},): one for each row of ids")
    if not 1 <= lengths.min() <= lengths.max() <= steps:
        raise ValueError(
            f"lengths run from {lengths.min()} to {lengths.max()}, expected 1 to {steps}: torch packs no empty review"
        )
    return lengths


def _frame_grids(padded: Axes, by_length: Axes, packed: PackedSequence, rows: int, steps: int) -> None:
    """Axes, ticks and titles of the two grids, and how many rows are read at each step."""
    longest = len(packed.batch_sizes)
    places = range(rows)
    padded.set_yticks(places, [str(row) for row in places])
    by_length.set_yticks([*places, rows + 0.1], [*map(str, packed.sorted_indices.tolist()), "batch_sizes"])
    for place, size in enumerate(packed.batch_sizes.tolist()):
        by_length.text(place, rows + 0.1, str(size), ha="center", va="center", fontsize=9.5, fontweight="bold")
    for ax, name, bottom in ((padded, "padded: ids", rows - 0.4), (by_length, "packed: rows by length", rows + 0.6)):
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_xlim(-0.6, max(steps, longest) - 0.4)
        ax.set_ylim(bottom, -0.6)
        ax.set_xlabel(TIME)
        ax.set_xticks(range(max(steps, longest)))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)


def _name_rows(padded: Axes, by_length: Axes, lengths: torch.Tensor, beside: bool) -> None:
    """The name of the vertical axes, and of the hatching where there is padding."""
    padded.set_ylabel("row")
    if beside:
        padded.set_ylim(by_length.get_ylim())  # so that their rows stand level
    else:
        by_length.set_ylabel("row")
        padded.figure.align_ylabels([padded, by_length])
    if lengths.min() < padded.get_xlim()[1]:
        mark = [Patch(**PADDING, label="padding")]
        padded.legend(handles=mark, loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)


def _draw_padded(fig: Figure, ax: Axes, ids: torch.Tensor, lengths: torch.Tensor, words: Sequence[str] | None) -> None:
    real = [ids[row, :length].tolist() for row, length in enumerate(lengths.tolist())]
    write, size = _writer([number for row in real for number in row], words, 0.82 * points_per_unit(fig, ax))
    for row, numbers in enumerate(real):
        for step in range(ids.shape[1]):
            if step < len(numbers):
                cell(ax, step, row, REVIEWS[row], write(numbers[step]), size)
            else:
                cell(ax, step, row, None)


def _draw_sorted(fig: Figure, ax: Axes, packed: PackedSequence, words: Sequence[str] | None) -> None:
    write, size = _writer(packed.data.tolist(), words, 0.82 * points_per_unit(fig, ax))
    for step, place, row, number in _entries(packed):
        cell(ax, step, place, REVIEWS[row], write(number), size)


def _entries(packed: PackedSequence) -> list[tuple[int, int, int, int]]:
    """Each entry of `data`: its step, its place in the column, the row of the batch that it comes from, its id."""
    order, numbers = packed.sorted_indices.tolist(), iter(packed.data.tolist())
    return [
        (step, place, order[place], next(numbers))
        for step, size in enumerate(packed.batch_sizes.tolist())
        for place in range(size)
    ]


CELLS, BETWEEN = 16.6, 0.35  # cells in a line of the vector; cells between two steps


def _lines(sizes: Sequence[int]) -> list[list[int]]:
    """The steps of the packed vector, cut into lines that are CELLS wide at most."""
    lines: list[list[int]] = [[]]
    used = 0.0
    for step, size in enumerate(sizes):
        if lines[-1] and used + size > CELLS:
            lines.append([])
            used = 0.0
        lines[-1].append(step)
        used += size + BETWEEN
    return lines


PITCH = 2.1  # cells from a line of the vector to the next


def _frame_data(ax: Axes, lines: Sequence[Sequence[int]]) -> None:
    total = "one vector, column after column" + (", in lines" if len(lines) > 1 else "")
    ax.set_title(f"packed: data, {total}; under each entry its row", loc="left", fontsize="medium")
    ax.set_xlim(-0.5, CELLS - 0.5)
    ax.set_ylim(PITCH * (len(lines) - 1) + 1.0, -0.95)
    ax.set_axis_off()


def _draw_data(
    fig: Figure, ax: Axes, packed: PackedSequence, lines: Sequence[Sequence[int]], words: Sequence[str] | None
) -> None:
    write, size = _writer(packed.data.tolist(), words, 0.82 * points_per_unit(fig, ax))
    entries = _entries(packed)
    for line, steps in enumerate(lines):
        y, x = PITCH * line, 0.0
        for step in steps:
            column = [(row, number) for at, _, row, number in entries if at == step]
            middle = x + (len(column) - 1) / 2
            ax.text(middle, y - 0.68, f"t = {step}", ha="center", va="center", fontsize=8, color="#595959")
            for row, number in column:
                cell(ax, x, y, REVIEWS[row], write(number), size)
                ax.text(x, y + 0.66, str(row), ha="center", va="center", fontsize=8, color="#595959")
                x += 1
            x += BETWEEN


def _writer(numbers: Sequence[int], words: Sequence[str] | None, width: float):
    """How an id is written into a cell that is `width` points wide, and in which size.

    Words, cut where they must be; else ids; nothing where not even they fit.
    """
    if words is not None:
        named = {number: words[number] for number in numbers}
        size = fitting_size(named.values(), width) or 7.0
        written = {number: cut(word, width, size) for number, word in named.items()}
        if all(written.values()):
            return written.__getitem__, size
    size = fitting_size(map(str, numbers), width)
    return (str, size) if size else ((lambda number: ""), 7.0)


# Padding


def plot_padding(
    lengths: Sequence[int] | torch.Tensor, batches_by_name: Mapping[str, Sequence[torch.Tensor]]
) -> Figure:
    """How much of each way's batches is padding: a column for each batch, as high as its longest review.

    The lower part of a column is the mean length of its reviews, so that areas are numbers of tokens.

    Args:
        lengths: (N,), the length of each review in words.
        batches_by_name: way to batch → its batches in order, each the places in `lengths` of its reviews.

    Raises:
        ValueError: there is no way, a way has no batches, or a batch none of the reviews.
    """
    lengths = expect_lengths(lengths)
    if not batches_by_name:
        raise ValueError("batches_by_name is empty, expected at least one way to batch, such as {'by length': batches}")
    measured = {name: _measure(name, lengths, batches) for name, batches in batches_by_name.items()}
    fig, axes = figure([1.35] * len(measured))
    for ax, (name, (columns, share)) in zip(axes, measured.items(), strict=True):
        _columns(ax, columns)
        ax.set_title(f"{name}: {100 * share:.0f} % padding", loc="left", fontsize="medium")
        ax.set_ylim(0, 1.05 * max(longest for others, _ in measured.values() for _, longest in others))
    many = any(len(columns) > MANY for columns, _ in measured.values())
    axes[-1].set_xlabel("batch, from the longest rows to the shortest" if many else "batch")
    axes[-1].set_xlim(0.5, max(len(columns) for columns, _ in measured.values()) + 0.5)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    fig.supylabel("length (words)", fontsize="medium")
    legend(axes[0])
    return fig


def _columns(ax: Axes, columns: Sequence[tuple[float, int]]) -> None:
    """A column for each batch: words below, padding above. Many of them are sorted, or one would see spikes alone."""
    if len(columns) > MANY:
        columns = sorted(columns, key=lambda column: -column[1])
    means, longest = zip(*columns, strict=True)
    ax.set_axisbelow(True)
    edges = [place + 0.5 for place in range(len(columns) + 1)]
    ax.stairs(longest, edges, baseline=means, fill=True, label="padding", **PADDING | {"linewidth": 0})
    ax.stairs(means, edges, fill=True, color=COLOURS["blue"], label="words, mean\nof the batch")
    ax.stairs(longest, edges, color="#595959", linewidth=0.8)
    if len(columns) <= MANY:
        ax.vlines(edges[1:], 0, means, color="white", linewidth=1)


def _measure(name: str, lengths: torch.Tensor, batches: Sequence[torch.Tensor]) -> tuple[list, float]:
    """For each batch the mean and the greatest length, and which share of all tokens is padding."""
    places = [torch.as_tensor(batch).detach().cpu() for batch in batches]
    if not places or any(batch.dim() != 1 or not len(batch) for batch in places):
        shapes = [tuple(batch.shape) for batch in places][:4]
        raise ValueError(
            f"the batches of {name!r} have shapes {shapes}, expected at least one, each (n,) with n at least 1"
        )
    low, high = min(int(batch.min()) for batch in places), max(int(batch.max()) for batch in places)
    if low < 0 or high >= len(lengths):
        raise ValueError(f"the batches of {name!r} hold places {low} to {high}, expected 0 to {len(lengths) - 1}")
    held = [lengths[batch] for batch in places]
    total = sum(len(batch) * int(batch.max()) for batch in held)
    real = sum(int(batch.sum()) for batch in held)
    share = 1 - real / total if total else 0.0
    return [(batch.double().mean().item(), int(batch.max())) for batch in held], share


# Lengths


def plot_lengths(by_name: Mapping[str, Sequence[int] | torch.Tensor], bins: int = 40) -> Figure:
    """Histograms of the lengths of reviews, with the median of each set.

    Args:
        by_name: set of reviews → their lengths in words, (N,).
        bins: how many bins the range is cut into.

    Raises:
        ValueError: there is no set, or one has no lengths.
    """
    if not by_name:
        raise ValueError("by_name is empty, expected at least one set of lengths, such as {'training': lengths}")
    sets = {name: expect_lengths(lengths) for name, lengths in by_name.items()}
    low = min(int(lengths.clamp(min=1).min()) for lengths in sets.values())
    high = max(int(lengths.max()) for lengths in sets.values())
    log = high > LOG_FROM * low
    edges = _edges(0 if not log and any(not lengths.min() for lengths in sets.values()) else low, high, bins, log)
    fig, (ax,) = figure([2.4])
    for (name, lengths), style in zip(sets.items(), styles(), strict=False):
        values = (lengths.clamp(min=low) if log else lengths).tolist()
        weights = [100 / len(values)] * len(values)
        line = {"edgecolor": style["color"], "linestyle": style["linestyle"], "linewidth": 1.6}
        ax.hist(values, edges, weights=weights, histtype="stepfilled", label=name,
                facecolor=(style["color"], 0.18), **line)  # fmt: skip
        median = lengths.double().quantile(0.5).item()
        ax.axvline(max(median, low if log else 0), label=f"median {median:g} words", **style, linewidth=1.6)
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylabel("share of the reviews (%)")
    ax.set_xlabel("length (words)" + (", empty reviews counted as 1" if log and _any_empty(sets) else ""))
    legend(ax)
    return fig


def _any_empty(sets: Mapping[str, torch.Tensor]) -> bool:
    return any(not lengths.min() for lengths in sets.values())


def _edges(low: int, high: int, bins: int, log: bool) -> list[float]:
    """The edges of bins, between whole numbers; as wide as each other, or growing by about the same factor."""
    if not log:
        width = -(-(high - low + 1) // bins)
        return [low - 0.5 + width * place for place in range((high - low) // width + 2)]
    factor = ((high + 1) / low) ** (1 / bins)
    return [edge - 0.5 for edge in dict.fromkeys(round(low * factor**place) for place in range(bins + 1))]
