"""Training a language model on one long text, chunk after chunk, and its loss on text that was held out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.modes import evaluating
from toolkit.progress import steps_with_bar

__all__ = ["Recipe", "Run", "losses_by_position", "losses_of", "mean_loss", "quick_loss", "train"]

READ = 512  # steps of a chunk where nothing is learnt


@dataclass(frozen=True)
class Recipe:
    """How a language model is trained: AdamW, with a rate that grows for `warm_up` steps and falls along a cosine to 0.

    Attributes:
        epochs: times that the text is read, from its beginning each time.
        batch_size, length: rows and steps of a chunk.
        rate, decay, max_norm: learning rate, weight decay (Loshchilov and Hutter, 2019), greatest norm of the gradient.
        stateful: whether a chunk begins with the state that the one before left, or with zeros.
        shifted: whether each epoch begins a few characters later than the first, at random, so that chunks are cut elsewhere.
        half: whether products are made in bfloat16. Some processors are twice as fast at it, others slower.
    """

    epochs: int
    batch_size: int = 32
    length: int = 64
    rate: float = 0.005
    decay: float = 0.1
    max_norm: float = 1.0
    warm_up: int = 100
    stateful: bool = True
    shifted: bool = False
    half: bool = False


@dataclass
class Run:
    """What a training saw.

    Attributes:
        losses: before each step, in nats per character.
        held_out: after each epoch (steps so far, seconds of training so far, loss on the held-out text).
        seconds: of the training, without the tests.
        characters: how many were read.
    """

    losses: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float, float]] = field(default_factory=list)
    seconds: float = 0.0
    characters: int = 0


def train(
    model: nn.Module,
    ids: torch.Tensor,
    recipe: Recipe,
    held_out: torch.Tensor | None = None,
    *,
    stream_batches: Callable = stand_ins.stream_batches,
    train_chunk: Callable = stand_ins.train_chunk,
    after_step: Callable[[int, Run], None] | None = None,
    test: Callable[[nn.Module, torch.Tensor], float] | None = None,
    seed: int = 0,
    bar: bool = False,
) -> Run:
    """Read a text several times, and learn from every chunk.

    Args:
        model: `model(ids, state)` gives logits (N, L, V) and the next state.
        ids: (T,), the text.
        held_out: a text on which the model is tested after each epoch; the clock stands still meanwhile.
        stream_batches, train_chunk: functions as in tasks 4.2 and 4.4.
        after_step: called with the number of steps so far and the run.
        test: gives the loss of the model on the held-out text; None takes `quick_loss`.
        seed: of the shifts.
        bar: whether long work shows a progress bar.

    Raises:
        ValueError: the text has no chunk, the held-out text no prediction, or a loss isn't finite.
    """
    _expect_chunk(ids, recipe)
    if held_out is not None:
        _expect_predictions(held_out)
    device = next(model.parameters()).device
    adam = torch.optim.AdamW(_groups(model, recipe.decay), lr=recipe.rate, betas=(0.9, 0.99), fused=True)
    per_epoch = len(list(stream_batches(_shortened(ids, recipe), recipe.batch_size, recipe.length)))
    total, run = recipe.epochs * per_epoch, Run()
    chunks = _stream(ids.to(device), recipe, per_epoch, stream_batches, seed)
    model.train()
    for step in steps_with_bar(total) if bar else range(total):
        x, y = next(chunks)
        if step % per_epoch == 0 or not recipe.stateful:
            state = None
        start = time.perf_counter()
        _set_rate(adam, recipe.rate * _share(step, total, recipe.warm_up))
        with torch.autocast(device.type, torch.bfloat16) if recipe.half else nullcontext():
            loss, state = train_chunk(model, adam, x, y, state, recipe.max_norm)
        run.seconds += time.perf_counter() - start
        if not math.isfinite(loss):
            raise ValueError(
                f"the loss is {loss} before step {step + 1}: the weights are spoilt, begin with a new model and a lower rate "
                "or more steps of warm-up"
            )
        run.losses.append(loss)
        run.characters += x.numel()
        if held_out is not None and (step + 1) % per_epoch == 0:
            run.held_out.append((step + 1, run.seconds, (test or quick_loss)(model, held_out)))
        if after_step is not None:
            after_step(step + 1, run)
    model.eval()
    return run


@torch.no_grad()
def losses_of(model: nn.Module, ids: torch.Tensor, length: int = READ, stateful: bool = True) -> torch.Tensor:
    """(T − 1,), on the CPU: the loss of each prediction in a text that is read as one row, in evaluation mode.

    Args:
        length: steps of a chunk.
        stateful: whether the state is carried from chunk to chunk, or begins with zeros in each.

    Raises:
        ValueError: the text has no prediction.
    """
    _expect_predictions(ids)
    device = next(model.parameters()).device
    losses, state = [], None
    with evaluating(model):
        for x, y in zip(ids[:-1].to(device).split(length), ids[1:].to(device).split(length), strict=True):
            logits, state = model(x[None], state if stateful else None)
            losses.append(nn.functional.cross_entropy(logits[0].float(), y, reduction="none").cpu())
    return torch.cat(losses)


def mean_loss(model: nn.Module, ids: torch.Tensor) -> float:
    """The mean loss on a text (T,), in nats per character, the state carried from beginning to end."""
    return losses_of(model, ids).double().mean().item()


@torch.no_grad()
def quick_loss(model: nn.Module, ids: torch.Tensor, rows: int = 16) -> float:
    """The mean loss on a text (T,) that is read in so many rows at once, several times as fast as `mean_loss`.

    It comes out a little higher, since each row begins with zeros; what doesn't fill a row is left out.
    """
    _expect_predictions(ids)
    rows = min(rows, len(ids) - 1)
    steps, device = (len(ids) - 1) // rows, next(model.parameters()).device
    x, y = (ids[start : start + rows * steps].reshape(rows, steps).to(device) for start in (0, 1))
    total, state = 0.0, None
    with evaluating(model):
        for read, target in zip(x.split(READ, dim=1), y.split(READ, dim=1), strict=True):
            logits, state = model(read, state)
            total += nn.functional.cross_entropy(logits.flatten(0, 1).float(), target.flatten(), reduction="sum").item()
    return total / y.numel()


def losses_by_position(model: nn.Module, ids: torch.Tensor, length: int, stateful: bool) -> list[float]:
    """The mean loss at each of the `length` places in a chunk, in nats per character; what is left over is left out.

    Raises:
        ValueError: the text has not one whole chunk.
    """
    if len(ids) <= length:
        raise ValueError(f"the text has {len(ids)} characters, expected {length + 1} at least for a chunk of {length}")
    chunks = (len(ids) - 1) // length
    if stateful:
        losses = losses_of(model, ids[: chunks * length + 1]).reshape(chunks, length)
    else:
        losses = _losses_alone(model, ids[: chunks * length + 1], length)
    return losses.double().mean(0).tolist()


@torch.no_grad()
def _losses_alone(model: nn.Module, ids: torch.Tensor, length: int) -> torch.Tensor:
    """(chunks, length), on the CPU: the losses of chunks that each begin with zeros, so that all are rows of one batch."""
    ids = ids.to(next(model.parameters()).device)
    x, y = ids[:-1].reshape(-1, length), ids[1:].reshape(-1, length)
    with evaluating(model):
        logits, _ = model(x, None)
    return nn.functional.cross_entropy(logits.flatten(0, 1).float(), y.flatten(), reduction="none").view_as(y).cpu()


def _expect_chunk(ids: torch.Tensor, recipe: Recipe) -> None:
    needed = recipe.batch_size * recipe.length + 1 + (recipe.length - 1 if recipe.shifted else 0)
    if len(ids) < needed:
        raise ValueError(
            f"the text has {len(ids)} characters, expected {needed} at least for {recipe.batch_size} rows of "
            f"{recipe.length}{', shifted by up to ' + str(recipe.length - 1) if recipe.shifted else ''}: "
            "take smaller chunks or a longer text"
        )


def _expect_predictions(ids: torch.Tensor) -> None:
    if len(ids) < 2:
        raise ValueError(
            f"the text to be tested has {len(ids)} characters, expected 2 at least: one is predicted from another"
        )


def _stream(ids: torch.Tensor, recipe: Recipe, per_epoch: int, stream_batches: Callable, seed: int) -> Iterator:
    """The chunks of one epoch after another."""
    source = torch.Generator().manual_seed(seed)
    while True:
        first = int(torch.randint(recipe.length, (), generator=source)) if recipe.shifted else 0
        yield from list(stream_batches(ids[first:], recipe.batch_size, recipe.length))[:per_epoch]


def _shortened(ids: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """The text without as much of it as the largest shift leaves out."""
    return ids[recipe.length - 1 :] if recipe.shifted else ids


def _groups(model: nn.Module, decay: float) -> list[dict]:
    """Biases don't decay."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


def _share(step: int, total: int, warm_up: int) -> float:
    return min(1.0, (step + 1) / max(1, warm_up)) * (1 + math.cos(math.pi * step / total)) / 2


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
