"""Reviews in a form that loads at once: one plain file beside the archive, which proves itself.

Its first line names the format and the content's fingerprint, and says how long the list of names is. The list follows,
a line `NAME BYTES` for each review, and then the texts without anything between them. Reading it computes the
fingerprint anew, as for an archive, so a cache that is damaged, cut off, foreign or old is as good as none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path

from toolkit.data.archive import mismatch
from toolkit.data.errors import DataError
from toolkit.data.places import staging
from toolkit.data.registry import Content

__all__ = ["cache_of", "cached", "keep"]

FORMAT = "unrolled reviews 1"
LONGEST_LINE = 200


def cache_of(archive: Path) -> Path:
    """Where the reviews of an archive are kept."""
    return archive.with_name(archive.name + ".reviews")


def cached(path: Path, content: Content) -> dict[str, memoryview] | None:
    """The texts by name, or None where the file doesn't have just those that `content` describes."""
    try:
        texts = _split(_bytes(path, content), content)
    except (OSError, ValueError):
        return None
    return None if mismatch(texts, content) else texts


def keep(path: Path, content: Content, texts: Mapping[str, bytes]) -> None:
    """Write the cache in one step, or where the folder can't be written, leave it."""
    with suppress(OSError, DataError), staging(path.parent) as place:
        for left in place.glob(f"{path.name}.*"):  # by a run that was killed
            left.unlink(missing_ok=True)
        staged = place / f"{path.name}.{os.getpid()}"
        try:
            _write(staged, content, texts)
            os.replace(staged, path)
        finally:
            staged.unlink(missing_ok=True)


def _write(path: Path, content: Content, texts: Mapping[str, bytes]) -> None:
    names = sorted(texts)
    index = "".join(f"{name} {len(texts[name])}\n" for name in names).encode()
    with path.open("wb") as file:
        file.write(f"{FORMAT} {content.sha256} {len(index)}\n".encode())
        file.write(index)
        file.writelines(texts[name] for name in names)


def _bytes(path: Path, content: Content) -> bytes:
    """The whole file. Raises ValueError when it is none, or larger than any packing may be."""
    if not path.is_file() or path.stat().st_size > content.max_bytes:
        raise ValueError(f"{path} is no cache")
    return path.read_bytes()


def _split(data: bytes, content: Content) -> dict[str, memoryview]:
    """The texts, still in place. Raises ValueError when the file has another form."""
    first, _, _ = data[:LONGEST_LINE].partition(b"\n")
    start, length = len(first) + 1, int(first.rpartition(b" ")[2])
    if first != f"{FORMAT} {content.sha256} {length}".encode() or length < 0:
        raise ValueError("another format")
    lines = [line.split(" ") for line in data[start : start + length].decode().splitlines()]
    sizes = [int(size) for _, size in lines]
    ends = list(accumulate(sizes, initial=start + length))
    if min(sizes, default=0) < 0 or ends[-1] != len(data):
        raise ValueError("another length")
    view = memoryview(data)
    return {name: view[a:b] for (name, _), (a, b) in zip(lines, pairwise(ends), strict=True)}
