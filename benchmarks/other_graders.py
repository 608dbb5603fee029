"""nbgrader and Otter-Grader on the assignment of notebook 1, each set up once and then asked for one submission at a time.

Both execute the complete notebook, without its experiments, in a kernel, and each test cell or test judges its task by the
course's own visible checks. Otter lives in an environment of its own, which takes PyTorch and the course from this one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from grader.course import write_course
from grader.references import ROOT
from grader.tasks import Course, Notebook

__all__ = ["nbgrader_alone", "nbgrader_with_engine", "otter", "otter_installed", "without_experiments"]

OTTER = "otter-grader==7.0.0"
OTTER_PLACE = ROOT / "build" / "otter-venv"
STUDENT = "ann"
OTTER_TEST = """\
OK_FORMAT = False

from otter.test_files import test_case

name = "{task}"
points = {points}


@test_case(points={points})
def test_{number}(env):
    exec("check('{task}')", env)  # judges what the notebook defines, and raises where it is not right
"""


def without_experiments(text: str, beginning: str = "") -> str:
    """The notebook without the cells that take time and earn nothing, and without those that begin so."""
    node = nbformat.reads(text, as_version=4)
    node.cells = [cell for cell in node.cells if "experiment" not in cell.metadata.get("tags", [])
                  and not (beginning and cell.source.startswith(beginning))]  # fmt: skip
    return nbformat.writes(node)


# nbgrader


def nbgrader_with_engine(folder: Path, course: Course, notebook: Notebook, files: dict[str, str]) -> Callable[[], None]:
    """`nbgrader autograde` with this course's engine as its execution step."""
    return _nbgrader(folder, course, notebook, files, plain=False)


def nbgrader_alone(folder: Path, course: Course, notebook: Notebook, files: dict[str, str]) -> Callable[[], None]:
    """`nbgrader autograde` as it comes: the notebook runs in a kernel."""
    return _nbgrader(folder, course, notebook, files, plain=True)


def _nbgrader(folder: Path, course: Course, notebook: Notebook, files: dict[str, str], plain: bool):
    """Autogrades one student's work again and again, through nbgrader's own API, so that its start is not counted."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import Execute
    from traitlets.config import Config

    from grader.nbgrader_plugin import EngineExecute

    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    write_course(ROOT, course, folder)
    config = Config()
    exec((folder / "nbgrader_config.py").read_text(encoding="utf-8"), {"get_config": lambda: config})
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    config.Application.log_level = "ERROR"
    if plain:
        steps = config.Autograde.autograde_preprocessors
        config.Autograde.autograde_preprocessors = [Execute if step is EngineExecute else step for step in steps]
        config.Execute.timeout = 120
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    _succeeded(api.generate_assignment(notebook.name))
    _hand_in(folder, notebook, files)

    def work() -> None:
        _succeeded(api.autograde(notebook.name, STUDENT, force=True))
        with Gradebook(config.CourseDirectory.db_url) as book:
            score = book.find_submission_notebook(notebook.name, notebook.name, STUDENT).score
        assert score == sum(task.points for task in course.graded_in(notebook)), score

    return work


def _hand_in(folder: Path, notebook: Notebook, files: dict[str, str]) -> None:
    place = folder / "submitted" / STUDENT / notebook.name
    shutil.copytree(folder / "release" / notebook.name, place)
    for path, text in files.items():
        target = place / path.removeprefix("notebooks/")
        target.chmod(0o644)
        target.write_text(without_experiments(text) if path.endswith(".ipynb") else text, encoding="utf-8")


def _succeeded(answer: dict) -> None:
    if not answer["success"]:
        raise RuntimeError(answer.get("log") or answer.get("error"))


# Otter


def otter(folder: Path, course: Course, notebook: Notebook, files: dict[str, str]) -> Callable[[], None]:
    """`otter run`, the whole command, since it grades one submission. RuntimeError where Otter can't be installed."""
    command = otter_installed()
    folder.mkdir(parents=True)
    submission = folder / f"{notebook.name}.ipynb"
    text = without_experiments(files[f"notebooks/{notebook.name}.ipynb"], "check(")  # here tests take their place
    submission.write_text(text, encoding="utf-8")
    _write_otter_assignment(folder / "autograder.zip", course, notebook, files)
    arguments = [command, "run", submission.name, "-a", "autograder.zip", "-o", "graded", "--no-logo"]
    environment = os.environ | {
        "UNROLLED_EXECUTION": "otter",
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
    }

    def work() -> None:
        shutil.rmtree(folder / "graded", ignore_errors=True)
        (folder / "graded").mkdir()
        done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        results = folder / "graded" / "results.json"
        if done.returncode or not results.exists():
            raise RuntimeError(done.stdout + done.stderr)
        tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
        score = sum(test.get("score", 0) for test in tests)
        assert score == sum(task.points for task in course.graded_in(notebook)), tests

    return work


def otter_installed() -> Path:
    """The command of Otter, in an environment that is made once."""
    command = OTTER_PLACE / "bin" / "otter"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", OTTER_PLACE], check=True)
        pip = [OTTER_PLACE / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", OTTER]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{OTTER} could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    (packages,) = OTTER_PLACE.glob("lib/python*/site-packages")
    (packages / "of_the_course.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n", encoding="utf-8")
    return command


def _write_otter_assignment(path: Path, course: Course, notebook: Notebook, files: dict[str, str]) -> None:
    """What `otter generate` makes, with a test for each task, and the student's modules as its support files."""
    module = f"starter/{notebook.module}.py"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("otter_config.json", json.dumps({"lang": "python"}))
        archive.writestr("files/starter/__init__.py", "")
        archive.writestr(f"files/{module}", files[module])
        for task in course.graded_in(notebook):
            text = OTTER_TEST.format(task=task.id, number=task.id.replace(".", "_"), points=task.points)
            archive.writestr(f"tests/{task.id}.py", text)
