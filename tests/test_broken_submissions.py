"""Submissions that loop, crash, flood or can't be read: each costs its own task and nothing else.

They hand in `starter/rnn.py` alone: what they try is the same for every notebook.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from tests.conftest import ROOT
from tests.grading import points, solved, verdicts

BROKEN = {
    "syntax": ("def broken(:", {"1.1": "error", "1.5": "error"}),
    "wrong-type": ({"make_windows": "return 3"}, {"1.1": "failed", "1.2": "passed"}),
    "exception": ({"bptt": "raise OSError('no')"}, {"1.4": "error", "1.5": "passed"}),
    "sleeps": ({"forecast": "import time; time.sleep(300)"}, {"1.5": "timeout", "1.4": "passed"}),
    "leaves": ({"RNN": "import os; os._exit(0)"}, {"1.3": "crashed", "1.4": "passed"}),
    "exits": ({"RNN": "import sys; sys.exit()"}, {"1.3": "error", "1.4": "passed"}),
    "shouts": ({"bptt": "print('x' * 100_000_000)"}, {"1.4": "passed"}),
    "hoards": ({"forecast": "return context.new_zeros(2**31)"}, {"1.5": "out_of_memory", "1.1": "passed"}),
    "exits-at-import": ("import os; os._exit(0)", {"1.1": "crashed", "1.5": "crashed"}),
    "asks-its-own-part": (
        {
            "RNNCell": "return self.step(x)\n\n    def step(self, x):\n        return x",
            "RNN": "return self.cell.step(x[:, 0])",
        },
        {"1.2": "failed", "1.3": "skipped", "1.5": "passed"},
    ),
    "kills-itself": ({"RNN": "import os; os.kill(os.getpid(), 9)"}, {"1.3": "crashed", "1.4": "passed"}),
    "lists": ({"forecast": "return [float('nan')] * steps"}, {"1.5": "failed"}),
}


@pytest.fixture(scope="module")
def broken_records(tmp_path_factory, course):
    """Each broken submission, then one that is not; with a short budget."""
    from grader import grade as engine

    folder = tmp_path_factory.mktemp("broken")
    for name, (change, _) in BROKEN.items():
        text = change if isinstance(change, str) else solved(course, **change)
        (folder / "in" / name / "starter").mkdir(parents=True)
        (folder / "in" / name / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    (folder / "in" / "no-module" / "notebooks").mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / "01_sine_wave_rnn.ipynb", folder / "in" / "no-module" / "notebooks")
    (folder / "in" / "z-fine" / "starter").mkdir(parents=True)
    (folder / "in" / "z-fine" / "starter" / "rnn.py").write_text(solved(course), encoding="utf-8")
    (folder / "in" / "bad.zip").write_bytes(b"PK nonsense")
    (folder / "in" / "nothing" / "starter").mkdir(parents=True)
    short = replace(course, budget=course.budget | {"check": 3, "load": 10})
    from grader.intake import find

    submissions, _ = find(folder / "in")
    with engine.Grader(engine.Options(seed=4), short) as grader:
        return {entry.student: grader.grade(entry)["record"] for entry in submissions}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_submission_costs_its_own_task(broken_records, name):
    got = verdicts(broken_records[name])
    assert {task: got[task] for task in BROKEN[name][1]} == BROKEN[name][1]
    assert broken_records[name]["status"] == "graded"


def test_a_missing_module_is_told_and_the_maximum_stays(broken_records, course):
    record = broken_records["no-module"]
    assert verdicts(record)["1.1"] == "error" and record["max_score"] == points(course.graded)
    assert "starter/rnn.py is missing" in record["tasks"][0]["checks"][0]["message"]


def test_messages_tell_one_trouble_from_another(broken_records):
    def first(name, task):
        entry = next(entry for entry in broken_records[name]["tasks"] if entry["id"] == task)
        return next(check["message"] for check in entry["checks"] if check["verdict"] != "passed")

    assert "SyntaxError" in first("syntax", "1.1") and "line 1" in first("syntax", "1.1")
    tensor = "a tensor of shape (5, 4, 1) and type float32"
    assert first("wrong-type", "1.1") == (
        f"make_windows(series of 9 values, 4): the result is 3, expected a tuple of 2 ({tensor}, {tensor})"
    )
    assert "OSError: no (starter/rnn.py, line" in first("exception", "1.4")
    assert "SystemExit" in first("exits", "1.3")
    assert "exit status 0" in first("leaves", "1.3")
    assert "waits for task 1.2, which is tried here with a stand-in" in first("asks-its-own-part", "1.3")
    assert "signal SIGKILL" in first("kills-itself", "1.3")
    assert "still running" in first("sleeps", "1.5")
    assert "while starter/rnn.py was loaded" in first("exits-at-import", "1.1")


def test_what_can_not_be_graded_is_invalid_with_the_reason(broken_records):
    assert broken_records["bad"]["status"] == "invalid" and "can't be read" in broken_records["bad"]["reason"]
    assert (
        broken_records["nothing"]["status"] == "invalid"
        and "no file of the course" in broken_records["nothing"]["reason"]
    )


def test_the_next_submission_is_graded_as_if_nothing_had_been(broken_records, course):
    scores = {task["id"]: task["score"] for task in broken_records["z-fine"]["tasks"]}
    own = [task for task in course.graded if task.module == "rnn"]
    assert {task.id: scores[task.id] for task in own} == {task.id: task.points for task in own}
