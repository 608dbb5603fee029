"""What one sentence is written with: the draws, the numbers of its meanings, and what stood together in it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

from toolkit.bilingual.lexicon import ADJECTIVES, NOUNS, VERBS, Adjective, Noun, Verb

__all__ = ["Pen", "is_held_out"]

HELD_OUT = 7  # one in so many combinations stands only among the unseen
Named = TypeVar("Named", Adjective, Noun, Verb)
Option = TypeVar("Option")
_NUMBERS = {id(word): number for words in (NOUNS, ADJECTIVES, VERBS) for number, word in enumerate(words)}


def is_held_out(word: Adjective | Verb, noun: Noun) -> bool:
    """Whether this adjective never qualifies this noun, or this verb never has it as its object, but among the unseen."""
    return (_NUMBERS[id(word)] + 3 * _NUMBERS[id(noun)]) % HELD_OUT == 0


def _parted(words: Iterable[Named], word: Adjective | Verb | Noun) -> tuple[list[Named], list[Named]]:
    """The words that go with it, those seen and those held out."""
    parts: tuple[list[Named], list[Named]] = [], []
    for other in words:
        both = (word, other) if isinstance(other, Noun) else (other, word)
        parts[is_held_out(*both)].append(other)
    return parts


def held_out(combination: tuple[str, str]) -> bool:
    """The same by the English words of `Pen.combinations`."""
    return combination in _HELD_OUT


_ADJECTIVES = {
    noun.english: _parted([adjective for adjective in ADJECTIVES if adjective.tags & noun.tags], noun) for noun in NOUNS
}
_OBJECTS = {verb.name: _parted([noun for noun in NOUNS if verb.objects & noun.tags], verb) for verb in VERBS}
_VERBS = {noun.english: _parted([verb for verb in VERBS if verb.objects & noun.tags], noun) for noun in NOUNS}
_HELD_OUT = frozenset(
    (word, noun.english)
    for table, named in ((_ADJECTIVES, True), (_VERBS, False))
    for noun in NOUNS
    for other in table[noun.english][1]
    for word in [other.english if named else other.name]
)


class Pen:
    """Writes one sentence.

    Args:
        rng: where every choice comes from.
        unseen: whether combinations that are held out are taken, where there are any.
    """

    def __init__(self, rng: random.Random, unseen: bool = False):
        self.random, self.unseen = rng.random, unseen
        self.kinds: set[str] = set()
        self.combinations: set[tuple[str, str]] = set()
        self.nouns: list[Noun] = []
        self.timed = False  # whether it says when or how often
        self._verbs: set[str] = set()
        self._said: set[tuple[str, str]] = set()  # of which noun something of which group was said
        self.past = self.chance(0.45)  # whether its verbs are in the past, where they can
        self.plural = False  # whether something plural was named, so that "they" might mean it
        self._units = 0

    def unit(self) -> int:
        """A number for a meaning that has none yet."""
        self._units += 1
        return self._units

    # random.random is the one draw that Python promises to keep the same between versions
    def chance(self, share: float) -> bool:
        return self.random() < share

    def pick(self, options: Sequence[Option]) -> Option:
        return options[int(self.random() * len(options))]

    def noun(self, options: Sequence[Noun]) -> Noun:
        """One of them, which the sentence hasn't named yet if a few draws find such a one."""
        noun = self.pick(options)
        for _ in range(5):
            if noun not in self.nouns:
                break
            noun = self.pick(options)
        self.nouns.append(noun)
        return noun

    def verb(self, options: Sequence[Verb]) -> Verb:
        """One of them, likewise."""
        verb = self.pick(options)
        for _ in range(5):
            if verb.name not in self._verbs:
                break
            verb = self.pick(options)
        self._verbs.add(verb.name)
        return verb

    def adjectives(self, noun: Noun) -> list[Adjective]:
        """Those that suit this noun, but for what was said of it already."""
        options = self._allowed(_ADJECTIVES[noun.english])
        return [one for one in options if (noun.english, one.group) not in self._said]

    def objects(self, verb: Verb) -> list[Noun]:
        """The nouns that this verb may have as its object."""
        return self._allowed(_OBJECTS[verb.name])

    def verbs(self, noun: Noun) -> list[Verb]:
        """Those that may have this noun as their object."""
        return self._allowed(_VERBS[noun.english])

    def combine(self, word: Adjective | Verb, noun: Noun) -> None:
        """Note that they stand together."""
        if isinstance(word, Adjective):
            self._said.add((noun.english, word.group))
        self.combinations.add((word.english if isinstance(word, Adjective) else word.name, noun.english))

    def _allowed(self, parts: tuple[list[Named], list[Named]]) -> list[Named]:
        seen, held_out = parts
        return held_out if self.unseen and held_out and self.chance(0.6) else seen
