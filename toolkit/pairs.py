"""Pairs of an English sentence and its French translation, and how they become batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch

__all__ = ["BOS", "EOS", "PAD", "UNK", "Batch", "Lexicon", "Pair", "batch_of"]

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")


class Pair(NamedTuple):
    """One sentence in two languages.

    Attributes:
        english, french: the tokens of both, as `toolkit.sentences.tokenize` cuts them.
        links: which words say the same, as pairs (place in the English, place in the French), both from 0; None where
            nobody knows, as with real sentences.
    """

    english: tuple[str, ...]
    french: tuple[str, ...]
    links: frozenset[tuple[int, int]] | None = None


class Batch(NamedTuple):
    """Sentences as a network reads them.

    Attributes:
        src: (N, S), int64: the words of each English sentence, EOS, then padding.
        lengths: (N,), int64, on the CPU: words and EOS.
        tgt: (N, T), int64: the same of the French sentence.
    """

    src: torch.Tensor
    lengths: torch.Tensor
    tgt: torch.Tensor


class Lexicon:
    """The words of one language and their ids: 0 to 3 are `<pad>`, `<unk>`, `<bos>` and `<eos>`, frequent words come first.

    Args:
        sentences: lists of tokens.
        min_freq: a word that stands there less often is unknown.
    """

    def __init__(self, sentences: Iterable[Sequence[str]], min_freq: int = 1):
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = sorted((word for word in counts if counts[word] >= min_freq), key=lambda word: (-counts[word], word))
        self.words = [*SPECIAL, *kept]
        self.index = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Iterable[str]) -> list[int]:
        """The ids of the words, and EOS behind them. Unknown words are 1."""
        return [*(self.index.get(word, UNK) for word in words), EOS]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words before the first EOS; padding is left out."""
        words = []
        for number in ids:
            if int(number) == EOS:
                break
            if int(number) != PAD:
                words.append(self.words[int(number)])
        return words

    def unknown(self, words: Iterable[str]) -> list[str]:
        """The words that have no id of their own."""
        return [word for word in words if word not in self.index]


def batch_of(pairs: Sequence[Pair], english: Lexicon, french: Lexicon, device: torch.device | str = "cpu") -> Batch:
    """Ids of these pairs, padded to the longest of each language. Lengths stay on the CPU.

    Raises:
        ValueError: there are no pairs.
    """
    if not pairs:
        raise ValueError("there are no pairs, expected at least one")
    sources = [english.encode(pair.english) for pair in pairs]
    targets = [french.encode(pair.french) for pair in pairs]
    lengths = torch.tensor([len(ids) for ids in sources], dtype=torch.int64, device="cpu")
    return Batch(_padded(sources).to(device), lengths, _padded(targets).to(device))


def _padded(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows], dtype=torch.int64)
