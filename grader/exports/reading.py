"""Reads results.json one submission at a time, and says what is wrong with a file that is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from grader.exports.scores import counted
from grader.results import SCHEMA
from grader.teaching.totals import StaleTotals, totals_beside

__all__ = ["ExportError", "Submissions", "in_short", "read_bytes", "read_results"]

NUMBER = (int, float)
ENTRY = {"student": str, "status": str, "score": NUMBER, "max_score": NUMBER, "pending": list, "tasks": list}
TASK = {"id": str, "points": NUMBER, "score": NUMBER, "verdict": str, "checks": list, "lint": list}
CHECK = {"sentence": str, "verdict": str, "hidden": bool, "message": str, "hint": str}
FINDING = {"line": int, "message": str, "forbidden": bool}
BEGIN = re.compile(r'"submissions"\s*:\s*\[')  # no text in a JSON file reads so: its quotes would be escaped
BETWEEN = re.compile(r"[\s,]*")
PIECE = 2**20
MAX_ENTRY = 64 * 2**20
MAX_POINTS = 1e9
NAME = re.compile(r"\d+(\.\d+)*")  # of a task
DAMAGED = "the file is damaged, or another version wrote it: grade again"
WANTED = "give the results.json of a grading"


class ExportError(ValueError):
    """Nothing can be exported; the message says what is wrong, where, and what to do."""


class Submissions:
    """The submissions in a results.json, read again each time they are gone through: a class of any size fits into memory."""

    def __init__(self, path: Path):
        self._path = path
        self._totals = _totals_beside(path)

    def __iter__(self) -> Iterator[dict]:
        """Each record, with the score that counts."""
        for place, entry in enumerate(_entries(self._path)):
            _check_entry(entry, f"{self._path}, submission {place + 1}")
            yield counted(entry, self._totals.get(entry["student"]))


def read_results(path: Path) -> dict:
    """The results. ExportError where the file holds none; for what is wrong within, when its submissions are gone through."""
    path = path / "results.json" if path.is_dir() else path
    return {"submissions": Submissions(path)}


def in_short(results: dict) -> list[dict]:
    """All submissions, of each what a grade book is told: small enough to hold a class of any size."""
    return [_short(entry) for entry in results["submissions"]]


def _short(entry: dict) -> dict:
    kept = {name: entry[name] for name in (*ENTRY, "reason") if name in entry}
    return kept | {"tasks": [(task["id"], task["score"], task["points"]) for task in entry["tasks"]]}


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of a file that was given. ExportError where it can't be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ExportError(f"{path}: {problem.strerror}; give {what}") from problem


def _totals_beside(path: Path) -> dict[str, dict]:
    """student → total, where `python -m grader totals` has written them for these results."""
    try:
        return totals_beside(path) or {}
    except StaleTotals as problem:
        raise ExportError(str(problem)) from problem
    except OSError as problem:
        raise ExportError(f"{problem.filename}: {problem.strerror}; {WANTED}") from problem
    except (ValueError, LookupError, TypeError) as problem:
        raise ExportError(
            f"{path.with_name('totals.json')} is damaged: run `python -m grader totals` again"
        ) from problem


def _entries(path: Path) -> Iterator[object]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from _parsed(file, path)
    except OSError as problem:
        raise ExportError(f"{path}: {problem.strerror}; {WANTED}") from problem
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise ExportError(f"{path} is no whole results.json ({problem}); {WANTED}") from problem


def _parsed(file, path: Path) -> Iterator[object]:
    text = file.read(PIECE)
    begin = BEGIN.search(text)
    schema = _schema(text[: begin.start()] + '"submissions": []}') if begin else _schema(text)
    if schema != SCHEMA:
        raise ExportError(f"{path} has the schema {schema!r}, expected {SCHEMA!r}; {WANTED}")
    if begin is None:
        raise ExportError(f"{path} has no list of submissions; {WANTED}")
    decoder, text = json.JSONDecoder(), text[begin.end() :]
    while True:
        text = text[BETWEEN.match(text).end() :]
        if text.startswith("]"):
            break
        try:
            entry, end = decoder.raw_decode(text)
        except json.JSONDecodeError:
            more = file.read(PIECE)
            if not more or len(text) > MAX_ENTRY:
                raise
            text += more
            continue
        text = text[end:]
        yield entry
    json.loads('{"submissions": [' + text + file.read())


def _schema(head: str) -> object:
    record = json.loads(head)
    return record.get("schema") if isinstance(record, dict) else None


def _check_entry(entry: object, where: str) -> None:
    _check(entry, ENTRY, where)
    for name in entry["pending"]:
        if not isinstance(name, str):
            raise ExportError(f"{where}: 'pending' holds {type(name).__name__}; {DAMAGED}")
    for task in entry["tasks"]:
        _check(task, TASK, f"{where}, a task")
        if not NAME.fullmatch(task["id"]):
            raise ExportError(f"{where}: a task has the number {task['id']!r}; {DAMAGED}")
        for check in task["checks"]:
            _check(check, CHECK, f"{where}, task {task['id']}, a check")
        for finding in task["lint"]:
            _check(finding, FINDING, f"{where}, task {task['id']}, a finding")


def _check(record: object, fields: dict, where: str) -> None:
    if not isinstance(record, dict):
        raise ExportError(f"{where} is {type(record).__name__}, expected an object; {DAMAGED}")
    for name, kind in fields.items():
        if not _is(record.get(name), kind):
            found = repr(record[name])[:40] if name in record else "missing"
            raise ExportError(f"{where}: {name!r} is {found}; {DAMAGED}")


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    """Whether a value is of a kind; a number has to be finite."""
    if kind is NUMBER:
        return isinstance(value, kind) and not isinstance(value, bool) and abs(value) < MAX_POINTS
    return isinstance(value, kind)
