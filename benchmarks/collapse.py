"""An RNN learns to repeat bits ten steps later and is trained on, with large steps: with clipping and without.

python -m benchmarks.collapse
"""

from __future__ import annotations

import math

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.contestants import contestant
from toolkit.memory import Task, learn

SEEDS = range(10)
LIMITS = {"no clipping": math.inf, "max_norm = 10": 10.0, "max_norm = 1": 1.0, "max_norm = 0.1": 0.1}


def main() -> None:
    torch.set_num_threads(1)
    rows = {f"Adam, rate {rate:g}": {name: summary([final(rate, limit, seed) for seed in SEEDS])
                                     for name, limit in LIMITS.items()} for rate in (0.003, 0.03)}  # fmt: skip
    unit = "share of right answers after 400 training steps"
    show_scores(save("collapse", "python -m benchmarks.collapse", SEEDS, rows, unit=unit))


def final(rate: float, limit: float, seed: int) -> float:
    task = Task(10)
    run = learn(
        contestant("RNN", task, seed), task, steps=400, rate=rate, max_norm=limit, seed=seed, until_solved=False
    )
    return run.accuracies[-1]


if __name__ == "__main__":
    main()
