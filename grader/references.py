"""The reference's sources, as they stand and with a known mistake put in. For the judge; never for a worker."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.engine.cells import run_cells
from grader.engine.workbench import STOPPED_CELLS, Workbench
from grader.tasks import Course, Task

__all__ = ["ROOT", "Variant", "patched_source", "reference_bench", "sources_of", "variant_bench",
           "variants_of", "with_mistake"]  # fmt: skip

ROOT = Path(__file__).parent.parent
BANK = Path(__file__).parent / "checks" / "variants"
Sources = list[tuple[str, str]]  # (name, text) in the order in which they run


@dataclass(frozen=True)
class Variant:
    """A mistake that students make: text replaced in the reference's region, or another body for it."""

    task: str
    name: str
    hint: str
    replace: tuple[tuple[str, str], ...] = ()
    body: str | None = None


@cache
def variants_of(task: str) -> tuple[Variant, ...]:
    """The bank of wrong variants of a task; empty where none is kept, as in a student's copy."""
    return tuple(variant for path in sorted(BANK.glob("*.toml")) for variant in _bank(path) if variant.task == task)


@cache
def _bank(path: Path) -> tuple[Variant, ...]:
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("variant", [])
    variants = [Variant(**entry | {"replace": tuple(map(tuple, entry.get("replace", ())))}) for entry in entries]
    if wrong := [v.name for v in variants if bool(v.replace) == (v.body is not None)]:
        raise ValueError(f"{path.name}: variant {wrong[0]} needs either `replace` or `body`")
    return tuple(variants)


@cache
def sources_of(space: str) -> tuple[tuple[str, str], ...]:
    """The reference's source of a space: a module, or the cells of a notebook that are not experiments or tests."""
    if not space.startswith("cells"):
        path = ROOT / "solution" / f"{space}.py"
        return ((f"solution/{space}.py", path.read_text(encoding="utf-8")),)
    from grader.release.cells import graded_cells

    return tuple(graded_cells(ROOT, space.removeprefix("cells")))


def reference_bench(course: Course, device: str = "cpu") -> Workbench:
    """A workbench with the whole reference on it."""
    spaces = {task.space for task in course.graded}
    return _bench({space: list(sources_of(space)) for space in spaces}, device)


def variant_bench(task: Task, variant: Variant, device: str = "cpu") -> Workbench:
    """A workbench with the reference of the task's space, with one mistake in it."""
    return _bench({task.space: patched_source(task, variant)}, device)


def patched_source(task: Task, variant: Variant) -> Sources:
    """The reference's sources of the task's space with the variant's mistake in the task's region."""
    before = list(sources_of(task.space))
    after = [(name, with_mistake(text, task, variant)) if _region(task).search(text) else (name, text)
             for name, text in before]  # fmt: skip
    if after == before:
        raise ValueError(f"variant {variant.name} of task {task.id} changes nothing")
    return after


def _region(task: Task) -> re.Pattern:
    marker = re.escape(task.id)
    return re.compile(rf"(?P<begin>^[ \t]*### BEGIN SOLUTION {marker}[ \t]*\n)(?P<body>.*?)(?P<end>^[ \t]*### END SOLUTION)",
                      re.MULTILINE | re.DOTALL)  # fmt: skip


def with_mistake(text: str, task: Task, variant: Variant) -> str:
    """A source that holds the task's region, with the variant's mistake in it."""
    found = _region(task).search(text)
    body = found["body"]
    if variant.body is not None:
        indent = re.match(r"[ \t]*", found["begin"])[0]
        body = textwrap.indent(textwrap.dedent(variant.body).strip("\n") + "\n", indent)
    for old, new in variant.replace:
        if body.count(old) != 1:
            raise ValueError(f"variant {variant.name} of task {task.id}: {old!r} stands {body.count(old)} times "
                             "in the reference's region, expected once")  # fmt: skip
        body = body.replace(old, new)
    return text[: found.start("body")] + body + text[found.end("body") :]


def _bench(spaces: dict[str, Sources], device: str) -> Workbench:
    loaders: dict[str, Callable[[], dict]] = {space: lambda s=sources: _run(s) for space, sources in spaces.items()}
    return Workbench(loaders, device=device)


def _run(sources: Sources) -> dict:
    """Run our own sources, quietly; a mistake in them is an exception, not a finding."""
    with contextlib.redirect_stdout(io.StringIO()):
        space = run_cells(sources, "reference")
    if space[STOPPED_CELLS]:
        name, failure = space[STOPPED_CELLS][0]
        raise RuntimeError(
            f"the reference does not run: {failure.kind}: {failure.message} ({name}, line {failure.line})"
        )
    return space
