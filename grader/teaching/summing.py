"""`python -m grader totals`: reads what was marked and what was late, checks it, and writes totals.json and totals.csv."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from grader.reports.table import defused
from grader.results import clean, dump, write_atomically
from grader.tasks import Course
from grader.teaching.late import Policy, lateness, read_policy
from grader.teaching.marks import Marks, read_csv, read_gradebook
from grader.teaching.reading import TeachingError, numbers_of, read_results, results_in
from grader.teaching.totals import SCHEMA, digest_of, notebooks_in, totals

__all__ = ["Asked", "sum_up", "totals_table"]

COLUMNS = ("student", "status", "auto", "manual", "penalty", "score", "max_score", "pending", "days late", "free days",
           "handed in", "known by")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the command line named."""

    policy: Path | None = None
    marks: Path | None = None
    gradebook: Path | None = None
    notebooks: Sequence[str] = ()
    before: Sequence[Path] = ()


def sum_up(grades: Path, asked: Asked, course: Course) -> tuple[dict, list[str]]:
    """Write the totals of the grading in a folder; their record, and what is to be told. Nothing is written where it can't be."""
    results = results_in(grades)
    entries = read_results(results)["submissions"]
    students = {entry["student"] for entry in entries}
    numbers = numbers_of(asked.notebooks, course)
    policy = read_policy(asked.policy, course) if asked.policy else Policy()
    told = _check_students(policy, asked.policy, students, numbers)
    marks = read_csv(asked.marks, course, students) if asked.marks else {}
    if asked.gradebook:
        marks, more = _joined(read_gradebook(asked.gradebook, course), marks, students)
        told += more
    handed, used = _handed_in(results), _used(asked.before)
    made = []
    for entry in entries:
        name = entry["student"]
        there = [number for number in notebooks_in(entry, course) if number in numbers]
        late = lateness(policy, name, handed.get(name, {}), there, course, used[name]) if asked.policy else {}
        made.append(totals(entry, marks.get(name, {}), late, course, numbers))
    record = {"schema": SCHEMA, "results": digest_of(results), "notebooks": numbers, "submissions": made}
    write_atomically(results.with_name("totals.json"), dump(record))
    write_atomically(results.with_name("totals.csv"), _csv(made).encode())
    return record, told + _worth_a_look(made)


def _check_students(policy: Policy, path: Path | None, students: set[str], numbers: list[str]) -> list[str]:
    """Who has an extension and no submission: a slip in the name, unless the policy says that they are absent."""
    for key, named in (("extensions", policy.extensions), ("handed_in", policy.handed_in)):
        unknown = (
            {student for student, times in named.items() if times.keys() & set(numbers)} - students - {*policy.absent}
        )
        if unknown:
            raise TeachingError(f"{path}: {key} names {', '.join(map(repr, sorted(unknown)))}, who handed nothing in; there are "
                                f"{_some(students)}. Whoever has not handed in yet goes into absent = [...] as well")  # fmt: skip
    waiting = sorted(set(policy.absent) - students)
    return [f"Not handed in yet, by the policy: {', '.join(waiting)}"] if waiting else []


def _joined(book: Marks, table: Marks, students: set[str]) -> tuple[Marks, list[str]]:
    """Both kinds of marks. Where both have one, the CSV's counts, and it is told."""
    others = set(book) - students
    told = [f"Marks in the grade book of {_some(others)}, who are not in these results"] if others else []
    for student, own in table.items():
        for task, mark in own.items():
            other = book.get(student, {}).get(task)
            if other and other.points != mark.points:
                told.append(
                    f"{student}, {task}: {mark.points:g} in the CSV counts, not {other.points:g} in the grade book"
                )
    return {student: book.get(student, {}) | table.get(student, {}) for student in book.keys() | table.keys()}, told


def _handed_in(results: Path) -> dict[str, dict]:
    path = results.with_name("handed_in.json")
    return json.loads(path.read_bytes())["submissions"] if path.is_file() else {}


def _used(before: Sequence[Path]) -> Counter:
    """student → free days that went to earlier notebooks."""
    used: Counter = Counter()
    for folder in before:
        path = folder / "totals.json" if folder.is_dir() else folder
        try:
            record = json.loads(path.read_bytes())
            if record["schema"] != SCHEMA:
                raise KeyError("schema")
            used.update({entry["student"]: entry["free_days"] for entry in record["submissions"]})
        except (OSError, ValueError, LookupError, TypeError) as problem:
            raise TeachingError(
                f"--before {path} holds no totals ({problem}); give a folder in which totals were made"
            ) from problem
    return used


def _worth_a_look(made: list[dict]) -> list[str]:
    """What a person should know before these totals go out."""
    lines = {
        "Still to be marked": [f"{entry['student']} ({', '.join(entry['pending'])})" for entry in made if entry["pending"]],
        "Late by the file's time, which a copy changes; if you know better, say so under handed_in":
            [entry["student"] for entry in made if any(part["late"] and part["late"]["uncertain"] and part["late"]["days"]
                                                       for part in entry["notebooks"].values())],
        "No score, since the harness failed there (grade again)": [entry["student"] for entry in made if entry["score"] is None],
    }  # fmt: skip
    return [f"{what}: {_some(names)}" for what, names in lines.items() if names]


def totals_table(record: dict) -> Table:
    table = Table(title="Totals", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("student", "auto", "written", "late", "penalty", "total", "known by"):
        table.add_column(column, justify="left" if column in ("student", "late", "known by") else "right")
    for entry in record["submissions"]:
        score = "none" if entry["score"] is None else f"{entry['score']:g}/{entry['max_score']:g}"
        waits = " + ?" if entry["pending"] else ""
        table.add_row(escape(clean(entry["student"])), f"{entry['auto']:g}", f"{entry['manual']:g}{waits}", _late(entry),
                      f"{entry['penalty']:g}", score, _joint(entry, "known_by"))  # fmt: skip
    return table


def _late(entry: dict) -> str:
    parts = [part["late"] for part in entry["notebooks"].values() if part["late"]]
    days = sum(part["days"] for part in parts)
    said = f"{days} d" + (f", {entry['free_days']} free" if entry["free_days"] else "") if days else ""
    return said + (" (extended)" if any(part["extended"] for part in parts) else "")


def _joint(entry: dict, name: str) -> str:
    """What the notebooks' lateness says, each thing once."""
    parts = [part["late"][name] for part in entry["notebooks"].values() if part["late"]]
    return "; ".join(dict.fromkeys(filter(None, parts)))


def _csv(made: list[dict]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in made:
        days = sum(part["late"]["days"] for part in entry["notebooks"].values() if part["late"])
        row = [*(entry[name] for name in COLUMNS[:7]), " ".join(entry["pending"]), days, entry["free_days"],
               _joint(entry, "handed_in"), _joint(entry, "known_by")]  # fmt: skip
        writer.writerow([defused("" if cell is None else cell) for cell in row])
    return file.getvalue()


def _some(names, most: int = 12) -> str:
    names = sorted(names)
    return ", ".join(map(clean, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
