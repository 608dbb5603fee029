"""A self-check from the terminal: the same recorded checks as in a notebook, with the student's code in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.intake import IntakeError, Material, Submission, read
from grader.tasks import CELLS, Course, Task

__all__ = ["Card", "material_of", "run_check"]


@dataclass(frozen=True)
class Card:
    """What is printed for one task."""

    text: str
    passed: bool


def run_check(course: Course, tasks: list[Task], impl: str, home: Path, device: str = "cpu") -> list[Card]:
    """Judge tasks of `impl`: "starter" (in `home`), "solution", or the place of a submission."""
    from grader.engine.client import start_nursery
    from grader.warm import inside

    nursery = start_nursery(warm=inside())  # warms up while this process imports torch
    try:
        return _run(course, tasks, impl, home, device, nursery)
    finally:
        nursery.close()


def material_of(impl: str, home: Path, course: Course) -> Material:
    """The sources of an implementation, by its name or place. IntakeError where there are none."""
    if impl == "solution":
        return _reference(course)
    place = home if impl == "starter" else Path(impl)
    if not place.exists():
        raise IntakeError(f"{impl!r} is neither starter, solution nor an existing folder or zip")
    from grader.grade import released_cells

    return read(Submission("", (place,)), course, released_cells(course))


def _run(course, tasks, impl, home, device, nursery) -> list[Card]:
    from grader.grade import session_for
    from grader.judge import Judge
    from grader.progress import remember
    from grader.recordings import Saved
    from grader.reports.card import card_text

    session = session_for(material_of(impl, home, course), course, device, nursery)
    judge = Judge(course, Saved(device=device), session, hidden=False)
    cards = []
    try:
        for task in tasks:
            result = judge.judge(task)
            saved = _judged_as_saved(course, task) if impl == "starter" else ""
            cards.append(Card(card_text(result, task) + saved, result.verdict == "passed"))
            if impl == "starter":
                remember(home, result, home / "starter" / f"{task.module}.py" if task.module else None)
    finally:
        session.close()
    return cards


def _judged_as_saved(course: Course, task: Task) -> str:
    """A line for a task in a notebook's cell: what an open notebook holds beyond its file is not seen here."""
    if task.module:
        return ""
    name = course.notebooks[task.notebook].name
    return (
        f"\n  Judged as {name}.ipynb was last saved, in `{task.symbol}`: save the notebook to have later changes count."
    )


def _reference(course: Course) -> Material:
    from grader.references import sources_of

    material = Material()
    for space in sorted({task.space for task in course.graded}):
        if space.startswith(CELLS):
            material.cells[space] = [(name, text.replace("from solution import", "from starter import"))
                                     for name, text in sources_of(space)]  # fmt: skip
        else:
            material.modules[space] = sources_of(space)[0][1]
    return material
