"""The released notebook through real nbgrader, with the engine as its execution step and without."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from traitlets.config import Config

from grader.course import write_course
from grader.examples import example_class
from grader.nbgrader_plugin import EngineExecute
from grader.service import Service
from tests.conftest import ROOT

nbgrader_apps = pytest.importorskip("nbgrader.apps")

ASSIGNMENT = "01_sine_wave_rnn"
STUDENTS = ("complete", "untouched", "1.2-bias-hh-missing", "1.5-context-read-again")
EXECUTED = ("untouched", "1.5-context-read-again")  # by a kernel, which takes as long as the notebook does


@pytest.fixture(scope="module")
def examples(course):
    return {name: files for name, files in example_class(course) if name in STUDENTS}


@pytest.fixture
def api(tmp_path, course, monkeypatch):
    """An nbgrader course on disk with the assignment generated, and nbgrader's API on it."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # for alembic
    monkeypatch.chdir(tmp_path)
    write_course(ROOT, course, tmp_path)
    config = Config()
    exec((tmp_path / "nbgrader_config.py").read_text(), {"get_config": lambda: config})
    config.CourseDirectory.root = str(tmp_path)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    answer = api.generate_assignment(ASSIGNMENT)
    assert answer["success"], answer.get("log")
    api.gradebook_of = lambda: Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}")
    return api


def hand_in(root: Path, student: str, files: dict[str, str]) -> None:
    """What a student hands in: the assignment's folder with their notebook and their modules."""
    place = root / "submitted" / student / ASSIGNMENT
    shutil.copytree(root / "release" / ASSIGNMENT, place)
    for path, text in files.items():
        target = place / path.removeprefix("notebooks/")
        target.chmod(0o644)
        target.write_text(text, encoding="utf-8")


def scores(api, student: str) -> dict[str, float]:
    with api.gradebook_of() as book:
        submission = book.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, student)
        return {grade.name: grade.auto_score for grade in submission.grades}


def test_the_assignment_is_the_release(api, tmp_path):
    import nbformat

    made = nbformat.read(tmp_path / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", 4)
    ours = nbformat.read(ROOT / "notebooks" / f"{ASSIGNMENT}.ipynb", 4)
    assert [(cell.id, cell.source) for cell in made.cells] == [(cell.id, cell.source) for cell in ours.cells]
    starter = tmp_path / "release" / ASSIGNMENT / "starter" / "rnn.py"
    assert starter.read_bytes() == (ROOT / "starter" / "rnn.py").read_bytes()


def test_round_trip_with_the_engine(api, tmp_path, examples):
    for student, files in examples.items():
        hand_in(tmp_path, student, files)
        answer = api.autograde(ASSIGNMENT, student)
        assert answer["success"], answer.get("log")
    full = {
        "check-1-1": 2,
        "check-1-2": 3,
        "check-1-3": 2,
        "check-1-4": 4,
        "check-1-5": 2,
        "check-1-6": 2,
        "check-1-7": 2,
    }
    assert {name: score for name, score in scores(api, "complete").items() if name in full} == full
    assert sum(scores(api, "untouched")[name] for name in full) == 0
    assert scores(api, "1.2-bias-hh-missing")["check-1-2"] == 0
    assert scores(api, "1.5-context-read-again")["check-1-5"] == 1.78  # values right, a property wrong: partial credit
    with api.gradebook_of() as book:
        written = book.find_grade("task-1-9", ASSIGNMENT, ASSIGNMENT, "complete")
        assert (written.needs_manual_grade, written.max_score) == (True, 3)
        assert book.find_submission(ASSIGNMENT, "complete").max_score == 20
    graded = tmp_path / "autograded" / "1.2-bias-hh-missing" / ASSIGNMENT / "starter" / "rnn.py"
    assert graded.read_text(encoding="utf-8") == examples["1.2-bias-hh-missing"]["starter/rnn.py"]
    kept = (tmp_path / "autograded" / "complete" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text(encoding="utf-8")
    assert "You predicted drifts. Measured: drifts." in kept
    answer = api.generate_feedback(ASSIGNMENT, "1.2-bias-hh-missing")
    assert answer["success"], answer.get("log")
    page = (tmp_path / "feedback" / "1.2-bias-hh-missing" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text(
        encoding="utf-8"
    )
    assert "b_hh is missing from the sum" in page
    assert "runs where its inputs and parameters are" not in page  # the sentence of a hidden check


def test_round_trip_without_the_engine(api, tmp_path, examples):
    from nbgrader.preprocessors import Execute

    steps = api.config.Autograde.autograde_preprocessors
    api.config.Autograde.autograde_preprocessors = [Execute if step is EngineExecute else step for step in steps]
    api.config.Execute.timeout = 120
    for student in EXECUTED:
        hand_in(tmp_path, student, examples[student])
        answer = api.autograde(ASSIGNMENT, student)
        assert answer["success"], answer.get("log")
    assert [scores(api, "untouched")[f"check-1-{n}"] for n in range(1, 7)] == [0] * 6
    assert [scores(api, "1.5-context-read-again")[f"check-1-{n}"] for n in range(1, 8)] == [2, 3, 2, 4, 1.71, 2, 2]


def test_a_fault_of_the_engine_is_no_zero(api, tmp_path, examples, monkeypatch):
    hand_in(tmp_path, "complete", examples["complete"])
    monkeypatch.setattr("grader.nbgrader_plugin._service", Service())
    monkeypatch.setattr("grader.service.sys.executable", "/bin/false")
    answer = api.autograde(ASSIGNMENT, "complete")
    assert not answer["success"] and "the engine gave no score" in answer["log"] + answer["error"]
