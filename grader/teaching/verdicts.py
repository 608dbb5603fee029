"""Whether two gradings of a class say the same: every verdict here and there, as on two devices it should be."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from grader.reports.table import defused
from grader.results import clean, write_atomically
from grader.teaching.changes import conditions, made_from
from grader.teaching.reading import paired, read_results, results_in

__all__ = ["Differing", "Verdicts", "compare_verdicts", "verdicts_table"]

COLUMNS = ("student", "task", "check", "here", "there")
NONE = "none"  # in the place of a verdict, where there is no such submission or check


@dataclass(frozen=True)
class Differing:
    """A verdict that is not the same; without a task and a check it is that of the submission: graded, invalid."""

    student: str
    task: str
    check: str
    here: str
    there: str


@dataclass(frozen=True)
class Verdicts:
    """What two gradings were found to say. `conditions` tells what else differs between them."""

    differing: list[Differing]
    students: int
    checks: int
    conditions: list[str]


def compare_verdicts(here: Path, there: Path, out: Path | None) -> tuple[Verdicts, Path]:
    """All verdicts of two gradings held against each other, and the CSV that was written of those that differ."""
    here, there = results_in(here), results_in(there)
    ours, theirs = read_results(here), read_results(there)
    count, differing = Counter(), []
    for one, other in paired(ours["submissions"], theirs["submissions"]):
        mine, yours = _verdicts(one), _verdicts(other)
        student = (one or other)["student"]
        keys = list(dict.fromkeys([*mine, *yours]))
        differing += [Differing(student, *key, mine.get(key, NONE), yours.get(key, NONE))
                      for key in keys if mine.get(key) != yours.get(key)]  # fmt: skip
        count.update(students=1, checks=len(keys) - 1)
    told = conditions(ours, theirs, made_from(here), made_from(there), ("here", "there"))
    path = out or there.with_name("verdicts.csv")
    write_atomically(path, _csv(differing).encode())
    return Verdicts(differing, count["students"], count["checks"], told), path


def _verdicts(entry: dict | None) -> dict[tuple[str, str], str]:
    """(task, check) → verdict, after the submission's own status."""
    return dict(_listed(entry)) if entry else {}


def _listed(entry: dict) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("", ""), entry["status"].replace("_", " ")
    for task in entry["tasks"]:
        for check in task["checks"]:
            yield (task["id"], check["name"]), check["verdict"]


def verdicts_table(differing: list[Differing]) -> Table:
    table = Table(title="Verdicts that differ", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column)
    for each in differing:
        table.add_row(*(escape(clean(cell)) for cell in astuple(each)))
    return table


def _csv(differing: list[Differing]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([defused(cell) for cell in astuple(each)] for each in differing)
    return file.getvalue()
