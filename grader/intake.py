"""Takes submissions in: what is a submission, and what of it is read. Links are never followed, sizes are bounded."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.notebooks import NotebookError, parse, runnable_cells
from grader.predictions import predictions_in
from grader.results import MISSING
from grader.tasks import CELLS, Course, Notebook

__all__ = ["COLLECTED", "IntakeError", "Material", "Submission", "files_in", "find", "packed", "read", "wanted"]

MAX_MODULE = 2**20
MAX_NOTEBOOK = 32 * 2**20
MAX_ENTRIES = 5_000
COLLECTED = "collected.json"  # what `python -m grader collect` notes beside the submissions


class IntakeError(ValueError):
    """Something that can't be graded at all; the message is the reason that the record gives."""


@dataclass(frozen=True)
class Submission:
    """One student's work: a folder or a zip, or the assignment folders of one student in an nbgrader tree.

    One that is packed has its files with it, or why there are none, and can be read where its places are not.
    """

    student: str
    places: tuple[Path, ...]
    files: dict[str, bytes | str] | IntakeError | None = None


@dataclass
class Material:
    """What was read of a submission: the text that is analysed and run, and the records of predictions."""

    modules: dict[str, str] = field(default_factory=dict)
    cells: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)  # space → why it can't be loaded
    predictions: list[dict] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Names the content, so that a record can tell what it was made from."""
        return hashlib.sha256(repr((self.modules, self.cells, self.problems, self.predictions)).encode()).hexdigest()


def find(path: Path) -> tuple[list[Submission], list[str]]:
    """The submissions at `path`, by name, and the entries that are none. IntakeError if there is nothing."""
    if not path.exists():
        raise IntakeError(f"{path} does not exist; give a submission, or a folder with one folder or zip per student")
    if _is_submission(path) and not _holds_submissions(path):
        return [Submission(_student(path), (path,))], []
    if not path.is_dir():
        raise IntakeError(f"{path} is neither a folder nor a zip with starter/ or notebooks/ in it")
    newest: dict[str, Submission] = {}
    ignored = []
    for entry in sorted(path.iterdir(), key=lambda entry: (entry.lstat().st_mtime, entry.name)):
        if entry.name == COLLECTED:
            continue
        places = _places(entry) or _empty(entry)
        if not places:
            ignored.append(_readable(entry.name))
            continue
        if _student(entry) in newest:
            ignored.append(
                f"{_readable(newest[_student(entry)].places[0].name)} (an older submission of the same student)"
            )
        newest[_student(entry)] = Submission(_student(entry), places)
    if not any(_places(entry) for entry in path.iterdir()):
        raise IntakeError(
            f"{path} holds no submission: expected one folder or zip per student, with starter/ or notebooks/"
        )
    return sorted(newest.values(), key=lambda submission: submission.student), sorted(ignored)


def _student(path: Path) -> str:
    return _readable(path.stem if path.is_file() else path.resolve().name)


def _readable(name: str) -> str:
    """A name in another encoding is shown by its bytes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _places(entry: Path) -> tuple[Path, ...]:
    """Where one student's files lie: in the entry itself, or in the assignments of an nbgrader tree."""
    if entry.is_symlink() or entry.name.startswith("."):
        return ()
    if _is_submission(entry):
        return (entry,)
    if not entry.is_dir():
        return ()
    return tuple(sorted(inner for inner in entry.iterdir() if inner.is_dir() and _is_submission(inner)))


def _holds_submissions(path: Path) -> bool:
    """Whether a folder without starter/ has submissions in it: a class, whatever notebooks lie beside them."""
    return path.is_dir() and not (path / "starter").is_dir() and any(_places(entry) for entry in path.iterdir())


def _empty(entry: Path) -> tuple[Path, ...]:
    """A student's folder in which nothing is where it should be: it gets a row that says so."""
    return (entry,) if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith(".") else ()


def _is_submission(path: Path) -> bool:
    if path.is_file() and not path.is_symlink():
        return path.suffix.lower() == ".zip"
    return path.is_dir() and ((path / "starter").is_dir() or (path / "notebooks").is_dir() or any(path.glob("*.ipynb")))


def read(submission: Submission, course: Course, released: dict[str, list[dict]]) -> Material:
    """Read the course's own files from a submission. IntakeError if there is none of them."""
    material = Material()
    files = _gathered(submission, course) if submission.files is None else submission.files
    if isinstance(files, IntakeError):
        raise files
    if not files:
        raise IntakeError("it holds no file of the course: expected starter/rnn.py and the like, or notebooks/*.ipynb")
    for name in sorted({task.module for task in course.graded if task.module}):
        _take_module(material, name, files.get(f"starter/{name}.py"))
    for number, notebook in course.notebooks.items():
        cells = _take_notebook(material, notebook, course, files, released.get(number, []))
        asked = [experiment for experiment in course.experiments.values() if experiment.notebook == number]
        material.predictions += [entry.record(course.experiments[entry.id]) for entry in predictions_in(cells, asked)]
    return material


def packed(submission: Submission, course: Course) -> Submission:
    """As it travels to another machine: with the bytes of what is read of it, and without its places."""
    try:
        return Submission(submission.student, (), _gathered(submission, course))
    except IntakeError as problem:
        return Submission(submission.student, (), problem)


def _gathered(submission: Submission, course: Course) -> dict[str, bytes | str]:
    """path → content. Where several assignments have a module, that of its own notebook's assignment counts."""
    files: dict[str, bytes | str] = {}
    own = {(notebook.name, f"starter/{notebook.module}.py") for notebook in course.notebooks.values()}
    for place in submission.places:
        for name, data in files_in(place, wanted(course)):
            if name not in files or len(submission.places) == 1 or (place.name, name) in own:
                files[name] = data
    return files


def wanted(course: Course) -> dict[str, int]:
    """The paths that are read, with the most bytes that each may have."""
    modules = {f"starter/{notebook.module}.py": MAX_MODULE for notebook in course.notebooks.values()}
    return modules | {f"{folder}{notebook.name}.ipynb": MAX_NOTEBOOK
                      for notebook in course.notebooks.values() for folder in ("notebooks/", "")}  # fmt: skip


def _take_module(material: Material, name: str, data: bytes | str | None) -> None:
    if isinstance(data, bytes):
        try:
            material.modules[name] = data.decode("utf-8-sig")
            return
        except UnicodeDecodeError as problem:
            data = f"is not UTF-8 text ({problem.reason} at byte {problem.start})"
    material.problems[name] = f"starter/{name}.py {data or MISSING}"


def _take_notebook(
    material: Material, notebook: Notebook, course: Course, files: dict, released: list[dict]
) -> list[dict]:
    """Take what is run of a notebook; all its cells."""
    space, file = CELLS + notebook.number, f"{notebook.name}.ipynb"
    data = files.get(f"notebooks/{file}", files.get(file))
    if isinstance(data, bytes):
        symbols = {task.symbol for task in course.graded_in(notebook) if not task.module}
        try:
            cells = parse(data)
            material.cells[space] = runnable_cells(file, cells, released, symbols)
            return cells
        except NotebookError as problem:
            data = f"is no notebook that can be graded: {problem}"
    material.problems[space] = f"{file} {data or MISSING}"
    return []


def files_in(place: Path, wanted: dict[str, int]) -> Iterator[tuple[str, bytes | str]]:
    """(path, bytes) of the wanted files that are there; where one can't be read, the reason instead of bytes."""
    if place.is_file():
        yield from _zipped(place, wanted)
        return
    for name, limit in wanted.items():
        content = _regular_file(place, name, limit)
        if content is not None:
            yield name, content


def _regular_file(place: Path, name: str, limit: int) -> bytes | str | None:
    path = place
    for part in PurePosixPath(name).parts:
        path = path / part
        if path.is_symlink():
            return "is a link, and links are not followed"
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as problem:
        return f"can't be opened ({problem.strerror})"
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return "is no regular file"
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    return data if len(data) <= limit else f"is larger than {limit:,} bytes"


def _zipped(place: Path, wanted: dict[str, int]) -> Iterator[tuple[str, bytes | str]]:
    try:
        with zipfile.ZipFile(place) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise IntakeError(f"the zip holds {len(entries):,} entries, more than {MAX_ENTRIES:,}")
            # the shallowest last, so that it alone is read where a file is there more than once
            ordered = sorted(entries, key=lambda entry: -entry.filename.count("/"))
            chosen = {_inside(entry.filename, wanted): entry for entry in ordered}
            for name, entry in chosen.items():
                if name:
                    yield name, _entry(archive, entry, wanted[name])
    except IntakeError:
        raise
    except Exception as problem:  # whatever the archive's own faults make the readers of its formats raise
        raise IntakeError(f"the zip can't be read: {problem}") from problem


def _inside(filename: str, wanted: dict[str, int]) -> str | None:
    """The wanted path that an entry stands for, directly or below one folder; a path that leaves the zip is refused."""
    path = PurePosixPath(filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", filename):
        raise IntakeError(f"the zip holds the path {filename[:200]!r}, which leads out of it")
    for name in (str(path), "/".join(path.parts[1:])):
        if name in wanted:
            return name
    return None


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes | str:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link, and links are not followed"
    with archive.open(entry) as file:
        data = file.read(limit + 1)
    return data if len(data) <= limit else f"is larger than {limit:,} bytes"
