"""The record of a grading, the one thing that reports and exports are made of."""

from __future__ import annotations

import json
import os
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["CALLED_AS", "MISSING", "SCHEMA", "TO_DO", "VERDICTS", "CheckResult", "TaskResult", "clean", "dump",
           "dump_class", "is_missing", "is_to_do", "remove_unfinished", "write_atomically"]  # fmt: skip

SCHEMA = "unrolled/results/v1"
# from the best to what needs a look first
VERDICTS = ("passed", "failed", "error", "out_of_memory", "timeout", "crashed", "skipped", "harness_error")
TO_DO = "is still to do."  # how the message of a TODO ends
MISSING = "is missing from the submission"  # what is said of a file that was not handed in
CALLED_AS = "\ncalled as "  # before the last line of an exception's message: the call that raised it
MAX_TEXT = 2_000
UNFINISHED = ".writing-"  # how the name of a file begins that is being written


@dataclass
class CheckResult:
    """The verdict of one check."""

    name: str
    sentence: str
    verdict: str
    hidden: bool = False
    is_value: bool = True
    weight: int = 1
    message: str = ""
    hint: str = ""
    difference: dict | None = None  # where two matrices differ, as grader/picture.py writes it: at most 600 characters

    def record(self) -> dict:
        record = {"name": self.name, "sentence": self.sentence, "verdict": self.verdict, "hidden": self.hidden,
                  "message": clean(self.message), "hint": clean(self.hint)}  # fmt: skip
        return record | ({"difference": self.difference} if self.difference else {})


@dataclass
class TaskResult:
    """The verdict of one task: that of its worst check, its points times the share of its checks that count."""

    id: str
    points: int
    checks: list[CheckResult]
    lint: list[dict] = field(default_factory=list)
    forfeited: bool = False  # a forbidden call costs the task's points

    @property
    def verdict(self) -> str:
        worst = max((check.verdict for check in self.checks), key=VERDICTS.index, default="harness_error")
        return "failed" if self.forfeited and worst == "passed" else worst

    @property
    def score(self) -> float:
        """A check that is no value check counts only where every value check passes."""
        passed = [check for check in self.checks if check.verdict == "passed"]
        if any(check.is_value and check.verdict != "passed" for check in self.checks):
            passed = [check for check in passed if check.is_value]
        whole = sum(check.weight for check in self.checks)
        if self.forfeited or not whole:
            return 0.0
        return round(self.points * sum(check.weight for check in passed) / whole, 2)

    def record(self) -> dict:
        return {"id": self.id, "points": self.points, "score": self.score, "verdict": self.verdict,
                "checks": [check.record() for check in self.checks], "lint": self.lint}  # fmt: skip


def is_to_do(task: dict) -> bool:
    """Whether a task's record says that its TODO still stands."""
    return any(TO_DO in check["message"] for check in task["checks"])


def is_missing(task: dict) -> bool:
    """Whether a task's record says that its file was not handed in."""
    return bool(task["checks"]) and all(check["message"].endswith(MISSING) for check in task["checks"])


def clean(text: str) -> str:
    """Text of a submission as it may be shown: bounded, without control or direction-changing characters."""
    kept = "".join(char if char in "\n\t" or unicodedata.category(char)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
                   for char in text[:MAX_TEXT])  # fmt: skip
    return kept + (" …" if len(text) > MAX_TEXT else "")


def dump(record: dict) -> bytes:
    """A record as bytes that depend on nothing but the record."""
    return (_text(record) + "\n").encode()


def dump_class(head: dict, submissions: Iterable[dict]) -> Iterator[bytes]:
    """The same bytes as `dump(head | {"submissions": [...]})` gives, piece by piece: no more than one is in memory."""
    beginning, ending = _text(head | {"submissions": [None]}).split("\n  null")
    yield beginning.encode()
    for place, record in enumerate(submissions):
        yield (("," if place else "") + "\n  " + _text(record).replace("\n", "\n  ")).encode()
    yield (ending + "\n").encode()


def _text(record: dict) -> str:
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)


def write_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file, given whole or in pieces, whole or not at all. OSError with its path where that can't be done."""
    pieces = [data] if isinstance(data, bytes) else data
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from problem


def remove_unfinished(folder: Path) -> None:
    """Remove what `write_atomically` has left in a folder where its process was killed."""
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)
