"""Remembers the verdicts of a student's own checks beside their modules, so that `progress` answers at once; and sees which
written answers there are."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
from pathlib import Path

from grader.engine.magics import as_python
from grader.notebooks import NotebookError, parse
from grader.reports.card import state_of
from grader.results import TaskResult, dump, write_atomically
from grader.student.merge import ANSWER
from grader.tasks import Course, Task

__all__ = ["answered", "digest_of", "digest_of_cell", "is_answered", "recall", "remember"]


def digest_of(path: Path | None) -> str:
    """Names a file's content; empty where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else ""


def digest_of_cell(symbol: str, source: str) -> str:
    """Names what a cell defines a symbol as, whatever its comments and the rest of the cell."""
    text = as_python(source)
    if text is None:
        return hashlib.sha256(source.encode()).hexdigest()
    found = [node for node in ast.parse(text).body if getattr(node, "name", None) == symbol]
    return hashlib.sha256(ast.unparse(found[-1] if found else ast.parse(text)).encode()).hexdigest()


def recall(root: Path) -> dict[str, dict]:
    """task → its last verdict, score and what it was checked on; empty where nothing was checked yet."""
    try:
        state = json.loads(_path(root).read_bytes())
        return {task: entry for task, entry in state.items() if {"verdict", "score", "digest"} <= entry.keys()}
    except (OSError, ValueError, AttributeError):
        return {}


def remember(root: Path, result: TaskResult, source: Path | None, cell: str = "") -> None:
    """Note a verdict, with the digest of the module or of the cell. A folder that can't be written is no reason to fail."""
    state = recall(root)
    state[result.id] = {"verdict": state_of(result), "score": result.score, "points": result.points,
                        "digest": digest_of(source), "cell": cell}  # fmt: skip
    with contextlib.suppress(OSError):
        write_atomically(_path(root), dump(dict(sorted(state.items()))))


def answered(root: Path, course: Course) -> set[str]:
    """The written tasks that have an answer in the notebooks as they were saved, whatever it says."""
    texts = {number: _content(root / "notebooks" / f"{entry.name}.ipynb") for number, entry in course.notebooks.items()}
    return {task.id for task in course.written if is_answered(task, texts[task.notebook])}


def is_answered(task: Task, notebook: bytes | None) -> bool:
    """Whether something stands in a written task's cell other than what was released there."""
    try:
        cells = parse(notebook or b"")
    except NotebookError:
        return False
    name = f"task-{task.id.replace('.', '-')}"
    texts = [cell["source"] for cell in cells if name in (cell["id"], cell["grade_id"])]
    return any(text.strip() and not ANSWER.search(text) for text in texts)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _path(root: Path) -> Path:
    return root / ".unrolled" / "progress.json"
