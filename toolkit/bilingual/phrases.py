"""Noun phrases and pronouns: articles, adjectives on either side of the noun, owners, parts, places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from toolkit.bilingual.lexicon import ADJECTIVES, DETERMINERS, NOUNS, PLACES, Adjective, Noun
from toolkit.bilingual.pen import Pen
from toolkit.bilingual.words import Word, begins_with_vowel, words

__all__ = ["NounPhrase", "Phrase", "again", "linked", "noun_phrase", "nouns_with", "place", "pronoun", "qualified"]

SUBJECTS = {"i": "je", "he": "il", "she": "elle", "they": "ils"}
OBJECTS = {"me": "me", "him": "le", "her": "la", "them": "les", "us": "nous"}
RECIPIENTS = {"me": "me", "him": "lui", "her": "lui", "them": "leur", "us": "nous"}
PARTS = {"door": "house castle school church hotel", "window": "house school castle church hotel",
         "roof": "house school castle church hotel"}  # fmt: skip
MOODS = [adjective for adjective in ADJECTIVES if "person" in adjective.tags]


@dataclass(slots=True)
class Phrase:
    """The same in two languages."""

    english: list[Word]
    french: list[Word]

    def __add__(self, other: Phrase) -> Phrase:
        return Phrase(self.english + other.english, self.french + other.french)

    def __len__(self) -> int:
        return len(self.english)


@dataclass(slots=True)
class NounPhrase:
    """What a verb agrees with. `noun` is None for a pronoun, `first` is "I"; `both` are two nouns with
    "and" between them, of which nothing is said that would fit one alone."""

    phrase: Phrase
    noun: Noun | None = None
    plural: bool = False
    feminine: bool = False
    first: bool = False
    both: bool = False

    @property
    def tags(self) -> frozenset[str]:
        return self.noun.tags if self.noun else frozenset({"person"})

    def __len__(self) -> int:
        return len(self.phrase)


@cache
def nouns_with(tags: frozenset[str]) -> tuple[Noun, ...]:
    """The nouns that have one of these tags."""
    return tuple(noun for noun in NOUNS if noun.tags & tags)


def noun_phrase(pen: Pen, noun: Noun, room: int, role: str = "object", denied: bool = False) -> NounPhrase:
    """A noun with what qualifies it.

    Args:
        noun: the noun.
        room: how many English words it may have, at least 2.
        role: "subject", "object", "known" for one that isn't just any, or "place" for the one where something is.
        denied: whether it is the direct object of a verb that is denied, so that `un` and `des` become `de`.
    """
    plural = bool(noun.english_plural) and role != "place" and pen.chance(0.35)
    unit = pen.unit()
    pen.plural |= plural
    core = _core(pen, noun, plural, unit, room)
    if room >= len(core) + 3 and pen.chance(0.4):
        if "part" in noun.tags and room >= len(core) + 4:
            core = _part_of(pen, noun, core, unit, plural)
            return NounPhrase(core, noun, plural, noun.feminine)
        if noun.tags & {"kept", "clothes", "text", "goods", "owned"}:
            return NounPhrase(_owned(pen, core, plural, noun.feminine), noun, plural, noun.feminine)
    article = _determiner(pen, noun, plural, role, denied, unit, core)
    return NounPhrase(article + core, noun, plural, noun.feminine)


def _core(pen: Pen, noun: Noun, plural: bool, unit: int, room: int) -> Phrase:
    """The noun and its adjectives."""
    chosen: list[Adjective] = []
    if room >= 3 and pen.chance(0.65):
        chosen = _adjectives(pen, noun, two=room >= 4 and pen.chance(0.45))
    before = [adjective for adjective in chosen if adjective.before]
    units = {adjective.english: pen.unit() for adjective in chosen}
    english = [Word(adjective.english, (units[adjective.english],)) for adjective in chosen]
    french = [Word(_form(adjective, noun, plural), (units[adjective.english],)) for adjective in before]
    french.append(Word(noun.french_plural if plural else noun.french, (unit,)))
    for adjective in chosen:
        pen.combine(adjective, noun)
        pen.kinds.add("adjective before the noun" if adjective.before else "adjective after the noun")
        if not adjective.before:
            french.append(Word(adjective.form(noun.feminine, plural), (units[adjective.english],)))
    english.append(Word(noun.english_plural if plural else noun.english, (unit,)))
    return Phrase(english, french)


def _adjectives(pen: Pen, noun: Noun, two: bool) -> list[Adjective]:
    """One that suits the noun, or one of size, age or worth and a colour or nation behind it."""
    options = pen.adjectives(noun)
    if not options:
        return []
    one = pen.pick(options)
    second = (
        [other for other in pen.adjectives(noun) if other.group in ("colour", "nation")] if two and one.before else []
    )
    return [one, pen.pick(second)] if second else [one]


def _form(adjective: Adjective, noun: Noun, plural: bool) -> str:
    if not plural and not noun.feminine and begins_with_vowel(noun.french):
        return adjective.liaison
    return adjective.form(noun.feminine, plural)


def _determiner(pen: Pen, noun: Noun, plural: bool, role: str, denied: bool, unit: int, core: Phrase) -> Phrase:
    name = _article(pen, noun, plural, role, denied)
    one, more, masculine, feminine, several = DETERMINERS[name]
    english, french = (more, several) if plural else (one, feminine if noun.feminine else masculine)
    own = (pen.unit(),) if english else (unit,)
    if name == "a" and (denied or (plural and core.french[0].units != (unit,))):
        french = "de"  # «pas de pomme», «de petites pommes»
    return Phrase([Word(english, own)] if english else [], [Word(french, own)])


def _article(pen: Pen, noun: Noun, plural: bool, role: str, denied: bool) -> str:
    point = pen.random()
    if role == "object" and point < 0.45:
        return "a"
    if role == "subject" and not plural and point < 0.2:
        return "a"
    if point < 0.8:
        return "the"
    if plural and not denied and role != "known" and point < 0.9:
        return pen.pick(("two", "three"))
    return _pointing(pen, noun)


def _pointing(pen: Pen, noun: Noun) -> str:
    return "this" if "free" in noun.tags else pen.pick(("this", "my", "his", "her"))


def _owned(pen: Pen, core: Phrase, plural: bool, feminine: bool) -> Phrase:
    """`the baker's cat`, `le chat du boulanger`."""
    pen.kinds.add("owner")
    unit = pen.unit()
    owner = pen.noun(nouns_with(frozenset({"person"})))
    held = _singular(pen, owner)
    article = "les" if plural else "la" if feminine else "le"
    french = [Word(article, (unit,)), *core.french, Word("de", (unit,)), *held.french]
    return Phrase([*held.english, Word("'s", (unit,)), *core.english], french)


def _part_of(pen: Pen, noun: Noun, core: Phrase, unit: int, plural: bool) -> Phrase:
    """`the door of the house`, `la porte de la maison`."""
    whole = pen.pick(PARTS[noun.english].split())
    held = _singular(pen, next(noun for noun in NOUNS if noun.english == whole))
    the, of = pen.unit(), pen.unit()
    article = "les" if plural else "la" if noun.feminine else "le"
    return Phrase(
        [Word("the", (the,)), *core.english, Word("of", (of,)), *held.english],
        [Word(article, (the,)), *core.french, Word("de", (of,)), *held.french],
    )


def _singular(pen: Pen, noun: Noun) -> Phrase:
    """One that is known: `the baker`, `my house`."""
    english, _, masculine, feminine, _ = DETERMINERS["the" if pen.chance(0.75) else _pointing(pen, noun)]
    article, unit = pen.unit(), pen.unit()
    french = feminine if noun.feminine else masculine
    return Phrase(
        [Word(english, (article,)), Word(noun.english, (unit,))], [Word(french, (article,)), Word(noun.french, (unit,))]
    )


def place(pen: Pen, of: NounPhrase, room: int) -> Phrase:
    """Where something is: a preposition and a noun, of 3 words or more."""
    room = max(room, 3)
    tags = _spots(of.tags)
    english, french, tag = pen.pick([row for row in PLACES if row[2] in tags and len(row[0]) + 2 <= room])
    noun = pen.noun(_grounds(tag, "sight" in of.tags))
    unit = pen.unit()
    where = noun_phrase(pen, noun, room - len(english), "place")
    return Phrase(words(english, unit), words(french, unit)) + where.phrase


def _spots(tags: frozenset[str]) -> tuple[str, ...]:
    """Where such a thing can be: houses stand beside something, people don't sit under chairs."""
    if tags & {"sight", "part", "by", "under"}:
        return ("by",)
    return ("inside", "by", "shade" if "person" in tags else "under")


@cache
def _grounds(tag: str, beside: bool) -> tuple[Noun, ...]:
    """What something can be near or in; a house isn't beside a table."""
    return tuple(noun for noun in nouns_with(frozenset({tag})) if not beside or "sight" in noun.tags)


def pronoun(pen: Pen, role: str, options: tuple[str, ...]) -> NounPhrase:
    """A pronoun that needs no noun before it; `role` is "subject", "object" or "recipient"."""
    table = {"subject": SUBJECTS, "object": OBJECTS, "recipient": RECIPIENTS}[role]
    english = pen.pick(options)
    phrase = linked(pen, english, table[english])
    return NounPhrase(phrase, None, english in ("they", "them", "us"), english in ("she", "her"), english == "i")


def again(pen: Pen, of: NounPhrase, role: str) -> NounPhrase:
    """The pronoun for what was named, "subject" or "object": `it` is `il` for a cat and `elle` for a mouse."""
    person, subject = of.noun is None or of.noun.is_person, role == "subject"
    if of.plural:
        english, french = ("they", "elles" if of.feminine else "ils") if subject else ("them", "les")
    else:
        english = ("she" if subject else "her") if of.feminine else ("he" if subject else "him")
        french = ("elle" if subject else "la") if of.feminine else ("il" if subject else "le")
        english = english if person else "it"
    return NounPhrase(linked(pen, english, french), of.noun, of.plural, of.feminine)


def qualified(pen: Pen, of: NounPhrase, room: int, moods: bool = False) -> Phrase | None:
    """Adjectives that something is said to be: one, or two with "and" between them; None where none suits."""
    options = pen.adjectives(of.noun) if of.noun else MOODS
    options = [one for one in options if one.english != "new" and (one.group == "mood" or not moods)]
    if not options:
        return None
    said = [pen.pick(options)]
    if room >= 3 and pen.chance(0.4):
        others = [adjective for adjective in options if adjective.group != said[0].group]
        said += [pen.pick(others)] if others else []
    phrases = [linked(pen, adjective.english, adjective.form(of.feminine, of.plural)) for adjective in said]
    for adjective in said:
        if of.noun:
            pen.combine(adjective, of.noun)
    return phrases[0] if len(said) == 1 else phrases[0] + linked(pen, "and", "et") + phrases[1]


def linked(pen: Pen, english: str, french: str) -> Phrase:
    unit = pen.unit()
    return Phrase([Word(english, (unit,))], [Word(french, (unit,))])
