"""What a second grading changed: who, on which task, by how much, and which checks said something else. Pure but for reading."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from grader.reports.table import defused
from grader.results import clean, write_atomically
from grader.teaching.reading import paired, read_json, read_results, results_in

__all__ = ["Change", "changes", "changes_table", "compare_gradings", "conditions", "made_from"]

COLUMNS = ("student", "task", "before", "after", "change", "why")
MOST = 3  # checks that a line of why names
MAX_MESSAGE = 160


@dataclass(frozen=True)
class Change:
    """Of one student's task, or of the submission as a whole (task ""). None where there was no score."""

    student: str
    task: str
    before: float | None
    after: float | None
    why: str

    @property
    def by(self) -> float | None:
        return None if self.before is None or self.after is None else round(self.after - self.before, 2)


def compare_gradings(old: Path, new: Path, out: Path | None) -> tuple[list[Change], list[str], Path]:
    """What changed, what the two gradings differ in, and the CSV that was written."""
    old, new = results_in(old), results_in(new)
    before, after = read_results(old), read_results(new)
    made_before, made_after = made_from(old), made_from(new)
    found = changes(before, after, {student for student, made in made_after.items()
                                    if student in made_before and made["digest"] != made_before[student]["digest"]})  # fmt: skip
    path = out or new.with_name("changes.csv")
    write_atomically(path, _csv(found).encode())
    return found, conditions(before, after, made_before, made_after), path


def made_from(results: Path) -> dict[str, dict]:
    """student → what their record was made from: the digests of the work and of the checks. Nothing where it wasn't kept."""
    entries = (read_json(path) for path in sorted(results.with_name("records").glob("*.json")))
    return {entry["record"]["student"]: entry["made_from"] for entry in entries}


def changes(before: dict, after: dict, edited: set[str]) -> list[Change]:
    """The changes from one record of a class to another; `edited` are those whose work is not the same."""
    found = []
    for old, new in paired(before["submissions"], after["submissions"]):
        if new is None:
            found.append(Change(old["student"], "", old["score"], None, "not in the new grading"))
        elif old is None:
            found.append(Change(new["student"], "", None, new["score"], "not in the old grading"))
        else:
            found += _of_one(old, new, "the work is not the same; " if new["student"] in edited else "")
    return sorted(found, key=lambda change: (change.student, [int(part) for part in change.task.split(".") if part]))


def _of_one(old: dict, new: dict, edited: str) -> list[Change]:
    if old["status"] != new["status"]:
        return [Change(new["student"], "", _score(old), _score(new),
                       f"{edited}{_status(old)} before, {_status(new)} now")]  # fmt: skip
    tasks = {task["id"]: task for task in old["tasks"]}
    found = []
    for task in new["tasks"]:
        was = tasks.get(task["id"])
        if was is None:
            found.append(Change(new["student"], task["id"], None, task["score"], "a new task"))
        elif (was["score"], was["points"]) != (task["score"], task["points"]):
            found.append(Change(new["student"], task["id"], was["score"], task["score"], edited + _why(was, task)))
    gone = tasks.keys() - {task["id"] for task in new["tasks"]}
    return found + [Change(new["student"], task, tasks[task]["score"], None, "the task is gone") for task in gone]


def _score(entry: dict) -> float | None:
    return None if entry["status"] == "harness_error" else entry["score"]


def _status(entry: dict) -> str:
    return entry["status"].replace("_", " ") + (f" ({clean(entry['reason'])})" if "reason" in entry else "")


def _why(was: dict, now: dict) -> str:
    """The checks whose verdicts differ, then points and findings."""
    old, new = ({check["name"]: check for check in task["checks"]} for task in (was, now))
    parts = [_verdicts(old.get(name), new.get(name)) for name in dict.fromkeys([*new, *old])]
    parts = [part for part in parts if part]
    parts = parts[:MOST] + ([f"and {len(parts) - MOST} more checks"] if len(parts) > MOST else [])
    if was["points"] != now["points"]:
        parts.append(f"{was['points']:g} points before, {now['points']:g} now")
    if was["lint"] != now["lint"]:
        parts.append(f"findings: {len(was['lint'])} before, {len(now['lint'])} now")
    return "; ".join(parts) or "the same verdicts, weighted otherwise"


def _verdicts(old: dict | None, new: dict | None) -> str:
    """What became of a check, with the message where it fails; "" if nothing."""
    check = new or old
    name = f"{'hidden check' if check['hidden'] else 'check'} {check['name']}"
    if old is None:
        return f"new {name}: {new['verdict']}{_message(new)}"
    if new is None:
        return f"{name} is gone ({old['verdict']} before)"
    if old["verdict"] == new["verdict"]:
        return ""
    return f"{name}: {old['verdict']} before{_message(old)}, {new['verdict']} now{_message(new)}"


def _message(check: dict) -> str:
    text = " ".join(check["message"].split())
    short = text[:MAX_MESSAGE] + ("…" if len(text) > MAX_MESSAGE else "")
    return f" ({short})" if check["verdict"] != "passed" and short else ""


def conditions(before: dict, after: dict, made_before: dict, made_after: dict,
               called: tuple[str, str] = ("before", "now")) -> list[str]:  # fmt: skip
    """What the gradings were made with, where it differs or isn't known; `called` is how the two are called."""
    old, new = ({made["content"] for made in entries.values()} for entries in (made_before, made_after))
    if not old or not new:
        lines = ["Whether the checks differ is not known: the folder records/ of a grading is missing"]
    else:
        same = "and the engine are the same" if old == new else "or the engine differ"
        lines = [f"The checks, the reference {same}"]
    for name in ("seed", "device", "versions"):
        if before.get(name) != after.get(name):
            told = (f"{_told(results.get(name))} {word}" for results, word in zip((before, after), called, strict=True))
            lines.append(f"Another {name}: {', '.join(told)}")
    return lines


def _told(value: object) -> str:
    return ", ".join(f"{name} {one}" for name, one in value.items()) if isinstance(value, dict) else str(value)


def changes_table(found: list[Change]) -> Table:
    table = Table(title="Changes", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("before", "after", "change") else "left")
    for change in found:
        table.add_row(escape(clean(change.student)), change.task or "all", _number(change.before), _number(change.after),
                      _number(change.by, "+g"), escape(clean(change.why)))  # fmt: skip
    return table


def _number(value: float | None, style: str = "g") -> str:
    return "none" if value is None else format(value, style)


def _csv(found: list[Change]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for change in found:
        row = [change.student, change.task or "all", change.before, change.after, change.by, change.why]
        writer.writerow(["" if cell is None else defused(cell) for cell in row])
    return file.getvalue()
