"""The records of a grading while it runs: a file for each submission, and whether one of an earlier run may be taken."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from grader.results import dump, write_atomically

__all__ = ["Records", "content_digest", "versions"]

ROOT = Path(__file__).parent.parent
CONTENT = ("grader", "solution", "toolkit")  # what decides a verdict, beside the submission: checks, reference, engine


class Records:
    """Entries `{"made_from", "record", "seconds"}` in a folder. A student's name is data: files are named by its digest."""

    def __init__(self, folder: Path):
        self.folder = folder

    def clear(self) -> None:
        """Forget what an earlier run has left."""
        for old in self.folder.glob("*.json"):
            old.unlink()

    def keep(self, entry: dict) -> None:
        write_atomically(self._path(entry["record"]["student"]), dump(entry))

    def take(self, made_from: dict) -> dict | None:
        """The entry of an earlier run, if it was made from just this and says what the submission is worth."""
        try:
            entry = self.read(made_from["student"])
            record = entry["record"]
            whole = record["student"] == made_from["student"] and isinstance(entry["seconds"], int | float)
            fits = whole and entry["made_from"] == made_from and record["status"] != "harness_error"
        except (OSError, ValueError, LookupError, TypeError, RecursionError):  # none, cut short, or something else
            return None
        return entry if fits else None

    def read(self, student: str) -> dict:
        return json.loads(self._path(student).read_bytes())

    def _path(self, student: str) -> Path:
        return self.folder / f"{hashlib.sha256(student.encode()).hexdigest()[:20]}.json"


class Kept(Sequence):
    """The records of these students, read when they are looked at: a class of any size takes the memory of one."""

    def __init__(self, records: Records, students: list[str]):
        self._records = records
        self._students = students

    def __len__(self) -> int:
        return len(self._students)

    def __getitem__(self, place: int) -> dict:
        record = self._records.read(self._students[place])["record"]
        return {name: value for name, value in record.items() if name != "isolation"}


@cache
def content_digest() -> str:
    """Names the checks, the reference and the engine: what others judged is not taken for what these would say."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(ROOT).as_posix()} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for name in CONTENT:
        yield from (path for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".toml"))


@cache
def versions() -> dict[str, str]:
    return {"unrolled": version("unrolled"), "python": platform.python_version(), "torch": version("torch")}
