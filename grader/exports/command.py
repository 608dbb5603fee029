"""`python -m grader export`: which format takes what, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from grader.exports import canvas, moodle
from grader.exports.autograder import autograder_zip
from grader.exports.filling import listed
from grader.exports.github import to_github
from grader.exports.gradescope import VISIBILITIES, to_gradescope
from grader.exports.junit import to_junit
from grader.exports.reading import ExportError, read_bytes, read_results
from grader.reports.table import to_csv
from grader.results import write_atomically
from grader.tasks import load_course

__all__ = ["FORMATS", "Choices", "export"]

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Choices:
    """What was chosen besides the format; each format takes some of it."""

    results: Path | None = None
    sheet: Path | None = None
    by: str | None = None
    column: str | None = None
    student: str | None = None
    points: str | None = None
    with_pending: bool = False


Made = tuple[bytes | Iterable[bytes], list[str]]  # the file, whole or in pieces, and what is told of it


def export(kind: str, out: Path, choices: Choices) -> list[str]:
    """Write one export, whole or not at all; what is to be told. ExportError where it can't be made."""
    if kind not in FORMATS:
        raise ExportError(f"{kind!r} is no format; expected one of {', '.join(FORMATS)}")
    make, takes, needs = FORMATS[kind]
    given = [field.name for field in fields(choices) if getattr(choices, field.name) not in (None, False)]
    for name in needs:
        if name not in given:
            raise ExportError(f"{kind} needs {WORDS[name]}")
    for name in given:
        if name not in takes:
            raise ExportError(f"{kind} takes no {_option(name)}; it takes {', '.join(map(_option, takes))}")
    read = [path.resolve() for path in (choices.results, choices.sheet) if path]
    if out.resolve() in read:
        raise ExportError(f"--out {out} is what is read; give another file")
    data, told = make(choices)
    try:
        write_atomically(out, data)
    except OSError as problem:
        raise ExportError(f"{out}: {problem.strerror}; give a file that can be written with --out") from problem
    return told


def _option(name: str) -> str:
    return "RESULTS" if name == "results" else "--" + name.replace("_", "-")


def _csv(choices: Choices) -> Made:
    return to_csv(read_results(choices.results)).encode(), []


def _junit(choices: Choices) -> Made:
    return to_junit(read_results(choices.results), load_course()), []


def _canvas(choices: Choices) -> Made:
    by, data = _by(choices, canvas.BY), read_bytes(choices.sheet, "the grade book that Canvas exports")
    return canvas.to_canvas(read_results(choices.results), data, choices.sheet.name, load_course(), by=by,
                            column=choices.column, with_pending=choices.with_pending)  # fmt: skip


def _moodle(choices: Choices) -> Made:
    by, data = _by(choices, moodle.BY), read_bytes(choices.sheet, "the grading worksheet that Moodle exports")
    return moodle.to_moodle(
        read_results(choices.results), data, choices.sheet.name, by=by, with_pending=choices.with_pending
    )


def _gradescope(choices: Choices) -> Made:
    points = _points(choices)
    return to_gradescope(_one(choices), load_course(), points), []


def _github(choices: Choices) -> Made:
    return to_github(_one(choices), load_course()), []


def _autograder(choices: Choices) -> Made:
    return autograder_zip(ROOT, _points(choices)), []


# format → what makes it, what it takes, what it needs
FORMATS: dict[str, tuple[Callable[[Choices], Made], tuple[str, ...], tuple[str, ...]]] = {
    "csv": (_csv, ("results",), ("results",)),
    "canvas": (_canvas, ("results", "sheet", "by", "column", "with_pending"), ("results", "sheet")),
    "gradescope": (_gradescope, ("results", "student", "points"), ("results",)),
    "autograder": (_autograder, ("points",), ()),
    "moodle": (_moodle, ("results", "sheet", "by", "with_pending"), ("results", "sheet")),
    "github": (_github, ("results", "student"), ("results",)),
    "junit": (_junit, ("results",), ("results",)),
}
WORDS = {"results": "RESULTS, the results.json of a grading", "sheet": "--sheet, the file that was exported from there"}


def _by(choices: Choices, known: dict[str, str]) -> str:
    """By which column students are matched: the first, if nothing was said."""
    by = choices.by or next(iter(known))
    if by not in known:
        raise ExportError(f"--by is {by!r}, expected one of {', '.join(known)}")
    return by


def _points(choices: Choices) -> str:
    points = choices.points or "after_due_date"
    if points not in VISIBILITIES:
        raise ExportError(f"--points is {points!r}, expected one of {', '.join(VISIBILITIES)}")
    return points


def _one(choices: Choices) -> dict:
    """The submission that is named, or the only one."""
    names, found = [], []
    for entry in read_results(choices.results)["submissions"]:
        names.append(entry["student"])
        if choices.student in (None, entry["student"]):
            found = [*found, entry][:2]
    if len(found) == 1:
        return found[0]
    there = listed(names) or "nobody"
    if choices.student is None:
        raise ExportError(f"this format is for one submission: name it with --student. There is {there}")
    raise ExportError(f"--student {choices.student!r} is not in {choices.results}. There is {there}")
