"""A new release laid over a student's copy: what they wrote is carried over or kept, whatever happens in the middle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.archives import zipped
from grader.cli import app
from grader.references import sources_of
from grader.student import journal
from grader.student.journal import JOURNAL
from grader.student.merge import merge_code, to_do
from grader.student.merge_notebooks import merge_notebooks
from grader.student.released import RELEASED, packed
from grader.student.update import UpdateError, run_update
from grader.tasks import load_course
from tests.conftest import ROOT

STUB = '    # TODO {0}: A task\n    # {1}\n    raise NotImplementedError("Task {0}: A task is still to do.")\n'
MODULE = '"""A module."""\n\n\ndef first(x):\n    """The first."""\n' + STUB.format("1.1", "A hint.") + \
         '\n\ndef second(x):\n    """The second."""\n' + STUB.format("1.2", "Another hint.")  # fmt: skip
SOLVED = MODULE.replace(STUB.format("1.1", "A hint."), "    return x + 1\n")
REWORDED = MODULE.replace("The first.", "The first of two.").replace("A hint.", "A better hint.")


def cell(source: str, name: str, kind: str = "code", **more) -> dict:
    outputs = {"outputs": [], "execution_count": None} if kind == "code" else {}
    role = {"nbgrader": {"grade_id": name}} if name.startswith("task") else {}
    return (
        {"cell_type": kind, "id": name, "metadata": role, "source": source.splitlines(keepends=True)} | outputs | more
    )


def notebook(*cells: dict) -> bytes:
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def texts(content: bytes) -> list[str]:
    return ["".join(each["source"]) for each in json.loads(content)["cells"]]


STEP = "def step(x):\n" + STUB.format("1.6", "Your turn.")
NOTEBOOK = notebook(cell("# Title", "t", "markdown"), cell(STEP, "task-1-6"), cell('guess = predict("1.5", None)', "p"),
                    cell("*Write your answer here, in the place of this line.*", "task-1-9", "markdown"))  # fmt: skip
FILES = {"starter/rnn.py": MODULE.encode(), "notebooks/01.ipynb": NOTEBOOK, "toolkit/plots.py": b"old = 1\n",
         "toolkit/gone.py": b"", "pyproject.toml": b"[project]\n"}  # fmt: skip

CHANGES = {"starter/rnn.py": REWORDED.encode(), "toolkit/plots.py": b"new = 1\n", "toolkit/gone.py": None}


@pytest.fixture
def copy(tmp_path) -> Path:
    """A student's copy of the first release, in which 1.1 is solved."""
    root = tmp_path / "copy"
    for name, content in (FILES | {RELEASED: packed(FILES), "starter/rnn.py": SOLVED.encode()}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def new(tmp_path):
    """new({path: content}) → the zip of a release in which these files are others; None takes a file away."""

    def make(changes: dict[str, bytes | None]) -> Path:
        files = {name: content for name, content in (FILES | changes).items() if content is not None}
        whole = files | {RELEASED: packed(files)}
        place = tmp_path / "new.zip"
        place.write_bytes(zipped({f"unrolled/{name}": content for name, content in whole.items()}))
        return place

    return make


def everything(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("module", sorted({notebook.module for notebook in load_course().notebooks.values()}))
def test_every_solution_is_carried_into_a_text_that_changed_around_it(module):
    base, own = (ROOT / "starter" / f"{module}.py").read_text(encoding="utf-8"), sources_of(module)[0][1]
    new = (
        base.replace("Args:", "Arguments:").replace("Returns:", "Gives:").replace("# TODO", "# Your turn:\n    # TODO")
    )
    merged = merge_code(base, own, new)
    assert (to_do(merged.text), merged.lost) == (set(), ())
    assert merged.text.count("Gives:") == new.count("Gives:") and merge_code(base, base, new).text == new
    assert merge_code(base, own, base).text == own


def test_a_solution_follows_its_function_to_another_place():
    head, first, second = MODULE.split("\n\n\n")
    merged = merge_code(MODULE, SOLVED, "\n\n\n".join([head, second.rstrip(), first + "\n"]))
    assert "return x + 1" in merged.text and to_do(merged.text) == {"1.2"} and not merged.lost


def test_what_both_changed_is_the_releases_and_the_students_is_named():
    mine = SOLVED.replace('"""The second."""', '"""My own second."""')
    merged = merge_code(MODULE, mine, MODULE.replace('"""The second."""', '"""The 2nd."""'))
    assert "return x + 1" in merged.text and "The 2nd." in merged.text and merged.lost == ('"""My own second."""',)
    both = ["import math\n" + text for text in (SOLVED, REWORDED)]
    assert merge_code(MODULE, *both).text.count("import math") == 1


def test_a_notebook_keeps_answers_predictions_outputs_and_cells_of_ones_own():
    shown = [{"output_type": "stream", "name": "stdout", "text": ["3\n"]}]
    own = notebook(cell("# Title", "t", "markdown"), cell("print(3)", "mine", outputs=shown),
                   cell("def step(x):\n    return x\n", "task-1-6", outputs=shown), cell('guess = predict("1.5", "fades")', "p"),
                   cell("Because.", "task-1-9", "markdown"))  # fmt: skip
    released = notebook(cell("# Another title", "t2", "markdown"), cell("New text.", "n", "markdown"),
                        cell(STEP.replace("Your turn.", "It is your turn."), "task-1-6"),
                        cell('guess = predict("1.5", None)', "p"), cell("Explain.\n\n*Write your answer here, in the place of "
                        "this line.*", "task-1-9", "markdown"))  # fmt: skip
    for content in (own, own.replace(b'"id"', b'"was"')):  # a hosted service may leave the ids out
        merged = merge_notebooks(NOTEBOOK, content, released)
        assert texts(merged.content) == ["# Another title", "New text.", "print(3)", "def step(x):\n    return x\n",
                                         'guess = predict("1.5", "fades")', "Explain.\n\nBecause."]  # fmt: skip
        assert (merged.added, merged.lost) == (1, ())
        with_output = [cell for cell in json.loads(merged.content)["cells"] if cell.get("outputs")]
        assert ["".join(cell["source"])[:8] for cell in with_output] == ["print(3)", "def step"]


def test_an_update_carries_over_keeps_beside_and_tells(copy, new):
    (copy / "toolkit" / "plots.py").write_text("mine = 1\n")
    (copy / "notes.txt").write_text("my notes")
    place = new(CHANGES | {"toolkit/more.py": b"more\n"})
    before = everything(copy)
    dry = run_update(copy, place, dry_run=True)
    assert everything(copy) == before
    lines = run_update(copy, place)
    assert lines[:-1] == dry[:-1] == [
        "starter/rnn.py: your work is carried over: 1.1.",
        "toolkit/plots.py: changed by you, and by the release, whose text it is now. Your file as it was: "
        "toolkit/plots.py.before-update",
        "Files that you have not changed: 1 removed, 1 new.",
    ]  # fmt: skip
    after = everything(copy)
    assert after.pop("toolkit/plots.py.before-update") == b"mine = 1\n" and after["toolkit/plots.py"] == b"new = 1\n"
    assert after["starter/rnn.py"].decode() == REWORDED.replace(
        STUB.format("1.1", "A better hint."), "    return x + 1\n"
    )
    assert after["notes.txt"] == b"my notes" and after["toolkit/more.py"] and "toolkit/gone.py" not in after
    assert run_update(copy, place) == ["This copy is of that release already: nothing was changed."]


def test_work_that_has_no_place_any_more_is_kept_beside(copy, new):
    (copy / "starter" / "rnn.before-update.py").write_text("of an earlier update")
    lines = run_update(copy, new({"starter/rnn.py": b'"""Another module."""\n', "notebooks/01.ipynb": None}))
    assert "Not so 1.1" in lines[0] and "`return x + 1`" in lines[0] and "starter/rnn.before-update-2.py" in lines[0]
    assert (copy / "starter" / "rnn.before-update-2.py").read_text() == SOLVED
    assert not (copy / "notebooks" / "01.ipynb").exists()  # which held nothing of theirs
    (copy / "starter" / "rnn.py").write_bytes(b"\xff\xfe\x00")
    assert "can't be read" in run_update(copy, new({"starter/rnn.py": REWORDED.encode()}))[0]


def test_an_update_that_is_interrupted_anywhere_is_finished_and_loses_nothing(copy, new, monkeypatch):
    place = new(CHANGES)
    start, write = everything(copy), journal.write_atomically
    run_update(copy, place)
    end = everything(copy)
    for files_written in range(5):
        for path in copy.rglob("*.py"):
            path.unlink()
        for name, content in start.items():
            (copy / name).write_bytes(content)
        left = [files_written]

        def fails_later(path, data, left=left):
            if not left[0]:
                raise OSError(28, "No space left on device", str(path))
            left[0] -= 1
            write(path, data)

        monkeypatch.setattr(journal, "write_atomically", fails_later)
        if files_written < 4:
            with pytest.raises(OSError, match="No space left"):
                run_update(copy, place)
        monkeypatch.setattr(journal, "write_atomically", write)
        run_update(copy, place)
        assert everything(copy) == end


def test_work_done_while_an_update_stood_still_is_kept(copy, new, monkeypatch):
    place = new({"starter/rnn.py": REWORDED.encode()})
    monkeypatch.setattr("grader.student.update.apply", lambda *_: ([], []))
    run_update(copy, place)
    monkeypatch.undo()
    assert (copy / JOURNAL).is_file()
    (copy / "starter" / "rnn.py").write_text(SOLVED + "# later\n")
    with pytest.raises(UpdateError, match="to be finished first"):
        run_update(copy, place, dry_run=True)
    assert "starter/rnn.before-update.py" in run_update(copy, place)[0]
    assert (copy / "starter" / "rnn.before-update.py").read_text() == SOLVED + "# later\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"no zip", "it can't be read as a zip"),
        (zipped({"unrolled/README.md": b""}), f"{RELEASED} is not in it"),
        (zipped({"../evil.py": b""}), "which leads out of it"),
        (zipped({f"u/{RELEASED}": b"junk"}), "get the course's zip again"),
        (zipped({f"u/{RELEASED}": packed(FILES), "u/toolkit/plots.py": b"other"}), "is missing or not as it was released"),
    ],
)  # fmt: skip
def test_what_is_no_release_is_refused_in_a_sentence(copy, tmp_path, monkeypatch, content, said):
    if content is not None:
        (tmp_path / "bad.zip").write_bytes(content)
    before = everything(copy)
    monkeypatch.chdir(copy)
    done = CliRunner().invoke(app, ["update", str(tmp_path / "bad.zip")])
    assert (done.exit_code, everything(copy)) == (2, before)
    assert said in done.output and "Nothing was changed" in done.output and "Traceback" not in done.output


def test_a_copy_that_can_not_be_brought_up_to_date_says_why(copy, new):
    with pytest.raises(UpdateError, match="the course's own repository"):
        run_update(ROOT, new({}))
    (copy / ".unrolled").mkdir()
    (copy / JOURNAL).write_bytes(b"junk")
    with pytest.raises(UpdateError, match="delete it, and give the command again"):
        run_update(copy, new({}))
    (copy / JOURNAL).unlink()
    (copy / RELEASED).write_bytes(b"junk")
    with pytest.raises(UpdateError, match="take this file from the course's zip again"):
        run_update(copy, new({}))
    (copy / RELEASED).unlink()
    with pytest.raises(UpdateError, match="which says what this copy was released as"):
        run_update(copy, new({}))
