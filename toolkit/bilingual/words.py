"""Words with what they mean, and how neighbours change each other: a and an, le and l', de le and du."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from toolkit.bilingual.lexicon import ASPIRATED
from toolkit.pairs import Pair

__all__ = ["Word", "begins_with_vowel", "pair_of", "words"]

VOWELS = frozenset("aàâeéèêiîïoôuûœh")
ENGLISH_VOWELS = frozenset("aeiou")  # no word of the lexicon begins like "hour" or "university"
BEFORE_VOWEL = {
    "le": "l'", "la": "l'", "de": "d'", "ne": "n'", "je": "j'", "me": "m'", "que": "qu'",
    "ce": "cet", "ma": "mon", "sa": "son",
}  # fmt: skip
CONTRACTED = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}


class Word(NamedTuple):
    """A word and the numbers of what it says. Words of two languages that share a number are linked."""

    text: str
    units: tuple[int, ...]


def words(texts: Iterable[str], *units: int) -> list[Word]:
    """Words that say the same together."""
    return [Word(text, units) for text in texts]


def pair_of(english: list[Word], french: list[Word]) -> Pair:
    """The two sentences, as their words sound side by side, with their links."""
    english, french = _with_an(english), _contracted(_elided(french))
    places: dict[int, list[int]] = {}
    for place, word in enumerate(french):
        for unit in word.units:
            places.setdefault(unit, []).append(place)
    links = ((place, there) for place, word in enumerate(english) for unit in word.units for there in places[unit])
    return Pair(tuple([word.text for word in english]), tuple([word.text for word in french]), frozenset(links))


def begins_with_vowel(word: str) -> bool:
    """Whether a French word binds the one before it: `l'homme`, but `le héros`."""
    return word[0] in VOWELS and word not in ASPIRATED


def _with_an(english: list[Word]) -> list[Word]:
    return [
        Word("an", word.units) if word.text == "a" and after.text[0] in ENGLISH_VOWELS else word
        for word, after in zip(english, [*english[1:], english[-1]], strict=True)
    ]


def _elided(french: list[Word]) -> list[Word]:
    return [
        Word(BEFORE_VOWEL[word.text], word.units)
        if word.text in BEFORE_VOWEL and begins_with_vowel(after.text)
        else word
        for word, after in zip(french, [*french[1:], french[-1]], strict=True)
    ]


def _contracted(french: list[Word]) -> list[Word]:
    out: list[Word] = []
    for word in french:
        before = out[-1] if out else word
        if (before.text, word.text) in CONTRACTED:
            out[-1] = Word(CONTRACTED[before.text, word.text], before.units + word.units)
        else:
            out.append(word)
    return out
