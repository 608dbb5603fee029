"""The reviews inside a tar, and their fingerprint: the same for every packing of the same reviews.

Nothing is unpacked to disk, links are not followed, and what has not the name of a labelled review is passed over.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from toolkit.data.errors import DataError, Refused
from toolkit.data.members import Member, members
from toolkit.data.registry import Content
from toolkit.data.unpacking import Unpacked

__all__ = ["collect", "content_trouble", "labelled_reviews", "mismatch"]

REVIEW = re.compile(r"(?:[^/]+/)*((?:train|test)/(?:pos|neg)/[0-9]{1,9}_[0-9]{1,9}\.txt)")
MAX_REVIEW = 2**20  # the longest real one has 14 KB
MAX_UNPACKED = 2**30  # a tar of the 50,000 labelled reviews has a tenth of this; the source has as many more
BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)


def labelled_reviews(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, text as bytes) of each labelled review, for example ("train/pos/0_9.txt", b"…").

    Raises:
        DataError: the file is no tar, is damaged, or is built to overwhelm its reader. The message is the end of a
            sentence about the file.
        OSError: the file can't be opened.
    """
    with path.open("rb") as file:
        yield from _named(Unpacked(file, MAX_UNPACKED))


def _named(stream: Unpacked) -> Iterator[tuple[str, bytes]]:
    try:
        for member in members(stream):
            if match := REVIEW.fullmatch(member.name):
                yield match[1], stream.exactly(_size(member, match[1]))
    except Refused as refusal:
        raise DataError(f"is refused: {refusal}") from refusal
    except BROKEN as error:
        raise DataError(f"can't be read to its end: it is not a whole tar archive ({error})") from error


def collect(reviews: Iterable[tuple[str, bytes]], content: Content) -> dict[str, bytes]:
    """The texts by name, which are the reviews that `content` describes.

    Raises:
        DataError: they are others, or one comes twice. The message is the end of a sentence about the archive.
    """
    texts: dict[str, bytes] = {}
    size = 0
    for name, text in reviews:
        if name in texts:
            raise DataError(f"holds {name} twice")
        texts[name] = text
        size += len(text)
        if size > content.max_bytes:
            raise DataError(f"holds reviews of more than {content.max_bytes:,} bytes together")
    if fault := mismatch(texts, content):
        raise DataError(fault)
    return texts


def content_trouble(path: Path, content: Content) -> str | None:
    """What is wrong with the archive's content, as the end of a sentence; None when all is there."""
    try:
        collect(labelled_reviews(path), content)
    except DataError as error:
        return str(error)
    return None


def mismatch(texts: Mapping[str, bytes | memoryview], content: Content) -> str | None:
    """How the texts differ from those that `content` describes, as the end of a sentence; None when they don't."""
    return _count_trouble(texts, content.folders) or _fingerprint_trouble(texts, content.sha256)


def _size(member: Member, name: str) -> int:
    if not member.regular:
        raise Refused(f"{name} in it is a link or a device, expected a file")
    if member.size > MAX_REVIEW:
        raise Refused(f"a review has {member.size:,} bytes, expected {MAX_REVIEW:,} at most")
    return member.size


def _count_trouble(names: Iterable[str], expected: dict[str, int]) -> str | None:
    counts = Counter(name.rpartition("/")[0] for name in names)
    wrong = [f"{counts[name]:,} in {name}, expected {n:,}" for name, n in expected.items() if counts[name] != n]
    return f"has not the right number of reviews: {'; '.join(wrong)}" if wrong else None


def _fingerprint_trouble(texts: Mapping[str, bytes | memoryview], expected: str) -> str | None:
    total = hashlib.sha256()
    for name in sorted(texts):
        total.update(f"{name} {hashlib.sha256(texts[name]).hexdigest()}\n".encode())
    found = total.hexdigest()
    if found == expected:
        return None
    return f"holds reviews of other content: its fingerprint is {found[:12]}…, expected {expected[:12]}…"
