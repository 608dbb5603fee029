"""Judges tasks: runs their checks on a student's code, against recordings, and turns what happens into verdicts."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass, field
from typing import Protocol

from grader.checks.kit import Check, Mismatch, Part, checks_of, parts_of
from grader.draw import Draw
from grader.engine.client import Ended
from grader.engine.codec import CodecError
from grader.engine.values import Failure, Seen
from grader.exceptions import hint_for_failure
from grader.explain import which_parts
from grader.hints import Outcome, add_hints
from grader.lint import findings
from grader.picture import picture_of
from grader.results import CALLED_AS, TO_DO, CheckResult, TaskResult
from grader.subject import Subject, Unusable
from grader.tasks import Course, Task

__all__ = ["Judge", "Session"]

OUT_OF_MEMORY = re.compile(
    r"can't allocate memory|out of memory|Cannot allocate memory|_STATUS_ALLOC_FAILED", re.IGNORECASE
)  # the last is how cuBLAS and cuDNN say it
PARTS_SECONDS = 5  # for all parts of a task together: a hint is worth no more of the submission's time
AFTER = {"timeout": "not run, since an earlier check ran out of time",
         "crashed": "not run, since an earlier check ended the process"}  # fmt: skip

UNREADABLE = "what came back is built so differently from what is expected that this check can't read it"
OF_END = {"timeout": "Does its loop end? Look at the condition, and at what changes from one turn to the next."}


class NoSession(Exception):
    """The session failed: no answer came, and it is not the student's fault."""


class Session(Protocol):
    """One student's code, wherever it runs."""

    def begin(self, space: str, substitutes: list[str]) -> Failure | None:
        """Load a space, with stand-ins in the place of these symbols; what its source raised, if it did."""

    def begin_task(self) -> None:
        """Start the clock of one task, which runs while its checks do."""

    def begin_check(self, at_most: float = math.inf) -> None:
        """Start the clock of one check, which has at most so many seconds; `Ended` where the task has none left."""

    def perform(self, request, ask) -> Seen: ...

    def source(self, task: Task) -> str | None:
        """The source in which to look for what the task forbids."""


@dataclass
class Judge:
    """Judges one submission's tasks in order; `library` gives recordings, `hidden` says whether hidden checks run."""

    course: Course
    library: object
    session: Session
    hidden: bool = True
    results: dict[str, TaskResult] = field(default_factory=dict)

    def judge(self, task: Task) -> TaskResult:
        """The result of one task; the tasks that it requires are judged first."""
        if task.id not in self.results:
            for required in task.requires:
                self.judge(self.course.tasks[required])
            self.results[task.id] = self._judge(task)
        return self.results[task.id]

    def _judge(self, task: Task) -> TaskResult:
        self.session.begin_task()
        checks = checks_of(task.id, self.hidden)
        checks.sort(key=lambda check: not check.is_value)
        found = self._findings(task)
        outcomes: list[Outcome] = []
        for check in checks:
            ended = next((done.result.verdict for done in outcomes if done.result.verdict in AFTER), None)
            outcomes.append(
                Outcome(check, _result(check, ended, AFTER[ended]), []) if ended else self._run(task, check)
            )
        self._say_what_is_wrong(task, outcomes)
        results = [outcome.result for outcome in outcomes]
        forfeited = self.course.policy["forbidden"] == "task" and any(finding.forbidden for finding in found)
        return TaskResult(task.id, task.points, results, [finding.record() for finding in found], forfeited)

    def _findings(self, task: Task) -> list:
        source = self.session.source(task)
        return [] if source is None else findings(task, source, self.course)

    def _run(self, task: Task, check: Check) -> Outcome:
        try:
            failure = self.session.begin(task.space, self._substitutes(task))
            if failure is not None:
                return Outcome(check, _failed(check, failure), [])
            recording = self.library.get(check)
        except Ended as end:
            return Outcome(check, _result(check, end.verdict, str(end)), [])
        except Exception as problem:
            return Outcome(check, _broken(check, problem), [])
        student = Subject(self._perform, task.space)
        outcome = self._judged(check, student, *recording.fixtures(task.space))
        waits_for = self._waits_for(task, outcome.result)
        if waits_for:
            said = f"waits for {waits_for}, which is tried here with a stand-in that lacks methods of your own"
            return Outcome(check, _result(check, "skipped", f"{said}. {outcome.result.message}"), [])
        return outcome

    def _judged(self, check: Check, student: Subject, reference: Subject, draw: Draw) -> Outcome:
        """Run a check. Of a hidden one the message does not say how the code was called."""
        mismatch, called = None, ""
        try:
            self.session.begin_check()
            _try(check, student, reference, draw)
            result = _result(check, "passed")
        except Ended as end:
            result = _result(check, end.verdict, str(end), OF_END.get(end.verdict, ""))
        except Unusable as problem:
            called = "" if check.hidden else student.called()
            result = _failed(check, problem.failure, called)
        except Mismatch as found:
            mismatch = found
            called = "" if check.hidden or found.seen is None else student.called(found.seen)
            said = f"{called}: {found.message}" if called else found.message
            result = _failed(check, found.failure, called) if found.failure else _result(check, "failed", said)
        except Exception as problem:  # a fault of ours is told as ours, never scored as theirs
            result = _broken(check, problem.__cause__ or problem)
        return Outcome(check, result, student.log, mismatch)

    def _waits_for(self, task: Task, result: CheckResult) -> str:
        """The required task whose stand-in has not what the code asks of it: with the own part it may well be right."""
        asked = re.search(r"'(\w+)' object has no attribute", result.message) if result.verdict == "error" else None
        unsolved = [other for other in self._unsolved(task) if asked and other.symbol == asked[1]]
        return f"task {unsolved[0].id}" if unsolved else ""

    def _perform(self, request, ask) -> Seen:
        """What the session answers. Of what is raised here, only the end of the code is about the code."""
        try:
            return self.session.perform(request, ask)
        except (Ended, CodecError):
            raise
        except Exception as problem:
            raise NoSession from problem

    def _substitutes(self, task: Task) -> list[str]:
        """The parts that this task builds on and that are not right yet: torch.nn stand-ins take their place in its space."""
        return [other.symbol for other in self._unsolved(task)]

    def _unsolved(self, task: Task) -> list[Task]:
        required = [self.course.tasks[name] for name in task.requires]
        return [other for other in required if self.results[other.id].verdict != "passed"]

    def _say_what_is_wrong(self, task: Task, outcomes: list[Outcome]) -> None:
        """Hints, and a picture of the first difference. They are a help: what fails here must not touch a verdict."""
        with contextlib.suppress(Exception):
            add_hints(outcomes, self.library, lambda: self._try_parts(task, outcomes))
            _draw_the_first(outcomes)

    def _try_parts(self, task: Task, outcomes: list[Outcome]) -> str:
        """Which parts of the task are right where nothing else decides; "" where the code can't be run to its end."""
        if any(outcome.result.verdict in AFTER for outcome in outcomes):
            return ""
        try:
            if self.session.begin(task.space, self._substitutes(task)) is not None:
                return ""
            self.session.begin_check(PARTS_SECONDS)
            return which_parts({part.what: self._holds(task, part) for part in parts_of(task.id)})
        except Ended:
            return ""

    def _holds(self, task: Task, part: Part) -> bool:
        reference, draw = self.library.get(part).fixtures(task.space)
        try:
            _try(part, Subject(self._perform, task.space), reference, draw)
        except (Mismatch, Unusable):
            return False
        return True


def _try(entry: Check | Part, student: Subject, reference: Subject, draw: Draw) -> None:
    """Run a check or a part. The reference passed it when it was recorded, so what it stumbles over is the answer."""
    try:
        entry.function(student=student, reference=reference, draw=draw)
    except (Ended, Mismatch, NoSession, Unusable):
        raise
    except Exception as problem:
        if not student.log:
            raise
        raise Mismatch(f"{UNREADABLE} ({type(problem).__name__})", seen=student.log[-1]) from problem


def _draw_the_first(outcomes: list[Outcome]) -> None:
    """The difference of the first failed check in the open that has one to draw."""
    for outcome in outcomes:
        compared = outcome.mismatch and outcome.mismatch.compared
        if compared and not outcome.check.hidden:
            outcome.result.difference = picture_of(compared)
            if outcome.result.difference:
                return


def _result(check: Check, verdict: str, message: str = "", hint: str = "") -> CheckResult:
    return CheckResult(check.name, check.sentence, verdict, check.hidden, check.is_value, check.weight, message, hint)


def _broken(check: Check, problem: Exception) -> CheckResult:
    return _result(check, "harness_error", f"{type(problem).__name__}: {problem}")


def _failed(check: Check, failure: Failure, called: str = "") -> CheckResult:
    """An exception of the student's code as a verdict, with their own line and how it was called."""
    text = f"{failure.kind}: {failure.message}" if failure.kind else failure.message
    if failure.line is not None:
        text += f" ({failure.file}, line {failure.line}" + (f": {failure.code.strip()}" if failure.code else "")
        text += f"; {failure.through})" if failure.through else ")"
    if failure.kind == "NotImplementedError" and TO_DO in failure.message:
        return _result(check, "failed", failure.message, hint_for_failure(failure))
    text += f"{CALLED_AS}{called}" if called else ""
    out_of_memory = failure.kind == "MemoryError" or OUT_OF_MEMORY.search(failure.message)
    return _result(check, "out_of_memory" if out_of_memory else "error", text, hint_for_failure(failure))
