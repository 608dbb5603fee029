"""Grading whole classes: the example class, broken submissions, resuming, the same record twice."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.examples import write_examples
from grader.references import sources_of, variants_of
from grader.reports.student import student_page
from grader.reports.table import to_csv
from tests.conftest import ROOT


def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
    """`python -m grader …`, to its end."""
    command = [sys.executable, "-m", "grader", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT, **options)


def graded(submissions: Path, out: Path, *arguments: str) -> dict[str, dict]:
    """student → record."""
    done = run("grade", submissions, "--out", out, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {entry["student"]: entry for entry in json.loads((out / "results.json").read_bytes())["submissions"]}


def verdicts(record: dict) -> dict[str, str]:
    return {task["id"]: task["verdict"] for task in record["tasks"]}


@pytest.fixture(scope="module")
def example_records(tmp_path_factory, course):
    folder = tmp_path_factory.mktemp("class")
    write_examples(folder / "in", course)
    return graded(folder / "in", folder / "out", "--jobs", "2", "--seed", "11")


@pytest.mark.parametrize("student", ["complete", "complete-einsum", "complete-fused"])
def test_a_correct_solution_loses_nothing(example_records, student):
    record = example_records[student]
    assert record["score"] == record["max_score"] == 17, record


def test_the_untouched_starter_earns_nothing_on_any_task(example_records):
    assert [task["score"] for task in example_records["untouched"]["tasks"]] == [0] * 7
    assert example_records["untouched"]["pending"] == ["1.9"]


def test_half_the_work_earns_its_half(example_records):
    assert example_records["half-done"]["score"] == 7
    assert verdicts(example_records["half-done"])["1.3"] == "passed"


def test_every_mistake_fails_its_own_task_alone_and_gets_its_hint(example_records, course):
    wrong = []
    for task in course.graded:
        present = [v for v in variants_of(task.id) if f"{task.id}-{v.name.replace('_', '-')}" in example_records]
        assert len(present) >= 8
        for variant in present:
            record = example_records[f"{task.id}-{variant.name.replace('_', '-')}"]
            missed = [entry["id"] for entry in record["tasks"] if entry["verdict"] != "passed"]
            checks = next(entry["checks"] for entry in record["tasks"] if entry["id"] == task.id)
            if missed != [task.id] or variant.hint not in [check["hint"] for check in checks]:
                wrong.append((record["student"], missed, [check["hint"] for check in checks if check["hint"]]))
    assert wrong == []


# broken submissions


def solved(course, **patches: str) -> str:
    """The reference's module with lines put at the start of functions: solved(course, forecast="raise OSError")."""
    text = sources_of("rnn")[0][1]
    for name, line in patches.items():
        marker = {"make_windows": "1.1", "RNNCell": "1.2", "RNN": "1.3", "bptt": "1.4", "forecast": "1.5"}[name]
        text = text.replace(f"### BEGIN SOLUTION {marker}\n", f"### BEGIN SOLUTION {marker}\n    {line}\n".replace(
            "    " + line, ("        " if name in ("RNNCell", "RNN") else "    ") + line))  # fmt: skip
    return text


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


def test_a_missing_module_is_told_and_the_maximum_stays(broken_records):
    record = broken_records["no-module"]
    assert verdicts(record)["1.1"] == "error" and record["max_score"] == 17
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
    assert "still running" in first("sleeps", "1.5")
    assert "while starter/rnn.py was loaded" in first("exits-at-import", "1.1")


def test_what_can_not_be_graded_is_invalid_with_the_reason(broken_records):
    assert broken_records["bad"]["status"] == "invalid" and "can't be read" in broken_records["bad"]["reason"]
    assert (
        broken_records["nothing"]["status"] == "invalid"
        and "no file of the course" in broken_records["nothing"]["reason"]
    )


def test_the_next_submission_is_graded_as_if_nothing_had_been(broken_records):
    assert [task["score"] for task in broken_records["z-fine"]["tasks"][:5]] == [2, 3, 2, 4, 2]


@pytest.mark.parametrize("line, task", [
    ("return nn.RNNCell(self.input_size, self.hidden_size)(x, h)", "RNNCell"),
    ("return torch.rnn_tanh_cell(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)", "RNNCell"),
    ("from torch.nn import RNN as Mine; return Mine(1, 1)(x)", "RNN"),
    ("return dict(zip('ab', torch.autograd.grad(x.sum(), [x])))", "bptt"),
    ("x.sum().backward()", "bptt"), ("from solution.rnn import bptt as theirs", "bptt"),
    ("from toolkit.stand_ins import forecast as theirs; return theirs(model, context, steps)", "forecast"),
])  # fmt: skip
def test_what_a_task_forbids_is_found(course, line, task):
    from grader.lint import findings

    entry = next(entry for entry in course.graded if entry.symbol == task)
    assert [finding.forbidden for finding in findings(entry, solved(course, **{task: line}), course)] == [True]
    others = [other for other in course.graded if other.module and other.id != entry.id]
    assert not any(finding.forbidden for other in others for finding in findings(other, solved(course), course))


TRAIN_STEP = "def train_step(*args):\n    return {}(*args)"


@pytest.mark.parametrize("cells, forbidden", [
    ([TRAIN_STEP.format("stand_ins.train_step")], True),
    (["from toolkit.stand_ins import train_step"], True),
    (["from toolkit.stand_ins import train_step as given\n" + TRAIN_STEP.format("given")], True),
    (["import toolkit.stand_ins as s\ntrain_step = s.train_step"], True),
    (["from toolkit import stand_ins\n" + TRAIN_STEP.format("mine")], False),
    (["fit(stand_ins.train_step)", TRAIN_STEP.format("mine")], False),
    (["%matplotlib inline\n" + TRAIN_STEP.format("mine")], False),
    (["import sys, toolkit.plots\n" + TRAIN_STEP.format("mine")], False),
])  # fmt: skip
def test_a_cell_may_not_hand_in_what_the_course_gives(course, cells, forbidden):
    from grader.lint import defining, findings

    text = defining("train_step", cells)
    assert bool(text and findings(course.tasks["1.6"], text, course)) == forbidden


def test_a_forbidden_call_costs_the_task_and_is_told(tmp_path, course):
    text = solved(course, RNNCell="return torch.rnn_tanh_cell(x, x.new_zeros(len(x), self.hidden_size) if h is None else h, "
                                  "self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)")  # fmt: skip
    (tmp_path / "in" / "starter").mkdir(parents=True)
    (tmp_path / "in" / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    record = graded(tmp_path / "in", tmp_path / "out")["in"]
    task = record["tasks"][1]
    assert (task["score"], task["verdict"]) == (0, "failed") and "torch.rnn_tanh_cell is not allowed" in task["lint"][
        0
    ]["message"]
    assert record["tasks"][2]["score"] == 2


# the run


@pytest.fixture
def small_class(tmp_path, course):
    for number in range(4):
        place = tmp_path / "in" / f"student-{number}" / "starter"
        place.mkdir(parents=True)
        (place / "rnn.py").write_text(
            solved(course, **({} if number % 2 else {"forecast": "return context"})), encoding="utf-8"
        )
    return tmp_path


def test_the_same_seed_gives_the_same_record(small_class):
    for out, jobs in (("a", "1"), ("b", "2")):
        graded(small_class / "in", small_class / out, "--seed", "5", "--jobs", jobs)
    assert (small_class / "a" / "results.json").read_bytes() == (small_class / "b" / "results.json").read_bytes()
    graded(small_class / "in", small_class / "c", "--seed", "6")
    assert (small_class / "a" / "results.json").read_bytes() != (small_class / "c" / "results.json").read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_a_run_that_was_killed_goes_on_where_it_stood(small_class):
    graded(small_class / "in", small_class / "whole", "--seed", "5")
    out = small_class / "out"
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


def test_resuming_grades_again_what_was_changed(small_class, course):
    graded(small_class / "in", small_class / "out", "--seed", "5")
    (small_class / "in" / "student-0" / "starter" / "rnn.py").write_text(solved(course), encoding="utf-8")
    records = graded(small_class / "in", small_class / "out", "--resume")
    assert verdicts(records["student-0"])["1.5"] == "passed"


def test_reports_escape_what_comes_from_a_submission(course):
    name = "=cmd|' /C calc'!A0<script>alert(1)</script>\x1b[31m,\"x\""
    check = {"name": "n", "sentence": "s", "verdict": "failed", "hidden": False, "message": "<b>m</b>", "hint": "<i>"}
    secret = check | {"hidden": True, "sentence": "a secret sentence", "message": "a secret message"}
    task = {"id": "1.1", "points": 2, "score": 0, "verdict": "failed", "checks": [check, secret], "lint": []}
    entry = {"student": name, "status": "graded", "score": 0, "max_score": 17, "pending": ["1.9"], "tasks": [task]}
    page = student_page(entry, course)
    assert "<script>" not in page and "<b>m</b>" not in page and "\x1b" not in page and "secret" not in page
    rows = list(csv.reader(io.StringIO(to_csv({"submissions": [entry]}))))
    assert rows[1][0] == f"'{name}"


@pytest.mark.parametrize("arguments, words", [
    (["grade", "nowhere", "--out", "x"], "does not exist"),
    (["grade", "notebooks/01_sine_wave_rnn.ipynb", "--out", "x"], "neither a folder nor a zip"),
    (["check", "7.7"], "names no task or notebook"),
    (["check", "1.9"], "a written answer"),
    (["check", "1.1", "--impl", "nowhere"], "neither starter, solution nor"),
    (["grade", "starter", "--out", "x", "--device", "tpu"], "tpu"),
    (["grade", "starter", "--out", "x", "--isolation", "strict"], "file access control"),
])  # fmt: skip
def test_unusable_arguments_are_told_with_the_mend(arguments, words):
    done = run(*arguments, env=os.environ | {"UNROLLED_WARM": "0", "COLUMNS": "400"})
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_a_folder_that_can_not_be_written_is_told(tmp_path, small_class):
    (tmp_path / "file").write_text("")
    done = run("grade", small_class / "in", "--out", tmp_path / "file" / "out")
    assert done.returncode == 2 and "--out" in done.stderr and "Traceback" not in done.stderr


INNOCENT = {
    "main guard": 'if __name__ == "__main__":\n    nn.RNN(1, 1)(torch.zeros(1)).sum().backward()\n',
    "shadowed import": "from torch.nn import RNNCell as _unused\n",
    "isinstance": "def helper(cell):\n    return isinstance(cell, nn.RNNCell)\n\n\nKEPT = helper(None)\n",
    "annotation": "def helper(cell: nn.RNN) -> nn.LSTM: ...\n\n\nKEPT = helper\n",
    "own backward": "class Tape:\n    def backward(self): ...\n\n\nTape().backward()\n",
    "no_grad": "torch.autograd.no_grad()\ntorch.autograd.set_detect_anomaly(False)\n",
    "toolkit": "from toolkit.device import pick_device\n",
}


@pytest.mark.parametrize("lines", INNOCENT.values(), ids=INNOCENT)
def test_what_a_task_does_not_forbid_is_no_offence(course, lines):
    from grader.lint import findings

    for task in course.graded:
        if task.module:
            assert not [entry for entry in findings(task, solved(course) + "\n" + lines, course) if entry.forbidden]


@pytest.mark.parametrize("lines", ["ag = torch.autograd\nag.grad(1, 2)\n", "Cell = nn.RNNCell\nCell(1, 1)\n",
                                   "class Mine(nn.RNN): ...\n\n\nMine(1, 1)\n", "nn.RNNCell.forward(None, 1)\n"])  # fmt: skip
def test_an_alias_or_a_subclass_hides_nothing(course, lines):
    from grader.lint import findings

    found = [findings(task, solved(course) + "\n" + lines, course) for task in course.graded if task.module]
    assert any(entry.forbidden for entries in found for entry in entries)


def test_lint_is_bounded(course):
    from grader.lint import MAX_FINDINGS, findings

    start = time.perf_counter()
    long = "q" + ".a" * 400 + "\n"
    assert (
        len(findings(course.tasks["1.2"], "from torch import nn\n" + "nn.RNN\n" * 5_000 + long * 800, course))
        == MAX_FINDINGS
    )
    assert time.perf_counter() - start < 30
