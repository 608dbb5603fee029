"""docs/instructor.md, run as it stands: its bash blocks in order, on a class of three."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.teaching import ANN, BO, CY, NOT_BEGUN, canvas_download

BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENT = (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The folder in which every block was run, and what each command printed."""
    folder = tmp_path_factory.mktemp("day")
    canvas_download(folder / "downloads" / "notebook-2.zip")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                                "PYTHONPATH": str(ROOT), "COLUMNS": "160"}  # fmt: skip
    printed = []
    for kind, file, text in BLOCK.findall(DOCUMENT):
        if file:
            (folder / file).write_text(text, encoding="utf-8")
        elif kind == "bash":
            done = subprocess.run(["bash", "-ec", text], cwd=folder, env=environment, capture_output=True, text=True,
                                  check=False, timeout=600)  # fmt: skip
            assert done.returncode == 0, text + done.stdout + done.stderr
            printed.append(done.stdout)
    return folder, printed


def test_the_day_says_what_it_decided(day):
    folder, (collected, graded, answered, summed, fed_back, regraded, solved) = day
    assert collected == "submissions: 3 students\n"
    assert "grades/index.html" in graded and "2 answers of 3 students" in answered
    assert "Totals: grades/totals.json" in summed
    assert fed_back == "feedback.zip: 3 pages\n"
    assert "Nobody's points changed" in regraded and "the engine are the same" in regraded
    assert "solutions.zip" in solved
    regrading, first = (json.loads((folder / name / "results.json").read_bytes()) for name in ("regraded", "grades"))
    assert regrading == first and first["seed"] == 7


def test_the_totals_join_checks_marks_and_late_days(day, course):
    with (day[0] / "grades" / "totals.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == {ANN, BO, CY}
    points = sum(task.points for task in course.graded if task.notebook == "2" and task.id not in NOT_BEGUN.values())
    assert [rows[ANN][name] for name in ("auto", "manual", "penalty", "score", "max_score", "pending")] == [
        f"{points:.1f}", "2.5", "0.0", f"{points + 2.5:.1f}", "20", ""]  # fmt: skip
    points -= course.tasks["2.3"].points
    assert [rows[BO][name] for name in ("auto", "manual", "days late", "free days", "score", "known by")] == [
        f"{points:.1f}", "0.5", "2", "2", f"{points + 0.5:.1f}", "the LMS: late, and the file's time"]  # fmt: skip
    assert (rows[CY]["status"], rows[CY]["score"], rows[CY]["pending"]) == ("invalid", "0.0", "")


def test_the_feedback_is_named_as_canvas_takes_it_back_and_tells_no_hidden_check(day):
    folder, _ = day
    results = json.loads((folder / "grades" / "results.json").read_bytes())
    hidden = {check[name] for entry in results["submissions"] for task in entry["tasks"] for check in task["checks"]
              if check["hidden"] for name in ("name", "sentence")}  # fmt: skip
    assert hidden
    with zipfile.ZipFile(folder / "feedback.zip") as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(pages) == {
        "ann_101_5001_feedback.html",
        "bo_LATE_102_5004_feedback.html",
        "çelikcy_103_5003_feedback.html",
    }
    assert not [secret for secret in hidden for page in pages.values() if secret in page]
    page = " ".join(pages["bo_LATE_102_5004_feedback.html"].split())
    assert (
        "of 20</strong> points:" in page
        and "Which product makes them vanish?" in page
        and "2 days late, 2 of them free" in page
    )


def test_the_solutions_are_those_of_the_notebooks_that_are_over(day):
    with zipfile.ZipFile(day[0] / "solutions.zip") as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        answers = archive.read("unrolled-solutions/model_answers.md").decode()
    assert names == {"README.md", "model_answers.md", "01_sine_wave_rnn.ipynb", "02_echo_memory.ipynb",
                     "solution/__init__.py", "solution/rnn.py", "solution/gated.py"}  # fmt: skip
    assert "## 1.9" in answers and "## 2.10" in answers and "**Marking: 3 points**" in answers
