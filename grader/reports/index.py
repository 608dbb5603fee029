"""The class on one page, for the instructor: what needs a look, how it went, what goes wrong, what was expected."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from grader.reports.distribution import histogram
from grader.reports.pages import render
from grader.reports.summary import LEAST_STUDENTS, STATES, summarise
from grader.similarity import Alike
from grader.tasks import Course

__all__ = ["index_page"]

MOST_SHOWN = 10  # mistakes that are not folded
MOST_NAMES = 6  # students that are not folded


def index_page(results: dict, pages: dict[str, str], course: Course, alike: Sequence[Alike] = ()) -> str:
    """The class with links to the students' pages; `alike` are the students to ask about nearly equal solutions."""
    summary = summarise(results["submissions"], course)
    graded = [row for row in summary.rows if row.signs]
    median = round(statistics.median(row.score for row in graded), 1) if graded else None
    common = [mistake for mistake in summary.mistakes if len(mistake.students) > 1][:MOST_SHOWN]
    return render("index.html.j2", results=results, pages=pages, summary=summary, alike=alike, states=STATES,
                  median=median, max_score=graded[0].max_score if graded else 0, histogram=histogram,
                  common=common, rare=[mistake for mistake in summary.mistakes if mistake not in common],
                  most_names=MOST_NAMES, least=LEAST_STUDENTS, count=len(course.graded))  # fmt: skip
