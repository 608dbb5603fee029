"""Training with and without gradient clipping: Adam from torch's first weights, SGD with momentum from larger ones.

python -m benchmarks.clipping
"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.forecaster import Forecaster
from toolkit.series import noisy, sine
from toolkit.stand_ins import make_windows, train_step
from toolkit.training import History, fit

SEEDS = range(5)
STEPS = 200
NONE = 1e9  # a norm that no gradient here reaches before it is too late


def main() -> None:
    torch.set_num_threads(1)
    rows = {}
    for setting, optimiser, gain in (("Adam, lr 0.01", adam, 1.0), ("SGD, lr 0.2, momentum 0.9, W_hh × 2", sgd, 2.0)):
        for name, max_norm in (("clipped at 1", 1.0), ("not clipped", NONE)):
            runs = [train(optimiser, gain, max_norm, seed) for seed in SEEDS]
            rows[f"{setting}: {name}"] = {
                "loss, last 20 steps": summary([sum(run.losses[-20:]) / 20 for run in runs]),
                "largest loss": summary([max(run.losses) for run in runs]),
                "steps with a norm above 1": summary([sum(not norm <= 1 for norm in run.norms) for run in runs]),
            }
    show_scores(save("clipping", "python -m benchmarks.clipping", SEEDS, rows, unit="as named"))


def adam(parameters) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=0.01)


def sgd(parameters) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.2, momentum=0.9)


def train(optimiser, gain: float, max_norm: float, seed: int) -> History:
    """200 steps on windows of 50 of a noisy sine wave."""
    series = noisy(sine(1200), scale=0.05, seed=1)
    torch.manual_seed(seed)
    model = Forecaster(nn.RNN(1, 32, batch_first=True), 32)
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(gain)
    windows = make_windows(series[:500], 50)
    return fit(train_step, model, optimiser(model.parameters()), *windows, steps=STEPS, max_norm=max_norm, seed=seed)


if __name__ == "__main__":
    main()
