"""What is drawn from a language model: its probabilities, what temperature trades for what, and what it has copied."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from math import isfinite

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toolkit.plots.axes import log_axis
from toolkit.plots.canvas import COLOURS, figure, legend, styles
from toolkit.plots.cells import pale
from toolkit.plots.characters import MONO, expect_seeds, visible

__all__ = ["plot_distributions", "plot_overlap", "plot_trade"]

REST = "others"
SHARED = {"color": COLOURS["black"], "linewidth": 1, "linestyle": ":"}


# Probabilities


def plot_distributions(
    characters: Sequence[str],
    distributions: Mapping[float | str, torch.Tensor],
    *,
    count: int = 12,
    prompt: str = "",
) -> Figure:
    """Which character comes next: a panel for each temperature or model, bars for the likeliest characters and for the rest.

    The characters are those that are likeliest by the mean over the panels, in one order for all of them. The name of a panel
    gives the entropy of its whole distribution.

    Args:
        characters: the V characters, such as `vocabulary.characters`.
        distributions: temperature, or the name of a model → (V,), probabilities.
        count: how many characters have a bar of their own.
        prompt: what the model has read, for the title.

    Raises:
        ValueError: there are no distributions, count is below 1, or one isn't (V,) probabilities that sum to 1.
    """
    if not distributions:
        raise ValueError("distributions is empty, expected at least one, such as {1.0: probabilities}")
    if count < 1:
        raise ValueError(f"count is {count}, expected 1 or more")
    shares = {heat: _expect_distribution(values, heat, len(characters)) for heat, values in distributions.items()}
    mean = torch.stack(list(shares.values())).mean(dim=0)
    shown = mean.argsort(descending=True, stable=True)[:count].tolist()
    highest = 100 * max(_shown(values, shown).max().item() for values in shares.values())
    fig, axes = figure([0.95] * len(shares))
    for ax, (heat, values) in zip(axes, shares.items(), strict=True):
        _bars(ax, values, shown, 0.03 * highest)
        entropy = -(values * values.clamp(min=1e-300).log2()).sum().item()
        ax.set_title(f"{_named(heat)}: entropy {abs(entropy):.2f} bits", loc="left", fontsize="medium")
        ax.set_ylim(0, 1.28 * highest)
        ax.set_axisbelow(True)
    names = [visible(characters[number]) for number in shown] + [REST] * (len(characters) > len(shown))
    axes[-1].set_xticks(range(len(names)), names, fontfamily=MONO, fontsize=11, parse_math=False)
    axes[-1].set_xlabel(_after(prompt))
    fig.supylabel("probability (%)", fontsize="medium")
    return fig


def _after(prompt: str) -> str:
    """The name of the axis, with the end of the prompt."""
    if not prompt:
        return "next character"
    shown = "".join(visible(character) for character in prompt[-40:]).replace("$", r"\$")
    return f"next character after “{'…' if len(prompt) > 40 else ''}{shown}”"


def _named(heat: float | str) -> str:
    return heat if isinstance(heat, str) else f"temperature {heat:g}"


def _expect_distribution(values: torch.Tensor, heat: float | str, size: int) -> torch.Tensor:
    values = torch.as_tensor(values).detach().cpu().double()
    if values.shape != (size,):
        raise ValueError(f"the distribution of {_named(heat)} has shape {tuple(values.shape)}, expected ({size},)")
    if not bool((values >= 0).all()) or abs(values.sum().item() - 1) > 1e-3:
        raise ValueError(f"the values of {_named(heat)} sum to {values.sum():g}, expected probabilities: apply softmax")
    return values


def _shown(values: torch.Tensor, shown: Sequence[int]) -> torch.Tensor:
    """The probabilities of the characters that are shown, and of the others together, if there are any."""
    rest = [(1 - values[shown].sum()).clamp(min=0)] if len(shown) < len(values) else []
    return torch.stack([*values[shown], *rest])


def _bars(ax: Axes, values: torch.Tensor, shown: Sequence[int], above: float) -> None:
    heights = (100 * _shown(values, shown)).tolist()
    own, others = heights[: len(shown)], heights[len(shown) :]
    ax.bar(range(len(own)), own, width=0.7, facecolor=pale(COLOURS["orange"], 0.6), edgecolor=COLOURS["orange"])
    ax.bar([len(own)] * len(others), others, width=0.7, facecolor="white", edgecolor="#7F7F7F", hatch="////")
    for place, height in enumerate(heights):
        text = f"{height:.0f}" if height >= 0.5 else "<1" if height > 0 else "0"
        ax.text(place, height + above, text, ha="center", va="bottom", fontsize=8.5)
    ax.tick_params(axis="x", length=0)


# Temperature


def plot_trade(
    measures: Mapping[str, Mapping[float, Sequence[float]]],
    compared: Mapping[str, float] | None = None,
    compared_name: str = "held-out text",
) -> Figure:
    """What changes with the temperature, a panel for each measure: a dot for each seed and a line through the medians.

    Args:
        measures: measure, with its unit, → temperature → values, one for each seed. Each panel's axis begins at 0.
        compared: measure → its value of a text to compare with; a measure may be left out.
        compared_name: what that text is called.

    Raises:
        ValueError: measures is empty, there are too many, or one has no values.
    """
    looks = [dict(style) for style in styles()]
    if not measures or len(measures) > len(looks):
        raise ValueError(f"there are {len(measures)} measures, expected 1 to {len(looks)}")
    compared = compared or {}
    fig, axes = figure([1.3] * len(measures))
    several = False
    for ax, (name, rows), style in zip(axes, measures.items(), looks, strict=False):
        if not rows:
            raise ValueError(f"{name!r} has no temperatures, expected at least one")
        found = {heat: expect_seeds(name, values) for heat, values in sorted(rows.items())}
        several = several or any(len(values) > 1 for values in found.values())
        points = [(heat, value) for heat, values in found.items() for value in values]
        ax.plot(*zip(*points, strict=True), linestyle="none", marker="o", markersize=5, alpha=0.5, color=style["color"])
        ax.plot(list(found), [_middle(values) for values in found.values()], linewidth=1.6, **style)
        if name in compared:
            ax.axhline(compared[name], **SHARED)
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_ylim(bottom=0)
        ax.margins(y=0.12)
        ax.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
    axes[-1].set_xlabel("temperature")
    _name_trade(axes[0], several, compared_name if compared else "")
    return fig


def _middle(values: Sequence[float]) -> float:
    finite = [value for value in values if isfinite(value)]
    return statistics.median(finite) if finite else float("nan")


def _name_trade(ax: Axes, several: bool, compared_name: str) -> None:
    if several:
        ax.plot([], [], linestyle="none", marker="o", markersize=5, alpha=0.5, color=COLOURS["black"], label="one seed")
        ax.plot([], [], color=COLOURS["black"], linewidth=1.6, label="median")
    if compared_name:
        ax.plot([], [], label=compared_name, **SHARED)
    if several or compared_name:
        legend(ax)


# Copies


def plot_overlap(lengths: Mapping[str, Sequence[int]], unit: str = "place") -> Figure:
    """How much of a text stands word for word in the training text: the share of places whose copied run is n or longer.

    Args:
        lengths: text → for each place of it the length of the longest run of characters, beginning there, that the training
            text holds. The legend gives the median and the longest.
        unit: what has a length, for the axis.

    Raises:
        ValueError: lengths is empty, a text has none, or one is negative.
    """
    if not lengths:
        raise ValueError("lengths is empty, expected at least one text, such as {'sample': [3, 12, 5]}")
    fig, (ax,) = figure([2.5])
    for (name, values), style in zip(lengths.items(), styles(), strict=False):
        runs = torch.as_tensor(values).detach().cpu().double()
        if runs.dim() != 1 or not len(runs) or bool((runs < 0).any()):
            raise ValueError(
                f"the lengths of {name!r} have shape {tuple(runs.shape)}, expected (K,), none below 0, K at least 1"
            )
        places = torch.cat([torch.ones(1, dtype=torch.float64), runs.clamp(min=1).unique()])
        shares = [100 * (runs >= place).double().mean().item() for place in places]
        words = f"{name}\nmedian {runs.quantile(0.5).item():g}, longest {runs.max().item():g}"
        ax.plot(
            [*places.tolist(), places[-1].item()],
            [*shares, 0.0],
            drawstyle="steps-pre",
            label=words,
            linewidth=1.8,
            **style,
        )
    log_axis(ax.xaxis)
    ax.set_ylim(0, 103)
    ax.set_ylabel(f"{unit}s with a run\nof n or more (%)")
    ax.set_xlabel("n: characters that stand word for word in the training text")
    legend(ax)
    return fig
