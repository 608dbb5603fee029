"""A large class, graded from its folders to its reports: the time, memory and storage from which a larger one is planned.

The class is made of the examples with every mistake of the bank, evenly chosen, each module with a line of its own. A
submission is the work of one notebook, of each in turn, as a class hands it in; with --whole all five notebooks. It is graded
by the command, as an instructor would. The table goes into docs/scale.md.

    python -m benchmarks.grading_scale [--count 1000] [--jobs 2] [--whole]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.recording import RESULTS, save
from grader.examples import example_class
from grader.results import write_atomically
from grader.tasks import load_course

SEED = 0
PLANNED = 10_000
EVERY = 2  # seconds between looks at the memory
DOCUMENT = Path(__file__).parent.parent / "docs" / "scale.md"
BEGIN, END = "<!-- measured: python -m benchmarks.grading_scale writes it -->\n", "<!-- end -->\n"
MEBIBYTE = 2**20
PLACES = {"records": "records", "results": "results.json", "pages": "reports"}  # in the folder of a grading


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--whole", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        handed_in, out = Path(folder) / "class", Path(folder) / "out"
        write_class(handed_in, wanted.count, wanted.whole)
        rows = {**measured(handed_in, out, wanted.jobs), "storage": storage(handed_in, out)}
    command = (
        f"python -m benchmarks.grading_scale --count {wanted.count} --jobs {wanted.jobs}{' --whole' * wanted.whole}"
    )
    name = "grading_scale_whole" if wanted.whole else "grading_scale"
    record = save(name, command, [SEED], rows, count=wanted.count, jobs=wanted.jobs, whole=wanted.whole)
    print(table(record))
    write_atomically(DOCUMENT, with_tables(DOCUMENT.read_text(encoding="utf-8")).encode())


def write_class(folder: Path, count: int, whole: bool) -> None:
    """So many submissions; more than there are examples begin with these again."""
    examples = [files for _, files in example_class(load_course())]
    complete = next(files for name, files in example_class(load_course(), 0) if name == "complete")
    for number in range(count):
        place = number % len(examples) if count > len(examples) else number * len(examples) // count
        files = complete | examples[place] if whole else examples[place]
        for path, text in files.items():
            own = f"\n\n# student-{number:05}\n" if path.endswith(".py") else ""
            write_atomically(folder / f"student-{number:05}" / path, (text + own).encode())


def measured(handed_in: Path, out: Path, jobs: int) -> dict[str, dict]:
    """Seconds of the run and of its submissions, and the highest memory of its processes in MiB."""
    command = [sys.executable, "-m", "grader", "grade", handed_in, "--out", out, "--seed", str(SEED), "--jobs", str(jobs),
               "--json"]  # fmt: skip
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        memory = Memory(psutil.Process(run.pid))
        seen = [(event["event"], time.perf_counter() - begin, event) for event in map(json.loads, run.stdout)]
        memory.stop()
    if run.returncode:
        raise SystemExit(f"the grading ended with status {run.returncode}")
    when = {event: moment for event, moment, _ in seen}  # of "graded" the last
    each = [event["seconds"] for name, _, event in seen if name == "graded"]
    verdicts = [verdict for name, _, event in seen if name == "graded" for verdict in event["verdicts"].values()]
    return {"seconds": {"start": round(when["isolation"], 1), "grading": round(when["graded"] - when["isolation"], 1),
                        "reports": round(when["end"] - when["graded"], 1),
                        "a submission, median": round(statistics.median(each), 2),
                        "a submission, longest": round(max(each), 2)},
            "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
            "memory": memory.highest}  # fmt: skip


class Memory:
    """Looks at a process and those below it every now and then. What they share is counted in each of their figures."""

    def __init__(self, process: psutil.Process):
        self.highest: dict[str, int] = {}
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            for kind, bytes_ in self._now():
                self.highest[kind] = max(self.highest.get(kind, 0), bytes_ // MEBIBYTE)

    def _now(self) -> Iterator[tuple[str, int]]:
        try:
            processes = [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                yield self._kind(process), process.memory_info().rss
            except psutil.NoSuchProcess:  # it has just ended
                continue

    def _kind(self, process: psutil.Process) -> str:
        if process == self._process:
            return "the command"
        return "nursery or worker" if "grader.engine.nursery" in process.cmdline() else "job"


def storage(handed_in: Path, out: Path) -> dict[str, int]:
    """Bytes of what was handed in and of what was written."""
    found = {name: _bytes(out / place) for name, place in PLACES.items()}
    return {"handed in": _bytes(handed_in), **found, "all of the grading": _bytes(out)}


def _bytes(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())


def table(record: dict) -> str:
    """What was measured, and what follows for a larger class, as Markdown."""
    count, seconds, memory, used = record["count"], *(record["rows"][name] for name in ("seconds", "memory", "storage"))
    times = PLANNED / count
    rows = [[f"grading, {record['jobs']} jobs", *(_duration(seconds["grading"] * factor) for factor in (1, times))],
            ["reports and the look for likeness", *(_duration(seconds["reports"] * factor) for factor in (1, times))],
            *([f"memory, {kind}", f"{memory[kind]} MiB", "the same"] for kind in sorted(memory)),
            *([f"storage, {name}", *(_size(used[name] * factor) for factor in (1, times))] for name in used)]  # fmt: skip
    work = "all five notebooks each" if record["whole"] else "one notebook each"
    head = [f"{work}; {record['processor']}, {record['cores']} cores", f"{count:,}, measured", f"{PLANNED:,}, planned"]
    lines = [head, ["---", "---:", "---:"], *rows]
    after = (f"`{record['command']}`: {seconds['a submission, median']:g} s for a submission (median), "
             f"{seconds['a submission, longest']:g} s for the longest.")  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{after}\n"


def with_tables(text: str) -> str:
    """The document with the tables of what is recorded."""
    paths = [RESULTS / f"{name}.json" for name in ("grading_scale", "grading_scale_whole")]
    tables = [table(json.loads(path.read_bytes())) for path in paths if path.is_file()]
    before, rest = text.split(BEGIN)
    return before + BEGIN + "".join(f"\n{each}\n" for each in tables) + END + rest.split(END)[1]


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _size(count: float) -> str:
    return (
        f"{count / 1e9:.1f} GB"
        if count >= 1e9
        else f"{count / 1e6:.0f} MB"
        if count >= 1e6
        else f"{count / 1e3:.0f} kB"
    )


if __name__ == "__main__":
    main()
