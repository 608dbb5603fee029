"""A vanilla RNN and honest baselines on two real series, which have to be fetched first.

python -m toolkit.data fetch temperatures
python -m toolkit.data fetch sunspots
python -m benchmarks.real_series
"""

from __future__ import annotations

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.baselines import error_over_horizon, what_came
from toolkit.contest import baseline_forecasts, network_forecasts
from toolkit.data import Series, load_sunspots, load_temperatures

SEEDS = range(5)


def main() -> None:
    torch.set_num_threads(1)
    for name, series, known, steps, period, shown, training_steps in (
        ("temperatures", load_temperatures(), 8 * 365, 14, 365, (1, 2, 3, 7, 14), 300),
        ("sunspots", load_sunspots(), 2256, 36, 132, (1, 3, 12, 24, 36), 600),
    ):
        rows = errors(series, known, steps, period, shown, training_steps)
        command, unit = "python -m benchmarks.real_series", f"root mean squared error ({series.unit})"
        show_scores(save(f"real_series_{name}", command, SEEDS, rows, unit=unit, series=series.name, known=known,
                         training_steps=training_steps))  # fmt: skip


def errors(series: Series, known: int, steps: int, period: int, shown: tuple[int, ...], training_steps: int) -> dict:
    """steps ahead → name → error; forecasts begin at every step after the known ones."""
    origins = range(known, len(series) - steps + 1)
    truth = what_came(series.values, origins, steps)
    found = {name: [error_over_horizon(forecasts, truth)]
             for name, forecasts in baseline_forecasts(series.values, origins, steps, known, period).items()}  # fmt: skip
    made = [network_forecasts(series.values, origins, steps, known, training_steps=training_steps, seed=seed)
            for seed in SEEDS]  # fmt: skip
    found["RNN"] = [error_over_horizon(forecasts, truth) for forecasts in made]
    return {f"{ahead} ahead": {name: summary([one[ahead - 1].item() for one in every], 3) for name, every in found.items()}
            for ahead in shown}  # fmt: skip


if __name__ == "__main__":
    main()
