"""Clauses: a subject, a verb that suits it, what the verb takes, and relative clauses on either."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from toolkit.bilingual.lexicon import BE, MODALS, VERBS, Noun, Verb
from toolkit.bilingual.pen import Pen
from toolkit.bilingual.phrases import (
    NounPhrase,
    Phrase,
    linked,
    noun_phrase,
    nouns_with,
    place,
    pronoun,
    qualified,
)
from toolkit.bilingual.verbs import ADVERBS, Mood, Predicate, predicate
from toolkit.bilingual.words import Word, words

__all__ = [
    "THINGS",
    "Clause",
    "clause",
    "clause_of",
    "doing",
    "moves",
    "subject_of",
    "tenses_of",
    "to_object",
    "verb_phrase",
]

PEOPLE, THINGS = frozenset({"person"}), frozenset({"food", "text", "clothes", "goods", "sight", "part"})
ANIMALS = frozenset({"animal"})
TIMES = {
    "present": ((("every", "day"), ("chaque", "jour")), (("every", "evening"), ("chaque", "soir"))),
    "past": ((("yesterday",), ("hier",)), (("this", "morning"), ("ce", "matin"))),
}


class Clause:
    """A clause with its subject apart, so that a question can be made of it.

    Attributes:
        predicate: the verb's words.
        complement: what stands behind them.
        direct: the object, where it is a noun.
        mood, verb: how the verb is said, and which it is.
    """

    def __init__(self, verb: Verb, mood: Mood, said: Predicate, complement: Phrase, direct: NounPhrase | None = None):
        self.verb, self.mood, self.predicate, self.complement, self.direct = verb, mood, said, complement, direct

    @property
    def behind(self) -> Phrase:
        """All that stands behind the subject."""
        return Phrase(self.predicate.english, self.predicate.french) + self.complement

    def with_subject(self, subject: NounPhrase) -> Phrase:
        front = Phrase(self.predicate.front, self.predicate.opener)
        return front + subject.phrase + self.behind


def clause(pen: Pen, room: int, asks: bool = False) -> tuple[NounPhrase, Clause]:
    """A subject and its clause, of about so many English words."""
    subject = subject_of(pen, room)
    return subject, verb_phrase(pen, subject, room - len(subject), asks)


def clause_of(pen: Pen, room: int) -> Phrase:
    """The same as one phrase."""
    subject, rest = clause(pen, room)
    return rest.with_subject(subject)


def subject_of(pen: Pen, room: int) -> NounPhrase:
    """What a clause is about."""
    share = 1 if room < 4 else 1 + int(pen.random() * min(room - 2, 9))
    if share < 2:
        options = ("i", "he", "she") if pen.plural else ("i", "he", "she", "they")
        return pronoun(pen, "subject", options)
    point = pen.random()
    noun = pen.noun(nouns_with(PEOPLE if point < 0.72 else ANIMALS if point < 0.88 else THINGS))
    return described(pen, noun, share, "subject")


def described(pen: Pen, noun: Noun, room: int, role: str, denied: bool = False, verb: Verb | None = None) -> NounPhrase:
    """A noun phrase; where there is room, one with a relative clause, a place, or a second noun that suits the verb."""
    point = pen.random()
    if room >= 6 and not denied and point < 0.75:
        phrase = noun_phrase(pen, noun, 2 if room < 8 else 3, role, denied)
        return _with_relative(pen, phrase, room - len(phrase))
    if room >= 5 and point < 0.8:
        phrase = noun_phrase(pen, noun, room - 3, role, denied)
        where = place(pen, phrase, room - len(phrase))
        return NounPhrase(phrase.phrase + where, noun, phrase.plural, phrase.feminine)
    if room >= 5 and not denied and (verb or noun.tags & (PEOPLE | ANIMALS)):
        return _both(pen, noun, room, role, verb)
    return noun_phrase(pen, noun, room, role, denied)


def _both(pen: Pen, noun: Noun, room: int, role: str, verb: Verb | None) -> NounPhrase:
    """`the boy and the girl`."""
    one = noun_phrase(pen, noun, (room - 1) // 2, role)
    options = pen.objects(verb) if verb else nouns_with(PEOPLE if noun.is_person else ANIMALS)
    options = [other for other in options if other.is_person == noun.is_person and other not in pen.nouns]
    if not options:
        return one
    other_noun = pen.noun(options)
    if verb:
        pen.combine(verb, other_noun)
    other = noun_phrase(pen, other_noun, room - 1 - len(one), role)
    pen.plural = True
    phrase = one.phrase + linked(pen, "and", "et") + other.phrase
    return NounPhrase(phrase, noun, True, one.feminine and other.feminine, both=True)


def _with_relative(pen: Pen, of: NounPhrase, room: int) -> NounPhrase:
    """`who reads a book` or, where a verb takes it as its object, `that the girl reads`."""
    said = (pen.chance(0.6) and _object_relative(pen, of, room)) or _subject_relative(pen, of, room)
    pen.kinds.add("relative clause")
    return NounPhrase(of.phrase + said, of.noun, of.plural, of.feminine)


def _subject_relative(pen: Pen, of: NounPhrase, room: int) -> Phrase:
    return (
        linked(pen, "who" if of.noun.is_person else "that", "qui") + verb_phrase(pen, of, room - 1, simple=True).behind
    )


def _object_relative(pen: Pen, of: NounPhrase, room: int) -> Phrase | None:
    verbs = [verb for verb in pen.verbs(of.noun) if "person" in verb.subjects and "give" not in verb.flags]
    if not verbs:
        return None
    verb = pen.verb(verbs)
    that = linked(pen, "that", "que")
    if pen.chance(0.35):
        subject = pronoun(pen, "subject", ("i", "he", "she"))
    else:
        subject = noun_phrase(pen, pen.noun(nouns_with(PEOPLE)), min(room - 2, 3), "known")
    mood, _ = _mood(pen, verb, subject, room - 2 - len(subject))
    pen.combine(verb, of.noun)
    said = predicate(pen, verb, subject, mood, before=of)
    behind = Phrase(said.english, said.french)
    return that + subject.phrase + behind


def _mood(
    pen: Pen, verb: Verb, subject: NounPhrase, room: int, asks: bool = False, simple: bool = False
) -> tuple[Mood, int]:
    """How the verb is said, and how many English words that adds to one."""
    mood, left = Mood(_tense(pen, verb, subject), asks=asks), room
    if left >= 2 and not (simple or pen.past or verb is BE or "unwilled" in verb.flags) and pen.chance(0.35):
        mood.tense = pen.pick(tuple(MODALS))
        left -= 1 + (mood.tense == "want")
    point = pen.random()
    if left >= 2 and not asks and point < 0.3:
        mood.denial = "not"
        left -= 1 if verb is BE or mood.tense in ("can", "must") else 2
    elif left >= 1 and not asks and point < 0.38 and "home" not in verb.flags:
        mood.denial = "never"
        left -= 1
    if left >= 1 and mood.denial != "never" and pen.chance(0.15) and not verb.flags & LASTING:
        mood.adverb = _adverb(pen, mood)
        pen.timed |= bool(mood.adverb)
        left -= bool(mood.adverb)
    return mood, room - left


def _tense(pen: Pen, verb: Verb, subject: NounPhrase) -> str:
    """All verbs of a sentence have the same, where they can."""
    return "past" if pen.past and "past" in tenses_of(verb, subject) else "present"


def _adverb(pen: Pen, mood: Mood) -> str:
    """One that suits: «a toujours mangé» says more than "always ate", and "must not always" is hard to read."""
    if mood.denial:
        return pen.pick(("often", "always")) if mood.tense == "present" else ""
    return pen.pick(("often", "sometimes") if mood.tense == "past" else tuple(ADVERBS))


LASTING = frozenset({"unwilled", "home"})  # what isn't done often, or each day


def tenses_of(verb: Verb, subject: NounPhrase) -> tuple[str, ...]:
    """The tenses that it can have with this subject and be clear: "I read" could be either, "I went" is allé or allée."""
    same = verb.english[0] == verb.english[2] and (subject.plural or subject.first)
    unclear = same or (subject.first and (verb.with_etre or verb is BE))
    return ("present",) if unclear or "pastless" in verb.flags else ("present", "past")


def verb_phrase(pen: Pen, subject: NounPhrase, room: int, asks: bool = False, simple: bool = False) -> Clause:
    """What is said of the subject, in about so many English words; `simple` leaves out modal verbs."""
    room = max(room, 2)
    options = _frames(min(room, 4), subject.tags, subject.first or subject.both)
    return pen.pick(options)(pen, subject, room, asks, simple)


def _timed(pen: Pen, verb: Verb, room: int, mood: Mood, complement: Phrase) -> Phrase:
    """With a time at the end, where there is room and nothing speaks against it."""
    left = room - len(complement)
    plain = not mood.adverb and mood.denial != "never"
    if mood.tense == "present":
        plain = plain and not mood.denial and not verb.flags & LASTING
    if left < 1 or not plain or mood.tense not in TIMES or not pen.chance(0.3):
        return complement
    english, french = pen.pick([time for time in TIMES[mood.tense] if len(time[0]) <= left] or [((), ())])
    units = [pen.unit() for _ in english]
    pen.timed = True
    return complement + Phrase(
        [Word(word, (unit,)) for word, unit in zip(english, units, strict=True)],
        [Word(word, (unit,)) for word, unit in zip(french, units, strict=True)],
    )


def _being(pen: Pen, subject: NounPhrase, room: int, asks: bool, simple: bool) -> Clause:
    """`is small`, `is under the table`."""
    somewhere = room >= 4 and subject.noun and "part" not in subject.tags and pen.chance(0.4)
    mood, added = _mood(pen, BE, subject, room - (4 if somewhere else 2), asks)
    room -= 1 + added
    if subject.tags & THINGS:
        mood = Mood(mood.tense, "not" if mood.denial else "", asks=asks)
    passing = bool(mood.adverb or mood.denial == "never")  # nobody is often green
    what = None if somewhere else qualified(pen, subject, 1 if mood.denial else room, moods=passing)
    return Clause(BE, mood, predicate(pen, BE, subject, mood), what or place(pen, subject, room))


def doing(pen: Pen, subject: NounPhrase, room: int, asks: bool = False, simple: bool = False) -> Clause:
    """`sleeps`, `goes to the market`, `lives in the castle`."""
    verbs = [verb for verb in _verbs_of(subject) if not verb.objects and _least(verb) <= room]
    verb = pen.verb(verbs)
    mood, added = _mood(pen, verb, subject, room - _least(verb), asks, simple)
    said = predicate(pen, verb, subject, mood)
    room -= 1 + added
    return Clause(verb, mood, said, _timed(pen, verb, room, mood, _whither(pen, verb, subject, room)))


def _least(verb: Verb) -> int:
    return 4 if verb.flags & {"goal", "home"} else 1


def _whither(pen: Pen, verb: Verb, subject: NounPhrase, room: int) -> Phrase:
    if "goal" in verb.flags:
        preposition = linked(pen, "at" if verb.name == "arrive" else "to", "à")
        return (
            preposition + noun_phrase(pen, pen.noun(nouns_with(frozenset({"goal"}))), min(room - 1, 4), "place").phrase
        )
    if "home" in verb.flags:
        return linked(pen, "in", "dans") + noun_phrase(pen, pen.noun(HOMES), min(room - 1, 4), "place").phrase
    return _where(pen, verb, subject, room)


HOMES = tuple(noun for noun in nouns_with(frozenset({"inside"})) if noun.english in ("house", "castle", "hotel"))


def _where(pen: Pen, verb: Verb, subject: NounPhrase, room: int) -> Phrase:
    if room >= 3 and "placeless" not in verb.flags and pen.chance(0.6 if not verb.objects else 0.4):
        return place(pen, subject, min(room, 6))
    return Phrase([], [])


def _to_pronoun(pen: Pen, subject: NounPhrase, room: int, asks: bool, simple: bool) -> Clause:
    """`sees him`: `le voit`."""
    verbs = [verb for verb in _verbs_of(subject) if "person" in verb.objects and len(verb.particle) + 2 <= room]
    verb = pen.verb(verbs)
    mood, added = _mood(pen, verb, subject, room - 2 - len(verb.particle), asks, simple)
    clitic = pronoun(pen, "object", _others(pen, subject, mood))
    said = predicate(pen, verb, subject, mood, clitic, before=clitic)
    room -= 2 + added + len(verb.particle)
    return Clause(verb, mood, said, _timed(pen, verb, room, mood, _where(pen, verb, subject, room)))


def _others(pen: Pen, subject: NounPhrase, mood: Mood) -> tuple[str, ...]:
    """The pronouns that can be the object: in the past, French would have to know who "me" and "us" are."""
    them = () if pen.plural else ("them",)
    return ("him", "her", *them) if subject.first or mood.tense == "past" else ("him", "her", "me", "us", *them)


def to_object(
    pen: Pen,
    subject: NounPhrase,
    room: int,
    asks: bool = False,
    simple: bool = False,
    tags: frozenset[str] = PEOPLE | ANIMALS | THINGS,
) -> Clause:
    """`eats an apple`; the object has one of the tags."""
    verbs = [verb for verb in _verbs_of(subject) if _takes(verb, tags) and "give" not in verb.flags]
    verb = pen.verb([verb for verb in verbs if len(verb.particle) + 3 <= room])
    mood, added = _mood(pen, verb, subject, room - 3 - len(verb.particle), asks, simple)
    said = predicate(pen, verb, subject, mood)
    room -= 1 + added + len(verb.particle)
    options = [noun for noun in pen.objects(verb) if noun is not subject.noun and noun.tags & tags]
    noun = pen.noun(options or pen.objects(verb))
    pen.combine(verb, noun)
    role = "known" if "definite" in verb.flags else "object"
    share = room if room < 5 else 2 + int(pen.random() * (room - 1))
    if simple:
        direct = noun_phrase(pen, noun, max(share, 2), role, bool(mood.denial))
    else:
        direct = described(pen, noun, max(share, 2), role, bool(mood.denial), verb)
    room = room - len(direct) if len(direct) < 5 else 0  # behind a long object, a place or time could belong to it
    rest = _timed(pen, verb, room, mood, _where(pen, verb, subject, room))
    return Clause(verb, mood, said, direct.phrase + rest, direct)


def _giving(pen: Pen, subject: NounPhrase, room: int, asks: bool, simple: bool) -> Clause:
    """`gives her the book`, `gives the girl the book`, `gives the book to the girl`."""
    verb = pen.verb([verb for verb in VERBS if "give" in verb.flags])
    mood, added = _mood(pen, verb, subject, room - 4, asks, simple)
    room -= 1 + added
    noun = pen.noun(pen.objects(verb))
    pen.combine(verb, noun)
    if room < 4 or pen.chance(0.5):
        options = _others(pen, subject, Mood())
        clitic = pronoun(pen, "recipient", options)
        said = predicate(pen, verb, subject, mood, clitic)
        direct = noun_phrase(pen, noun, max(room - 1, 2), "object", bool(mood.denial))
        return Clause(verb, mood, said, _timed(pen, verb, room - 1, mood, direct.phrase))
    said = predicate(pen, verb, subject, mood)
    if room > 4 and pen.chance(0.5):
        direct = noun_phrase(pen, noun, room - 3, "object", bool(mood.denial))
        return Clause(verb, mood, said, direct.phrase + _recipient(pen, room - 1 - len(direct)))
    return Clause(verb, mood, said, _swapped(pen, noun, room, bool(mood.denial)))


def _recipient(pen: Pen, room: int) -> Phrase:
    person = noun_phrase(pen, pen.noun(nouns_with(PEOPLE)), max(2, room), "known")
    return linked(pen, "to", "à") + person.phrase


def _swapped(pen: Pen, noun: Noun, room: int, denied: bool) -> Phrase:
    """`the girl the book`, `le livre à la fille`: `à` has no word of its own and goes with the person."""
    person = noun_phrase(pen, pen.noun(nouns_with(PEOPLE)), max(2, room - 2), "known").phrase
    direct = noun_phrase(pen, noun, max(2, room - len(person)), "object", denied).phrase
    return Phrase(person.english + direct.english, direct.french + words(["à"], *_head(person)) + person.french)


def _head(phrase: Phrase) -> tuple[int, ...]:
    """The meaning of the last English word, the noun."""
    return phrase.english[-1].units


def _verbs_of(subject: NounPhrase) -> tuple[Verb, ...]:
    return _verbs_with(subject.tags)


@cache
def _verbs_with(tags: frozenset[str]) -> tuple[Verb, ...]:
    return tuple(verb for verb in VERBS if verb.subjects & tags)


def moves(subject: NounPhrase) -> bool:
    """Whether it can do something without an object."""
    return any(not verb.objects for verb in _verbs_of(subject))


@cache
def _takes(verb: Verb, tags: frozenset[str]) -> bool:
    """Whether some noun with one of these tags can be its object."""
    return any(noun.tags & tags for noun in nouns_with(verb.objects))


Frame = Callable[[Pen, NounPhrase, int, bool, bool], Clause]
# how a clause can be made: how often, with how many English words at least, and of which subjects
FRAMES: tuple[tuple[Frame, int, int, frozenset[str]], ...] = (
    (_being, 2, 2, PEOPLE | ANIMALS | THINGS),
    (doing, 2, 1, frozenset().union(*(verb.subjects for verb in VERBS if not verb.objects))),
    (_to_pronoun, 3, 2, PEOPLE | ANIMALS),
    (to_object, 5, 3, PEOPLE | ANIMALS),
    (_giving, 2, 4, PEOPLE),
)


@cache
def _frames(room: int, tags: frozenset[str], doubtful: bool) -> list[Frame]:
    """Each as often as it weighs; one doesn't say what "I" or two people are, since French would have to know more."""
    return [
        make
        for make, weight, least, suits in FRAMES
        if room >= least and suits & tags and not (doubtful and make is _being)
        for _ in range(weight)
    ]
