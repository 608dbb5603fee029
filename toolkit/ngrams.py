"""Characters counted: what a table of the last few characters knows of the next one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from copy import copy

__all__ = ["NGrams", "bits_of"]


class NGrams:
    """How often each character follows each run of up to `order` − 1 characters, mixed after Witten and Bell (1991).

    Order 0 says that every character is equally likely, order 1 counts characters, order 2 looks at one before, and so on.
    A run that was followed by k different characters in n places gives k / (n + k) of its say to the run that is one
    shorter.

    Args:
        text: the text that is counted.
        order: the longest run, the next character included.
        characters: all characters that there may be.

    Raises:
        ValueError: the order is below 0, there are no characters, or the text has others.
    """

    def __init__(self, text: str, order: int, characters: Sequence[str]):
        if order < 0:
            raise ValueError(f"order is {order}, expected 0 or more")
        if not characters:
            raise ValueError("there are no characters, expected one at least: is the text empty?")
        self.order = order
        self.characters = frozenset(characters)
        self.uniform = 1 / len(self.characters)
        self.expect_known(text)
        self.followers: dict[str, Counter[str]] = defaultdict(Counter)
        for length in range(order):
            for place in range(length, len(text)):
                self.followers[text[place - length : place]][text[place]] += 1

    @property
    def entries(self) -> int:
        """How many counts the table holds."""
        return sum(len(counts) for run, counts in self.followers.items() if len(run) < self.order)

    def shorter(self, order: int) -> NGrams:
        """The table of a lower order. Its counts are among those of this one, so nothing is counted again.

        Raises:
            ValueError: the order is below 0 or above that of this table.
        """
        if not 0 <= order <= self.order:
            raise ValueError(f"order is {order}, expected 0 to {self.order}: longer runs were not counted")
        table = copy(self)
        table.order = order
        return table

    def expect_known(self, text: str) -> None:
        """Raises ValueError where the text has a character that there may not be."""
        if strange := set(text) - self.characters:
            raise ValueError(f"{min(strange)!r} is not among the {len(self.characters)} characters that there may be")

    def probability(self, character: str, before: str) -> float:
        """How likely the character is after the text `before`."""
        share = self.uniform
        for length in range(min(self.order, len(before) + 1)):
            counts = self.followers.get(before[len(before) - length :])
            if counts is None:  # a longer run wasn't seen either
                return share
            total, kinds = counts.total(), len(counts)
            share = (counts[character] + kinds * share) / (total + kinds)
        return share


def bits_of(model: NGrams, text: str) -> float:
    """The mean of −log₂ p over the characters of a text but the first, in bits per character.

    Raises:
        ValueError: the text has fewer than two characters, or one that there may not be.
    """
    if len(text) < 2:
        raise ValueError(f"the text has {len(text)} characters, expected 2 at least: the first is not predicted")
    model.expect_known(text)
    total = 0.0
    for place in range(1, len(text)):
        before = text[max(0, place - model.order + 1) : place] if model.order > 1 else ""
        total -= math.log2(model.probability(text[place], before))
    return total / (len(text) - 1)
