"""How a grading says what it does: by a bar, by a line for each student, not at all, or by JSON for scripts."""

from __future__ import annotations

import json
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from grader.reports.terminal import class_table
from grader.results import VERDICTS, clean
from grader.tasks import load_course

__all__ = ["COLUMNS", "Quiet", "pace", "telling"]

COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
TOLD = 10  # lines about a class where no bar can be drawn
NOTED = VERDICTS[VERDICTS.index("out_of_memory") :]  # verdicts that the line of a student tells


def telling(how: str, console: Console) -> Quiet:
    """`how` is bar, verbose, quiet or json. Where the console is no terminal, a few lines take the place of the bar."""
    if how == "bar":
        return _Bar(console) if console.is_terminal else _Tenths(console)
    return {"verbose": _Lines, "quiet": Quiet, "json": _Json}[how](console)


def pace(count: int, seconds: float, left: int) -> str:
    """How fast it goes and how long it will take, where so many were graded in so many seconds: "12 a minute, 3 min left"."""
    if not count or not seconds:
        return ""
    rate = 60 * count / seconds
    speed = f"{60 * rate:.0f} an hour" if rate < 1 else f"{rate:.1f} a minute" if rate < 10 else f"{rate:.0f} a minute"
    return f"{speed}, {_duration(left * seconds / count)} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Quiet:
    """Says nothing; what the others have in common."""

    def __init__(self, console: Console):
        self.console = console
        self.count = self.done_so_far = self._before = 0
        self._since: float | None = None  # when the first one was begun that no earlier run has graded

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *exception) -> None:
        """The grading has ended, well or not."""

    def begin(self, count: int, seed: int, device: str) -> None:
        """So many submissions will be graded."""
        self.count = count

    def isolation(self, missing: dict[str, str], where: str = "") -> None:
        """The first one is about to be graded: each layer of isolation, and why it is missing, "" if it is in force.

        `where` that is, is said if it is not here.
        What came before was taken from an earlier run, and says nothing about the pace of this one.
        """
        self._before, self._since = self.done_so_far, time.monotonic()

    def done(self, record: dict, seconds: float) -> None:
        """One more is graded."""
        self.done_so_far += 1

    def end(self, results: dict, ignored: list[str], out: Path) -> None:
        """All reports are written."""

    @property
    def pace(self) -> str:
        if self._since is None:
            return ""
        graded = self.done_so_far - self._before
        return pace(graded, time.monotonic() - self._since, self.count - self.done_so_far)


class _Spoken(Quiet):
    """For a person."""

    def isolation(self, missing: dict[str, str], where: str = "") -> None:
        super().isolation(missing, where)
        lacking = [layer for layer, why in missing.items() if why]
        what = f"Isolation on {where}" if where else "Isolation"
        if not lacking:
            self.say(f"{what}: all {len(missing)} layers")
            return
        self.say(f"{what}: {len(missing) - len(lacking)} of {len(missing)} layers. Not in force: {', '.join(lacking)}. "
                 "python -m grader doctor says what to do.")  # fmt: skip

    def end(self, results: dict, ignored: list[str], out: Path) -> None:
        self.console.print(class_table(results, load_course()))
        if ignored:
            self.say(f"Ignored, being no submission: {', '.join(map(clean, ignored))}")
        self.say(f"Results: {out / 'results.json'}, {out / 'results.csv'}\nReport:  {out / 'index.html'}")

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Bar(_Spoken):
    def __enter__(self) -> _Bar:
        self._progress = Progress(*COLUMNS, console=self.console, transient=True)
        self._progress.start()
        return self

    def __exit__(self, *exception) -> None:
        self._progress.stop()

    def begin(self, count: int, seed: int, device: str) -> None:
        super().begin(count, seed, device)
        self._bar = self._progress.add_task("Grading", total=count, pace="")

    def done(self, record: dict, seconds: float) -> None:
        super().done(record, seconds)
        left = self.done_so_far < self.count
        self._progress.update(self._bar, advance=1, pace=self.pace if left else "writing the reports")


class _Tenths(_Spoken):
    """Where lines go into a file: one after each tenth of the class."""

    def done(self, record: dict, seconds: float) -> None:
        super().done(record, seconds)
        if self.done_so_far * TOLD // self.count > (self.done_so_far - 1) * TOLD // self.count:
            told = self.pace if self.done_so_far < self.count else ""
            self.say(f"Graded {self.done_so_far} of {self.count}" + (f": {told}" if told else ""))


class _Lines(_Spoken):
    def done(self, record: dict, seconds: float) -> None:
        super().done(record, seconds)
        told = self.pace if self.done_so_far < self.count else ""
        self.say(f"{self.done_so_far}/{self.count}  {_in_a_line(record, seconds)}" + (f"  [{told}]" if told else ""))


def _in_a_line(record: dict, seconds: float) -> str:
    name = " ".join(clean(record["student"]).split())
    if not record["tasks"]:
        return f"{name}: not graded, {' '.join(record['reason'].split())}"
    found = {verdict: [task["id"] for task in record["tasks"] if task["verdict"] == verdict] for verdict in NOTED}
    notes = [f"{verdict} in {', '.join(ids)}" for verdict, ids in found.items() if ids]
    points = f"{record['score']:g} of {record['max_score']:g}, {seconds:.1f} s"
    return f"{name}: {'; '.join([points, *notes])}"


class _Json(Quiet):
    """For scripts. "event" says which: begin, isolation, graded for each submission, end."""

    def begin(self, count: int, seed: int, device: str) -> None:
        super().begin(count, seed, device)
        self._write("begin", submissions=count, seed=seed, device=device)

    def isolation(self, missing: dict[str, str], where: str = "") -> None:
        super().isolation(missing, where)
        place = {"on": where} if where else {}
        self._write("isolation", **place, in_force=[layer for layer, why in missing.items() if not why],
                    missing={layer: why for layer, why in missing.items() if why})  # fmt: skip

    def done(self, record: dict, seconds: float) -> None:
        super().done(record, seconds)
        kept = {name: record[name] for name in ("student", "status", "score", "max_score", "reason") if name in record}
        verdicts = {task["id"]: task["verdict"] for task in record["tasks"]}
        self._write("graded", done=self.done_so_far, of=self.count, **kept, seconds=seconds, verdicts=verdicts)

    def end(self, results: dict, ignored: list[str], out: Path) -> None:
        files = {"results": "results.json", "table": "results.csv", "report": "index.html"}
        self._write("end", ignored=ignored, **{name: str(out / file) for name, file in files.items()})

    def _write(self, event: str, **values) -> None:
        print(json.dumps({"event": event, **values}), file=self.console.file, flush=True)
