"""The command line: `python -m grader`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from grader.console import HARNESS, USAGE, console, errors, say
from grader.console import stop as _stop
from grader.results import clean
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
    """Show what was checked so far, what has changed since, and what you can say of yourself."""
    from grader.objectives import load_objectives, reached
    from grader.progress import answered, digest_of, recall
    from grader.reports.terminal import objectives_table, progress_table

    course, root = load_course(), home()
    digests = {task.id: digest_of(root / "starter" / f"{task.module}.py" if task.module else None)
               for task in course.graded}  # fmt: skip
    state, written = recall(root), answered(root, course)
    console.print(progress_table(course, state, digests))
    solved = {task for task, entry in state.items() if entry["verdict"] == "passed"}
    console.print(objectives_table([reached(objective, solved, written) for objective in load_objectives()]))


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="One submission, or a folder with one folder or zip per student.")
    ],
    out: Annotated[Path, typer.Option(help="Where results.json, results.csv and the reports go.")],
    seed: Annotated[int | None, typer.Option(help="Seed of the inputs; drawn from the system if not given.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Submissions graded at the same time: 1, if not given, or one per device.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, mps, cuda, or several as cuda:0,cuda:1.")] = "cpu",
    executor: Annotated[str, typer.Option(help="local, or dask: on a cluster.")] = "local",
    scheduler: Annotated[
        str | None, typer.Option(help="dask: the address of the scheduler, as tcp://10.0.0.1:8786.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds.")] = False,
    isolation: Annotated[
        str, typer.Option(help="default, or strict: refuse to run with less than every layer.")
    ] = "default",
    verbose: Annotated[bool, typer.Option("--verbose", help="A line for each student, as it is graded.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing but what went wrong.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: a JSON object per line, and nothing else on standard output.")
    ] = False,
) -> None:
    """Grade submissions. Exit status 0 when graded, whatever the scores; 3 where the harness failed."""
    home(maintainer=True)
    from grader.engine.lost import Lost
    from grader.grade import ClusterError, NotIsolated
    from grader.grading import run_grade, what_to_do
    from grader.intake import IntakeError

    if isolation not in ("default", "strict"):
        _stop(USAGE, f"--isolation is {isolation!r}, expected default or strict")
    chosen = [name for name, given in (("verbose", verbose), ("quiet", quiet), ("json", as_json)) if given]
    if len(chosen) > 1:
        _stop(USAGE, f"--{chosen[0]} and --{chosen[1]} exclude each other: give one of them")
    places = _places_on_cluster(executor, scheduler, device, jobs) or _places_here(device, jobs, quiet)
    try:
        results = run_grade(submissions, out, console, seed=seed, places=places, resume=resume, scheduler=scheduler,
                            strict=isolation == "strict", tell=chosen[0] if chosen else "bar")  # fmt: skip
    except (IntakeError, ClusterError) as problem:
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
    root = home(maintainer=True)
    from grader.release import ReleaseError
    from grader.release.bundle import write_bundle
    from grader.release.steps import check_release

    try:
        lines, same = check_release(root)
        if not same:
            _stop(USAGE, "\n".join(["The bundle would not be what the reference makes, so none was written:", *lines]))
        count = write_bundle(root, out)
    except ReleaseError as problem:
        _stop(USAGE, str(problem))
    except OSError as problem:
        _stop(USAGE, f"{problem.filename or out}: {problem.strerror}")
    console.print(f"{out}: {count} files", markup=False, soft_wrap=True)


@app.command()
def export(
    kind: Annotated[
        str, typer.Argument(metavar="FORMAT", help="csv, canvas, gradescope, autograder, moodle, github or junit.")
    ],
    results: Annotated[
        Path | None, typer.Argument(help="The results.json of a grading; autograder needs none.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = ...,
    sheet: Annotated[
        Path | None, typer.Option(help="canvas, moodle: the grade book that was exported there, to be filled in.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="canvas: match by login, sis or id; moodle: by email, participant, username, idnumber or name."
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="canvas: the assignment, by title, number or both; needed if there are several.")
    ] = None,
    student: Annotated[
        str | None, typer.Option(help="gradescope, github: which submission, if there are several.")
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(
            help="gradescope, autograder: when students see points of tasks with hidden checks; visible, after_due_date "
            "(as if not given), after_published or hidden."
        ),
    ] = None,
    with_pending: Annotated[
        bool, typer.Option("--with-pending", help="canvas, moodle: write totals that wait for written answers, too.")
    ] = False,
) -> None:
    """Export results to an LMS or another tool. Exit status 2, and nothing written, where that can't be done."""
    from grader.exports import Choices, ExportError
    from grader.exports import export as write_export

    try:
        told = write_export(kind, out, Choices(results, sheet, by, column, student, points, with_pending))
    except ExportError as problem:
        _stop(USAGE, str(problem))
    say(*told, f"Written: {out}")


@app.command()
def submit(
    name: Annotated[str | None, typer.Option(help="Your name or student id, as your instructor knows it.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder for the zip; the course's own if not given.")] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Pack what the grader can't read as well.")] = False,
) -> None:
    """Pack your work into one zip to hand in, and look at it first as the grader will."""
    from grader.student.submit import SubmitError, submit

    if name is None and not sys.stdin.isatty():
        _stop(USAGE, 'Whose work is it? Give your name or student id: submit --name "Ada Lovelace"')
    try:
        done = submit(home(), name or typer.prompt("Your name or student id"), load_course(), out or home(), anyway)
    except (SubmitError, ValueError) as problem:
        _stop(USAGE, str(problem))
    except OSError as problem:
        _stop(USAGE, f"{problem.filename or out}: {problem.strerror}; give a folder that can be written with --out")
    say(*map(clean, done.told))
    console.print(f"\nHand in {done.zip}\nSHA-256 {done.digest}\nThe receipt for you to keep is {done.receipt}",
                  markup=False, soft_wrap=True)  # fmt: skip


@app.command()
def update(
    new: Annotated[
        Path, typer.Argument(metavar="NEW.zip", help="The zip of the new release, or the folder it was unpacked to.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Lay a new release of the course over this copy. Your work is carried over, and nothing of it is lost."""
    from grader.student.update import UpdateError, run_update

    try:
        for line in run_update(home(), new, dry_run):
            say(clean(line))
    except UpdateError as problem:
        _stop(USAGE, f"Nothing was changed: {problem}.")
    except OSError as problem:
        _stop(USAGE, f"{problem.filename}: {problem.strerror}. Nothing is lost: mend that, and give the same command again, "
                     "which goes on from there.")  # fmt: skip


def home(maintainer: bool = False) -> Path:
    """The folder of the course: where one stands, if it has starter/, else where the grader was installed from."""
    here = Path.cwd()
    if maintainer and not (Path(__file__).parent.parent / "solution").is_dir():
        _stop(USAGE, "this is a student's copy: what this command works on, solution/, is not in it")
    return here if not maintainer and (here / "starter").is_dir() else Path(__file__).parent.parent


def _places_here(device: str, jobs: int | None, quiet: bool) -> tuple[str, ...]:
    """The places of a grading on this machine."""
    from grader.devices import DeviceError, places_for

    try:
        places = places_for(device, jobs)
    except DeviceError as problem:
        _stop(USAGE, str(problem))
    if jobs and jobs > len(places) and not quiet:
        errors.print(f"--jobs {jobs}: graded {len(places)} at a time, since a device has one submission at a time",
                     markup=False, soft_wrap=True)  # fmt: skip
    return places


def _places_on_cluster(executor: str, scheduler: str | None, device: str, jobs: int | None) -> tuple[str, ...]:
    """The place that each worker of a cluster is; nothing where no cluster is asked for."""
    wrong = {
        f"--executor is {executor!r}, expected local or dask": executor not in ("local", "dask"),
        "--scheduler is for --executor dask: give both": executor == "local" and scheduler is not None,
        "--executor dask needs --scheduler ADDRESS, as tcp://10.0.0.1:8786": executor == "dask" and not scheduler,
        "--executor dask takes no --jobs: each worker of the cluster has one submission at a time": executor == "dask"
        and jobs is not None,
        f"--device is {device!r}, expected cpu, mps or cuda: which of several it is, each worker of the cluster knows":
            executor == "dask" and device not in ("cpu", "mps", "cuda"),
        "--executor dask needs Dask: python -m pip install -c constraints.txt -e '.[dask]'":
            executor == "dask" and find_spec("distributed") is None,
    }  # fmt: skip
    for message, applies in wrong.items():
        if applies:
            _stop(USAGE, message)
    return (device,) if executor == "dask" else ()


def _check_device(device: str) -> None:
    from toolkit.device import pick_device

    try:
        pick_device(device)
    except ValueError as problem:
        _stop(USAGE, str(problem))


def _message(problem: Exception) -> str:
    return str(problem.args[0]) if problem.args else str(problem)


add_to(app)
