"""What a student can do in the end: each sentence tied to tasks, and `progress` says which are reached."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from grader.objectives import load_objectives, reached
from grader.progress import answered
from grader.reports.terminal import objectives_table
from tests.conftest import ROOT
from tests.test_reports import printed

OBJECTIVES = load_objectives()
MENDED = "An answer of two lines.\n"


def test_each_graded_task_shows_something(course):
    assert {task.id for one in OBJECTIVES for task in one.graded} == {task.id for task in course.graded}
    assert {task.id for one in OBJECTIVES for task in one.written} == {task.id for task in course.written}
    assert [one.id for one in OBJECTIVES if len(one.tasks) < 3] == []


@pytest.mark.parametrize(("change", "problem"), [
    (('"1.2", "1.3"', '"1.2", "1.33"'), "hidden-state names task 1.33, which does not exist"),
    (('"4.3", "4.8"', '"4.8"'), "no objective names task 4.3"),
    (('"I can explain', '"You can explain'), "hidden-state says 'You can explain"),
    (('"3.9", "4.11", "5.9"', '"3.9", "4.11"'), "choosing needs a graded task"),
])  # fmt: skip
def test_a_mistake_in_the_list_is_named(tmp_path: Path, change, problem):
    text = (ROOT / "grader" / "objectives.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "objectives.toml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(f"objectives.toml: {problem}")):
        load_objectives(tmp_path / "objectives.toml")


def with_answer(root: Path, name: str, task: str, text: str) -> None:
    """The released notebook, with a text in the cell of a written task."""
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_bytes())
    cell = next(cell for cell in notebook["cells"] if cell["id"] == f"task-{task.replace('.', '-')}")
    cell["source"] = text if text else cell["source"]
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def test_an_answer_is_seen_where_something_was_written(tmp_path, course):
    assert answered(tmp_path, course) == set()
    with_answer(tmp_path, "01_sine_wave_rnn", "1.9", MENDED)
    with_answer(tmp_path, "02_echo_memory", "2.10", "")
    (tmp_path / "notebooks" / "03_imdb_sentiment.ipynb").write_text("{")
    assert answered(tmp_path, course) == {"1.9"}


def test_an_objective_is_reached_when_all_is_solved_and_written(course):
    first = OBJECTIVES[0]
    solved, written = {task.id for task in first.graded}, {task.id for task in first.written}
    assert reached(first, solved, written).whole
    assert not reached(first, solved, set()).whole and not reached(first, solved - {"1.4"}, written).whole
    lines = printed(objectives_table([reached(one, solved, {"1.9"}) for one in OBJECTIVES]), 80)
    assert max(map(len, lines)) <= 80
    (own,) = (line for line in lines if "what a hidden state is" in line)
    assert own.split()[0] == "✓" and "3 of 3" in own and "1.9 ✓" in own
    (other,) = (line for line in lines if "I can write an LSTM" in line)
    assert other.split()[0] == "○" and "1 of 4" in other
