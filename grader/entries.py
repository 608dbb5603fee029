"""What would make a wrong list of words or ids, or a wrong text, agree with the right one, in a clause: pure functions."""

from __future__ import annotations

from collections import Counter

__all__ = ["list_clause", "text_clause"]

MAX_TOLD = 4  # entries that a clause names
MAX_WORD = 24  # characters of an entry
LEAST = 2  # entries that have to be off by the same number, or in the same way


def list_clause(got: list, want: list) -> str:
    """A clause on two lists that differ, or ""."""
    if not all(type(entry) in (int, str) for entry in got):
        return ""
    looks = (_reordered, _in_capitals, _off_by_one_number, _times_one_number, _once, _too_many_or_too_few)
    return next((clause for look in looks if (clause := look(got, want))), "")


def text_clause(got: str, want: str) -> str:
    """A clause on two texts that differ, or ""."""
    looks = (_turned_round, _in_other_capitals, _with_something_between, _at_the_ends, _without_some)
    return next((clause for look in looks if (clause := look(got, want))), "")


def _turned_round(got: str, want: str) -> str:
    return "it is right, but turned round: the last character comes first" if got == want[::-1] else ""


def _in_other_capitals(got: str, want: str) -> str:
    return "it agrees but for capitals" if got.lower() == want.lower() else ""


def _with_something_between(got: str, want: str) -> str:
    between = set(got[1::2])
    alike = len(want) > LEAST and len(got) == 2 * len(want) - 1 and got[::2] == want and len(between) == 1
    return f"it is right but for {between.pop()!r} between all characters" if alike else ""


def _at_the_ends(got: str, want: str) -> str:
    return "it agrees but for blanks at its ends" if got.strip() == want.strip() else ""


def _without_some(got: str, want: str) -> str:
    """Characters of which none is there, or that should not be."""
    for one, other, said in ((want, got, "it is right but lacks every"), (got, want, "it is right but for every")):
        apart = sorted(set(one) - set(other))
        if 0 < len(apart) <= MAX_TOLD and "".join(letter for letter in one if letter not in apart) == other:
            return f"{said} {_listed(apart)}"
    return ""


def _reordered(got: list, want: list) -> str:
    if Counter(got) != Counter(want):
        return ""
    if got == want[::-1]:
        return "it is right, but turned round: the last entry comes first"
    return "its entries are right, but in another order" + (": it is sorted" if got == sorted(got) else "")


def _in_capitals(got: list, want: list) -> str:
    alike = all(type(entry) is str for entry in (*got, *want)) and [word.lower() for word in got] == want
    return "it agrees but for capitals" if alike else ""


def _off_by_one_number(got: list, want: list) -> str:
    """Ids that are all too large, or too small, by the same number."""
    if len(got) != len(want) or len(want) < LEAST or not all(type(entry) is int for entry in (*got, *want)):
        return ""
    apart = {mine - theirs for mine, theirs in zip(got, want, strict=True)}
    if len(apart) != 1:
        return ""
    (apart,) = apart
    return f"every entry is {abs(apart)} too {'large' if apart > 0 else 'small'}"


def _times_one_number(got: list, want: list) -> str:
    """Ids that are all the same multiple of what they should be."""
    if len(got) != len(want) or not all(type(entry) is int for entry in (*got, *want)):
        return ""
    pairs = [(mine, theirs) for mine, theirs in zip(got, want, strict=True) if mine or theirs]
    times = {mine // theirs if theirs and mine % theirs == 0 else 0 for mine, theirs in pairs}
    alike = len(pairs) >= LEAST and len(times) == 1 and times != {0}
    return f"every entry is {times.pop()} times what it should be" if alike else ""


def _once(got: list, want: list) -> str:
    return "it has each entry once, and lacks those that come again" if got == list(dict.fromkeys(want)) else ""


def _too_many_or_too_few(got: list, want: list) -> str:
    """Which words should not be there, and which are missing; of ids that says nothing."""
    if not all(type(entry) is str for entry in (*got, *want)):
        return ""
    extra, missing = _beyond(got, want), _beyond(want, got)
    if len(extra) > MAX_TOLD or len(missing) > MAX_TOLD:
        return ""
    parts = [f"it has {_listed(extra)} too many"] if extra else []
    parts += [f"{'' if parts else 'it '}lacks {_listed(missing)}"] if missing else []
    return " and ".join(parts)


def _beyond(one: list, other: list) -> list:
    """What the first list has more of than the second, in its order."""
    return list((Counter(one) - Counter(other)).elements())


def _listed(entries: list) -> str:
    shown = [repr(entry) if len(repr(entry)) <= MAX_WORD else f"{repr(entry)[:MAX_WORD]}…" for entry in entries]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
