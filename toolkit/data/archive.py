"""The reviews inside a tar, and their fingerprint: the same for every packing of the same reviews.

Nothing is unpacked to disk, links are not followed, and what doesn't look like a labelled review is passed over.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from toolkit.data.errors import DataError
from toolkit.data.registry import Content

__all__ = ["content_trouble", "labelled_reviews"]

REVIEW = re.compile(r"(?:[^/]+/)*((?:train|test)/(?:pos|neg))/([0-9]+_[0-9]+\.txt)")
MAX_REVIEW = 2**20  # the longest real one has 14 KB
MAX_UNPACKED = 2**31
BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


def labelled_reviews(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """(folder, file, text as bytes) of each labelled review, for example ("train/pos", "0_9.txt", b"…").

    Raises:
        DataError: the file is no tar, is damaged, or claims to unpack to an absurd size.
    """
    try:
        with tarfile.open(path, "r:*") as tar:
            for member in _bounded(tar):
                match = REVIEW.fullmatch(member.name)
                if match and member.isreg():
                    yield match[1], match[2], tar.extractfile(member).read()
    except BROKEN as error:
        first_line = f"{error}\n".splitlines()[0].rstrip(":")
        raise DataError(f"{path.name} is not a whole tar archive ({first_line})") from error


def content_trouble(path: Path, content: Content) -> str | None:
    """What is wrong with the archive's content, as the end of a sentence; None when all is there."""
    digests: dict[str, str] = {}
    try:
        for folder, file, text in labelled_reviews(path):
            if f"{folder}/{file}" in digests:
                return f"holds {folder}/{file} twice"
            digests[f"{folder}/{file}"] = hashlib.sha256(text).hexdigest()
    except DataError as error:
        return f"can't be read to its end: {error}"
    return _count_trouble(digests, content.folders) or _fingerprint_trouble(digests, content.sha256)


def _bounded(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members, ended by an error before the archive unpacks to more than it may."""
    unpacked = 0
    while (member := tar.next()) is not None:
        unpacked += member.size
        if unpacked > MAX_UNPACKED:
            raise tarfile.TarError(f"it unpacks to more than {MAX_UNPACKED:,} bytes")
        if member.size > MAX_REVIEW and REVIEW.fullmatch(member.name):
            raise tarfile.TarError(f"a review has {member.size:,} bytes, expected {MAX_REVIEW:,} at most")
        tar.members.clear()  # tarfile would keep a record of all 100,000
        yield member


def _count_trouble(digests: dict[str, str], expected: dict[str, int]) -> str | None:
    counts = Counter(path.rpartition("/")[0] for path in digests)
    wrong = [f"{counts[name]:,} in {name}, expected {n:,}" for name, n in expected.items() if counts[name] != n]
    return f"has not the right number of reviews: {'; '.join(wrong)}" if wrong else None


def _fingerprint_trouble(digests: dict[str, str], expected: str) -> str | None:
    lines = "".join(f"{path} {digests[path]}\n" for path in sorted(digests))
    found = hashlib.sha256(lines.encode()).hexdigest()
    if found == expected:
        return None
    return f"holds reviews of other content: its fingerprint is {found[:12]}…, expected {expected[:12]}…"
