"""What it costs not to cut the state off: the graphs of all chunks before stay alive, and the gradient goes through them."""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

__all__ = ["Held", "read_chunks"]


@dataclass(frozen=True)
class Held:
    """What was seen after each chunk.

    Attributes:
        megabytes: that autograd holds on to; the weights and the text don't count, they are there anyway.
        seconds: that the backward pass took.
    """

    megabytes: list[float]
    seconds: list[float]


class _Box:
    """A tensor that autograd keeps; it goes when the graph goes."""

    def __init__(self, tensor: torch.Tensor):
        self.tensor = tensor


def read_chunks(model: nn.Module, chunks: Sequence[tuple[torch.Tensor, torch.Tensor]], detach: bool) -> Held:
    """Read chunks with the state carried, and go backward from each chunk's loss. No step is taken.

    The gradients of the model's weights are None afterwards, those from before too.

    Args:
        model: `model(ids, state)` gives logits (N, L, V) and the next state, a pair.
        chunks: pairs (x, y), each (N, L).
        detach: whether the state is cut off from the chunk that it comes from.
    """
    boxes: weakref.WeakSet[_Box] = weakref.WeakSet()
    there = {
        known.untyped_storage().data_ptr()
        for known in (*model.parameters(), *(part for pair in chunks for part in pair))
    }

    def keep(tensor: torch.Tensor):
        box = _Box(tensor.detach())  # with its history it would hold on to itself
        boxes.add(box)
        return box

    seen, state = Held([], []), None
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda box: box.tensor):
        for x, y in chunks:
            if state is not None and detach:
                state = tuple(map(torch.Tensor.detach, state))
            logits, state = model(x, state)
            loss = nn.functional.cross_entropy(logits.transpose(1, 2), y)
            start = time.perf_counter()
            loss.backward(retain_graph=True)
            seen.seconds.append(time.perf_counter() - start)
            model.zero_grad()
            del logits, loss
            seen.megabytes.append(_bytes(boxes, there) / 1e6)
    return seen


def _bytes(boxes: weakref.WeakSet[_Box], there: set[int]) -> int:
    """Bytes of the storages in boxes that still live, each once, without what is there anyway."""
    storages = {box.tensor.untyped_storage().data_ptr(): box.tensor.untyped_storage().nbytes() for box in boxes}
    return sum(size for place, size in storages.items() if place not in there)
