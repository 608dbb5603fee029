"""Generated series for notebook 1: float32 tensors of shape (T,). Noise comes from a seed of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

__all__ = ["mixed", "noisy", "period_of", "sine"]


def sine(length: int, period: float = 25.0, phase: float = 0.0) -> torch.Tensor:
    """A sine wave of height 1: sin(2π t / period + phase) for t = 0, …, length − 1."""
    return mixed(length, [period], phases=[phase])


def mixed(
    length: int,
    periods: Sequence[float],
    heights: Sequence[float] | None = None,
    phases: Sequence[float] | None = None,
) -> torch.Tensor:
    """A sum of sine waves, by their periods in steps, heights (1 each) and phases in radians (0 each)."""
    heights = [1.0] * len(periods) if heights is None else heights
    phases = [0.0] * len(periods) if phases is None else phases
    if not periods or not len(periods) == len(heights) == len(phases):
        raise ValueError(
            f"{len(periods)} periods, {len(heights)} heights, {len(phases)} phases: expected as many of each"
        )
    if length < 1 or min(periods) <= 0:
        raise ValueError(f"length is {length} and the shortest period {min(periods)}, expected both above 0")
    # In double: in single precision, t / period drifts visibly over a few thousand steps.
    t = torch.arange(length, dtype=torch.float64)
    waves = [
        height * torch.sin(2 * math.pi * t / period + phase)
        for period, height, phase in zip(periods, heights, phases, strict=True)
    ]
    return torch.stack(waves).sum(dim=0).float()


def noisy(series: torch.Tensor, scale: float, seed: int = 0) -> torch.Tensor:
    """The series with normal noise of standard deviation `scale`. The same seed gives the same noise."""
    if scale < 0:
        raise ValueError(f"scale is {scale}, expected 0 or more")
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(series.shape, generator=generator, dtype=series.dtype)
    return series + scale * noise.to(series.device)


def period_of(series: torch.Tensor) -> float:
    """The mean distance in steps between upward crossings of zero, found between steps by a straight line.

    NaN where the series crosses zero upwards fewer than twice.
    """
    values = series.detach().cpu().double()
    before, after = values[:-1], values[1:]
    steps = ((before < 0) & (after >= 0)).nonzero().flatten()
    if len(steps) < 2:
        return math.nan
    crossings = steps + before[steps] / (before[steps] - after[steps])
    return ((crossings[-1] - crossings[0]) / (len(steps) - 1)).item()
