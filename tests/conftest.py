"""What several test files share: one nursery, and sessions on sources given as text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from grader import judge
from grader.engine.client import Job, start_nursery
from grader.sessions import WorkerSession
from grader.tasks import load_course

# The models here are small: a second thread only waits for the first, and for whatever else runs on the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for processes that are started
torch.set_num_threads(1)

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
BUDGET = {"check": 10, "task": 30, "load": 30, "submission": 60, "cpu": 60}  # other tests run at the same time


# The files that take longest, which begin first: so no worker is left with one of them in the end.
LONGEST = ("test_solution_notebooks", "test_untouched_notebooks", "test_hints", "test_grading", "test_checks")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True)
def gradients_stay_on():
    """Where a test leaves gradients off, name it here, and not in the next test that needs them."""
    yield
    left_on = torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    torch.set_grad_enabled(True)
    assert left_on, "this test, or an object of an earlier one that was collected now, left gradients off"


@pytest.fixture(autouse=True)
def hints_have_time(monkeypatch):
    """What a card says is the same however busy the machine is."""
    monkeypatch.setattr(judge, "PARTS_SECONDS", 60)


@pytest.fixture(scope="session")
def course():
    return load_course()


@pytest.fixture(scope="session")
def nursery():
    nursery = start_nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def open_session(nursery):
    """open_session(modules, budget=…) → a session of workers on these sources; closed after the test."""
    sessions = []

    def start(modules: dict[str, str], cells: dict | None = None, **budget) -> WorkerSession:
        job = Job(modules, cells or {}, memory_bytes=2**30)
        sessions.append(WorkerSession(nursery.start, job, BUDGET | budget, {}, lambda task: None))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


@pytest.fixture
def machine(monkeypatch):
    """machine(cuda=2, mps=True): pretend to have so many CUDA devices, and an Apple GPU or none."""

    def pretend(cuda: int = 0, mps: bool = False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    monkeypatch.delenv("UNROLLED_DEVICE", raising=False)
    return pretend
