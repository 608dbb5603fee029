"""A headless Chromium for as long as a `with` block lasts, and what a test does in it: open, click, type, wait, look.

It is driven by its own DevTools protocol, over a pipe: no port is taken, and where the tests are killed the pipe closes, which
ends the browser. Selenium would bring 12 MB, six packages and a driver of this browser's very version, Playwright 53 MB with a
Node of its own; the tests need a click, a key and a wait.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving import end

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-first-run", "--disable-background-networking", "--window-size=1300,900")  # fmt: skip
KEYS = {"Tab": 9, "Enter": 13}
SHIFT = 8
POINT = """(selector, text) => {
    const element = [...document.querySelectorAll(selector)].find(element => element.innerText.includes(text))
    element.scrollIntoView({block: "center", behavior: "instant"})
    const box = element.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2
    return element.contains(document.elementFromPoint(x, y)) && [x, y]
}"""

in_a_browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; on Debian: apt-get install chromium")


class Page:
    """The page of a browser. Pictures of it go into `folder`."""

    def __init__(self, reads: int, writes: int, folder: Path):
        self.folder, self._reads, self._writes = folder, reads, writes
        self._buffer, self._count, self._session = b"", 0, {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}

    def call(self, method: str, **params) -> dict:
        """What a method of the DevTools protocol answers; events that come before it are let go."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params} | self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._count:
            pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _read(self) -> dict:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reads], [], [], 60)
            more = os.read(self._reads, 2**20) if ready else b""
            if not more:
                raise RuntimeError("the browser has ended, or says nothing any more")
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def js(self, expression: str):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 120):
        """The value of an expression once it is true; while a page is loaded it may also raise."""
        deadline, said = time.monotonic() + seconds, "it is false"
        while time.monotonic() < deadline:
            try:
                if value := self.js(expression):
                    return value
            except AssertionError as problem:
                said = problem
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {expression}\n{said}\n{self.picture('late')} shows the page")

    def click(self, selector: str, text: str = "") -> None:
        """Click on the first such element that holds the text, once it stands still and nothing lies over it."""
        before, point = None, f"({POINT})({json.dumps(selector)}, {json.dumps(text)})"
        while (now := self.wait(point)) != before:
            before = now
            time.sleep(0.1)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=now[0], y=now[1], button="left", clickCount=1)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str, modifiers: int = 0) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key], modifiers=modifiers
            )

    def picture(self, name: str) -> Path:
        path = self.folder / f"{name}.png"
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
        return path


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """The page of a new browser; its profile and its pictures lie in `folder`."""
    (reads, to_us), (from_us, writes) = os.pipe(), os.pipe()
    pipe = f'exec "$@" 3<&{from_us} 4>&{to_us}'  # where Chromium looks for it
    command = ["bash", "-c", pipe, "bash", CHROMIUM, f"--user-data-dir={folder / 'profile'}", *FLAGS]
    process = subprocess.Popen(command, pass_fds=(from_us, to_us), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(from_us)
    os.close(to_us)
    try:
        yield Page(reads, writes, folder)
    finally:
        end(process)
        os.close(writes)
        os.close(reads)
