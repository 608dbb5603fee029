"""Seconds per submission on the assignment of notebook 1: this grader, nbgrader and Otter side by side.

A round grades one complete submission by each, in turn, so that all meet the same machine. The checks' own time is that of
the same checks on freshly loaded code in one warm process, without intake, wire, worker and record. A run in two jobs is
timed as a whole, after each job has had two submissions.

    python -m benchmarks.grading_speed [--rounds 20] [--without nbgrader otter]
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import other_graders
from benchmarks.recording import save, summary
from grader.examples import example_class
from grader.grade import Grader, Options
from grader.intake import Submission
from grader.jobs import graded_in_jobs
from grader.judge import Judge
from grader.recordings import Live
from grader.records import Records
from grader.references import reference_bench
from grader.results import write_atomically
from grader.sessions import LocalSession
from grader.tasks import load_course

SEED = 0
OPTIONAL = ("nbgrader", "otter")
WARM = 4  # submissions of a run in two jobs that don't count
CHECKS, OURS, BROKEN, JOBS = "the checks alone", "one job", "one job, a module that does not load", "two jobs"
PLAIN, ENGINE, OTTER = "nbgrader autograde", "nbgrader autograde with this engine", "otter run"
Files = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--without", nargs="*", choices=OPTIONAL, default=[])
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    console = Console()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        files = complete()
        contestants = _contestants(Path(folder), files, wanted.without, stack, console)
        rows = {name: summary(values) for name, values in measured(contestants, wanted.rounds).items()}
        rows[JOBS] = summary(_in_two_jobs(handed_in(Path(folder) / "jobs", files), wanted.rounds))
    command = f"python -m benchmarks.grading_speed --rounds {wanted.rounds}"
    command += f" --without {' '.join(wanted.without)}" if wanted.without else ""
    record = save("grading_speed", command, [SEED], rows, unit="seconds per submission", ratios=_ratios(rows),
                  load_before=round(before, 2))  # fmt: skip
    for table in _tables(record):
        console.print(table)


def measured(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each contestant's turns, one turn in each round, after two rounds that don't count."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in track(range(rounds + 2), description="Rounds", transient=True):
        for name, work in contestants.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return {name: values[2:] for name, values in seconds.items()}


def _contestants(folder: Path, files: Files, without: list[str], stack: ExitStack, console: Console) -> dict:
    course = load_course()
    notebook = course.notebooks["1"]
    grader = stack.enter_context(Grader(Options(SEED)))
    found = {CHECKS: _checks_alone(), OURS: _ours(grader, folder / "ours", files),
             BROKEN: _ours(grader, folder / "broken", files | {"starter/rnn.py": "def broken(:\n"})}  # fmt: skip
    others = {PLAIN: ("nbgrader", other_graders.nbgrader_alone), ENGINE: ("nbgrader", other_graders.nbgrader_with_engine),
              OTTER: ("otter", other_graders.otter)}  # fmt: skip
    for name, (kind, prepare) in others.items():
        if kind not in without:
            try:
                found[name] = prepare(folder / name.replace(" ", "-"), course, notebook, files)
            except RuntimeError as problem:
                console.print(f"{name}: left out, {problem}", markup=False)
    return found


def complete() -> Files:
    """The files of notebook 1 in the complete example submission."""
    course = load_course()
    files = next(files for name, files in example_class(course) if name == "complete")
    notebook = course.notebooks["1"]
    return {path: files[path] for path in (f"starter/{notebook.module}.py", f"notebooks/{notebook.name}.ipynb")}


def handed_in(place: Path, files: Files) -> Submission:
    for path, text in files.items():
        write_atomically(place / path, text.encode())
    return Submission(place.name, (place,))


def _checks_alone() -> Callable[[], None]:
    course = load_course()
    library, tasks = Live(course, SEED), course.graded_in(course.notebooks["1"])

    def work() -> None:
        judge = Judge(course, library, LocalSession(reference_bench(course), lambda task: None, seconds=600))
        found = {task.id: judge.judge(task).verdict for task in tasks}
        assert set(found.values()) == {"passed"}, found

    return work


def _ours(grader: Grader, place: Path, files: Files) -> Callable[[], None]:
    """All of it: intake, a worker, the checks, the record in its file."""
    submission, records = handed_in(place, files), Records(place / "records")
    notebook = load_course().notebooks["1"].name

    def work() -> None:
        records.keep(grader.grade(submission, notebook))

    return work


def _in_two_jobs(submission: Submission, rounds: int) -> list[float]:
    """Seconds per submission, over stretches of four."""
    count = WARM + 4 * rounds
    starts = [partial(Grader, Options(SEED))] * 2
    ticks = [time.perf_counter() for _ in graded_in_jobs([submission] * count, starts, _not_told)]
    return [(end - start) / 4 for start, end in itertools.pairwise(ticks[WARM - 1 :: 4])]


def _not_told(missing: dict[str, str]) -> None:
    """The isolation is not what is measured."""


def _ratios(rows: dict[str, dict]) -> dict[str, float]:
    """What the aims of the design are about, from the medians."""
    median = {name: row["median"] for name, row in rows.items()}
    above = {"milliseconds above the checks": round(1000 * (median[OURS] - median[CHECKS]), 1)}
    return above | {f"{name}, times ours": round(median[name] / median[OURS], 1)
                    for name in (PLAIN, ENGINE, OTTER) if name in median}  # fmt: skip


def _tables(record: dict) -> Iterator[Table]:
    title = (f"Seconds per submission; {record['processor']}, {record['cores']} cores, torch {record['torch']}, "
             f"load before {record['load_before']}")  # fmt: skip
    table = Table(title=title, title_justify="left")
    for column in ("", "median", "quartiles", "least to greatest"):
        table.add_column(column, justify="left" if not column else "right")
    for name, row in record["rows"].items():
        low, _, high = statistics.quantiles(row["values"], n=4)
        table.add_row(
            name, f"{row['median']:.3f}", f"{low:.3f} to {high:.3f}", f"{row['least']:.3f} to {row['greatest']:.3f}"
        )
    yield table
    table = Table(title="What follows from the medians", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in record["ratios"].items():
        table.add_row(name, f"{value:g}")
    yield table


if __name__ == "__main__":
    main()
