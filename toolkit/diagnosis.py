"""A training that breaks, kept at the step where it breaks, so that one can look for the cause."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn

from toolkit.memory import Task

__all__ = ["Broken", "formula_loss", "stages", "train_until_it_breaks"]


def formula_loss(logits: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The masked binary cross-entropy as it stands in a textbook: −(y log p + (1 − y) log(1 − p)), p = σ(logit)."""
    p, y = torch.sigmoid(logits[mask]), targets[mask]
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


@dataclass
class Broken:
    """A training up to its end, or to the first loss that is no finite number.

    Attributes:
        losses: before each step.
        norms: of all gradients together, at each step but the one that broke.
        batch: inputs, targets and mask of the last step. The model stands as it was before it.
    """

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    batch: tuple[torch.Tensor, ...] = ()

    @property
    def broke(self) -> bool:
        return not math.isfinite(self.losses[-1])


def train_until_it_breaks(
    reader: nn.Module, task: Task, loss: Callable, *, rate: float, steps: int, seed: int = 0
) -> Broken:
    """SGD with momentum 0.9 and without clipping, on fresh sequences; stops at the first loss that isn't finite."""
    sgd = torch.optim.SGD(reader.parameters(), lr=rate, momentum=0.9)
    source, seen = torch.Generator().manual_seed(seed), Broken()
    device = next(reader.parameters()).device
    for _ in range(steps):
        seen.batch = tuple(part.to(device) for part in task.batch(64, source))
        inputs, targets, mask = seen.batch
        value = loss(reader(inputs), targets, mask)
        seen.losses.append(value.item())
        if seen.broke:
            break
        sgd.zero_grad()
        value.backward()
        seen.norms.append(sum(p.grad.square().sum() for p in reader.parameters()).sqrt().item())
        sgd.step()
    return seen


@torch.no_grad()
def stages(reader: nn.Module, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """What `formula_loss` computes on the way, in order: the first of them that isn't finite is where it breaks."""
    inputs, targets, mask = batch
    logits = reader(inputs)[mask]
    p, y = torch.sigmoid(logits), targets[mask]
    return {
        "parameters": torch.cat([parameter.flatten() for parameter in reader.parameters()]),
        "hidden states": reader.rnn(inputs)[0],
        "logits": logits,
        "p = σ(logit)": p,
        "log(1 − p)": torch.log(1 - p),
        "(1 − y) log(1 − p)": (1 - y) * torch.log(1 - p),
    }
