"""Judges tasks: runs their checks on a student's code, against recordings, and turns what happens into verdicts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from grader.checks.kit import Check, Mismatch, checks_of
from grader.draw import Draw
from grader.engine.client import Ended
from grader.engine.values import Failure, Seen
from grader.hints import hint_for_failure, recognise
from grader.lint import findings
from grader.results import TO_DO, CheckResult, TaskResult
from grader.subject import Subject, Unusable
from grader.tasks import Course, Task

__all__ = ["Judge", "Session"]

OUT_OF_MEMORY = re.compile(r"can't allocate memory|out of memory|Cannot allocate memory", re.IGNORECASE)
AFTER = {"timeout": "not run, since an earlier check ran out of time",
         "crashed": "not run, since an earlier check ended the process"}  # fmt: skip


class Session(Protocol):
    """One student's code, wherever it runs."""

    def begin(self, space: str, substitutes: list[str]) -> Failure | None:
        """Load a space, with stand-ins in the place of these symbols; what its source raised, if it did."""

    def begin_check(self) -> None:
        """Start the clock of one check."""

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
        checks = checks_of(task.id, self.hidden)
        checks.sort(key=lambda check: not check.is_value)
        found = self._findings(task)
        results, logs = [], {}
        for check in checks:
            ended = next((result.verdict for result in results if result.verdict in AFTER), None)
            if ended:
                results.append(_result(check, ended, AFTER[ended]))
                continue
            result, log = self._run(task, check)
            results.append(result)
            logs[check.name] = (check, log)
        self._name_the_mistake(results, logs)
        forfeited = self.course.policy["forbidden"] == "task" and any(finding.forbidden for finding in found)
        return TaskResult(task.id, task.points, results, [finding.record() for finding in found], forfeited)

    def _findings(self, task: Task) -> list:
        source = self.session.source(task)
        return [] if source is None else findings(task, source, self.course)

    def _run(self, task: Task, check: Check) -> tuple[CheckResult, list[Seen]]:
        try:
            failure = self.session.begin(task.space, self._substitutes(task))
            if failure is not None:
                return _failed(check, failure), []
            recording = self.library.get(check)
        except Ended as end:
            return _result(check, end.verdict, str(end)), []
        except Exception as problem:
            return _broken(check, problem), []
        student = Subject(self.session.perform, task.space)
        result = self._verdict(check, student, *recording.fixtures(task.space))
        substitutes = self._substitutes(task)
        if substitutes and "has no attribute" in result.message:
            result.hint = (f"This was tried with a stand-in for {', '.join(substitutes)}, which lacks methods of your own: "
                           "solve that task first.")  # fmt: skip
        return result, student.log

    def _verdict(self, check: Check, student: Subject, reference: Subject, draw: Draw) -> CheckResult:
        self.session.begin_check()
        try:
            check.function(student=student, reference=reference, draw=draw)
        except Ended as end:
            return _result(check, end.verdict, str(end))
        except Unusable as problem:
            return _failed(check, problem.failure)
        except Mismatch as found:
            return _failed(check, found.failure) if found.failure else _result(check, "failed", found.message)
        except Exception as problem:  # a fault of the check itself is told as ours, never scored as theirs
            return _broken(check, problem)
        return _result(check, "passed")

    def _substitutes(self, task: Task) -> list[str]:
        """The parts that this task builds on and that are not right yet: torch.nn stand-ins take their place."""
        required = [self.course.tasks[name] for name in task.requires]
        return [other.symbol for other in required
                if other.space == task.space and self.results[other.id].verdict != "passed"]  # fmt: skip

    def _name_the_mistake(self, results: list[CheckResult], logs: dict) -> None:
        """Put the hints of recognised mistakes on the checks that failed."""
        failed = [result.name for result in results if result.verdict in ("failed", "error") and result.name in logs]
        if not failed or not any(log for _, log in logs.values()):
            return
        found = recognise(logs, failed, self.library)
        for result in results:
            result.hint = found.get(result.name) or result.hint


def _result(check: Check, verdict: str, message: str = "", hint: str = "") -> CheckResult:
    return CheckResult(check.name, check.sentence, verdict, check.hidden, check.is_value, check.weight, message, hint)


def _broken(check: Check, problem: Exception) -> CheckResult:
    return _result(check, "harness_error", f"{type(problem).__name__}: {problem}")


def _failed(check: Check, failure: Failure) -> CheckResult:
    """An exception of the student's code as a verdict, with their own line."""
    text = f"{failure.kind}: {failure.message}" if failure.kind else failure.message
    if failure.line is not None:
        text += f" ({failure.file}, line {failure.line}" + (f": {failure.code.strip()})" if failure.code else ")")
    if failure.kind == "NotImplementedError" and TO_DO in failure.message:
        return _result(check, "failed", failure.message, hint_for_failure(failure))
    out_of_memory = failure.kind == "MemoryError" or OUT_OF_MEMORY.search(failure.message)
    return _result(check, "out_of_memory" if out_of_memory else "error", text, hint_for_failure(failure))
