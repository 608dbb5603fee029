"""Grades a class: each submission through its own worker, results written as they come, resumed where they stood."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from grader.engine.limits import LAYERS
from grader.intake import IntakeError, Material, Submission, read
from grader.lint import defining
from grader.notebooks import parse
from grader.results import SCHEMA, clean, dump, write_atomically
from grader.tasks import CELLS, Course, Task, load_course

__all__ = ["NotIsolated", "Options", "grade", "released_cells", "session_for"]

ROOT = Path(__file__).parent.parent


class NotIsolated(Exception):
    """Layers of isolation are missing, and the grading is to be strict. `missing` maps them to the reasons."""

    def __init__(self, missing: dict[str, str]):
        super().__init__(f"without {', '.join(missing)}")
        self.missing = missing


@dataclass(frozen=True)
class Options:
    """How a grading runs; with the submissions, all that its record depends on."""

    seed: int
    device: str = "cpu"
    jobs: int = 1
    resume: bool = False
    strict: bool = False  # whether nothing is graded with less than every layer of isolation


def grade(submissions: list[Submission], out: Path, options: Options, ignored: list[str],
          on_done: Callable[[dict], None] = lambda record: None,
          on_start: Callable[[dict[str, str]], None] = lambda missing: None) -> dict:  # fmt: skip
    """Grade submissions into `out`; the whole record, which also stands in results.json.

    `on_start` is told, before the first one, each layer of isolation and why it is missing, "" if it is in force.
    Raises NotIsolated then, where the options are strict.
    """
    records = out / "records"
    if not options.resume and records.is_dir():
        for old in records.glob("*.json"):
            old.unlink()
    done, timing = {}, {}

    def told(missing: dict[str, str]) -> None:
        on_start(missing)
        if options.strict and any(missing.values()):
            raise NotIsolated({layer: why for layer, why in missing.items() if why})

    for student, entry in _graded(submissions, records, options, told):
        done[student] = entry["record"]
        timing[student] = entry["seconds"]
        on_done(entry["record"])
    of_each = [set(entry.pop("isolation")) for entry in done.values() if "isolation" in entry]
    layers = [layer for layer in LAYERS if of_each and all(layer in found for found in of_each)]
    results = {"schema": SCHEMA, "seed": options.seed, "device": options.device, "isolation": layers,
               "versions": _versions(), "ignored": [clean(name) for name in ignored],
               "submissions": [done[submission.student] for submission in submissions]}  # fmt: skip
    write_atomically(out / "timing.json", dump(dict(sorted(timing.items()))))
    write_atomically(out / "results.json", dump(results))
    return results


def _graded(submissions: list[Submission], records: Path, options: Options, on_start) -> Iterator[tuple[str, dict]]:
    waiting = []
    for submission in submissions:
        entry = _kept(_record_path(records, submission), submission, options) if options.resume else None
        if entry is None:
            waiting.append(submission)
        else:
            yield submission.student, entry
    for submission, entry in _run(waiting, options, on_start):
        write_atomically(_record_path(records, submission), dump(entry))
        yield submission.student, entry


def _record_path(records: Path, submission: Submission) -> Path:
    """A student's name is data: the file is named by its digest."""
    return records / f"{hashlib.sha256(submission.student.encode()).hexdigest()[:20]}.json"


def _kept(path: Path, submission: Submission, options: Options) -> dict | None:
    """The record of an earlier run, if it was made from the same work in the same way."""
    try:
        entry = json.loads(path.read_bytes())
        kept = entry["made_from"]
        same = kept == _made_from(submission, _material(submission, load_course()), options)
    except (OSError, ValueError, KeyError):
        return None
    return entry if same else None


def _made_from(submission: Submission, material: Material | IntakeError, options: Options) -> dict:
    digest = material.digest if isinstance(material, Material) else clean(str(material))
    return {"student": submission.student, "digest": digest, "seed": options.seed, "device": options.device}


def _run(submissions: list[Submission], options: Options, on_start) -> Iterator[tuple[Submission, dict]]:
    """Grade in this process, or in `jobs` processes with a nursery each."""
    if not submissions:
        return
    if options.jobs == 1 or len(submissions) == 1:
        with Grader(options) as grader:
            on_start(grader.missing)
            for submission in submissions:
                yield submission, grader.grade(submission)
        return
    with ProcessPoolExecutor(min(options.jobs, len(submissions)), get_context("spawn"), _start_job, (options,)) as pool:
        on_start(pool.submit(_missing_in_job).result())
        yield from zip(submissions, pool.map(_grade_in_job, submissions), strict=True)


_job: Grader | None = None  # one in each process of the pool


def _start_job(options: Options) -> None:
    global _job  # noqa: PLW0603  (a process pool's initialiser has no other place)
    _job = Grader(options).__enter__()


def _missing_in_job() -> dict[str, str]:
    return _job.missing


def _grade_in_job(submission: Submission) -> dict:
    return _job.grade(submission)


def _material(submission: Submission, course: Course) -> Material | IntakeError:
    try:
        return read(submission, course, released_cells(course))
    except IntakeError as problem:
        return problem


@cache
def released_cells(course: Course) -> dict[str, list[dict]]:
    """The cells of the released notebooks, by number."""
    paths = {number: ROOT / "notebooks" / f"{entry.name}.ipynb" for number, entry in course.notebooks.items()}
    return {number: parse(path.read_bytes()) for number, path in paths.items() if path.is_file()}


class Grader:
    """Holds what a grading needs for every submission: the recordings and the nursery."""

    def __init__(self, options: Options, course: Course | None = None):
        self._options = options
        self._course = course or load_course()

    def __enter__(self) -> Grader:
        from grader.engine.client import probe, start_nursery

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
            material = IntakeError(clean(f"{type(problem).__name__}: {problem}"))
            record = self._frame(submission, material, "harness_error", []) | {
                "reason": f"the harness failed: {material}"
            }
        seconds = round(time.perf_counter() - start, 3)
        return {"made_from": _made_from(submission, material, self._options), "record": record, "seconds": seconds}

    def _graded(self, submission: Submission, material: Material, tasks: list[Task]) -> dict:
        from grader.judge import Judge

        session = session_for(material, self._course, self._options.device, self._nursery)
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
        return record | {"isolation": [layer for layer, why in session.missing.items() if not why]}

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
    job = Job(material.modules, material.cells, symbols, device, memory)
    return WorkerSession(nursery.start, job, course.budget, material.problems, lambda task: _source(task, material))


def _source(task: Task, material: Material) -> str | None:
    """The source to read for what the task forbids: a module, or the cells in which the task's function is defined."""
    if not task.space.startswith(CELLS):
        return material.modules.get(task.space)
    return defining(task.symbol, [text for _, text in material.cells.get(task.space, [])])


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"unrolled": version("unrolled"), "python": platform.python_version(), "torch": version("torch")}
