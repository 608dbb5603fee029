"""What RNN, GRU and LSTM cost as a cell in a loop, with one input product for all steps, and as torch's layer.

A training step, on 64 sequences of 50 steps: forward, backward, Adam. At equal hidden size and at equal parameters.

python -m benchmarks.cells [--repeats 100]
"""

from __future__ import annotations

import argparse

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from solution.gated import GRUCell, LSTMCell, unroll
from solution.rnn import RNNCell
from toolkit.comparison import SETTINGS, comparison

SEED = 0
CELLS = {"RNN": RNNCell, "GRU": GRUCell, "LSTM": LSTMCell}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args().repeats
    rows = {setting: entries(sizes, repeats) for setting, sizes in SETTINGS.items()}
    command, unit = f"python -m benchmarks.cells --repeats {repeats}", "milliseconds per training step, one thread"
    show_scores(save("cells", command, [SEED], rows, unit=unit))


def entries(sizes: dict[str, int], repeats: int) -> dict:
    """network and way → its milliseconds, and what else it costs: KiB and multiply-adds for a step of one sequence."""
    rows = comparison(CELLS, unroll, sizes, repeats=repeats, seed=SEED)
    return {f"{row['network']}, {row['way']}": _rounded(row) | summary(row["values"], 3) for row in rows}


def _rounded(row: dict) -> dict:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}


if __name__ == "__main__":
    main()
