"""How much of a gradient arrives 1 to 49 steps back, in networks that nobody has trained, and what bounds it.

The gradient is that of the sum of the last states on 32 sequences of marked recall, as a share of its norm at the last state
itself, and each singular value is one of the product of the Jacobians of that many steps, on one sequence.

The part "learnt" trains the two networks whose first W_hh is larger, on the same task and with the budget of benchmarks.memory,
which has the others.

python -m benchmarks.reach [before] [learnt]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from benchmarks.memory import BUDGET
from benchmarks.memory import entry as learnt_in
from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.contestants import CONTESTANTS, begun
from toolkit.memory import Task, learn
from toolkit.reach import by_path, cell_of, singular_values

SEEDS = range(5)
RECALL = Task(lag=25, marked=True)  # sequences of 50 steps, as in notebook 2
NEAR, FAR = 25, 40  # steps back: the distances whose spread is recorded


def larger_(rnn: nn.Module, task: Task, times: int) -> None:
    """W_hh so many times as large as torch draws it."""
    with torch.no_grad():
        rnn.weight_hh_l0 *= times


LARGER = {f"RNN, W_hh × {times}": (nn.RNN, partial(larger_, times=times)) for times in (2, 4)}
NETWORKS = CONTESTANTS | LARGER
CELLS = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}


def main() -> None:
    torch.set_num_threads(1)
    for part in sys.argv[1:] or PARTS:
        show_scores(PARTS[part]())


def before() -> dict:
    """Before training: what arrives at h and at c, and the singular values of the product."""
    sequences = RECALL.batch(32, torch.Generator().manual_seed(5))[0]
    rows: dict[str, dict] = {}
    for name, (make, begin) in NETWORKS.items():
        networks = [begun(make, begin, RECALL, seed).rnn for seed in SEEDS]
        cells = [cell_of(CELLS[make], network) for network in networks]
        for part in ("h", "c") if make is nn.LSTM else ("h",):
            rows.setdefault(f"gradient at {part}", {})[name] = entry([by_path(cell, sequences)[part] for cell in cells])
        found = [singular_values(cell.double(), sequences[0]) for cell in cells]
        for which in ("largest", "middle"):
            rows.setdefault(f"{which} singular value", {})[name] = entry([values[which] for values in found])
        if make is nn.RNN:
            weights = [network.weight_hh_l0.detach().double() for network in networks]
            rows["largest singular value"][name] |= of_the_matrix(weights)
    unit = f"share that arrives {FAR} steps back, before training"
    return save("reach", "python -m benchmarks.reach before", SEEDS, rows, unit=unit)


def learnt() -> dict:
    """Whether a first W_hh that is larger is enough: marked recall at the same lag."""
    rows = {}
    for name, begin in LARGER.items():
        readers = [begun(*begin, RECALL, seed) for seed in SEEDS]
        rows[name] = learnt_in(
            [learn(reader, RECALL, steps=BUDGET, seed=s) for s, reader in zip(SEEDS, readers, strict=True)]
        )
        print(name, rows[name]["steps"], flush=True)
    unit = f"share of right answers after at most {BUDGET} training steps, by lag"
    rows = {str(RECALL.lag): rows}
    return save("reach_learnt", "python -m benchmarks.reach learnt", SEEDS, rows, unit=unit, budget=BUDGET)


PARTS = {"before": before, "learnt": learnt}


def entry(curves: Sequence[Sequence[float]]) -> dict[str, object]:
    """The curves of the seeds: what is left FAR and NEAR steps back in each, and the median at every distance."""
    far, near = ([significant(curve[steps - 1]) for curve in curves] for steps in (FAR, NEAR))
    medians = [significant(statistics.median(values)) for values in zip(*curves, strict=True)]
    return summary(far, digits=30) | {f"{NEAR} steps back": summary(near, digits=30), "by distance": medians}


def of_the_matrix(weights: Sequence[torch.Tensor]) -> dict[str, object]:
    """Of W_hh itself, in each seed: its largest singular value, and the size of its largest eigenvalue."""
    largest = [torch.linalg.svdvals(weight)[0].item() for weight in weights]
    radii = [torch.linalg.eigvals(weight).abs().max().item() for weight in weights]
    return {"of W_hh": summary(largest, digits=3), "largest eigenvalue of W_hh": summary(radii, digits=3)}


def significant(value: float) -> float:
    """Three digits that count, however small the value is."""
    return float(f"{value:.3g}")


if __name__ == "__main__":
    main()
