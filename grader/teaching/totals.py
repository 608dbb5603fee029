"""What a student has in the end: points of the checks, marks of written answers, less what late days cost. Pure functions.

`results.json` stays what the engine said. `totals.json` beside it names the results that it was made from by their digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from grader.results import is_missing
from grader.tasks import Course
from grader.teaching.late import Lateness
from grader.teaching.marks import Mark
from grader.teaching.reading import TeachingError

__all__ = ["SCHEMA", "StaleTotals", "digest_of", "notebooks_in", "settled", "totals", "totals_beside"]

SCHEMA = "unrolled/totals/v1"


class StaleTotals(TeachingError):
    """There are totals beside the results, but of other results."""


def totals(entry: dict, marks: dict[str, Mark], late: dict[str, Lateness], course: Course,
           notebooks: Iterable[str]) -> dict:  # fmt: skip
    """auto + manual − penalty of one submission's record, by notebook and in all, and which written answers still wait.

    A notebook that was not handed in has no written answer to wait for. Where the harness failed there is no score: None.
    """
    parts = {number: _notebook(entry, number, marks, late.get(number), course) for number in notebooks}
    total = {name: round(sum(part[name] for part in parts.values()), 2)
             for name in ("auto", "manual", "penalty", "score", "max_score", "free_days")}  # fmt: skip
    pending = [task for part in parts.values() for task in part["pending"]]
    if entry["status"] == "harness_error":
        total["score"] = None
    return {"student": entry["student"], "status": entry["status"]} | total | {"pending": pending, "notebooks": parts}


def notebooks_in(entry: dict, course: Course) -> list[str]:
    """The notebooks of which a submission has a file."""
    found = {course.tasks[record["id"]].notebook for record in entry["tasks"] if not is_missing(record)}
    return sorted(found)


def _notebook(entry: dict, number: str, marks: dict[str, Mark], late: Lateness | None, course: Course) -> dict:
    own = [task for task in course.tasks.values() if task.notebook == number]
    records = {record["id"]: record for record in entry["tasks"]}
    auto = sum(records[task.id]["score"] for task in own if task.id in records)
    written = {task.id: marks[task.id] for task in own if task.written and task.id in marks}
    manual = sum(mark.points for mark in written.values())
    penalty = late.penalty if late else 0.0
    in_cells = [records[task.id] for task in own if not task.module and task.id in records]
    answered = any(not is_missing(record) for record in in_cells)
    return {"auto": round(auto, 2), "manual": round(manual, 2), "penalty": penalty,
            "score": round(max(auto + manual - penalty, 0), 2), "max_score": sum(task.points for task in own),
            "pending": [task.id for task in own if task.written and task.id not in written and answered],
            "free_days": late.free if late else 0, "late": late.record() if late else None,
            "marks": {task: {"points": mark.points, "comment": mark.comment} for task, mark in written.items()}}  # fmt: skip


def settled(entry: dict, total: dict) -> dict:
    """A submission's record with the score, maximum and waiting answers of its total: what an export takes."""
    return entry | {name: total[name] for name in ("score", "max_score", "pending")}


def digest_of(results: Path) -> str:
    digest = hashlib.sha256()
    with results.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def totals_beside(results: Path) -> dict[str, dict] | None:
    """student → total, from the totals.json beside a results.json; None if there is none, StaleTotals if it is of others."""
    path = results.with_name("totals.json")
    if not path.is_file():
        return None
    record = json.loads(path.read_bytes())
    if record["results"] != digest_of(results):
        raise StaleTotals(
            f"{path} was made from other results than {results}: run `python -m grader totals` again, or remove it"
        )
    return {entry["student"]: entry for entry in record["submissions"]}
