"""Reviews in a folder that somebody unpacked by hand: packed again on their way into the data folder."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from toolkit.data.archive import MAX_REVIEW, REVIEW
from toolkit.data.errors import OriginFailed

__all__ = ["FOLDER", "pack"]

FOLDER = "aclImdb"
LEVEL = 3  # half the time of the usual 6, and a tenth larger


def pack(folder: Path, archive: Path, report: Callable[[int], None]) -> None:
    """Make a tar of the labelled reviews below `folder`, without the links among them.

    Args:
        report: called as the work goes on, with the bytes of the reviews so far.

    Raises:
        OriginFailed: a review can't be read or is absurdly large.
        OSError: the archive can't be written.
    """
    done = 0
    with tarfile.open(archive, "w:gz", compresslevel=LEVEL) as tar:
        for name, text in _reviews(folder):
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
            done += len(text)
            report(done)


def _reviews(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob("t*/*/*.txt")):
        name = path.relative_to(folder).as_posix()
        if REVIEW.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield name, _text(path, name)


def _text(path: Path, name: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_REVIEW:
            raise OriginFailed(f"has a review of {size:,} bytes, {name}, expected {MAX_REVIEW:,} at most")
        return path.read_bytes()
    except OSError as error:
        raise OriginFailed(f"has a file that can't be read, {name} ({error.strerror or error})") from error
