"""Where two matrices differ, as a small record of text: what the cards and reports draw.

The record is a dict of text and whole numbers: `part` and `at` say what is drawn, `axes` and `sizes` name and measure
rows and columns, `largest` is the largest difference, and `rows` holds one character for each cell: 0 where all is right,
1 to 4 where it is too large, by how much, a to d where it is too small, n where it is no number.
"""

from __future__ import annotations

import math

import torch

from grader.compare import Compared, Mismatch, close, pairs
from grader.engine.values import Array
from grader.explain import axes_of
from grader.results import clean

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "picture_of"]

MAX_ROWS, MAX_COLUMNS = 12, 40
MAX_ENTRIES = 1_000_000
LEVELS = 4
TOO_LARGE, TOO_SMALL = "01234", "0abcd"


def picture_of(compared: Compared) -> dict | None:
    """A record of the first tensor that differs, where it has two axes or more; None where there is nothing to draw."""
    try:
        parts = list(pairs(compared.got, compared.want, compared.what, compared.names))
    except Mismatch:
        return None
    for name, got, want in parts:
        if _drawable(got, want):
            bad = ~close(got.data, want.data, want.dtype, want.device)
            if bad.any():
                return _drawn(name, got.data.double(), want.data.double(), bad, axes_of(compared, want.data.dim()))
    return None


def _drawable(got, want) -> bool:
    arrays = isinstance(got, Array) and isinstance(want, Array) and got.data is not None and want.data is not None
    return (arrays and got.shape == want.shape and got.dtype == want.dtype
            and want.data.dim() >= 2 and 1 < want.data.numel() <= MAX_ENTRIES)  # fmt: skip


def _drawn(name: str, got: torch.Tensor, want: torch.Tensor, bad: torch.Tensor, axes: tuple[str, ...]) -> dict | None:
    names = axes or tuple(f"axis {place}" for place in range(want.dim()))
    if want.dim() > 2 and want.shape[-1] == 1:  # one feature: what lies before it is the matrix
        got, want, bad, names = got[..., 0], want[..., 0], bad[..., 0], names[:-1]
    first, at = bad.nonzero()[0].tolist()[:-2], []
    for place, index in enumerate(first):
        at.append(f"{names[place]} {index}")
        got, want, bad = got[index], want[index], bad[index]
    names = names[-2:]
    apart = torch.where(bad, got - want, 0.0)
    if "time" in names[:1]:  # time runs from left to right
        apart, bad, names = apart.T, bad.T, names[::-1]
    size = float(torch.where(apart.isfinite(), apart, 0.0).abs().max())
    cells = _cells(torch.where(apart.isfinite(), apart, math.inf))
    rows = ["".join(_character(value, size) for value in row) for row in cells.tolist()]
    return {"part": clean(name)[:80], "at": ", ".join(at), "axes": list(names), "sizes": list(apart.shape),
            "largest": f"{size:.2g}", "rows": rows}  # fmt: skip


def _cells(apart: torch.Tensor) -> torch.Tensor:
    """The largest difference of each block, in at most so many rows and columns."""
    height, width = (math.ceil(size / limit) for size, limit in zip(apart.shape, (MAX_ROWS, MAX_COLUMNS), strict=True))
    blocks = [block for part in apart.split(height) for block in part.split(width, dim=1)]
    values = [block.flatten()[block.abs().flatten().argmax()] for block in blocks]
    return torch.stack(values).view(math.ceil(apart.shape[0] / height), -1)


def _character(value: float, size: float) -> str:
    if math.isinf(value):
        return "n"
    level = min(LEVELS, math.ceil(LEVELS * abs(value) / size)) if value else 0
    return (TOO_LARGE if value > 0 else TOO_SMALL)[level]
