"""Padding, packing and length buckets: the same reviews and the same network, in four ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.corpus import Corpus, in_batches
from toolkit.review_reader import ReviewReader

__all__ = [
    "WAYS",
    "Careless",
    "as_they_come",
    "last_output",
    "pass_over",
    "share_of_padding",
    "steps_computed",
    "ways_to_read",
]

WAYS = ("padded", "packed", "padded, by length", "packed, by length")


def last_output(model: nn.Module) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """A classifier's own layers, read in the way that overlooks padding: the head sees the very last output of each row."""

    def forward(ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        outputs, _ = model.rnn(model.embedding(ids))
        return model.head(outputs[:, -1]).squeeze(1)

    return forward


class Careless(ReviewReader):
    """A reader whose linear unit sees the very last output of each row, be it behind the end of the review."""

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return super().forward(ids, torch.full_like(lengths, ids.shape[1]))


def as_they_come(lengths: torch.Tensor, batch_size: int, generator: torch.Generator) -> list[torch.Tensor]:
    """Batches drawn at random, called as a function of task 3.7 is: long reviews and short ones together."""
    return list(torch.randperm(len(lengths), generator=generator).split(batch_size))


def share_of_padding(lengths: torch.Tensor, batches: Iterable[torch.Tensor]) -> float:
    """Which share of all steps is padding, if each batch is as wide as its longest sequence."""
    return 1 - lengths.sum().item() / max(steps_computed(lengths, batches), 1)


def steps_computed(lengths: torch.Tensor, batches: Iterable[torch.Tensor]) -> int:
    """How many steps padded batches have, real or not."""
    return sum(len(batch) * int(lengths[batch].max()) for batch in batches)


def ways_to_read(
    corpus: Corpus,
    vocab_size: int,
    embedding_dim: int,
    hidden_size: int,
    *,
    batch_size: int,
    classifier: Callable[..., nn.Module] = stand_ins.SentimentClassifier,
    length_buckets: Callable = stand_ins.length_buckets,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> dict[str, Callable[[], None]]:
    """name → a function that trains once on each of the reviews: in batches as they come or by length, padded or packed.

    The packed ones are read by a classifier as in task 3.5, the padded ones by `ReviewReader`, with networks of one size.
    """
    torch.manual_seed(seed)
    source = torch.Generator().manual_seed(seed)
    orders = [order(corpus.lengths, batch_size, source) for order in (as_they_come, length_buckets)]
    pairs = [(make, batches) for batches in orders for make in (ReviewReader, classifier)]
    ways = {}
    for name, (make, batches) in zip(WAYS, pairs, strict=True):
        model = make(vocab_size, embedding_dim, hidden_size).to(device)
        ways[name] = pass_over(model, list(in_batches(corpus, batches, device=device)))
    return ways


def pass_over(model: nn.Module, batches: list[tuple]) -> Callable[[], None]:
    """A function that makes a training step on each of the batches."""
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)

    def work() -> None:
        for ids, lengths, labels in batches:
            loss = nn.functional.binary_cross_entropy_with_logits(model(ids, lengths), labels.float())
            adam.zero_grad()
            loss.backward()
            adam.step()

    return work
