"""RNN, GRU and LSTM, each as a cell in a loop, with one input product for all steps, and as torch's own layer: the costs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.cost import GATES, hidden_for, kept_for_backward, multiply_adds, parameter_count
from toolkit.fused import FusedGRU, FusedLSTM, FusedRNN
from toolkit.memory import Reader, Task, Unrolled
from toolkit.timing import one_thread, side_by_side

__all__ = ["COLUMNS", "LAG_COLUMNS", "SETTINGS", "comparison", "networks", "training_step", "with_longest_lag"]

TASK = Task(lag=25, marked=True)  # sequences of 50 steps with 2 features
UNITS, PARAMETERS, BATCH = 32, 4608, 64
FUSED = {"RNN": FusedRNN, "GRU": FusedGRU, "LSTM": FusedLSTM}

# setting → kind → hidden size; an LSTM with 32 units has 4,608 parameters
SETTINGS = {
    f"{UNITS} units each": dict.fromkeys(GATES, UNITS),
    f"about {PARAMETERS:,} parameters each": {kind: hidden_for(kind, TASK.features, PARAMETERS) for kind in GATES},
}

# What a table shows of the rows, and how its numbers are written. Multiply-adds and what is kept are those of one step
# of one sequence.
COLUMNS = {"network": "", "way": "", "units": "d", "parameters": ",", "multiply-adds": ",", "KiB kept": ".2f",
           "ms per training step": ".1f"}  # fmt: skip
LAG_COLUMNS = {"longest lag, torch's start": "g", "longest lag, begun to keep": "g"}


def comparison(
    cells: Mapping[str, Callable[[int, int], nn.Module]],
    unroll: Callable = stand_ins.unroll,
    sizes: Mapping[str, int] | None = None,
    *,
    repeats: int = 15,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> list[dict[str, object]]:
    """What each network costs, measured here and now: a row for each kind and way, with the entries that `COLUMNS` names.

    Args:
        cells: kind → class, as in tasks 1.2, 2.3 and 2.2: {"RNN": RNNCell, "GRU": GRUCell, "LSTM": LSTMCell}.
        unroll: a function as in task 2.4.
        sizes: kind → hidden size, such as a setting of `SETTINGS`; 32 for each if it is None.
        repeats: how many training steps are timed. The networks take turns, on one thread.
        seed: the first weights, and the sequences: one batch of 64 with 50 steps, of marked recall.

    Returns:
        Rows. "ms per training step" is the median of "values", the milliseconds of a forward pass, a backward pass and
        a step of Adam.
    """
    sizes = SETTINGS[f"{UNITS} units each"] if sizes is None else sizes
    batch = [part.to(device) for part in TASK.batch(BATCH, torch.Generator().manual_seed(seed))]
    torch.manual_seed(seed)
    made = {key: network.to(device) for key, network in networks(cells, unroll, sizes).items()}
    steps = {(kind, way): training_step(network, sizes[kind], batch) for (kind, way), network in made.items()}
    with one_thread():
        seconds = side_by_side(steps, repeats)
    return [_row(*key, sizes[key[0]], network, batch[0], seconds[key]) for key, network in made.items()]


def networks(
    cells: Mapping[str, Callable[[int, int], nn.Module]], unroll: Callable, sizes: Mapping[str, int]
) -> dict[tuple[str, str], nn.Module]:
    """(kind, way) → network, `forward(x (N, L, F)) -> (outputs (N, L, H), state)`."""
    made = {}
    for kind, hidden_size in sizes.items():
        shape = (TASK.features, hidden_size)
        made[kind, "own cell"] = Unrolled(cells[kind](*shape), unroll)
        made[kind, "fused cell"] = FUSED[kind](*shape)
        made[kind, "torch.nn"] = getattr(nn, kind)(*shape, batch_first=True)
    return made


def training_step(network: nn.Module, hidden_size: int, batch: Sequence[torch.Tensor]) -> Callable[[], None]:
    """A function that trains a network with one linear unit on it for one step, always on the same batch."""
    inputs, targets, mask = batch
    reader = Reader(network, hidden_size).to(inputs.device)
    adam = torch.optim.Adam(reader.parameters(), lr=0.001)

    def step() -> None:
        loss = stand_ins.masked_loss(reader(inputs), targets, mask)
        adam.zero_grad()
        loss.backward()
        adam.step()

    return step


def _row(kind: str, way: str, units: int, network: nn.Module, x: torch.Tensor, seconds: Sequence[float]) -> dict:
    values = [1000 * second for second in seconds]
    return {"network": kind, "way": way, "units": units, "parameters": parameter_count(network),
            "multiply-adds": multiply_adds(network), "KiB kept": kept_for_backward(network, x) / 1024,
            "ms per training step": statistics.median(values), "values": values}  # fmt: skip


def with_longest_lag(
    rows: Sequence[Mapping[str, object]], lags: Mapping[str, Sequence[float]]
) -> list[dict[str, object]]:
    """The rows with the median longest lag of their kind, in columns `LAG_COLUMNS`.

    `lags` is one setting of the record "longest_lag": contestant → the longest lag solved, for each seed. "LSTM" begins with
    torch's first weights, "LSTM, forget bias 2" begins to keep what it has read.
    """
    plain, keeping = LAG_COLUMNS
    found = {name: statistics.median(values) for name, values in lags.items()}
    begun = {name.partition(", ")[0]: lag for name, lag in found.items() if ", " in name}
    return [{**row, plain: found.get(row["network"]), keeping: begun.get(row["network"])} for row in rows]
