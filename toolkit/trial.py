"""A short training with a configuration, for task 1.7: what the choice of four numbers does to a loss curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import nn

from toolkit.forecaster import Forecaster
from toolkit.series import noisy, sine
from toolkit.stand_ins import make_windows, train_step
from toolkit.training import fit

__all__ = ["FAULTY", "STEPS", "TARGET", "barometer", "final_error", "trial"]

FAULTY = {"lr": 1e-4, "shift": 0.0, "scale": 1.0, "gain": 12.0}  # four numbers, and each of them is wrong
TARGET = 75.0  # pascals; repeating the last value comes to about 90
STEPS, LENGTH, HIDDEN = 120, 16, 16
LAST = 20  # the steps at the end of a trial over which its error is averaged


def barometer(length: int = 400) -> torch.Tensor:
    """Air pressure in pascals, generated: a swing of 400 Pa in 25 steps around 101,300 Pa, with noise of 40 Pa."""
    return 101_300 + 400 * noisy(sine(length), scale=0.1, seed=2)


def trial(configuration: Mapping[str, float], rnn: Callable[[int, int], nn.Module] | None = None,
          step: Callable[..., float] = train_step, seed: int = 0) -> list[float]:  # fmt: skip
    """Train a network of 16 units for 120 steps with Adam; the root mean squared error before each, in pascals.

    Args:
        configuration: `lr`, the learning rate; the network sees (pressure − `shift`) / `scale`; the weights that
            torch draws for W_ih and W_hh are multiplied by `gain` before the first step.
        rnn: makes the recurrent network of (features, hidden_size), your `RNN` or torch's, which is the default.
        step: the training step, as in task 1.6.
        seed: draws the first weights and the batches.

    Raises:
        ValueError: the configuration has other names, or values that nothing can be trained with.
    """
    configuration = _numbers(configuration)
    scaled = (barometer() - configuration["shift"]) / configuration["scale"]
    inputs, targets = make_windows(scaled, LENGTH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.RNN(1, HIDDEN, batch_first=True) if rnn is None else rnn(1, HIDDEN)
        model = Forecaster(network, HIDDEN)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "weight" in name:
                parameter.mul_(configuration["gain"])
    adam = torch.optim.Adam(model.parameters(), lr=configuration["lr"])
    history = fit(step, model, adam, inputs, targets, steps=STEPS, seed=seed, bar=False)
    return [math.sqrt(loss) * configuration["scale"] if loss >= 0 else math.nan for loss in history.losses]


def final_error(errors: list[float]) -> float:
    """The mean of a trial's last 20 errors; infinite where one of them is no finite number."""
    mean = sum(errors[-LAST:]) / LAST
    return mean if math.isfinite(mean) else math.inf


def _numbers(configuration: Mapping[str, float]) -> dict[str, float]:
    """The four numbers as Python's own, also where they came as a tensor or from NumPy."""
    if not isinstance(configuration, Mapping) or set(configuration) != set(FAULTY):
        raise ValueError(f"the configuration is {configuration!r}, expected a dict with the keys {', '.join(FAULTY)}")
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in configuration.items()}
    for name, value in plain.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{name} is {value!r}, expected a finite number")
    for name in ("lr", "scale"):
        if plain[name] <= 0:
            raise ValueError(f"{name} is {plain[name]:g}, expected a number above 0")
    return plain
