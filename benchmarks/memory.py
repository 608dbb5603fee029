"""What seven networks remember: the share of right answers by lag, on the dense echo and on marked recall.

A network that solved a task in none of the seeds is not tried on longer lags. Sequences are twice as long as the lag.

python -m benchmarks.memory [dense] [marked]
"""

from __future__ import annotations

import sys

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.contestants import CONTESTANTS, contestant
from toolkit.memory import Learning, Task, learn

SEEDS = range(5)
LAGS = {"dense": (2, 5, 10, 20, 40), "marked": (5, 10, 25, 50, 100)}
BUDGET = 2000  # training steps, of 64 sequences each


def main() -> None:
    torch.set_num_threads(1)
    for kind in sys.argv[1:] or LAGS:
        unit = f"share of right answers after at most {BUDGET} training steps, by lag"
        record = save(
            f"memory_{kind}", f"python -m benchmarks.memory {kind}", SEEDS, rows_of(kind), unit=unit, budget=BUDGET
        )
        show_scores(record)


def rows_of(kind: str) -> dict:
    """lag → network → the accuracies at the end and the training steps that were taken."""
    rows, going = {}, list(CONTESTANTS)
    for lag in LAGS[kind]:
        learnt = {name: [trained(name, Task(lag, kind == "marked"), seed) for seed in SEEDS] for name in going}
        rows[str(lag)] = {name: entry(runs) for name, runs in learnt.items()}
        going = [name for name, runs in learnt.items() if any(run.solved for run in runs)]
        print(f"{kind}, lag {lag}:", {name: row["median"] for name, row in rows[str(lag)].items()}, flush=True)
    return rows


def trained(name: str, task: Task, seed: int) -> Learning:
    return learn(contestant(name, task, seed), task, steps=BUDGET, seed=seed)


def entry(runs: list[Learning]) -> dict:
    """The accuracies, and for each seed the steps until the task was solved; null where it was not."""
    return summary([run.accuracies[-1] for run in runs]) | {
        "steps": [run.steps if run.solved else None for run in runs]
    }


if __name__ == "__main__":
    main()
