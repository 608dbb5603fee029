"""The released notebooks through real nbgrader, with the engine as its execution step and without."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from grader.course import write_course
from grader.examples import example_class
from grader.nbgrader_plugin import EngineExecute
from grader.references import variants_of
from grader.service import Service
from grader.tasks import load_course
from tests.conftest import ROOT

nbgrader_apps = pytest.importorskip("nbgrader.apps")

ASSIGNMENTS = {number: notebook.name for number, notebook in load_course().notebooks.items()}
FIRST = ASSIGNMENTS["1"]


def known_mistake(task: str) -> str:
    """The example submission with the last mistake of a task's bank."""
    return f"{task}-{variants_of(task)[-1].name.replace('_', '-')}"


@pytest.fixture(scope="module")
def examples(course):
    return dict(example_class(course))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("course")


@pytest.fixture(scope="module")
def api(root, course):
    """An nbgrader course on disk with every assignment generated, and nbgrader's API on it."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # for alembic
        patch.chdir(root)
        write_course(ROOT, course, root)
        config = Config()
        exec((root / "nbgrader_config.py").read_text(), {"get_config": lambda: config})
        config.CourseDirectory.root = str(root)
        api = NbGraderAPI(CourseDirectory(config=config), config=config)
        for assignment in ASSIGNMENTS.values():
            answer = api.generate_assignment(assignment)
            assert answer["success"], answer.get("log")
        api.gradebook_of = lambda: Gradebook(f"sqlite:///{root / 'gradebook.db'}")
        yield api


def hand_in(root: Path, student: str, files: dict[str, str], assignment: str) -> None:
    """What a student hands in: the assignment's folder with their notebook and their modules."""
    place = root / "submitted" / student / assignment
    shutil.copytree(root / "release" / assignment, place)
    for path, text in files.items():
        target = place / path.removeprefix("notebooks/")
        if target.exists():  # of other assignments only the modules
            target.chmod(0o644)
            target.write_text(text, encoding="utf-8")


def autograded(api, student: str, assignment: str) -> dict[str, float]:
    """The scores of the assignment's test cells after autograding, by task."""
    answer = api.autograde(assignment, student)
    assert answer["success"], answer.get("log")
    with api.gradebook_of() as book:
        submission = book.find_submission_notebook(assignment, assignment, student)
        scores = {grade.name: grade.auto_score for grade in submission.grades}
    return {name.removeprefix("check-").replace("-", "."): score
            for name, score in scores.items() if name.startswith("check-")}  # fmt: skip


def full(course, number: str) -> dict[str, float]:
    return {task.id: task.points for task in course.graded_in(course.notebooks[number])}


def without_experiments(text: str) -> str:
    """The notebook without the cells that take time and earn nothing."""
    node = nbformat.reads(text, as_version=4)
    node.cells = [cell for cell in node.cells if "experiment" not in cell.metadata.get("tags", [])]
    return nbformat.writes(node)


@pytest.mark.parametrize("number", ASSIGNMENTS)
def test_the_assignment_is_the_release(api, root, course, number):
    assignment, module = ASSIGNMENTS[number], course.notebooks[number].module
    made = nbformat.read(root / "release" / assignment / f"{assignment}.ipynb", 4)
    ours = nbformat.read(ROOT / "notebooks" / f"{assignment}.ipynb", 4)
    assert [(cell.id, cell.source) for cell in made.cells] == [(cell.id, cell.source) for cell in ours.cells]
    starter = root / "release" / assignment / "starter" / f"{module}.py"
    assert starter.read_bytes() == (ROOT / "starter" / f"{module}.py").read_bytes()


@pytest.mark.parametrize("number", ASSIGNMENTS)
def test_round_trip_with_the_engine(api, root, course, examples, number):
    assignment, module, points = ASSIGNMENTS[number], course.notebooks[number].module, full(course, number)
    for student in ("complete", "untouched"):
        hand_in(root, student, examples[student], assignment)
    assert autograded(api, "complete", assignment) == points
    assert autograded(api, "untouched", assignment) == dict.fromkeys(points, 0)
    with api.gradebook_of() as book:
        for task in [task for task in course.written if task.notebook == number]:
            written = book.find_grade(f"task-{task.id.replace('.', '-')}", assignment, assignment, "complete")
            assert (written.needs_manual_grade, written.max_score) == (True, task.points)
        assert book.find_submission(assignment, "complete").max_score == 20
    wrong = known_mistake(f"{number}.2")
    hand_in(root, wrong, examples[wrong], assignment)
    scores = autograded(api, wrong, assignment)
    assert {task for task, score in scores.items() if score < points[task]} == {f"{number}.2"}
    graded = root / "autograded" / wrong / assignment / "starter" / f"{module}.py"
    assert graded.read_text(encoding="utf-8") == examples[wrong][f"starter/{module}.py"]


def test_partial_credit_predictions_and_feedback_of_notebook_1(api, root, course, examples):
    for student in ("1.5-context-read-again", "1.2-bias-hh-missing", "complete-fused"):
        hand_in(root, student, examples[student], FIRST)
    # values right, a property wrong
    assert autograded(api, "1.5-context-read-again", FIRST) == full(course, "1") | {"1.5": 1.78}
    assert autograded(api, "complete-fused", FIRST) == full(course, "1")
    kept = (root / "autograded" / "complete-fused" / FIRST / f"{FIRST}.ipynb").read_text(encoding="utf-8")
    assert "and drifts once the result was shown. Measured: drifts." in kept
    assert autograded(api, "1.2-bias-hh-missing", FIRST) == full(course, "1") | {"1.2": 0}
    answer = api.generate_feedback(FIRST, "1.2-bias-hh-missing")
    assert answer["success"], answer.get("log")
    page = (root / "feedback" / "1.2-bias-hh-missing" / FIRST / f"{FIRST}.html").read_text(encoding="utf-8")
    assert "b_hh is missing from the sum" in page
    assert "runs where its inputs and parameters are" not in page  # the sentence of a hidden check
    marking = "For marking; the feedback leaves it out"
    kept = (root / "autograded" / "1.2-bias-hh-missing" / FIRST / f"{FIRST}.ipynb").read_text(encoding="utf-8")
    assert marking in kept and marking not in page


EXECUTED = {"1": ("untouched", "1.5-context-read-again"), "2": ("untouched", "complete")}


@pytest.mark.parametrize("number", ASSIGNMENTS)
def test_round_trip_without_the_engine(api, root, course, examples, monkeypatch, number):
    from nbgrader.preprocessors import Execute

    steps = api.config.Autograde.autograde_preprocessors
    plain = [Execute if step is EngineExecute else step for step in steps]
    monkeypatch.setitem(api.config.Autograde, "autograde_preprocessors", plain)
    # for a machine with a lot else to do: as it comes, nbgrader gives up where output is 4 seconds late
    api.config.Execute.update(timeout=300, startup_timeout=300, iopub_timeout=120)
    assignment, scores = ASSIGNMENTS[number], {}
    for student in EXECUTED.get(number, ("untouched",)):
        files = {path: without_experiments(text) if path.endswith(".ipynb") else text
                 for path, text in examples[student].items()}  # fmt: skip
        hand_in(root, f"{student}-in-a-kernel", files, assignment)
        scores[student] = autograded(api, f"{student}-in-a-kernel", assignment)
    points = full(course, number)
    assert scores["untouched"] == dict.fromkeys(points, 0)
    if "complete" in scores:
        assert scores["complete"] == points
    if "1.5-context-read-again" in scores:
        assert scores["1.5-context-read-again"] == points | {"1.5": 1.71}


def test_a_fault_of_the_engine_is_no_zero(api, root, examples, monkeypatch):
    hand_in(root, "unlucky", examples["complete"], FIRST)
    monkeypatch.setattr("grader.nbgrader_plugin._service", Service())
    monkeypatch.setattr("grader.service.sys.executable", "/bin/false")
    answer = api.autograde(FIRST, "unlucky")
    assert not answer["success"] and "the engine gave no score" in answer["log"] + answer["error"]
