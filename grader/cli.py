"""The command line: `python -m grader`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.console import HARNESS, USAGE, console
from grader.console import stop as _stop
from grader.tasks import load_course
from grader.teaching.commands import add_to

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Checks, grades and releases the Unrolled course.")  # fmt: skip


@app.command()
def check(
    tasks: Annotated[list[str] | None, typer.Argument(help="Tasks or notebooks: 1.2, 1, 01_sine_wave_rnn.")] = None,
    impl: Annotated[str, typer.Option(help="starter, solution, or the folder or zip of a submission.")] = "starter",
    device: Annotated[str, typer.Option(help="cpu, mps or cuda.")] = "cpu",
) -> None:
    """Check your work against the visible checks. Exit status 0 if all tasks are solved, 1 if not."""
    from grader import warm

    status = warm.run_warm(sys.argv[1:])
    if status is not None:
        raise typer.Exit(status)
    from grader.selfcheck import run_check

    course = load_course()
    _check_device(device)
    try:
        chosen = [task for name in tasks or course.notebooks for task in course.select(name)]
        cards = run_check(course, chosen, impl, home(), device)
    except (KeyError, ValueError, LookupError) as problem:
        _stop(USAGE, _message(problem))
    for card in cards:
        console.print(card.text, markup=False, soft_wrap=True)
    warm.start()
    raise typer.Exit(0 if all(card.passed for card in cards) else 1)


@app.command()
def progress() -> None:
    """Show what was checked so far, and what has changed since."""
    from grader.progress import digest_of, recall
    from grader.reports.terminal import progress_table

    course, root = load_course(), home()
    digests = {task.id: digest_of(root / "starter" / f"{task.module}.py" if task.module else None)
               for task in course.graded}  # fmt: skip
    console.print(progress_table(course, recall(root), digests))


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="One submission, or a folder with one folder or zip per student.")
    ],
    out: Annotated[Path, typer.Option(help="Where results.json, results.csv and the reports go.")],
    seed: Annotated[int | None, typer.Option(help="Seed of the inputs; drawn from the system if not given.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions graded at the same time.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, mps or cuda.")] = "cpu",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds.")] = False,
    isolation: Annotated[
        str, typer.Option(help="default, or strict: refuse to run with less than every layer.")
    ] = "default",
) -> None:
    """Grade submissions. Exit status 0 when graded, whatever the scores; 3 where the harness failed."""
    from grader.engine.lost import Lost
    from grader.grade import NotIsolated
    from grader.grading import run_grade, what_to_do
    from grader.intake import IntakeError

    if isolation not in ("default", "strict"):
        _stop(USAGE, f"--isolation is {isolation!r}, expected default or strict")
    _check_device(device)
    try:
        results = run_grade(submissions, out, console, seed=seed, jobs=jobs, device=device, resume=resume,
                            strict=isolation == "strict")  # fmt: skip
    except IntakeError as problem:
        _stop(USAGE, str(problem))
    except NotIsolated as problem:
        _stop(USAGE, f"--isolation strict: nothing was graded, since here it would run {problem}. "
                     "python -m grader doctor says what to do about it.")  # fmt: skip
    except OSError as problem:
        _stop(USAGE, what_to_do(problem, out))
    except Lost as problem:
        _stop(HARNESS, f"{problem}. What was graded is kept: go on with --resume")
    broken = [entry["student"] for entry in results["submissions"] if entry["status"] == "harness_error"]
    if broken:
        _stop(HARNESS, f"no score for {', '.join(broken)}: the harness failed there, see {out / 'results.json'}")


@app.command()
def doctor() -> None:
    """Say what this machine gives a grading, and what to do about what is missing. Exit status 1 if a layer is."""
    from grader.doctor import facts, layers_here
    from grader.reports.terminal import facts_table, isolation_table

    console.print(facts_table(facts()))
    missing = layers_here()
    console.print(isolation_table(missing))
    raise typer.Exit(1 if any(missing.values()) else 0)


@app.command()
def release(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what differs; exit status 1 if anything does.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that were edited since the last release.")
    ] = False,
) -> None:
    """Make starter/, notebooks/ and the recorded cases from solution/."""
    from grader.release import ReleaseError
    from grader.release.steps import check_release, make_release

    try:
        lines, same = check_release(home(maintainer=True)) if check else make_release(home(maintainer=True), force)
    except ReleaseError as problem:
        _stop(USAGE, str(problem))
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(0 if same else 1)


@app.command()
def course(folder: Annotated[Path, typer.Argument(help="An empty folder for nbgrader to work in.")]) -> None:
    """Set up a course folder for nbgrader: source/ and nbgrader_config.py."""
    from grader.course import write_course

    try:
        written = write_course(home(maintainer=True), load_course(), folder)
    except FileExistsError as problem:
        _stop(USAGE, str(problem))
    console.print(f"{folder}: {len(written)} files; docs/nbgrader.md says how to go on", markup=False, soft_wrap=True)


@app.command()
def demo(out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("build/demo")) -> None:
    """Run the whole course: the solution notebooks executed, the example submissions graded."""
    home(maintainer=True)
    from grader.demo import run_demo

    run_demo(out, console)


@app.command()
def bundle(
    out: Annotated[Path, typer.Option(help="Where the zip goes.")] = Path("build/unrolled-student.zip"),
) -> None:
    """Write the zip for students: no reference, no hidden check, no wrong variant."""
    from grader.release.bundle import write_bundle

    count = write_bundle(home(maintainer=True), out)
    console.print(f"{out}: {count} files", markup=False, soft_wrap=True)


def home(maintainer: bool = False) -> Path:
    """The folder of the course: where one stands, if it has starter/, else where the grader was installed from."""
    here = Path.cwd()
    if maintainer and not (Path(__file__).parent.parent / "solution").is_dir():
        _stop(USAGE, "this is a student's copy: what this command works on, solution/, is not in it")
    return here if not maintainer and (here / "starter").is_dir() else Path(__file__).parent.parent


def _check_device(device: str) -> None:
    from toolkit.device import pick_device

    try:
        pick_device(device)
    except ValueError as problem:
        _stop(USAGE, str(problem))


def _message(problem: Exception) -> str:
    return str(problem.args[0]) if problem.args else str(problem)


add_to(app)
