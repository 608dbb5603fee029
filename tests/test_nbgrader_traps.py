"""The traps of nbgrader: each shown under nbgrader as it comes, then closed. docs/nbgrader.md has the table.

The plain part runs one small assignment, the other the first notebook of the course.
"""

from __future__ import annotations

import copy
import csv
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes
from traitlets.config import Config

from grader.course import write_course
from tests.conftest import ROOT
from tests.grading import solved, solved_notebook

pytest.importorskip("nbgrader.apps")

from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin

from grader.nbgrader_export import COLUMNS, CsvExport
from grader.nbgrader_plugin import configure, successful

FIRST = "01_sine_wave_rnn"
JANE = "Doe, Jane"  # a name as many a register writes it
SOLUTION = "### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
HELPER = f"def one():\n    {SOLUTION}\n"


@pytest.fixture(scope="module", autouse=True)
def patch():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # for alembic
        patch.setenv("NBGRADER_EXECUTION", "")  # nbgrader leaves it set where an execution fails
        yield patch


def api_on(root: Path, config: Config) -> NbGraderAPI:
    config.CourseDirectory.root = str(root)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def book_of(root: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{root / 'gradebook.db'}")


def scores(root: Path, assignment: str, student: str) -> dict[str, float | None]:
    with book_of(root) as book:
        grades = book.find_submission_notebook(assignment, assignment, student).grades
        return {grade.name: grade.auto_score for grade in grades}


def exported(root: Path, plugin: type, patch) -> list[list[str]]:
    patch.chdir(root)
    with book_of(root) as book:
        plugin(config=Config()).export(book)
    with (root / "grades.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


# nbgrader as it comes


def cell(source: str, name: str, points: int | None = None):
    role = {"schema_version": 3, "grade_id": name, "grade": points is not None, "solution": points is None,
            "locked": points is not None, "task": False}  # fmt: skip
    return new_code_cell(source, metadata={"nbgrader": role | ({} if points is None else {"points": points})})


def small(text: str = f"def one():\n    {SOLUTION}", **changes: dict):
    """The assignment's notebook with an answer; changes of the metadata of cells, None for a cell that is not there."""
    cells = [cell(text, "answer"), cell("assert one() == 1", "warns", 1), cell("assert one() == 2", "wrong", 1),
             cell("assert one() == 1", "deleted", 1)]  # fmt: skip
    for made in list(cells):
        change = changes.get(made.metadata.nbgrader.grade_id, {})
        cells.remove(made) if change is None else made.metadata.update(change)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=kernel)


HANDED_IN = {
    JANE: small("import sys\ndef one():\n    print('a word', file=sys.stderr)\n    return 1",
                wrong={"tags": ["skip-execution"]}, deleted=None),
    "zero": small("def one():\n    return 0"),
    "crashed": small("import os\nos._exit(1)"),
    "old": small("def one():\n    return 1", answer={"nbgrader": {"schema_version": 1, "grade_id": "answer", "grade": False,
                                                                  "solution": True, "locked": False}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A course of nbgrader's own, graded: its folder, and what the API answered for everybody, and then for one student."""
    root = tmp_path_factory.mktemp("plain")
    for folder, notebook in [
        ("source/ps1", small()),
        *((f"submitted/{name}/ps1", made) for name, made in HANDED_IN.items()),
    ]:
        (root / folder).mkdir(parents=True)
        (root / folder / "ps1.ipynb").write_text(writes(notebook))
        (root / folder / "helper.py").write_text(HELPER if folder == "source/ps1" else "mine = 1\n")
    config = Config()
    config.Execute.update(timeout=120, startup_timeout=180, iopub_timeout=60)
    api = api_on(root, config)
    successful(api.generate_assignment("ps1"))
    everybody = api.autograde("ps1", "*")
    assert not (root / "autograded" / "zero").exists()  # it comes after the one whose schema ended the run
    return root, {"everybody": everybody, "zero": api.autograde("ps1", "zero")}


def test_plain_a_module_is_released_with_its_solution(plain):
    assert (plain[0] / "release" / "ps1" / "helper.py").read_text() == HELPER


def test_plain_the_students_module_is_replaced(plain):
    assert (plain[0] / "autograded" / JANE / "ps1" / "helper.py").read_text() == HELPER


def test_plain_a_word_on_stderr_costs_a_right_answer_and_a_tag_earns_a_wrong_one(plain):
    got = scores(plain[0], "ps1", JANE)
    assert got == {"warns": 0, "wrong": 1, "deleted": None}  # the last, a test cell that was deleted, counts as 0


def test_plain_a_failure_is_an_answer_and_one_schema_ends_the_run(plain):
    everybody, zero = plain[1]["everybody"], plain[1]["zero"]
    assert (everybody["success"], zero["success"]) == (False, True)
    assert "Kernel died" in everybody["log"] and "old version" in everybody["log"]
    assert successful(zero) is zero
    with pytest.raises(RuntimeError, match="Kernel died"):
        successful(everybody)


def test_plain_the_table_breaks_at_a_comma_and_tells_a_crash_as_zero(plain, patch):
    header, *rows = exported(plain[0], CsvExportPlugin, patch)
    assert {row[3]: len(row) - len(header) for row in rows} == {"Doe": 1, "zero": 0, "crashed": 0, "old": 0}
    told = {row[3]: dict(zip(header, row, strict=False)) for row in rows}
    assert told["crashed"] | {"student_id": "zero"} == told["zero"] and told["zero"]["score"] == "0.0"


def test_our_table_quotes_and_says_what_is_a_score(plain, patch):
    header, *rows = exported(plain[0], CsvExport, patch)
    assert tuple(header) == COLUMNS
    told = {row["student_id"]: (row["score"], row["max_score"], row["status"])
            for row in (dict(zip(header, row, strict=True)) for row in rows)}  # fmt: skip
    assert told == {JANE: ("", "3.0", "not graded"), "zero": ("0.0", "3.0", "graded"),
                    "crashed": ("", "3.0", "not graded"), "old": ("", "3.0", "not graded")}  # fmt: skip


def test_alembic_is_found_beside_this_python(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="alembic"):
        Gradebook(f"sqlite:///{tmp_path / 'plain.db'}")
    configure(Config())
    with Gradebook(f"sqlite:///{tmp_path / 'ours.db'}") as book:
        assert book.students == []


# with the engine


@pytest.fixture(scope="module")
def ours(tmp_path_factory, course):
    """A course folder as `python -m grader course` writes it, the first assignment generated, and nbgrader's API on it."""
    root = tmp_path_factory.mktemp("ours")
    write_course(ROOT, course, root)
    config = Config()
    exec((root / "nbgrader_config.py").read_text(), {"get_config": lambda: config})
    api = api_on(root, config)
    successful(api.generate_assignment(FIRST))
    return root, api


def hand_in(root: Path, student: str, notebook: dict, module: str) -> None:
    place = root / "submitted" / student / FIRST
    shutil.copytree(root / "release" / FIRST, place)
    (place / f"{FIRST}.ipynb").write_text(json.dumps(notebook))
    (place / "starter" / "rnn.py").write_text(module)


def torn() -> dict:
    """The first notebook solved, with everything done to it that nbgrader believes or stumbles at."""
    notebook = solved_notebook()
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    for made in notebook["cells"]:
        made["metadata"]["tags"] = ["skip-execution"]
    cells["check-1-2"]["metadata"]["nbgrader"].update(points=100, solution=True, locked=False)
    cells["check-1-3"]["metadata"]["nbgrader"]["schema_version"] = 1
    cells["task-1-6"]["metadata"]["nbgrader"] = {"grade": True, "grade_id": "check-9-9", "schema_version": 99}
    cells["task-1-7"]["metadata"] = {}
    cells["task-1-9"]["source"] = "Each state waits for the one before."
    cells["check-1-6"]["source"] = "assert True"
    notebook["cells"].remove(cells["check-1-1"])
    notebook["cells"] += [copy.deepcopy(cells["check-1-4"]), {**cells["task-1-9"], "source": "*A copy.*"}]
    return notebook


def test_the_release_says_what_counts_and_no_word_on_stderr_costs_anything(ours, course):
    root, api = ours
    warns = "import sys, warnings; print('a word', file=sys.stderr); warnings.warn('and another')"
    module = solved(course, make_windows=warns, RNNCell=warns, forecast="import os; os._exit(1)")
    hand_in(root, JANE, torn(), module)
    successful(api.autograde(FIRST, JANE))
    points = {f"check-{task.id.replace('.', '-')}": task.points for task in course.graded if task.notebook == "1"}
    got = scores(root, FIRST, JANE)
    assert got == points | {"check-1-5": 0, "task-1-9": None}  # what ended the process, and what a person marks
    assert (root / "autograded" / JANE / FIRST / "starter" / "rnn.py").read_text() == module
    graded = json.loads((root / "autograded" / JANE / FIRST / f"{FIRST}.ipynb").read_text())
    roles = {one["metadata"]["nbgrader"]["grade_id"]: one for one in graded["cells"] if "nbgrader" in one["metadata"]}
    assert "Each state waits" in "".join(roles["task-1-9"]["source"])
    assert "ended the process" in json.dumps(roles["check-1-5"]["outputs"])


def test_an_attempt_that_failed_is_no_zero_in_our_table_and_keeps_no_older_score(ours, course, patch, monkeypatch):
    root, api = ours
    hand_in(root, "unlucky", solved_notebook(), solved(course))

    def fails(*args):
        raise RuntimeError("no score")

    monkeypatch.setattr("grader.nbgrader_plugin._service.grade", fails)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no score"):
            successful(api.autograde(FIRST, "unlucky"))
        header, *rows = exported(root, CsvExport, patch)
        columns = [header.index(name) for name in ("assignment", "student_id", "score", "status")]
        assert [FIRST, "unlucky", "", "not graded"] in [[row[place] for place in columns] for row in rows]
        with book_of(root) as book:  # as if an attempt between them had ended well
            for grade in book.find_submission_notebook(FIRST, FIRST, "unlucky").grades:
                grade.auto_score, grade.needs_manual_grade = 1, False
            book.db.commit()


def test_modules_that_are_solved_are_not_released(ours, course):
    root, api = ours
    module = root / "source" / FIRST / "starter" / "rnn.py"
    released = module.read_text()
    assert "SOLUTION" not in released
    module.write_text(solved(course))
    with pytest.raises(RuntimeError, match=r"rnn\.py is not the release's"):
        successful(api.generate_assignment(FIRST))
    module.write_text(released)
    successful(api.generate_assignment(FIRST))
