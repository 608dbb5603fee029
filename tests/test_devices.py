"""Devices: which are there, one submission at a time on each, and what a device that runs out of memory costs.

No accelerator is needed: availability is pretended, and what a device would answer is answered by a stand-in.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from grader.cli import app
from grader.devices import VISIBLE, DeviceError, bind, places_for
from grader.engine import worker
from grader.engine.client import Job
from grader.engine.values import Call, Failure, Seen
from grader.jobs import graded_in_jobs
from grader.judge import _failed
from grader.sessions import WorkerSession
from tests.conftest import BUDGET, ROOT


@pytest.mark.parametrize(("wanted", "jobs", "places"), [
    ("cpu", None, ["cpu"]), ("cpu", 3, ["cpu"] * 3), ("cpu,cpu", None, ["cpu"] * 2), ("cpu,cpu", 5, ["cpu"] * 2),
    ("cuda", 4, ["cuda:0"]), ("cuda:1, cuda:0", None, ["cuda:1", "cuda:0"]), ("cuda:0,cuda:1", 1, ["cuda:0"]),
    ("mps", 2, ["mps"]),
])  # fmt: skip
def test_each_device_is_a_place_for_one_job(machine, wanted, jobs, places):
    machine(cuda=2, mps=True)
    assert places_for(wanted, jobs) == tuple(places)


@pytest.mark.parametrize(("wanted", "words"), [
    ("cuda:2", r"asks for 'cuda:2'; this machine has cpu, cuda:0, cuda:1\. Name one"), ("mps", "asks for 'mps'"),
    ("tpu", "asks for 'tpu'"), ("cuda,", "asks for ''"), ("cuda,cuda:0", "names cuda:0 twice"),
    ("cpu,cuda:1", "names cpu and cuda: a class is graded on devices of one kind"),
])  # fmt: skip
def test_what_can_not_be_graded_on_is_told(machine, wanted, words):
    machine(cuda=2)
    with pytest.raises(DeviceError, match=words):
        places_for(wanted)


def test_a_device_that_is_not_there_is_told_before_anything_is_graded(machine, tmp_path, monkeypatch):
    machine()
    monkeypatch.chdir(ROOT)
    (tmp_path / "in" / "ann" / "starter").mkdir(parents=True)
    done = CliRunner().invoke(app, ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--device", "cuda"])
    assert done.exit_code == 2 and "this machine has cpu. Name one of these" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("listed", "place", "seen"), [
    (None, "cuda:1", "1"), (None, "cuda", "0"), ("3,5", "cuda:1", "5"), ("GPU-a,GPU-b", "cuda:0", "GPU-a"),
    (None, "cpu", None), ("3,5", "mps", "3,5"),
])  # fmt: skip
def test_a_job_sees_no_cuda_device_but_its_own(monkeypatch, listed, place, seen):
    monkeypatch.setenv(VISIBLE, listed or "")
    if listed is None:
        monkeypatch.delenv(VISIBLE)
    bind(place)
    assert os.environ.get(VISIBLE) == seen


class Placed:
    """Grades numbers at a place, and stumbles where two are there at once. The number 3 ends its process the first time."""

    def __init__(self, folder: Path, place: str):
        self.missing: dict[str, str] = {}
        self._folder, self._place = folder, place

    def __enter__(self):
        return self

    def __exit__(self, *exception): ...

    def grade(self, number: int) -> str:
        taken = self._folder / self._place
        taken.touch(exist_ok=False)
        time.sleep(0.05)
        taken.unlink()
        if number == 3 and not (self._folder / "died").exists():
            (self._folder / "died").touch()
            os._exit(9)
        return self._place


def test_a_device_has_one_submission_at_a_time_also_after_its_job_died(tmp_path):
    starts = [partial(Placed, tmp_path, place) for place in ("first", "second")]
    done = dict(graded_in_jobs(range(12), starts, lambda missing: None))
    assert set(done) == {*range(12)} and set(done.values()) == {"first", "second"}
    assert (tmp_path / "died").exists()


OUT_OF_MEMORY = ["CUDA out of memory. Tried to allocate 2.00 GiB.", "MPS backend out of memory (1 GB allocated)",
                 "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"]  # fmt: skip


@pytest.mark.parametrize("message", OUT_OF_MEMORY)
def test_a_device_out_of_memory_is_the_submissions_verdict(message):
    check = SimpleNamespace(name="n", sentence="s", hidden=False, is_value=True, weight=1)
    assert _failed(check, Failure("RuntimeError", message)).verdict == "out_of_memory"


@pytest.mark.parametrize(("device", "message", "fresh"), [
    *[("cuda", message, True) for message in OUT_OF_MEMORY], ("cuda", "CUDA error: device-side assert triggered", True),
    ("cuda", "shapes differ", False), ("cpu", "out of memory", False),
])  # fmt: skip
def test_after_an_error_of_its_device_the_next_check_gets_a_fresh_worker(device, message, fresh):
    workers = []

    def start(job):
        answer = Seen() if workers else Seen(failure=Failure("RuntimeError", message))
        asked = SimpleNamespace(missing={}, cpu_seconds=0.0, closed=False)
        asked.close = lambda: setattr(asked, "closed", True)
        asked.request = lambda request, deadline, ask: answer if isinstance(request, Call) else Seen()
        workers.append(asked)
        return asked

    session = WorkerSession(start, Job({"rnn": ""}, device=device), BUDGET, {}, lambda task: None)
    for _ in range(2):
        assert session.begin("rnn", []) is None
        session.begin_check()
        session.perform(Call("rnn", "f"), None)
    assert [worker.closed for worker in workers] == ([True, False] if fresh else [False])


def test_a_submission_leaves_the_judge_some_memory_of_its_device(monkeypatch):
    shares = []
    for backend in (torch.cuda, torch.mps):
        monkeypatch.setattr(backend, "set_per_process_memory_fraction", shares.append)
    for device in ("cpu", "cuda", "mps"):
        worker._leave_room(device)
    assert shares == [worker.SHARE] * 2
