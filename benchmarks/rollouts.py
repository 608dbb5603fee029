"""Ten networks, equal but for their seeds, continue a sine wave for 250 steps on their own.

python -m benchmarks.rollouts
"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.baselines import error_over_horizon, what_came
from toolkit.forecaster import Forecaster
from toolkit.series import noisy, period_of, sine
from toolkit.stand_ins import forecast, make_windows, train_step
from toolkit.training import fit

SEEDS = range(10)


def main() -> None:
    torch.set_num_threads(1)
    found = [rollout(seed) for seed in SEEDS]
    rows = {name: {"RNN": summary([entry[name] for entry in found])} for name in found[0]}
    show_scores(
        save(
            "rollouts", "python -m benchmarks.rollouts", SEEDS, rows, unit="as named; the wave has height 1, period 25"
        )
    )


def rollout(seed: int) -> dict[str, float]:
    """The training loss, and height, period and error of what the network does on its own."""
    wave = sine(1200)
    series = noisy(wave, scale=0.05, seed=1)
    torch.manual_seed(seed)
    model = Forecaster(nn.RNN(1, 32, batch_first=True), 32)
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    history = fit(train_step, model, adam, *make_windows(series[:500], 50), steps=300, seed=seed)
    origins = range(600, 1000, 4)
    contexts = torch.stack([series[origin - 100 : origin] for origin in origins])[:, :, None]
    with torch.no_grad():
        alone = forecast(model, series[None, 400:500, None], 250)[0, :, 0]
        errors = error_over_horizon(forecast(model, contexts, 150)[:, :, 0], what_came(wave, origins, 150))
    return {"training loss": sum(history.losses[-20:]) / 20, "height of the last 100 steps": alone[-100:].abs().max().item(),
            "period": period_of(alone), "error 1 ahead": errors[0].item(), "error 25 ahead": errors[24].item(),
            "error 150 ahead": errors[149].item()}  # fmt: skip


if __name__ == "__main__":
    main()
