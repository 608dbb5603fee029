"""Generated series for notebook 1: float32 tensors of shape (T,). Noise comes from a seed of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

__all__ = ["cycles", "mixed", "noisy", "period_of", "seasonal", "sine"]


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


def seasonal(length: int = 3650, period: int = 365, seed: int = 0) -> torch.Tensor:
    """A generated series with a season and weather: 11 + 4 cos(2π t / period) + noise of which a share carries over.

    The noise is autoregressive, n_t = 0.55 n_{t−1} + e_t, with a standard deviation of about 2.6: close to what daily
    minimum temperatures of a temperate city do, in degrees Celsius.
    """
    if length < 1 or period < 1:
        raise ValueError(f"length is {length} and period {period}, expected 1 or more of both")
    generator = torch.Generator().manual_seed(seed)
    shocks = 2.17 * torch.randn(length + 50, generator=generator, dtype=torch.float64)
    weather = [0.0]
    for shock in shocks.tolist():
        weather.append(0.55 * weather[-1] + shock)
    t = torch.arange(length, dtype=torch.float64)
    season = 11 + 4 * torch.cos(2 * math.pi * t / period)
    return (season + torch.tensor(weather[-length:], dtype=torch.float64)).float()


def cycles(length: int = 2820, period: float = 132.0, seed: int = 0) -> torch.Tensor:
    """A generated series of cycles that rise faster than they fall, each of a height and length of its own, from 0 on.

    In height, length and roughness close to monthly sunspot numbers.
    """
    if length < 1 or period < 12:
        raise ValueError(f"length is {length} and period {period}, expected 1 or more, and 12 or more")
    generator = torch.Generator().manual_seed(seed)
    parts: list[torch.Tensor] = []
    while sum(map(len, parts)) < length:
        steps = round(period * (1 + 0.1 * torch.randn((), generator=generator).item()))
        height = 100 * (1 + 0.35 * torch.randn((), generator=generator).item())
        place = torch.linspace(0, 1, max(steps, 12), dtype=torch.float64)
        parts.append(max(height, 30.0) * torch.sin(math.pi * place**0.7) ** 2)
    smooth = torch.cat(parts)[:length]
    rough = torch.randn(length, generator=generator, dtype=torch.float64)
    return (smooth + (2 + 1.4 * smooth.sqrt()) * rough).clamp(min=0).float()
