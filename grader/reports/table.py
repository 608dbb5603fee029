"""The results as CSV: one row per student, one column per task."""

from __future__ import annotations

import csv
import io

from grader.results import clean

__all__ = ["defused", "to_csv"]


def to_csv(results: dict) -> str:
    """A comma-separated table; cells that a spreadsheet would take for a formula are defused with an apostrophe."""
    tasks = sorted({task["id"] for entry in results["submissions"] for task in entry["tasks"]}, key=_order)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["student", "status", "score", "max_score", "pending", *tasks])
    for entry in results["submissions"]:
        scores = {task["id"]: task["score"] for task in entry["tasks"]}
        row = [entry["student"], entry["status"], entry["score"], entry["max_score"], " ".join(entry["pending"])]
        writer.writerow([defused(cell) for cell in [*row, *(scores.get(task, "") for task in tasks)]])
    return file.getvalue()


def _order(task: str) -> tuple[int, ...]:
    return tuple(map(int, task.split(".")))


def defused(cell):
    """A text without control characters, with an apostrophe before what a spreadsheet would take for a formula."""
    if not isinstance(cell, str):
        return cell
    dangerous = cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")
    return f"'{clean(cell)}" if dangerous else clean(cell)
