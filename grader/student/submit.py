"""Packs a student's work into one zip to hand in, once it has been looked at as the grader will look at it."""

from __future__ import annotations

import ast
import re
import tempfile
import unicodedata
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader.archives import zipped
from grader.engine.magics import as_python
from grader.grade import released_cells
from grader.intake import IntakeError, Material, Submission, read
from grader.notebooks import given_in
from grader.progress import digest_of_cell, is_answered, recall
from grader.results import MISSING, clean, write_atomically
from grader.student.merge import to_do
from grader.student.released import KEPT, digest
from grader.tasks import Course, Notebook, Task

__all__ = ["SubmitError", "Submitted", "file_name", "submit"]

IN_A_NAME = " ._-'’@+,()"  # besides letters, marks and digits of any alphabet
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # on Windows
LONGEST_NAME = 150  # bytes
ANYWAY = "mend that, or hand it in as it is with --anyway"


class SubmitError(ValueError):
    """Nothing can be handed in like this; the message says why and what to do. Nothing was written."""


@dataclass
class Submitted:
    """The zip and the receipt that were written, the digest, and what a student should know of the work."""

    zip: Path
    receipt: Path
    digest: str
    told: list[str] = field(default_factory=list)


def submit(root: Path, name: str, course: Course, out: Path, anyway: bool = False) -> Submitted:
    """Write the zip of the work in `root` into `out`, and a receipt beside it.

    The zip's bytes, and so its digest, depend on the work alone.
    SubmitError where there is nothing to hand in, or something that the grader could not read, unless `anyway`.
    """
    student = file_name(name)
    files, absent = _work(root, course)
    content = zipped(files, zipfile.ZIP_STORED)
    material = _as_taken_in(student, content, course)
    problems = [*_unreadable(material, files), *_unsaved(material, root, course)]
    if problems and not anyway:
        raise SubmitError("\n".join([*problems, f"Nothing was written: {ANYWAY}."]))
    named = [] if student == name else [f"The zip is named {student!r}, as a file may be called on every system."]
    told = [*problems, *named, *_still_to_do(material, files, course), *_left_out(root, course), *absent]
    done = Submitted(out / f"{student}.zip", out / f"{student}.receipt.txt", digest(content), told)
    receipt = _receipt(done, name, files)
    earlier = done.receipt.read_text(encoding="utf-8", errors="replace") if done.receipt.is_file() else ""
    write_atomically(done.zip, content)
    write_atomically(done.receipt, (receipt + earlier).encode())
    return done


def file_name(name: str) -> str:
    """A student's name as a file may be called on every system: letters of any alphabet stay, what no file may have goes."""
    kept = "".join(_as_in_a_file(char) for char in unicodedata.normalize("NFC", name))
    kept = re.sub(r"\s+", " ", kept).lstrip(" .-").rstrip(" .")
    if not any(char.isalnum() for char in kept):
        raise SubmitError(f"--name is {name!r}, expected your name or student id, with letters or digits in it")
    if len(kept.encode()) > LONGEST_NAME:
        raise SubmitError(f"--name has {len(kept.encode())} bytes, expected at most {LONGEST_NAME}")
    return f"{kept}_" if RESERVED.fullmatch(kept) else kept


def _as_in_a_file(char: str) -> str:
    kind = unicodedata.category(char)[0]
    if kind in "LMN" or char in IN_A_NAME:
        return char
    return " " if char.isspace() else "" if kind == "C" else "-"


def _work(root: Path, course: Course) -> tuple[dict[str, bytes], list[str]]:
    """path → content of the course's own files that are there, and a line for those that aren't."""
    paths = [f"starter/{entry.module}.py" for entry in course.notebooks.values()]
    paths += [f"notebooks/{entry.name}.ipynb" for entry in course.notebooks.values()]
    files = {path: (root / path).read_bytes() for path in paths if (root / path).is_file()}
    if not files:
        raise SubmitError(
            f"{root} holds no work: expected starter/rnn.py and the like, or notebooks/; go to the course's folder"
        )
    absent = [path for path in paths if path not in files]
    return files, [f"Missing, and so not in the zip: {', '.join(absent)}."] if absent else []


def _as_taken_in(student: str, content: bytes, course: Course) -> Material:
    """The zip as `grade` reads it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "work.zip"
        place.write_bytes(content)
        try:
            return read(Submission(student, (place,)), course, released_cells(course))
        except IntakeError as problem:
            raise SubmitError(f"the grader would not take this in: {problem}") from problem


def _unreadable(material: Material, files: dict[str, bytes]) -> list[str]:
    """What the grader could not read: files, and modules that are no Python."""
    found = [f"{problem}." for problem in material.problems.values() if not problem.endswith(MISSING)]
    for name, text in material.modules.items():
        try:
            ast.parse(text)
        except SyntaxError as problem:
            found.append(
                f"starter/{name}.py, line {problem.lineno}, is no Python: {problem.msg}. No task of it can be graded."
            )
        except (ValueError, RecursionError, MemoryError) as problem:
            found.append(f"starter/{name}.py is no Python: {problem}. No task of it can be graded.")
    return found


def _unsaved(material: Material, root: Path, course: Course) -> list[str]:
    """Tasks in notebooks whose saved cell is not the one that was last checked there, or can't be read."""
    checked, found = recall(root), []
    for task in course.graded:
        text = _cell_of(task, material)
        if task.module or text is None:
            continue
        last = checked.get(task.id, {})
        name = f"notebooks/{course.notebooks[task.notebook].name}.ipynb"
        if as_python(text) is None:
            found.append(f"{name}: the cell of {task.symbol} (task {task.id}) is no Python. The task can't be graded.")
        elif last.get("cell") and last["cell"] != digest_of_cell(task.symbol, text):
            found.append(f"{name}: the saved cell of {task.symbol} (task {task.id}) is not the one that was last checked. If the "
                         "notebook is open, save it; if you changed the cell since, check it once more.")  # fmt: skip
    return found


def _cell_of(task: Task, material: Material) -> str | None:
    """The last cell that gives a task's symbol, of those that the grader runs."""
    cells = [
        source for _, source in material.cells.get(task.space, ()) if task.symbol and given_in(source, {task.symbol})
    ]
    return cells[-1] if cells else None


def _still_to_do(material: Material, files: dict[str, bytes], course: Course) -> list[str]:
    """A line for each notebook."""
    return [_line(notebook, material, files, course) for notebook in course.notebooks.values()]


def _line(notebook: Notebook, material: Material, files: dict[str, bytes], course: Course) -> str:
    tasks = course.graded_in(notebook)
    opened = [task.id for task in tasks if _is_open(task, material)]
    answers = [task for task in course.written if task.notebook == notebook.number]
    empty = [task.id for task in answers if not is_answered(task, files.get(f"notebooks/{notebook.name}.ipynb"))]
    if len(opened) == len(tasks):
        said = f"all {len(tasks)} tasks still to do"
    elif opened:
        said = f"{len(opened)} of {len(tasks)} tasks still to do ({', '.join(opened)})"
    else:
        said = f"none of {len(tasks)} tasks still to do"
    unwritten = f"; no written answer yet: {', '.join(empty)}" if empty else ""
    return f"Notebook {notebook.number}, {notebook.title}: {said}{unwritten}."


def _is_open(task: Task, material: Material) -> bool:
    """Whether a task's TODO still stands, or its place is missing."""
    text = material.modules.get(task.module) if task.module else _cell_of(task, material)
    return text is None or task.id in to_do(text)


def _left_out(root: Path, course: Course) -> list[str]:
    """Files of the student's own, which are not handed in."""
    known = {f"{entry.module}.py" for entry in course.notebooks.values()} | {"__init__.py"}
    known |= {f"{entry.name}.ipynb" for entry in course.notebooks.values()}
    found = [*(root / "starter").glob("*.py"), *(root / "notebooks").glob("*.ipynb")]
    own = sorted(
        f"{path.parent.name}/{path.name}" for path in found if path.name not in known and f".{KEPT}" not in path.name
    )
    return [f"Not in the zip, since only the course's own files are graded: {', '.join(own)}."] if own else []


def _receipt(done: Submitted, name: str, files: dict[str, bytes]) -> str:
    """A page that says what was packed, when, and the digest by which the zip is known."""
    listed = [f"  {path}  {len(content):,} bytes  {digest(content)}" for path, content in files.items()]
    packed = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [f"{done.zip.name}, packed {packed} for {clean(' '.join(name.split()))}", f"SHA-256 {done.digest}",
             f"{len(files)} files, each with its size and SHA-256:", *listed, *done.told, "", ""]  # fmt: skip
    return "\n".join(lines)
