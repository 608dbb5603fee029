"""Makes notebooks from their source: the students', the reference's, and the one that nbgrader starts from.

All three have the same cells with the same ids; the cells' text differs.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells
from traitlets import Instance, default

from grader.release.guesses import check_predictions, without_guesses
from grader.release.percent import SourceCell, read_cells
from grader.release.regions import ReleaseError, fault, find_regions
from grader.release.roles import SOLUTION, TEST, WRITTEN, Role, find_roles
from grader.release.stubs import cell_stub
from grader.tasks import Course, Notebook, load_course

__all__ = [
    "TEXT_STUB",
    "ClearTasks",
    "model_answers",
    "nbgrader_source",
    "notebook_bytes",
    "solution_notebook",
    "student_notebook",
]

TEXT_STUB = "*Write your answer here, in the place of this line.*"
NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell}
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
IMPORT = re.compile(r"\b(from|import)(\s+)solution(?=\.\w|\s+import\b)")
WHOLE_IMPORT = re.compile(r"^[ \t]*import\b[\w\t .,]*\bsolution\b(?!\.)", re.MULTILINE)


class ClearTasks(ClearSolutions):
    """nbgrader's ClearSolutions with a stub for each cell, which names its task, and with None for each prediction."""

    course = Instance(Course)

    @default("course")
    def _course(self) -> Course:
        return load_course()

    @default("text_stub")
    def _text_stub(self) -> str:
        return TEXT_STUB

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.cell_type == "code":
            for region in find_regions(cell.source, f"cell {cell_index + 1}", self.course):
                self.code_stub = {"python": "\n".join(cell_stub(region))}
            cell.source = without_guesses(cell.source)
        return super().preprocess_cell(cell, resources, cell_index)


def student_notebook(source: str, name: str, course: Course) -> nbformat.NotebookNode:
    """What students get: solutions cleared by nbgrader's own preprocessors, imports from `starter`, no outputs.

    Raises:
        ReleaseError: the source doesn't hold the notebook's tasks as tasks.toml lists them, each exactly once.
    """
    notebook = nbgrader_source(source, name, course)
    for step in (LockCells(), ClearTasks(course=course), ClearOutput(), CheckCellMetadata(), ComputeChecksums()):
        notebook, _ = step.preprocess(notebook, {})
    return notebook


def nbgrader_source(source: str, name: str, course: Course) -> nbformat.NotebookNode:
    """What an instructor puts into nbgrader's source/: solutions in their regions, imports from `starter`.

    `nbgrader generate_assignment` makes the students' notebook from it, with ClearTasks in the place of ClearSolutions.
    """
    file = _file(name)
    cells, roles = _read(source, name, course)
    modules = {task.module for task in course.tasks.values() if task.module}
    return _notebook(cells, roles, [_from_starter(cell, modules, file) for cell in cells])


def solution_notebook(source: str, name: str, course: Course) -> nbformat.NotebookNode:
    """The reference's notebook: solutions in their regions, imports from `solution`, the metadata of the students'."""
    cells, _ = _read(source, name, course)
    notebook = student_notebook(source, name, course)
    for cell, original in zip(notebook.cells, cells, strict=True):
        cell.source = original.source
    return notebook


def model_answers(source: str, name: str, course: Course) -> dict[str, str]:
    """written task → its model answer, with what each point is for: what the students' notebook leaves out."""
    cells, roles = _read(source, name, course)
    answers = {}
    for cell, role in zip(cells, roles, strict=True):
        if role and role.kind == WRITTEN:
            (region,) = find_regions(cell.source, _file(name), course)
            answers[role.task.id] = "\n".join(cell.source.splitlines()[region.begin : region.end - 1]).strip()
    return answers


def notebook_bytes(notebook: nbformat.NotebookNode) -> bytes:
    """The notebook as its file holds it: valid, with sorted keys and a newline at the end."""
    nbformat.validate(notebook)
    return (nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n").encode("utf-8")


def _file(name: str) -> str:
    return f"solution/notebooks/{name}.py"


def _read(source: str, name: str, course: Course) -> tuple[list[SourceCell], list[Role | None]]:
    file = _file(name)
    cells, notebook = read_cells(source, file), _listed(name, course)
    check_predictions(cells, source, file, notebook, course)
    return cells, find_roles(cells, source, file, notebook, course)


def _listed(name: str, course: Course) -> Notebook:
    notebook = next((entry for entry in course.notebooks.values() if entry.name == name), None)
    if notebook is None:
        names = ", ".join(entry.name for entry in course.notebooks.values())
        raise ReleaseError(
            f"{_file(name)}:1: tasks.toml lists no notebook of this name, expected one of {names}; "
            "rename the file, or list it there"
        )
    return notebook


def _notebook(cells: list[SourceCell], roles: list[Role | None], texts: list[str]) -> nbformat.NotebookNode:
    ids = _cell_ids(cells, roles)
    made = [
        NEW_CELL[cell.kind](text, id=cell_id, metadata=_metadata(cell, role))
        for cell, role, text, cell_id in zip(cells, roles, texts, ids, strict=True)
    ]
    return new_notebook(cells=made, metadata=METADATA)


def _cell_ids(cells: list[SourceCell], roles: list[Role | None]) -> list[str]:
    """An id that depends on nothing but the cell: its task's, or a digest of its text and a count of those alike."""
    seen: Counter[str] = Counter()
    ids = []
    for cell, role in zip(cells, roles, strict=True):
        digest = sha256(cell.source.encode("utf-8")).hexdigest()[:12]
        name = _grade_id(role) if role else f"{cell.kind}-{digest}"
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids


def _grade_id(role: Role) -> str:
    return ("check-" if role.kind == TEST else "task-") + role.task.id.replace(".", "-")


def _metadata(cell: SourceCell, role: Role | None) -> dict:
    if role is None:
        return {"tags": list(cell.tags)} if cell.tags else {}
    grades = {} if role.kind == SOLUTION else {"points": role.task.points}
    return {
        "nbgrader": {
            "schema_version": SCHEMA_VERSION,
            "grade_id": _grade_id(role),
            "grade": role.kind != SOLUTION,
            "solution": role.kind != TEST,
            "locked": role.kind == TEST,
            "task": False,
            **grades,
        }
    }


def _from_starter(cell: SourceCell, modules: set[str], file: str) -> str:
    """The cell's text with the students' package in the place of the reference's."""
    text = IMPORT.sub(r"\1\2starter", cell.source)
    if cell.kind != "code":
        return text
    if whole := WHOLE_IMPORT.search(text):
        line = cell.line + text[: whole.end()].count("\n")
        raise fault(
            file, line, "the line imports the whole package; import a module of it, as in `from solution import rnn`"
        )
    names = "|".join(sorted(map(re.escape, modules)))
    return re.sub(rf"\bsolution(?=\.(?:{names})\b)", "starter", text) if names else text
