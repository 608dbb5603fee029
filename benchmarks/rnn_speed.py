"""Seconds of a forward and a backward pass: a cell in a loop, one input product for all steps, torch.nn.RNN.

python -m benchmarks.rnn_speed
"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from solution.rnn import RNN
from toolkit.fused import FusedRNN
from toolkit.timing import side_by_side

SEEDS = (0,)
BATCH, FEATURES = 32, 1


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(SEEDS[0])
    rows = {f"L = {length}, H = {hidden}": times(length, hidden, repeats)
            for length, hidden, repeats in ((50, 32, 50), (500, 32, 20), (50, 256, 20))}  # fmt: skip
    show_scores(save("rnn_speed", "python -m benchmarks.rnn_speed", SEEDS, rows, unit="milliseconds, one thread"))


def times(length: int, hidden: int, repeats: int) -> dict:
    """name → milliseconds of a pass in both directions."""
    x = torch.randn(BATCH, length, FEATURES)
    networks = {"cell in a loop": RNN(FEATURES, hidden), "input product first": FusedRNN(FEATURES, hidden),
                "torch.nn.RNN": nn.RNN(FEATURES, hidden, batch_first=True)}  # fmt: skip
    seconds = side_by_side(
        {name: lambda net=net: net(x)[0].sum().backward() for name, net in networks.items()}, repeats
    )
    return {name: summary([1000 * second for second in row], 3) for name, row in seconds.items()}


if __name__ == "__main__":
    main()
