"""Grades one folder after another on request, for programs that must not hold torch themselves, such as nbgrader's.

`Service` starts `python -m grader.service` at its first request and keeps it: a line of JSON with the folder and
the notebook to grade goes in, a line with the submission's record comes out. The process ends with the one that started it.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["Service"]


class Service:
    """A grading process, started when first asked and again after it failed."""

    def __init__(self):
        self._process: subprocess.Popen | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the service)

    def grade(self, folder: Path, notebook: str, seconds: float) -> dict:
        """The record of one notebook's tasks in `folder`; RuntimeError where the harness gives none in time."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen([sys.executable, "-m", "grader.service"], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=self._errors)  # fmt: skip
        try:
            self._process.stdin.write(json.dumps({"folder": str(folder), "notebook": notebook}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._line(seconds)
        except BrokenPipeError:
            line = b""
        if not line:
            raise RuntimeError(f"the engine gave no score for {folder.name}: {self._last_words() or 'it ended'}")
        return json.loads(line)

    def _line(self, seconds: float) -> bytes:
        """The answer, or nothing where the process ended or its time is up."""
        if select.select([self._process.stdout], [], [], seconds)[0]:
            return self._process.stdout.readline()
        self._process.kill()
        return b""

    def _last_words(self) -> str:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None
        self._errors.seek(0)
        return self._errors.read()[-2_000:].decode(errors="replace").strip()


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else writes to standard output is no answer
    from grader.grade import Grader, Options
    from grader.intake import find

    with Grader(Options(secrets.randbelow(2**31))) as grader:
        for line in sys.stdin:
            request = json.loads(line)
            submissions, _ = find(Path(request["folder"]))
            answers.write(json.dumps(grader.grade(submissions[0], request["notebook"])["record"]) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
