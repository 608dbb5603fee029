"""A class of example submissions: untouched, half done, complete in three styles, and some with one known mistake.

The latter hold the work of one notebook, as it is handed in when a class has come that far.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import nbformat
from nbformat.v4 import new_output

from grader.experiments import Experiment, Value
from grader.predictions import MIME, Prediction, predictions_in
from grader.references import ROOT, Variant, sources_of, variants_of, with_mistake
from grader.release import nbgrader_source, notebook_bytes
from grader.release.guesses import without_guesses
from grader.reports.prediction import comparison
from grader.results import write_atomically
from grader.tasks import Course, Notebook, Task

__all__ = ["LEFT_OPEN", "OF_EACH", "STYLES", "example_class", "write_examples"]

STYLES = ROOT / "tests" / "submissions"  # complete solutions written another way: modules, and a file for each cell
HABITS = {
    "half-done": "wrong",
    "complete": "right",
    "complete-einsum": "none",
    "complete-fused": "revised",
}  # in predicting
LEFT_OPEN = (
    "1.4",
    "1.5",
    "1.6",
    "1.7",
    "2.5",
    "2.6",
    "2.7",
    "2.8",
    "2.9",
    "3.3",
    "3.5",
    "3.6",
    "3.8",
    "4.4",
    "4.5",
    "4.7",
    "4.10",
    "5.2",
    "5.4",
    "5.7",
    "5.8",
)  # what the half-done submission has not begun
OF_EACH = 1  # how many of a task's known mistakes have a submission in the class that is written
Files = dict[str, str]  # path inside the submission → text


def write_examples(folder: Path, course: Course, of_each: int | None = OF_EACH) -> list[str]:
    """Write the class into `folder`, which is emptied first; the students' names."""
    shutil.rmtree(folder, ignore_errors=True)
    names = []
    for name, files in example_class(course, of_each):
        names.append(name)
        for path, text in files.items():
            write_atomically(folder / name / path, text.encode())
    return names


def example_class(course: Course, of_each: int | None = None) -> Iterator[tuple[str, Files]]:
    """(student, files) of every example, or with only so many of each task's known mistakes."""
    for name, files in _class(course, of_each):
        yield name, _with_predictions(files, HABITS[name], course) if name in HABITS else files


def _class(course: Course, of_each: int | None) -> Iterator[tuple[str, Files]]:
    complete = _complete(course)
    yield "untouched", {path: (ROOT / path).read_text(encoding="utf-8") for path in complete}
    half = complete
    for name in LEFT_OPEN:
        half = _with(half, course.tasks[name], _not_started(course.tasks[name]), course)
    yield "half-done", half
    yield "complete", complete
    for style in sorted(path for path in STYLES.iterdir() if path.is_dir()):
        yield f"complete-{style.name}", _styled(complete, style, course)
    for task in course.graded:
        own = _of_notebook(complete, course.notebooks[task.notebook])
        for variant in _spread(variants_of(task.id), of_each):
            yield f"{task.id}-{variant.name.replace('_', '-')}", _with(own, task, variant, course)


def _spread(items: tuple, count: int | None) -> list:
    """So many of the items, evenly spread over them; all of them without a count."""
    if count is None or count >= len(items):
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def _complete(course: Course) -> Files:
    modules = sorted({task.module for task in course.graded if task.module})
    files = {f"starter/{name}.py": sources_of(name)[0][1] for name in modules}
    for notebook in course.notebooks.values():
        source = (ROOT / "solution" / "notebooks" / f"{notebook.name}.py").read_text(encoding="utf-8")
        node = nbgrader_source(source, notebook.name, course)
        files[_path(notebook.name)] = notebook_bytes(node).decode()
    return files


def _of_notebook(files: Files, notebook: Notebook) -> Files:
    """The files with which one notebook is worked on."""
    return {path: files[path] for path in (f"starter/{notebook.module}.py", _path(notebook.name))}


def _path(notebook: str) -> str:
    return f"notebooks/{notebook}.ipynb"


def _not_started(task: Task) -> Variant:
    stub = f'raise NotImplementedError("Task {task.id}: {task.title} is still to do.")'
    return Variant(task.id, "not_started", "", body=stub)


def _with(files: Files, task: Task, variant: Variant, course: Course) -> Files:
    """The files with one region changed, in a module or in a notebook's cell."""
    if task.module:
        path = f"starter/{task.module}.py"
        return files | {path: with_mistake(files[path], task, variant)}
    path = _path(course.notebooks[task.notebook].name)
    return files | {path: _cell_changed(files[path], task, lambda source: with_mistake(source, task, variant))}


def _styled(files: Files, style: Path, course: Course) -> Files:
    """The files with a style's own modules, and its own cells: the file train_step.py is the cell that defines it."""
    for task in course.graded:
        own = style / f"{task.module or task.symbol}.py"
        if not own.is_file():
            continue
        text = own.read_text(encoding="utf-8")
        path = f"starter/{task.module}.py" if task.module else _path(course.notebooks[task.notebook].name)
        files = files | {path: text if task.module else _cell_changed(files[path], task, lambda _, text=text: text)}
    return files


def _with_predictions(files: Files, habit: str, course: Course) -> Files:
    """The files with the outputs that running an experiment leaves; the reference's prediction is what is measured."""
    for notebook in course.notebooks.values():
        path = _path(notebook.name)
        node = nbformat.reads(files[path], as_version=4)
        cells = [{"type": cell.cell_type, "source": cell.source, "bundles": []} for cell in node.cells]
        for entry in predictions_in(cells, course.experiments.values()):
            experiment = course.experiments[entry.id]
            answer = next(cell for cell in node.cells if f'outcome("{entry.id}"' in cell.source)
            kept = _predicted(experiment, entry.guess, habit)
            asked = next(cell for cell in node.cells if f'predict("{entry.id}"' in cell.source)
            asked.source = without_guesses(asked.source).replace(", None)", f", {kept.revised or kept.guess!r})")
            answer.outputs = [
                new_output("display_data", {MIME: asdict(kept), "text/plain": comparison(experiment, kept)})
            ]
        files = files | {path: notebook_bytes(node).decode()}
    return files


def _predicted(experiment: Experiment, right: Value, habit: str) -> Prediction:
    """What somebody of this habit predicted, where `right` is what came."""
    others = experiment.choices or (2 * right + 1, right / 4)
    wrong = next((guess for guess in others if guess != right and experiment.guess(guess) is not None), None)
    guesses = {"right": (right, None), "wrong": (wrong, None), "none": (None, None), "revised": (wrong, right)}
    guess, revised = guesses[habit]
    return Prediction(experiment.id, guess, right, revised)


def _cell_changed(notebook: str, task: Task, change) -> str:
    node = nbformat.reads(notebook, as_version=4)
    cell = next(cell for cell in node.cells if f"### BEGIN SOLUTION {task.id}" in cell.source)
    cell.source = change(cell.source)
    return notebook_bytes(node).decode()
