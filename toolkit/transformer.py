"""A small Transformer that reads and writes characters, to hold an LSTM against. Not an exercise: it is given.

Shapes: N batch, L length, V vocabulary, D features of a position, S steps that the cache holds already.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from toolkit.modes import evaluating

__all__ = ["Transformer", "windowed_loss"]

Cache = tuple[torch.Tensor, ...]  # keys and values of each block in turn, each (N, heads, S, D / heads)


class Transformer(nn.Module):
    """Blocks of causal self-attention (Vaswani et al., 2017), each layer normalised at its entrance.

    It is called like a language model with a state: what it carries along is the cache of keys and values, which grows by
    one place with each character.

    Args:
        vocab_size: V.
        features: D, a multiple of `heads`.
        blocks, heads: how many of each.
        context: the most characters that it can hold at once; each place has a learnt vector.
        dropout: share of features that are dropped in training, after each half of a block.
    """

    def __init__(
        self, vocab_size: int, features: int, blocks: int, heads: int = 4, context: int = 256, dropout: float = 0.0
    ):
        super().__init__()
        if features % heads:
            raise ValueError(f"features is {features} and heads {heads}: expected a multiple")
        self.context = context
        self.embedding = nn.Embedding(vocab_size, features)
        self.places = nn.Embedding(context, features)
        self.blocks = nn.ModuleList([Block(features, heads, dropout) for _ in range(blocks)])
        self.norm = nn.LayerNorm(features)
        self.head = nn.Linear(features, vocab_size)
        for table in (self.embedding, self.places):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, ids: torch.Tensor, cache: Cache | None = None) -> tuple[torch.Tensor, Cache]:
        """ids (N, L) → logits (N, L, V) and the cache of S + L steps.

        Raises:
            ValueError: S + L is more than the context.
        """
        before = 0 if cache is None else cache[0].shape[2]
        if before + ids.shape[1] > self.context:
            raise ValueError(f"{before + ids.shape[1]} characters, expected at most {self.context}: begin a new cache")
        x = self.embedding(ids) + self.places.weight[before : before + ids.shape[1]]
        grown: list[torch.Tensor] = []
        for number, block in enumerate(self.blocks):
            x, kept = block(x, None if cache is None else cache[2 * number : 2 * number + 2])
            grown += kept
        return self.head(self.norm(x)), tuple(grown)


class Block(nn.Module):
    """x + attention(norm(x)), then x + two linear layers(norm(x))."""

    def __init__(self, features: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(features), nn.LayerNorm(features)])
        self.qkv = nn.Linear(features, 3 * features)
        self.out = nn.Linear(features, features)
        self.wide = nn.Linear(features, 4 * features)
        self.narrow = nn.Linear(4 * features, features)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, cache: Cache | None) -> tuple[torch.Tensor, Cache]:
        mixed, kept = self._attend(self.norms[0](x), cache)
        x = x + self.dropout(mixed)
        return x + self.dropout(self.narrow(F.gelu(self.wide(self.norms[1](x))))), kept

    def _attend(self, x: torch.Tensor, cache: Cache | None) -> tuple[torch.Tensor, Cache]:
        q, k, v = (
            self.qkv(x).unflatten(-1, (3, self.heads, -1)).movedim(2, 0).transpose(2, 3)
        )  # (N, heads, L, D / heads)
        if cache is None:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            k, v = (torch.cat(pair, dim=2) for pair in zip(cache, (k, v), strict=True))  # (N, heads, S + L, …)
            seen = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril(k.shape[2] - q.shape[2])
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.out(mixed.transpose(1, 2).flatten(2)), (k, v)


@torch.no_grad()
def windowed_loss(model: Transformer, ids: torch.Tensor, together: int = 64) -> float:
    """The mean loss on a text (T,), in nats per character, each prediction with half a context or more before it.

    Windows of a whole context begin every half context. Of each the second half counts, of the first the whole.

    Raises:
        ValueError: the context is odd, or the text has no prediction.
    """
    if model.context % 2 or len(ids) < 2:
        raise ValueError(
            f"the context is {model.context} and the text has {len(ids)} characters, expected an even context and 2 characters"
        )
    ids, half = ids.to(next(model.parameters()).device), model.context // 2
    starts = range(0, max(1, len(ids) - 1 - half), half)
    total = 0.0
    windows = [(ids[start : start + model.context + 1], 0 if start == 0 else half) for start in starts]
    full = [window for window in windows[1:] if len(window[0]) == model.context + 1]
    rest = [windows[0], *(window for window in windows[1:] if len(window[0]) != model.context + 1)]
    batches = [torch.stack([ids for ids, _ in full[at : at + together]]) for at in range(0, len(full), together)]
    with evaluating(model):
        for batch, skipped in [*((batch, half) for batch in batches), *((ids[None], skipped) for ids, skipped in rest)]:
            logits, _ = model(batch[:, :-1])
            total += F.cross_entropy(
                logits[:, skipped:].flatten(0, 1).float(), batch[:, 1 + skipped :].flatten(), reduction="sum"
            ).item()
    return total / (len(ids) - 1)
