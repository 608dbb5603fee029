"""Linear models on what occurs in a text, wherever it stands: single words, or words and pairs of neighbours.

Each text is a vector with an entry for each word (or pair) of the training texts: 0 where it doesn't occur, else its
inverse document frequency (Spärck Jones, 1972), scaled to length 1. A logistic regression weighs the entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from toolkit.corpus import Corpus

__all__ = ["BagOfWords", "Entries", "Linear", "OnBatches", "fitted", "fitted_with"]

RARE = 2  # what occurs in fewer texts is left out
WIDE = 2**31  # ids lie below, so that a pair is one whole number
ITERATIONS = 60
PENALTIES = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4)


@dataclass(frozen=True)
class Entries:
    """A matrix (N, G) that is nearly empty: only the entries that aren't 0, each with its row, its column and its value."""

    rows: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor
    size: tuple[int, int]

    def times(self, weight: torch.Tensor) -> torch.Tensor:
        """The product with a weight for each column: (G,) → (N,)."""
        return torch.zeros(self.size[0]).index_add(0, self.rows, self.values * weight[self.columns])

    def transposed_times(self, weight: torch.Tensor) -> torch.Tensor:
        """The transpose's product with a weight for each row: (N,) → (G,)."""
        return torch.zeros(self.size[1]).index_add(0, self.columns, self.values * weight[self.rows])


class BagOfWords:
    """Which words, or words and pairs, count, and how much each of them says.

    Args:
        texts: the training texts, as lists of ids.
        pairs: whether pairs of neighbouring words count beside single words.
    """

    def __init__(self, texts: Sequence[Sequence[int]], pairs: bool = False):
        self.pairs = pairs
        _, codes = _occurrences(texts, pairs)
        codes, found_in = codes.unique(return_counts=True)
        self.codes = codes[found_in >= RARE]
        self.weights = torch.log(len(texts) / found_in[found_in >= RARE])  # inverse document frequencies

    def __len__(self) -> int:
        return len(self.codes)

    def entries(self, texts: Sequence[Sequence[int]]) -> Entries:
        """A row for each text, a column for each word or pair that counts."""
        rows, codes = _occurrences(texts, self.pairs)
        columns = torch.searchsorted(self.codes, codes).clamp(max=len(self.codes) - 1)
        known = self.codes[columns] == codes
        rows, columns = rows[known], columns[known]
        values = self.weights[columns]
        squares = torch.zeros(len(texts)).index_add(0, rows, values.square())
        values = values / squares.sqrt().clamp(min=1e-12)[rows]
        return Entries(rows, columns, values, (len(texts), len(self.codes)))


class Linear:
    """A logistic regression on a bag: a weight for each of its entries, and a bias; `penalty` is what it was fitted with."""

    def __init__(self, bag: BagOfWords, weight: torch.Tensor, bias: torch.Tensor, penalty: float):
        self.bag, self.weight, self.bias, self.penalty = bag, weight, bias, penalty

    @property
    def parameters(self) -> int:
        return len(self.weight) + 1

    def __call__(self, texts: Sequence[Sequence[int]]) -> torch.Tensor:
        """(N,), logits of lists of ids."""
        return self.bag.entries(texts).times(self.weight) + self.bias


class OnBatches(nn.Module):
    """A linear model that is called as a network is: `forward(ids (N, L), lengths (N,)) -> logits (N,)`."""

    def __init__(self, linear: Linear):
        super().__init__()
        self.linear = linear

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return self.linear([row[:length] for row, length in zip(ids.tolist(), lengths.tolist(), strict=True)])


def fitted(train: Corpus, validation: Corpus, pairs: bool = False) -> Linear:
    """A logistic regression on the training texts, with the penalty that does best on the validation texts."""
    bag = BagOfWords(train.ids, pairs)
    unseen, models = bag.entries(validation.ids), _path(bag, train, PENALTIES)

    def right(model: Linear) -> float:
        return ((unseen.times(model.weight) + model.bias > 0) == (validation.labels > 0)).float().mean().item()

    return max(models, key=right)


def fitted_with(penalty: float, train: Corpus, pairs: bool = False) -> Linear:
    """A logistic regression on the training texts with this penalty, which was chosen before."""
    return _path(BagOfWords(train.ids, pairs), train, [one for one in PENALTIES if one >= penalty])[-1]


def _path(bag: BagOfWords, train: Corpus, penalties: Sequence[float]) -> list[Linear]:
    """A model for each penalty, from the strongest on: each begins where the one before it ended."""
    seen, labels = bag.entries(train.ids), train.labels.float()
    weight, bias, models = torch.zeros(len(bag)), torch.zeros(1), []
    for penalty in sorted(penalties, reverse=True):
        weight, bias = _minimum(seen, labels, penalty, weight, bias)
        models.append(Linear(bag, weight, bias, penalty))
    return models


def _occurrences(texts: Sequence[Sequence[int]], pairs: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """What occurs in which text, once for each text: the text's place, and a number for the word or the pair."""
    lengths = torch.tensor([len(text) for text in texts], dtype=torch.int64)
    codes = torch.tensor([number for text in texts for number in text], dtype=torch.int64)
    rows = torch.arange(len(texts)).repeat_interleave(lengths)
    if pairs:
        inside = rows[1:] == rows[:-1]
        both = (codes[:-1] + 1) * WIDE + codes[1:]
        rows, codes = torch.cat([rows, rows[1:][inside]]), torch.cat([codes, both[inside]])
    known, places = codes.unique(return_inverse=True)
    once = (rows * max(len(known), 1) + places).unique()  # sorted by text
    return once // max(len(known), 1), known[once % max(len(known), 1)]


def _minimum(
    seen: Entries, labels: torch.Tensor, penalty: float, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of the least mean cross-entropy, with a penalty on the squared weights, by L-BFGS from these on."""
    weight, bias = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    lbfgs = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, history_size=10, line_search_fn="strong_wolfe")

    @torch.no_grad()
    def loss() -> torch.Tensor:
        logits = seen.times(weight) + bias
        off = (torch.sigmoid(logits) - labels) / len(labels)  # the gradient of the logits
        weight.grad, bias.grad = seen.transposed_times(off) + 2 * penalty * weight, off.sum()[None]
        return nn.functional.binary_cross_entropy_with_logits(logits, labels) + penalty * weight.square().sum()

    lbfgs.step(loss)
    return weight.detach(), bias.detach()
