"""Pictures of the loss over a plane: around a solution, and at a cliff with the ways down it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from toolkit.plots.canvas import COLOURS, WIDTH

__all__ = ["plot_cliff", "plot_surfaces"]

SHADES = "cividis"  # even steps of lightness, with every kind of colour vision


def plot_surfaces(surfaces: Mapping[str, torch.Tensor], radius: float) -> Figure:
    """Loss surfaces (steps, steps) from −radius to radius side by side, in one scale; a cross marks the solution."""
    fig = Figure(figsize=(WIDTH, 3.5), layout="constrained")
    axes = fig.subplots(1, len(surfaces), sharey=True, squeeze=False)[0]
    every = torch.cat([surface.detach().cpu().flatten() for surface in surfaces.values()])
    scale = LogNorm(max(every.min().item(), 1e-6), every.max().item())
    for ax, (name, surface) in zip(axes, surfaces.items(), strict=True):
        line = torch.linspace(-radius, radius, len(surface)).tolist()
        image = ax.pcolormesh(
            line, line, surface.detach().cpu(), norm=scale, cmap=SHADES, shading="nearest", rasterized=True
        )
        ax.plot(0, 0, marker="+", color="white", markersize=9, markeredgewidth=1.6)
        ax.set_title(name, fontsize="medium")
        ax.set_xlabel("along d₂ (in units of the weights)")
        ax.set_aspect("equal")
    axes[0].set_ylabel("along d₁")
    fig.colorbar(image, ax=axes.tolist(), label="loss (nats)", shrink=0.9)
    return fig


def plot_cliff(
    surface: torch.Tensor, w: tuple[float, float], b: tuple[float, float], paths: Mapping[str, object]
) -> Figure:
    """The loss over two weights, and descents on it, each a `toolkit.cliff.Path`; beside it the loss along each.

    Args:
        surface: (points, points), rows along w.
        w, b: the least and the greatest of each. A path that leaves them goes to the figure's edge.
    """
    fig = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    left, right = fig.subplots(1, 2, width_ratios=[1.25, 1])
    image = left.pcolormesh(torch.linspace(*w, len(surface)).tolist(), torch.linspace(*b, len(surface)).tolist(), surface.T,
                            cmap=SHADES, shading="nearest", rasterized=True)  # fmt: skip
    fig.colorbar(image, ax=left, label="loss")
    looks = ({"color": "white", "marker": "o"}, {"color": COLOURS["orange"], "marker": "s"})
    for (name, path), look in zip(paths.items(), looks, strict=False):
        left.plot(*zip(*path.points, strict=True), label=name, markersize=3.5, linewidth=1.2, markeredgecolor="black",
                  markeredgewidth=0.4, **look)  # fmt: skip
        colour = "black" if look["color"] == "white" else look["color"]
        right.plot(path.losses, label=name, markersize=3, linewidth=1.2, marker=look["marker"], color=colour,
                   markerfacecolor=look["color"])  # fmt: skip
    left.set_xlim(*w)
    left.set_ylim(*b)
    left.set_xlabel("w")
    left.set_ylabel("b")
    right.set_yscale("log")
    right.set_ylabel("loss")
    right.set_xlabel("step")
    right.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False, fontsize="small")
    return fig
