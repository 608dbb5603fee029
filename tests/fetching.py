"""What the tests of data share: a web server that misbehaves as told, folders with rights, failures as sentences."""

from __future__ import annotations

import http.server
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from toolkit.data import DataError


@contextmanager
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    """A running server with `routes` (path → behaviour), `requests` (those that came) and `base` (its address)."""
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    running.routes, running.requests = {}, []
    running.base = f"http://127.0.0.1:{running.server_address[1]}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join(timeout=5)


class Handler(http.server.BaseHTTPRequestHandler):
    """Each path has its behaviour, a function of the handler; the requests are kept as (path, Range header)."""

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        self.server.routes.get(self.path, missing)(self)
        self.close_connection = True

    def log_message(self, *arguments):
        pass

    def reply(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length != "none":
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def start(self) -> int:
        """The first byte asked for."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(match[1]) if match else 0


def missing(handler):
    handler.reply(404)


def whole(body, **headers):
    return lambda handler: handler.reply(200, body, **headers)


def ranged(body, at_most=None):
    """Serves ranges; each connection ends after `at_most` bytes, whatever it announced."""

    def behave(handler):
        start = handler.start()
        if start >= len(body):
            return handler.reply(416, Content_Range=f"bytes */{len(body)}")
        rest = body[start:]
        span = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        return handler.reply(206 if start else 200, rest[:at_most], length=len(rest), **span)

    return behave


def in_turn(*behaviours):
    """The first request gets the first behaviour, and so on; the last one stays."""
    left = list(behaviours)

    def behave(handler):
        current = left.pop(0) if len(left) > 1 else left[0]
        current(handler)

    return behave


@contextmanager
def unprivileged():
    """Root may write anywhere: for a moment, be nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_to_all() -> Iterator[Path]:
    """A folder whose parents everybody may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def message_of(action, *arguments, **options) -> str:
    """The one line that the failure says."""
    with pytest.raises(DataError) as caught:
        action(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
