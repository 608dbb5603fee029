"""What is wrong with a translation of which the right one is known, sorted into kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

__all__ = ["KINDS", "kind_of_mistake", "tally"]

# the articles, pronouns and forms of one word that stand for each other; other forms share their beginning
FAMILIES = (
    {"le", "la", "l'", "les", "un", "une", "des", "de", "d'", "du", "au", "aux", "à"},
    {"mon", "ma", "mes"}, {"son", "sa", "ses"}, {"il", "elle", "ils", "elles"}, {"lui", "leur"},
    {"est", "sont", "était", "étaient", "sera", "seront"}, {"a", "ont", "avait", "avaient"},
    {"ne", "n'"}, {"que", "qu'", "qui"}, {"me", "m'"}, {"se", "s'"}, {"je", "j'"},
    {"beau", "bel", "belle", "beaux", "belles"}, {"vieux", "vieil", "vieille", "vieilles"},
    {"nouveau", "nouvel", "nouvelle", "nouveaux", "nouvelles"},
)  # fmt: skip
SHARED = 3  # letters with which two forms of one word begin alike
KINDS = ("right", "order", "form", "word", "left out", "added", "several")


def kind_of_mistake(said: Sequence[str], known: Sequence[str]) -> str:
    """One of `KINDS`: the whole translation against the one that is known.

    "order": the same words in another order. "form": the right words, in a wrong gender, number, person or tense. "word":
    other words in the place of some. "left out" and "added": nothing else than that. "several": more than one of these.
    """
    said, known = list(said), list(known)
    if said == known:
        return "right"
    if Counter(said) == Counter(known):
        return "order"
    found = {
        _kind(tag, said[left:right], known[low:high])
        for tag, left, right, low, high in SequenceMatcher(None, said, known, autojunk=False).get_opcodes()
        if tag != "equal"
    }
    return found.pop() if len(found) == 1 else "several"


def tally(said: Sequence[Sequence[str]], known: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    """kind → the places of the translations that are of it, for every kind."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for place, pair in enumerate(zip(said, known, strict=True)):
        found[kind_of_mistake(*pair)].append(place)
    return found


def _kind(tag: str, said: list[str], known: list[str]) -> str:
    if tag == "insert":
        return "left out"
    if tag == "delete":
        return "added"
    if len(said) != len(known):
        return "several"
    return "form" if all(map(_related, said, known)) else "word"


def _related(one: str, other: str) -> bool:
    """Whether two words are forms of one."""
    if any(one in family and other in family for family in FAMILIES):
        return True
    return min(len(one), len(other)) > SHARED and one[:SHARED] == other[:SHARED]
