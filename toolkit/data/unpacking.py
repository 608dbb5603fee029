"""The bytes inside a packed file, read forward in small pieces and never more of them than allowed."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from toolkit.data.errors import Refused

__all__ = ["Unpacked"]

PIECE = 2**16
MAX_STREAMS = 2**16  # parallel packers write one for each block of 64 KB or more
XZ_MEMORY = 2**28  # the strongest setting of xz needs a quarter of this; a header may ask for gigabytes


class Unpacked:
    """A file under gzip, bzip2, xz or nothing, known by its first bytes.

    Raises (when read):
        Refused: there are more than `limit` bytes.
        EOFError, OSError, zlib.error, lzma.LZMAError: the file is damaged or cut off.
    """

    def __init__(self, file: BinaryIO, limit: int):
        self.limit, self.position = limit, 0
        self._pieces, self._came = _pieces(file), 0
        self._ahead, self._used = b"", 0  # a piece, and how much of it has been read

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        parts, wanted = [], size
        while wanted and self._fill():
            part = self._ahead[self._used : self._used + wanted]
            parts.append(part)
            self._used += len(part)
            wanted -= len(part)
        self.position += size - wanted
        return b"".join(parts)

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes. Raises EOFError when there are fewer."""
        data = self.read(size)
        if len(data) < size:
            raise EOFError("it ends in the middle of a file")
        return data

    def skip_to(self, position: int) -> None:
        """Pass over what comes before `position`. Raises EOFError when the end does."""
        while self.position < position:
            self.exactly(min(position - self.position, PIECE))

    def _fill(self) -> bool:
        """Have unread bytes ahead, unless this is the end."""
        while self._used == len(self._ahead):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._came += len(piece)
            if self._came > self.limit:
                raise Refused(f"it unpacks to more than {self.limit:,} bytes")
            self._ahead, self._used = piece, 0
        return True


class _Gunzip:
    """zlib's decompressor with the interface that those of bz2 and lzma have."""

    def __init__(self):
        self._engine = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._engine.decompress(self._engine.unconsumed_tail + data, max_length)

    @property
    def needs_input(self) -> bool:
        return not self._engine.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data


ENGINES = {
    b"\x1f\x8b": _Gunzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    ahead = file.read(PIECE)
    kind = next((magic for magic in ENGINES if ahead.startswith(magic)), None)
    if kind is None:
        yield from _plain(ahead, file)
        return
    for _ in range(MAX_STREAMS):
        engine = ENGINES[kind]()
        yield from _stream(engine, ahead, file)
        ahead = engine.unused_data
        if len(ahead) < len(kind):
            ahead += file.read(PIECE)
        if not ahead.startswith(kind):
            return
    raise Refused(f"it was packed in more than {MAX_STREAMS:,} parts")


def _plain(ahead: bytes, file: BinaryIO) -> Iterator[bytes]:
    while ahead:
        yield ahead
        ahead = file.read(PIECE)


def _stream(engine: Any, data: bytes, file: BinaryIO) -> Iterator[bytes]:
    """One compressed stream; what lies behind it is then the engine's `unused_data`."""
    while True:
        piece = engine.decompress(data, PIECE)
        if piece:
            yield piece
        if engine.eof:
            return
        data = file.read(PIECE) if engine.needs_input else b""
        if engine.needs_input and not data:
            raise EOFError("it was cut off")
