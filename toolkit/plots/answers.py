"""Pictures of answers: how many are right by the length of the review, and how each label was answered."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from math import isnan

import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from toolkit.plots.canvas import COLOURS, WIDTH, figure, legend, styles

__all__ = ["plot_by_length", "plot_confusion"]

MARKS = "osD^vP"
NAMES = ("disliked", "liked")
BLUES = LinearSegmentedColormap.from_list("blues", ["#FFFFFF", COLOURS["blue"]])


def plot_by_length(
    accuracies: Mapping[str, Sequence[float | Sequence[float]]],
    bins: Sequence[str],
    counts: Sequence[int] | None = None,
) -> Figure:
    """The share of right answers by the length of the review, a line for each contestant, and chance.

    Args:
        accuracies: contestant → for each bin a share from 0 to 1, or several, such as one for each seed: these are dots,
            and the line joins their medians. NaN where a bin is empty.
        bins: what the bins are called, such as "1 to 50".
        counts: how many reviews each bin holds; not written if it is None.

    Raises:
        ValueError: there is no contestant, a contestant or the counts have not one entry for each bin, or a share lies
            outside of 0 to 1.
    """
    if not accuracies:
        raise ValueError("accuracies is empty, expected at least one contestant, such as {'LSTM': shares}")
    if counts is not None and len(counts) != len(bins):
        raise ValueError(f"counts has {len(counts)} entries, expected {len(bins)}: one for each bin")
    fig, (ax,) = figure([2.7])
    for place, ((name, shares), style) in enumerate(zip(accuracies.items(), styles(), strict=False)):
        shift = 0.09 * (place - (len(accuracies) - 1) / 2)
        _line(ax, _percents(name, shares, len(bins)), shift, name, style | {"marker": MARKS[place]})
    ax.axhline(50, color=COLOURS["black"], linewidth=1, linestyle=":", label="chance")
    below = "" if counts is None else "; below it how many reviews there are"
    names = bins if counts is None else [f"{name}\n{count:,}" for name, count in zip(bins, counts, strict=True)]
    ax.set_xticks(range(len(bins)), names)
    ax.set_xlim(-0.5, len(bins) - 0.5)
    ax.set_ylim(top=101)
    ax.set_ylabel("right answers (%)")
    ax.set_xlabel(f"length of the review (words){below}")
    if any(not isinstance(share, float | int) and len(share) > 1 for shares in accuracies.values() for share in shares):
        ax.plot(
            [], [], color="#666666", marker=".", linestyle="none", alpha=0.6, label="one seed; the line\njoins medians"
        )
    legend(ax)
    return fig


def _percents(name: str, shares: Sequence[float | Sequence[float]], bins: int) -> list[list[float]]:
    """For each bin its values in per cent, empty where none was measured."""
    if len(shares) != bins:
        raise ValueError(f"accuracies[{name!r}] has {len(shares)} entries, expected {bins}: one for each bin")
    rows = [[share] if isinstance(share, float | int) else list(share) for share in shares]
    rows = [[value for value in row if not isnan(value)] for row in rows]
    if wrong := [value for row in rows for value in row if not 0 <= value <= 1]:
        raise ValueError(f"accuracies[{name!r}] holds {wrong[0]:g}, expected shares from 0 to 1")
    return [[100 * value for value in row] for row in rows]


def _line(ax: Axes, rows: Sequence[Sequence[float]], shift: float, name: str, style: dict) -> None:
    """One contestant: a line along the medians, and a dot for each value where there are several."""
    middles = [statistics.median(row) if row else float("nan") for row in rows]
    ax.plot([place + shift for place in range(len(rows))], middles, label=name, markersize=6, **style)
    dots = [(place + shift, value) for place, row in enumerate(rows) for value in row if len(row) > 1]
    if dots:
        ax.plot(*zip(*dots, strict=True), color=style["color"], marker=".", markersize=6, alpha=0.6, linestyle="none")


def plot_confusion(counts_by_name: Mapping[str, torch.Tensor], names: Sequence[str] = NAMES) -> Figure:
    """Confusion matrices side by side: how many reviews of each label got each answer, and which share of the label's.

    Args:
        counts_by_name: contestant → counts (2, 2), a row for each label, a column for each answer.
        names: what label or answer 0 and 1 are called.

    Raises:
        ValueError: there is no contestant, or counts have another shape or are negative.
    """
    if not counts_by_name:
        raise ValueError("counts_by_name is empty, expected at least one matrix of counts, such as {'LSTM': counts}")
    matrices = {name: _expect_counts(name, counts) for name, counts in counts_by_name.items()}
    across = min(3, len(matrices))
    down = -(-len(matrices) // across)
    fig = Figure(figsize=(WIDTH, 2.9 * down), layout="compressed")
    fig.get_layout_engine().set(h_pad=0.08)  # room between a headline and the titles
    axes = fig.subplots(down, across, squeeze=False).flatten().tolist()
    while len(axes) > len(matrices):
        axes.pop().remove()
    for place, (ax, (name, counts)) in enumerate(zip(axes, matrices.items(), strict=True)):
        image = _matrix(ax, name, counts, names)
        if place % across:
            ax.set_ylabel("")
            ax.set_yticklabels([])
    bar = fig.colorbar(image, ax=axes, shrink=0.8, aspect=18)
    bar.set_label("share of the label's reviews (%)")
    bar.outline.set_visible(False)
    return fig


def _expect_counts(name: str, counts: torch.Tensor) -> torch.Tensor:
    counts = torch.as_tensor(counts).detach().cpu()
    if counts.shape != (2, 2):
        raise ValueError(f"the counts of {name!r} have shape {tuple(counts.shape)}, expected (2, 2): label, answer")
    if counts.min() < 0:
        raise ValueError(f"the counts of {name!r} go down to {counts.min()}, expected 0 or more")
    return counts.to(torch.int64)


def _matrix(ax: Axes, name: str, counts: torch.Tensor, names: Sequence[str]):
    shares = 100 * counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    image = ax.imshow(shares, cmap=BLUES, vmin=0, vmax=100)
    for label in (0, 1):
        for answer in (0, 1):
            share = shares[label, answer].item()
            text = f"{counts[label, answer]:,}\n{share:.1f} %"
            ax.text(answer, label, text, ha="center", va="center", color="white" if share > 60 else "black")
    ax.axhline(0.5, color="white", linewidth=2)
    ax.axvline(0.5, color="white", linewidth=2)
    right = 100 * counts.diagonal().sum() / counts.sum().clamp(min=1)
    ax.set_title(f"{name}\n{right:.1f} % right", fontsize="medium")
    ax.set_xticks([0, 1], names)
    ax.set_yticks([0, 1], names, rotation=90, va="center")
    ax.set_xlabel("answer")
    ax.set_ylabel("label")
    ax.tick_params(length=0)
    ax.spines[:].set_color("#9A9A9A")
    return image
