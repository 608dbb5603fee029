"""What a model costs as a text grows: while it is trained on long chunks, and while it writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from toolkit.modes import evaluating
from toolkit.timing import side_by_side

__all__ = ["seconds_to_train", "seconds_to_write"]


def seconds_to_train(
    models: Mapping[str, nn.Module], lengths: Sequence[int], characters: int, repeats: int = 5
) -> dict[str, list[list[float]]]:
    """Seconds of forward and backward pass for so many characters, in rows of each length: name → length → repeats."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in models}
    for length in lengths:
        ids = torch.randint(2, (characters // length, length + 1), generator=torch.Generator().manual_seed(0))
        turns = side_by_side({name: _pass(model, ids) for name, model in models.items()}, repeats, warmups=1)
        for name, times in turns.items():
            seconds[name].append(times)
    return seconds


@torch.no_grad()
def seconds_to_write(model: nn.Module, length: int, every: int) -> tuple[list[float], list[int]]:
    """Write so many characters, one row, always the most likely one.

    Returns:
        Of each stretch of `every` characters: the seconds for one of them, and the bytes that the model carries along at
        the stretch's end.
    """
    ids, state, seconds, carried = torch.zeros(1, 1, dtype=torch.int64), None, [], []
    with evaluating(model):
        for _ in range(length // every):
            start = time.perf_counter()
            for _ in range(every):
                logits, state = model(ids, state)
                ids = logits[:, -1].argmax(dim=-1)[:, None]
            seconds.append((time.perf_counter() - start) / every)
            carried.append(sum(part.numel() * part.element_size() for part in state))
    return seconds, carried


def _pass(model: nn.Module, ids: torch.Tensor) -> Callable[[], None]:
    def forward_and_backward() -> None:
        logits, _ = model(ids[:, :-1])
        nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).backward()
        model.zero_grad()

    return forward_and_backward
