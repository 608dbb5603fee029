"""Late days: a policy that the instructor writes, and what it says of when each notebook was handed in."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grader.handed_in import whole_seconds
from grader.tasks import Course
from grader.teaching.reading import TeachingError

__all__ = ["Lateness", "Policy", "PolicyError", "lateness", "read_policy"]

KEYS = (
    "late_days",
    "penalty_per_day",
    "closed_after_days",
    "grace_minutes",
    "deadlines",
    "extensions",
    "handed_in",
    "absent",
)
EXAMPLE = "2026-10-16T23:59:00+02:00"
DAY = timedelta(days=1)


class PolicyError(TeachingError):
    """A policy that can't be taken as it is; the message names the file and the key, and says what was expected."""


@dataclass(frozen=True)
class Policy:
    """What the file says; times have their zones, notebooks their numbers."""

    late_days: int = 0  # that cost nothing, over the whole course
    percent: float = 0.0  # a day, of the notebook's points
    points: float = 0.0  # a day
    closed_after_days: int | None = None
    grace: timedelta = timedelta()
    deadlines: dict[str, datetime] = field(default_factory=dict)
    extensions: dict[str, dict[str, datetime]] = field(default_factory=dict)
    handed_in: dict[str, dict[str, datetime]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def deadline(self, student: str, notebook: str) -> datetime | None:
        """When a student has to hand in, with their extension."""
        return self.extensions.get(student, {}).get(notebook, self.deadlines.get(notebook))


@dataclass(frozen=True)
class Lateness:
    """Of one notebook of one student: days late, how many of them were free, and the points that the others cost."""

    handed_in: str
    known_by: str
    deadline: str = ""
    extended: bool = False
    days: int = 0
    free: int = 0
    penalty: float = 0.0
    uncertain: bool = False  # late by nothing better than the file's time

    def record(self) -> dict:
        return asdict(self)


def lateness(policy: Policy, student: str, handed: dict, notebooks: list[str], course: Course,
             used: int = 0) -> dict[str, Lateness]:  # fmt: skip
    """notebook → its lateness. `handed` is the student's entry of handed_in.json, `used` the free days that are gone.

    Free days go to the notebooks in the order of their deadlines.
    """
    left, found = policy.late_days - used, {}
    far = datetime.max.replace(tzinfo=UTC)
    for notebook in sorted(notebooks, key=lambda number: (policy.deadlines.get(number, far), number)):
        made = _of_one(policy, student, handed, notebook, course, max(left, 0))
        left -= made.free
        found[notebook] = made
    return found


def _of_one(policy: Policy, student: str, handed: dict, notebook: str, course: Course, left: int) -> Lateness:
    moment, known_by = _handed_in(policy, student, handed, notebook)
    deadline = policy.deadline(student, notebook)
    if moment is None or deadline is None:
        return Lateness(whole_seconds(moment) if moment else "", known_by)
    extended = notebook in policy.extensions.get(student, {})
    late = handed.get("late")
    days, known_by = _days(moment, deadline + policy.grace, known_by, None if extended and late else late)
    free = min(days, left)
    points = sum(task.points for task in course.tasks.values() if task.notebook == notebook)
    closed = policy.closed_after_days is not None and days > policy.closed_after_days
    penalty = points if closed else (days - free) * (policy.points + policy.percent / 100 * points)
    return Lateness(whole_seconds(moment), known_by, whole_seconds(deadline), extended, days, 0 if closed else free,
                    round(min(penalty, points), 2), days > 0 and known_by.endswith("the file's time"))  # fmt: skip


def _handed_in(policy: Policy, student: str, handed: dict, notebook: str) -> tuple[datetime | None, str]:
    own = policy.handed_in.get(student, {}).get(notebook)
    if own:
        return own, "the policy"
    times = handed.get("times", {})
    entry = times.get(notebook, times.get(""))
    return (datetime.fromisoformat(entry["time"]), entry["from"]) if entry else (None, "")


def _days(moment: datetime, deadline: datetime, known_by: str, late: bool | None) -> tuple[int, str]:
    """The days that have begun since the deadline. Whether it came late an LMS knows better than a receipt or a file."""
    days = max(math.ceil((moment - deadline) / DAY), 0)
    if late is None or known_by in ("the policy", "timestamp.txt"):
        return days, known_by
    if not late:
        return 0, "the LMS: in time"
    return max(days, 1), f"the LMS: late, and {known_by}"


def read_policy(path: Path, course: Course) -> Policy:
    """The policy in a TOML file. PolicyError, with the file's name and the key, for what is none."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise PolicyError(f"{path}: {problem.strerror}; give the file with the deadlines") from problem
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise PolicyError(f"{path} is no TOML: {problem}") from problem
    return _Reader(str(path), course).policy(raw)


class _Reader:
    """Checks a policy, key by key."""

    def __init__(self, file: str, course: Course):
        self._file = file
        self._numbers = {name: number for number, entry in course.notebooks.items() for name in (number, entry.name)}

    def policy(self, raw: dict) -> Policy:
        for key in raw:
            if key not in KEYS:
                near = "".join(f"did you mean {name}? " for name in difflib.get_close_matches(key, KEYS, 1))
                raise self._fault(key, f"is no key; {near}Expected {', '.join(KEYS)}")
        percent, points = self._penalty(raw.get("penalty_per_day", 0))
        deadlines = self._times("deadlines", raw.get("deadlines", {}))
        extensions = self._by_student("extensions", raw)
        for student, times in extensions.items():
            for number, moment in times.items():
                if number not in deadlines:
                    raise self._fault(
                        f"extensions.{student}.{number}", "extends a deadline that is not under deadlines"
                    )
                if moment < deadlines[number]:
                    raise self._fault(f"extensions.{student}.{number}", f"is before the deadline, {deadlines[number]}")
        closed = None if "closed_after_days" not in raw else int(self._number(raw, "closed_after_days", int))
        return Policy(int(self._number(raw, "late_days", int)), percent, points, closed,
                      timedelta(minutes=self._number(raw, "grace_minutes", (int, float))), deadlines, extensions,
                      self._by_student("handed_in", raw), self._absent(raw.get("absent", [])))  # fmt: skip

    def _penalty(self, value: object) -> tuple[float, float]:
        """Percent and points, of which one is 0."""
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
        if found and float(found[1]) <= 100:
            return float(found[1]), 0.0
        return 0.0, self._number(
            {"penalty_per_day": value}, "penalty_per_day", (int, float), 'points, or percent as "10%"'
        )

    def _number(self, raw: dict, key: str, kinds, expected: str = "a number") -> float:
        value = raw.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value < 1_000:
            raise self._fault(
                key, f"is {value!r}, expected {'a whole number' if kinds is int else expected}, 0 or more"
            )
        return value

    def _absent(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self._fault("absent", f"is {value!r}, expected a list of students")
        return tuple(value)

    def _by_student(self, key: str, raw: dict) -> dict[str, dict[str, datetime]]:
        value = raw.get(key, {})
        if not isinstance(value, dict):
            raise self._fault(key, f'is {value!r}, expected a table for each student: [{key}."ann"]')
        return {student: self._times(f"{key}.{student}", times) for student, times in value.items()}

    def _times(self, key: str, value: object) -> dict[str, datetime]:
        if not isinstance(value, dict):
            raise self._fault(key, f"is {value!r}, expected a time for each notebook, such as 1 = {EXAMPLE}")
        for name, moment in value.items():
            if name not in self._numbers:
                raise self._fault(f"{key}.{name}", f"names no notebook; there are {', '.join(self._numbers)}")
            if not isinstance(moment, datetime) or moment.tzinfo is None:
                raise self._fault(
                    f"{key}.{name}", f"is {_written(moment)}, expected a date and time with its zone, such as {EXAMPLE}"
                )
        return {self._numbers[name]: moment for name, moment in value.items()}

    def _fault(self, key: str, what: str) -> PolicyError:
        return PolicyError(f"{self._file}: {key} {what}")


def _written(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)
