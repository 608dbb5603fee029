"""nbgrader's table of scores, with what its own leaves out: quotes, and whether a number is a score at all."""

from __future__ import annotations

import csv
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.plugins import ExportPlugin

from grader.reports.table import defused

__all__ = ["COLUMNS", "CsvExport"]

COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
           "late_submission_penalty", "score", "max_score", "status")  # fmt: skip


class CsvExport(ExportPlugin):
    """The columns of nbgrader's CSV, and `status`: graded, needs marking, not graded or not submitted.

    Where an autograding did not come to its end there is no score, and the table has none.
    """

    def export(self, gradebook: Gradebook) -> None:
        rows = [_row(gradebook, assignment, student)
                for assignment in gradebook.assignments if not self.assignment or assignment.name in map(str, self.assignment)
                for student in gradebook.students if not self.student or student.id in map(str, self.student)]  # fmt: skip
        with Path(self.to or "grades.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(
                {name: "" if value is None else defused(value) for name, value in row.items()} for row in rows
            )


def _row(gradebook: Gradebook, assignment: Assignment, student: Student) -> dict:
    row = {"assignment": assignment.name, "duedate": assignment.duedate, "student_id": student.id,
           "last_name": student.last_name, "first_name": student.first_name, "email": student.email,
           "max_score": assignment.max_score}  # fmt: skip
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return row | {"raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0, "status": "not submitted"}
    row |= {"timestamp": submission.timestamp, "status": _status(submission)}
    if row["status"] == "not graded":
        return row
    penalty = submission.late_submission_penalty
    return row | {"raw_score": submission.score, "late_submission_penalty": penalty,
                  "score": max(0.0, submission.score - penalty)}  # fmt: skip


def _status(submission: SubmittedAssignment) -> str:
    """A test cell without a score means that its autograding failed: nbgrader counts it as 0."""
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    if any(grade.cell_type == "code" and grade.auto_score is None and grade.manual_score is None for grade in grades):
        return "not graded"
    return "needs marking" if any(grade.needs_manual_grade for grade in grades) else "graded"
