"""The longest lag of marked recall that RNN, GRU and LSTM solve in a fixed budget of training steps.

At equal hidden size and at equal parameters, from torch's first weights and from such as keep what was read. A network
that solved a lag in none of the seeds is not tried on longer ones.

python -m benchmarks.longest_lag [--budget 1000]
"""

from __future__ import annotations

import argparse
from functools import cache

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.comparison import SETTINGS
from toolkit.contestants import contestant
from toolkit.memory import Learning, Task, learn

SEEDS = range(5)
LAGS = (5, 10, 25, 50)
NAMES = ("RNN", "RNN, orthogonal", "GRU", "GRU, update bias 2", "LSTM", "LSTM, forget bias 2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=int, default=1000, help="training steps, of 64 sequences each")
    budget = parser.parse_args().budget
    torch.set_num_threads(1)
    rows = {setting: {name: entry(name, sizes[kind_of(name)], budget) for name in NAMES}
            for setting, sizes in SETTINGS.items()}  # fmt: skip
    unit = f"longest lag solved in {budget:,} training steps"
    command = f"python -m benchmarks.longest_lag --budget {budget}"
    show_scores(save("longest_lag", command, SEEDS, rows, unit=unit, budget=budget, lags=LAGS))


def kind_of(name: str) -> str:
    return name.partition(", ")[0]


@cache  # an LSTM has 32 units in both settings
def entry(name: str, units: int, budget: int) -> dict:
    """For each seed the longest lag solved, 0 if none was; for each lag the steps until it was, null where it was not."""
    steps = {}
    for lag in LAGS:
        runs = [trained(name, units, lag, budget, seed) for seed in SEEDS]
        steps[str(lag)] = [run.steps if run.solved else None for run in runs]
        print(f"{name}, {units} units, lag {lag}: solved after {steps[str(lag)]}", flush=True)
        if not any(run.solved for run in runs):
            break
    longest = [max((int(lag) for lag, row in steps.items() if row[seed] is not None), default=0) for seed in SEEDS]
    return summary(longest) | {"units": units, "steps": steps}


def trained(name: str, units: int, lag: int, budget: int, seed: int) -> Learning:
    task = Task(lag, marked=True)
    return learn(contestant(name, task, seed, units), task, steps=budget, seed=seed)


if __name__ == "__main__":
    main()
