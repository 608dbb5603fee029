"""A grading as a run: the same record from the same seed, killed and resumed, work that changed in between.

The small class hands in `starter/rnn.py` alone: what is tried here is the same for every notebook.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT
from tests.grading import graded, solved, verdicts

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is a nursery on Linux alone")
LINGERS = "import time\n\ntime.sleep(0.4)  # long enough to be met\n"


@pytest.fixture(scope="module")
def small_class(tmp_path_factory, course):
    """Six submissions in `in`, every second of them wrong, and their grading with seed 5 in `whole`."""
    folder = tmp_path_factory.mktemp("small")
    for number in range(6):
        place = folder / "in" / f"student-{number}" / "starter"
        place.mkdir(parents=True)
        wrong = {} if number % 2 else {"make_windows": "return series"}
        (place / "rnn.py").write_text(solved(course, **wrong) + LINGERS, encoding="utf-8")
    graded(folder / "in", folder / "whole", "--seed", "5")
    return folder


@contextlib.contextmanager
def running(folder: Path, out: Path) -> Iterator[subprocess.Popen]:
    """A grading in two jobs, as it runs; two places on the CPU are as --jobs 2."""
    command = [sys.executable, "-m", "grader", "grade", folder / "in", "--out", out, "--seed", "5", "--device", "cpu,cpu"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def awaited(condition, seconds: float = 120):
    """What the condition gives as soon as it gives anything."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came to that")


def below(processes: list[psutil.Process], depth: int) -> list[psutil.Process]:
    """The processes so many generations further down."""
    for _ in range(depth):
        processes = [child for parent in processes if parent.is_running() for child in parent.children()]
    return processes


def nurseries(judge: psutil.Process) -> list[psutil.Process]:
    return [process for process in below([judge], 2) if "grader.engine.nursery" in process.cmdline()]


def killed(choose) -> bool:
    """Kill the first of the processes that `choose` finds; whether there was one that lived."""
    try:
        choose()[0].kill()
    except (psutil.NoSuchProcess, IndexError):
        return False
    return True


@linux
def test_what_is_killed_in_the_middle_of_a_run_is_replaced_and_changes_nothing(small_class, tmp_path):
    """A worker, a nursery and a job; a run in two jobs gives the record of a run in one."""
    apart = "own processes" in json.loads((small_class / "whole" / "results.json").read_bytes())["isolation"]
    with running(small_class, tmp_path) as run:
        judge = psutil.Process(run.pid)
        victims = (
            lambda: below(nurseries(judge), 3 if apart else 1),
            lambda: nurseries(judge),
            lambda: [nursery.parent() for nursery in nurseries(judge)],
        )
        for count, victim in enumerate(victims, start=1):
            awaited(lambda count=count: len(list(tmp_path.glob("records/*.json"))) >= count)
            awaited(lambda victim=victim: killed(victim))
        assert run.wait(240) == 0
    assert (tmp_path / "results.json").read_bytes() == (small_class / "whole" / "results.json").read_bytes()


@linux
def test_a_run_that_was_killed_leaves_no_process_and_goes_on_where_it_stood(small_class, tmp_path):
    out = tmp_path / "out"
    with running(small_class, out) as run:
        awaited(lambda: list(out.glob("records/*.json")))
        processes = psutil.Process(run.pid).children(recursive=True)
        run.kill()
    assert psutil.wait_procs(processes, timeout=60)[1] == []
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("records/*.json")}
    assert kept and not (out / "results.json").exists()
    graded(small_class / "in", out, "--resume")  # the seed is the run's own
    assert (out / "results.json").read_bytes() == (small_class / "whole" / "results.json").read_bytes()
    assert all((out / "records" / name).stat().st_mtime_ns == when for name, when in kept.items())


def test_resuming_grades_again_what_was_changed(small_class, course, tmp_path):
    for name, made in (("in", "in"), ("out", "whole")):
        shutil.copytree(small_class / made, tmp_path / name)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}
    (tmp_path / "in" / "student-0" / "starter" / "rnn.py").write_text(solved(course), encoding="utf-8")
    records = graded(tmp_path / "in", tmp_path / "out", "--resume")
    assert verdicts(records["student-0"])["1.1"] == "passed" and verdicts(records["student-2"])["1.1"] != "passed"
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}
    assert sum(after[name] != when for name, when in before.items()) == 1
