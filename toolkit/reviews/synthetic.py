"""The splits of the synthetic reviews."""

from __future__ import annotations

import random

from toolkit.data.reviews import Reviews
from toolkit.reviews.grammar import Draft, compose

__all__ = ["SPLITS", "drafts", "synthetic_reviews"]

# how many reviews each split has; those of the last hold combinations that the others never do
SPLITS = {"train": 4000, "validation": 1000, "test": 1000, "unseen": 1000}


def synthetic_reviews(seed: int = 0) -> dict[str, Reviews]:
    """Film reviews from the grammar, in four splits, half of each for the film and half against it.

    The label is the author's own verdict on the film as a whole; `decisive` holds the clause that gives it. In "unseen"
    every word of a verdict that praises or blames stands in a kind of sentence in which it never stands in the other
    splits: some adjectives, say, are denied there alone. No word of it is missing from "train".

    Args:
        seed: the same seed gives the same reviews on every machine.

    Returns:
        split → its reviews. No text stands there twice.
    """
    return {split: _reviews(rows) for split, rows in drafts(seed).items()}


def drafts(seed: int = 0) -> dict[str, list[Draft]]:
    """The same reviews, each with its pattern and the words that fill it."""
    rng = random.Random(seed)
    texts: set[str] = set()
    return {split: _fresh(rng, texts, number, split == "unseen") for split, number in SPLITS.items()}


def _fresh(rng: random.Random, texts: set[str], number: int, unseen: bool) -> list[Draft]:
    """So many reviews that aren't among the texts yet, the two labels taking turns; they join the texts."""
    rows: list[Draft] = []
    while len(rows) < number:
        draft = compose(rng, len(rows) % 2, unseen)
        if draft.text in texts:
            continue
        texts.add(draft.text)
        rows.append(draft)
    order = [(rng.random(), place) for place in range(number)]
    return [rows[place] for _, place in sorted(order)]


def _reviews(rows: list[Draft]) -> Reviews:
    return Reviews(
        "synthetic reviews",
        tuple(draft.text for draft in rows),
        tuple(draft.label for draft in rows),
        tuple(draft.decisive for draft in rows),
    )
