"""Reviews as ids: encoded once, then put into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from toolkit import stand_ins
from toolkit.data.reviews import Reviews

__all__ = ["Corpus", "cut", "encoded", "in_batches"]

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # ids (N, L), lengths (N,), labels (N,)


@dataclass(frozen=True)
class Corpus:
    """Reviews as a network reads them.

    Attributes:
        ids: for each review, the ids of its words.
        lengths, labels: (N,), int64, on the CPU.
    """

    ids: tuple[list[int], ...]
    lengths: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, places: Sequence[int]) -> Corpus:
        """These reviews alone, in this order."""
        return _corpus([self.ids[place] for place in places], self.labels[list(places)])


def encoded(reviews: Reviews, tokenize: Callable, vocabulary, longest: int | None = None) -> Corpus:
    """Cut the texts into words and look their ids up, with functions as in tasks 3.1 and 3.2.

    Args:
        longest: of a longer review only so many words are kept, half of them from its beginning, half from its end.
    """
    ids = [cut(vocabulary.encode(tokenize(text)), longest) for text in reviews.texts]
    return _corpus(ids, torch.tensor(reviews.labels))


def cut(ids: list[int], longest: int | None) -> list[int]:
    """At most so many of the ids: the first and the last, what lies between is left out."""
    if longest is None or len(ids) <= longest:
        return ids
    return ids[: longest // 2] + ids[len(ids) - (longest - longest // 2) :]


def in_batches(
    corpus: Corpus,
    batches: Iterable[Sequence[int] | torch.Tensor],
    pad_batch: Callable = stand_ins.pad_batch,
    device: torch.device | str = "cpu",
) -> Iterator[Batch]:
    """ids (N, L), lengths (N,) and labels (N,) of each batch of places, padded with a function as in task 3.4.

    Ids and labels lie on the device, lengths on the CPU.
    """
    for batch in batches:
        places = [int(place) for place in batch]
        ids, lengths = pad_batch([corpus.ids[place] for place in places])
        yield ids.to(device), lengths, corpus.labels[places].to(device)


def _corpus(ids: Sequence[list[int]], labels: torch.Tensor) -> Corpus:
    return Corpus(tuple(ids), torch.tensor([len(one) for one in ids], dtype=torch.int64), labels)
