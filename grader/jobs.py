"""Processes that grade side by side. One that dies is replaced, and what it was at is given to another."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.util import Finalize
from typing import Protocol

from grader.engine.lost import Lost

__all__ = ["graded_in_jobs"]

TRIES = 2  # for a submission during which its process died: a second death is taken for its doing


class Grades(Protocol):
    """What each process holds, a context of its own."""

    missing: dict[str, str]

    def grade(self, submission) -> dict: ...


def graded_in_jobs(submissions: Sequence, starts: Sequence[Callable[[], Grades]],
                   begin: Callable[[dict[str, str]], None]) -> Iterator[tuple[object, dict | None]]:  # fmt: skip
    """(submission, its entry) as they come; None for one during which a process died at each of its tries.

    There is a process for each of `starts`, which makes what that process holds and has to travel there, as it has to for
    the one that takes its place. `begin` is told what of the isolation is missing.
    Raises Lost where a process can't be started.
    """
    waiting = deque((submission, 1) for submission in submissions)
    idle = [_Job(start) for start in starts[: len(submissions)]]
    at_work: dict[Future, tuple[_Job, object, int]] = {}
    try:
        begin(idle[0].missing())
        while waiting or at_work:
            while waiting and idle:
                job, (submission, tries) = idle.pop(), waiting.popleft()
                at_work[job.grade(submission)] = job, submission, tries
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                job, submission, tries = at_work.pop(future)
                died = isinstance(future.exception(), BrokenProcessPool)
                idle.append(job.replaced() if died else job)
                if died and tries < TRIES:
                    waiting.appendleft((submission, tries + 1))
                else:
                    yield submission, None if died else future.result()
    finally:
        for job, *_ in at_work.values():
            job.kill()
        for job in idle:
            job.close()


class _Job:
    """One process, started at once: a pool of one, so that its death is that of no other."""

    def __init__(self, start: Callable[[], Grades]):
        self._start = start
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin, (start,))
        self._greeting = self._pool.submit(_greet)

    def missing(self) -> dict[str, str]:
        """Waits until the process is up."""
        return self._greeted()[1]

    def grade(self, submission) -> Future:
        try:
            return self._pool.submit(_grade, submission)
        except BrokenProcessPool as problem:  # it died while it had nothing to do
            failed: Future = Future()
            failed.set_exception(problem)
            return failed

    def replaced(self) -> _Job:
        """Another one in the place of this, which has died; not where it had not even come up."""
        self._greeted()
        self.close()
        return _Job(self._start)

    def close(self) -> None:
        self._pool.shutdown()

    def kill(self) -> None:
        """End it in the middle of what it does, as when nobody waits for the answer any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._greeting.done() and not self._greeting.cancelled() and not self._greeting.exception():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._greeting.result()[0], signal.SIGTERM)

    def _greeted(self) -> tuple[int, dict[str, str]]:
        try:
            return self._greeting.result()
        except BrokenProcessPool:
            raise Lost("a process that grades did not start; standard error says why") from None


# in each of the processes

_grader: Grades | None = None


def _begin(start: Callable[[], Grades]) -> None:
    global _grader  # noqa: PLW0603  (a process pool's initialiser has no other place)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for the answers says when to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    context = start()
    Finalize(None, context.__exit__, (None, None, None), exitpriority=1)
    _grader = context.__enter__()


def _end_with_parent() -> None:
    """A process pool waits for work for ever, also where nobody is left to give it."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _greet() -> tuple[int, dict[str, str]]:
    return os.getpid(), _grader.missing


def _grade(submission) -> dict:
    return _grader.grade(submission)
