"""What a recurrent network remembers: trained on an echo task, tested on sequences that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.progress import steps_with_bar

__all__ = ["SOLVED", "Learning", "Reader", "Task", "Unrolled", "accuracy", "learn", "twice"]

SOLVED = 0.99  # the share of right answers from which a task counts as solved
EVERY = 25  # training steps between two tests
TESTED = 512  # sequences in a test


@dataclass(frozen=True)
class Task:
    """An echo task: every bit, or the marked one, is asked for `lag` steps later. Its sequences are twice as long as the lag."""

    lag: int
    marked: bool = False

    @property
    def length(self) -> int:
        return max(2 * self.lag, 1)

    @property
    def features(self) -> int:
        return 2 if self.marked else 1

    def batch(self, size: int, generator: torch.Generator, draw: Callable = stand_ins.echo_batch) -> tuple:
        """inputs (N, L, F), targets (N, L) and mask (N, L), drawn with a function as in task 2.1."""
        return draw(size, self.length, self.lag, generator, self.marked)


class Unrolled(nn.Module):
    """A cell as a network over sequences, `forward(x (N, L, F)) -> (outputs (N, L, H), state)`, by a function as in task 2.4."""

    def __init__(self, cell: nn.Module, unroll: Callable = stand_ins.unroll):
        super().__init__()
        self.cell = cell
        self._unroll = unroll

    def forward(self, x: torch.Tensor, state=None) -> tuple[torch.Tensor, object]:
        return self._unroll(self.cell, x, state)


class Reader(nn.Module):
    """A recurrent network with one linear unit on it: a logit for each step, `forward(x (N, L, F)) -> (N, L)`."""

    def __init__(self, rnn: nn.Module, hidden_size: int):
        super().__init__()
        self.rnn = rnn
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0])[:, :, 0]


@dataclass
class Learning:
    """What a training on an echo task saw.

    Attributes:
        losses: before each training step.
        tested, accuracies: the training step of each test, and the share of right answers in it.
        weights: training step → a copy of the reader's state_dict, for 0, before the first step, and for each test.
    """

    losses: list[float] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    weights: dict[int, dict[str, torch.Tensor]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        return len(self.losses)

    @property
    def solved(self) -> bool:
        return bool(self.accuracies) and self.accuracies[-1] >= SOLVED


def learn(
    reader: nn.Module,
    task: Task,
    *,
    steps: int,
    rate: float = 0.003,
    batch_size: int = 64,
    max_norm: float = 1.0,
    seed: int = 0,
    draw: Callable = stand_ins.echo_batch,
    loss: Callable = stand_ins.masked_loss,
    clip: Callable = stand_ins.clip_gradient_norm_,
    until_solved: bool = True,
    bar: bool = False,
) -> Learning:
    """Train with Adam on fresh sequences, testing every 25 steps.

    Args:
        reader: gives logits (N, L) for inputs (N, L, F), such as `Reader`.
        steps: how many training steps to make.
        rate: Adam's learning rate.
        seed: which sequences are drawn, in training and in the tests.
        draw, loss, clip: functions as in tasks 2.1, 2.8 and 2.6.
        until_solved: whether to stop where a test has 99 % of its answers right.
        bar: whether long work shows a progress bar.
    """
    device = next(reader.parameters()).device
    source = torch.Generator().manual_seed(seed)
    test = [part.to(device) for part in task.batch(TESTED, torch.Generator().manual_seed(1_000_000 + seed), draw)]
    adam = torch.optim.Adam(reader.parameters(), lr=rate)
    seen = Learning(weights={0: _copy(reader)})
    for step in steps_with_bar(steps) if bar else range(steps):
        inputs, targets, mask = (part.to(device) for part in task.batch(batch_size, source, draw))
        value = loss(reader(inputs), targets, mask)
        adam.zero_grad()
        value.backward()
        clip(reader.parameters(), max_norm)
        adam.step()
        seen.losses.append(value.item())
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            seen.tested.append(step + 1)
            seen.accuracies.append(accuracy(reader, *test))
            seen.weights[step + 1] = _copy(reader)
            if until_solved and seen.solved:
                break
    return seen


def _copy(reader: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in reader.state_dict().items()}


def twice(draw: Callable = stand_ins.echo_batch) -> Callable:
    """A function like `draw` that joins two sequences in time: what was held for the first has to be let go for the second."""

    def draw_two(*args) -> tuple[torch.Tensor, ...]:
        pair = [draw(*args) for _ in range(2)]
        return tuple(torch.cat(parts, dim=1) for parts in zip(*pair, strict=True))

    return draw_two


@torch.no_grad()
def accuracy(reader: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor) -> float:
    """The share of right answers among those asked for: a logit above 0 says 1."""
    return ((reader(inputs)[mask] > 0) == (targets[mask] > 0.5)).float().mean().item()
