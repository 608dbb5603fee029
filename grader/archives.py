"""Zips whose bytes depend on their content alone, and zips that are read with bounds."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from grader.results import write_atomically

__all__ = ["ArchiveError", "entries_of", "inside", "write_zip", "zipped"]

EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX, REGULAR_FILE, EXECUTABLE = 3, 0o100644 << 16, 0o111 << 16
MOST_ENTRIES, MOST_BYTES = 5_000, 256 * 2**20
PIECE = 2**20


class ArchiveError(ValueError):
    """A zip that can't be used; the message says why and what to do."""


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, executable: Collection[str] = ()) -> bytes:
    """A zip of these files, in this order. Stored, not deflated, its bytes are the same under every zlib as well."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            _add(archive, name, content, method, EXECUTABLE if name in executable else 0)
    return buffer.getvalue()


def write_zip(out: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip, whole or not at all; no more than one of its files is in memory."""
    with tempfile.TemporaryFile() as made:
        with zipfile.ZipFile(made, "w") as archive:
            for name, content in files:
                _add(archive, name, content, zipfile.ZIP_DEFLATED)
        made.seek(0)
        write_atomically(out, iter(lambda: made.read(PIECE), b""))


def _add(archive: zipfile.ZipFile, name: str, content: bytes, method: int, mode: int = 0) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system, entry.external_attr, entry.compress_type = UNIX, REGULAR_FILE | mode, method
    archive.writestr(entry, content)


def entries_of(place: Path | io.BytesIO) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the files in a zip. ArchiveError for one that can't be read, or that leads out of itself."""
    try:
        with zipfile.ZipFile(place) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ArchiveError(f"it holds more than {MOST_ENTRIES:,} files, or more than {MOST_BYTES:,} bytes")
            for entry in entries:
                if not inside(entry.filename):
                    raise ArchiveError(f"it holds the path {entry.filename[:200]!r}, which leads out of it")
                yield entry.filename, archive.read(entry)
    except (ArchiveError, FileNotFoundError):
        raise
    except Exception as problem:  # whatever the archive's own faults make the readers of its formats raise
        raise ArchiveError(f"it can't be read as a zip: {problem}") from problem


def inside(path: str) -> bool:
    """Whether a path with forward slashes stays in the folder that it is taken in."""
    return not ({"", ".", ".."} & set(path.split("/")) or "\\" in path or ":" in path)
