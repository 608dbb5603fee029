"""The memory of a long grading: the highest that the judge and its nursery came to, after so many submissions in a row.

Each is the complete notebook 1. Where neither grows from the first count to the last, a class of any size can be graded.

    python -m benchmarks.grading_memory [1000]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.grading_speed import SEED, complete, handed_in
from benchmarks.recording import save
from grader.grade import Grader, Options
from grader.intake import Submission
from grader.records import Records

COUNTS = (20, 200, 1_000)


def main() -> None:
    last = int(sys.argv[1]) if sys.argv[1:] else COUNTS[-1]
    with tempfile.TemporaryDirectory() as folder:
        rows = dict(measured(Path(folder), [count for count in COUNTS if count < last] + [last]))
    record = save("grading_memory", f"python -m benchmarks.grading_memory {last}", [SEED], rows, unit="MiB")
    table = Table("submissions", *next(iter(rows.values())), title="Highest memory, MiB", title_justify="left")
    for count, row in record["rows"].items():
        table.add_row(count, *map(str, row.values()))
    Console().print(table)


def measured(folder: Path, counts: list[int]) -> Iterator[tuple[str, dict[str, int]]]:
    """After each of these counts, the highest so far of the judge and of the nursery."""
    submission = handed_in(folder / "work", complete())
    records = Records(folder / "records")
    with Grader(Options(SEED)) as grader:
        processes = {"judge": psutil.Process(), "nursery": _innermost(psutil.Process(grader._nursery._process.pid))}
        for count in track(range(1, counts[-1] + 1), description="Submissions", transient=True):
            records.keep(grader.grade(Submission(f"student-{count}", submission.places)))
            if count in counts:
                yield str(count), {name: _peak(process) for name, process in processes.items()}


def _innermost(process: psutil.Process) -> psutil.Process:
    """In namespaces of its own the nursery is the child of the process that was started."""
    return next(iter(process.children()), process)


def _peak(process: psutil.Process) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


if __name__ == "__main__":
    main()
