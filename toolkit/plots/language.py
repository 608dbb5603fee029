"""How well a language model predicts: bits per character, by model, by order, by position and by time."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from math import inf, isfinite, isnan, log2, nan

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from toolkit.plots.axes import log_axis
from toolkit.plots.canvas import COLOURS, compare, figure, legend, styles
from toolkit.plots.cells import pale
from toolkit.plots.characters import expect_seeds

__all__ = ["plot_bits", "plot_by_position", "plot_loss_against_time", "plot_orders"]

BITS = "bits per character"
KINDS = (("sky", ""), ("orange", "////"), ("green", "...."), ("purple", "xxxx"), ("blue", "\\\\\\\\"))  # of bars
PERPLEXITIES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
MARKS = ("D", "s", "^", "v", "P", "X", "o")


# By model


def plot_bits(
    bits: Mapping[str, float | Sequence[float]],
    kinds: Mapping[str, str] | None = None,
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """A bar for each model, the one with the most bits above: its median in bits per character, and a dot for each seed.

    The axis above gives the perplexity, 2 to the power of the bits. A value that isn't finite has no bar and is written.

    Args:
        bits: model → a value, or one for each seed.
        kinds: model → what kind it is, such as "counts" or "network": up to 5, told by colour and hatching.
        lines: values to compare with, by name.

    Raises:
        ValueError: bits is empty, a model has no value, or there are too many kinds.
    """
    if not bits:
        raise ValueError("bits is empty, expected at least one model, such as {'uniform': 6.0}")
    rows = {name: expect_seeds(name, values) for name, values in bits.items()}
    middles = {name: _median(values) for name, values in rows.items()}
    order = sorted(rows, key=lambda name: -middles[name] if isfinite(middles[name]) else -inf)
    looks = _looks(rows, kinds or {})
    fig, (ax,) = figure([0.55 + 0.32 * len(rows)])
    largest = max((value for values in rows.values() for value in values if isfinite(value)), default=1.0)
    for place, name in enumerate(order):
        _bar(ax, place, rows[name], middles[name], looks[name], largest)
    ax.set_yticks(range(len(order)), order)
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.set_xlim(0, 1.14 * largest)
    ax.set_axisbelow(True)
    ax.set_xlabel(BITS)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    compare(ax.axvline, lines)
    _perplexity(ax)
    _name_bars(ax, looks, rows)
    return fig


def _median(values: Sequence[float]) -> float:
    """The middle of the values; infinite if one is, NaN if one is."""
    if any(map(isnan, values)):
        return nan
    return statistics.median(values) if all(map(isfinite, values)) else inf


def _looks(rows: Mapping[str, Sequence[float]], kinds: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    """Colour, hatching and kind of each model."""
    names = list(dict.fromkeys(kinds.get(name, "") for name in rows))
    if len(names) > len(KINDS):
        raise ValueError(f"there are {len(names)} kinds, expected {len(KINDS)} at most: more can't be told apart")
    found = dict(zip(names, KINDS, strict=False))
    return {name: (*found[kinds.get(name, "")], kinds.get(name, "")) for name in rows}


def _bar(
    ax: Axes, place: int, values: Sequence[float], middle: float, look: tuple[str, str, str], largest: float
) -> None:
    colour, hatch, _ = look
    finite = [value for value in values if isfinite(value)]
    if isfinite(middle):
        ax.barh(place, middle, height=0.62, facecolor=pale(COLOURS[colour], 0.4), edgecolor=COLOURS[colour], hatch=hatch,
                linewidth=1)  # fmt: skip
    if len(values) > 1:
        ax.plot(finite, [place] * len(finite), linestyle="none", marker="o", markersize=4, color=COLOURS["black"],
                alpha=0.7, clip_on=False)  # fmt: skip
    text = f"{middle:.2f}" if isfinite(middle) else "infinite" if middle == inf else "not measured"
    ax.text(max(finite, default=0) + 0.02 * largest, place, text, va="center", ha="left", gid="value")


def _perplexity(ax: Axes) -> None:
    """An axis above the panel with the perplexity; equal steps of bits multiply it by equal factors."""
    above = ax.secondary_xaxis("top")
    high = ax.get_xlim()[1]
    shown = [number for number in PERPLEXITIES if log2(number) <= high]
    if len(shown) > 10:
        shown = [number for number in shown if log2(number).is_integer()]
    above.set_xticks([log2(number) for number in shown], [f"{number:,}" for number in shown])
    above.set_xlabel("perplexity")
    above.spines["top"].set_visible(True)


def _name_bars(ax: Axes, looks: Mapping[str, tuple[str, str, str]], rows: Mapping[str, Sequence[float]]) -> None:
    """A legend where there is more to tell than the names of the models."""
    kinds = {kind: Patch(facecolor=pale(COLOURS[colour], 0.4), edgecolor=COLOURS[colour], hatch=hatch, label=kind)
             for colour, hatch, kind in looks.values() if kind}  # fmt: skip
    if any(len(values) > 1 for values in rows.values()):
        ax.plot(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=4,
            color=COLOURS["black"],
            label="one seed; bar\nand number:\nmedian",
        )
    handles, _ = ax.get_legend_handles_labels()
    if kinds or handles:
        ax.legend(handles=[*kinds.values(), *handles], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


# By order


def plot_orders(
    orders: Sequence[int],
    training: Sequence[float],
    held_out: Sequence[float],
    lines: Mapping[str, float] | None = None,
    across: str = "order n (characters counted together)",
) -> Figure:
    """Bits per character of n-gram models over their order: on the text that was counted, and on held-out text.

    The gap between both is shaded, and the lowest value on held-out text is marked. What isn't finite is left out.

    Args:
        orders: the n of each model.
        training, held_out: bits per character, one for each order.
        lines: values to compare with, by name, such as a network's.
        across: what the order counts.

    Raises:
        ValueError: the lengths differ, or there are no orders.
    """
    if not len(orders) or not len(orders) == len(training) == len(held_out):
        raise ValueError(
            f"there are {len(orders)} orders, {len(training)} values on training text and {len(held_out)} on held-out "
            "text, expected the same number of each, 1 at least"
        )
    seen, unseen = ([value if isfinite(value) else nan for value in map(float, values)]
                    for values in (training, held_out))  # fmt: skip
    fig, (ax,) = figure([2.5])
    ax.plot(orders, unseen, color=COLOURS["vermilion"], marker="s", label="held-out text", zorder=3)
    ax.plot(orders, seen, color=COLOURS["blue"], marker="o", linestyle="--", label="training text", zorder=3)
    ax.fill_between(orders, seen, unseen, color="#EFEFEF", linewidth=0, label="gap", zorder=1)
    finite = [(value, order) for value, order in zip(unseen, orders, strict=True) if isfinite(value)]
    if finite:
        value, order = min(finite)
        ax.plot([order], [value], linestyle="none", marker="o", markersize=15, markerfacecolor="none", zorder=4,
                markeredgecolor=COLOURS["black"], label=f"lowest: {value:.2f}\nat n = {order}")  # fmt: skip
    compare(ax.axhline, lines)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_ylim(bottom=0)
    ax.set_ylabel(BITS)
    ax.set_xlabel(across)
    legend(ax)
    return fig


# By position


def plot_by_position(
    curves: Mapping[str, Sequence[Sequence[float]]],
    *,
    log: bool = True,
    lines: Mapping[str, float] | None = None,
    unit: str = "loss (bits per character)",
) -> Figure:
    """The loss at each position of a chunk, a line for each way to read or train: the mean, and a band over all seeds.

    Args:
        curves: way → for each seed L losses, that of position 1 first. NaN is left out of the mean.
        log: whether the positions are drawn on a logarithmic axis, which shows the first ones.
        lines: values to compare with, by name.
        unit: what the losses are.

    Raises:
        ValueError: curves is empty, or those of one way don't have the same length.
    """
    if not curves:
        raise ValueError("curves is empty, expected at least one way, such as {'state carried': [[2.1, 1.9]]}")
    fig, (ax,) = figure([2.5])
    several = False
    for (name, seeds), style in zip(curves.items(), styles(), strict=False):
        values = _expect_curves(name, seeds)
        places = range(1, values.shape[1] + 1)
        ax.plot(places, values.nanmean(dim=0), label=name, linewidth=1.8, zorder=3,
                marker="o" if values.shape[1] == 1 else None, **style)  # fmt: skip
        if len(values) > 1:
            several = True
            low, high = values.nan_to_num(inf).amin(dim=0), values.nan_to_num(-inf).amax(dim=0)
            ax.fill_between(
                places, low, high, where=(low <= high).tolist(), color=style["color"], alpha=0.18, linewidth=0
            )
    if several:
        ax.fill_between(
            [], [], [], color="#7F7F7F", alpha=0.3, linewidth=0, label="from the lowest\nto the highest seed"
        )
    compare(ax.axhline, lines)
    if log:
        log_axis(ax.xaxis)
    ax.set_ylabel(unit)
    ax.set_xlabel("position in the chunk (characters)")
    legend(ax)
    return fig


def _expect_curves(name: str, seeds: Sequence[Sequence[float]]) -> torch.Tensor:
    sizes = {len(seed) for seed in seeds}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"the curves of {name!r} have lengths {sorted(sizes)}, expected one and the same, 1 at least")
    return torch.stack([torch.as_tensor(seed, dtype=torch.float64).detach().cpu() for seed in seeds])


# By time


def plot_loss_against_time(
    runs: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
    marks: Mapping[str, tuple[float, float]] | None = None,
    *,
    log: bool = False,
    lines: Mapping[str, float] | None = None,
    unit: str = "validation loss (nats per character)",
    across: str = "training time (seconds)",
) -> Figure:
    """The validation loss against the time of training, a thin line for each seed, and published figures as marks.

    Args:
        runs: name → for each seed the seconds and the losses, both equally long.
        marks: name → (seconds, loss) that others reached.
        log: whether the axis of the seconds is logarithmic.
        lines: losses to compare with, by name.
        unit: what the losses are.
        across: what the seconds are; steps, if there are steps in their place.

    Raises:
        ValueError: there are no runs and no marks, a run's lists differ in length, or there are too many marks.
    """
    marks = marks or {}
    if not runs and not marks:
        raise ValueError("runs is empty, expected at least one, such as {'LSTM': [([1.0, 2.0], [2.2, 1.9])]}")
    if len(marks) > len(MARKS):
        raise ValueError(f"there are {len(marks)} marks, expected {len(MARKS)} at most: more can't be told apart")
    fig, (ax,) = figure([2.8])
    for (name, seeds), style in zip(runs.items(), styles(), strict=False):
        for number, (seconds, losses) in enumerate(seeds):
            if len(seconds) != len(losses):
                raise ValueError(
                    f"a run of {name!r} has {len(seconds)} times and {len(losses)} losses, expected as many of both"
                )
            ax.plot(seconds, losses, linewidth=1.1, label=None if number else _counted(name, len(seeds)), **style)
    for (name, (seconds, loss)), mark in zip(marks.items(), MARKS, strict=False):
        ax.plot([seconds], [loss], linestyle="none", marker=mark, markersize=8, markerfacecolor="white", zorder=4,
                markeredgecolor=COLOURS["black"], markeredgewidth=1.5, clip_on=False,
                label=f"{name}\n{loss:g} nats, {seconds:,g} s")  # fmt: skip
    compare(ax.axhline, lines)
    if log:
        log_axis(ax.xaxis)
    else:
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.set_xlim(left=0)
    ax.set_ylabel(unit)
    ax.set_xlabel(across)
    legend(ax)
    return fig


def _counted(name: str, seeds: int) -> str:
    return name if seeds == 1 else f"{name}\n{seeds} seeds"
