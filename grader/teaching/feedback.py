"""The students' pages as one zip for the upload, each named as the LMS takes it back; no hidden check is in them."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from grader.archives import write_zip
from grader.reports.student import student_page
from grader.results import clean
from grader.tasks import Course
from grader.teaching.reading import read_json, read_results, results_in
from grader.teaching.totals import totals_beside

__all__ = ["page_name", "write_feedback"]

PAGE = "feedback.html"


def write_feedback(grades: Path, out: Path, course: Course) -> tuple[int, list[str]]:
    """Write the zip; how many pages it holds, and what is to be told. Marks and late days are in them where there are totals."""
    results = results_in(grades)
    entries = read_results(results)["submissions"]
    totals = totals_beside(results) or {}
    path = results.with_name("handed_in.json")
    handed_in = read_json(path)["submissions"] if path.is_file() else {}
    names, taken = {}, set()
    for student in (entry["student"] for entry in entries):
        names[student] = page_name(student, handed_in.get(student, {}).get("prefix", ""), taken)
        taken.add(names[student].casefold())
    pages = (student_page(entry, course, totals.get(entry["student"])).encode() for entry in entries)
    write_zip(out, zip(names.values(), pages, strict=True))
    return len(names), [] if totals else ["There are no totals: the pages tell the points of the checks alone"]


def page_name(student: str, prefix: str, taken: Collection[str]) -> str:
    """`lovelaceada_12345_67890_feedback.html` for Canvas, `Ada Lovelace_12345_assignsubmission_file_feedback.html` for Moodle."""
    if prefix:
        return prefix + PAGE
    safe = re.sub(r'[<>:"/\\|?*\s]', "-", clean(student)).strip(". ") or "student"
    name, count = f"{safe}.html", 1
    while name.casefold() in taken:
        count += 1
        name = f"{safe}-{count}.html"
    return name
