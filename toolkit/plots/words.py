"""A map of words: their vectors in two dimensions, before and after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from toolkit.plots.canvas import COLOURS, WIDTH
from toolkit.plots.labels import Box, place_labels

__all__ = ["plot_words"]

LOOKS = tuple(zip(("blue", "vermilion", "green", "purple", "orange", "sky"), "os^DvP", strict=True))
OTHER = "other words"
DOT, FONT = 4.5, 8.0  # points
DARK = {
    "orange": "#8A5F00",
    "sky": "#1F6F9F",
    "purple": "#8F4070",
    "green": "#00694D",
    "vermilion": "#A34700",
}  # letters


def plot_words(
    points_by_name: Mapping[str, torch.Tensor], words: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> Figure:
    """Words as points, a panel for each set of points, with as many labels as can be read.

    A label stands at the first free one of eight places around its point. Where none is free the point stands alone; the
    name of the horizontal axis says how many do.

    Args:
        points_by_name: such as "before training" → (K, 2), the points of the words.
        words: the K words.
        groups: group → its words, up to 6 groups; colour and mark tell them apart. Words of no group are small and grey.

    Raises:
        ValueError: points have another shape, there are too many groups, or a group has a word that isn't there.
    """
    points = {name: _expect_points(name, values, words) for name, values in points_by_name.items()}
    if not points:
        raise ValueError("points_by_name is empty, expected at least one set of points, such as {'after': points}")
    looks = _looks(words, groups)
    fig = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    grid = fig.add_gridspec(2, len(points), height_ratios=[1, 0.07])
    axes = [fig.add_subplot(grid[0, place]) for place in range(len(points))]
    for ax, (name, values) in zip(axes, points.items(), strict=True):
        _dots(ax, values, words, looks)
        ax.set_title(name, loc="left", fontsize="medium")
        ax.set_xlabel("first direction\n ")  # the second line is kept for the count of labels
        ax.set_ylabel("second direction" if ax is axes[0] else "")
    names = [*groups, *([OTHER] if len(looks) < len(words) else [])]
    handles = [axes[0].plot([], [], linestyle="none", label=name, **_mark(_look(place, name)))[0]
               for place, name in enumerate(names)]  # fmt: skip
    below = fig.add_subplot(grid[1, :])
    below.set_axis_off()
    below.legend(handles=handles, loc="center", ncols=len(handles), frameon=False, columnspacing=1.4, handletextpad=0.1)
    _label(fig, axes, list(points.values()), words, looks)
    return fig


def _expect_points(name: str, points: torch.Tensor, words: Sequence[str]) -> torch.Tensor:
    points = torch.as_tensor(points).detach().cpu()
    if points.shape != (len(words), 2):
        raise ValueError(
            f"the points of {name!r} have shape {tuple(points.shape)}, expected ({len(words)}, 2): one for each word"
        )
    return points


def _looks(words: Sequence[str], groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str]]:
    """Colour and mark of each word that is in a group."""
    if len(groups) > len(LOOKS):
        raise ValueError(f"groups has {len(groups)} groups, expected up to {len(LOOKS)}")
    if missing := sorted({word for members in groups.values() for word in members} - set(words)):
        raise ValueError(f"groups holds {missing[:5]}, expected words that are among the {len(words)} given")
    return {word: LOOKS[place] for place, members in enumerate(groups.values()) for word in members}


def _look(place: int, name: str) -> tuple[str, str] | None:
    return None if name == OTHER else LOOKS[place]


def _mark(look: tuple[str, str] | None) -> dict:
    if look is None:
        return {"color": "#9A9A9A", "marker": ".", "markersize": DOT}
    return {"color": COLOURS[look[0]], "marker": look[1], "markersize": DOT, "markeredgecolor": "white",
            "markeredgewidth": 0.4}  # fmt: skip


def _dots(ax: Axes, points: torch.Tensor, words: Sequence[str], looks: Mapping[str, tuple[str, str]]) -> None:
    for (x, y), word in zip(points.tolist(), words, strict=True):
        ax.plot(x, y, linestyle="none", zorder=2, **_mark(looks.get(word)))
    ax.set_aspect("equal", adjustable="datalim")  # distances are equally long in both directions
    ax.margins(0.08)
    ax.locator_params(nbins=5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#EDEDED", linewidth=0.8)
    ax.set_axisbelow(True)


def _label(
    fig: Figure, axes: Sequence[Axes], points: Sequence[torch.Tensor], words: Sequence[str],
    looks: Mapping[str, tuple[str, str]],
) -> None:  # fmt: skip
    """Labels where they are free of each other, with and without a headline and a footnote."""
    pixels = fig.dpi / 72
    layouts = [[_layout(ax, values) for ax, values in zip(axes, points, strict=True)] for _ in _with_and_without(fig)]
    order = sorted(range(len(words)), key=lambda number: words[number] not in looks)  # those of a group come first
    for place, ax in enumerate(axes):
        texts = {number: _text(ax, points[place][number], words[number], looks) for number in order}
        renderer = FigureCanvasAgg(fig).get_renderer()
        boxes = [texts[number].get_window_extent(renderer) for number in order]
        found = place_labels(
            [[layout[place][0][number] for number in order] for layout in layouts],
            [(box.width + 2, box.height) for box in boxes],
            [layout[place][1] for layout in layouts],
            radius=0.5 * DOT * pixels,
            reach=0.75 * DOT * pixels,
        )
        for number, offset in zip(order, found, strict=True):
            if offset is None:
                texts[number].remove()
            else:
                texts[number].set_position(((offset[0] + 1) / pixels, offset[1] / pixels))
        if left_out := found.count(None):
            ax.set_xlabel(f"first direction\n{left_out} of {len(words)} words have no room for a label")


def _text(ax: Axes, point: torch.Tensor, word: str, looks: Mapping[str, tuple[str, str]]):
    look = looks.get(word)
    colour = "#595959" if look is None else DARK.get(look[0], COLOURS[look[0]])
    return ax.annotate(word, point.tolist(), (0, 0), textcoords="offset points", fontsize=FONT, color=colour,
                       ha="left", va="bottom", zorder=3, annotation_clip=False)  # fmt: skip


def _with_and_without(fig: Figure):
    """Lay the figure out with a headline and a footnote, as a notebook may write them later, and then without."""
    head, foot = fig.suptitle("x", fontsize="medium"), fig.supxlabel("x\nx", fontsize="small")
    fig.draw_without_rendering()
    yield
    for text in (head, foot):
        text.set_text("")
    fig.draw_without_rendering()
    yield


def _layout(ax: Axes, points: torch.Tensor) -> tuple[list[tuple[float, float]], Box]:
    """Where the points and the panel stand, in pixels."""
    box = ax.get_window_extent()
    return [tuple(pixel) for pixel in ax.transData.transform(points.double().numpy())], Box(
        box.x0, box.y0, box.x1, box.y1
    )
