"""Texts as pictures: what a unit does at each character, and what a model writes while it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from toolkit.plots.canvas import COLOURS, WIDTH
from toolkit.plots.characters import ADVANCE, MONO, ink_on, signs, visible, wrap

__all__ = ["plot_coloured_text", "plot_sample_over_training"]

ACTIVATION = LinearSegmentedColormap.from_list("activation", [COLOURS["vermilion"], "#F4F4F4", COLOURS["blue"]])
SIZE, LEADING = 10.0, 17.0  # points: the characters, and from a line to the next
MARGIN = 0.25  # inches
STRONG = 0.5  # of the reach: from here on a line above or below the character tells the sign without colour
MISSING = {"facecolor": "white", "edgecolor": "#9A9A9A", "hatch": "/////", "linewidth": 0.0}


# A unit


def plot_coloured_text(
    text: str,
    values: torch.Tensor | Sequence[float],
    title: str = "",
    *,
    unit: str = "activation of the unit after the character",
    reach: float = 1.0,
    width: int = 80,
) -> Figure:
    """A text, each character on a ground whose colour is the value there, vermilion below 0 and blue above.

    A strong value, beyond half of the reach, also has a line: above the character where it is positive, below it where it is
    negative. Line breaks are kept and written as ↵; a longer line goes on in the next one. NaN is hatched.

    Args:
        text: the T characters.
        values: (T,), from −reach to reach.
        title: such as which unit of which network.
        unit: what the values are, for the colour bar.
        reach: the value at the ends of the colour bar.
        width: how many characters a line holds, 20 to 90.

    Raises:
        ValueError: the text is empty, the values have another shape or leave the range, or the width does.
    """
    numbers = _expect_values(text, values, reach)
    if not 20 <= width <= 90:
        raise ValueError(f"width is {width}, expected 20 to 90 characters")
    lines = wrap(text, width)
    head, foot = 0.34 if title else 0.1, 1.2
    height = head + LEADING * len(lines) / 72 + foot
    fig = Figure(figsize=(WIDTH, height), layout="constrained")
    ax = fig.subplots()
    ax.set_axis_off()
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set_xlim(0, 72 * (WIDTH - 2 * MARGIN))
    ax.set_ylim(LEADING * len(lines) + 2, -2)
    place = 0
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            _character(ax, column, row, character, numbers[place], reach)
            place += 1
    _colour_bar(fig, ax, unit, reach)
    return fig


def _expect_values(text: str, values: torch.Tensor | Sequence[float], reach: float) -> list[float]:
    tensor = torch.as_tensor(values).detach().cpu().double()
    if not text:
        raise ValueError("the text is empty, expected at least one character")
    if tensor.shape != (len(text),):
        raise ValueError(f"values has shape {tuple(tensor.shape)} for {len(text)} characters, expected ({len(text)},)")
    if bool((tensor.abs() > reach * (1 + 1e-6)).any()):
        raise ValueError(
            f"values run from {tensor.min():g} to {tensor.max():g}, expected −{reach:g} to {reach:g}: give a larger reach"
        )
    return tensor.clamp(-reach, reach).tolist()


def _character(ax: Axes, column: int, row: int, character: str, value: float, reach: float) -> None:
    """One character on its ground, in a panel whose unit is a point. The panel's limits are set, so none is measured."""
    wide, x, y = ADVANCE * SIZE, ADVANCE * SIZE * column, LEADING * row
    colour = "white" if isnan(value) else ACTIVATION((value / reach + 1) / 2)[:3]
    style = MISSING if isnan(value) else {"facecolor": colour, "edgecolor": "none"}
    ax.add_artist(
        Rectangle((x, y), wide, LEADING - 2, zorder=1, gid="ground", antialiased=False, in_layout=False, **style)
    )
    if not isnan(value) and abs(value) > STRONG * reach:
        level = y + 1 if value > 0 else y + LEADING - 3
        ax.add_artist(Line2D([x + 0.7, x + wide - 0.7], [level, level], color=ink_on(colour), linewidth=1.2, zorder=2,
                             gid="strong", solid_capstyle="butt", in_layout=False))  # fmt: skip
    if character != " ":
        ax.text(x + wide / 2, y + LEADING / 2 - 1, visible(character), ha="center", va="center_baseline", fontsize=SIZE,
                fontfamily=MONO, color=ink_on(colour), zorder=3, parse_math=False, gid="character", in_layout=False)  # fmt: skip


def _colour_bar(fig: Figure, ax: Axes, unit: str, reach: float) -> None:
    ticks = [-reach, -reach / 2, 0, reach / 2, reach]
    bar = fig.colorbar(ScalarMappable(Normalize(-reach, reach), ACTIVATION), ax=ax, location="bottom", shrink=0.6,
                       aspect=45, anchor=(0.0, 1.0), pad=0.01, ticks=ticks)  # fmt: skip
    bar.ax.set_xticklabels([f"{tick:g}".replace("-", "−") for tick in ticks])
    strong = f"{STRONG * reach:g}"
    bar.set_label(f"{unit}\nline above: over {strong}; line below: under −{strong}", fontsize="small", loc="left")
    bar.ax.tick_params(labelsize="small")
    bar.outline.set_linewidth(0.5)


# Learning

COLUMNS = 88  # characters of a line of a sample
SAMPLE = 9.0  # points
LETTERS = "abcdefgh"


def plot_sample_over_training(
    steps: Sequence[int], losses: Sequence[float], samples: Mapping[int, str], *, lines: int = 3
) -> Figure:
    """The loss over the steps of training, and below it what the model wrote at some of them.

    A letter marks each of these steps on the curve and before its sample. Line breaks are kept.

    Args:
        steps: the steps at which the loss was taken.
        losses: in bits per character, one for each.
        samples: step → what was written then; up to 8 steps, each within the range of `steps`.
        lines: how many lines of each sample are shown; an ellipsis says that it goes on.

    Raises:
        ValueError: the lengths differ, there are no samples or too many, or one lies outside of the training.
    """
    marked = _expect_samples(steps, losses, samples)
    texts = [_beginning(samples[step], lines) for step in marked]
    heights = [0.19 * len(text) + 0.42 for text in texts]
    fig = Figure(figsize=(WIDTH, 2.5 + sum(heights)), layout="constrained")
    above, below = fig.subplots(2, 1, height_ratios=[2.0, sum(heights)])
    _curve(above, steps, losses, marked)
    below.set_axis_off()
    below.set_xlim(0, 1)
    below.set_ylim(sum(heights), 0)
    top = 0.0
    for letter, step, text, height in zip(LETTERS, marked, texts, heights, strict=False):
        below.text(0.0, top + 0.1, letter, fontweight="bold", fontsize=10, va="center", color="white", ha="left",
                   bbox={"boxstyle": "circle,pad=0.18", "facecolor": "black", "edgecolor": "none"})  # fmt: skip
        loss = _at(steps, losses, step)
        said = f"step {step:,}: " + ("no loss" if isnan(loss) else f"{loss:.2f} bits per character")
        below.text(0.04, top + 0.1, said, va="center", fontsize=9.5, fontweight="bold")
        for number, line in enumerate(text):
            below.text(0.04, top + 0.31 + 0.19 * number, line, va="center", fontsize=SAMPLE, fontfamily=MONO,
                       parse_math=False, gid="sample")  # fmt: skip
        top += height
    return fig


def _expect_samples(steps: Sequence[int], losses: Sequence[float], samples: Mapping[int, str]) -> list[int]:
    if not len(steps) or len(steps) != len(losses):
        raise ValueError(f"there are {len(steps)} steps and {len(losses)} losses, expected as many of both, 1 at least")
    if not 1 <= len(samples) <= len(LETTERS):
        raise ValueError(f"there are {len(samples)} samples, expected 1 to {len(LETTERS)}")
    if outside := [step for step in samples if not min(steps) <= step <= max(steps)]:
        raise ValueError(f"there are samples of the steps {outside}, expected {min(steps)} to {max(steps)}")
    return sorted(samples)


def _beginning(text: str, lines: int) -> list[str]:
    """The first lines of a sample."""
    wrapped = wrap(text, COLUMNS)
    shown = [signs(line.rstrip("\n")) for line in wrapped[:lines]]
    if len(wrapped) > lines:
        shown[-1] = shown[-1].rstrip()[: COLUMNS - 2] + " …"
    return shown or ["(nothing)"]


def _at(steps: Sequence[int], losses: Sequence[float], step: int) -> float:
    """The loss that was taken nearest to a step."""
    return float(losses[min(range(len(steps)), key=lambda place: abs(steps[place] - step))])


def _curve(ax: Axes, steps: Sequence[int], losses: Sequence[float], marked: Sequence[int]) -> None:
    ax.plot(steps, losses, color=COLOURS["blue"], linewidth=1.5)
    for letter, step in zip(LETTERS, marked, strict=False):
        y = _at(steps, losses, step)
        if isnan(y):
            continue
        ax.plot([step], [y], linestyle="none", marker="o", markersize=5, color=COLOURS["black"], zorder=4, gid="marked")
        ax.annotate(letter, (step, y), (0, 13), textcoords="offset points", ha="center", va="center", fontsize=10,
                    fontweight="bold", color="white", annotation_clip=False,
                    bbox={"boxstyle": "circle,pad=0.18", "facecolor": "black", "edgecolor": "none"})  # fmt: skip
    ax.margins(y=0.2)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.set_ylabel("loss (bits per character)")
    ax.set_xlabel("training step")
