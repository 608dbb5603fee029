"""Marked recall by the first bias of the forget gate: how far an LSTM gets, and in how many steps.

A setting that solved a task in none of the seeds is not tried on longer lags. Sequences are twice as long as the lag.

python -m benchmarks.forget_bias
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from benchmarks.memory import BUDGET, SEEDS, entry
from benchmarks.recording import save
from benchmarks.tables import show_scores
from toolkit.contestants import begun, chrono_, open_keeping_gate_
from toolkit.memory import Learning, Task, learn

LAGS = (25, 50, 100)
SETTINGS = {
    f"LSTM, forget bias {bias}": (nn.LSTM, partial(open_keeping_gate_, bias=float(bias))) for bias in (0, 1, 2, 4)
}
SETTINGS |= {"LSTM, chrono": (nn.LSTM, chrono_)}


def main() -> None:
    torch.set_num_threads(1)
    rows, going = {}, list(SETTINGS)
    for lag in LAGS:
        learnt = {name: [trained(name, Task(lag, marked=True), seed) for seed in SEEDS] for name in going}
        rows[str(lag)] = {name: entry(runs) for name, runs in learnt.items()}
        going = [name for name, runs in learnt.items() if any(run.solved for run in runs)]
        print(f"lag {lag}:", {name: row["steps"] for name, row in rows[str(lag)].items()}, flush=True)
        unit = f"share of right answers after at most {BUDGET} training steps, by lag"
        record = save("forget_bias", "python -m benchmarks.forget_bias", SEEDS, rows, unit=unit, budget=BUDGET)
    show_scores(record)


def trained(name: str, task: Task, seed: int) -> Learning:
    return learn(begun(*SETTINGS[name], task, seed), task, steps=BUDGET, seed=seed)


if __name__ == "__main__":
    main()
