"""Verbs with their helpers: tense, denial and question in both languages, and the pronoun that French puts before them."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.bilingual.lexicon import BE, MODALS, Verb
from toolkit.bilingual.pen import Pen
from toolkit.bilingual.phrases import NounPhrase
from toolkit.bilingual.words import Word, words

__all__ = ["ADVERBS", "Mood", "Predicate", "predicate"]

ADVERBS = {"often": "souvent", "always": "toujours", "sometimes": "parfois"}
HAVE = {False: "a", True: "ont"}
FEMININE, PLURAL = "e", "s"


@dataclass(slots=True)
class Mood:
    """How a verb is said.

    Attributes:
        tense: "present", "past", or one of `MODALS`, which takes the verb in the infinitive.
        denial: "", "not" or "never".
        adverb: "" or one of `ADVERBS`.
        asks: whether it is a question with a helping verb.
    """

    tense: str = "present"
    denial: str = ""
    adverb: str = ""
    asks: bool = False


@dataclass(slots=True)
class Predicate:
    """The words of a verb: `front` and `opener` stand before the subject of a question, the rest behind the subject."""

    front: list[Word]
    english: list[Word]
    opener: list[Word]
    french: list[Word]


@dataclass(slots=True)
class _Units:
    """The meanings of a verb's words."""

    verb: int
    time: int  # what says that it is past, where English has a word of its own for it
    modal: int
    denial: int
    adverb: int
    question: int


def predicate(
    pen: Pen,
    verb: Verb,
    subject: NounPhrase,
    mood: Mood,
    clitic: NounPhrase | None = None,
    before: NounPhrase | None = None,
) -> Predicate:
    """The words of a verb.

    Args:
        pen: the sentence's.
        verb: the verb, without its objects.
        subject: what it agrees with.
        mood: tense, denial, question.
        clitic: the object, where it is a pronoun: English puts it last, French before the verb.
        before: the direct object, where French puts it before a participle, which then agrees with it.
    """
    units = _Units(*(pen.unit() for _ in range(6)))
    helper, rest = _english(verb, subject, mood, units)
    negation = (
        words(["not"], units.denial) if mood.denial == "not" and (not helper or helper[0].text != "cannot") else []
    )
    middle = negation + (words([mood.denial], units.denial) if mood.denial == "never" else _adverb(mood, units))
    tail = [*middle, *rest, *words(verb.particle, units.verb), *(clitic.phrase.english if clitic else [])]
    opener = words(["est-ce", "que"], units.question) if mood.asks else []
    _note(pen, verb, mood, clitic)
    french = _french(verb, subject, mood, units, clitic.phrase.french if clitic else [], before)
    return Predicate(helper, tail, opener, french) if mood.asks else Predicate([], helper + tail, opener, french)


def _note(pen: Pen, verb: Verb, mood: Mood, clitic: NounPhrase | None) -> None:
    kinds = {
        "object pronoun": clitic,
        "negation": mood.denial,
        "adverb": mood.adverb,
        "question": mood.asks,
        "past": mood.tense == "past" and verb is not BE,
        "infinitive": mood.tense in MODALS,
    }
    pen.kinds.update(kind for kind, holds in kinds.items() if holds)


def _adverb(mood: Mood, units: _Units) -> list[Word]:
    return words([mood.adverb], units.adverb) if mood.adverb else []


def _english(verb: Verb, subject: NounPhrase, mood: Mood, units: _Units) -> tuple[list[Word], list[Word]]:
    """The helping verb, if there is one, and what follows it."""
    extra = (units.question,) * mood.asks
    denied = (units.denial,) * (mood.denial == "not")
    third = not (subject.plural or subject.first)
    if verb is BE:
        return [Word(_be(subject, mood), (units.verb, *extra))], []
    base, with_s, past = verb.english
    if mood.tense == "can":
        return [Word("cannot" if denied else "can", (units.modal, *extra, *denied))], words([base], units.verb)
    if mood.tense == "must":
        return [Word("must", (units.modal, *extra))], words([base], units.verb)
    helped = mood.asks or denied
    if mood.tense == "past":
        helper = [Word("did", (units.time, *extra, *denied))]
        return (helper, words([base], units.verb)) if helped else ([], [Word(past, (units.verb, units.time))])
    helper = [Word("does" if third else "do", (*extra, *denied))] if helped else []
    if mood.tense == "want":
        want = Word("wants" if third and not helped else "want", (units.modal,))
        return helper, [want, *words(["to", base], units.verb)]
    return helper, words([with_s if third and not helped else base], units.verb)


def _be(subject: NounPhrase, mood: Mood) -> str:
    if mood.tense == "past":
        return "were" if subject.plural else "was"
    return "are" if subject.plural else "is"


def _french(
    verb: Verb, subject: NounPhrase, mood: Mood, units: _Units, clitic: list[Word], before: NounPhrase | None
) -> list[Word]:
    """`ne`, pronoun, verb, `pas` or adverb, participle or infinitive."""
    person = 2 if subject.plural else 0 if subject.first else 1
    ne = words(["ne"], units.denial) if mood.denial else []
    pas = words(["jamais" if mood.denial == "never" else "pas"], units.denial) if mood.denial else []
    second = pas + [Word(ADVERBS[word.text], word.units) for word in _adverb(mood, units)]
    if mood.tense in MODALS:
        modal = words([MODALS[mood.tense][person]], units.modal)
        return [*ne, *modal, *second, *clitic, *words([verb.infinitive], units.verb)]
    if mood.tense == "present":
        return [*ne, *clitic, *words([verb.present[person]], units.verb), *second]
    if verb is BE:
        return [*ne, *words(["étaient" if subject.plural else "était"], units.verb), *second]
    helper = BE.present[person] if verb.with_etre else "ai" if subject.first else HAVE[subject.plural]
    participle = _agreeing(verb.participle, subject if verb.with_etre else before)
    return [*ne, *clitic, *words([helper], units.time), *second, *words([participle], units.verb)]


def _agreeing(participle: str, noun: NounPhrase | None) -> str:
    if noun is None:
        return participle
    return participle + FEMININE * noun.feminine + PLURAL * noun.plural
