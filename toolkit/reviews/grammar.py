"""The grammar's machine: it expands patterns, puts the story around the verdict, and holds combinations out."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from toolkit.reviews.lexicon import ASPECT_NOUNS, ASPECTS, EVALUATIVE, PEOPLE, PEOPLE_WORDS, PLACES, THING_WORDS, THINGS
from toolkit.reviews.stories import BEFORE, CLOSINGS, FACTS, MEETINGS, MIDDLES, OPENINGS
from toolkit.reviews.verdicts import FAMILIES, PHRASES, SHARES

__all__ = ["Draft", "compose", "is_held_out"]

SHORTEST = 5  # words
HELD_OUT = 4  # one in so many words is held out of a family
# what share of the reviews has at most so many words; straight lines between
LENGTHS = ((0.0, 5), (0.25, 20), (0.5, 45), (0.75, 100), (0.9, 200), (1.0, 375))
# where the verdict stands: at the end, at the start, anywhere
AT_END, AT_START = 0.4, 0.25
BREAK = 0.1  # how often a paragraph ends

SLOT = re.compile(r"\{([^}]*)\}")
ARTICLE = re.compile(r"\b([Aa])_ (\w)")
SENTENCE_START = re.compile(r"(^\W*|[.!?] \[?)([a-z])")
Pattern = tuple[str, ...]


@dataclass
class Draft:
    """A review in the making.

    Attributes:
        label: 1 where it speaks for the film, else 0.
        family: what decides: the key of the verdict's pattern in `FAMILIES`.
        pattern: the verdict's pattern.
        text: the review.
        decisive: the words of the text that decide.
        fillers: the words that praise or blame in the verdict's sentence.
    """

    label: int
    family: str
    pattern: str
    text: str = ""
    decisive: str = ""
    fillers: list[str] = field(default_factory=list)


def compose(rng: random.Random, label: int, unseen: bool = False) -> Draft:
    """Write one review with a given label.

    Args:
        rng: where every choice comes from.
        label: 1 for a review that speaks for the film, 0 for one that speaks against it.
        unseen: whether every word that praises or blames in the verdict is one that is held out of its family.
    """
    family = _weighted(rng)
    draft = Draft(label, family, _pick(rng, FAMILIES[family]))
    room = _length(rng)
    place = rng.random()
    start = AT_END <= place < AT_END + AT_START
    sentence = _verdict(rng, draft, unseen, opens=start or room < 2 * SHORTEST)
    around = _surroundings(rng, room - _count(sentence))
    at = len(around) if place < AT_END else 0 if start else int(rng.random() * (len(around) + 1))
    _set(rng, draft, [*around[:at], sentence, *around[at:]])
    return draft


def _verdict(rng: random.Random, draft: Draft, unseen: bool, opens: bool) -> str:
    """The verdict's sentence, its decisive words in brackets; another draw where it came out too short."""
    for _ in range(99):
        draft.fillers.clear()
        sentence = _Writer(rng, draft, unseen, opens).write(draft.pattern)
        if _count(sentence) >= SHORTEST:
            return sentence
    raise ValueError(f"the pattern {draft.pattern!r} gives fewer than {SHORTEST} words each time: write a longer one")


def is_held_out(family: str, word: str) -> bool:
    """Whether a word that praises or blames never occurs in a verdict of this family but in the unseen reviews."""
    return (_PLACES[word] + list(FAMILIES).index(family)) % HELD_OUT == 0


_PLACES = {word: place for both in EVALUATIVE.values() for words in both for place, word in enumerate(words)}


def _allowed(family: str, kind: str, polarity: int, unseen: bool) -> tuple[str, ...]:
    return tuple(word for word in EVALUATIVE[kind][polarity] if is_held_out(family, word) == unseen)


_ALLOWED = {
    (family, kind, polarity, unseen): _allowed(family, kind, polarity, unseen)
    for family in FAMILIES
    for kind in EVALUATIVE
    for polarity in (0, 1)
    for unseen in (False, True)
}
_FREE = {**EVALUATIVE, "person": PEOPLE_WORDS, "thing": THING_WORDS}


class _Writer:
    """Fills the slots of one sentence, or of one story.

    Args:
        rng: where every choice comes from.
        draft: the review, where the sentence is its verdict; None for what stands around it.
        unseen: whether the verdict takes held-out words, or the others.
        opens: whether the verdict may say "it" of the film, since nothing else was spoken of.
    """

    def __init__(self, rng: random.Random, draft: Draft | None = None, unseen: bool = False, opens: bool = False):
        self.rng, self.draft, self.unseen = rng, draft, unseen
        self.film = "it" if opens else _pick(rng, ("this film", "the film"))
        self.used: list[str] = []
        if draft is None:
            self.cast = dict(zip("ABC", _several(rng, PEOPLE, 3), strict=True))
            self.thing = _pick(rng, THINGS)

    def write(self, pattern: str) -> str:
        """The sentence, with a capital, and with a or an."""
        sentence = ARTICLE.sub(_article, self._expand(pattern))
        return SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), sentence)

    def _expand(self, pattern: str, sign: str = "") -> str:
        parts = _PARTS.get(pattern) or _parts(pattern)
        words = list(parts)
        for i in range(1, len(parts), 2):
            words[i] = self._slot(parts[i].replace("*", sign))
        return "".join(words)

    def _slot(self, slot: str) -> str:
        name, sign = (slot[:-1], slot[-1]) if slot[-1] in "+-?" else (slot, "")
        if name in _FREE:
            return self._evaluative(name, sign)
        if name in PHRASES:
            return self._expand(_pick(self.rng, PHRASES[name]), sign)
        return SOURCES[name](self)

    def _evaluative(self, kind: str, sign: str) -> str:
        words = self._choices(kind, sign)
        word = next((w for w in (_pick(self.rng, words) for _ in range(9)) if w not in self.used), words[0])
        self.used.append(word)
        if self.draft:
            self.draft.fillers.append(word)
        return word

    def _choices(self, kind: str, sign: str) -> tuple[str, ...]:
        if self.draft is None:
            return _FREE[kind][self.rng.random() < 0.5]
        polarity = self.draft.label if sign == "+" else 1 - self.draft.label
        return _ALLOWED[self.draft.family, kind, polarity, self.unseen]

    def mention(self) -> str:
        """The story's thing, which one knows after its first mention."""
        thing, (_, name) = self.thing, self.thing.split(" ", 1)
        self.thing = f"the {name}"
        return thing

    def one_of(self, words: tuple[str, ...]) -> str:
        """One that this writer hasn't used yet."""
        word = next((w for w in (_pick(self.rng, words) for _ in range(9)) if w not in self.used), words[0])
        self.used.append(word)
        return word


# slots that neither praise nor blame
SOURCES: dict[str, Callable[[_Writer], str]] = {
    "it": lambda writer: writer.film,
    "It": lambda writer: writer.film,
    "aspect": lambda writer: writer.one_of(ASPECTS),
    "part_noun": lambda writer: writer.one_of(ASPECT_NOUNS),
    "A": lambda writer: writer.cast["A"],
    "B": lambda writer: writer.cast["B"],
    "C": lambda writer: writer.cast["C"],
    "P": lambda writer: writer.one_of(PLACES)[1],
    "in_P": lambda writer: " ".join(writer.one_of(PLACES)),
    "T": _Writer.mention,
}


def _parts(pattern: str) -> Pattern:
    """Text, slot, text, slot, …, text."""
    _PARTS[pattern] = tuple(SLOT.split(pattern))
    return _PARTS[pattern]


_PARTS: dict[str, Pattern] = {}


def _surroundings(rng: random.Random, room: int) -> list[str]:
    """Sentences of about so many words: where the film was seen, its story, and facts, in the order of telling."""
    if room < 5:
        return []
    if room < 12:
        return [_Writer(rng).write(_pick(rng, _pick(rng, (BEFORE, FACTS, OPENINGS))))]
    writer = _Writer(rng)
    told = [writer.write(_pick(rng, BEFORE))] if rng.random() < 0.3 else []
    told.append(writer.write(_pick(rng, OPENINGS)))
    room -= sum(map(_count, told))
    if room < 8:
        return told
    told.append(writer.write(_pick(rng, MEETINGS)))
    room -= _count(told[-1])
    for pattern in _several(rng, _MIDST, len(_MIDST)):
        if room < 18:
            break
        told.append(writer.write(pattern))
        room -= _count(told[-1])
    return [*told, writer.write(_pick(rng, CLOSINGS))] if room >= 8 else told


_MIDST = MIDDLES + FACTS


def _set(rng: random.Random, draft: Draft, sentences: list[str]) -> None:
    """Join the sentences, with a line break for a new paragraph here and there, and lift the decisive words out."""
    text = sentences[0]
    for sentence in sentences[1:]:
        text += ("<br /><br />" if rng.random() < BREAK else " ") + sentence
    start, end = text.index("["), text.index("]")
    draft.decisive = text[start + 1 : end]
    draft.text = text[:start] + draft.decisive + text[end + 1 :]


def _count(sentence: str) -> int:
    return sentence.count(" ") + 1 + sentence.count("-")


def _article(match: re.Match[str]) -> str:
    return f"{match[1]}{'n' if match[2].lower() in 'aeiou' else ''} {match[2]}"


def _weighted(rng: random.Random) -> str:
    """A family, as often as its share says."""
    point = rng.random() * sum(SHARES.values())
    for family, share in SHARES.items():
        point -= share
        if point < 0:
            return family
    return family


def _length(rng: random.Random) -> int:
    point = rng.random()
    (low, short), (high, long) = next(pair for pair in pairwise(LENGTHS) if point <= pair[1][0])
    return int(short + (long - short) * (point - low) / (high - low))


# random.random is the one draw that Python promises to keep the same between versions
def _pick(rng: random.Random, options: tuple) -> object:
    return options[int(rng.random() * len(options))]


def _several(rng: random.Random, options: tuple[str, ...], number: int) -> list[str]:
    """So many different ones, in random order."""
    left = list(options)
    return [left.pop(int(rng.random() * len(left))) for _ in range(number)]
