"""What would make a wrong list of words or ids agree with the right one, in a clause: pure functions on plain lists."""

from __future__ import annotations

from collections import Counter

__all__ = ["list_clause"]

MAX_TOLD = 4  # entries that a clause names
MAX_WORD = 24  # characters of an entry
LEAST = 2  # entries that have to be off by the same number


def list_clause(got: list, want: list) -> str:
    """A clause on two lists that differ, or ""."""
    if not all(type(entry) in (int, str) for entry in got):
        return ""
    looks = (_reordered, _in_capitals, _off_by_one_number, _once, _too_many_or_too_few)
    return next((clause for look in looks if (clause := look(got, want))), "")


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
