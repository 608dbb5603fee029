"""The journal of an update: what is to be written, noted as a whole before the first file is, so that it can be finished."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.archives import entries_of, zipped
from grader.results import write_atomically
from grader.student.released import digest

__all__ = ["JOURNAL", "Change", "apply", "begun", "note"]

JOURNAL = ".unrolled/update.zip"
LIST = "changes.json"


@dataclass(frozen=True)
class Change:
    """A file's new content, None where it is removed, and what stands there before, None for nothing."""

    path: str
    content: bytes | None
    before: bytes | None


def begun(root: Path) -> bool:
    """Whether an update was begun and not finished."""
    return (root / JOURNAL).is_file()


def note(root: Path, changes: list[Change]) -> None:
    """Note what is to be done, whole or not at all."""
    listed = [[change.path, _digest(change.before), _digest(change.content)] for change in changes]
    contents = {str(number): change.content for number, change in enumerate(changes) if change.content is not None}
    write_atomically(root / JOURNAL, zipped({LIST: json.dumps(listed).encode()} | contents))


def apply(root: Path, beside: Callable[[str], str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Do what is noted and not done yet, then remove the note: the paths, and where files were kept that changed meanwhile.

    `beside` gives the path under which a file is kept.
    """
    entries = dict(entries_of(root / JOURNAL))
    kept, listed = [], json.loads(entries[LIST])
    for number, (path, before, after) in enumerate(listed):
        place = root / path
        present = place.read_bytes() if place.is_file() else None
        if _digest(present) == after:
            continue
        if present is not None and _digest(present) != before:
            kept.append((path, beside(path)))
            write_atomically(root / kept[-1][1], present)
        if after is None:
            place.unlink(missing_ok=True)
        else:
            write_atomically(place, entries[str(number)])
    (root / JOURNAL).unlink()
    return [path for path, _, _ in listed], kept


def _digest(content: bytes | None) -> str | None:
    return None if content is None else digest(content)
