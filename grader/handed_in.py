"""When each submission was handed in, and how that is known: by timestamp.txt, receipt.json or the file's time.

A receipt is what an institution's own upload tool may add, and a file's time changes with every copy. What an LMS says of
being late, which `python -m grader collect` noted, is kept beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from grader.intake import COLLECTED, IntakeError, Submission, files_in, wanted
from grader.tasks import Course

__all__ = ["COLLECTED", "RECEIPT", "SCHEMA", "TIMESTAMP", "handed_in", "read_collected", "whole_seconds"]

SCHEMA = "unrolled/handed-in/v1"
RECEIPT = "receipt.json"  # with a `time`, where an institution's own tool puts one into the zip
TIMESTAMP = "timestamp.txt"  # nbgrader puts it beside a notebook
NOTES = {RECEIPT: 2**16, TIMESTAMP: 2**10}


def handed_in(submissions: Iterable[Submission], course: Course, collected: dict[str, dict]) -> dict:
    """The record: for each student a time with where it comes from, for each notebook or, as "", for all that was handed in."""
    numbers = {notebook.name: number for number, notebook in course.notebooks.items()}
    entries = {}
    for submission in submissions:
        times = {numbers.get(place.name, ""): _time(place, course) for place in submission.places}
        entries[submission.student] = {"times": times} | collected.get(submission.student, {})
    return {"schema": SCHEMA, "submissions": entries}


def read_collected(folder: Path) -> dict[str, dict]:
    """What `collect` noted of the download's names; nothing where it took nothing in."""
    path = folder / COLLECTED
    return json.loads(path.read_bytes()) if path.is_file() else {}


def whole_seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _time(place: Path, course: Course) -> dict:
    """A time as {"time", "from"}."""
    notes = _notes(place)
    for name, read in ((TIMESTAMP, _of_nbgrader), (RECEIPT, _of_receipt)):
        if name in notes and (moment := read(notes[name])):
            return {"time": whole_seconds(moment), "from": name}
    files = [place] if place.is_file() else [place / name for name in wanted(course) if (place / name).is_file()]
    newest = max((path.lstat().st_mtime for path in files), default=place.lstat().st_mtime)
    return {"time": whole_seconds(datetime.fromtimestamp(newest, UTC)), "from": "the file's time"}


def _notes(place: Path) -> dict[str, bytes]:
    try:
        return {name: data for name, data in files_in(place, NOTES) if isinstance(data, bytes)}
    except IntakeError:
        return {}


def _of_nbgrader(data: bytes) -> datetime | None:
    """Such as `2026-10-16 20:15:31.123456 UTC`; without a zone it is UTC, as nbgrader has it."""
    moment = _moment(data.decode(errors="replace").strip().removesuffix(" UTC"))
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _of_receipt(data: bytes) -> datetime | None:
    """Its `time`, where that has a zone."""
    try:
        moment = _moment(json.loads(data)["time"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return moment if moment and moment.tzinfo else None


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
