"""Grades a class: each submission through its own worker, results written as they come, resumed where they stood."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from grader.devices import bind
from grader.engine.limits import LAYERS
from grader.intake import IntakeError, Material, Submission, read
from grader.jobs import graded_in_jobs
from grader.lint import defining
from grader.records import Kept, Records, content_digest, versions
from grader.results import SCHEMA, clean, dump, dump_class, remove_unfinished, write_atomically
from grader.student import released
from grader.tasks import CELLS, Course, Task, load_course

__all__ = ["ClusterError", "Grader", "NotIsolated", "Options", "grade", "released_cells", "session_for"]

ROOT = Path(__file__).parent.parent
# how often a worker may be killed, which its own code can do, and a worker or the nursery be lost, which none can
FORGIVEN = {"killed": 1, "lost": 2}
OF_LOADING = 0.8  # of the time for loading a notebook, what its cells may take; the rest is for starting on them


class NotIsolated(Exception):
    """Layers of isolation are missing, and the grading is to be strict. `missing` maps them to the reasons."""

    def __init__(self, missing: dict[str, str]):
        super().__init__(f"without {', '.join(missing)}")
        self.missing = missing


class ClusterError(ValueError):
    """A cluster that can't grade as this machine would; the message says what was tried, and what to do."""


@dataclass(frozen=True)
class Options:
    """How a grading runs; with the submissions, all that its record depends on."""

    seed: int
    places: tuple[str, ...] = ("cpu",)  # a job for each: devices of one kind, or the CPU as often as there are jobs
    resume: bool = False
    strict: bool = False  # whether nothing is graded with less than every layer of isolation
    scheduler: str | None = None  # the address of the Dask cluster that grades, if one does

    @property
    def device(self) -> str:
        """The kind of the places: which of several it was decides no verdict, and stands in no record."""
        return self.places[0].partition(":")[0]


def grade(submissions: list[Submission], out: Path, options: Options, ignored: list[str],
          on_done: Callable[[dict, float], None] = lambda record, seconds: None,
          on_start: Callable[[dict[str, str], str], None] = lambda missing, where: None) -> dict:  # fmt: skip
    """Grade submissions into `out`; the whole record, which also stands in results.json.

    Its "submissions" are read from their files when they are looked at, so that a class of any size fits into memory.
    `on_done` is told each record as it comes, with the seconds that it took, also of an earlier run.
    `on_start` is told, before the first one, each layer of isolation and why it is missing, "" if it is in force, and where
    that is, "" if it is here. Raises NotIsolated then, where the options are strict, Lost where the engine does not start,
    ClusterError where a cluster can't be graded on; OSError, with its path, where a file can't be written.
    """
    records = Records(out / "records")
    for folder in (out, records.folder):
        remove_unfinished(folder)

    def begin(missing: dict[str, str], where: str = "") -> None:
        on_start(missing, where)
        if options.strict and any(missing.values()):
            raise NotIsolated({layer: why for layer, why in missing.items() if why})
        _begin(out, records, options)

    timing, isolations = {}, set()
    for entry in _graded(submissions, records, options, begin):
        record = entry["record"]
        timing[record["student"]] = entry["seconds"]
        if "isolation" in record:
            isolations.add(tuple(record["isolation"]))
        on_done(record, entry["seconds"])
    layers = [layer for layer in LAYERS if isolations and all(layer in found for found in isolations)]
    head = {"schema": SCHEMA, "seed": options.seed, "device": options.device, "isolation": layers,
            "versions": versions(), "ignored": [clean(name) for name in ignored]}  # fmt: skip
    kept = Kept(records, [submission.student for submission in submissions])
    write_atomically(out / "timing.json", dump(dict(sorted(timing.items()))))
    write_atomically(out / "results.json", dump_class(head, kept))
    return head | {"submissions": kept}


def _begin(out: Path, records: Records, options: Options) -> None:
    """Note the seed, and leave nothing that looks like the end of this run."""
    if not options.resume:
        records.clear()
    (out / "results.json").unlink(missing_ok=True)
    write_atomically(out / "seed", f"{options.seed}\n".encode())


def _graded(submissions: list[Submission], records: Records, options: Options, begin) -> Iterator[dict]:
    """The entries, as they come: first those of an earlier run that still hold."""
    waiting = []
    for submission in submissions:
        entry = _taken(records, submission, options) if options.resume else None
        if entry is None:
            waiting.append(submission)
        else:
            yield entry
    for entry in _run(waiting, options, begin):
        records.keep(entry)
        yield entry


def _taken(records: Records, submission: Submission, options: Options) -> dict | None:
    """The entry of an earlier run, if it was made from the same work in the same way, and as strictly isolated."""
    entry = records.take(_made_from(submission, _material(submission, load_course()), options))
    if entry is None or (options.strict and set(LAYERS) - set(entry["record"].get("isolation", LAYERS))):
        return None
    return entry


def _made_from(submission: Submission, material: Material | IntakeError, options: Options) -> dict:
    digest = material.digest if isinstance(material, Material) else clean(str(material))
    return {"student": submission.student, "digest": digest, "seed": options.seed, "device": options.device,
            "content": content_digest(), "versions": versions()}  # fmt: skip


def _run(submissions: list[Submission], options: Options, begin) -> Iterator[dict]:
    """Grade on a cluster, in this process, or in one for each place, with a nursery of its own."""
    if not submissions:
        return
    if options.scheduler is None and options.device == "cpu" and 1 in (len(options.places), len(submissions)):
        with Grader(options) as grader:
            begin(grader.missing)
            yield from map(grader.grade, submissions)
        return
    for submission, entry in _elsewhere(submissions, options, begin):
        yield entry or Grader(options).given_up(submission, "the process that graded it ended, each time it was tried")


def _elsewhere(submissions: list[Submission], options: Options, begin) -> Iterator[tuple[Submission, dict | None]]:
    """(submission, entry) from other processes; None where they ended."""
    if options.scheduler is None:
        return graded_in_jobs(submissions, [partial(Grader, options, place=place) for place in options.places], begin)
    from grader.clusters import graded_on_cluster

    return graded_on_cluster(submissions, options, begin)


def _material(submission: Submission, course: Course) -> Material | IntakeError:
    """What was read of it, or why there is nothing to grade."""
    try:
        return read(submission, course, released_cells(course))
    except IntakeError as problem:
        return problem


@cache
def released_cells(course: Course) -> dict[str, list[dict]]:
    """The cells of the released notebooks, by number."""
    return released.released_cells(ROOT, course)


class Grader:
    """Holds what a grading needs for every submission: the recordings and the nursery, both on the device at `place`."""

    def __init__(self, options: Options, course: Course | None = None, place: str = "cpu"):
        self._options = options
        self._course = course or load_course()
        self._place = place

    def __enter__(self) -> Grader:
        from grader.engine.client import probe, start_nursery

        bind(self._place)
        self._nursery = start_nursery(device=self._options.device)  # warms up while this process imports torch
        import torch

        from grader.recordings import Live

        torch.set_num_threads(1)
        self._library = Live(self._course, self._options.seed, self._options.device)
        self.missing = probe(self._nursery, self._options.device)
        return self

    def __exit__(self, *exception) -> None:
        self._nursery.close()

    def grade(self, submission: Submission, notebook: str | None = None) -> dict:
        """The record of one submission, or of one notebook in it, with what it was made from and the seconds it took."""
        start = time.perf_counter()
        names = self._course.notebooks
        tasks = [task for task in self._course.graded if notebook in (None, names[task.notebook].name)]
        try:
            material = _material(submission, self._course)
            invalid = isinstance(material, IntakeError)
            record = self._invalid(submission, material) if invalid else self._graded(submission, material, tasks)
        except Exception as problem:  # one submission's trouble is told in its record, and the class goes on
            return self.given_up(submission, f"{type(problem).__name__}: {problem}", start)
        return self._entry(record, _made_from(submission, material, self._options), start)

    def given_up(self, submission: Submission, why: str, start: float | None = None) -> dict:
        """What stands for a submission that the harness could not grade; it needs no nursery."""
        problem = IntakeError(clean(why))
        record = self._frame(submission, problem, "harness_error", []) | {"reason": f"the harness failed: {problem}"}
        return self._entry(record, _made_from(submission, problem, self._options), start)

    def _entry(self, record: dict, made_from: dict, start: float | None) -> dict:
        seconds = 0.0 if start is None else round(time.perf_counter() - start, 3)
        return {"made_from": made_from, "record": record, "seconds": seconds}

    def _graded(self, submission: Submission, material: Material, tasks: list[Task]) -> dict:
        """Its record. What was disturbed from outside is graded again, as often as FORGIVEN says, and then taken as it is."""
        forgiven = Counter(FORGIVEN)
        while True:
            session = session_for(material, self._course, self._options.device, self._nursery)
            record = self._judged(submission, material, tasks, session)
            disturbed = "lost" if session.lost is not None else "killed" if session.killed else ""
            if not forgiven[disturbed]:
                break
            forgiven[disturbed] -= 1
        if session.lost is not None:
            raise session.lost
        return record

    def _judged(self, submission: Submission, material: Material, tasks: list[Task], session) -> dict:
        from grader.judge import Judge

        try:
            judge = Judge(self._course, self._library, session)
            results = [judge.judge(task) for task in tasks]
        finally:
            session.close()
        broken = [result.id for result in results if result.verdict == "harness_error"]
        status = "harness_error" if broken else "graded"
        record = self._frame(submission, material, status, [result.record() for result in results])
        if broken:
            record["reason"] = f"the harness failed in {', '.join(broken)}: this is not the student's fault"
        lacking = [layer for layer, why in session.missing.items() if why]
        if self._options.strict and lacking:
            raise RuntimeError(f"a worker came up without {', '.join(lacking)}")
        in_force = [layer for layer, why in session.missing.items() if not why]
        return record | ({"isolation": in_force} if session.missing else {})  # without a worker nothing was run

    def _invalid(self, submission: Submission, problem: IntakeError) -> dict:
        return self._frame(submission, problem, "invalid", []) | {"reason": clean(str(problem))}

    def _frame(self, submission: Submission, material: Material | IntakeError, status: str, tasks: list[dict]) -> dict:
        predictions = material.predictions if isinstance(material, Material) else []
        return {"student": submission.student, "status": status, "score": round(sum(task["score"] for task in tasks), 2),
                "max_score": sum(task.points for task in self._course.graded),
                "pending": [task.id for task in self._course.written], "tasks": tasks,
                "predictions": predictions}  # fmt: skip


def session_for(material: Material, course: Course, device: str, nursery):
    """A session of workers for one submission."""
    from grader.engine.client import Job
    from grader.sessions import WorkerSession

    symbols = {task.id: (task.module, task.symbol) for task in course.graded if task.module}
    memory = course.budget["memory_mib"] * 2**20 if device == "cpu" else None
    job = Job(material.modules, material.cells, symbols, device, memory,
              cells_seconds=OF_LOADING * course.budget["load"])  # fmt: skip
    return WorkerSession(nursery.start, job, course.budget, material.problems, lambda task: _source(task, material))


def _source(task: Task, material: Material) -> str | None:
    """The source to read for what the task forbids: a module, or the cells in which the task's function is defined."""
    if not task.space.startswith(CELLS):
        return material.modules.get(task.space)
    return defining(task.symbol, [text for _, text in material.cells.get(task.space, [])])
