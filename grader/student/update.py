"""Lays a new release over a student's copy. Their work is carried over into the new text, and nothing of it is lost.

What is to be written is first worked out as a whole and noted in a journal; then each file is written whole. What ends in
the middle is finished by the next call, from the journal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from grader.archives import ArchiveError, entries_of, inside
from grader.notebooks import NotebookError, parse
from grader.results import clean, remove_unfinished
from grader.student.journal import JOURNAL, Change, apply, begun, note
from grader.student.merge import merge_code, to_do
from grader.student.merge_notebooks import merge_notebooks
from grader.student.released import KEPT, RELEASED, Release, as_text, digest, edited_by_students, own_release, unpacked

__all__ = ["UpdateError", "run_update", "stubs_in"]

SHOWN = 3  # lines that found no place, in full


class UpdateError(ValueError):
    """A copy can't be brought up to date; the message says why and what to do. Nothing was written."""


@dataclass(frozen=True)
class _Place:
    """A file of the release: what stands there, and what it was and is released as; None for nothing."""

    path: str
    present: bytes | None
    old: str | None  # digest
    base: bytes | None  # text, of files that students edit
    new: bytes | None

    @property
    def edited(self) -> bool:
        return self.present is not None and self.old not in (digest(self.present), digest(as_text(self.present)))


@dataclass(frozen=True)
class _Outcome:
    """A file's new content, whether all of the student's is in it, and a sentence."""

    content: bytes | None
    whole: bool
    told: str


def run_update(root: Path, place: Path, dry_run: bool = False) -> list[str]:
    """Lay the release in a zip, or in the folder that it was unpacked to, over the copy in `root`; what was done, in lines.

    UpdateError where that can't be begun; OSError where a file can't be written: the next call goes on from there.
    """
    if begun(root):
        if dry_run:
            raise UpdateError(
                "an update of this copy was interrupted, and is to be finished first: leave --dry-run away"
            )
        return [*_finished(root, "The update that was interrupted is finished."), *run_update(root, place)]
    old = _release_of(root)
    files, new = _read(place)
    changes, lines = _plan(root, old, files, new)
    if not changes:
        return ["This copy is of that release already: nothing was changed."]
    if dry_run:
        return [*lines, "This was a dry run: nothing was written."]
    note(root, changes)
    return [*lines, *_finished(root, "Done. If a notebook is open, close it and open it again before you go on.")]


def _finished(root: Path, said: str) -> list[str]:
    try:
        paths, kept = apply(root, lambda path: _beside(root, path))
    except (ArchiveError, LookupError) as problem:
        raise UpdateError(f"{root / JOURNAL}, the note of an update that was begun, is damaged ({problem}); delete it, and give "
                          "the command again") from problem  # fmt: skip
    for folder in {(root / path).parent for path in paths}:
        remove_unfinished(folder)
    later = [f"{path} was changed while the update stood still; as it was then, it is {name}" for path, name in kept]
    again = {"pyproject.toml", "constraints.txt"} & set(paths)
    return [*later, said, *(["The packages that are needed have changed: run python start.py again."] if again else [])]


def _release_of(root: Path) -> Release:
    if (root / "solution").is_dir():
        raise UpdateError(
            f"{root} is the course's own repository, and no student's copy; there, git brings what is new"
        )
    try:
        release = own_release(root)
    except ArchiveError as problem:
        raise UpdateError(str(problem)) from problem
    if release is None:
        raise UpdateError(f"{root / RELEASED} is missing, which says what this copy was released as; take the file from the zip "
                          "that the copy came from, or unpack the new zip elsewhere and take your files over")  # fmt: skip
    return release


def _read(place: Path) -> tuple[dict[str, bytes], Release]:
    """The files of a release, each held against its own note of them."""
    try:
        files = _unpacked_folder(place) if place.is_dir() else _below_one_folder(dict(entries_of(place)))
        release = unpacked(files[RELEASED]) if RELEASED in files else None
    except FileNotFoundError:
        raise UpdateError(f"{place} does not exist; give the zip of the new release") from None
    except ArchiveError as problem:
        raise UpdateError(f"{place}: {problem}; get the course's zip again") from problem
    if release is None:
        raise UpdateError(
            f"{place} is no release of this course: {RELEASED} is not in it; give the zip of the new release"
        )
    for path, noted in release.digests.items():
        if path not in files or digest(files[path]) != noted or not inside(path):
            raise UpdateError(f"{place}: {path} is missing or not as it was released; get the course's zip again")
    return {path: files[path] for path in (*release.digests, RELEASED)}, release


def _below_one_folder(entries: dict[str, bytes]) -> dict[str, bytes]:
    top = next((name.removesuffix(RELEASED) for name in entries if name.endswith(RELEASED)), "")
    return {name.removeprefix(top): content for name, content in entries.items() if name.startswith(top)}


def _unpacked_folder(folder: Path) -> dict[str, bytes]:
    """What the folder's own release lists: browsers unpack a zip that was downloaded."""
    release = own_release(folder)
    names = [RELEASED, *release.digests] if release else []
    return {name: (folder / name).read_bytes() for name in names if inside(name) and (folder / name).is_file()}


def _plan(root: Path, old: Release, files: dict[str, bytes], new: Release) -> tuple[list[Change], list[str]]:
    """What is to be written, the student's files first and the note of the release last, and what is told of it."""
    lines, kept, written, counted = [], [], [], Counter()
    for path in sorted(old.digests.keys() | new.digests.keys(), key=lambda path: (not edited_by_students(path), path)):
        place = _Place(path, _present(root, path), old.digests.get(path), old.texts.get(path), files.get(path))
        if place.present == place.new:
            continue
        if not place.edited:
            counted["put back" if place.present is None and place.old else "new" if place.present is None
                    else "removed" if place.new is None else "brought up to date"] += 1  # fmt: skip
            written.append(Change(path, place.new, place.present))
            continue
        outcome = _with_their_work(place)
        beside = _beside(root, path, place.present)
        if not outcome.whole and _present(root, beside) is None:
            kept.append(Change(beside, place.present, None))
        lines.append(f"{path}: {outcome.told}" + ("" if outcome.whole else f" Your file as it was: {beside}"))
        if outcome.content != place.present:
            written.append(Change(path, outcome.content, place.present))
    if counted:
        lines.append(
            "Files that you have not changed: " + ", ".join(f"{count} {what}" for what, count in counted.items()) + "."
        )
    note_of_release = [Change(RELEASED, files[RELEASED], _present(root, RELEASED))] if new != old else []
    return [*kept, *written, *note_of_release], lines


def _present(root: Path, path: str) -> bytes | None:
    place = root / path
    if place.is_dir():
        raise UpdateError(f"{place} is a folder, and the release has a file of this name: move the folder away")
    return place.read_bytes() if place.exists() else None


def _beside(root: Path, path: str, content: bytes | None = None) -> str:
    """A free name beside a file, or the one under which just this content lies there. Modules and notebooks still open."""
    name, folder = PurePosixPath(path).name, PurePosixPath(path).parent
    head, ending = (PurePosixPath(name).stem, PurePosixPath(name).suffix) if edited_by_students(path) else (name, "")
    for number in count(1):
        free = (folder / f"{head}.{KEPT}{'' if number == 1 else f'-{number}'}{ending}").as_posix()
        if _present(root, free) in (None, content):
            return free
    raise AssertionError("unreachable")


def _with_their_work(place: _Place) -> _Outcome:
    """What becomes of a file that the student has changed."""
    if place.new is None:
        return _Outcome(None, False, "no longer part of the course, so it was taken away.")
    if place.old is None:
        return _Outcome(place.new, False, "the course now has a file of this name, which took its place.")
    if digest(place.new) == place.old:
        return _Outcome(place.present, True, "as you left it; the release has nothing new in it.")
    if place.base is None:
        return _Outcome(place.new, False, "changed by you, and by the release, whose text it is now.")
    try:
        return _merged(place)
    except (NotebookError, UnicodeDecodeError) as problem:
        return _Outcome(place.new, False, f"can't be read, so nothing of it was carried over ({problem}).")


def _merged(place: _Place) -> _Outcome:
    base, own, new = (as_text(content) for content in (place.base, place.present, place.new))
    if place.path.endswith(".ipynb"):
        joined = merge_notebooks(base, own, new)
        content, lost, cells = joined.content, joined.lost, joined.added
    else:
        text = merge_code(base.decode(), own.decode("utf-8-sig"), new.decode())
        content, lost, cells = text.text.encode(), text.lost, 0
    stubs = [stubs_in(place.path, each) for each in (base, own, new, content)]
    solved = stubs[0] - stubs[1]
    names = sorted((solved & stubs[2]) - stubs[3], key=_in_order) + [f"{cells} of your own cells"] * bool(cells)
    told = "your work is carried over" + (f": {', '.join(names)}." if names else ".")
    gone = sorted(solved - (stubs[2] - stubs[3]), key=_in_order)
    if gone:
        told += f" Not so {', '.join(gone)}, whose place the release no longer has as it was."
    if lost:
        shown = ", ".join(f"`{clean(line[:60])}`" for line in lost[:SHOWN]) + (" …" if len(lost) > SHOWN else "")
        told += f" {len(lost)} of your lines found no place in the new text: {shown}."
    return _Outcome(content, not (lost or gone), told)


def _in_order(task: str) -> list[int]:
    return [int(part) for part in task.split(".")]


def stubs_in(path: str, content: bytes) -> set[str]:
    """The tasks whose stub stands in the code of a module or notebook."""
    if not path.endswith(".ipynb"):
        return to_do(content.decode("utf-8-sig"))
    return to_do("\n".join(cell["source"] for cell in parse(content) if cell["type"] == "code"))
