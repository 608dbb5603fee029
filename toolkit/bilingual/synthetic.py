"""The splits of the synthetic pairs."""

from __future__ import annotations

import random

from toolkit.bilingual.grammar import Draft, compose, length
from toolkit.bilingual.pen import held_out
from toolkit.pairs import Pair

__all__ = ["SPLITS", "drafts", "synthetic_pairs"]

# how many pairs each split has
SPLITS = {"train": 20000, "validation": 1000, "test": 1000, "unseen": 1000, "long": 500}
LONGEST = 20  # tokens of either sentence, where it isn't "long"
LONG = range(LONGEST + 1, 36)


def synthetic_pairs(seed: int = 0) -> dict[str, tuple[Pair, ...]]:
    """English sentences with their French translations from the grammar, in five splits, each with its word alignment.

    No English sentence stands there twice, and each has one translation. In "unseen" every sentence has an adjective with
    a noun, or a verb with its object, that never stand together in the other splits. The sentences of "long" have more
    tokens, in both languages, than any other. Every word is in "train".

    Args:
        seed: the same seed gives the same pairs on every machine.
    """
    return {split: tuple(draft.pair for draft in rows) for split, rows in drafts(seed).items()}


def drafts(seed: int = 0) -> dict[str, list[Draft]]:
    """The same pairs, each with its constructions and combinations."""
    rng = random.Random(seed)
    known: set[tuple[str, ...]] = set()
    rows = {"train": _fresh(rng, known, "train")}
    words = {word for draft in rows["train"] for word in draft.pair.english + draft.pair.french}
    rest = {split: _fresh(rng, known, split, words) for split in SPLITS if split != "train"}
    return rows | rest


def _fresh(rng: random.Random, known: set[tuple[str, ...]], split: str, words: set[str] | None = None) -> list[Draft]:
    """A split's drafts, made of these words, if any are given. Their English isn't known yet; it is known afterwards."""
    rows: list[Draft] = []
    while len(rows) < SPLITS[split]:
        room = 22 + int(rng.random() * 10) if split == "long" else length(rng)
        draft = compose(rng, room, split == "unseen")
        if draft.pair.english in known or not _belongs(draft, split, words):
            continue
        known.add(draft.pair.english)
        rows.append(draft)
    return rows


def _belongs(draft: Draft, split: str, words: set[str] | None) -> bool:
    if words and not words.issuperset(draft.pair.english + draft.pair.french):
        return False
    lengths = len(draft.pair.english), len(draft.pair.french)
    if split == "long":
        return all(length in LONG for length in lengths)
    return max(lengths) <= LONGEST and (split != "unseen" or any(map(held_out, draft.combinations)))
