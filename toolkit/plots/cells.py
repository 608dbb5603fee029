"""What figures made of cells and words share: padding that is told without colour, pale fills, words cut to their cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch, Rectangle

__all__ = ["PADDING", "cell", "cut", "expect_lengths", "fitting_size", "pale", "points_per_unit", "text_width"]

PADDING = {"facecolor": "white", "edgecolor": "#9A9A9A", "hatch": "/////", "linewidth": 0.8}
SIZES = (9.5, 9.0, 8.5, 8.0, 7.5, 7.0)  # points, the largest first
DOTS = "…"
RESOLUTIONS = (100, 120, 144)  # dots per inch; 144 is that of `show`


def pale(colour: str, share: float = 0.3) -> str:
    """So much of a colour on white, for a fill that black letters stand on."""
    return to_hex([1 - share * (1 - part) for part in to_rgb(colour)])


def cell(ax: Axes, x: float, y: float, colour: str | None, text: str = "", size: float = 8.0) -> Patch:
    """A square cell around (x, y) with a text; without a colour it is padding."""
    style = PADDING if colour is None else {"facecolor": pale(colour), "edgecolor": colour, "linewidth": 1.0}
    if colour is not None and text:
        ax.text(x, y, text, ha="center", va="center", fontsize=size, color="black", zorder=3,
                parse_math=False)  # fmt: skip
    return ax.add_patch(Rectangle((x - 0.45, y - 0.41), 0.9, 0.82, **style))


@cache
def _width(text: str) -> float:
    """The width of a text in the size of 1 point, as wide as it is drawn in any resolution: letters are fitted to pixels."""
    font = FontProperties(size=10)
    return max(
        _renderer(dpi).get_text_width_height_descent(text, font, ismath=False)[0] * 72 / dpi / 10 for dpi in RESOLUTIONS
    )


@cache
def _renderer(dpi: int):
    return FigureCanvasAgg(Figure(dpi=dpi)).get_renderer()


def text_width(text: str, size: float) -> float:
    """How wide a text is set, in points."""
    return size * _width(text)


def fitting_size(texts: Iterable[str], width: float) -> float | None:
    """The largest size, in points, at which every text fits into the width; None where none does."""
    widest = max(map(_width, texts), default=0.0)
    return next((size for size in SIZES if size * widest <= width), None)


def cut(text: str, width: float, size: float) -> str:
    """The text, or so much of its beginning as fits, with an ellipsis; empty where that is under two letters."""
    if text_width(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        if text_width(text[:kept] + DOTS, size) <= width:
            return text[:kept] + DOTS
    return ""


def points_per_unit(fig: Figure, ax: Axes) -> float:
    """How many points a step of 1 along the horizontal axis is wide, once the figure is laid out."""
    left, right = ax.get_xlim()
    return ax.get_window_extent().width * 72 / fig.dpi / (right - left)


def expect_lengths(lengths: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Lengths as (N,), int64, on the CPU.

    Raises:
        ValueError: they have another shape, are none, or one is negative.
    """
    lengths = torch.as_tensor(lengths).detach().cpu()
    if lengths.dim() != 1 or not len(lengths) or lengths.is_floating_point():
        raise ValueError(
            f"lengths has shape {tuple(lengths.shape)} and type {lengths.dtype}, expected (N,) whole numbers, N at least 1"
        )
    if lengths.min() < 0:
        raise ValueError(f"lengths go down to {lengths.min()}, expected 0 or more")
    return lengths.to(torch.int64)
