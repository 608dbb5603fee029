"""Reads results.json one submission at a time, each with the score that counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.exports.scores import counted
from grader.reading import ENTRY, WANTED, Results, ResultsError
from grader.teaching.totals import StaleTotals, totals_beside

__all__ = ["ExportError", "Submissions", "in_short", "read_bytes", "read_results"]


class ExportError(ValueError):
    """Nothing can be exported; the message says what is wrong, where, and what to do."""


class Submissions:
    """The submissions in a results.json, read again each time they are gone through: a class of any size fits into memory."""

    def __init__(self, path: Path):
        self._path = path
        self._totals = _totals_beside(path)

    def __iter__(self) -> Iterator[dict]:
        """Each record, with the score that counts."""
        try:
            for entry in Results(self._path):
                yield counted(entry, self._totals.get(entry["student"]))
        except ResultsError as problem:
            raise ExportError(str(problem)) from problem


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
