"""The predictions in a notebook's source: held against tasks.toml, and taken out of what students get."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.experiments import Experiment
from grader.release.percent import SourceCell
from grader.release.regions import fault
from grader.tasks import Course, Notebook

__all__ = ["check_predictions", "without_guesses"]

ASKED, ANSWERED = "predict", "outcome"
CALL = re.compile(rf"(?<![\w.])(?:{ASKED}|{ANSWERED})\(")


def without_guesses(source: str) -> str:
    """The text of a cell with None in the place of each prediction: `predict("1.8", "drifts")` loses its word."""
    if not CALL.search(source):
        return source
    lines = source.encode().splitlines(keepends=True)
    for _, call in sorted(_calls(source), key=lambda found: (found[1].lineno, found[1].col_offset), reverse=True):
        if call.func.id == ASKED and len(call.args) == 2:
            _replace(lines, call.args[1], b"None")
    return b"".join(lines).decode()


def _replace(lines: list[bytes], node: ast.expr, text: bytes) -> None:
    """Put a text in the place of an expression; positions in a syntax tree count bytes."""
    first, last = node.lineno - 1, node.end_lineno - 1
    lines[first : last + 1] = [lines[first][: node.col_offset] + text + lines[last][node.end_col_offset :]]


def check_predictions(cells: list[SourceCell], source: str, file: str, notebook: Notebook, course: Course) -> None:
    """Each experiment of a notebook is predicted once and answered after that. Anything else is a ReleaseError."""
    expected = [entry for entry in course.experiments.values() if entry.notebook == notebook.number]
    asked: dict[str, int] = {}
    answered: set[str] = set()
    for cell in cells:
        for line, call in _located(cell, file):
            experiment = _experiment(call, line, file, expected)
            if call.func.id == ANSWERED:
                _check_answer(experiment, asked, line, file)
                answered.add(experiment.id)
            else:
                _check_guess(experiment, call, asked, line, file)
                asked[experiment.id] = line
    for experiment in expected:
        if experiment.id not in answered:
            call = ANSWERED if experiment.id in asked else ASKED
            line = source.rstrip("\n").count("\n") + 1
            raise fault(file, line, f'experiment {experiment.id} ({experiment.title}) has no `{call}("{experiment.id}", …)`; '
                        "write it, or take the experiment out of tasks.toml")  # fmt: skip


def _located(cell: SourceCell, file: str) -> Iterator[tuple[int, ast.Call]]:
    """(line in the file, call) of each prediction and each result in a cell."""
    if cell.kind != "code" or not CALL.search(cell.source):
        return
    try:
        found = _calls(cell.source)
    except SyntaxError as problem:
        line = cell.line + (problem.lineno or 1) - 1
        raise fault(
            file, line, "the cell of a prediction or a result is no plain Python; move the rest elsewhere"
        ) from problem
    for line, call in found:
        yield cell.line + line - 1, call


def _calls(source: str) -> list[tuple[int, ast.Call]]:
    nodes = ast.walk(ast.parse(source))
    found = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    found = [(node.lineno, node) for node in found if node.func.id in (ASKED, ANSWERED)]
    return sorted(found, key=lambda entry: (entry[0], entry[1].col_offset))


def _experiment(call: ast.Call, line: int, file: str, expected: list[Experiment]) -> Experiment:
    name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    if len(call.args) != 2 or call.keywords or not isinstance(name, str):
        raise fault(
            file,
            line,
            f'`{call.func.id}` takes the number of an experiment and a value, as in `{call.func.id}("1.8", …)`',
        )
    found = next((entry for entry in expected if entry.id == name), None)
    if found is None:
        known = ", ".join(entry.id for entry in expected) or "none yet"
        raise fault(file, line, f"{name!r} is no experiment of this notebook in tasks.toml, expected one of {known}; "
                    "correct the number, or list the experiment there")  # fmt: skip
    return found


def _check_guess(experiment: Experiment, call: ast.Call, asked: dict[str, int], line: int, file: str) -> None:
    if experiment.id in asked:
        raise fault(
            file, line, f"experiment {experiment.id} is predicted already (line {asked[experiment.id]}); keep one"
        )
    try:
        value = ast.literal_eval(call.args[1])
    except ValueError as problem:
        raise fault(file, line, "a prediction is written out, so that the release can take it away; "
                    f"put {experiment.expected} there") from problem  # fmt: skip
    if value is not None and experiment.guess(value) is None:
        raise fault(file, line, f"the prediction is {value!r}, expected {experiment.expected}")


def _check_answer(experiment: Experiment, asked: dict[str, int], line: int, file: str) -> None:
    if experiment.id not in asked:
        raise fault(file, line, f"experiment {experiment.id} is answered before it is predicted; "
                    f'write `predict("{experiment.id}", …)` above it')  # fmt: skip
