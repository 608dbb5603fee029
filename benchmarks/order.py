"""Does order matter? Two networks of equal size on a series in order, with swapped places, and shuffled.

python -m benchmarks.order
"""

from __future__ import annotations

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.order import SETTINGS, contestants, error_in

SEEDS = range(5)


def main() -> None:
    torch.set_num_threads(1)
    rows = {setting: {name: summary([error_in(setting, make, seed) for seed in SEEDS])
                      for name, make in contestants().items()} for setting in SETTINGS}  # fmt: skip
    show_scores(
        save("order", "python -m benchmarks.order", SEEDS, rows, unit="mean squared error on the rest of the series")
    )


if __name__ == "__main__":
    main()
