"""Fills a grade book that an instructor hands in: who is who, what is written, and what is told about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from grader.exports.reading import ExportError
from grader.exports.sheet import Sheet
from grader.results import clean

__all__ = ["fill", "listed", "number", "read_number", "same"]

MOST = 20  # names in a sentence that says what is wrong


def same(text: str) -> str:
    """What two ways of writing one name have in common: macOS splits umlauts, systems disagree about case."""
    return unicodedata.normalize("NFC", text).strip().casefold()


def number(score: float, like: str) -> str:
    """A score with the decimal sign of another number of the sheet."""
    return f"{score:.2f}".replace(".", "," if re.fullmatch(r"\s*\d+,\d+\s*", like) else ".")


def read_number(text: str) -> float | None:
    """A number with a decimal point or comma; None where there is none."""
    return float(text.replace(",", ".")) if re.fullmatch(r"\s*\d+([.,]\d+)?\s*", text) else None


def listed(names: list[str], most: int | None = MOST) -> str:
    """Names in one line, cut after so many; None for all."""
    shown = ", ".join(clean(name).replace("\n", " ") for name in names[:most])
    return shown if most is None or len(names) <= most else f"{shown} and {len(names) - most} more"


def fill(sheet: Sheet, rows: list[int], ids: int, entries: list[dict], put: Callable[[int, dict], None], *,
         key: Callable[[str], str] = same, closed: Callable[[int], str] = lambda row: "",
         with_pending: bool = False) -> list[str]:  # fmt: skip
    """Call `put(row, entry)` for each student who is in both; what is to be told.

    `ids` is the column that names the students, `closed(row)` why a row is left as it is, "" if it isn't. A total that
    waits for written answers is left out, unless they are asked for `with_pending`.
    """
    where = f"{sheet.name}, column {sheet.header[ids]!r}"
    places = _by_key(rows, lambda row: sheet.value(row, ids), key, lambda row: f"row {row + 1}", where)
    people = _by_key(entries, lambda entry: entry["student"], key, lambda entry: repr(entry["student"]), "the results")
    pairs = [(row, people[name]) for name, row in places.items() if name in people]
    if not pairs:
        raise ExportError(_nobody(sheet, rows, ids, entries))
    filled, left = [], {}
    for row, entry in pairs:
        reason = closed(row) or _unsettled(entry, with_pending)
        if reason:
            left.setdefault(f"Left as they were, {reason}", []).append(entry["student"])
        else:
            put(row, entry)
            filled.append(entry)
    if not filled and not with_pending and (waiting := _tasks(entries)):
        raise ExportError(f"nothing to fill in: the totals wait for written answers ({waiting}). Mark them, or give "
                          "--with-pending to write the points so far")  # fmt: skip
    named = set(places.values())
    lines = {f"Filled in {len(filled)} of {len(rows)} rows": [f"matched by {sheet.header[ids]!r}"],
             "Still to be marked by hand, and not in these totals": [_tasks(filled)] if _tasks(filled) else [],
             "Nothing to grade, 0 points": [entry["student"] for entry in filled if entry["status"] == "invalid"],
             **left,
             "In the results only": [entry["student"] for name, entry in people.items() if name not in places],
             f"In {sheet.name} only": [sheet.value(row, ids) for name, row in places.items() if name not in people],
             f"Without {sheet.header[ids]!r}": [f"row {row + 1}" for row in rows if row not in named]}  # fmt: skip
    return [f"{what}: {listed(names, most=None)}" for what, names in lines.items() if names]


def _unsettled(entry: dict, with_pending: bool) -> str:
    """Why there is no total to write, "" where there is one."""
    if entry["score"] is None:
        return "since the harness failed there (grade again)"
    return f"waiting for {_tasks([entry])}" if entry["pending"] and not with_pending else ""


def _by_key(items: list, text: Callable, key: Callable[[str], str], named: Callable, where: str) -> dict:
    """key → item. ExportError where two have the same; what has none is nobody's."""
    found: dict[str, object] = {}
    for item in items:
        name = key(text(item))
        if name in found:
            raise ExportError(f"{where}: {named(found[name])} and {named(item)} are the same, {clean(text(item))!r}; "
                              "remove one of them, or match by another column with --by")  # fmt: skip
        if name:
            found[name] = item
    return found


def _tasks(entries: list[dict]) -> str:
    """The written tasks that these submissions wait for."""
    names = {name for entry in entries for name in entry["pending"]}
    return ", ".join(sorted(names, key=lambda name: [int(part) if part.isdigit() else 0 for part in name.split(".")]))


def _nobody(sheet: Sheet, rows: list[int], ids: int, entries: list[dict]) -> str:
    column = sheet.header[ids]
    there = next((sheet.value(row, ids) for row in rows if sheet.value(row, ids).strip()), "nobody")
    here = entries[0]["student"] if entries else "nobody"
    return (f"no student of the results is in {sheet.name}: its column {column!r} has {clean(there)!r} and the like, "
            f"the results have {clean(here)!r}; match by another column with --by")  # fmt: skip
