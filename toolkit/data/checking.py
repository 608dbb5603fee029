"""Is a file the one that the registry names? By size and SHA-256, or for an archive by its content."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from toolkit.data.archive import content_trouble
from toolkit.data.registry import DataFile

__all__ = ["MISSING", "fault_of", "note_packing", "trouble"]

MISSING = "is not there"


def fault_of(path: Path, file: DataFile) -> str | None:
    """As `trouble`, for a file in its place: it may be missing, and what was read through once is noted."""
    try:
        fault = trouble(path, file)
        if fault is None:
            with suppress(OSError):  # in a folder that can't be written it is read through again
                note_packing(path, file)
        return fault
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError as error:
        return f"can't be read ({error.strerror or error})"


def trouble(path: Path, file: DataFile) -> str | None:
    """What is wrong with the file at `path`, as the end of a sentence; None when it is right.

    An archive whose bytes differ is read through (seconds), unless a note beside it says that this was done.
    """
    size = path.stat().st_size
    if size != file.bytes and not file.content:
        return f"has {size:,} bytes, expected {file.bytes:,}"
    digest = _sha256(path)
    if digest == file.sha256 or (file.content and _noted(path) == digest):
        return None
    if file.content:
        return content_trouble(path, file.content)
    return f"has SHA-256 {digest[:12]}…, expected {file.sha256[:12]}…"


def note_packing(path: Path, file: DataFile) -> None:
    """Beside another packing of the right content, note its own SHA-256, so that it need not be read again."""
    if not file.content:
        return
    digest = _sha256(path)
    if digest == file.sha256:
        _note(path).unlink(missing_ok=True)
    else:
        _note(path).write_text(f"{digest}  {path.name}\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _noted(path: Path) -> str | None:
    try:
        words = _note(path).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    return words[0] if words else None
