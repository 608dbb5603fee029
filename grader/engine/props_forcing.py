"""Stand-ins for teacher forcing, 5.4: an encoder and a decoder whose logits tell what the decoder was given in each step."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["KEYS", "KeyedDecoder", "KeyedEncoder", "calls_made", "pairs_as", "read_as", "seen_as"]

KEYS = 97  # a prime: two tokens below it never lead from one key to the same


def read_as(src: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(N,): the key that a row begins with, made of its real tokens and their places."""
    places = torch.arange(src.shape[1], device=src.device)
    real = places < lengths.to(src.device)[:, None]
    return ((src + 2) * (places + 3) * real).sum(dim=1) % KEYS


def seen_as(marks: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(N,): a number made of what a step sees of the memory, whose marks are ids, or -1 at padding."""
    places = torch.arange(mask.shape[1], device=mask.device)
    return ((marks.round().long() + 2) * (2 * places + 1) * mask).sum(dim=1) % KEYS


class KeyedEncoder(nn.Module):
    """`encoder(src, lengths) -> (memory (N, S, 2), state (N, 2))`; it notes how many rows it read.

    The memory holds an id, -1 at padding, and a number of the word's own, which is a parameter; the state a key and the mean of
    those numbers.
    """

    def __init__(self, words: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(words))
        self.rows = 0

    def forward(self, src, lengths):
        if src.dim() != 2 or lengths.shape != src.shape[:1]:
            raise ValueError(
                f"src has shape {tuple(src.shape)} and lengths {tuple(lengths.shape)}, expected (N, S) and (N,)"
            )
        self.rows += len(src)
        lengths = lengths.to(src.device)
        real = torch.arange(src.shape[1], device=src.device) < lengths[:, None]
        marks = torch.where(real, src, -1).to(self.weight.dtype)
        tones = self.weight[src] * real
        state = torch.stack([read_as(src, lengths).to(tones.dtype), tones.sum(dim=1) / lengths], dim=1)
        return torch.stack([marks, tones], dim=2), state


class KeyedDecoder(nn.Module):
    """`decoder.step(token, state, memory, mask) -> (logits (N, V), state, weights)`, with the logits from a table (K, V).

    After each token a row has key = 7 · key + token + 1, from the key that its source gave it; its logits are those of the key
    and of what it sees of the memory, moved up or down as a whole by the numbers in memory and state, so that gradients reach
    all of it. So they depend on every token fed, on the source and on the mask. In training it takes the next row of the
    table: dropout that draws nothing. It notes how many tokens it was fed.
    """

    def __init__(self, words: int):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(KEYS, words))
        self.tokens = 0

    def step(self, token, state, memory, mask):
        self._expect(token, state, memory, mask)
        self.tokens += len(token)
        key = (7 * state[:, 0].detach().round().long() + token + 1) % KEYS
        marks, tones = memory.unbind(dim=2)
        place = (key + seen_as(marks.detach(), mask) + self.training) % KEYS
        weights = mask.to(memory.dtype) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        logits = self.table[place]
        moved = state[:, 1] / 2 + (weights * tones).sum(dim=1)
        state = torch.stack([key.to(state.dtype), moved + logits.mean(dim=1)], dim=1)
        return logits + moved[:, None], state, weights

    def _expect(self, token, state, memory, mask):
        if token.dim() != 1 or state.shape != (len(token), 2):
            raise ValueError(f"token has shape {tuple(token.shape)} and state {tuple(state.shape)}, expected (N,) and (N, H): "
                             "one token for each row")  # fmt: skip
        if token.is_floating_point() or token.dtype == torch.bool:
            raise TypeError(f"token is {token.dtype}, expected torch.int64: ids")
        if memory.dim() != 3 or memory.shape[::2] != (len(token), 2):
            raise ValueError(f"memory has shape {tuple(memory.shape)}, expected (N, S, H) with N = {len(token)}")
        if mask.dtype != torch.bool:
            raise TypeError(f"mask is {mask.dtype}, expected torch.bool: True at real tokens")
        if mask.shape != memory.shape[:2]:
            raise ValueError(
                f"mask has shape {tuple(mask.shape)}, expected {tuple(memory.shape[:2])}: (N, S) of the memory"
            )


def calls_made(encoder: KeyedEncoder, decoder: KeyedDecoder) -> tuple[int, int]:
    """How many rows the encoder read so far, and how many tokens the decoder was fed."""
    return encoder.rows, decoder.tokens


def pairs_as(kind: str, pairs: list) -> object:
    """Pairs as a set, a frozenset, a list or a tuple of tuples, whose order says nothing."""
    return {"set": set, "frozenset": frozenset, "list": list, "tuple": tuple}[kind](map(tuple, pairs))
