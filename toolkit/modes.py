"""How a model is read for a while, whatever happens meanwhile: in evaluation mode, or in many calls of one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["evaluating", "single_steps"]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model is in evaluation mode inside, and afterwards in the mode that it was in, also where an error ends it."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


@contextmanager
def single_steps() -> Iterator[None]:
    """Inside, torch's own kernels run a recurrent layer on the CPU, and oneDNN's don't.

    oneDNN lays the weights out anew in every call. That pays for a call of many steps; for one step it takes longer than
    the step.
    """
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before
