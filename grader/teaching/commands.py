"""The commands of the instructor's day: collect, answers, totals, feedback, compare, solutions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from grader.console import USAGE, console, say, stop
from grader.tasks import Notebook, load_course

__all__ = ["add_to"]

ROOT = Path(__file__).parent.parent.parent
SOLUTION = ROOT / "solution"
MOST = 20  # lines of one kind
Grades = Annotated[Path, typer.Argument(help="The folder that grade wrote with --out.")]
Notebooks = Annotated[
    list[str] | None, typer.Option("--notebook", help="1 or 01_sine_wave_rnn; again for several. All, if not given.")
]


def add_to(app: typer.Typer) -> None:
    """Add them; in a student's copy they are not shown."""
    for command in (collect, answers, totals, feedback, compare, solutions):
        app.command(hidden=not SOLUTION.is_dir())(command)


def collect(
    download: Annotated[
        Path, typer.Argument(help="The zip that Canvas or Moodle wrote, or the folder it was unpacked to.")
    ],
    out: Annotated[Path, typer.Option(help="The folder for the submissions, which is made.")],
) -> None:
    """Take in an LMS's bulk download: one folder or zip per student, which grade takes."""
    from grader.teaching.collect import collect as take_in

    with _told():
        taken = take_in(download, out, load_course())
    _list(taken.told, "more lines")
    if taken.others:
        say(f"Not named as Canvas or Moodle name a file, and left out: {', '.join(taken.others[:MOST])}"
            + (f" and {len(taken.others) - MOST} more" if len(taken.others) > MOST else ""))  # fmt: skip
    say(f"{out}: {len(taken.students)} students")


def answers(
    submissions: Annotated[Path, typer.Argument(help="What grade takes: one folder or zip per student.")],
    out: Annotated[Path, typer.Option(help="The folder for answers.html and marks.csv.")],
    notebook: Notebooks = None,
) -> None:
    """Show a class's written answers beside the model answers, with a CSV in which to mark them."""
    _only_instructors()
    from grader.teaching.answers import write_answers

    with _told():
        count, students = write_answers(ROOT, submissions, out, _named(notebook), load_course())
    say(f"{out / 'answers.html'}: {count} answers of {students} students. Mark them in {out / 'marks.csv'}")


def totals(
    grades: Grades,
    policy: Annotated[Path | None, typer.Option(help="A TOML file with deadlines, late days and extensions.")] = None,
    marks: Annotated[
        Path | None, typer.Option(help="A CSV with marks of written answers: student, task, points, comment.")
    ] = None,
    gradebook: Annotated[
        Path | None, typer.Option(help="nbgrader's gradebook.db, with marks from the formgrader.")
    ] = None,
    notebook: Notebooks = None,
    before: Annotated[
        list[Path] | None,
        typer.Option(help="A folder with totals of earlier notebooks, which used late days; again for several."),
    ] = None,
) -> None:
    """Join checks, marks of written answers and late days: totals.json and totals.csv beside results.json."""
    from grader.teaching.summing import Asked, sum_up, totals_table

    with _told():
        record, told = sum_up(grades, Asked(policy, marks, gradebook, notebook or (), before or ()), load_course())
    console.print(totals_table(record))
    say(*told)
    folder = grades if grades.is_dir() else grades.parent
    say(f"Totals: {folder / 'totals.json'}, {folder / 'totals.csv'}")


def feedback(
    grades: Grades,
    out: Annotated[Path, typer.Option(help="The zip to write.")],
) -> None:
    """Write the students' pages into one zip, named as Canvas or Moodle takes them back. No hidden check is in them."""
    from grader.teaching.feedback import write_feedback

    with _told():
        count, told = write_feedback(grades, out, load_course())
    say(*told, f"{out}: {count} pages")


def compare(
    old: Annotated[Path, typer.Argument(help="The folder of the earlier grading.")],
    new: Annotated[Path, typer.Argument(help="The folder of the later one.")],
    out: Annotated[
        Path | None, typer.Option(help="The CSV to write; NEW/changes.csv or NEW/verdicts.csv, if not given.")
    ] = None,
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="All verdicts, as of two devices; exit status 1 where any differs.")
    ] = False,
) -> None:
    """Say whose points a second grading changed, on which task, by how much and why."""
    if verdicts:
        _compare_verdicts(old, new, out)
    from grader.teaching.changes import changes_table, compare_gradings

    with _told():
        found, conditions, path = compare_gradings(old, new, out)
    if found:
        console.print(changes_table(found))
    count = len({change.student for change in found})
    changed = f"{count} student{'s' * (count != 1)} changed: {path}"
    say(*conditions, changed if found else f"Nobody's points changed: {path} is empty")


def _compare_verdicts(here: Path, there: Path, out: Path | None) -> NoReturn:
    from grader.teaching.verdicts import compare_verdicts, verdicts_table

    with _told():
        found, path = compare_verdicts(here, there, out)
    count = len(found.differing)
    if count:
        console.print(verdicts_table(found.differing[:MOST]))
    said = (f"{count} verdict{'s' * (count != 1)} differ{'s' * (count == 1)}: {path}" if count else
            f"All verdicts agree: {found.students} students, {found.checks} checks")  # fmt: skip
    say(*found.conditions, said)
    raise typer.Exit(1 if count else 0)


def solutions(
    out: Annotated[Path, typer.Option(help="The zip to write.")],
    notebook: Notebooks = None,
    policy: Annotated[
        Path | None, typer.Option(help="Refuse as long as somebody has time by this file's deadlines.")
    ] = None,
) -> None:
    """Write the zip for after the deadline: solution notebooks and modules, model answers with their marking."""
    _only_instructors()
    from grader.teaching.late import read_policy
    from grader.teaching.solutions import write_solutions

    with _told():
        course = load_course()
        count = write_solutions(ROOT, out, _named(notebook), course, read_policy(policy, course) if policy else None)
    say(f"{out}: {count} files")


def _only_instructors() -> None:
    if not SOLUTION.is_dir():
        stop(USAGE, "this is a student's copy: what this command works on, solution/, is not in it")


def _named(wanted: list[str] | None) -> list[Notebook]:
    """The notebooks that --notebook names, or all."""
    from grader.teaching.reading import numbers_of

    return [load_course().notebooks[number] for number in numbers_of(wanted or (), load_course())]


def _list(lines: list[str], rest: str) -> None:
    say(*lines[:MOST], *([f"and {len(lines) - MOST} {rest}"] if len(lines) > MOST else []))


@contextmanager
def _told() -> Iterator[None]:
    """What can't be done as it was asked ends the command with status 2."""
    from grader.intake import IntakeError
    from grader.teaching.reading import TeachingError

    try:
        yield
    except (IntakeError, TeachingError) as problem:
        stop(USAGE, str(problem))
    except OSError as problem:
        stop(USAGE, f"{problem.filename}: {problem.strerror}")
