"""Grading whole classes: the example class, broken submissions, resuming, the same record twice.

The broken submissions and the small class hand in `starter/rnn.py` alone: what they try is the same for every notebook.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.examples import LEFT_OPEN, OF_EACH, write_examples
from grader.references import sources_of, variants_of
from grader.reports.student import student_page
from grader.reports.table import to_csv
from grader.results import is_missing
from grader.tasks import Task
from tests.conftest import ROOT

# what is graded once for several tests stays in one process when tests run in several
of_the_class, of_the_broken, of_the_small_class = map(pytest.mark.xdist_group, ("class", "broken", "small class"))


def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
    """`python -m grader …`, to its end."""
    command = [sys.executable, "-m", "grader", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, cwd=ROOT, **options)


def graded(submissions: Path, out: Path, *arguments: str) -> dict[str, dict]:
    """student → record."""
    done = run("grade", submissions, "--out", out, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {entry["student"]: entry for entry in json.loads((out / "results.json").read_bytes())["submissions"]}


def points(tasks: list[Task]) -> int:
    return sum(task.points for task in tasks)


def verdicts(record: dict) -> dict[str, str]:
    return {task["id"]: task["verdict"] for task in record["tasks"]}


@pytest.fixture(scope="module")
def example_records(tmp_path_factory, course):
    folder = tmp_path_factory.mktemp("class")
    write_examples(folder / "in", course)  # OF_EACH of each bank; tests/test_bank.py tries them all
    # in one job: a second one would record what each known mistake answers once more
    return graded(folder / "in", folder / "out", "--seed", "11")


@of_the_class
@pytest.mark.parametrize("student", ["complete", "complete-einsum", "complete-fused"])
def test_a_correct_solution_loses_nothing(example_records, course, student):
    record = example_records[student]
    assert record["score"] == record["max_score"] == points(course.graded), record


@of_the_class
def test_the_untouched_starter_earns_nothing_on_any_task(example_records, course):
    assert {task["id"]: task["score"] for task in example_records["untouched"]["tasks"]} == dict.fromkeys(
        [task.id for task in course.graded], 0
    )
    assert example_records["untouched"]["pending"] == [task.id for task in course.written]


@of_the_class
def test_half_the_work_earns_its_half(example_records, course):
    done = [task for task in course.graded if task.id not in LEFT_OPEN]
    assert example_records["half-done"]["score"] == points(done)
    passed = [task for task, verdict in verdicts(example_records["half-done"]).items() if verdict == "passed"]
    assert passed == [task.id for task in done]
    assert {task.notebook for task in done} == set(course.notebooks)  # half of each notebook


@of_the_class
def test_every_mistake_fails_its_own_task_alone_and_gets_its_hint(example_records, course):
    wrong = []
    for task in course.graded:
        present = [v for v in variants_of(task.id) if f"{task.id}-{v.name.replace('_', '-')}" in example_records]
        assert len(present) >= OF_EACH
        for variant in present:
            record = example_records[f"{task.id}-{variant.name.replace('_', '-')}"]
            missed = [
                entry["id"] for entry in record["tasks"] if entry["verdict"] != "passed" and not is_missing(entry)
            ]
            checks = next(entry["checks"] for entry in record["tasks"] if entry["id"] == task.id)
            if missed != [task.id] or variant.hint not in [check["hint"] for check in checks]:
                wrong.append((record["student"], missed, [check["hint"] for check in checks if check["hint"]]))
    assert wrong == []


@of_the_class
def test_what_of_another_notebook_was_not_handed_in_is_told_as_that(example_records, course):
    for task in course.graded:
        first = variants_of(task.id)[0]
        record = example_records[f"{task.id}-{first.name.replace('_', '-')}"]
        absent = [entry["id"] for entry in record["tasks"] if is_missing(entry)]
        assert absent == [other.id for other in course.graded if other.notebook != task.notebook]
        assert record["max_score"] == points(course.graded)


# broken submissions


def solved(course, module: str = "rnn", **patches: str) -> str:
    """The reference's module with lines put at the start of functions: solved(course, forecast="raise OSError")."""
    text = sources_of(module)[0][1]
    for symbol, line in patches.items():
        task = next(task for task in course.graded if (task.module, task.symbol) == (module, symbol))
        begin = re.compile(rf"^( *)### BEGIN SOLUTION {re.escape(task.id)}$", re.MULTILINE)
        text, count = begin.subn(lambda found, line=line: f"{found[0]}\n{found[1]}{line}", text)
        assert count == 1
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


@of_the_broken
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_submission_costs_its_own_task(broken_records, name):
    got = verdicts(broken_records[name])
    assert {task: got[task] for task in BROKEN[name][1]} == BROKEN[name][1]
    assert broken_records[name]["status"] == "graded"


@of_the_broken
def test_a_missing_module_is_told_and_the_maximum_stays(broken_records, course):
    record = broken_records["no-module"]
    assert verdicts(record)["1.1"] == "error" and record["max_score"] == points(course.graded)
    assert "starter/rnn.py is missing" in record["tasks"][0]["checks"][0]["message"]


@of_the_broken
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


@of_the_broken
def test_what_can_not_be_graded_is_invalid_with_the_reason(broken_records):
    assert broken_records["bad"]["status"] == "invalid" and "can't be read" in broken_records["bad"]["reason"]
    assert (
        broken_records["nothing"]["status"] == "invalid"
        and "no file of the course" in broken_records["nothing"]["reason"]
    )


@of_the_broken
def test_the_next_submission_is_graded_as_if_nothing_had_been(broken_records, course):
    scores = {task["id"]: task["score"] for task in broken_records["z-fine"]["tasks"]}
    own = [task for task in course.graded if task.module == "rnn"]
    assert {task.id: scores[task.id] for task in own} == {task.id: task.points for task in own}


@pytest.mark.parametrize("line, task", [
    ("return nn.RNNCell(self.input_size, self.hidden_size)(x, h)", "RNNCell"),
    ("return torch.rnn_tanh_cell(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)", "RNNCell"),
    ("from torch.nn import RNN as Mine; return Mine(1, 1)(x)", "RNN"),
    ("return dict(zip('ab', torch.autograd.grad(x.sum(), [x])))", "bptt"),
    ("x.sum().backward()", "bptt"), ("from solution.rnn import bptt as theirs", "bptt"),
    ("from toolkit.stand_ins import forecast as theirs; return theirs(model, context, steps)", "forecast"),
    ("return nn.LSTMCell(self.input_size, self.hidden_size)(x, state)", "LSTMCell"),
    ("return torch.lstm_cell(x, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)", "LSTMCell"),
    ("from torch.nn.modules.rnn import GRUCell as Cell; return Cell(1, 2)(x, h)", "GRUCell"),
    ("return torch._VF.gru_cell(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)", "GRUCell"),
    ("return nn.utils.clip_grad_norm_(parameters, max_norm)", "clip_gradient_norm_"),
    ("total = torch.stack([p.grad.norm() for p in parameters])", "clip_gradient_norm_"),
    ("total = torch.linalg.vector_norm(parameters[0].grad)", "clip_gradient_norm_"),
    ("total = torch.nn.utils.get_total_norm([p.grad for p in parameters])", "clip_gradient_norm_"),
])  # fmt: skip
def test_what_a_task_forbids_is_found(course, line, task):
    from grader.lint import findings

    entry = next(entry for entry in course.graded if entry.symbol == task)
    text = solved(course, entry.module, **{task: line})
    assert [finding.forbidden for finding in findings(entry, text, course)] == [True]
    others = [other for other in course.graded if other.module == entry.module and other.id != entry.id]
    assert not any(finding.forbidden for other in others for finding in findings(other, text, course))


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


@of_the_small_class
def test_the_same_seed_gives_the_same_record_in_any_number_of_jobs(small_class, tmp_path):
    graded(small_class / "in", tmp_path, "--seed", "5", "--jobs", "2")
    assert (tmp_path / "results.json").read_bytes() == (small_class / "whole" / "results.json").read_bytes()


@of_the_small_class
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


@of_the_small_class
def test_resuming_grades_again_what_was_changed(small_class, course, tmp_path):
    for name, made in (("in", "in"), ("out", "whole")):
        shutil.copytree(small_class / made, tmp_path / name)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}
    (tmp_path / "in" / "student-0" / "starter" / "rnn.py").write_text(solved(course), encoding="utf-8")
    records = graded(tmp_path / "in", tmp_path / "out", "--resume")
    assert verdicts(records["student-0"])["1.1"] == "passed" and verdicts(records["student-2"])["1.1"] != "passed"
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}
    assert sum(after[name] != when for name, when in before.items()) == 1


def test_reports_escape_what_comes_from_a_submission(course):
    name = "=cmd|' /C calc'!A0<script>alert(1)</script>\x1b[31m,\"x\""
    check = {"name": "n", "sentence": "s", "verdict": "failed", "hidden": False, "message": "<b>m</b>", "hint": "<i>"}
    secret = check | {"hidden": True, "sentence": "a secret sentence", "message": "a secret message"}
    task = {"id": "1.1", "points": 2, "score": 0, "verdict": "failed", "checks": [check, secret], "lint": []}
    entry = {"student": name, "status": "graded", "score": 0, "max_score": 2, "pending": ["1.9"], "tasks": [task]}
    page = student_page(entry, course)
    assert "<script>" not in page and "<b>m</b>" not in page and "\x1b" not in page and "secret" not in page
    rows = list(csv.reader(io.StringIO(to_csv({"submissions": [entry]}))))
    assert rows[1][0] == f"'{name}"


UNUSABLE = [
    (["grade", "nowhere", "--out", "x"], "does not exist"),
    (["grade", "notebooks/01_sine_wave_rnn.ipynb", "--out", "x"], "neither a folder nor a zip"),
    (["check", "7.7"], "names no task or notebook"),
    (["check", "2.11"], "names no task or notebook; the tasks of notebook 2 that can be checked are 2.1, 2.2"),
    (["check", "2.1", "2.99"], "'2.99' names no task or notebook"),
    (["check", "3"], "'3' names no task or notebook; expected a notebook (1, 2"),
    (["check", "03_imdb_sentiment"], "names no task or notebook"),
    (["check", "1.9"], "a written answer"),
    (["check", "2.10"], "a written answer"),
    (["check", "2."], "names no task or notebook"),
    (["check", ""], "names no task or notebook"),
    (["check", "1.1", "--impl", "nowhere"], "neither starter, solution nor"),
    (["grade", "starter", "--out", "x", "--device", "tpu"], "tpu"),
    (["grade", "starter", "--out", "x", "--isolation", "strict"], "file access control"),
]


@pytest.mark.parametrize("arguments, words", UNUSABLE)
def test_unusable_arguments_are_told_with_the_mend(arguments, words, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("UNROLLED_WARM", "0")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2 and words in done.stderr, done.output
    assert isinstance(done.exception, SystemExit) and not done.stdout  # no traceback


def test_unusable_arguments_end_the_command(tmp_path):
    done = run("check", "2.11", env=os.environ | {"UNROLLED_WARM": "0"})
    assert done.returncode == 2 and "'2.11' names no task or notebook" in done.stderr and "Traceback" not in done.stderr


def test_a_folder_that_can_not_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "in" / "starter").mkdir(parents=True)
    done = run("grade", tmp_path / "in", "--out", tmp_path / "file" / "out")
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
            text = solved(course, task.module) + "\n" + lines
            assert not [entry for entry in findings(task, text, course) if entry.forbidden]


@pytest.mark.parametrize("lines", ["ag = torch.autograd\nag.grad(1, 2)\n", "Cell = nn.RNNCell\nCell(1, 1)\n",
                                   "class Mine(nn.RNN): ...\n\n\nMine(1, 1)\n", "nn.RNNCell.forward(None, 1)\n"])  # fmt: skip
def test_an_alias_or_a_subclass_hides_nothing(course, lines):
    from grader.lint import findings

    found = [
        findings(task, solved(course, task.module) + "\n" + lines, course) for task in course.graded if task.forbids
    ]
    assert any(entry.forbidden for entries in found for entry in entries)


def test_lint_is_bounded(course):
    from grader.lint import MAX_FINDINGS, findings

    start = time.perf_counter()
    long = "q" + ".a" * 400 + "\n"
    assert (
        len(findings(course.tasks["1.2"], "from torch import nn\n" + "nn.RNN\n" * 5_000 + long * 200, course))
        == MAX_FINDINGS
    )
    assert time.perf_counter() - start < 30
