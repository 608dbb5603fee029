"""The same tricks on three graders: plain nbgrader, Otter-Grader, and this course's engine. Who gives marks for a wrong solution?

    python -m benchmarks.attacks

The exercise is task 1.6, `train_step`, in a cell of a notebook. nbgrader and Otter judge it by four tests worth a mark each,
one of them hidden, as their own documentation sets such tests up; the engine by the course's own checks. All get the same
cell: the reference, then each of benchmarks/tricks.py, none of which solves the task. A grading that ends without a result
gives no marks. nbgrader runs by `autograde`, Otter by `otter run`, without the container that `otter grade` would put around
the same program.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.other_graders import otter_installed
from benchmarks.recording import save
from benchmarks.tricks import SETUP, TAGGED, TESTS, TRICKS
from grader.grade import Grader, Options
from grader.intake import Submission
from grader.references import ROOT, sources_of
from grader.tasks import load_course

TASK = "1.6"
SEED = 0
HONEST = "the reference"
SKIPPED = ["skip-execution"]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
OTTER_TEST = """\
OK_FORMAT = False
from otter.test_files import test_case
{setup}

name = "{name}"
points = 1


@test_case(points=1, hidden={hidden})
def test_{name}(train_step):
    {body}
"""


def main() -> None:
    cells = {HONEST: next(text for _, text in sources_of("cells1") if f"BEGIN SOLUTION {TASK}\n" in text)}
    cells |= {name: cell for name, (_, cell) in TRICKS.items()}
    with tempfile.TemporaryDirectory() as folder:
        columns = {
            "nbgrader": _nbgrader(Path(folder) / "nbgrader", cells),
            "otter": _otter(Path(folder) / "otter", cells),
        }
        columns["this course"], layers = _engine(Path(folder) / "engine", cells)
    rows = {name: {column: marks[name] for column, marks in columns.items()} for name in cells}
    record = save("attacks", "python -m benchmarks.attacks", [SEED], rows, unit="share of the task's marks", isolation=layers,
                  does={HONEST: "solves the task"} | {name: does for name, (does, _) in TRICKS.items()})  # fmt: skip
    Console().print(_table(record))


# nbgrader


def _nbgrader(folder: Path, cells: dict[str, str]) -> dict[str, float]:
    """Autogrades each as the work of a student of one course; what the grade book then says."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.Application.log_level, config.Execute.timeout = "CRITICAL", 60
    (folder / "source" / "hw").mkdir(parents=True)
    nbformat.write(_assignment(cells[HONEST]), folder / "source" / "hw" / "hw.ipynb")
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    if not (made := api.generate_assignment("hw"))["success"]:
        raise RuntimeError(made["log"])
    marks = {}
    for name, cell in track(cells.items(), description="nbgrader", transient=True):
        shutil.copytree(folder / "release" / "hw", folder / "submitted" / name / "hw")
        _hand_in(folder / "submitted" / name / "hw" / "hw.ipynb", cell, tagged=name == TAGGED)
        api.autograde("hw", name)
        with Gradebook(api.coursedir.db_url) as book:
            marks[name] = book.find_submission("hw", name).score / len(TESTS)
    return marks


def _assignment(solution: str) -> nbformat.NotebookNode:
    hidden = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
    tests = [_locked(name, hidden.format(text) if name == "hidden" else text, points=1) for name, text in TESTS.items()]
    answer = _locked("answer", solution)
    answer.metadata.nbgrader.update(solution=True, locked=False)
    return new_notebook(cells=[_locked("setup", SETUP), answer, *tests], metadata=KERNEL)


def _locked(name: str, text: str, points: int = 0) -> nbformat.NotebookNode:
    role = {
        "schema_version": 3,
        "grade_id": name,
        "grade": points > 0,
        "solution": False,
        "locked": True,
        "task": False,
    }
    return new_code_cell(text, metadata={"nbgrader": role | ({"points": points} if points else {})})


def _hand_in(path: Path, answer: str, *, tagged: bool) -> None:
    path.chmod(0o644)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.nbgrader.grade_id == "answer":
            cell.source = answer
        elif tagged and cell.metadata.nbgrader.grade:
            cell.metadata.tags = SKIPPED
    nbformat.write(notebook, path)


# Otter


def _otter(folder: Path, cells: dict[str, str]) -> dict[str, float | None]:
    """`otter run` on each, with what `otter generate` makes of the tests; None throughout where Otter can't be installed."""
    try:
        command = otter_installed()
    except RuntimeError as problem:
        print(problem)
        return dict.fromkeys(cells)
    (folder / "tests").mkdir(parents=True)
    for name, text in TESTS.items():
        test = OTTER_TEST.format(setup=SETUP, name=name, hidden=name == "hidden", body="\n    ".join(text.splitlines()))
        (folder / "tests" / f"{name}.py").write_text(test, encoding="utf-8")
    _run(folder, command, "generate", "--no-environment")
    if not (folder / "autograder.zip").is_file():
        raise RuntimeError("otter generate made nothing")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        shares = pool.map(partial(_share, folder, command), cells, cells.values())
        return dict(zip(cells, track(shares, description="otter", total=len(cells), transient=True), strict=True))


def _share(folder: Path, command: Path, name: str, cell: str) -> float:
    """The marks of a notebook with this answer, and with the cells in which a student lets Otter check it."""
    place = folder / name
    place.mkdir()
    checks = [new_code_cell(f'grader.check("{test}")') for test in TESTS if test != "hidden"]
    for check in checks if name == TAGGED else ():
        check.metadata.tags = SKIPPED
    first = [new_code_cell("import otter\ngrader = otter.Notebook()"), new_code_cell(SETUP)]
    nbformat.write(new_notebook(cells=[*first, new_code_cell(cell), *checks], metadata=KERNEL), place / "hw.ipynb")
    _run(place, command, "run", "hw.ipynb", "-a", folder / "autograder.zip", "--no-logo")
    try:
        results = json.loads((place / "results.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0.0
    return sum(test.get("score", 0) for test in results["tests"]) / len(TESTS)


def _run(folder: Path, command: Path, *arguments: str | Path) -> None:
    environment = os.environ | {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([command, *arguments], cwd=folder, env=environment, capture_output=True, timeout=300, check=False)


# the engine


def _engine(folder: Path, cells: dict[str, str]) -> tuple[dict[str, float], list[str]]:
    """Each in the released notebook, graded as a submission; the layers of isolation that were in force, too."""
    course, marks = load_course(), {}
    task = course.tasks[TASK]
    name = course.notebooks[task.notebook].name
    with Grader(Options(SEED)) as grader:
        for trick, cell in track(cells.items(), description="this course", transient=True):
            notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_bytes())
            for released in notebook["cells"]:
                if released["id"] == f"task-{TASK.replace('.', '-')}":
                    released["source"] = cell
                elif trick == TAGGED:
                    released["metadata"]["tags"] = SKIPPED
            place = folder / trick
            (place / "notebooks").mkdir(parents=True)
            (place / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
            record = grader.grade(Submission(trick, (place,)), name)["record"]
            if record["status"] != "graded":
                raise RuntimeError(f"{trick}: {record['reason']}")
            marks[trick] = next(entry["score"] for entry in record["tasks"] if entry["id"] == TASK) / task.points
    return marks, record.get("isolation", [])


def _table(record: dict) -> Table:
    table = Table(
        title="Share of the marks that each grader gives; only the reference solves the task", title_justify="left"
    )
    for column in ("", "what it does", *record["rows"][HONEST]):
        table.add_column(column, justify="right" if column in record["rows"][HONEST] else "left")
    for name, row in record["rows"].items():
        shares = ("-" if share is None else f"{100 * share:.0f} %" for share in row.values())
        table.add_row(name, record["does"][name], *shares)
    return table


if __name__ == "__main__":
    main()
