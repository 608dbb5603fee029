"""A downloader for pooch that goes on where a connection broke off, and delivers only a file that is right."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolkit.data.checking import trouble
from toolkit.data.errors import DataError, OriginFailed
from toolkit.data.places import local_writes
from toolkit.data.reasons import passing, reason_of, status_of
from toolkit.data.registry import DataFile

__all__ = ["Part", "Report", "ResumingDownloader"]

Report = Callable[[str, int, int | None], None]  # name of the file, bytes so far, bytes in all if known
TIMEOUT = (10, 30)  # seconds to connect, and between two pieces
CHUNK = 2**13  # bytes; when a connection breaks, a piece that has begun is lost
MAX_IDLE = 3  # tries in a row that bring nothing
MAX_TRIES = 100
PAUSE = 0.5  # seconds, times the number of idle tries
RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class Part:
    """What has come of a file: written to disk at once, kept when the connection or the program ends.

    It stands in for the output file that pooch's downloader writes to, and looks at each response before its body.
    """

    def __init__(self, path: Path, file: DataFile, report: Report | None = None):
        self.path, self.file, self.report = path, file, report
        self.total: int | None = None if file.content else file.bytes
        self.size = path.stat().st_size if path.exists() else 0
        self.stream: Any = None
        self.answered = False

    def __enter__(self) -> Part:
        with local_writes(self.path.parent):
            self.stream = self.path.open("ab")
        return self

    def __exit__(self, *exception) -> None:
        with local_writes(self.path.parent):  # a full disk shows again here
            self.stream.close()
        if not self.size:
            self.discard()

    def write(self, chunk: bytes) -> None:
        """Append a piece. Raises OriginFailed when more comes than the file can have."""
        if self.size + len(chunk) > self.file.max_bytes:
            raise OriginFailed(f"sends more than the {self.file.max_bytes:,} bytes expected")
        with local_writes(self.path.parent):
            self.stream.write(chunk)
            self.stream.flush()
        self.size += len(chunk)
        if self.report:
            self.report(self.file.name, self.size, self.total)

    def flush(self) -> None:
        """Nothing: every piece is flushed as it comes."""

    def discard(self) -> None:
        """Forget all that has come."""
        self.size = 0
        if self.stream and not self.stream.closed:
            self.stream.truncate(0)
        else:
            self.path.unlink(missing_ok=True)

    @property
    def complete(self) -> bool:
        return self.total is not None and self.size == self.total

    def on_response(self, response: Any, **options) -> None:
        """Before the body comes: start over if the server sends the whole, and compare the size it announces."""
        self.answered = True
        if response.status_code not in (200, 206):
            return
        try:
            self._expect(_announced(response, self))
        except OriginFailed:
            response.close()
            raise
        # Some servers label a .gz file as an encoding of the transfer; decoded, it would be another file.
        response.raw.headers.pop("Content-Encoding", None)

    def _expect(self, announced: int | None) -> None:
        if self.file.content:
            self.total = announced
        elif announced not in (None, self.file.bytes):
            raise OriginFailed(f"offers {announced:,} bytes, expected {self.file.bytes:,}")


class ResumingDownloader:
    """Follows pooch's downloader protocol: called with (url, output file, pooch object).

    Broken connections are taken up again with a Range request, at once while bytes keep coming, then after growing
    pauses. What has come survives in `part`, also for a later run. The output file is written only when the
    whole file is here and right.

    Raises (when called):
        OriginFailed: the address didn't deliver; the message is the end of a sentence about it.
        DataError: the folder can't be written.
    """

    def __init__(self, file: DataFile, part: Path, report: Report | None = None):
        self.file, self.part = file, Part(part, file, report)
        self.resumed = False

    def __call__(self, url: str, output_file: str, pooch: Any = None) -> None:
        self._complete(url)
        fault = trouble(self.part.path, self.file)
        if fault and self.resumed:  # two halves that may not belong together
            self._start_over(url)
            fault = trouble(self.part.path, self.file)
        if fault:
            self.part.discard()
            raise OriginFailed(f"sent a file that {fault}")
        with local_writes(self.part.path.parent):
            os.replace(self.part.path, output_file)

    def _start_over(self, url: str) -> None:
        self.part.discard()
        self._complete(url)

    def _complete(self, url: str) -> None:
        """Try until all bytes are here."""
        idle = 0
        if self.part.size > self.file.max_bytes:
            self.part.discard()
        for _ in range(MAX_TRIES):
            before = self.part.size
            error = self._try(url)
            if error is None:
                return
            idle = 0 if self.part.size > before else idle + 1
            if idle >= MAX_IDLE or not self.part.answered or not passing(error):
                raise self._failure(error)
            time.sleep(PAUSE * idle)
        raise OriginFailed(f"broke off {MAX_TRIES} times")

    def _try(self, url: str) -> Exception | None:
        """One connection. None when the file is complete, else what ended the connection."""
        if self.part.complete:
            return None
        self.resumed = self.part.size > 0
        try:
            with self.part:
                _http(self._headers(), self.part.on_response)(url, self.part, None)
        except DataError as error:
            self._drop_if_wrong(error)
            raise
        except (OSError, ValueError) as error:  # requests' exceptions are OSErrors, some ValueErrors too
            return self._nothing_behind(error) if status_of(error) == 416 else error
        return None if self._ended() else ConnectionError("Connection aborted")

    def _nothing_behind(self, error: Any) -> Exception | None:
        """The server has no byte after those here: either they are all, or they belong to another file."""
        match = RANGE.fullmatch(error.response.headers.get("Content-Range", ""))
        if match and match[2] == str(self.part.size):
            self.part.total = self.part.size
            return None
        self.part.discard()
        return error

    def _ended(self) -> bool:
        """Without an announced size, the end of the connection is the end of the file."""
        return self.part.complete or self.part.total is None

    def _headers(self) -> dict[str, str]:
        plain = {"Accept-Encoding": "identity"}
        return plain | {"Range": f"bytes={self.part.size}-"} if self.part.size else plain

    def _drop_if_wrong(self, error: DataError) -> None:
        if isinstance(error, OriginFailed):
            self.part.discard()

    def _failure(self, error: Exception) -> OriginFailed:
        if not passing(error):
            self.part.discard()
        if not self.part.size:
            return OriginFailed(reason_of(error))
        total = f" of {self.part.total:,}" if self.part.total else ""
        return OriginFailed(
            f"{reason_of(error)} after {self.part.size:,}{total} bytes (kept: the same command goes on from there)"
        )


def _http(headers: dict[str, str], on_response: Callable) -> Callable:
    """pooch's own HTTP downloader; requests calls the hook before the body is read."""
    from pooch import HTTPDownloader

    return HTTPDownloader(headers=headers, hooks={"response": on_response}, timeout=TIMEOUT, chunk_size=CHUNK)


def _announced(response: Any, part: Part) -> int | None:
    """The size of the whole file by the response's headers. Empties the part if the whole file is being sent."""
    if response.status_code == 200:
        part.discard()
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else None
    match = RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not match or match[1] != str(part.size):
        raise OriginFailed(f"sent another part of the file than the one from byte {part.size:,}")
    return int(match[2]) if match[2].isdecimal() else None
