"""What every picture shares: size, colours, the second way to tell lines apart, and how it is shown.

Figures are made without pyplot: it keeps state, and every figure that it made until it is closed.
"""

from __future__ import annotations

import base64
import html
import io
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.session import in_notebook
from toolkit.stand_ins import is_stand_in

__all__ = ["COLOURS", "TIME", "compare", "figure", "footnote", "headline", "image_html", "legend", "numbers", "show",
           "stand_in_note", "styles"]  # fmt: skip

# Okabe and Ito (2008): told apart with every kind of colour vision.
COLOURS = {
    "black": "#000000",
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "vermilion": "#D55E00",
    "sky": "#56B4E9",
}
DASHES = ("-", "--", "-.", ":", (0, (6, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 3)))  # the second way to tell lines apart
TIME = "time (steps)"
WIDTH = 8.0  # inches


def headline(fig: Figure, sentence: str) -> None:
    """Write a sentence over the figure, such as what was predicted and what was measured."""
    fig.suptitle(textwrap.fill(sentence, 95), x=0.01, ha="left", fontsize="medium")


def footnote(fig: Figure, *parts: object) -> None:
    """Say at the foot of the figure which of the parts that it was drawn with are stand-ins, if any is."""
    if text := stand_in_note(parts, "Drawn"):
        text = textwrap.fill(text, 105)
        fig.supxlabel(text, x=0.01, ha="left", fontsize="small", style="italic", color=COLOURS["vermilion"])


def stand_in_note(parts: Iterable[object], done: str) -> str:
    """A sentence that says which of the parts are stand-ins; empty if none is."""
    names = [getattr(part, "__name__", type(part).__name__) for part in parts if is_stand_in(part)]
    return f"{done} with a stand-in for {', '.join(dict.fromkeys(names))}, not with your own code." if names else ""


def show(fig: Figure, alt: str) -> None:
    """Display a figure in a notebook, with a text that says what is to be seen on it. Elsewhere nothing happens.

    Raises:
        ValueError: the text is empty.
    """
    if not alt.strip():
        raise ValueError("alt is empty: a figure needs a text for readers who don't see it")
    if in_notebook():
        from IPython.display import display

        display({"text/html": image_html(fig, alt), "text/plain": _text(fig, alt)}, raw=True)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(fig)  # a figure that a student made through pyplot would be shown a second time


def image_html(fig: Figure, alt: str) -> str:
    """The figure as an <img> that holds its picture; a footnote of the figure is part of its text."""
    picture = io.BytesIO()
    fig.savefig(picture, format="png", dpi=144, facecolor="white")
    data = base64.b64encode(picture.getvalue()).decode("ascii")
    text, width = html.escape(_text(fig, alt), quote=True), round(fig.get_figwidth() * 96)
    return f'<img alt="{text}" width="{width}" style="max-width: 100%" src="data:image/png;base64,{data}">'


def _text(fig: Figure, alt: str) -> str:
    parts = (fig.get_suptitle(), alt, fig.get_supxlabel())
    return " ".join(part.replace("\n", " ") for part in parts if part)


def figure(heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure with panels of these heights (inches) above each other, over one horizontal axis."""
    fig = Figure(figsize=(WIDTH, sum(heights) + 0.8), layout="constrained")
    axes = fig.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    return fig, axes


def styles() -> Iterator[dict]:
    """Colours and dashes for up to seven lines of one picture; black, which lines to compare with have, comes last."""
    names = sorted(COLOURS, key="black".__eq__)
    return ({"color": COLOURS[name], "linestyle": dash} for name, dash in zip(names, DASHES, strict=True))


def compare(draw: Callable[..., object], lines: Mapping[str, float] | None) -> None:
    """Thin black lines at up to three values to compare with; `draw` is `ax.axhline` or `ax.axvline`."""
    for (label, value), dash in zip((lines or {}).items(), (":", "--", "-."), strict=False):
        draw(value, color=COLOURS["black"], linewidth=1, linestyle=dash, label=label)


def legend(ax: Axes, entries: int | None = None) -> None:
    """A legend beside the panel, of the first so many labels."""
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[:entries], labels[:entries], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def numbers(series: torch.Tensor) -> list[float]:
    """A tensor of one axis as numbers to draw, wherever it lies."""
    if series.dim() != 1:
        raise ValueError(f"what is to be drawn has shape {tuple(series.shape)}, expected one axis, (T,)")
    return series.detach().cpu().tolist()
