"""How good translations are, by length, by beam width, by teacher forcing and by construction; and what attention costs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from math import isfinite, nan

from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from toolkit.plots.axes import log_axis
from toolkit.plots.canvas import COLOURS, WIDTH, compare, figure, legend, styles
from toolkit.plots.cells import pale
from toolkit.plots.characters import expect_seeds

__all__ = ["plot_attention_cost", "plot_forcing", "plot_kinds", "plot_score_by_length", "plot_widths"]

MARKERS = "osD^vPX"
Values = float | Sequence[float]


def _looks() -> list[dict]:
    """Colour, dash and mark for up to seven contestants."""
    return [style | {"marker": marker} for style, marker in zip(styles(), MARKERS, strict=True)]


def _expect_few(series: Mapping[str, object], name: str) -> None:
    if not 1 <= len(series) <= len(MARKERS):
        raise ValueError(
            f"{name} has {len(series)} contestants, expected 1 to {len(MARKERS)}: more can't be told apart"
        )


def _middle(values: Sequence[float]) -> float:
    finite = [value for value in values if isfinite(value)]
    return statistics.median(finite) if finite else nan


def _line(ax: Axes, places: Sequence[float], rows: Sequence[Sequence[float]], name: str | None, look: dict) -> None:
    """A line through the medians, and a dot for each value where there are several."""
    ax.plot(places, [_middle(values) for values in rows], label=name, markersize=5.5, linewidth=1.6, zorder=3, **look)
    dots = [(place, value) for place, values in zip(places, rows, strict=True) for value in values if len(values) > 1]
    if dots:
        ax.plot(*zip(*dots, strict=True), color=look["color"], marker=".", markersize=6, alpha=0.6, linestyle="none",
                gid="seed")  # fmt: skip


def _name_seeds(ax: Axes, several: bool) -> None:
    if several:
        ax.plot(
            [], [], color="#666666", marker=".", linestyle="none", alpha=0.6, label="one seed; the line\njoins medians"
        )


# By length


def plot_score_by_length(
    series: Mapping[str, Mapping[str, Values]],
    unit: str,
    *,
    counts: Mapping[str, int] | None = None,
    lines: Mapping[str, float] | None = None,
    across: str = "length of the source (words)",
) -> Figure:
    """A score by the length of the source, a line for each contestant, with a dot for each seed where there are several.

    Args:
        series: contestant → bin, such as "1 to 5", → a value, or one for each seed; NaN or no bin where none was measured.
        unit: what the values are, such as "exact match (%)" or "BLEU".
        counts: bin → how many sentences it holds; not written if it is None.
        lines: values to compare with, by name.
        across: what has the length.

    Raises:
        ValueError: there is no contestant, there are too many, or a bin has no count.
    """
    _expect_few(series, "series")
    bins = list(dict.fromkeys(name for rows in series.values() for name in rows))
    if missing := [name for name in bins if counts is not None and name not in counts]:
        raise ValueError(f"counts lacks the bins {missing}, expected one for each of {bins}")
    fig, (ax,) = figure([2.7])
    several = False
    for place, ((name, rows), look) in enumerate(zip(series.items(), _looks(), strict=False)):
        values = [expect_seeds(name, rows[bin_]) if bin_ in rows else [nan] for bin_ in bins]
        several |= any(len(row) > 1 for row in values)
        shift = 0.07 * (place - (len(series) - 1) / 2)
        _line(ax, [column + shift for column in range(len(bins))], values, name, look)
    compare(ax.axhline, lines)
    ax.set_xticks(range(len(bins)), bins if counts is None else [f"{name}\n{counts[name]:,}" for name in bins])
    ax.set_xlim(-0.5, len(bins) - 0.5)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(unit)
    ax.set_xlabel(across + ("" if counts is None else "; below it how many sentences there are"))
    _name_seeds(ax, several)
    legend(ax)
    return fig


# By beam width


def plot_widths(
    rows: Sequence[Mapping[str, object]], unit: str = "BLEU", lines: Mapping[str, float] | None = None
) -> Figure:
    """A score, and below it the time it takes, against the beam width, on a logarithmic axis.

    Args:
        rows: each with "width", "score" and "seconds", both a value or one for each seed, and, where there are several
            contestants, "name".
        unit: what the score is.
        lines: scores to compare with, by name, such as that of greedy decoding.

    Raises:
        ValueError: there are no rows, or too many contestants.
    """
    names = dict.fromkeys(row.get("name", "beam search") for row in rows)
    _expect_few(names, "rows")
    fig, (above, below) = figure([1.8, 1.1])
    several = False
    for name, look in zip(names, _looks(), strict=False):
        own = sorted((row for row in rows if row.get("name", "beam search") == name), key=lambda row: row["width"])
        widths = [row["width"] for row in own]
        for ax, column in ((above, "score"), (below, "seconds")):
            values = [expect_seeds(column, row[column]) for row in own]
            several |= any(len(row) > 1 for row in values)
            _line(ax, widths, values, name, look)
    compare(above.axhline, lines)
    widths = sorted({row["width"] for row in rows})
    below.set_xscale("log")
    below.set_xticks(widths, [str(width) for width in widths])
    below.xaxis.set_minor_locator(NullLocator())
    below.set_ylim(bottom=0)
    above.set_ylabel(unit)
    below.set_ylabel("seconds")
    below.set_xlabel("beam width (hypotheses kept)")
    _name_seeds(above, several)
    legend(above)
    return fig


# By teacher forcing


def plot_forcing(
    record: Mapping[float, Values] | Mapping[str, Mapping[float, Values]],
    unit: str = "exact match, free-running (%)",
    lines: Mapping[str, float] | None = None,
    across: str = "teacher-forcing ratio in training",
) -> Figure:
    """How well a model writes on its own, by the share of gold tokens that it was fed in training.

    Args:
        record: ratio → a value, or one for each seed; or the same for several contestants, name → ratio → values.
        unit: what the values are.
        lines: values to compare with, by name.
        across: what the ratio is.

    Raises:
        ValueError: there is nothing to draw, or a ratio lies outside of 0 to 1.
    """
    named = record if all(isinstance(rows, Mapping) for rows in record.values()) else {"": record}
    _expect_few(named, "record")
    if wrong := [ratio for rows in named.values() for ratio in rows if not 0 <= ratio <= 1]:
        raise ValueError(f"record has the ratio {wrong[0]:g}, expected 0 to 1")
    fig, (ax,) = figure([2.4])
    several = False
    for (name, rows), look in zip(named.items(), _looks(), strict=False):
        values = {ratio: expect_seeds(name or "record", found) for ratio, found in sorted(rows.items())}
        several |= any(len(row) > 1 for row in values.values())
        _line(ax, list(values), list(values.values()), name or None, look)
    compare(ax.axhline, lines)
    ax.set_xlim(-0.04, 1.04)
    ax.set_ylim(bottom=0)
    ax.set_ylabel(unit)
    ax.set_xlabel(f"{across}: 0 always its own tokens, 1 always gold")
    _name_seeds(ax, several)
    legend(ax)
    return fig


# What attention costs

MANY = 300  # from here on only powers of ten have a number
COSTS = {"milliseconds": "milliseconds per batch", "MiB": "MiB kept for the backward pass"}


def plot_attention_cost(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str] = COSTS) -> Figure:
    """What ways to look at a sequence cost by its length, a panel for each kind of cost, all axes logarithmic.

    On such axes a cost that grows with the length lies on a line of slope 1, one that grows with its square on one of slope
    2; a thin line shows each slope.

    Args:
        rows: each with "way", "length" and the columns, a value or several measurements.
        columns: column → what its axis is called.

    Raises:
        ValueError: there are no rows, or too many ways.
    """
    ways = list(dict.fromkeys(row["way"] for row in rows))
    _expect_few(dict.fromkeys(ways), "rows")
    fig = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = fig.subplots(1, len(columns), squeeze=False)[0]
    for ax, (column, name) in zip(axes, columns.items(), strict=True):
        for way, look in zip(ways, _looks(), strict=False):
            own = sorted((row for row in rows if row["way"] == way and column in row), key=lambda row: row["length"])
            values = [expect_seeds(column, row[column]) for row in own]
            _line(ax, [row["length"] for row in own], values, way, look)
        log_axis(ax.yaxis)
        low, high = ax.get_ylim()
        if high / low > MANY:
            ax.yaxis.set_minor_formatter(NullFormatter())
        _lengths(ax, sorted({row["length"] for row in rows}))
        _slopes(ax)
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_xlabel("length of the sequence")
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    legend(axes[-1])
    return fig


def _lengths(ax: Axes, lengths: Sequence[int]) -> None:
    """A logarithmic axis with a number at each length, or at every second one where there are many."""
    ax.set_xscale("log")
    shown = lengths[:: 1 + len(lengths) // 7]
    ax.set_xticks(shown, [f"{length:,}" for length in shown])
    ax.xaxis.set_minor_locator(NullLocator())


def _slopes(ax: Axes) -> None:
    """Two thin lines from the lower left corner: costs that grow with the length, and with its square."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for power, dash, name in ((1, ":", "slope 1:\nwith the length"), (2, "--", "slope 2:\nwith its square")):
        ends = [low, low * (right / left) ** power]
        ax.plot([left, right], ends, color=COLOURS["black"], linewidth=0.9, linestyle=dash, label=name, zorder=1)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)


# By construction

HATCHES = (("orange", ""), ("blue", "////"), ("green", "...."), ("purple", "xxxx"))


def plot_kinds(
    rows: Mapping[str, Mapping[str, Values]],
    unit: str,
    *,
    counts: Mapping[str, int] | None = None,
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """Bars for each kind of construction, one for each contestant, such as before and after training.

    A bar is the median, with a dot for each seed where there are several.

    Args:
        rows: kind, such as "object pronoun", → contestant → a value, or one for each seed; up to 4 contestants.
        unit: what the values are, such as "alignment error" or "exact match (%)".
        counts: kind → how many sentences have it; not written if it is None.
        lines: values to compare with, by name.

    Raises:
        ValueError: there are no rows, too many contestants, or a kind has no count.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    if not 1 <= len(names) <= len(HATCHES):
        raise ValueError(f"rows has {len(names)} contestants, expected 1 to {len(HATCHES)}: more can't be told apart")
    if missing := [kind for kind in rows if counts is not None and kind not in counts]:
        raise ValueError(f"counts lacks {missing}, expected a number for each kind")
    thick = 0.8 / len(names)
    fig, (ax,) = figure([0.2 + len(rows) * (0.14 + 0.17 * len(names))])
    several = False
    for place, (name, (colour, hatch)) in enumerate(zip(names, HATCHES, strict=False)):
        found = {row: expect_seeds(name, rows[kind][name]) for row, kind in enumerate(rows) if name in rows[kind]}
        at = [row + thick * (place - (len(names) - 1) / 2) for row in found]
        several |= any(len(values) > 1 for values in found.values())
        ax.barh(at, [_middle(values) for values in found.values()], height=0.86 * thick, label=name, hatch=hatch,
                facecolor=pale(COLOURS[colour], 0.4), edgecolor=COLOURS[colour], linewidth=1)  # fmt: skip
        dots = [(value, y) for y, values in zip(at, found.values(), strict=True) for value in values if len(values) > 1]
        if dots:
            ax.plot(*zip(*dots, strict=True), linestyle="none", marker="o", markersize=3.5, color=COLOURS["black"],
                    alpha=0.7, gid="seed")  # fmt: skip
    labels = list(rows) if counts is None else [f"{kind} ({counts[kind]:,})" for kind in rows]
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel(unit + ("" if counts is None else "; in brackets how many sentences there are"))
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    compare(ax.axvline, lines)
    if several:
        ax.plot([], [], linestyle="none", marker="o", markersize=3.5, color=COLOURS["black"], alpha=0.7,
                label="one seed; bar:\nmedian")  # fmt: skip
    handles, _ = ax.get_legend_handles_labels()
    bars = sorted(handles, key=lambda handle: not isinstance(handle, BarContainer))
    ax.legend(handles=bars, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return fig
