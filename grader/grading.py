"""A grading as the command line runs it: finds the submissions, shows progress, writes every report."""

from __future__ import annotations

import errno
import hashlib
import secrets
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.grade import Options, grade
from grader.handed_in import handed_in, read_collected
from grader.intake import IntakeError, find
from grader.reports.index import index_page
from grader.reports.student import student_page
from grader.reports.table import to_csv
from grader.reports.terminal import class_table
from grader.results import clean, dump, remove_unfinished, write_atomically
from grader.tasks import load_course
from grader.teaching.collect import looks_like_a_download

__all__ = ["COLUMNS", "run_grade", "what_to_do"]

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)  # of a progress bar


def run_grade(path: Path, out: Path, console: Console, *, seed: int | None, jobs: int, device: str,
              resume: bool, strict: bool = False) -> dict:  # fmt: skip
    """Grade what lies at `path` into `out`.

    IntakeError where there is nothing to grade; NotIsolated where a strict grading lacks a layer of isolation.
    """
    if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
        raise IntakeError(f"--out {out} lies inside the submissions; give a folder beside them")
    if looks_like_a_download(path):
        raise IntakeError(f"{path} is a bulk download from an LMS: take it in with "
                          f"`python -m grader collect {path} --out FOLDER`, and grade that folder")  # fmt: skip
    submissions, ignored = find(path)
    out.mkdir(parents=True, exist_ok=True)
    options = Options(_seed(out, seed, resume), device, jobs, resume, strict)
    with Progress(*COLUMNS, console=console, transient=True) as bar:
        todo = bar.add_task("Grading", total=len(submissions))
        results = grade(submissions, out, options, ignored, on_done=lambda record: bar.advance(todo),
                        on_start=lambda missing: _tell_isolation(missing, console))  # fmt: skip
    write_atomically(out / "handed_in.json", dump(handed_in(submissions, load_course(), read_collected(path))))
    _write_reports(results, out)
    console.print(class_table(results, load_course()))
    if ignored:
        console.print(f"Ignored, being no submission: {', '.join(map(clean, ignored))}", markup=False, soft_wrap=True)
    console.print(
        f"Results: {out / 'results.json'}, {out / 'results.csv'}\nReport:  {out / 'index.html'}",
        markup=False,
        soft_wrap=True,
    )
    return results


def _tell_isolation(missing: dict[str, str], console: Console) -> None:
    """Whether every layer is in force, and plainly those that are not."""
    lacking = [layer for layer, why in missing.items() if why]
    if not lacking:
        console.print(f"Isolation: all {len(missing)} layers", highlight=False)
        return
    console.print(f"Isolation: {len(missing) - len(lacking)} of {len(missing)} layers. Not in force: {', '.join(lacking)}. "
                  "python -m grader doctor says what to do.", soft_wrap=True, highlight=False)  # fmt: skip


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


def _write_reports(results: dict, out: Path) -> None:
    course = load_course()
    pages = {}
    remove_unfinished(out / "reports")
    for entry in results["submissions"]:
        name = hashlib.sha256(entry["student"].encode()).hexdigest()[:20]
        pages[entry["student"]] = f"reports/{name}.html"
        write_atomically(out / pages[entry["student"]], student_page(entry, course).encode())
    write_atomically(out / "results.csv", to_csv(results).encode())
    write_atomically(out / "index.html", index_page(results, pages, course).encode())
