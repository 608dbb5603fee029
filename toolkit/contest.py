"""A series, the network and the baselines that it has to beat: what section 1.8 draws and the benchmark records."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.baselines import autoregression, persistence, seasonal_mean, seasonal_naive
from toolkit.forecaster import Forecaster
from toolkit.training import fit

__all__ = ["baseline_forecasts", "network_forecasts", "share_of"]

HIDDEN, LENGTH, RATE = 32, 60, 0.01


def baseline_forecasts(
    series: torch.Tensor, origins: Sequence[int], steps: int, known: int, period: int, order: int = 30
) -> dict[str, torch.Tensor]:
    """name → forecasts (O, steps), from the simplest on; see `toolkit.baselines`."""
    return {
        "persistence": persistence(series, origins, steps),
        "seasonal naive": seasonal_naive(series, origins, steps, period),
        "seasonal mean": seasonal_mean(series, origins, steps, period, known),
        f"linear, {order} values": autoregression(series, origins, steps, order, known),
    }


def network_forecasts(
    series: torch.Tensor,
    origins: Sequence[int],
    steps: int,
    known: int,
    *,
    make_windows: Callable = stand_ins.make_windows,
    rnn: Callable[[int, int], nn.Module] = stand_ins.RNN,
    train_step: Callable[..., float] = stand_ins.train_step,
    forecast: Callable = stand_ins.forecast,
    training_steps: int = 300,
    seed: int = 0,
) -> torch.Tensor:
    """Forecasts (O, steps) of a network with 32 units, trained with a falling rate on windows of 60 of the known steps.

    Scaled by the mean and standard deviation of the known steps alone: what comes later is not known yet. Each forecast
    reads the 60 steps before its origin. The parts can be the student's own.
    """
    mean, std = series[:known].mean(), series[:known].std()
    scaled = (series - mean) / std
    inputs, targets = make_windows(scaled[:known], LENGTH)
    torch.manual_seed(seed)
    model = Forecaster(rnn(1, HIDDEN), HIDDEN).to(series.device)
    adam = torch.optim.Adam(model.parameters(), lr=RATE)
    fit(train_step, model, adam, inputs, targets, steps=training_steps, seed=seed, cooling=True)
    contexts = torch.stack([scaled[origin - LENGTH : origin] for origin in origins])[:, :, None]  # (O, L, 1)
    with torch.no_grad():
        return forecast(model, contexts, steps)[:, :, 0] * std + mean


def share_of(error: torch.Tensor, baseline: torch.Tensor) -> float:
    """By how many percent an error is below a baseline's; negative where it is above."""
    return 100 * (1 - (error / baseline).item())
