"""The list of the figures, made without pyplot as the notebooks' are, and how one is written: the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["FIGURES", "IMAGES", "drawn", "figure"]

IMAGES = Path(__file__).parent.parent / "images"
FIGURES: dict[str, Callable[[], Figure]] = {}  # the name of its file, without .svg → what draws it


def figure(name: str) -> Callable:
    """Enter a function that returns a Figure into the list, under the name that its file has."""

    def entered(function: Callable[[], Figure]) -> Callable[[], Figure]:
        if name in FIGURES:
            raise ValueError(f"there are two figures called {name}")
        FIGURES[name] = function
        return function

    return entered


def drawn(name: str) -> bytes:
    """One figure as SVG, its letters as shapes, so that it looks the same everywhere."""
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        file = BytesIO()
        FIGURES[name]().savefig(file, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    return file.getvalue()
