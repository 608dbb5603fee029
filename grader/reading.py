"""Reads results.json one submission at a time, and says what is wrong with a file that is none.

Whoever goes through a `Results` again reads the file again: a class of any size takes the memory of one submission.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from grader.results import SCHEMA

__all__ = ["ENTRY", "WANTED", "Results", "ResultsError"]

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


class ResultsError(ValueError):
    """A file that can't be read as results; the message says what is wrong, where, and what to do."""


class Results:
    """The results in a file. ResultsError at once where it holds none; for what is wrong within, when it comes to that."""

    def __init__(self, path: Path):
        self._path = path
        with _opened(path) as file:
            self.head, _ = _begun(file, path)

    def __iter__(self) -> Iterator[dict]:
        """The submissions' records."""
        with _opened(self._path) as file:
            for place, entry in enumerate(_parsed(file, self._path)):
                _check_entry(entry, f"{self._path}, submission {place + 1}")
                yield entry


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8") as file:
            yield file
    except OSError as problem:
        raise ResultsError(f"{path}: {problem.strerror}; {WANTED}") from problem
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise ResultsError(f"{path} is no whole results.json ({problem}); {WANTED}") from problem


def _begun(file: TextIO, path: Path) -> tuple[dict, str]:
    """What stands before the submissions, and the text after that, as far as it was read."""
    text = file.read(PIECE)
    begin = BEGIN.search(text)
    head = json.loads(text[: begin.start()] + '"submissions": []}' if begin else text)
    schema = head.get("schema") if isinstance(head, dict) else None
    if schema != SCHEMA:
        raise ResultsError(f"{path} has the schema {schema!r}, expected {SCHEMA!r}; {WANTED}")
    if begin is None:
        raise ResultsError(f"{path} has no list of submissions; {WANTED}")
    return head, text[begin.end() :]


def _parsed(file: TextIO, path: Path) -> Iterator[object]:
    decoder, (_, text) = json.JSONDecoder(), _begun(file, path)
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


def _check_entry(entry: object, where: str) -> None:
    _check(entry, ENTRY, where)
    for name in entry["pending"]:
        if not isinstance(name, str):
            raise ResultsError(f"{where}: 'pending' holds {type(name).__name__}; {DAMAGED}")
    for task in entry["tasks"]:
        _check(task, TASK, f"{where}, a task")
        if not NAME.fullmatch(task["id"]):
            raise ResultsError(f"{where}: a task has the number {task['id']!r}; {DAMAGED}")
        for check in task["checks"]:
            _check(check, CHECK, f"{where}, task {task['id']}, a check")
        for finding in task["lint"]:
            _check(finding, FINDING, f"{where}, task {task['id']}, a finding")


def _check(record: object, fields: dict, where: str) -> None:
    if not isinstance(record, dict):
        raise ResultsError(f"{where} is {type(record).__name__}, expected an object; {DAMAGED}")
    for name, kind in fields.items():
        if not _is(record.get(name), kind):
            found = repr(record[name])[:40] if name in record else "missing"
            raise ResultsError(f"{where}: {name!r} is {found}; {DAMAGED}")


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    """Whether a value is of a kind; a number has to be finite."""
    if kind is NUMBER:
        return isinstance(value, kind) and not isinstance(value, bool) and abs(value) < MAX_POINTS
    return isinstance(value, kind)
