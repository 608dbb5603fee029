"""What a language model writes, and what can be measured of it: variety, words, repeats, and what is only copied."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn

from toolkit import stand_ins
from toolkit.modes import evaluating, single_steps

__all__ = ["Speech", "copied_runs", "known_words", "reaching", "repeats", "speak", "variety", "words_of"]

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


@dataclass(frozen=True)
class Speech:
    """What was written, and from how wide a choice.

    Attributes:
        texts: one for each row, without the prompt.
        entropy: of the distributions that were drawn from, their mean, in bits per character.
    """

    texts: list[str]
    entropy: float


@torch.no_grad()
def speak(
    model: nn.Module,
    vocabulary,
    prompt: str,
    length: int,
    rows: int = 1,
    temperature: float = 1.0,
    top_k: int | None = None,
    *,
    sample: Callable = stand_ins.sample,
    seed: int = 0,
) -> Speech:
    """Write several texts at once, all after the same prompt.

    Args:
        model: `model(ids, state)` gives logits (N, L, V) and the next state; read in evaluation mode.
        vocabulary: as in task 4.1.
        sample: a function as in task 4.5, which draws from logits (N, V).

    Raises:
        ValueError: the prompt is empty or has an unknown character, the length is below 1, or the logits hold NaN.
    """
    if not prompt or length < 1:
        raise ValueError(f"prompt is {prompt!r} and length {length}, expected one character at least of each")
    device = next(model.parameters()).device
    source = torch.Generator(device).manual_seed(seed)
    ids = torch.tensor(vocabulary.encode(prompt), device=device).expand(rows, -1)
    state, drawn, seen = None, [], []
    with evaluating(model), single_steps():
        for place in range(length):
            logits, state = model(ids, state)
            if logits[:, -1].isnan().any():
                raise ValueError(
                    f"the logits after {place} written characters hold NaN: has the model's training failed?"
                )
            seen.append(logits[:, -1])
            ids = sample(logits[:, -1], temperature, top_k, source)[:, None]
            drawn.append(ids)
    texts = [vocabulary.decode(row) for row in torch.cat(drawn, dim=1)]
    return Speech(texts, _entropy(torch.stack(seen), temperature, top_k))


def words_of(text: str) -> set[str]:
    """The words of a text, in lower case."""
    return set(WORD.findall(text.lower()))


def known_words(texts: Iterable[str], words: set[str]) -> float:
    """The share of written words that are among `words`. The last word of a text may be cut off and doesn't count."""
    found = [word for text in texts for word in WORD.findall(text.lower())[:-1]]
    return sum(word in words for word in found) / len(found) if found else float("nan")


def repeats(texts: Iterable[str], run: int = 20) -> float:
    """The share of places at which the next `run` characters stand earlier in the same text already."""
    again = total = 0
    for text in texts:
        seen: set[str] = set()
        for place in range(len(text) - run + 1):
            piece = text[place : place + run]
            again += piece in seen
            seen.add(piece)
        total += max(0, len(text) - run + 1)
    return again / total if total else float("nan")


def variety(speech: Speech, words: set[str]) -> dict[str, float]:
    """What a speech is like: bits per character to choose from, % of its words that are among `words`, % that is repeated."""
    return {
        "entropy": speech.entropy,
        "known words": 100 * known_words(speech.texts, words),
        "repeats": 100 * repeats(speech.texts),
    }


def copied_runs(text: str, source: str) -> list[int]:
    """For each place of a text, how many characters from there on stand in the source word for word.

    A run can be at most one shorter than that of the place before, so each search begins where the last one ended.
    """
    runs, length = [], 0
    for place in range(len(text)):
        length = max(0, length - 1)
        while place + length < len(text) and text[place : place + length + 1] in source:
            length += 1
        runs.append(length)
    return runs


def reaching(runs: Iterable[int], lengths: Iterable[int]) -> list[float]:
    """The share of places, in %, from which a run of at least so many characters is copied; NaN where there are none."""
    runs = list(runs)
    return [100 * sum(run >= length for run in runs) / len(runs) if runs else float("nan") for length in lengths]


def _entropy(logits: torch.Tensor, temperature: float, top_k: int | None) -> float:
    """Bits of the distributions that are drawn from, the mean over places and rows (length, N)."""
    if temperature == 0:
        return 0.0
    shares = (logits.double() / temperature).sort(dim=-1, descending=True).values[..., :top_k].softmax(dim=-1)
    return torch.special.entr(shares).sum(dim=-1).mean().item() / math.log(2)
