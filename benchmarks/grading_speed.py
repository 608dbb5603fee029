"""Seconds to grade one submission, and what of them is the checks' own time.

The checks' own time is that of the same checks on the same code in one process, without wire, worker or intake. Both are
measured in one run, after a warm-up, on the complete example submission. The starter module with a syntax error is the
floor: what intake, worker and record cost when no check can run.

    python -m benchmarks.grading_speed [--repeats 30]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.recording import save
from grader.engine.workbench import Workbench
from grader.examples import example_class
from grader.grade import Grader, Options
from grader.intake import Submission
from grader.judge import Judge
from grader.recordings import Live
from grader.references import reference_bench
from grader.results import write_atomically
from grader.sessions import LocalSession
from grader.tasks import load_course

SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    rows = {"the checks alone, in one process": timed(_checks_alone(), repeats)}
    with tempfile.TemporaryDirectory() as folder, Grader(Options(SEED)) as grader:
        for name, submission in _submissions(Path(folder)).items():
            rows[name] = timed(lambda submission=submission: grader.grade(submission), repeats)
    command = f"python -m benchmarks.grading_speed --repeats {repeats}"
    record = save("grading_speed", command, [SEED], rows, unit="seconds")
    Console().print(_table(record))


def timed(work, repeats: int) -> dict[str, float]:
    """Median and quartiles of the seconds that `work` takes, after three calls that don't count."""
    for _ in range(3):
        work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    low, median, high = statistics.quantiles(seconds, n=4)
    return {"median": round(median, 4), "lower quartile": round(low, 4), "upper quartile": round(high, 4)}


def _checks_alone():
    course = load_course()
    library = Live(course, SEED)
    bench: Workbench = reference_bench(course)

    def work() -> None:
        judge = Judge(course, library, LocalSession(bench, lambda task: None))
        assert all(judge.judge(task).verdict == "passed" for task in course.graded)

    return work


def _submissions(folder: Path) -> dict[str, Submission]:
    files = next(files for name, files in example_class(load_course()) if name == "complete")
    broken = {"starter/rnn.py": "def broken(:\n"}
    made = {}
    for name, entry in (("a complete submission", files), ("a module that does not load", broken)):
        for path, text in entry.items():
            write_atomically(folder / name / path, text.encode())
        made[name] = Submission(name, (folder / name,))
    return made


def _table(record: dict) -> Table:
    title = (
        f"Seconds per submission; seed {SEED}, {record['processor']}, {record['cores']} cores, torch {record['torch']}"
    )
    table = Table(title=title, title_justify="left")
    for column in ("", "median", "quartiles"):
        table.add_column(column, justify="left" if not column else "right")
    for name, row in record["rows"].items():
        table.add_row(name, f"{row['median']:.3f}", f"{row['lower quartile']:.3f} to {row['upper quartile']:.3f}")
    return table


if __name__ == "__main__":
    main()
