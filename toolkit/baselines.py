"""Forecasts that a network has to beat: each needs a line of arithmetic and no training loop.

All take a series (T,) and `origins`, the steps at which forecasts begin: O of them. All give (O, steps), from values
before each origin alone. What is fitted is fitted on the first `known` steps of the series.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["autoregression", "error_over_horizon", "persistence", "seasonal_mean", "seasonal_naive", "what_came"]


def what_came(series: torch.Tensor, origins: Sequence[int], steps: int) -> torch.Tensor:
    """The values that followed."""
    _check(series, origins, steps)
    return torch.stack([series[origin : origin + steps] for origin in origins])


def persistence(series: torch.Tensor, origins: Sequence[int], steps: int) -> torch.Tensor:
    """The last value before the origin, again and again."""
    return torch.stack([series[origin - 1].expand(steps) for origin in origins])


def seasonal_naive(series: torch.Tensor, origins: Sequence[int], steps: int, period: int) -> torch.Tensor:
    """What came one period earlier. `period` has to be at least `steps`."""
    if not steps <= period <= min(origins):
        raise ValueError(f"period is {period}, expected {steps} (steps) to {min(origins)} (the first origin)")
    return torch.stack([series[origin - period : origin - period + steps] for origin in origins])


def seasonal_mean(
    series: torch.Tensor, origins: Sequence[int], steps: int, period: int, known: int, width: int = 31
) -> torch.Tensor:
    """The mean of the same place in the period over the known steps, smoothed over `width` neighbours (odd)."""
    places = torch.arange(known) % period
    sums = torch.zeros(period).index_add(0, places, series[:known].cpu())
    means = sums / places.bincount(minlength=period)
    side = width // 2
    around = torch.cat([means[-side:], means, means[:side]]) if side else means
    smooth = around.unfold(0, width, 1).mean(dim=1).to(series.device)  # (period,)
    return torch.stack([smooth[torch.arange(origin, origin + steps) % period] for origin in origins])


def autoregression(series: torch.Tensor, origins: Sequence[int], steps: int, order: int, known: int) -> torch.Tensor:
    """A linear model of the last `order` values, fitted by least squares, fed back (Yule, 1927)."""
    if min(origins) < order or known <= 2 * order:
        raise ValueError(f"order is {order}: the first origin is {min(origins)}, {known} steps are known; too few")
    windows = series[:known].cpu().double().unfold(0, order + 1, 1)  # (known − order, order + 1)
    ones = torch.ones(len(windows), 1, dtype=torch.float64)
    weights = torch.linalg.lstsq(torch.cat([windows[:, :-1], ones], dim=1), windows[:, -1:]).solution[:, 0]
    values = torch.stack([series[origin - order : origin] for origin in origins]).cpu().double()  # (O, order)
    for _ in range(steps):
        following = values[:, -order:] @ weights[:-1] + weights[-1]
        values = torch.cat([values, following[:, None]], dim=1)
    return values[:, order:].to(series.device, series.dtype)


def error_over_horizon(forecasts: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The root of the mean squared error over the origins, for each step ahead: (O, steps), (O, steps) → (steps,)."""
    if forecasts.shape != truth.shape:
        raise ValueError(f"forecasts have shape {tuple(forecasts.shape)}, expected {tuple(truth.shape)}, as the truth")
    return (forecasts.double() - truth.double()).square().mean(dim=0).sqrt()


def _check(series: torch.Tensor, origins: Sequence[int], steps: int) -> None:
    if series.dim() != 1:
        raise ValueError(f"series has shape {tuple(series.shape)}, expected (T,)")
    if not origins or min(origins) < 1 or max(origins) + steps > len(series):
        raise ValueError(f"a series of {len(series)} steps has no {steps} steps after every origin")
