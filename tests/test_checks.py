"""The checks themselves, their recordings, and what a student's own session shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from grader import references
from grader.checks.kit import all_checks, checks_of
from grader.engine import quiet_check
from grader.engine.values import Array
from grader.engine.workbench import Workbench
from grader.examples import example_class
from grader.judge import Judge
from grader.recordings import CASES, Live, Saved, moved
from grader.references import Variant, variants_of, with_mistake
from grader.reports.card import card_html, card_text
from grader.results import CheckResult, TaskResult
from grader.sessions import LocalSession
from tests.conftest import ROOT


def test_every_task_has_value_checks_and_its_checks_have_names_of_their_own(course):
    for task in course.graded:
        checks = checks_of(task.id)
        assert sum(check.is_value for check in checks) >= 3, task.id
        assert any(check.hidden for check in checks), task.id
        assert len({check.name for check in checks}) == len(checks)
    assert {check.task for check in all_checks()} == {task.id for task in course.graded}


def test_the_references_cells_find_nothing_judged_and_leave_what_they_imported(monkeypatch):
    """Another thread may import something while they run, and finds all modules where they were."""
    monkeypatch.delitem(sys.modules, "plistlib", raising=False)
    before = dict(sys.modules)
    space = references._run([("a cell", "import plistlib\nfrom grader.check import use\nlayer = use('3.3')")])
    assert sys.modules["plistlib"] is space["plistlib"]
    assert space["use"] is quiet_check.use and space["layer"].__module__ == "solution.text"
    assert {name: sys.modules.get(name) for name in before if name != "reference"} == {
        name: module for name, module in before.items() if name != "reference"
    }


def test_hidden_checks_stand_in_files_that_the_bundle_leaves_out():
    for check in all_checks():
        assert check.function.__module__.endswith("_hidden") == check.hidden, check.name


def test_every_notebook_carries_twenty_points(course):
    for number in course.notebooks:
        assert sum(task.points for task in course.tasks.values() if task.notebook == number) == 20


def test_the_bank_is_as_large_as_a_class_needs(course):
    assert all(len(variants_of(task.id)) >= 15 for task in course.graded)


def test_recorded_cases_hold_every_visible_check_and_no_hidden_one(course):
    saved = Saved()
    for task in course.graded:
        recorded = saved._case(task.id)["checks"]
        assert set(recorded) == {check.name for check in checks_of(task.id, hidden=False)}
        assert all(saved.variants(check) for check in checks_of(task.id, hidden=False))
    assert {path.stem for path in CASES.glob("*.safetensors")} == {task.id for task in course.graded}


def test_on_another_device_the_same_is_expected_there():
    check = checks_of("1.3", hidden=False)[0]
    places = [
        [part.device for part in Saved(device=device).get(check).reference[-1].value] for device in ("cpu", "cuda")
    ]
    assert places == [["cpu", "cpu"], ["cuda", "cuda"]]
    logs = [next(iter(Saved(device=device).variants(check).values())) for device in ("cpu", "cuda")]
    assert [log[-1].value[1].device for log in logs] == ["cpu", "cuda"]
    assert moved(Array(None, (2,), "torch.float32", "meta"), "cuda").device == "meta"


def test_other_seeds_draw_other_inputs(course):
    check = checks_of("1.2")[0]
    one, other = (Live(course, seed).get(check).draws for seed in (1, 2))
    assert not any(a.equal(b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("impl, passed", [("solution", True), ("starter", False)])
def test_the_checks_run_under_pytest(impl, passed, tmp_path):
    if impl == "starter":
        shutil.copytree(ROOT / "starter", tmp_path / "starter")
        shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
        impl = str(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-rp", "-p", "no:cacheprovider",
               "grader/checks", "--impl", impl, "--device", "cpu"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, cwd=ROOT)
    count = len(all_checks())
    right = set(re.findall(r"^PASSED \S+::test_(\w+)", done.stdout, re.MULTILINE))
    last = done.stdout.strip().splitlines()[-1]
    if passed:
        assert f"{count} passed" in last and right == {check.name for check in all_checks()}, done.stdout[-3000:]
        return
    # the starter's parameters are given, so the property checks of them pass, and earn nothing alone
    assert f"{count - len(right)} failed, {len(right)} passed" in last, done.stdout[-3000:]
    assert right and right <= {check.name for check in all_checks() if not check.is_value}


@pytest.mark.parametrize("name", ["2.6", "2.9"])
def test_a_function_that_does_nothing_earns_nothing_where_it_should_work_in_place(course, name):
    task = course.tasks[name]
    bench = Workbench({task.space: lambda: {task.symbol: lambda *args: None}})
    judge = Judge(course, Saved(), LocalSession(bench, lambda task: None), hidden=False)
    assert judge.judge(task).score == 0


# the card


def test_a_card_tells_verdict_message_and_hint_and_escapes_them(course):
    check = CheckResult("n", "One step <computes>.", "failed", message="x < y \x1b[31m", hint="Swap & try.")
    made = TaskResult("1.2", 3, [check])
    task = course.tasks["1.2"]
    page, text = card_html(made, task), card_text(made, task)
    for part in ("One step &lt;computes&gt;.", "x &lt; y", "Swap &amp; try.", "0 of 3"):
        assert part in page
    assert "\x1b" not in page + text and "Hint: Swap & try." in text


def test_a_card_names_the_other_task_whose_todo_was_met(course):
    lines = [card_text(TaskResult("2.5", 2, [CheckResult("n", "It computes.", "failed", message=f"Task {todo} is still to do.")]),
                       course.tasks["2.5"]) for todo in ("2.4: Unrolling any cell", "2.5: The gradient")]  # fmt: skip
    assert "It calls task 2.4, which is still to do." in lines[0] and "Edit `gradient_norms`" in lines[1]


def test_a_property_counts_only_where_the_values_pass():
    def scored(*verdicts):
        value, other, prop = verdicts
        return TaskResult("1.1", 3, [CheckResult("a", "s", value), CheckResult("b", "s", other),
                                     CheckResult("c", "s", prop, is_value=False)]).score  # fmt: skip

    assert scored("passed", "passed", "passed") == 3
    assert scored("passed", "passed", "failed") == 2
    assert scored("passed", "failed", "passed") == 1
    assert scored("failed", "failed", "passed") == 0


# a student's own session


@pytest.fixture
def copy(tmp_path):
    """A student's copy: their own starter/, found before the installed one."""
    shutil.copytree(ROOT / "starter", tmp_path / "starter")
    return tmp_path


def python(folder, code: str, **environment) -> subprocess.CompletedProcess:
    clean = {
        name: value for name, value in os.environ.items() if name not in ("NBGRADER_EXECUTION", "UNROLLED_EXECUTION")
    }
    path = {"PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=180,
                          cwd=folder, env=clean | path | environment)  # fmt: skip


def complete(course) -> str:
    return next(files for name, files in example_class(course, 0) if name == "complete")["starter/rnn.py"]


def test_check_judges_what_is_on_disk_now(copy, course):
    (copy / "solved.py.txt").write_text(complete(course), encoding="utf-8")
    code = """
import shutil, time
from starter import rnn
from grader.check import check, use
check("1.2")
print(use("1.3").__module__)
shutil.copy("solved.py.txt", "starter/rnn.py")
check("1.2")
print(use("1.3").__module__, use("1.3") is rnn.RNN)
start = time.perf_counter(); check("1.2"); print("seconds", time.perf_counter() - start)
"""
    done = python(copy, code)
    assert done.returncode == 0, done.stderr
    assert "to do (0 of 3)" in done.stdout and "passed (3 of 3)" in done.stdout
    assert "toolkit.stand_ins" in done.stdout and "starter.rnn True" in done.stdout
    assert done.stderr == ""  # any word on standard error would score 0 under nbgrader
    state = json.loads((copy / ".unrolled" / "progress.json").read_text())
    assert state["1.2"]["verdict"] == "passed"


def test_a_part_that_builds_on_an_unsolved_one_gives_way_to_a_stand_in(copy, course):
    text = with_mistake(complete(course), course.tasks["1.2"], Variant("1.2", "", "", body="raise NotImplementedError"))
    (copy / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    code = 'from grader.check import check, use; import torch; check("1.3"); use("1.3")(1, 2)(torch.zeros(1, 3, 1))'
    done = python(copy, code)
    assert done.returncode == 0, done.stderr
    assert "passed (2 of 2)" in done.stdout and "Task 1.2 is not solved yet, and RNN builds on it" in done.stdout


def test_a_mistake_is_named_beside_another_one(copy, course):
    body = """
    count = len(series) - length - horizon + 1
    inputs = torch.stack([series[i : i + length] for i in range(count)])
    return inputs, torch.stack([series[i + horizon : i + horizon + length] for i in range(count)])
    """
    text = with_mistake(complete(course), course.tasks["1.1"], Variant("1.1", "", "", body=body))
    (copy / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    done = python(copy, 'from grader.check import check; check("1.1")')  # no feature axis, and no ValueError either
    assert done.stdout.count("the windows need a last axis of size 1") == 1
    assert "expected a ValueError for a series of 3 values" in done.stdout


def test_a_repeated_message_is_told_once(copy):
    (copy / "starter" / "rnn.py").write_text("def broken(:\n", encoding="utf-8")
    done = python(copy, 'from grader.check import check; check("1.1")')
    assert done.stdout.count("SyntaxError") == 1 and "the same" in done.stdout


def test_check_judges_a_cell_of_the_notebook(copy):
    code = """
import torch
from grader.check import check
def train_step(model, optimizer, x, y, max_norm):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x)[0], y)
    loss.backward()
    optimizer.step()
    return loss.item()
check("1.6")
"""
    done = python(copy, code)
    assert "not clipped" in done.stdout and done.stderr == "", done.stderr


@pytest.mark.parametrize(
    "environment, raised",
    [
        ({}, False),
        ({"NBGRADER_EXECUTION": "autograde"}, True),
        ({"NBGRADER_EXECUTION": "validate"}, True),
        ({"UNROLLED_EXECUTION": "1"}, True),
    ],
)
def test_check_raises_only_where_a_verdict_is_wanted(copy, environment, raised):
    done = python(copy, 'from grader.check import check; check("1.1")', **environment)
    assert (done.returncode != 0) == raised
    assert ("NotSolved" in done.stderr) == raised


@pytest.mark.parametrize("environment, raised", [({}, False), ({"UNROLLED_EXECUTION": "1"}, True)])
def test_an_interrupted_check_ends_quietly(copy, course, environment, raised):
    text = complete(course).replace("### BEGIN SOLUTION 1.1\n", "### BEGIN SOLUTION 1.1\n    raise KeyboardInterrupt\n")
    (copy / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    done = python(copy, 'from grader.check import check; check("1.1", "1.2"); print("on")', **environment)
    assert ("KeyboardInterrupt" in done.stderr) == raised and (done.stdout.endswith("on\n")) != raised
    assert ("Stopped: task 1.1 was not judged." in done.stdout) != raised


def test_a_broken_module_is_told_and_nothing_stops(copy):
    (copy / "starter" / "rnn.py").write_text("def broken(:\n", encoding="utf-8")
    done = python(copy, 'from grader.check import check, use; check("1.1"); print(use("1.2").__module__)')
    assert done.returncode == 0, done.stderr
    assert (
        "SyntaxError" in done.stdout and "starter/rnn.py, line 1" in done.stdout and "toolkit.stand_ins" in done.stdout
    )


def terminal(folder, *arguments: str, **environment) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "grader", *arguments], capture_output=True, text=True, check=False,
                          timeout=180, cwd=folder, env={**os.environ, "UNROLLED_WARM": "0"} | environment)  # fmt: skip


def test_check_and_progress_in_a_terminal(copy, course):
    begun = terminal(copy, "progress", COLUMNS="200").stdout
    assert "not checked yet" in begun and "I can explain what a hidden state is" in begun
    (copy / "starter" / "rnn.py").write_text(
        complete(course).replace("torch.tanh(x @", "torch.sigmoid(x @"), encoding="utf-8"
    )
    done = terminal(copy, "check", "1.1", "1.2", "1.3")
    assert done.returncode == 1
    assert "1.1 Windows over a series: passed" in done.stdout and "goes through a sigmoid" in done.stdout
    assert "1.3 Unrolling the cell over a sequence: passed" in done.stdout  # on a stand-in for 1.2
    assert terminal(copy, "check", "1.1").returncode == 0
    (copy / "starter" / "rnn.py").write_text("", encoding="utf-8")
    told = terminal(copy, "progress", COLUMNS="200").stdout
    assert "changed since" in told and re.search(r"batches that a network can learn from.* 1 of 5", told)


def test_the_terminal_says_that_it_judged_the_saved_notebook(copy):
    shutil.copytree(ROOT / "notebooks", copy / "notebooks")
    done = terminal(copy, "check", "1.1", "1.6")
    assert "1.6 A training step with gradient clipping: to do" in done.stdout
    assert done.stdout.count("Judged as 01_sine_wave_rnn.ipynb was last saved, in `train_step`") == 1


def test_an_endless_loop_is_a_verdict_in_a_terminal_too(copy, course, monkeypatch):
    text = complete(course).replace("### BEGIN SOLUTION 1.1\n", "### BEGIN SOLUTION 1.1\n    import os; os._exit(0)\n")
    (copy / "starter" / "rnn.py").write_text(text, encoding="utf-8")
    done = terminal(copy, "check", "1.1", "1.2")
    assert (
        "1.1 Windows over a series: ended the process" in done.stdout
        and "1.2 One step of a recurrent network: passed" in done.stdout
    )


@pytest.fixture
def runtime():
    """A folder with a short path: the address of a socket has at most 107 characters, and pytest's own folders are long."""
    with tempfile.TemporaryDirectory(prefix="u") as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="forking a warm process is for Linux")
def test_the_warm_process_answers_as_the_cold_one(copy, course, runtime):
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "UNROLLED_WARM")}
    environment |= {"XDG_RUNTIME_DIR": str(runtime)}
    code = "from grader import warm; warm.IDLE_SECONDS = 300; warm.main()"
    server = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=ROOT)
    try:
        cold = terminal(copy, "check", "1")
        end = time.monotonic() + 30
        folder = runtime / f"unrolled-{os.getuid()}"
        while not [path for path in folder.glob("*") if not path.suffix] and time.monotonic() < end:
            time.sleep(0.05)
        command = [sys.executable, "-c", "import sys; from grader import warm; sys.exit(warm.run_warm(['check', '1']))"]
        hot = subprocess.run(
            command, env=environment, cwd=copy, capture_output=True, text=True, check=False, timeout=180
        )
        assert (hot.stdout, hot.returncode) == (cold.stdout, cold.returncode), hot.stderr
    finally:
        server.kill()
        server.wait()
