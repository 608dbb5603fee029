"""The written answers of a class beside the model answers, and a CSV in which to mark them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from grader.intake import IntakeError, Submission, files_in, find, wanted
from grader.notebooks import NotebookError, parse
from grader.release import model_answers
from grader.release.notebooks import TEXT_STUB
from grader.reports.pages import render
from grader.reports.table import defused
from grader.results import clean, write_atomically
from grader.tasks import Course, Notebook, Task
from grader.teaching.marks import COLUMNS
from grader.teaching.reading import TeachingError
from grader.teaching.solutions import source_of

__all__ = ["answers_of", "write_answers"]

MAX_ANSWER = 20_000  # characters that are shown


def write_answers(
    root: Path, submissions: Path, out: Path, notebooks: list[Notebook], course: Course
) -> tuple[int, int]:
    """Write answers.html and marks.csv into `out`; how many answers there are, and how many students."""
    table = out / "marks.csv"
    if table.exists():
        raise TeachingError(f"{table} is there already, and may hold marks; give another folder with --out")
    found = {submission.student: answers_of(submission, course) for submission in find(submissions)[0]}
    tasks = [task for task in course.written if task.notebook in {notebook.number for notebook in notebooks}]
    models: dict[str, str] = {}
    for notebook in notebooks:
        models |= model_answers(source_of(root, notebook), notebook.name, course)
    groups = [
        (task, models[task.id], [(name, own[task.id]) for name, own in found.items() if task.id in own])
        for task in tasks
    ]
    write_atomically(out / "answers.html", render("answers.html.j2", groups=groups, count=len(found)).encode())
    write_atomically(table, _csv(groups).encode())
    return sum(len(answers) for _, _, answers in groups), len(found)


def answers_of(submission: Submission, course: Course) -> dict[str, str]:
    """written task → answer, "" where nothing was written; nothing of notebooks that were not handed in or can't be read."""
    answers: dict[str, str] = {}
    for place in submission.places:
        for notebook, cells in _notebooks(place, course):
            for task in (task for task in course.written if task.notebook == notebook.number):
                answers[task.id] = _answer(task, cells)
    return answers


def _notebooks(place: Path, course: Course):
    paths = {path: size for path, size in wanted(course).items() if path.endswith(".ipynb")}
    names = {notebook.name: notebook for notebook in course.notebooks.values()}
    try:
        for path, data in files_in(place, paths):
            if isinstance(data, bytes):
                yield names[Path(path).stem], parse(data)
    except (IntakeError, NotebookError):  # the grading says so
        return


def _answer(task: Task, cells: list[dict]) -> str:
    """The text in the task's cell, wherever its copies lie: the last that isn't as it was released."""
    name = f"task-{task.id.replace('.', '-')}"
    texts = [cell["source"].strip() for cell in cells if name in (cell["id"], cell["grade_id"])]
    written = [text for text in texts if text not in ("", TEXT_STUB)]
    return clean_answer(written[-1]) if written else ""


def clean_answer(text: str) -> str:
    """An answer as it may be shown: bounded, without control characters."""
    pieces = [clean(text[place : place + 1_000]) for place in range(0, min(len(text), MAX_ANSWER), 1_000)]
    return "".join(pieces) + (" …" if len(text) > MAX_ANSWER else "")


def _csv(groups: list[tuple[Task, str, list[tuple[str, str]]]]) -> str:
    """A row for each answer, without points; 0 where nothing was written."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for task, _, answers in groups:
        for student, answer in answers:
            writer.writerow([defused(student), task.id, "" if answer else 0, "" if answer else "not answered"])
    return file.getvalue()
