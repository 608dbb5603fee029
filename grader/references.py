"""The reference's sources, as they stand and with a known mistake put in. For the judge; never for a worker."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unittest import mock

from grader.engine import quiet_check
from grader.engine.cells import run_cells
from grader.engine.workbench import STOPPED_CELLS, Workbench
from grader.notebooks import EXPERIMENT
from grader.tasks import Course, Task, load_course

__all__ = ["BANK", "ROOT", "Variant", "base_of", "nothing_judged", "patched_source", "reference_bench", "regions_of",
           "sources_of", "variant_bench", "variants_of", "with_mistake"]  # fmt: skip

ROOT = Path(__file__).parent.parent
BANK = Path(__file__).parent / "checks" / "variants"
CELL = re.compile(r"^# %%(.*)$", re.MULTILINE)  # where a cell of a notebook's source begins
TEST = re.compile(r'check\("[^"\n]*"\)')
PART = re.compile(r"^### in (\w+)\n", re.MULTILINE)  # where the body of a region with a name begins
Sources = list[tuple[str, str]]  # (name, text) in the order in which they run


@dataclass(frozen=True)
class Variant:
    """A mistake that students make: another body for the reference's region, or text replaced in it.

    Where a task has a region in each of several methods, a body has a line `### in encode` before the text of each; what has
    no such line goes into all of them.
    """

    task: str
    name: str
    hint: str
    replace: tuple[tuple[str, str], ...] = ()
    body: str | None = None


@cache
def variants_of(task: str) -> tuple[Variant, ...]:
    """The bank of wrong variants of a task; empty where none is kept, as in a student's copy."""
    return tuple(_variant(task, entry, base_of(task)) for entry in _bank(task).get("variant", ()))


def base_of(task: str) -> str | None:
    """A right body for the task's region as a student would write it, which the variants of its bank replace words in."""
    return _bank(task).get("base")


@cache
def _bank(task: str) -> dict:
    path = BANK / f"{task}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _variant(task: str, entry: dict, base: str | None) -> Variant:
    """One entry of a bank. Where the bank has a base, `replace` is carried out here."""
    variant = Variant(task, **entry | {"replace": tuple(map(tuple, entry.get("replace", ())))})
    if bool(variant.replace) == (variant.body is not None):
        raise ValueError(f"variant {variant.name} of task {task} needs either `replace` or `body`")
    if base is None:
        return variant
    if not variant.replace:
        return replace(variant, body=_completed(variant.body, base))
    return replace(variant, body=_replaced(base, variant, "the base of its bank"), replace=())


def _completed(body: str, base: str) -> str:
    """A body with the parts that it lacks, as the base has them."""
    missing = {part: text for part, text in _parts(base).items() if part not in _parts(body) and part}
    return body if "" in _parts(body) else body + "".join(f"### in {part}\n{text}" for part, text in missing.items())


def _parts(body: str) -> dict[str, str]:
    """The text for each named region; of a body without names, for all of them under ""."""
    first, *named = PART.split(body)
    return dict(zip(named[::2], named[1::2], strict=True)) if named else {"": first}


def _replaced(body: str, variant: Variant, where: str) -> str:
    for old, new in variant.replace:
        if body.count(old) != 1:
            raise ValueError(f"variant {variant.name} of task {variant.task}: {old!r} stands {body.count(old)} times "
                             f"in {where}, expected once")  # fmt: skip
        body = body.replace(old, new)
    return body


@cache
def sources_of(space: str) -> tuple[tuple[str, str], ...]:
    """The reference's source of a space: a module, or the cells of a notebook that are not experiments or tests."""
    if not space.startswith("cells"):
        path = ROOT / "solution" / f"{space}.py"
        return ((f"solution/{space}.py", path.read_text(encoding="utf-8")),)
    return tuple(_graded_cells(load_course().notebooks[space.removeprefix("cells")].name))


def _graded_cells(name: str) -> Iterator[tuple[str, str]]:
    """(name, source) of the cells of a solution notebook that a grading runs: no tests, no experiments.

    Read from the source as it stands: the release's own reader brings nbgrader, which takes seconds to import.
    """
    file = f"solution/notebooks/{name}.py"
    _, *parts = CELL.split((ROOT / file).read_text(encoding="utf-8"))
    for place, (header, text) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        source = text.strip("\n")
        if "[markdown]" not in header and f'"{EXPERIMENT}"' not in header and not TEST.fullmatch(source):
            yield f"{file}, cell {place}", source


def reference_bench(course: Course, device: str = "cpu") -> Workbench:
    """A workbench with the whole reference on it."""
    spaces = {task.space for task in course.graded}
    return _bench({space: list(sources_of(space)) for space in spaces}, device)


@cache
def variant_bench(task: Task, variant: Variant, device: str = "cpu") -> Workbench:
    """A workbench with the reference of the task's space, with one mistake in it; one for all the task's checks."""
    return _bench({task.space: patched_source(task, variant)}, device)


def patched_source(task: Task, variant: Variant) -> Sources:
    """The reference's sources of the task's space with the variant's mistake in the task's region."""
    before = list(sources_of(task.space))
    after = [(name, with_mistake(text, task, variant)) if _region(task.id).search(text) else (name, text)
             for name, text in before]  # fmt: skip
    if after == before:
        raise ValueError(f"variant {variant.name} of task {task.id} changes nothing")
    return after


def regions_of(task: Task) -> list[tuple[str, str]]:
    """(name, text) of the task's regions in the reference; the name is "" where there is but one."""
    texts = [text for _, text in sources_of(task.space)]
    return [(found["part"] or "", found["body"]) for text in texts for found in _region(task.id).finditer(text)]


def _region(task: str) -> re.Pattern:
    marker = re.escape(task)
    return re.compile(rf"(?P<begin>^[ \t]*### BEGIN SOLUTION {marker}(?: +(?P<part>\w+))?[ \t]*\n)(?P<body>.*?)"
                      r"(?P<end>^[ \t]*### END SOLUTION)",
                      re.MULTILINE | re.DOTALL)  # fmt: skip


def with_mistake(text: str, task: Task, variant: Variant) -> str:
    """A source that holds the task's region, with the variant's mistake in it.

    What the task builds on is put in as students write it, by the base of its bank: it checks no arguments, so that
    the mistake shows itself as it does with them.
    """
    for required in task.requires:
        if base_of(required) is not None and _region(required).search(text):
            text = _with_body(text, required, base_of(required))
    if variant.body is not None:
        return _with_body(text, task.id, variant.body)
    regions = list(_region(task.id).finditer(text))
    _replaced("".join(found["body"] for found in regions), variant, "the reference's region")
    for found in reversed(regions):
        body = found["body"]
        for old, new in variant.replace:
            body = body.replace(old, new)
        text = text[: found.start("body")] + body + text[found.end("body") :]
    return text


def _with_body(text: str, task: str, body: str) -> str:
    """The source with another body for the task's regions, indented as they are."""
    parts = _parts(body)

    def filled(found: re.Match) -> str:
        chosen = parts.get(found["part"] or "", parts.get(""))
        if chosen is None:
            return found[0]
        indent = re.match(r"[ \t]*", found["begin"])[0]
        chosen = textwrap.indent(textwrap.dedent(chosen).strip("\n") + "\n", indent)
        return found["begin"] + chosen + found["end"]

    return _region(task).sub(filled, text)


def _bench(spaces: dict[str, Sources], device: str) -> Workbench:
    loaders: dict[str, Callable[[], dict]] = {space: lambda s=sources: _run(s) for space, sources in spaces.items()}
    return Workbench(loaders, device=device)


@contextlib.contextmanager
def nothing_judged(package: str = "solution") -> Iterator[None]:
    """Where cells take parts of other tasks with `use`, they get this package's, as in a worker."""
    symbols = {task.id: (task.module, task.symbol) for task in load_course().graded if task.module}
    own = sys.modules.get("grader.check")
    sys.modules["grader.check"] = quiet_check
    try:
        with mock.patch.object(quiet_check, "PACKAGE", package), mock.patch.dict(quiet_check.SYMBOLS, symbols):
            yield
    finally:  # this one entry alone: what the cells import stays imported, and is not run anew for the next
        sys.modules.pop("grader.check")
        if own is not None:
            sys.modules["grader.check"] = own


def _run(sources: Sources) -> dict:
    """Run our own sources, quietly; a mistake in them is an exception, not a finding."""
    with contextlib.redirect_stdout(io.StringIO()), nothing_judged():
        space = run_cells(sources, "reference")
    if space[STOPPED_CELLS]:
        name, failure = space[STOPPED_CELLS][0]
        raise RuntimeError(
            f"the reference does not run: {failure.kind}: {failure.message} ({name}, line {failure.line})"
        )
    return space
