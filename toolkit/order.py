"""Does order matter? A recurrent and a feed-forward network of equal size on a series in order and out of order."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from toolkit.forecaster import Forecaster, LastStep, WindowNetwork
from toolkit.series import mixed, noisy
from toolkit.stand_ins import make_windows, train_step
from toolkit.swift import SwiftRNN
from toolkit.training import fit

__all__ = ["SETTINGS", "WINDOW", "contestants", "error_in"]

WINDOW, HIDDEN, KNOWN, STEPS = 18, 16, 500, 300


def contestants() -> dict[str, Callable[[], nn.Module]]:
    """name → a function that makes the network: 321 parameters each."""
    return {
        "RNN, step by step": lambda: LastStep(Forecaster(SwiftRNN(1, HIDDEN), HIDDEN)),
        "feed-forward, a window at once": lambda: WindowNetwork(WINDOW, HIDDEN),
    }


def error_in(setting: str, make: Callable[[], nn.Module], seed: int = 0) -> float:
    """Train a network to predict the value after each window; its mean squared error on the rest of the series.

    The series is the sum of three waves with noise of standard deviation 0.05.
    """
    inputs, targets = make_windows(SETTINGS[setting](_series()), WINDOW)
    inputs, targets = PLACES[setting](inputs), targets[:, -1:]
    torch.manual_seed(seed)
    model = make()
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(train_step, model, adam, inputs[:KNOWN], targets[:KNOWN], steps=STEPS, seed=seed, cooling=True)
    with torch.no_grad():
        return (model(inputs[KNOWN + WINDOW :])[0] - targets[KNOWN + WINDOW :]).square().mean().item()


def _series() -> torch.Tensor:
    return noisy(mixed(1200, periods=[25, 60, 9]), scale=0.05, seed=1)


def _shuffled(values: torch.Tensor, dim: int = 0) -> torch.Tensor:
    """The values in another order along an axis, the same one at every call."""
    order = torch.randperm(values.shape[dim], generator=torch.Generator().manual_seed(5))
    return values.index_select(dim, order)


def _as_it_is(values: torch.Tensor) -> torch.Tensor:
    return values


# what each setting does to the series, and to the places in the windows
SETTINGS = {"in order": _as_it_is, "places in the window swapped": _as_it_is, "series shuffled": _shuffled}
PLACES = {
    "in order": _as_it_is,
    "places in the window swapped": lambda windows: _shuffled(windows, dim=1),
    "series shuffled": _as_it_is,
}
