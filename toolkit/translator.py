"""The translator of notebook 5, quick on a CPU: the computation and the weights of tasks 5.1 to 5.4, in another order.

What needs no state is done for all steps at once: the products of the embedded words, the projected keys, the output layer.
The loops are those of `toolkit/loops.py`. `state_dict` has the names and shapes of the course's `Seq2Seq(encoder, decoder)`.
Letters: N sentences, S places of the source and T of the target, E features of an embedding, H units, V words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from toolkit.loops import attend, attending_gru, gru_step, two_grus
from toolkit.pairs import BOS, PAD

__all__ = ["Dropout", "Sizes", "Translator", "hidden_places"]


@dataclass(frozen=True)
class Sizes:
    """Features of an embedding, and units of the memory and of the decoder."""

    embedding: int = 256
    hidden: int = 256


@dataclass(frozen=True)
class Dropout:
    """Shares that are dropped in training: of the embedded words' features, alike in all words of a sentence; of the memory's;
    and before the output layer."""

    words: float = 0.0
    memory: float = 0.0
    output: float = 0.0


class Encoder(nn.Module):
    """As in task 5.1: `forward(src (N, S), lengths) → memory (N, S, H), state (N, H)`."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, words_dropped: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(words_dropped)

    def forward(self, src: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rnn, lengths = self.rnn, lengths.to(src.device)
        places = torch.arange(src.shape[1], device=src.device)
        real = places < lengths[:, None]  # (N, S)
        turned = torch.where(real, lengths[:, None] - 1 - places, places)  # the last word first, padding where it was
        x = _dropped(self.dropout, self.embedding(src), 1)  # (N, S, E)
        there = F.linear(x, rnn.weight_ih_l0, rnn.bias_ih_l0)
        back = _reordered(F.linear(x, rnn.weight_ih_l0_reverse, rnn.bias_ih_l0_reverse), turned)
        states = two_grus(
            torch.stack([there, back]).permute(2, 0, 1, 3).contiguous(),
            torch.stack([rnn.weight_hh_l0, rnn.weight_hh_l0_reverse]),
            torch.stack([rnn.bias_hh_l0, rnn.bias_hh_l0_reverse]),
        )  # (S, 2, N, H/2)
        last = states[lengths - 1, :, torch.arange(len(src), device=src.device)].flatten(1)
        there, back = states[:, 0].transpose(0, 1), _reordered(states[:, 1].transpose(0, 1), turned)
        return torch.cat([there, back], dim=2) * real[..., None], last


class Attention(nn.Module):
    """As in task 5.2, with keys that were projected before."""

    def __init__(self, query_size: int, key_size: int, attention_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(key_size, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)


class Decoder(nn.Module):
    """As in task 5.3, a step at a time in `step`, or all steps on the gold words in `forward`."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, dropout: Dropout = Dropout()):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = Attention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embedding_dim + hidden_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, vocab_size)
        self.words_dropout, self.memory_dropout, self.output_dropout = map(
            nn.Dropout, (dropout.words, dropout.memory, dropout.output)
        )

    def forward(self, fed, state, memory, mask) -> torch.Tensor:
        """What the output layer reads (T, N, 2H) when the words `fed` (N, T) are fed."""
        wide, memory = self.embedding.embedding_dim, self.memory_dropout(memory)
        x = _dropped(self.words_dropout, self.embedding(fed.T), 0)  # (T, N, E)
        driven = F.linear(x, self.cell.weight_ih[:, :wide], self.cell.bias_ih)
        states, contexts = attending_gru(
            driven,
            state,
            memory,
            self.attention.key(memory),
            hidden_places(mask, memory.dtype),
            self.cell.weight_ih[:, wide:],
            self.cell.weight_hh,
            self.cell.bias_hh,
            self.attention.query.weight,
            self.attention.score.weight[0],
        )
        return self.output_dropout(torch.cat([states, contexts], dim=2))

    def step(self, token, state, memory, mask) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """token (N,), state (N, H) → logits (N, V), the new state, weights (N, S)."""
        return self.step_with_keys(token, state, memory, self.attention.key(memory), hidden_places(mask, memory.dtype))

    def step_with_keys(self, token, state, memory, keys, unseen) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """As `step`, for many steps on one memory."""
        cell, score = self.cell, self.attention.score.weight[0]
        context, weights, _ = attend(2 * self.attention.query(state), 2 * keys, memory, unseen, score)
        read = F.linear(torch.cat([self.embedding(token), context], dim=1), cell.weight_ih, cell.bias_ih)
        state = gru_step(read, F.linear(state, cell.weight_hh, cell.bias_hh), state)[0]
        return self.output(torch.cat([state, context], 1)), state, weights


class Translator(nn.Module):
    """English in, French out.

    Args:
        source, target: how many words there are of each language.
        sizes, dropout: see there.
        attention: False puts the encoder's last state at every place of the memory. Then the decoder sees one vector,
            wherever it looks, and nothing else is different.
        tied: whether a French word has one vector, read by the decoder and written by the output layer. It takes an
            embedding of 2H features.

    Raises:
        ValueError: tied, and the embedding has another size.
    """

    def __init__(self, source: int, target: int, sizes: Sizes = Sizes(), dropout: Dropout = Dropout(),
                 attention: bool = True, tied: bool = False):  # fmt: skip
        super().__init__()
        self.encoder = Encoder(source, sizes.embedding, sizes.hidden, dropout.words)
        self.decoder = Decoder(target, sizes.embedding, sizes.hidden, dropout)
        self.attention = attention
        if tied and sizes.embedding != 2 * sizes.hidden:
            raise ValueError(f"tied weights take an embedding of {2 * sizes.hidden} features, not of {sizes.embedding}")
        if tied:
            self.decoder.embedding.weight = self.decoder.output.weight

    def read(self, src: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Memory (N, S, H), state (N, H), and where there are words (N, S)."""
        memory, last = self.encoder(src, lengths)
        mask = torch.arange(src.shape[1], device=src.device) < lengths.to(src.device)[:, None]
        return (memory if self.attention else last[:, None] * mask[..., None]), last, mask

    def features(self, src, lengths, tgt) -> torch.Tensor:
        """(M, 2H): what the output layer reads before each of the M real words of tgt (N, T), sentence after sentence."""
        return self._states(src, lengths, tgt)[tgt != PAD]

    def forward(self, src, lengths, tgt) -> torch.Tensor:
        """Logits (N, T, V) of the words of tgt (N, T), the gold words fed."""
        return self.decoder.output(self._states(src, lengths, tgt))

    def _states(self, src, lengths, tgt) -> torch.Tensor:
        memory, state, mask = self.read(src, lengths)
        fed = torch.cat([torch.full_like(tgt[:, :1], BOS), tgt[:, :-1]], dim=1)
        return self.decoder(fed, state, memory, mask).transpose(0, 1)


def _dropped(dropout: nn.Dropout, x: torch.Tensor, steps: int) -> torch.Tensor:
    """The same features of a sentence dropped in all of its steps (Gal and Ghahramani, 2016): few draws, and a quick product."""
    return x * dropout(torch.ones_like(x.narrow(steps, 0, 1))) if dropout.training and dropout.p else x


def _reordered(rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Of each sentence's (N, S, F) the places (N, S), in this order."""
    return rows.gather(1, places[..., None].expand(-1, -1, rows.shape[2]))


def hidden_places(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What is added to scores: 0 where the mask is True, −∞ elsewhere."""
    return torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, -math.inf)
