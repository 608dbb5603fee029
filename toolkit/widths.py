"""What a wider beam costs and gains, and decoders on which it ends lower than a narrow one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import torch
from torch import nn

from toolkit.answering import exact, translations
from toolkit.bleu import bleu
from toolkit.pairs import EOS, Lexicon, Pair
from toolkit.sentences import detokenize

__all__ = ["RandomDecoders", "ends_lower", "reads", "width_by_width"]


class RandomDecoders(nn.Module):
    """Decoders that say at random how likely each word is, each its own: row n of a batch is decoder n.

    What comes next depends on the step and on the word before: logits are drawn from a normal distribution, once. The
    state holds the decoder's number and the step. Sources say nothing; memory and weights are zeros.

    Args:
        count: how many.
        steps: after that many the words repeat.
        words: V, the four special ones among them.
        spread: standard deviation of the logits.
        seed: of the draws.
    """

    def __init__(self, count: int, steps: int, words: int, spread: float = 1.0, seed: int = 0):
        super().__init__()
        drawn = torch.randn(count, steps, words, words, generator=torch.Generator().manual_seed(seed))
        self.logits = nn.Parameter(spread * drawn, requires_grad=False)
        self.decoder = SimpleNamespace(step=self.step)  # a module that held itself would never come to an end

    def encoder(self, src: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Memory (N, S, 2) and a state (N, 2)."""
        number = torch.arange(len(src), dtype=self.logits.dtype)
        return torch.zeros(*src.shape, 2), torch.stack([number, torch.zeros_like(number)], dim=1)

    def step(self, token, state, memory, mask):
        """As in task 5.3."""
        number, step = state.long().unbind(dim=1)
        logits = self.logits[number, step.clamp(max=self.logits.shape[1] - 1), token]
        return logits, state + state.new_tensor([0, 1]), torch.zeros_like(mask, dtype=state.dtype)


def ends_lower(beam_search: Callable, decoders: RandomDecoders, narrow: int, wide: int, max_length: int) -> list[tuple]:
    """The decoders for which the wide beam ends with a lower score than the narrow one.

    Returns:
        (number, what the narrow beam found, its score, what the wide one found, its score) of each.
    """
    count = len(decoders.logits)
    src, lengths = torch.full((count, 1), EOS), torch.ones(count, dtype=torch.int64)
    (low, low_scores), (high, high_scores) = (
        beam_search(decoders, src, lengths, max_length, width) for width in (narrow, wide)
    )
    low_scores, high_scores = (torch.as_tensor(scores) for scores in (low_scores, high_scores))
    places = (high_scores < low_scores - 1e-4).nonzero()[:, 0].tolist()
    return [(n, low[n], low_scores[n].item(), high[n], high_scores[n].item()) for n in places]


def width_by_width(
    model: nn.Module,
    beam_search: Callable,
    pairs: Sequence[Pair],
    english: Lexicon,
    french: Lexicon,
    widths: Sequence[int],
) -> list[dict]:
    """For each width the exact match, BLEU, the mean score and the seconds, and which sentences end lower than before."""
    rows, before = [], None
    for width in widths:
        start = time.perf_counter()
        said, scores = translations(model, _of_width(beam_search, width), [p.english for p in pairs], english, french)
        seconds = time.perf_counter() - start
        scores = torch.stack([torch.as_tensor(score) for score in scores]).cpu()
        references = [detokenize(pair.french, "fr") for pair in pairs]
        rows.append({"width": width, "exact match": 100 * exact(said, pairs).float().mean().item(),
                     "score": bleu(said, references).bleu, "log-probability": scores.mean().item(), "seconds": seconds,
                     "lower": 0 if before is None else int((scores < before - 1e-4).sum())})  # fmt: skip
        before = scores
    return rows


def reads(rows: Sequence[Sequence[int]]) -> list[str]:
    """Sentences of random decoders as letters: a for the first word behind the special ones."""
    return [
        "".join(chr(ord("a") + number - 4) if number > EOS else "·" for number in row) or "(nothing)" for row in rows
    ]


def _of_width(beam_search: Callable, width: int) -> Callable:
    return lambda model, src, lengths, longest: beam_search(model, src, lengths, longest, width)
