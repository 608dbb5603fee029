"""Handing in: one zip that the grader takes in as it is, looked at before it is written, with a receipt."""

from __future__ import annotations

import json
import re
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.grade import released_cells
from grader.intake import find, read
from grader.progress import digest_of_cell, remember
from grader.references import sources_of
from grader.results import CheckResult, TaskResult
from grader.student.submit import SubmitError, file_name, submit
from tests.conftest import ROOT
from tests.grading import solved_notebook

NOTEBOOK = "notebooks/01_sine_wave_rnn.ipynb"


def files_of(course) -> set[str]:
    notebooks = course.notebooks.values()
    return {f"starter/{entry.module}.py" for entry in notebooks} | {
        f"notebooks/{entry.name}.ipynb" for entry in notebooks
    }


@pytest.fixture
def copy(tmp_path, course) -> Path:
    """A student's folder: notebook 1 and its module solved, the other modules and notebooks as released."""
    root = tmp_path / "copy"
    for path in files_of(course):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes((ROOT / path).read_bytes())
    (root / "starter" / "rnn.py").write_text(sources_of("rnn")[0][1], encoding="utf-8")
    (root / NOTEBOOK).write_text(json.dumps(solved_notebook()), encoding="utf-8")
    return root


def test_the_zip_is_taken_in_as_it_is(copy, course, tmp_path):
    (copy / "starter" / "helpers.py").write_text("x = 1\n")
    done = submit(copy, "Zoë O'Neil, Jr.", course, tmp_path / "out")
    (submission,), ignored = find(tmp_path / "out")
    assert (submission.student, ignored) == ("Zoë O'Neil, Jr", ["Zoë O'Neil, Jr.receipt.txt"])
    material = read(submission, course, released_cells(course))
    assert material.modules["rnn"] == sources_of("rnn")[0][1] and not material.problems
    with zipfile.ZipFile(done.zip) as archive:
        assert set(archive.namelist()) == files_of(course)
    first, second = (course.graded_in(course.notebooks[number]) for number in "12")
    told = "\n".join(done.told)
    assert f"Notebook 1, Sine waves: none of {len(first)} tasks still to do; no written answer yet: 1.9." in told
    assert f"Notebook 2, Echo and recall: all {len(second)} tasks still to do; no written answer yet: 2.10." in told
    assert "Not in the zip, since only the course's own files are graded: starter/helpers.py." in told


def test_a_task_half_begun_and_an_answer_are_counted(copy, course):
    stub = "    raise NotImplementedError('Task 1.4: x is still to do.')\n"
    module = copy / "starter" / "rnn.py"
    module.write_text(module.read_text(encoding="utf-8") + f"def more():\n{stub}", encoding="utf-8")
    notebook = json.loads((copy / NOTEBOOK).read_bytes())
    answer = next(cell for cell in notebook["cells"] if cell["id"] == "task-1-9")
    answer["source"] = ["Because it forgets."]
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "task-1-7"]
    (copy / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")
    count = len(course.graded_in(course.notebooks["1"]))
    assert f"2 of {count} tasks still to do (1.4, 1.7)." in submit(copy, "Ann", course, copy).told[0]


def test_the_same_work_has_the_same_digest_and_each_receipt_is_kept(copy, course):
    one, two = (submit(copy, name, course, copy) for name in ("Ann", "Bo"))
    assert one.digest == two.digest == sha256(one.zip.read_bytes()).hexdigest()
    again = submit(copy, "Ann", course, copy)
    text = again.receipt.read_text(encoding="utf-8")
    assert text.count(f"SHA-256 {one.digest}") == 2
    assert re.match(r"Ann\.zip, packed \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC for Ann\n", text)
    content = (copy / "starter" / "rnn.py").read_bytes()
    assert f"  starter/rnn.py  {len(content):,} bytes  {sha256(content).hexdigest()}" in text
    (copy / "starter" / "rnn.py").write_bytes(content + b"\n")
    assert submit(copy, "Ann", course, copy).digest != one.digest


@pytest.mark.parametrize(
    ("name", "called"),
    [("Ada Lovelace", "Ada Lovelace"), ("  ada\tl \n", "ada l"), ("Gödel", "Gödel"), ("Go\N{COMBINING DIAERESIS}del", "Gödel"),
     ("../../etc/x", "etc-x"), ("a/b:c*d", "a-b-c-d"), ("עדה", "עדה"), ("a\N{RIGHT-TO-LEFT OVERRIDE}b\x1b[31m", "ab-31m"),
     ("con", "con_"), ("NUL.x", "NUL.x_"), ("Jr.", "Jr"), ("--out", "out"), ("s1234567@uni", "s1234567@uni")],
)  # fmt: skip
def test_a_name_becomes_one_that_every_system_takes(name, called):
    assert file_name(name) == called


@pytest.mark.parametrize("name", ["", " . ", "///", "x" * 200])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(SubmitError, match="--name"):
        file_name(name)


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("starter/rnn.py", b"def f(:\n", "starter/rnn.py, line 1, is no Python: invalid syntax"),
        ("starter/rnn.py", b"\xff\xfe", "starter/rnn.py is not UTF-8 text"),
        ("starter/rnn.py", b"#" * (2**20 + 1), "starter/rnn.py is larger than 1,048,576 bytes"),
        (NOTEBOOK, b"{", "01_sine_wave_rnn.ipynb is no notebook that can be graded"),
    ],
)
def test_what_the_grader_can_not_read_is_not_packed_unless_it_is_asked_for(copy, monkeypatch, path, content, said):
    (copy / path).write_bytes(content)
    monkeypatch.chdir(copy)
    done = CliRunner().invoke(app, ["submit", "--name", "Ann"])
    assert (done.exit_code, list(copy.glob("*.zip"))) == (2, [])
    assert said in done.output and "--anyway" in done.output and "Traceback" not in done.output
    done = CliRunner().invoke(app, ["submit", "--name", "Ann", "--anyway"])
    assert done.exit_code == 0 and (copy / "Ann.zip").is_file() and said in done.output


def test_a_notebook_that_was_checked_and_not_saved_is_named(copy, course):
    passed = TaskResult("1.6", 3, [CheckResult("a", "", "passed")])
    saved = next("".join(cell["source"]) for cell in solved_notebook()["cells"] if cell["id"] == "task-1-6")
    remember(copy, passed, None, digest_of_cell("train_step", f"# as it was checked\n{saved}"))
    assert submit(copy, "Ann", course, copy).zip.is_file()  # a comment more or less is the same
    remember(copy, passed, None, digest_of_cell("train_step", "def train_step():\n    return 0.0\n"))
    with pytest.raises(
        SubmitError, match=r"the saved cell of train_step \(task 1\.6\) is not the one that was last checked"
    ):
        submit(copy, "Ann", course, copy)
    (copy / NOTEBOOK).write_text(
        json.dumps(solved_notebook()).replace("def train_step(", "def train_step(("), encoding="utf-8"
    )
    with pytest.raises(SubmitError, match=r"the cell of train_step \(task 1\.6\) is no Python"):
        submit(copy, "Ann", course, copy)


def test_without_work_or_a_name_it_says_what_to_do(tmp_path, monkeypatch, course):
    with pytest.raises(SubmitError, match="holds no work"):
        submit(tmp_path, "Ann", course, tmp_path)
    (tmp_path / "starter").mkdir()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["submit"])
    assert done.exit_code == 2 and "Give your name or student id" in done.output
    assert CliRunner().invoke(app, ["submit", "--name", "Ann"]).exit_code == 2
