"""Whole sentences: statements, questions, and clauses joined into one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

from toolkit.bilingual.clauses import (
    THINGS,
    clause,
    clause_of,
    doing,
    moves,
    subject_of,
    tenses_of,
    to_object,
    verb_phrase,
)
from toolkit.bilingual.lexicon import BE, VERBS, Noun, Verb
from toolkit.bilingual.pen import Pen
from toolkit.bilingual.phrases import NounPhrase, Phrase, again, linked, noun_phrase, nouns_with, qualified
from toolkit.bilingual.verbs import Mood, predicate
from toolkit.bilingual.words import pair_of, words
from toolkit.pairs import Pair

__all__ = ["KINDS", "Draft", "compose"]

KINDS = (
    "adjective before the noun",
    "adjective after the noun",
    "object pronoun",
    "negation",
    "question",
    "relative clause",
    "owner",
    "adverb",
    "past",
    "infinitive",
    "clauses",
)
# what share of the sentences aims at most at so many English words; straight lines between
LENGTHS = ((0.0, 3), (0.12, 6), (0.45, 10), (0.75, 15), (1.0, 21))


@dataclass(slots=True)
class Draft:
    """A pair and what is in it.

    Attributes:
        pair: the sentence in two languages.
        kinds: its constructions, of `KINDS`.
        combinations: which adjective or verb stands with which noun, in English.
    """

    pair: Pair
    kinds: frozenset[str]
    combinations: frozenset[tuple[str, str]]


def compose(rng: random.Random, room: int, unseen: bool = False) -> Draft:
    """Write one sentence of about `room` English words, its mark among them."""
    pen = Pen(rng, unseen)
    if pen.chance(0.2) and room >= 4:
        sentence, mark = _question(pen, room - 1), "?"
    else:
        sentence, mark = _statement(pen, room - 1), "."
    sentence += linked(pen, mark, mark)
    return Draft(pair_of(sentence.english, sentence.french), frozenset(pen.kinds), frozenset(pen.combinations))


def length(rng: random.Random) -> int:
    """How many English words a sentence should have."""
    point = rng.random()
    (low, short), (high, long) = next(pair for pair in pairwise(LENGTHS) if point <= pair[1][0])
    return int(short + (long - short) * (point - low) / (high - low) + 0.5)


def _question(pen: Pen, room: int) -> Phrase:
    pen.kinds.add("question")
    point = pen.random()
    if point < 0.15:
        return _who(pen, room)
    if room >= 4 and point < 0.45:
        return _asked(pen, room)
    if point < 0.55 and room >= 3:
        return _where_is(pen, room)
    subject, rest = clause(pen, room - 1, asks=True)
    return rest.with_subject(subject)


def _who(pen: Pen, room: int) -> Phrase:
    who = linked(pen, "who", "qui")
    person = NounPhrase(who)
    return who + verb_phrase(pen, person, room - 1).behind


def _where_is(pen: Pen, room: int) -> Phrase:
    noun = pen.noun(nouns_with(frozenset({"person", "kept", "text", "clothes", "goods"})))
    subject = noun_phrase(pen, noun, room - 2, "known")
    verb = linked(pen, "are", "sont") if subject.plural else linked(pen, "is", "est")
    return linked(pen, "where", "où") + verb + subject.phrase


def _asked(pen: Pen, room: int) -> Phrase:
    """`when does the girl sleep`, `what does she eat`."""
    subject, rest = clause(pen, room - 2, asks=True)
    english, french = (
        ("why", "pourquoi")
        if pen.timed or rest.verb is BE or "definite" in rest.verb.flags or pen.chance(0.4)
        else ("when", "quand")
    )
    return linked(pen, english, french) + rest.with_subject(subject)


def _statement(pen: Pen, room: int) -> Phrase:
    if room > 19:
        share = 8 + int(pen.random() * 7)
        return _statement(pen, share) + _joint(pen) + _statement(pen, room - share - 1)
    point = pen.random()
    if room >= 8 and point < 0.25:
        return _then(pen, room)
    if room >= 7 and point < 0.4:
        return _because(pen, room)
    if room >= 7 and (point < 0.55 or room > 14):
        share = 3 + int(pen.random() * (room - 6))
        pen.kinds.add("clauses")
        return clause_of(pen, share) + _joint(pen) + clause_of(pen, room - share - 1)
    return clause_of(pen, room)


def _joint(pen: Pen) -> Phrase:
    pen.kinds.add("clauses")
    return linked(pen, "and", "et") if pen.chance(0.6) else linked(pen, "but", "mais")


def _then(pen: Pen, room: int) -> Phrase:
    """`buys a book and reads it`: what was named comes back as a pronoun."""
    subject = subject_of(pen, min(room - 5, 8))
    plan = _plan(pen, subject)
    if plan is None:
        return verb_phrase(pen, subject, room - len(subject)).with_subject(subject)
    first, noun, verb, tense = plan
    said = predicate(pen, first, subject, Mood(tense))
    least = len(subject) + len(said.english) + 3 + len(verb.particle)
    direct = noun_phrase(pen, noun, max(2, room - least))
    denied = room - least - len(direct) >= 2 and pen.chance(0.4)
    clitic = again(pen, direct, "object")
    after = predicate(pen, verb, subject, Mood(tense, "not" if denied else ""), clitic, before=clitic)
    for each in (first, verb):
        pen.combine(each, noun)
    pen.kinds.add("clauses")
    start = subject.phrase + Phrase(said.english, said.french) + direct.phrase
    joint = linked(pen, "but", "mais") if denied else linked(pen, "and", "et")
    return start + joint + Phrase(after.english, after.french)


def _plan(pen: Pen, subject: NounPhrase) -> tuple[Verb, Noun, Verb, str] | None:
    """What is done, to what, what is done to it afterwards, and in which tense; None where nothing suits the subject."""
    firsts = [verb for verb in VERBS if "first" in verb.flags and verb.subjects & subject.tags]
    if not firsts:
        return None
    first = pen.verb(firsts)
    noun = pen.noun(pen.objects(first))
    verbs = [verb for verb in pen.verbs(noun) if "then" in verb.flags and verb.subjects & subject.tags]
    verbs = [verb for verb in verbs if verb is not first]
    if not verbs or noun is subject.noun:
        return None
    verb = pen.verb(verbs)
    return first, noun, verb, "past" if pen.past and "past" in tenses_of(verb, subject) else "present"


def _because(pen: Pen, room: int) -> Phrase:
    """`reads the book because it is interesting`, `sleeps because he is tired`."""
    subject = subject_of(pen, min(room - 6, 8))
    room = max(1, room - len(subject) - REASON)
    if not moves(subject):
        return verb_phrase(pen, subject, room + REASON).with_subject(subject)
    thing = subject.noun is None or (subject.noun.is_person and pen.chance(0.7))
    said = (to_object(pen, subject, room, tags=THINGS) if thing and room >= 4 else None) or doing(pen, subject, room)
    main = said.with_subject(subject)
    of = said.direct or subject
    if said.mood.denial or of.first or of.both or (said.direct and of.plural and subject.plural):
        return main
    what = qualified(pen, of, room - len(said.behind) + 1, moods=said.direct is None)
    if what is None:
        return main
    about = again(pen, of, "subject")
    said = predicate(pen, BE, about, Mood("past" if said.mood.tense == "past" else "present"))
    pen.kinds.add("clauses")
    unit = pen.unit()
    reason = Phrase(words(["because"], unit), words(["parce", "que"], unit)) + about.phrase
    return main + reason + Phrase(said.english, said.french) + what


REASON = 4  # because it is small
