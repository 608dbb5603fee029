"""A recurrence that is linear in its state, beside others: what a pass over a sequence costs, and what it remembers.

python -m benchmarks.linear_recurrence [speed] [memory]

`speed` takes the processor time of a forward and a backward pass by length, on one thread, and counts what autograd keeps in
between: an LSTM, a GRU, the linear recurrence step by step and in sweeps, self-attention, and a decoder that attends step by
step. `memory` trains the linear recurrence on marked recall as `benchmarks.longest_lag` does the others, with gates that begin
half open and open.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from benchmarks.memory import entry
from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit import stand_ins
from toolkit.attention_cost import AtOnce, OnlyState, Stepped
from toolkit.cost import kept_for_backward
from toolkit.linear_recurrence import LinearRecurrence, one_by_one
from toolkit.memory import Learning, Reader, Task, learn
from toolkit.timing import side_by_side

ROWS, FEATURES, REPEATS = 4, 64, 31  # as in notebook 5
LENGTHS = (16, 32, 64, 128, 256)
HIDDEN, BUDGET, SEEDS = 32, 1000, range(3)
LAGS = {0.0: (10, 25), 2.0: (10, 25, 50)}  # the gate's first bias → the lags that it is tried on


def main() -> None:
    torch.set_num_threads(1)
    parts = {"speed": record_speed, "memory": record_memory}
    for part in sys.argv[1:] or parts:
        show_scores(parts[part]())


def record_speed() -> dict:
    rows = {f"{length} steps": costs(length) for length in LENGTHS}
    unit = f"milliseconds of processor time, forward and backward, {ROWS} rows, {FEATURES} features"
    return save("linear_speed", "python -m benchmarks.linear_recurrence speed", [0], rows, unit=unit, threads=1)


def costs(length: int) -> dict:
    """network → its milliseconds, and the MiB that it keeps for the backward pass."""
    x = torch.randn(ROWS, length, FEATURES, generator=torch.Generator().manual_seed(0))
    made = networks()
    seconds = side_by_side(
        {name: a_pass(network, x) for name, network in made.items()}, REPEATS, clock=time.process_time
    )
    return {name: summary([1000 * second for second in row], 3)
            | {"MiB kept": round(kept_for_backward(made[name], x) * ROWS * length / 2**20, 3)}
            for name, row in seconds.items()}  # fmt: skip


def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "LSTM": nn.LSTM(FEATURES, FEATURES, batch_first=True),
        "GRU": OnlyState(FEATURES),
        "linear recurrence, step by step": LinearRecurrence(FEATURES, FEATURES, scan=one_by_one),
        "linear recurrence, in sweeps": LinearRecurrence(FEATURES, FEATURES),
        "self-attention, at once": AtOnce(stand_ins.self_attention, FEATURES),
        "additive attention, step by step": Stepped(stand_ins.AdditiveAttention(*(FEATURES,) * 3), FEATURES),
    }


def a_pass(network: nn.Module, x: torch.Tensor) -> Callable[[], None]:
    def forward_and_backward() -> None:
        outputs = network(x)
        (outputs[0] if isinstance(outputs, tuple) else outputs).sum().backward()
        network.zero_grad()

    return forward_and_backward


def record_memory() -> dict:
    rows: dict[str, dict] = {}
    for bias, lags in LAGS.items():
        for lag in lags:
            rows.setdefault(str(lag), {})[f"gate bias {bias:g}"] = entry([trained(bias, lag, seed) for seed in SEEDS])
    unit = f"share of right answers to marked recall after at most {BUDGET} training steps, by lag"
    command = "python -m benchmarks.linear_recurrence memory"
    return save("linear_memory", command, SEEDS, rows, unit=unit, budget=BUDGET, units=HIDDEN)


def trained(bias: float, lag: int, seed: int) -> Learning:
    task = Task(lag, marked=True)
    torch.manual_seed(seed)
    reader = Reader(LinearRecurrence(task.features, HIDDEN, bias), HIDDEN)
    return learn(reader, task, steps=BUDGET, seed=seed)


if __name__ == "__main__":
    main()
