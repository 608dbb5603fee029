"""`pytest grader/checks --impl starter|solution|PATH --device cpu`: the checks for people who live in pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.checks.kit import Mismatch
from grader.draw import Draw
from grader.engine import sources
from grader.engine.cells import run_cells
from grader.engine.values import Load
from grader.engine.workbench import Workbench
from grader.intake import Material
from grader.recordings import Live, Recording, Saved
from grader.references import nothing_judged
from grader.selfcheck import material_of
from grader.subject import Subject, Unusable
from grader.tasks import Course, load_course

ROOT = Path(__file__).parents[2]


def pytest_addoption(parser):
    parser.addoption("--impl", default="starter", help="starter, solution, or the place of a submission")
    parser.addoption("--device", default="cpu", help="cpu, mps or cuda")
    parser.addoption("--seed", default=0, type=int, help="seed of the inputs")
    parser.addoption("--task", default=None, help="only the checks of this task")


def pytest_configure(config):
    config.addinivalue_line("markers", "task(id): the task that a check belongs to")


def pytest_collection_modifyitems(config, items):
    wanted = config.getoption("--task")
    checks = [item for item in items if hasattr(getattr(item, "function", None), "check")]
    for item in checks:
        item.add_marker(pytest.mark.task(item.function.check.task))
    if wanted:
        if wanted not in {item.function.check.task for item in checks}:
            raise pytest.UsageError(f"--task {wanted}: no check of these files belongs to it")
        dropped = [item for item in checks if item.function.check.task != wanted]
        items[:] = [item for item in items if item not in dropped]
        config.hook.pytest_deselected(items=dropped)


@pytest.fixture(scope="session")
def course() -> Course:
    return load_course()


@pytest.fixture(scope="session")
def bench(request, course) -> Workbench:
    """The implementation under test, in this process."""
    material: Material = material_of(request.config.getoption("--impl"), ROOT, course)
    sources.install(material.modules)
    loaders = {space: lambda space=space: sources.load_module(space) for space in material.modules}
    loaders |= {space: lambda cells=cells: _run_quietly(cells) for space, cells in material.cells.items()}
    return Workbench(loaders, device=request.config.getoption("--device"))


def _run_quietly(cells: list[tuple[str, str]]) -> dict:
    with nothing_judged(sources.PACKAGE):
        return run_cells(cells)


@pytest.fixture(scope="session")
def library(request, course) -> Live | Saved:
    """Fresh inputs where the reference is, the release's recordings in a student's copy."""
    if not (ROOT / "solution").is_dir():
        return Saved()
    return Live(course, request.config.getoption("--seed"), request.config.getoption("--device"))


@pytest.fixture
def space(request, course) -> str:
    return course.tasks[request.function.check.task].space


@pytest.fixture
def recording(request, library) -> Recording:
    return library.get(request.function.check)


@pytest.fixture
def student(bench, space) -> Subject:
    seen = bench.perform(Load(space))
    if seen.failure is not None:
        pytest.fail(f"{seen.failure.kind}: {seen.failure.message}", pytrace=False)
    return Subject(bench.perform, space)


@pytest.fixture
def reference(recording, space) -> Subject:
    return recording.fixtures(space)[0]


@pytest.fixture
def draw(recording, space) -> Draw:
    return recording.fixtures(space)[1]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A finding about the student's work is a failure in one sentence, not a traceback through the harness."""
    outcome = yield
    if outcome.excinfo is not None and issubclass(outcome.excinfo[0], Mismatch | Unusable):
        outcome.force_exception(pytest.fail.Exception(str(outcome.excinfo[1]), pytrace=False))
