"""Canvas: the instructor's own grade-book export with one column filled in.

Columns and rows as Canvas's lib/gradebook_exporter.rb writes and lib/gradebook_importer.rb reads them: Student (or
LastName and FirstName), ID, SIS User ID, SIS Login ID, Section, assignments as "Title (number)", read-only totals; above
the students a row of points possible, and before it one for assignments that are posted by hand.
"""

from __future__ import annotations

import re

from grader.exports.filling import fill, listed, number, read_number, same
from grader.exports.reading import ExportError, in_short
from grader.exports.sheet import Sheet
from grader.tasks import Course

__all__ = ["BY", "to_canvas"]

BY = {"login": "SIS Login ID", "sis": "SIS User ID", "id": "ID"}
ADVICE = ("Give what Canvas exports (Grades, Export), unchanged; SIS User ID is in it only for who may see it: "
          "match with --by login then.")  # fmt: skip
ASSIGNMENT = re.compile(r"(.*) \((\d+)\)$", re.DOTALL)
USER = re.compile(r"(?:.*_)?(\d+)", re.DOTALL)
POSTING = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE | re.DOTALL)
TEST_STUDENT = "Student, Test"  # Canvas's own, in the last row
READ_ONLY = "read only"  # in the row of points possible
CLOSED = {"EX": "excused (EX)", "N/A": "not assigned to them (N/A)"}


def to_canvas(results: dict, data: bytes, name: str, course: Course, *, by: str = "login", column: str | None = None,
              with_pending: bool = False) -> tuple[bytes, list[str]]:  # fmt: skip
    """The grade book with the scores in the column, and what is to be told. ExportError where it can't be filled."""
    sheet, entries = Sheet(data, name), in_short(results)
    person = "LastName" if sheet.column("LastName") is not None else "Student"
    names, _, _, ids = sheet.require([person, "ID", "Section", BY[by]], ADVICE)
    points = next((row for row in sheet.rows if "Points Possible" in sheet.value(row, names)), None)
    place = _assignment(sheet, column, points)
    possible = "" if points is None else sheet.value(points, place)
    students = [row for row in sheet.rows if row != points and _is_student(sheet, row, names)]

    def put(row: int, entry: dict) -> None:
        sheet.put(row, place, number(entry["score"], possible))

    told = fill(sheet, students, ids, entries, put, key=_user if by == "id" else same, with_pending=with_pending,
                closed=lambda row: CLOSED.get(sheet.value(row, place).strip().upper(), ""))  # fmt: skip
    told[0] += f", in the column {sheet.header[place]!r}"
    return sheet.data(), told + _other_maximum(possible, entries, course)


def _user(text: str) -> str:
    """The number of a user: alone, or as `collect` makes it of a bulk download's names, lovelaceada_123."""
    found = USER.fullmatch(text.strip())
    return found[1] if found else ""


def _is_student(sheet: Sheet, row: int, names: int) -> bool:
    """Not so is the row that tells which assignments are posted by hand."""
    posting = all(POSTING.fullmatch(sheet.value(row, column)) for column in range(len(sheet.header)))
    return not posting and sheet.value(row, names) != TEST_STUDENT


def _assignment(sheet: Sheet, wanted: str | None, points: int | None) -> int:
    """The column of an assignment: the one that is named by title, number or both, or the only one there is."""
    there = {column: found for column, title in enumerate(sheet.header) if (found := ASSIGNMENT.fullmatch(title))}
    there = {column: found for column, found in there.items()
             if points is None or READ_ONLY not in sheet.value(points, column)}  # fmt: skip
    chosen = [column for column, found in there.items() if wanted is None or wanted.strip() in found.group(0, 1, 2)]
    if len(chosen) == 1:
        return chosen[0]
    titles = listed([found[0] for found in there.values()]) or "none: create the assignment in Canvas, and export again"
    if wanted is None:
        raise ExportError(f"say with --column which assignment of {sheet.name} is to be filled in. There is {titles}")
    state = "stands for several assignments" if chosen else "is no assignment that Canvas takes scores for"
    raise ExportError(f"--column {wanted!r} {state} in {sheet.name}. There is {titles}")


def _other_maximum(possible: str, entries: list[dict], course: Course) -> list[str]:
    """A line where the assignment's points are neither those of the results nor those with the written answers."""
    written = sum(task.points for task in course.written)
    maximum = max((entry["max_score"] for entry in entries), default=0)
    points = read_number(possible)
    if points is None or points in (maximum, maximum + written):
        return []
    return [f"Points Possible is {points:g}, but the results are out of {maximum:g} ({maximum + written:g} with the written "
            "answers): Canvas takes the scores as they are"]  # fmt: skip
