"""One socket between judge and worker: framed messages, each with an id, an absolute deadline and a bounded size."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

from grader.engine.codec import CodecError, decode, encode

__all__ = ["MAX_FRAME", "Wire", "WireClosed", "WireError", "WireTimeout"]

HEADER = struct.Struct("!III")  # lengths of id, tree and tensors
MAX_FRAME = 64 * 2**20
MAX_ID = 64
SLICE = 0.2  # seconds between two looks whether the other side lives


class WireError(Exception):
    """What came is not what the protocol allows."""


class WireClosed(WireError):
    """The other side is gone."""


class WireTimeout(WireError):
    """The deadline passed first."""


class Wire:
    """Messages over a connected socket. Deadlines are `time.monotonic()` values; None waits for ever.

    `alive` says whether the process at the other end still runs: a child that it left behind may hold the socket open.
    """

    def __init__(self, connection: socket.socket, alive: Callable[[], bool] = lambda: True):
        self._socket = connection
        self._alive = alive
        self.received = 0  # bytes so far

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, token: str, message, deadline: float | None = None) -> None:
        """Send one message under the id `token`. CodecError where the message can't travel."""
        tree, blob = encode(message)
        name = token.encode()
        if len(tree) + len(blob) > MAX_FRAME:
            raise CodecError(f"a message of {len(tree) + len(blob):,} bytes is over the limit of {MAX_FRAME:,}")
        left = memoryview(HEADER.pack(len(name), len(tree), len(blob)) + name + tree + blob)
        while left:
            left = left[self._once(self._socket.send, left[: 1 << 20], deadline) :]

    def receive(self, deadline: float | None = None) -> tuple[str, object]:
        """The next (id, message). Lengths are checked before a byte of them is allocated."""
        id_size, tree_size, blob_size = HEADER.unpack(self._read(HEADER.size, deadline))
        if id_size > MAX_ID or tree_size + blob_size > MAX_FRAME:
            raise WireError(f"a frame announces {id_size} + {tree_size} + {blob_size} bytes, over the limits")
        name = self._read(id_size, deadline)
        tree = self._read(tree_size, deadline)
        blob = self._read(blob_size, deadline)
        self.received += HEADER.size + id_size + tree_size + blob_size
        try:
            return name.decode("ascii"), decode(tree, blob)
        except (CodecError, UnicodeDecodeError) as problem:
            raise WireError(str(problem)) from problem

    def _read(self, size: int, deadline: float | None) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._once(self._socket.recv, min(size - len(parts), 1 << 20), deadline)
            if not part:
                raise WireClosed("the other side closed the wire")
            parts += part
        return bytes(parts)

    def _once(self, operation, argument, deadline: float | None):
        """One send or receive, waiting in slices so that the other side's death is noticed."""
        while True:
            left = SLICE if deadline is None else min(SLICE, deadline - time.monotonic())
            if left <= 0:
                raise WireTimeout("the deadline passed")
            self._socket.settimeout(left)
            try:
                return operation(argument)
            except TimeoutError:
                if not self._alive():
                    raise WireClosed("the process at the other end has ended") from None
            except OSError as problem:
                raise WireClosed(str(problem)) from problem
