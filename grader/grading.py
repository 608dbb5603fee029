"""A grading as the command line runs it: finds the submissions, shows progress, writes every report."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from grader.grade import Options, grade, released_cells
from grader.handed_in import handed_in, read_collected
from grader.intake import IntakeError, Material, Submission, find, read
from grader.reports.index import index_page
from grader.reports.student import student_page
from grader.reports.table import to_csv
from grader.results import dump, remove_unfinished, write_atomically
from grader.similarity import alike
from grader.tasks import Course, load_course
from grader.teaching.collect import looks_like_a_download
from grader.telling import telling

__all__ = ["run_grade", "what_to_do", "write_reports"]


def run_grade(path: Path, out: Path, console: Console, *, seed: int | None = None, places: tuple[str, ...] = ("cpu",),
              resume: bool = False, strict: bool = False, scheduler: str | None = None,
              tell: str = "bar") -> dict:  # fmt: skip
    """Grade what lies at `path` into `out`; `tell` is how it says what it does, as `telling` has it.

    IntakeError where there is nothing to grade; NotIsolated where a strict grading lacks a layer of isolation; ClusterError
    where the cluster at `scheduler` can't grade.
    """
    if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
        raise IntakeError(f"--out {out} lies inside the submissions; give a folder beside them")
    if looks_like_a_download(path):
        raise IntakeError(f"{path} is a bulk download from an LMS: take it in with "
                          f"`python -m grader collect {path} --out FOLDER`, and grade that folder")  # fmt: skip
    submissions, ignored = find(path)
    out.mkdir(parents=True, exist_ok=True)
    options = Options(_seed(out, seed, resume), places, resume, strict, scheduler)
    with telling(tell, console) as told:
        told.begin(len(submissions), options.seed, options.device)
        results = grade(submissions, out, options, ignored, told.done, told.isolation)
        write_atomically(out / "handed_in.json", dump(handed_in(submissions, load_course(), read_collected(path))))
        write_reports(results, submissions, out)
    told.end(results, ignored, out)
    return results


def _seed(out: Path, seed: int | None, resume: bool) -> int:
    """The seed given, else that of the run to resume, else one from the system."""
    if seed is not None:
        return seed
    note = out / "seed"
    kept = note.read_bytes().strip() if resume and note.is_file() else b""
    return int(kept) if kept.isdigit() else secrets.randbelow(2**31)


def what_to_do(problem: OSError, out: Path) -> str:
    """What could not be read or written, why, and the mend."""
    if problem.filename is None:
        return str(problem)
    said, place = f"{problem.filename}: {problem.strerror}", Path(problem.filename)
    if not place.is_relative_to(out) and not out.is_relative_to(place):
        return said
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{said}. What was graded is kept: make room there, and go on with --resume"
    return f"{said}; give a folder that can be written with --out"


def write_reports(results: dict, submissions: list[Submission], out: Path) -> None:
    """Write the students' pages, the table, and the page of the class, for which the submissions are read again."""
    course = load_course()
    pages = {}
    remove_unfinished(out / "reports")
    for entry in results["submissions"]:
        name = hashlib.sha256(entry["student"].encode()).hexdigest()[:20]
        pages[entry["student"]] = f"reports/{name}.html"
        write_atomically(out / pages[entry["student"]], student_page(entry, course).encode())
    write_atomically(out / "results.csv", to_csv(results).encode())
    to_ask = alike(_works(submissions, course), course)
    write_atomically(out / "index.html", index_page(results, pages, course, to_ask).encode())


def _works(submissions: list[Submission], course: Course) -> Iterator[tuple[str, Material]]:
    """(student, what was read) of every submission that can be read, one at a time."""
    for submission in submissions:
        with contextlib.suppress(Exception):  # its record says why, and the class goes on
            yield submission.student, read(submission, course, released_cells(course))
