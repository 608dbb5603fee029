"""A model in evaluation mode for a while, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

__all__ = ["evaluating"]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model is in evaluation mode inside, and afterwards in the mode that it was in, also where an error ends it."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
