"""What the course was released as: the text of the files that students edit, and a digest of every file.

In a student's copy `grader/released.zip` holds both; in a checkout the files themselves are the release.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from grader.archives import ArchiveError, entries_of, zipped
from grader.notebooks import parse
from grader.tasks import Course

__all__ = ["KEPT", "RELEASED", "Release", "as_text", "digest", "edited_by_students", "own_release", "packed", "released_cells",
           "unpacked"]  # fmt: skip

RELEASED = "grader/released.zip"
KEPT = "before-update"  # in the name of a file that holds what a student's file was before an update
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Release:
    """`digests` of all its files, by path, and the `texts` of those that students edit."""

    digests: dict[str, str]
    texts: dict[str, bytes]


def edited_by_students(path: str) -> bool:
    """Whether a file of the release is one that students work in."""
    return path.startswith(("starter/", "notebooks/"))


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def as_text(content: bytes) -> bytes:
    """A file with the line ends that the release writes, whatever an editor has made of them."""
    return content.replace(b"\r\n", b"\n")


def packed(files: dict[str, bytes]) -> bytes:
    """The bytes of `released.zip` for a release of these files."""
    digests = {path: digest(content) for path, content in sorted(files.items())}
    texts = {path: content for path, content in sorted(files.items()) if edited_by_students(path)}
    return zipped({MANIFEST: json.dumps(digests, indent=1).encode()} | texts)


def unpacked(content: bytes) -> Release:
    """What `packed` made. ArchiveError for anything else."""
    entries = dict(entries_of(io.BytesIO(content)))
    try:
        digests = json.loads(entries.pop(MANIFEST))
        known = all(isinstance(value, str) for value in digests.values())
    except (KeyError, ValueError, AttributeError):
        known = False
    if not known or {path: digest(text) for path, text in entries.items()}.items() - digests.items():
        raise ArchiveError("it is damaged")
    return Release(digests, entries)


def own_release(root: Path) -> Release | None:
    """What a student's copy was released as; None in a checkout. ArchiveError where the note is damaged."""
    path = root / RELEASED
    if not path.is_file():
        return None
    try:
        return unpacked(path.read_bytes())
    except ArchiveError as problem:
        raise ArchiveError(f"{path}: {problem}; take this file from the course's zip again") from problem


def released_cells(root: Path, course: Course) -> dict[str, list[dict]]:
    """The cells of the released notebooks, by number."""
    release = own_release(root)
    names = {number: f"notebooks/{entry.name}.ipynb" for number, entry in course.notebooks.items()}
    if release is None:
        texts = {name: (root / name).read_bytes() for name in names.values() if (root / name).is_file()}
    else:
        texts = release.texts
    return {number: parse(texts[name]) for number, name in names.items() if name in texts}
