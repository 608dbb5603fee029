"""Builds a release in memory and writes it: the students' modules and notebooks, and what other producers add."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.release.differences import EDITED, LEFT_OVER, compare
from grader.release.manifest import MANIFEST, manifest_bytes, on_disk
from grader.release.modules import starter_module
from grader.release.notebooks import notebook_bytes, student_notebook
from grader.release.regions import ReleaseError
from grader.results import write_atomically
from grader.tasks import Course, load_course

__all__ = ["PRODUCERS", "Producer", "Written", "build", "produce_modules", "produce_notebooks", "write"]

Producer = Callable[[Path, Course], dict[str, bytes]]


@dataclass(frozen=True)
class Written:
    """What a release did: the paths it wrote and removed, and how many files stood there already."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def produce_modules(root: Path, course: Course) -> dict[str, bytes]:
    """starter/*.py."""
    names = sorted({task.module for task in course.tasks.values() if task.module})
    sources = _sources(root, "solution", names, "module")
    return {f"starter/{name}.py": starter_module(sources[name], name, course).encode("utf-8") for name in names}


def produce_notebooks(root: Path, course: Course) -> dict[str, bytes]:
    """notebooks/*.ipynb."""
    names = sorted(notebook.name for notebook in course.notebooks.values())
    sources = _sources(root, "solution/notebooks", names, "notebook")
    return {f"notebooks/{name}.ipynb": notebook_bytes(student_notebook(sources[name], name, course)) for name in names}


PRODUCERS: tuple[Producer, ...] = (produce_modules, produce_notebooks)


def build(root: Path, producers: Iterable[Producer] = PRODUCERS, course: Course | None = None) -> dict[str, bytes]:
    """path → bytes of every file of the release. Nothing is written.

    Raises:
        ReleaseError: the reference can't be released as it stands; the message says where and what to do.
    """
    course = course or load_course()
    files: dict[str, bytes] = {}
    for producer in producers:
        made = producer(root, course)
        if twice := files.keys() & made.keys():
            raise ReleaseError(f"{min(twice)} is made by two producers; keep one")
        files |= made
    return dict(sorted(files.items()))


def _sources(root: Path, folder: str, names: list[str], kind: str) -> dict[str, str]:
    """name → text of the reference's files; exactly these have to be there."""
    for path in sorted((root / folder).glob("*.py")):
        if path.stem not in {"__init__", *names}:
            raise ReleaseError(
                f"{folder}/{path.name}:1: no {kind} of tasks.toml has this name, expected one of "
                f"{', '.join(names)}; list its tasks there, or move the file"
            )
    return {name: _text(root, f"{folder}/{name}.py") for name in names}


def _text(root: Path, path: str) -> str:
    content = on_disk(root, path)
    if content is None:
        raise ReleaseError(
            f"{path}:1: the file is missing, though tasks.toml lists it; write it, or correct the name there"
        )
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise ReleaseError(f"{path}:{line}: the text is not UTF-8; save it as UTF-8") from problem


def write(root: Path, files: dict[str, bytes], force: bool = False) -> Written:
    """Write a release and note it in the manifest, each file as a whole or not at all.

    Generated files that the release no longer holds are removed, unless somebody edited them.

    Raises:
        ReleaseError: a file was edited since the last release, and `force` is not set; nothing was written.
    """
    differences = compare(root, files)
    _refuse_edited([entry for entry in differences if entry.kind == EDITED and not (force and entry.path in files)])
    changed = [path for path, content in files.items() if on_disk(root, path) != content]
    removed = [entry.path for entry in differences if entry.kind == LEFT_OVER]
    for path in changed:
        write_atomically(root / path, files[path])
    for path in removed:
        (root / path).unlink()
    if on_disk(root, MANIFEST) != manifest_bytes(files):
        write_atomically(root / MANIFEST, manifest_bytes(files))
    return Written(tuple(changed), tuple(removed), len(files) - len(changed))


def _refuse_edited(edited: list) -> None:
    if edited:
        listed = "\n".join(f"  {entry.message}" for entry in edited)
        raise ReleaseError(f"A release would overwrite work, so nothing was written:\n{listed}")
