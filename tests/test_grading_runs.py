"""A grading as a run: the same record from the same seed, killed and resumed, work that changed in between.

The small class hands in `starter/rnn.py` alone: what is tried here is the same for every notebook.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from tests.grading import graded, solved, verdicts


@pytest.fixture(scope="module")
def small_class(tmp_path_factory, course):
    """Four submissions in `in`, every second of them wrong, and their grading with seed 5 in `whole`."""
    folder = tmp_path_factory.mktemp("small")
    for number in range(4):
        place = folder / "in" / f"student-{number}" / "starter"
        place.mkdir(parents=True)
        wrong = {} if number % 2 else {"make_windows": "return series"}
        (place / "rnn.py").write_text(solved(course, **wrong), encoding="utf-8")
    graded(folder / "in", folder / "whole", "--seed", "5")
    return folder


def test_the_same_seed_gives_the_same_record_in_any_number_of_jobs(small_class, tmp_path):
    graded(small_class / "in", tmp_path, "--seed", "5", "--jobs", "2")
    assert (tmp_path / "results.json").read_bytes() == (small_class / "whole" / "results.json").read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_a_run_that_was_killed_goes_on_where_it_stood(small_class, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "grader", "grade", str(small_class / "in"), "--out", str(out), "--seed", "5"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    end = time.monotonic() + 60
    while not list(out.glob("records/*.json")) and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
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
