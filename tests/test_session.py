"""What a student's own session does beside judging: it follows edits, ends endless loops, remembers predictions."""

from __future__ import annotations

import importlib
import shutil
import signal
import sys
import threading
import time

import nbformat
import pytest
from nbclient import NotebookClient

from grader import check as session
from grader.engine.alarm import TimeUp, time_limit
from grader.engine.client import Ended
from grader.engine.values import Call
from grader.engine.workbench import Workbench
from grader.predictions import Ledger
from grader.sessions import LocalSession
from tests.conftest import ROOT


def endless():
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def test_a_limit_on_time_passes_code_that_catches_exceptions():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeUp), time_limit(0.1):
        endless()
    assert signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_in_another_thread_there_is_no_limit():
    done = []

    def work():
        with time_limit(0.01):
            time.sleep(0.05)
        done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_an_endless_loop_ends_its_check_in_a_notebook():
    bench = Workbench({"rnn": lambda: {"make_windows": endless, "quick": lambda: 3}})
    local = LocalSession(bench, lambda task: None, seconds=0.2)
    assert local.begin("rnn", []) is None
    local.begin_check()
    with pytest.raises(Ended, match=r"still running after 0\.2 seconds") as caught:
        local.perform(Call("rnn", "make_windows"))
    assert caught.value.verdict == "timeout"
    local.begin_check()
    assert local.perform(Call("rnn", "quick")).value == 3


@pytest.fixture
def ledger(monkeypatch):
    monkeypatch.setattr(session, "_ledger", Ledger())


@pytest.mark.usefixtures("ledger", "capsys")
def test_a_figure_asks_for_the_prediction_that_stands():
    assert session.predicted("1.5") is None and session.predicted("no such") is None
    session.predict("1.5", "fades")
    assert session.predicted("1.5") == "fades"
    session.outcome("1.5", "drifts")
    session.predict("1.5", "drifts")
    assert session.predicted("1.5") == "drifts"


def test_a_cell_that_cannot_be_read_is_told(course, capsys):
    right, broken = "def train_step(model):\n    return 1", "def train_step(model):\n    return ("
    for entered, told in (([right], ""), ([right, broken], "can't be read, line 2"), ([broken, right], ""), ([], "")):
        session._say_if_stale(course.tasks["1.6"], {"In": entered})
        said = capsys.readouterr().out
        assert told in said and bool(said) == bool(told)


def run(folder, *sources: str) -> list[str]:
    """What each cell prints, in a kernel whose `starter` lies in the folder."""
    setup = f"import sys; sys.path.insert(0, {str(folder)!r})"
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (setup, *sources)])
    NotebookClient(node, timeout=60, kernel_name="python3").execute()
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in node.cells[1:]]


def test_edits_are_followed_and_a_broken_file_leaves_the_version_before(tmp_path):
    shutil.copytree(ROOT / "starter", tmp_path / "starter")
    path = tmp_path / "starter" / "rnn.py"
    told = run(
        tmp_path,
        "from grader.check import follow_edits\nfrom starter import rnn\nfollow_edits(); follow_edits()",
        f"file = open({str(path)!r}, 'a'); file.write('\\nANSWER = 42\\n'); file.close()",
        "print(rnn.ANSWER)",
        f"file = open({str(path)!r}, 'a'); file.write('\\ndef broken(:\\n'); file.close()",
        "print(rnn.ANSWER)",
        "print(rnn.ANSWER)",
    )
    assert told[2] == "42\n"
    assert told[4].startswith("rnn.py, line ") and "SyntaxError" in told[4] and told[4].endswith("goes on.\n42\n")
    assert told[5] == "42\n"


def test_what_was_deleted_from_a_module_is_gone(tmp_path):
    shutil.copytree(ROOT / "starter", tmp_path / "starter")
    path = tmp_path / "starter" / "rnn.py"
    told = run(
        tmp_path,
        "from grader.check import follow_edits\nfrom starter import rnn\nfollow_edits()",
        f"from pathlib import Path; file = Path({str(path)!r})\n"
        "file.write_text(file.read_text(encoding='utf-8').replace('def forecast(', 'def forecasts('), encoding='utf-8')",
        "print(hasattr(rnn, 'forecast'), hasattr(rnn, 'forecasts'))",
    )
    assert told[2] == "False True\n"


def test_a_limit_on_time_tears_no_import_of_a_library(tmp_path, monkeypatch):
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "slow_library.py").write_text("import time\ntime.sleep(0.3)\nwhole = True")
    (tmp_path / "endless_module.py").write_text("import time\ntime.sleep(60)")
    for folder in (tmp_path, tmp_path / "site-packages"):
        monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(TimeUp), time_limit(0.1):
        importlib.import_module("slow_library")
        time.sleep(60)
    assert sys.modules["slow_library"].whole
    with pytest.raises(TimeUp), time_limit(0.1):
        importlib.import_module("endless_module")
