"""Training a classifier of reviews, and looking at what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.corpus import Corpus, in_batches
from toolkit.progress import steps_with_bar

__all__ = ["Reading", "Recipe", "accuracy", "by_length", "logits_of", "train"]

JITTER = 10  # words; lengths are blurred by so much, so that batches hold other reviews in each epoch
WARM_UP = 50  # training steps over which the learning rate grows
TOGETHER = 256  # reviews in a batch of a test


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained: AdamW, with a learning rate that grows for 50 steps, and falls evenly to 0 in the second half.

    `decay` is the weight decay (Loshchilov and Hutter, 2019): each step takes the share rate · decay off every weight.
    """

    epochs: int
    batch_size: int = 32
    rate: float = 0.01
    decay: float = 0.1
    max_norm: float = 1.0


@dataclass
class Reading:
    """What a training saw.

    Attributes:
        losses: before each training step.
        accuracies: after each epoch, on the validation reviews, if there are any.
        seconds: of each epoch, without the tests.
    """

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def train(
    model: nn.Module,
    corpus: Corpus,
    recipe: Recipe,
    validation: Corpus | None = None,
    *,
    seed: int = 0,
    length_buckets: Callable = stand_ins.length_buckets,
    pad_batch: Callable = stand_ins.pad_batch,
    bar: bool = False,
) -> Reading:
    """Train on batches of similar length.

    Args:
        model: `model(ids, lengths)` gives logits (N,).
        validation: reviews on which the model is tested after each epoch.
        seed: the order of the batches.
        length_buckets, pad_batch: functions as in tasks 3.7 and 3.4.
        bar: whether long work shows a progress bar.
    """
    device, source = next(model.parameters()).device, torch.Generator().manual_seed(seed)
    # fused: one pass over each large table of embeddings
    adam = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    per_epoch = -(-len(corpus) // recipe.batch_size)
    total, seen = recipe.epochs * per_epoch, Reading()
    steps = iter(steps_with_bar(total) if bar else range(total))
    for _ in range(recipe.epochs):
        model.train()
        start = time.perf_counter()
        blurred = corpus.lengths + torch.randint(0, JITTER + 1, corpus.lengths.shape, generator=source)
        batches = length_buckets(blurred, recipe.batch_size, source)
        for batch, step in zip(in_batches(corpus, batches, pad_batch, device), steps, strict=False):
            _set_rate(adam, recipe.rate * min((step + 1) / WARM_UP, 1, 2 - 2 * step / total))
            seen.losses.append(_step(model, adam, batch, recipe.max_norm))
        seen.seconds.append(time.perf_counter() - start)
        if validation is not None:
            seen.accuracies.append(accuracy(logits_of(model, validation, pad_batch), validation.labels))
    next(steps, None)  # the bar ends
    model.eval()
    return seen


@torch.no_grad()
def logits_of(model: Callable, corpus: Corpus, pad_batch: Callable = stand_ins.pad_batch) -> torch.Tensor:
    """(N,), on the CPU: what the model answers in evaluation mode, in the order of the reviews. Its mode is restored."""
    if not isinstance(model, nn.Module):
        return model(corpus.ids)
    training, device = model.training, next(model.parameters()).device
    model.eval()
    logits, order = torch.zeros(len(corpus)), corpus.lengths.argsort()
    places = order.split(TOGETHER)
    for batch, (ids, lengths, _) in zip(places, in_batches(corpus, places, pad_batch, device), strict=True):
        logits[batch] = model(ids, lengths).cpu()
    model.train(training)
    return logits


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of right answers; a logit above 0 says 1."""
    return ((logits > 0) == (labels > 0)).float().mean().item()


def by_length(logits: torch.Tensor, corpus: Corpus, ends: Sequence[int]) -> list[float]:
    """The share of right answers among reviews of up to `ends[0]` words, of more and up to `ends[1]`, and so on.

    Where there are no such reviews it is nan. What is longer than the last end belongs to no bin.
    """
    shares, begin = [], -1
    for end in ends:
        inside = (corpus.lengths > begin) & (corpus.lengths <= end)
        shares.append(accuracy(logits[inside], corpus.labels[inside]) if inside.any() else float("nan"))
        begin = end
    return shares


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: tuple, max_norm: float) -> float:
    ids, lengths, labels = batch
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    loss = nn.functional.binary_cross_entropy_with_logits(model(ids, lengths), labels.float())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    return loss.item()


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
