"""Where a submission's code runs: here, for a student's own session, or in workers, for a grading."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from grader.engine.alarm import TimeUp, time_limit
from grader.engine.client import Ended, Job, Worker
from grader.engine.lost import Lost
from grader.engine.values import Failure, Load, Seen, Substitute
from grader.engine.workbench import Workbench
from grader.tasks import Task

__all__ = ["LocalSession", "WorkerSession"]

# after such an error a process gets nothing but errors from its device, or keeps what it has taken of its memory
SPENT = re.compile(r"out of memory|CUDA error|device-side assert|(CUBLAS|CUDNN)_STATUS_", re.IGNORECASE)
LEAST_CPU = 0.1  # seconds for which no worker is started: what is left beside the ticks of the clock


class LocalSession:
    """Code that runs in this process, which is the student's own. A check that goes on and on is interrupted."""

    def __init__(self, bench: Workbench, source: Callable[[Task], str | None], seconds: float = 10):
        self._bench = bench
        self.source = source
        self._substituted: set[str] = set()
        self._seconds = seconds
        self._deadline = math.inf

    def begin(self, space: str, substitutes: list[str]) -> Failure | None:
        self.begin_check()
        seen = self.perform(Load(space))
        if seen.failure is None:
            self._substituted.add(space)
            seen = self.perform(Substitute(space, substitutes))
        return seen.failure

    def begin_task(self) -> None:
        """Here each check has its own time."""

    def begin_check(self, at_most: float = math.inf) -> None:
        self._deadline = time.monotonic() + min(self._seconds, at_most)

    def perform(self, request, ask=None) -> Seen:
        try:
            with time_limit(self._deadline - time.monotonic()):
                return self._bench.perform(request, ask)
        except TimeUp:
            raise Ended("timeout", f"it was still running after {self._seconds:g} seconds") from None

    def close(self) -> None:
        """Put the student's own parts back."""
        for space in self._substituted:
            self._bench.perform(Substitute(space, []))


class WorkerSession:
    """Code that runs in workers, one at a time: where one ends, or has spent its device, the next check gets a fresh one.

    `budget` is seconds of wall time for a check, for all checks of a task, for loading a space and for the whole
    submission, and seconds of CPU time for the submission; `problems` says of spaces that can't be loaded why.
    """

    def __init__(self, start: Callable[[Job], Worker], job: Job, budget: Mapping[str, int],
                 problems: Mapping[str, str], source: Callable[[Task], str | None]):  # fmt: skip
        self._start = start
        self._job = job
        self._budget = budget
        self._problems = problems
        self.source = source
        self._worker: Worker | None = None
        # in the worker that lives now: what loading a space gave, and which stand-ins it has
        self._loaded: dict[str, Failure | None] = {}
        self._substituted: dict[str, list[str]] = {}
        self._dead: dict[str, Ended] = {}  # spaces whose loading ends a worker
        self._spent = False  # whether the worker's device, which is not the CPU, is of no more use to it
        self._end = time.monotonic() + budget["submission"]
        self._task_end = self._deadline = self._end
        self._cpu_left: float = budget["cpu"]
        self.missing: dict[str, str] = {}  # of the workers so far: each layer of isolation → why it is missing, ""
        self.lost: Lost | None = None  # once the harness has lost a part, nothing here says anything about the code
        self.killed = False  # whether a worker was killed: by its own code, or from outside

    def begin(self, space: str, substitutes: list[str]) -> Failure | None:
        before = time.monotonic()
        try:
            return self._begun(space, substitutes)
        finally:  # a task pays for its checks alone
            self._task_end += time.monotonic() - before

    def _begun(self, space: str, substitutes: list[str]) -> Failure | None:
        if space in self._problems:
            return Failure("", self._problems[space])
        if space in self._dead:
            raise self._dead[space]
        if self._spent:
            self._part_with_the_worker()
        self._have_a_worker()
        self._deadline = self._within(self._budget["load"])
        if space not in self._loaded:
            self._loaded[space] = self._load(space)
        if self._loaded[space] is not None or self._substituted.get(space, []) == substitutes:
            return self._loaded[space]
        seen = self._request(Substitute(space, substitutes))
        self._substituted[space] = substitutes
        return seen.failure

    def begin_task(self) -> None:
        self._task_end = self._within(self._budget["task"])

    def begin_check(self, at_most: float = math.inf) -> None:
        self._deadline = min(self._within(min(self._budget["check"], at_most)), self._task_end)
        if self._deadline <= time.monotonic() < self._end:
            raise Ended("timeout", f"the {self._budget['task']} seconds of the task were used up before")

    def perform(self, request, ask) -> Seen:
        return self._request(request, ask)

    def close(self) -> None:
        with contextlib.suppress(Lost):  # what had to be said was said
            self._close()

    def _close(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.close()
            self._cpu_left -= worker.cpu_seconds

    def _load(self, space: str) -> Failure | None:
        try:
            return self._request(Load(space)).failure
        except Ended as end:
            self._dead[space] = Ended(end.verdict, f"while {_described(space)} was loaded, {end}")
            raise self._dead[space] from None

    def _request(self, request, ask=None) -> Seen:
        if time.monotonic() >= self._end:
            self.close()
            raise Ended("timeout", "the submission's time was used up before")
        self._have_a_worker()
        try:
            seen = self._worker.request(request, self._deadline, ask)
        except Ended as end:
            self.killed |= end.killed
            self._part_with_the_worker()
            raise
        except Lost as problem:
            self.lost = problem
            raise
        on_device = self._job.device != "cpu" and seen.failure is not None
        self._spent |= on_device and SPENT.search(seen.failure.message) is not None
        return seen

    def _part_with_the_worker(self) -> None:
        self._close()
        self._loaded, self._substituted, self._spent = {}, {}, False

    def _have_a_worker(self) -> None:
        """Start one where none lives. Waiting for it, as long as the nursery is cold, costs the submission no time."""
        if self.lost is not None:
            raise self.lost
        if self._worker is None and time.monotonic() < self._end:
            before = time.monotonic()
            self._start_one()
            self._end += time.monotonic() - before

    def _start_one(self) -> None:
        if self._cpu_left < LEAST_CPU:
            raise Ended("timeout", f"the submission's {self._budget['cpu']} seconds of CPU time were used up before")
        try:
            self._worker = self._start(replace(self._job, cpu_seconds=math.ceil(self._cpu_left)))
        except Lost as problem:
            self.lost = problem
            raise
        self.missing |= {layer: why for layer, why in self._worker.missing.items() if why or layer not in self.missing}

    def _within(self, seconds: float) -> float:
        return min(time.monotonic() + seconds, self._end)


def _described(space: str) -> str:
    return f"notebook {space.removeprefix('cells')}" if space.startswith("cells") else f"starter/{space}.py"
