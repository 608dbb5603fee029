"""What a tar holds, from its headers alone.

`tarfile` reads an extension header, however large it claims to be, into memory before anybody can look at its size. So
the walk from header to header is done here, with bounds; `tarfile` only takes each block of 512 bytes apart.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.data.errors import Refused
from toolkit.data.unpacking import Unpacked

__all__ = ["Member", "members"]

BLOCK = tarfile.BLOCKSIZE
MAX_HEADERS = 300_000  # the source's archive has 100,000 reviews; packed on a Mac each may take two headers
MAX_EXTENSION = 2**20
PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
EXTENSIONS = (*PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


@dataclass(frozen=True)
class Member:
    """One entry. Its content is next in the stream, `size` bytes of it, and may be read or left."""

    name: str
    size: int
    regular: bool


def members(stream: Unpacked) -> Iterator[Member]:
    """The entries in the order of the archive, up to its end mark or the end of the stream.

    Raises:
        Refused: an entry leaves the folder, or the archive is built to overwhelm its reader.
        tarfile.TarError, EOFError: the stream is no tar, or ends too early.
    """
    long_name = None
    for header in _headers(stream):
        end = stream.position + _room(header)
        if header.type in EXTENSIONS:
            long_name = _long_name(header, stream) or long_name
        else:
            yield _member(header, long_name or header.name)
            long_name = None
        stream.skip_to(end)


def _headers(stream: Unpacked) -> Iterator[tarfile.TarInfo]:
    for _ in range(MAX_HEADERS):
        block = stream.read(BLOCK)
        if not block and stream.position:
            return
        if not block:
            raise EOFError("it is empty")
        try:
            yield tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.EOFHeaderError:
            return
    raise Refused(f"it holds more than {MAX_HEADERS:,} entries")


def _room(header: tarfile.TarInfo) -> int:
    """How many bytes the content takes, filled up to whole blocks."""
    if header.size < 0:
        raise tarfile.InvalidHeaderError("a file of negative size")
    if header.type == tarfile.GNUTYPE_SPARSE:
        raise Refused("it holds a sparse file: pack it without that option")
    has_content = header.isreg() or header.type not in tarfile.SUPPORTED_TYPES or header.type in EXTENSIONS
    return -(-header.size // BLOCK) * BLOCK if has_content else 0


def _long_name(header: tarfile.TarInfo, stream: Unpacked) -> str | None:
    """The name of the entry that follows, if the extension header has it."""
    if header.size > MAX_EXTENSION:
        raise Refused(f"it has a header of {header.size:,} bytes, expected {MAX_EXTENSION:,} at most")
    data = stream.exactly(header.size)
    name = None
    if header.type == tarfile.GNUTYPE_LONGNAME:
        name = data.partition(b"\0")[0]
    if header.type in PAX:
        name = _pax_records(data).get(b"path")
    return name.decode("utf-8", "surrogateescape") if name else None


def _pax_records(data: bytes) -> dict[bytes, bytes]:
    """Records "LENGTH KEY=VALUE\\n", where LENGTH counts the whole record."""
    records, start = {}, 0
    while start < len(data) and data[start]:
        space = data.find(b" ", start, start + 20)
        length = data[start:space]
        end = start + int(length) if space > start and length.isdigit() else 0
        if not start < space < end <= len(data):
            raise tarfile.InvalidHeaderError("a header that can't be taken apart")
        key, _, value = data[space + 1 : end - 1].partition(b"=")
        records[key] = value
        start = end
    return records


def _member(header: tarfile.TarInfo, name: str) -> Member:
    if name.startswith("/") or ".." in name.split("/"):
        shown = ascii(name if len(name) <= 60 else name[:60] + "…")
        raise Refused(f"it names a path that leaves its folder, {shown}: pack the folder aclImdb itself")
    return Member(name, header.size, header.isreg())
