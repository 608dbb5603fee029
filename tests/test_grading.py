"""Grading a class: the example submissions, what a task forbids, reports, arguments of the command line."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.examples import LEFT_OPEN, OF_EACH, write_examples
from grader.references import variants_of
from grader.reports.student import student_page
from grader.reports.table import to_csv
from grader.results import clean, is_missing
from grader.tasks import load_course
from tests.conftest import ROOT
from tests.grading import graded, points, run, solved, verdicts


def tried(course):
    """The tasks of which a known mistake is handed in here, some of each notebook; tests/test_bank.py tries all mistakes."""
    return course.graded[::3]


def is_of_a_task(name: str) -> bool:
    return name[0].isdigit()


@pytest.fixture(scope="module")
def example_records(tmp_path_factory, course):
    folder = tmp_path_factory.mktemp("class")
    for name in write_examples(folder / "in", course):
        if is_of_a_task(name) and name.split("-")[0] not in {task.id for task in tried(course)}:
            shutil.rmtree(folder / "in" / name)
    # in one job: a second one would record what each known mistake answers once more
    return graded(folder / "in", folder / "out", "--seed", "11")


@pytest.mark.parametrize("student", ["complete", "complete-einsum", "complete-fused"])
def test_a_correct_solution_loses_nothing(example_records, course, student):
    record = example_records[student]
    assert record["score"] == record["max_score"] == points(course.graded), record


def test_the_untouched_starter_earns_nothing_on_any_task(example_records, course):
    assert {task["id"]: task["score"] for task in example_records["untouched"]["tasks"]} == dict.fromkeys(
        [task.id for task in course.graded], 0
    )
    assert example_records["untouched"]["pending"] == [task.id for task in course.written]


def test_half_the_work_earns_its_half(example_records, course):
    done = [task for task in course.graded if task.id not in LEFT_OPEN]
    assert example_records["half-done"]["score"] == points(done)
    passed = [task for task, verdict in verdicts(example_records["half-done"]).items() if verdict == "passed"]
    assert passed == [task.id for task in done]
    assert {task.notebook for task in done} == set(course.notebooks)  # half of each notebook


def test_every_mistake_fails_its_own_task_alone_and_gets_its_hint(example_records, course):
    wrong = []
    for task in tried(course):
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


def test_what_of_another_notebook_was_not_handed_in_is_told_as_that(example_records, course):
    for task in tried(course):
        first = variants_of(task.id)[0]
        record = example_records[f"{task.id}-{first.name.replace('_', '-')}"]
        absent = [entry["id"] for entry in record["tasks"] if is_missing(entry)]
        assert absent == [other.id for other in course.graded if other.notebook != task.notebook]
        assert record["max_score"] == points(course.graded)


# what a task forbids


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
    ("return torch.nn.functional.embedding(ids, self.weight, self.padding_idx)", "Embedding"),
    ("from torch.nn import Embedding as Table; return Table(self.num_embeddings, self.embedding_dim)(ids)", "Embedding"),
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
    (["from toolkit.order import train_step"], True),
    (["import toolkit.order as o\ntrain_step = o.train_step"], True),
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


# reports and the command line


def test_reports_escape_what_comes_from_a_submission(course):
    name = "=cmd|' /C calc'!A0<script>alert(1)</script>\x1b[31m,\"x\""
    check = {"name": "n", "sentence": "s", "verdict": "failed", "hidden": False, "message": "<b>m</b>", "hint": "<i>"}
    secret = check | {"hidden": True, "sentence": "a secret sentence", "message": "a secret message"}
    task = {"id": "1.1", "points": 2, "score": 0, "verdict": "failed", "checks": [check, secret], "lint": []}
    entry = {"student": name, "status": "graded", "score": 0, "max_score": 2, "pending": ["1.9"], "tasks": [task]}
    page = student_page(entry, course)
    assert "<script>" not in page and "<b>m</b>" not in page and "\x1b" not in page and "secret" not in page
    rows = list(csv.reader(io.StringIO(to_csv({"submissions": [entry]}))))
    assert rows[1][0] == f"'{clean(name)}"


UNUSABLE = [
    (["grade", "nowhere", "--out", "x"], "does not exist"),
    (["grade", "notebooks/01_sine_wave_rnn.ipynb", "--out", "x"], "neither a folder nor a zip"),
    (["check", "7.7"], "names no task or notebook"),
    (["check", "2.11"], "names no task or notebook; the tasks of notebook 2 that can be checked are 2.1, 2.2"),
    (["check", "2.1", "2.99"], "'2.99' names no task or notebook"),
    (["check", "9"], f"'9' names no task or notebook; expected a notebook ({', '.join(load_course().notebooks)}"),
    (["check", "09_no_such_notebook"], "names no task or notebook"),
    (["check", "1.9"], "a written answer"),
    (["check", "2.10"], "a written answer"),
    (["check", "3.9"], "a written answer"),
    (["check", "4.11"], "a written answer"),
    (["check", "2."], "names no task or notebook"),
    (["check", ""], "names no task or notebook"),
    (["check", "1.1", "--impl", "nowhere"], "neither starter, solution nor"),
    (["grade", "starter", "--out", "x", "--device", "tpu"], "tpu"),
    (["grade", "starter", "--out", "x", "--isolation", "strict"], "holds no submission"),
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

    tasks = [task for task in course.graded if task.forbids and task.module]
    found = [findings(task, solved(course, task.module) + "\n" + lines, course) for task in tasks]
    assert any(entry.forbidden for entries in found for entry in entries)


@pytest.mark.parametrize("line", ["torch.os.sys.modules", "nn.Module.__subclasses__()", "make_windows.__globals__",
                                  "__spec__.loader", "(_ for _ in ()).gi_frame.f_back"])  # fmt: skip
def test_a_way_into_other_modules_is_for_a_person_to_see(course, line):
    from grader.lint import findings

    text = solved(course, make_windows=line)
    assert [finding.forbidden for finding in findings(course.tasks["1.1"], text, course)] == [False]
    assert not findings(course.tasks["1.2"], text, course)
    assert not findings(course.tasks["1.1"], solved(course, make_windows="series.sys = series.gc"), course)


def test_a_finding_is_told_in_a_line(course):
    from grader.lint import findings

    (found,) = findings(course.tasks["1.1"], f"import toolkit.{'A' * 100_000}", course)
    assert len(found.record()["message"]) < 250 and found.record()["message"].endswith("torch and the standard library")


def test_lint_is_bounded(course):
    from grader.lint import MAX_FINDINGS, findings

    start = time.perf_counter()
    long = "q" + ".a" * 400 + "\n"
    assert (
        len(findings(course.tasks["1.2"], "from torch import nn\n" + "nn.RNN\n" * 5_000 + long * 200, course))
        == MAX_FINDINGS
    )
    assert time.perf_counter() - start < 30
