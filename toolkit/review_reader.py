"""A classifier of reviews that is quick on a CPU: padded rows in place of packed ones, and the same answers.

A recurrent layer runs over whole padded rows, which leaves torch's fused layers to work, and then only real steps count:
either the last one of each row, or the mean and the maximum of all. What padding does to the states behind a row's end
is never looked at. The backward direction is a layer of its own over reversed rows, so it too begins at a real word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from toolkit import stand_ins

__all__ = ["Dropout", "ReviewReader", "as_packed", "reversed_rows"]

UNK = 1
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@dataclass(frozen=True)
class Dropout:
    """What is left out at random in training.

    Attributes:
        words: the share of words that are replaced by `<unk>`.
        features: the share of embedding features that are 0, the same ones for a whole review (Gal and Ghahramani, 2016).
        head: the share of features that the linear unit doesn't see.
    """

    words: float = 0.0
    features: float = 0.0
    head: float = 0.0


class ReviewReader(nn.Module):
    """`forward(ids (N, L), lengths (N,)) -> logits (N,)`, for padded ids.

    Args:
        vocab_size, embedding_dim, hidden_size: V, E, H.
        cell: "rnn", "lstm" or "gru".
        bidirectional: whether a second layer reads from the end.
        pooled: whether the linear unit sees the mean and the maximum of all real states, or the last one.
        dropout: what is left out in training.
        spread: the standard deviation of the first embeddings; torch draws them with 1.
        mean: a function as in task 3.6.
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        cell: str = "lstm",
        *,
        bidirectional: bool = False,
        pooled: bool = False,
        dropout: Dropout | None = None,
        spread: float = 1.0,
        mean: Callable = stand_ins.masked_mean,
    ):
        super().__init__()
        self.pooled, self.mean, self.dropout = pooled, mean, dropout or Dropout()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        nn.init.normal_(self.embedding.weight[1:], std=spread)
        directions = 2 if bidirectional else 1
        self.layers = nn.ModuleList(
            LAYERS[cell](embedding_dim, hidden_size, batch_first=True) for _ in range(directions)
        )
        self.head = nn.Linear(hidden_size * directions * (2 if pooled else 1), 1)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        lengths = lengths.to(ids.device)
        vectors = self._vectors(ids)  # (N, L, E)
        seen = []
        for layer, way in zip(self.layers, (lambda rows, lengths: rows, reversed_rows), strict=False):
            outputs, _ = layer(way(vectors, lengths))  # (N, L, H)
            seen += self._pooled(outputs, lengths) if self.pooled else [_last(outputs, lengths)]
        features = nn.functional.dropout(torch.cat(seen, dim=1), self.dropout.head, self.training)
        return self.head(features).squeeze(1)

    def _vectors(self, ids: torch.Tensor) -> torch.Tensor:
        """(N, L, E), in training without some words and some features."""
        if not self.training:
            return self.embedding(ids)
        if self.dropout.words:
            left_out = (torch.rand(ids.shape, device=ids.device) < self.dropout.words) & (ids > 0)
            ids = torch.where(left_out, UNK, ids)
        vectors = self.embedding(ids)
        if not self.dropout.features:
            return vectors
        kept = torch.ones_like(vectors[:, :1])  # (N, 1, E): one choice for all steps of a review
        return vectors * nn.functional.dropout(kept, self.dropout.features)

    def _pooled(self, outputs: torch.Tensor, lengths: torch.Tensor) -> list[torch.Tensor]:
        real = torch.arange(outputs.shape[1], device=outputs.device) < lengths[:, None]
        highest = outputs.masked_fill(~real[:, :, None], -torch.inf).amax(dim=1)
        return [self.mean(outputs, lengths), highest.masked_fill(lengths[:, None] == 0, 0)]


def as_packed(reader: ReviewReader, classifier: Callable[..., nn.Module] = stand_ins.SentimentClassifier) -> nn.Module:
    """A classifier as in task 3.5 with the weights of a reader that isn't pooled: it gives the same answers.

    Raises:
        ValueError: the reader is pooled, which a classifier as in task 3.5 isn't.
    """
    if reader.pooled:
        raise ValueError(
            "the reader is pooled: its linear unit sees more than the last state; make one with pooled=False"
        )
    first, weight = reader.layers[0], reader.embedding.weight
    name = next(name for name, layer in LAYERS.items() if type(first) is layer)
    made = classifier(*weight.shape, first.hidden_size, name, len(reader.layers) == 2).to(weight)
    weights = {f"rnn.{key}{suffix}": value for layer, suffix in zip(reader.layers, ("", "_reverse"), strict=False)
               for key, value in layer.state_dict().items()}  # fmt: skip
    rest = {key: value for key, value in reader.state_dict().items() if not key.startswith("layers.")}
    made.load_state_dict(rest | weights)
    return made.train(reader.training)


def reversed_rows(values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(N, L, F) with the real steps of each row in reverse order; what stands behind them stays where it is."""
    steps = torch.arange(values.shape[1], device=values.device).expand(len(values), -1)
    places = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return values.gather(1, places[:, :, None].expand_as(values))


def _last(outputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(N, H): the state after the last real step, zeros where there is none."""
    rows = torch.arange(len(outputs), device=outputs.device)
    return outputs[rows, lengths.clamp(min=1) - 1].masked_fill(lengths[:, None] == 0, 0)
