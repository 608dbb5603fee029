"""The Large Movie Review Dataset as notebook 3 and the benchmarks read it: the vocabulary, the split, the recipe.

The cell, the recipe and the dropout were chosen on the 2,500 validation reviews of other films, which are held out of the
25,000 for training. What else stands here, such as how many words are read, was set beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from toolkit import stand_ins
from toolkit.corpus import Corpus, encoded
from toolkit.data.reviews import Reviews
from toolkit.review_reader import Dropout, ReviewReader
from toolkit.sentiment import Recipe

__all__ = ["BEST", "CONTESTANTS", "ENDS", "LONGEST", "RECIPE", "Prepared", "contestant", "prepared"]

VOCABULARY, LONGEST, HELD_OUT = 30_000, 400, 2_500
ENDS = (100, 200, 300, 400)  # bins of the reviews' lengths, in words that are read
RECIPE = Recipe(epochs=3, batch_size=64, rate=0.003, decay=0.1)
DROPOUT = Dropout(words=0.1, features=0.3, head=0.5)
UNITS = 64  # of the embedding, and of each direction
SPREAD = 0.1  # of the first embeddings
CONTESTANTS = {  # name → cell, both directions, mean and maximum
    "RNN": ("rnn", False, False),
    "LSTM": ("lstm", False, False),
    "GRU": ("gru", False, False),
    "LSTM, both directions": ("lstm", True, False),
    "LSTM, mean and maximum": ("lstm", False, True),
}
BEST = "GRU"  # of these, on the validation reviews


@dataclass(frozen=True)
class Prepared:
    """The reviews as ids, and the vocabulary of the training reviews."""

    train: Corpus
    test: Corpus
    vocabulary: object

    def held_out(self) -> tuple[Corpus, Corpus]:
        """The training reviews without the validation reviews, and these: of either class the last 1,250 by name.

        The data set lists reviews of one film one after another, and the test reviews are of other films. So a stretch of
        names is held out: reviews picked at random would be of films that the network was trained on.
        """
        return _without(self.train, [*self._last(0), *self._last(1)])

    def drawn_at_random(self) -> tuple[Corpus, Corpus]:
        """The same with 2,500 reviews drawn at random, to see what that is worth."""
        order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0)).tolist()
        return _without(self.train, order[:HELD_OUT])

    def _last(self, label: int) -> list[int]:
        return (self.train.labels == label).nonzero()[:, 0].tolist()[-HELD_OUT // 2 :]


def prepared(
    reviews: dict[str, Reviews],
    tokenize: Callable = stand_ins.tokenize,
    vocabulary: type = stand_ins.Vocabulary,
) -> Prepared:
    """Words, a vocabulary of 30,000 entries from the training reviews alone, ids; of a long review the first and last 200 words.

    Args:
        reviews: "train" and "test".
        tokenize, vocabulary: as in tasks 3.1 and 3.2.
    """
    words = vocabulary.build((tokenize(text) for text in reviews["train"].texts), VOCABULARY)
    train, test = (encoded(reviews[part], tokenize, words, LONGEST) for part in ("train", "test"))
    return Prepared(train, test, words)


def contestant(name: str, vocab_size: int, seed: int = 0, mean: Callable = stand_ins.masked_mean) -> ReviewReader:
    """A network of `CONTESTANTS`, with first weights of this seed; `mean` is a function as in task 3.6."""
    cell, both_ways, pooled = CONTESTANTS[name]
    torch.manual_seed(seed)
    return ReviewReader(vocab_size, UNITS, UNITS, cell, bidirectional=both_ways, pooled=pooled, dropout=DROPOUT, spread=SPREAD,
                        mean=mean)  # fmt: skip


def _without(corpus: Corpus, places: list[int]) -> tuple[Corpus, Corpus]:
    held_out = set(places)
    return corpus.only([place for place in range(len(corpus)) if place not in held_out]), corpus.only(places)
