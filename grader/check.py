"""What a notebook calls: `check("1.2")` judges a task on what is on disk now, `use("1.2")` gives its part to go on with,
`predict("1.8", …)` notes what a student expects of an experiment, and `outcome("1.8", …)` holds the result against it.

All run in the student's own session, checks against the cases recorded with the release.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import os
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from grader.engine.workbench import Workbench
from grader.experiments import Experiment, Value
from grader.following import follow
from grader.judge import Judge
from grader.notebooks import given_in
from grader.predictions import MIME, Ledger, Prediction
from grader.progress import digest_of_cell, remember
from grader.recordings import Saved
from grader.reports.card import card_html, card_text, headline
from grader.reports.prediction import (
    comparison,
    notice_html,
    outcome_html,
    outcome_text,
    predict_html,
    predict_text,
)
from grader.results import TaskResult, clean
from grader.sessions import LocalSession
from grader.tasks import CELLS, Course, Task, load_course
from toolkit.stand_ins import STAND_INS

__all__ = ["NotSolved", "check", "follow_edits", "outcome", "predict", "predicted", "use"]

_ledger = Ledger()  # this session's predictions
SECONDS = 10  # for a check, where a student waits for it
UNATTENDED_SECONDS = 60  # where a notebook is executed for a verdict: the machine may have a lot else to do


class NotSolved(AssertionError):
    """Raised where a notebook is executed for a verdict and a task is not solved."""


def check(*tasks: str) -> float | None:
    """Judge tasks and show a card for each.

    Without a task it judges all of them. In a student's session the notebook goes on whatever the card says. Where it is
    executed for a verdict (nbgrader sets NBGRADER_EXECUTION, continuous integration UNROLLED_EXECUTION) an unsolved task
    raises `NotSolved`; nbgrader's autograder gets the score of a task that is solved in part, as the value of the cell.
    """
    course, cells = load_course(), sys._getframe(1).f_globals
    chosen = [task for name in tasks or course.notebooks for task in course.select(str(name))]
    results = []
    for task in chosen:
        try:
            _say_if_stale(task, cells)
            results.append(_judge(course, task, cells))
        except KeyboardInterrupt:
            if _execution():
                raise  # a verdict that was cut short is none
            print(f"Stopped: task {task.id} was not judged. What was noted of it before still stands.")
            return None
        _show(results[-1], task)
    return _verdict(results, course)


def use(task: str):
    """The student's own part if its checks pass, else the stand-in built of torch.nn, which says so."""
    course, cells = load_course(), sys._getframe(1).f_globals
    (entry,) = course.select(str(task))
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # what the student prints was shown by the check
            unsolved = [part.id for part in _builds_on(course, entry) if not _solved(course, part, cells)]
    except KeyboardInterrupt:
        unsolved = [entry.id]
    if not unsolved:
        return _namespace(entry.space, cells)[entry.symbol]
    builds = "" if unsolved[0] == entry.id else f", and {entry.symbol} builds on it"
    print(f"Task {unsolved[0]} is not solved yet{builds}: a stand-in for {entry.symbol} takes its place here.")
    return STAND_INS[entry.id]


def _builds_on(course: Course, task: Task) -> list[Task]:
    """The task and those that it requires in its own space. For parts of other modules a notebook has `use` cells."""
    required = [course.tasks[name] for name in task.requires]
    return [task, *(other for other in required if other.space == task.space)]


def predict(experiment: str, guess: object = None) -> Value | None:
    """Note what the student expects of an experiment, and show it; the prediction, or None where there is none yet.

    A prediction that the experiment can't use is told on the card and counts as none: nothing is raised.
    """
    entry = _experiment(experiment)
    if entry is None:
        return None
    known = entry.guess(guess)
    problem = "" if guess is None or known is not None else f"{_short(guess)} can't be used"
    noted = _ledger.entry(entry) if problem else _ledger.commit(entry, known)
    _display(predict_html(entry, noted, problem), predict_text(entry, noted, problem), _kept(noted))
    return known


def predicted(experiment: str) -> Value | None:
    """The prediction that stands now, for a figure to show; None where there is none."""
    entry = load_course().experiments.get(experiment)
    if entry is None:
        return None
    noted = _ledger.entry(entry)
    return noted.guess if noted.revised is None else noted.revised


def follow_edits() -> None:
    """From now on, bring edited modules of the student's up to date before each cell; the setup cell calls it."""

    def imported() -> list[ModuleType]:
        return [module for name, module in sys.modules.items() if name.startswith(f"{_package()}.") and module]

    for module in imported():
        module.__checked__ = Path(module.__file__).read_bytes()
    follow(imported, lambda module: _fresh(module.__name__.partition(".")[2]))


def outcome(experiment: str, measured: object) -> str:
    """Hold a result against what was predicted, and show both; the sentence on the card, which a figure can carry."""
    entry = _experiment(experiment)
    if entry is None:
        return ""
    noted = _ledger.answer(entry, entry.measured(measured))
    _display(outcome_html(entry, noted), outcome_text(entry, noted), _kept(noted))
    return comparison(entry, noted)


def _experiment(name: object) -> Experiment | None:
    """The experiment of this number; where there is none, the card says so."""
    known = load_course().experiments
    found = known.get(str(name)) if isinstance(name, str | float) else None
    if found is None:
        text = f"There is no experiment {_short(name)} to predict; expected one of {', '.join(known)}."
        _display(notice_html(text), text)
    return found


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # of a class of the student's
        text = f"a {type(value).__name__}"
    return clean(text if len(text) <= 60 else text[:60] + "…")


def _kept(entry: Prediction) -> dict:
    """What the saved notebook keeps in the cell's output."""
    return {MIME: asdict(entry)}


def _say_if_stale(task: Task, cells: dict) -> None:
    """A cell that was edited and can't be run leaves the definition before it in place, and that is what is judged."""
    entered = [text for text in cells.get("In", ()) if task.symbol and f"def {task.symbol}(" in text]
    if task.module or not entered or not isinstance(entered[-1], str):
        return
    try:
        ast.parse(entered[-1])
    except SyntaxError as problem:
        print(f"The cell of {task.symbol} can't be read, line {problem.lineno}: {problem.msg}. What is judged here is the "
              "version before it.")  # fmt: skip


def _solved(course: Course, task: Task, cells: dict) -> bool:
    return _judge(course, task, cells).verdict == "passed"


def _judge(course: Course, task: Task, cells: dict) -> TaskResult:
    spaces = {entry.space for entry in course.graded}
    loaders = {space: lambda space=space: _namespace(space, cells) for space in spaces}
    stand_ins = {part.__name__: part for part in STAND_INS.values()}
    bench = Workbench(loaders, stand_ins=stand_ins, files=_files(task, cells))
    session = LocalSession(bench, _source, UNATTENDED_SECONDS if _execution() else SECONDS)
    try:
        result = Judge(course, Saved(), session, hidden=False).judge(task)
    finally:
        session.close()
    if _package() == "starter":
        source = _module_path(task.module) if task.module else None
        remember(_module_path("__init__").parent.parent, result, source, _cell_judged(task, cells))
    return result


def _cell_judged(task: Task, cells: dict) -> str:
    """The digest of the cell that was judged, by which `submit` can tell whether it has been saved."""
    entered = [text for text in cells.get("In", ()) if isinstance(text, str) and given_in(text, {task.symbol})]
    return "" if task.module or not entered else digest_of_cell(task.symbol, entered[-1])


def _namespace(space: str, cells: dict) -> dict:
    """What a space defines now: the notebook's own names, or the module as it stands on disk."""
    return cells if space.startswith(CELLS) else vars(_fresh(space))


def _package() -> str:
    """The student's modules; the reference where a notebook has imported nothing else (the maintainers' notebooks)."""
    return "solution" if "solution" in sys.modules and "starter" not in sys.modules else "starter"


def _fresh(module: str) -> ModuleType:
    """A starter module, run again if its file has changed since it was imported."""
    name = f"{_package()}.{module}"
    known = sys.modules.get(name)
    path = _module_path(module)
    if known is None:
        known = importlib.import_module(name)
    elif getattr(known, "__checked__", None) != path.read_bytes():
        importlib.invalidate_caches()
        known = _reloaded(known)
    known.__checked__ = path.read_bytes()
    return known


def _reloaded(module: ModuleType) -> ModuleType:
    """Run a module again without the names of its last version; where that fails, they are put back."""
    before = dict(vars(module))
    for name in before:
        if not name.startswith("__"):
            del vars(module)[name]
    try:
        return importlib.reload(module)
    except BaseException:
        vars(module).update(before)
        raise


def _module_path(module: str) -> Path:
    package = importlib.import_module(_package())
    return Path(package.__file__).with_name(f"{module}.py")


def _files(task: Task, cells: dict) -> dict[str, str]:
    """Which files messages show lines of: the module, and the cells that define functions."""
    if task.module:
        return {str(_module_path(task.module)): f"{_package()}/{task.module}.py"}
    code = (getattr(value, "__code__", None) for value in list(cells.values()))
    return {entry.co_filename: "this notebook" for entry in code if entry and "ipykernel" in entry.co_filename}


def _source(task: Task) -> str | None:
    if not task.module:
        return None
    path = _module_path(task.module)
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _show(result: TaskResult, task: Task) -> None:
    _display(card_html(result, task), card_text(result, task))


def _display(page: str, text: str, kept: dict | None = None) -> None:
    """A card as HTML in a notebook, with what its output is to keep; as text elsewhere."""
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        print(text)
        return
    from IPython.display import display

    display({"text/html": page, "text/plain": text} | (kept or {}), raw=True)


def _verdict(results: list[TaskResult], course: Course) -> float | None:
    unsolved = [result for result in results if result.verdict != "passed"]
    execution = _execution()
    if not execution or not unsolved:
        return None
    score = sum(result.score for result in results)
    if execution == "autograde" and score > 0:
        return score
    raise NotSolved("; ".join(headline(result, course.tasks[result.id]) for result in unsolved))


def _execution() -> str | None:
    """What a notebook is executed for where a verdict is wanted; None in a student's session."""
    return os.environ.get("NBGRADER_EXECUTION") or os.environ.get("UNROLLED_EXECUTION")
