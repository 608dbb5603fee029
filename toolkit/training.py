"""The loop around a training step, and what it saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn

from toolkit.progress import steps_with_bar

__all__ = ["History", "fit"]


@dataclass
class History:
    """For each training step, the loss before it and the global norm of the gradients before they were clipped."""

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


def fit(
    step: Callable[..., float],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    *,
    steps: int,
    batch_size: int = 32,
    max_norm: float = 1.0,
    seed: int = 0,
    cooling: bool = False,
    bar: bool = True,
) -> History:
    """Call `step(model, optimizer, x, y, max_norm) -> loss` on batches drawn at random from the windows.

    Args:
        step: the training step, as in task 1.6.
        inputs, targets: (N, L, F) each.
        steps: how many training steps to make.
        seed: which batches are drawn.
        cooling: whether the learning rate falls to 0 along half a cosine (Loshchilov and Hutter, 2017).
        bar: whether long work shows a progress bar.
    """
    generator = torch.Generator().manual_seed(seed)
    history, squares = History(), []
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) if cooling else None

    def note(parameter: nn.Parameter) -> None:
        squares.append(parameter.grad.detach().square().sum())

    # A hook sees a gradient when the backward pass has written it, before the step can clip it.
    hooks = [parameter.register_post_accumulate_grad_hook(note) for parameter in model.parameters()]
    try:
        for _ in steps_with_bar(steps) if bar else range(steps):
            picked = torch.randint(len(inputs), (batch_size,), generator=generator).to(inputs.device)
            squares.clear()
            history.losses.append(step(model, optimizer, inputs[picked], targets[picked], max_norm))
            history.norms.append(sum(squares).sqrt().item() if squares else 0.0)
            if rates is not None:
                rates.step()
    finally:
        for hook in hooks:
            hook.remove()
    return history
