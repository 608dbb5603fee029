"""Marks of written answers: from nbgrader's grade book, or from a CSV with the columns student, task, points and comment."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from grader.reports.table import defused
from grader.tasks import Course, Task
from grader.teaching.reading import TeachingError

__all__ = ["COLUMNS", "Mark", "Marks", "MarksError", "read_csv", "read_gradebook"]

COLUMNS = ("student", "task", "points", "comment")
WAIT = 3  # seconds for whoever is writing into the grade book
QUERY = """
    SELECT submitted_assignment.student_id, base_cell.name, grade.manual_score, grade.auto_score, grade.needs_manual_grade,
           coalesce(grade.extra_credit, 0), coalesce(comment.manual_comment, '')
    FROM grade
    JOIN base_cell ON base_cell.id = grade.cell_id
    JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    LEFT JOIN comment ON comment.cell_id = grade.cell_id AND comment.notebook_id = grade.notebook_id
"""


class MarksError(TeachingError):
    """Marks that can't be taken; the message says where they stand and what to do."""


@dataclass(frozen=True)
class Mark:
    points: float
    comment: str = ""


Marks = dict[str, dict[str, Mark]]  # student → written task → mark; what is not there is still to be marked


def read_csv(path: Path, course: Course, students: set[str]) -> Marks:
    """The marks of a CSV, with commas or semicolons. A row without points is still to be marked."""
    marks: Marks = {}
    names = {defused(name): name for name in students} | {name: name for name in students}
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        student, task = names.get(row["student"]), _task(row["task"], course, where)
        if student is None:
            raise MarksError(f"{where}: nobody is called {row['student']!r} in these results; there are {_some(students)}")
        if task.id in marks.get(student, {}):
            raise MarksError(f"{where}: {student} has a mark for {task.id} already; leave one of the two")
        if row["points"]:
            marks.setdefault(student, {})[task.id] = Mark(_points(row["points"], task, where), row["comment"])
    return marks


def read_gradebook(path: Path, course: Course) -> Marks:
    """The marks in nbgrader's grade book, which is only read. MarksError where it is locked or is none."""
    if not path.is_file():
        raise MarksError(f"{path} does not exist; give nbgrader's grade book, gradebook.db in the course folder")
    names = {f"task-{task.id.replace('.', '-')}": task for task in course.written}
    marks: Marks = {}
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=WAIT)) as book:
            rows = book.execute(QUERY).fetchall()
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem):
            raise MarksError(f"{path} is locked by a program that writes into it: wait until the autograding is done, or close "
                             "the formgrader, and try again") from problem  # fmt: skip
        raise MarksError(f"{path} is no grade book of nbgrader 0.9: {problem}") from problem
    except sqlite3.DatabaseError as problem:
        raise MarksError(f"{path} is no grade book: {problem}") from problem
    for student, name, manual, auto, waits, extra, comment in rows:
        points = manual if manual is not None else auto
        if name in names and not waits and points is not None:
            marks.setdefault(student, {})[names[name].id] = Mark(points + extra, comment)
    return marks


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) of a CSV, with blanks taken off. Spreadsheets write semicolons where the comma is for decimals."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise MarksError(f"{path}: {problem.strerror}; give a CSV with the columns {', '.join(COLUMNS)}") from problem
    except UnicodeDecodeError as problem:
        raise MarksError(f"{path} is not UTF-8 (byte {problem.start}): save it as CSV UTF-8") from problem
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    missing = [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]
    if missing:
        raise MarksError(f"{path} has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    try:
        for row in reader:
            yield reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}
    except csv.Error as problem:
        raise MarksError(f"{path}, line {reader.line_num}: {problem}") from problem


def _task(name: str, course: Course, where: str) -> Task:
    task = course.tasks.get(name)
    if task is None or not task.written:
        raise MarksError(
            f"{where}: {name!r} is no written answer; those are {', '.join(task.id for task in course.written)}"
        )
    return task


def _points(text: str, task: Task, where: str) -> float:
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= task.points:
        raise MarksError(f"{where}: {text!r} points for {task.id}, expected a number from 0 to {task.points}")
    return points


def _some(names: set[str], most: int = 8) -> str:
    first = sorted(names)[:most]
    return ", ".join(first) + (f" and {len(names) - most} more" if len(names) > most else "")
