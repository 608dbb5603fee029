"""nbgrader with this engine as its execution step: `configure(c)` in an nbgrader_config.py is all it takes.

nbgrader keeps its format, its grade book and its feedback. In place of a kernel, the engine grades the submission in a
process of its own, so that torch never lives in the formgrader's server; the verdicts become the test cells' outputs.
Of the outputs that a student hands in, only predictions and their results are kept, read and written anew.
Without this the released notebooks still work under plain nbgrader, on the visible checks.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from traitlets import Integer

from grader.nbgrader_cells import AsReleased, ClearAllButPredictions, HideMarking, ShowMarking, kept_outputs
from grader.nbgrader_export import CsvExport
from grader.release import ClearTasks
from grader.reports.card import card_html, card_text, headline
from grader.results import CheckResult, TaskResult
from grader.service import Service
from grader.tasks import load_course

__all__ = ["EngineExecute", "RefuseSolvedModules", "configure", "successful"]

ROOT = Path(__file__).parent.parent
TEST_CELL = "check-"
_service = Service()  # one for all submissions: it takes seconds to start, and a fraction of one to grade


def configure(c) -> None:
    """Set nbgrader up for this course; `c` is what get_config() gives."""
    course = load_course()
    c.Autograde.autograde_preprocessors = [EngineExecute, IgnorePattern, ClearMetadataPreprocessor, LimitOutput,
                                           SaveAutoGrades, AssignLatePenalties, CheckCellMetadata, ShowMarking]  # fmt: skip
    steps = Autograde.class_traits()["sanitize_preprocessors"].default()
    steps = [ClearAllButPredictions if step is ClearOutput else step for step in steps]
    c.Autograde.sanitize_preprocessors = [AsReleased, *steps]
    # the student's own modules are what is graded: nbgrader would put the source's in their place
    modules = [f"starter/{notebook.module}.py" for notebook in course.notebooks.values()]
    c.Autograde.exclude_overwriting = {notebook.name: modules for notebook in course.notebooks.values()}
    steps = GenerateAssignment.class_traits()["preprocessors"].default()
    steps = [ClearTasks if step is ClearSolutions else step for step in steps]
    c.GenerateAssignment.preprocessors = [RefuseSolvedModules, *steps]
    c.GenerateFeedback.preprocessors = [HideMarking, *GenerateFeedback.class_traits()["preprocessors"].default()]
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".unrolled", ".pytest_cache"]
    c.ExportApp.plugin_class = CsvExport
    _put_alembic_on_the_path()


def successful(answer: dict) -> dict:
    """What a method of nbgrader's NbGraderAPI answered; RuntimeError, with its log, where it says that it failed."""
    if not answer["success"]:
        raise RuntimeError(f"nbgrader did not succeed.\n{answer.get('log', '')}{answer.get('error', '')}")
    return answer


def _put_alembic_on_the_path() -> None:
    """nbgrader starts `alembic` by its name, to make a grade book: the one beside this Python, activated or not."""
    folder, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = f"{folder}{os.pathsep}{path}"


class RefuseSolvedModules(NbGraderPreprocessor):
    """Keeps what solves tasks out of a release: nbgrader copies the files beside a notebook as they are."""

    def preprocess(self, nb, resources):
        folder = Path(resources["metadata"]["path"] or ".") / "starter"
        for module in sorted(folder.glob("*.py")):
            if module.read_bytes() != (ROOT / "starter" / module.name).read_bytes():
                raise RuntimeError(f"{module} is not the release's: nbgrader would hand it out as it is. "
                                   f"Put {ROOT / 'starter' / module.name} in its place.")  # fmt: skip
        return nb, resources


class EngineExecute(NbGraderPreprocessor):
    """Grades the notebook and the modules beside it, and writes the verdicts as the outputs of the test cells."""

    seconds = Integer(600, help="How long the engine may take for one submission.").tag(config=True)

    def preprocess(self, nb, resources):
        """Called by nbgrader with the sanitised notebook; its folder also holds the student's modules."""
        _forget_scores(**resources["nbgrader"])
        folder = Path(resources["metadata"]["path"] or ".").resolve()
        tasks = self._grade(folder, resources["nbgrader"]["notebook"])
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = kept_outputs(cell), None
                if name.startswith(TEST_CELL):
                    cell.outputs = outputs_of(tasks[name.removeprefix(TEST_CELL).replace("-", ".")])
        return nb, resources

    def _grade(self, folder: Path, notebook: str) -> dict[str, dict]:
        """task → its record. What goes wrong here is the harness's, and ends this submission's autograding."""
        entry = _service.grade(folder, notebook, self.seconds)
        if entry["status"] != "graded":
            raise RuntimeError(f"{folder.name} could not be graded: {entry.get('reason', entry['status'])}")
        return {task["id"]: task for task in entry["tasks"]}


def _forget_scores(db_url: str, assignment: str, notebook: str, student: str, **_) -> None:
    """Take an earlier attempt's scores out of the grade book: where this one fails there are none."""
    with Gradebook(db_url) as book:
        for grade in book.find_submission_notebook(notebook, assignment, student).grades:
            grade.auto_score = None
        book.db.commit()


def outputs_of(task: dict) -> list:
    """A task's record as outputs that nbgrader reads: nothing more for full points, a number for a part, else an error."""
    result, entry = _visible(task), load_course().tasks[task["id"]]
    card = new_output("display_data", {"text/html": card_html(result, entry), "text/plain": card_text(result, entry)})
    if task["score"] == task["points"]:
        return [card]
    if task["score"] > 0:
        return [card, new_output("execute_result", {"text/plain": f"{task['score']:g}"}, execution_count=1)]
    line = headline(result, entry)
    return [card, new_output("error", ename=task["verdict"], evalue=line, traceback=[line])]


def _visible(task: dict) -> TaskResult:
    """The task with its hidden checks folded into one line: feedback never shows them."""
    names = ("name", "sentence", "verdict", "hidden", "message", "hint")
    checks = [CheckResult(**{name: check[name] for name in names}) for check in task["checks"] if not check["hidden"]]
    hidden = [check["verdict"] for check in task["checks"] if check["hidden"]]
    if any(verdict != "passed" for verdict in hidden):
        count = sum(verdict == "passed" for verdict in hidden)
        checks.append(CheckResult("further", f"{count} of {len(hidden)} further checks passed.", "failed"))
    return _Scored(task, checks)


class _Scored(TaskResult):
    """A result whose verdict and score were given before some of its checks were folded away."""

    def __init__(self, task: dict, checks: list[CheckResult]):
        forfeited = any(finding["forbidden"] for finding in task["lint"])
        super().__init__(task["id"], task["points"], checks, task["lint"], forfeited)
        self._task = task

    verdict = property(lambda self: self._task["verdict"])
    score = property(lambda self: self._task["score"])
