"""The translator on which 5.6 and 5.7 are tried: it reads its logits off a table. Built of torch alone, as all props."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

__all__ = ["FIRST_WORD", "KEYS", "Translator", "key_after"]

FIRST_WORD = 4  # row r of the table is about the source whose first id is FIRST_WORD + r
KEYS = 7**6  # a multiple of 7, 49 and 343, and exact in float32


def key_after(key, token):
    """What is remembered of all tokens fed so far, after one more; a multiple of 7 is forgotten by 7, 49 or 343 entries."""
    return (7 * key + token + 1) % KEYS


class Translator(nn.Module):
    """`encoder(src, lengths) -> memory, state` and `decoder.step(token, state, memory, mask) -> logits, state, weights`.

    The table is (R, T, K, V). The source whose first id is 4 + r is fed its tokens one by one, and at step t it gets
    `table[r, t, key % K]` with `key_after` over what was fed: with K = 7 it is about the last token alone, with 49 about the
    last two. A later step than T gets the last one's. The state is (N, 4) and carries row, step, key and length, so that rows
    may be cut out, joined, repeated or reordered as one likes; where memory or mask are those of another row, or the mask
    shows padding, other logits come. The weights (N, S) are 0 where the mask is False and differ by row, step and key.

    In training, encoder and decoder are off by a key: dropout that draws nothing, in parts of their own. Each call is noted:
    whether its part was in training, whether gradients were recorded, whether the whole was in training. Call number
    `breaks_at`, of encoder and decoder together, raises a FloatingPointError.
    """

    def __init__(self, rows: int, steps: int, keys: int, words: int, breaks_at: int = 0):
        super().__init__()
        self.asked: list[tuple[bool, bool, bool]] = []
        self.breaks_at = breaks_at
        self.encoder = _Encoder(self._note)
        self.decoder = _Decoder(self._note, rows, steps, keys, words)

    def _note(self, part: nn.Module) -> None:
        self.asked.append((part.dropout.training, torch.is_grad_enabled(), self.training))
        if len(self.asked) == self.breaks_at:
            raise FloatingPointError("the model broke off")


class _Encoder(nn.Module):
    def __init__(self, note: Callable):
        super().__init__()
        self.note = note
        self.dropout = nn.Identity()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, src, lengths):
        self.note(self)
        if src.dim() != 2 or lengths.shape != src.shape[:1]:
            raise ValueError(
                f"src has shape {tuple(src.shape)} and lengths {tuple(lengths.shape)}, expected (N, S) and (N,)"
            )
        row, length = src[:, 0] - FIRST_WORD, lengths.to(src.device)
        zeros = torch.zeros_like(row)
        state = torch.stack([row, zeros, zeros + self.dropout.training, length], dim=1)
        real = torch.arange(src.shape[1], device=src.device) < length[:, None]
        memory = torch.stack([row[:, None] * real, length[:, None] * real, real, real], dim=2)
        return tuple(
            part.to(self.weight) + 0 * self.weight for part in (memory, state)
        )  # with a graph, as a network has it


class _Decoder(nn.Module):
    def __init__(self, note: Callable, rows: int, steps: int, keys: int, words: int):
        super().__init__()
        self.note = note
        self.dropout = nn.Identity()
        self.table = nn.Parameter(torch.zeros(rows, steps, keys, words))

    def step(self, token, state, memory, mask):
        self.note(self)
        _expect(token, state, memory, mask)
        row, step, key, length = state.detach().round().long().unbind(dim=1)
        key = key_after(key, token)
        found = key + self.dropout.training + _astray(memory.detach(), mask, row, length)
        rows, steps, keys, _ = self.table.shape
        logits = self.table[row.clamp(0, rows - 1), step.clamp(max=steps - 1), found % keys]
        state = torch.stack([row, step + 1, key, length], dim=1).to(state) + 0 * state
        return logits, state, _weights(row, step, key, mask).to(logits) + 0 * logits[:, :1]


def _expect(token, state, memory, mask) -> None:
    if token.dim() != 1:
        raise ValueError(f"token has shape {tuple(token.shape)}, expected (N,): one step at a time")
    if memory.dim() != 3 or state.shape != (len(token), memory.shape[2]) or len(memory) != len(token):
        raise ValueError(
            f"state has shape {tuple(state.shape)} and memory {tuple(memory.shape)}, expected (N, H) and (N, S, H) with N = "
            f"{len(token)}, as many as there are tokens"
        )
    if mask.shape != memory.shape[:2]:
        raise ValueError(
            f"mask has shape {tuple(mask.shape)}, expected {tuple(memory.shape[:2])}: (N, S) of the memory"
        )
    if mask.dtype != torch.bool:
        raise TypeError(f"mask is {mask.dtype}, expected torch.bool: True where one may look")


def _astray(memory, mask, row, length):
    """0 where one looks at the memory of one's own row, as far as its source goes."""
    seen = mask.sum(dim=1)
    mean = (memory * mask[..., None]).sum(dim=1) / seen.clamp(min=1)[:, None]
    rows, lengths = (mean[:, :2]).round().long().unbind(dim=1)
    return 3 * (rows - row).abs() + 5 * (lengths - length).abs() + 11 * (seen - length).abs()


def _weights(row, step, key, mask):
    places = torch.arange(mask.shape[1], device=mask.device)
    looks = 1 + (3 * row[:, None] + 5 * step[:, None] + (key[:, None] + 2) * (places + 1)) % 13
    looks = looks * mask
    return looks / looks.sum(dim=1, keepdim=True).clamp(min=1)
