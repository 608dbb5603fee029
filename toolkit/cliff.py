"""The smallest network with a cliff: one tanh unit, two parameters, fifty steps (after Pascanu et al., 2013)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

__all__ = ["Path", "cliff", "descend", "loss_at"]

STEPS, BEGIN, WANTED = 50, 0.5, 0.7


def loss_at(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(h_50 − 0.7)² for h_t = tanh(w h_{t−1} + b) and h_0 = 0.5, entry by entry."""
    h = torch.full_like(w, BEGIN)
    for _ in range(STEPS):
        h = torch.tanh(w * h + b)
    return (h - WANTED) ** 2


def cliff(w: tuple[float, float], b: tuple[float, float], points: int = 201) -> torch.Tensor:
    """The loss (points, points) over a grid: row by row w from its least to its greatest, column by column b."""
    return loss_at(*torch.meshgrid(torch.linspace(*w, points), torch.linspace(*b, points), indexing="ij"))


@dataclass
class Path:
    """Where a descent stood before each step, its loss there, and the norm of the gradient before it was clipped."""

    points: list[tuple[float, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


def descend(
    start: tuple[float, float], rate: float, steps: int, clip: Callable | None = None, max_norm: float = 1.0
) -> Path:
    """Plain gradient descent on w and b from `start`; `clip` is a function as in task 2.6, None for none."""
    w, b = (torch.tensor(value, requires_grad=True) for value in start)
    path = Path()
    for _ in range(steps):
        loss = loss_at(w, b)
        w.grad, b.grad = torch.autograd.grad(loss, (w, b))
        path.points.append((w.item(), b.item()))
        path.losses.append(loss.item())
        path.norms.append(torch.hypot(w.grad, b.grad).item())
        if clip is not None:
            clip([w, b], max_norm)
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
    return path
