"""What a classifier thinks of a review while it reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from toolkit import stand_ins

__all__ = ["after_each_word", "where", "with_more_padding"]


@torch.no_grad()
def after_each_word(model: nn.Module, ids: Sequence[int], pad_batch: Callable = stand_ins.pad_batch) -> torch.Tensor:
    """(L,), on the CPU: the probability of a positive label after one word, after two, …, after all L.

    The model reads every beginning of the review as a review of its own, so this holds for any model
    `model(ids, lengths) -> logits`. It is asked in evaluation mode; its mode is restored.
    """
    if not ids:
        return torch.zeros(0)
    training, device = model.training, next(model.parameters()).device
    model.eval()
    beginnings, lengths = pad_batch([list(ids[:end]) for end in range(1, len(ids) + 1)])
    logits = model(beginnings.to(device), lengths)
    model.train(training)
    return torch.sigmoid(logits).cpu()


@torch.no_grad()
def with_more_padding(
    model: Callable, ids: torch.Tensor, lengths: torch.Tensor, amounts: Sequence[int]
) -> torch.Tensor:
    """(A, N), on the CPU: the logits of the same reviews, with so many more steps of padding behind them."""
    wider = (nn.functional.pad(ids, (0, amount)) for amount in amounts)
    return torch.stack([model(wide, lengths).cpu() for wide in wider])


def where(words: Sequence[str], part: Sequence[str]) -> tuple[int, int] | None:
    """The places of the first and the last word of `part`, where it stands in `words` as a whole; None if it doesn't."""
    if not part:
        return None
    starts = (
        start for start in range(len(words) - len(part) + 1) if list(words[start : start + len(part)]) == list(part)
    )
    first = next(starts, None)
    return None if first is None else (first, first + len(part) - 1)
