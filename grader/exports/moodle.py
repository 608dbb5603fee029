"""Moodle: the instructor's offline grading worksheet, filled in.

Columns as mod/assign/gradingtable.php writes and mod/assign/feedback/offline/importgradeslib.php reads them: Identifier
("Participant 123"), Full name, Email address, Status, Grade, Maximum grade, Grade can be changed, Last modified (grade),
Feedback comments, which Moodle takes for HTML.
"""

from __future__ import annotations

import re
from html import escape

from grader.exports.filling import fill, number, read_number, same
from grader.exports.reading import ExportError, in_short
from grader.exports.sheet import Sheet
from grader.results import clean

__all__ = ["BY", "to_moodle"]

BY = {"email": "Email address", "participant": "Identifier", "username": "Username", "idnumber": "ID number",
      "name": "Full name"}  # fmt: skip
ADVICE = ("Give Moodle's grading worksheet (View all submissions, Download grading worksheet), unchanged; Moodle writes the "
          "columns in the language of whoever downloads it, and here they have to be English.")  # fmt: skip
OURS = "Unrolled: "  # how a comment begins that may be written over
# "Participant 123", the number alone, a name of the bulk download, or what `collect` makes of it: Ada Lovelace_123
PARTICIPANT = re.compile(r"(?:Participant )?(\d+)|.*_(\d+)(?:_assignsubmission.*)?", re.DOTALL | re.IGNORECASE)
Filled = tuple[bytes, list[str]]  # the file, and what is told of it


def to_moodle(results: dict, data: bytes, name: str, *, by: str = "email", with_pending: bool = False) -> Filled:
    """The worksheet with grades and comments, and what is to be told. ExportError where it can't be filled."""
    sheet, entries = Sheet(data, name), in_short(results)
    _, grade, _, ids = sheet.require(["Identifier", "Grade", "Last modified (grade)", BY[by]], ADVICE)
    comments, changeable = sheet.column("Feedback comments"), sheet.column("Grade can be changed")
    maximum = _maximum(sheet, entries)

    def put(row: int, entry: dict) -> None:
        sheet.put(row, grade, number(entry["score"], maximum))
        if comments is not None and _is_ours(sheet.value(row, comments)):
            sheet.put(row, comments, _comment(entry))

    def closed(row: int) -> str:
        locked = changeable is not None and same(sheet.value(row, changeable)) == "no"
        return "locked in Moodle" if locked else ""

    told = fill(sheet, sheet.rows, ids, entries, put, key=_participant if by == "participant" else same,
                closed=closed, with_pending=with_pending)  # fmt: skip
    if comments is None:
        told.append("No comments: the worksheet has no column 'Feedback comments'")
    return sheet.data(), told


def _participant(text: str) -> str:
    found = PARTICIPANT.fullmatch(text.strip())
    return (found[1] or found[2]) if found else ""


def _maximum(sheet: Sheet, entries: list[dict]) -> str:
    """The maximum grade as the worksheet writes it. ExportError where Moodle would leave out grades above it in silence."""
    if sheet.column("Scale") is not None:
        raise ExportError(f"{sheet.name}: the assignment is graded by a scale; set its grade to points in Moodle")
    column = sheet.column("Maximum grade")
    written = sheet.value(sheet.rows[0], column) if column is not None and sheet.rows else ""
    most = max((entry["score"] or 0 for entry in entries), default=0)
    if (limit := read_number(written)) is not None and most > limit:
        raise ExportError(f"{sheet.name}: the maximum grade is {limit:g}, and Moodle leaves out what lies above it; the results "
                          f"go up to {most:g}. Set the assignment's maximum grade, and download the worksheet again")  # fmt: skip
    return written


def _is_ours(comment: str) -> bool:
    return not comment.strip() or comment.startswith(OURS)


def _comment(entry: dict) -> str:
    """What a student reads: the sum, each task's points, what waits. Nothing of what a check found."""
    lines = [f"{OURS}{entry['score']:g} of {entry['max_score']:g} points"]
    lines += [f"{name}: {score:g} of {points:g}" for name, score, points in entry["tasks"]]
    lines += [f"Still to be marked by hand: {', '.join(entry['pending'])}"] if entry["pending"] else []
    lines += [clean(entry["reason"])] if entry["status"] == "invalid" and "reason" in entry else []
    return "<br>".join(escape(line) for line in lines)
