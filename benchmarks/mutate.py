"""How many mutants of the reference the checks notice, and how often the card names what was changed.

Each mutant (`grader/mutants.py`) is judged as a submission is, by all checks of its task, the hidden ones included, with what
the task requires taken as solved. It is our own code, so it runs in a process forked from a warm one, with bounds on time and
memory, and not in a worker. One that passes them all has survived, unless
`grader/checks/variants/equivalent.toml` says why it may. Of those that are caught, the card counts as naming the change by

- bank: its hint is that of a listed mistake whose own change, against the base of its bank, touches one of the names in the
  changed expression; or else
- line: the line that it shows for an exception is the changed one; or else
- words: a hint, or the message of a check that is no value check, has one of these names in it. Of a sentence about parts
  that were tried alone only what is wrong counts.

Names are the identifiers that are only in the changed expression as it was, or only in what became of it; where both have the
same ones, as where + becomes −, all of them. That is a rough measure: "the forget gate is wrong" says where to look, and does
not count unless a name of the code stands in it.

    python -m benchmarks.mutate [TASK …] [--jobs 2] [--verdicts]

The record is written where all tasks are run. With --verdicts a mutant is let go at the first check that notices it, values
first, and nothing is said of cards.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import Pipe, get_context

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.recording import save
from grader.checks.kit import Check, Mismatch, checks_of, parts_of
from grader.engine.cells import run_cells
from grader.engine.client import Ended
from grader.engine.limits import mapped
from grader.engine.workbench import Workbench
from grader.judge import Judge
from grader.mutants import Mutant, equivalents, mutants_of, names_in
from grader.recordings import Live
from grader.references import Variant, base_of, nothing_judged, patched_source, variants_of
from grader.results import CheckResult, TaskResult
from grader.sessions import LocalSession
from grader.subject import Subject, Unusable
from grader.tasks import Course, Task, load_course

__all__ = ["first_to_notice", "naming"]

SEED = 0
CHECK_SECONDS, MUTANT_SECONDS = 10, 120  # a mutant may go on for ever
MEMORY = 2 * 2**30  # bytes that it may take beside what is mapped already
RIGHT_PARTS = re.compile(r"; [^;]* (is|are) right\.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "tasks", nargs="*", metavar="TASK", help="2.2, or 2 for all of a notebook; all where none is named"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a nursery")
    parser.add_argument("--verdicts", action="store_true", help="only who survives: no cards, no record")
    wanted = parser.parse_args()
    course = load_course()
    chosen = [task for name in wanted.tasks for task in course.select(name)] or course.graded
    rows = {}
    for task, row in _each(chosen, wanted.jobs, verdicts_of if wanted.verdicts else row_of):
        rows[task] = row
        for name in row["survived"]:
            print(f"survived  {name}", flush=True)
        if not wanted.tasks and not wanted.verdicts:  # after each task, since the last ones take their time
            save("mutants", "python -m benchmarks.mutate", [SEED], rows, checks="all, hidden ones included")
    Console(width=110).print(_table(rows))


def _each(tasks: list[Task], jobs: int, work: Callable[[str], dict]) -> Iterator[tuple[str, dict]]:
    names = [task.id for task in tasks]
    if jobs == 1:
        yield from zip(names, map(work, names), strict=True)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from zip(names, pool.map(work, names), strict=True)


def row_of(name: str) -> dict:
    """What became of the mutants of one task, and how the cards name them."""
    course, library = _workplace()
    for check in checks_of(name):
        library.variants(check)  # here, so that they are made once
    for part in parts_of(name):
        library.get(part)
    told, passed = Counter(), []
    for mutant in mutants_of(course.tasks[name]):
        result = judged(mutant, course, library)
        if result is not None and result.verdict == "harness_error":
            raise RuntimeError(f"{mutant.id}: {[check.message for check in result.checks]}")
        if result is not None and result.verdict == "passed":
            passed.append(mutant.id)
        else:
            told[naming(mutant, result) if result else ""] += 1
    by = {by: told[by] for by in ("bank", "line", "words")}
    return _row(course.tasks[name], passed) | {"named": sum(by.values()), "by": by}


def verdicts_of(name: str) -> dict:
    """What became of the mutants of one task."""
    course, library = _workplace()
    made = mutants_of(course.tasks[name])
    return _row(course.tasks[name], [m.id for m in made if first_to_notice(m, course, library) is None])


def _row(task: Task, passed: list[str]) -> dict:
    survived = [name for name in passed if name not in equivalents()]
    count = len(mutants_of(task))
    return {
        "mutants": count,
        "killed": count - len(passed),
        "equivalent": len(passed) - len(survived),
        "survived": survived,
    }


@cache
def _workplace() -> tuple[Course, Live]:
    """The course, and the recordings of this process."""
    torch.set_num_threads(1)  # a process that has run a multi-threaded operation must not be forked
    course = load_course()
    return course, Live(course, SEED)


def judged(mutant: Mutant, course: Course, library: Live) -> TaskResult | None:
    """The whole card of a mutant; None where it ended its process."""
    task = course.tasks[mutant.task]
    solved = {name: TaskResult(name, 1, [CheckResult("", "", "passed")]) for name in task.requires}
    return _in_a_fork(lambda: Judge(course, library, _session(mutant, task), results=solved).judge(task))


def first_to_notice(mutant: Mutant, course: Course, library: Live) -> str | None:
    """The name of the first check that the mutant fails, values before properties; None where it passes them all."""
    task = course.tasks[mutant.task]
    checks = sorted(checks_of(task.id), key=lambda check: not check.is_value)
    for check in checks:
        library.get(check)  # here, so that it is made once

    def work() -> str:
        session = _session(mutant, task)
        return next((check.name for check in checks if not _passes(check, task, session, library)), "")

    found = _in_a_fork(work)
    return "its process ended" if found is None else found or None


def _passes(check: Check, task: Task, session: LocalSession, library: Live) -> bool:
    reference, draw = library.get(check).fixtures(task.space)
    session.begin_check()
    try:
        check.function(student=Subject(session.perform, task.space), reference=reference, draw=draw)
    except (Mismatch, Unusable, Ended):
        return False
    return True


def _session(mutant: Mutant, task: Task) -> LocalSession:
    """The reference with the mutant's change in it, as a student's own session has their code."""
    sources = patched_source(task, mutant.variant)

    def load() -> dict:
        with nothing_judged():  # a cell may take parts of other tasks
            return run_cells(sources, "student")

    bench = Workbench({task.space: load}, files={name: name for name, _ in sources})
    return LocalSession(bench, lambda task: None, CHECK_SECONDS)


def _in_a_fork(work: Callable[[], object]) -> object | None:
    """What `work` gives in a process forked from this warm one, with bounds on memory and time; None if it ends before."""
    ours, theirs = Pipe(duplex=False)
    child = os.fork()
    if not child:
        try:
            warnings.simplefilter("ignore")  # a mistake may well be one that torch warns of
            resource.setrlimit(resource.RLIMIT_AS, (mapped() + MEMORY,) * 2)
            theirs.send(work())
        finally:
            os._exit(0)
    theirs.close()
    try:
        return ours.recv() if ours.poll(MUTANT_SECONDS) else None
    except EOFError:
        return None
    finally:
        ours.close()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def naming(mutant: Mutant, result: TaskResult) -> str:
    """By what the card names the change: bank, line or words, as above; "" where it does not."""
    failed = [check for check in result.checks if check.verdict != "passed"]
    hints = [check.hint for check in failed if check.hint]
    listed = [variant for variant in variants_of(mutant.task) if variant.hint in hints]
    if any(_touched(variant) & mutant.names for variant in listed):
        return "bank"
    if any(f": {line})" in check.message or f": {line};" in check.message for check in failed for line in mutant.code):
        return "line"
    said = " ".join(
        [RIGHT_PARTS.sub(".", hint) for hint in hints] + [check.message for check in failed if not check.is_value]
    )
    return "words" if mutant.names & {*names_in(said)} else ""


@cache
def _touched(variant: Variant) -> frozenset[str]:
    """The names of which a listed mistake has more, or fewer, than the base of its bank."""
    base, body = (Counter(names_in(text)) for text in (base_of(variant.task) or "", variant.body or ""))
    return frozenset((base - body) + (body - base))


def _table(rows: dict[str, dict]) -> Table:
    table = Table(title=f"Mutants of the reference, seed {SEED}", title_justify="left", show_footer=len(rows) > 1)
    total = {key: sum(row[key] for row in rows.values()) for key in ("mutants", "killed", "equivalent")}
    total["named"] = sum(row.get("named", 0) for row in rows.values())
    total["survived"] = sum(len(row["survived"]) for row in rows.values())
    table.add_column("task", "all")
    for key in ("mutants", "killed", "survived", "equivalent"):
        table.add_column(key, str(total[key]), justify="right")
    cards = all("named" in row for row in rows.values())
    if cards:
        table.add_column("named, of those killed", _share(total["named"], total["killed"]), justify="right")
    for name, row in rows.items():
        counts = row["mutants"], row["killed"], len(row["survived"]), row["equivalent"]
        table.add_row(name, *map(str, counts), *([_share(row["named"], row["killed"])] if cards else []))
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


if __name__ == "__main__":
    main()
