"""Notebooks as they come back: from JupyterLab, Colab, VS Code and Kaggle, edited, retagged, torn, or by hand.

Each is notebook 1 with its tasks solved, and one thing changed. What was written is graded, or there is a clear error for
the tasks of that notebook alone.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from grader.engine.cells import run_cells
from grader.engine.magics import as_python
from grader.engine.values import Call
from grader.engine.workbench import STOPPED_CELLS
from grader.grade import released_cells, session_for
from grader.intake import Submission, read
from grader.judge import Judge
from grader.lint import defining, findings
from grader.recordings import Saved
from grader.references import sources_of
from tests.conftest import ROOT

NAME = "01_sine_wave_rnn"
STEP, TEST, EXPERIMENT = "task-1-6", "check-1-6", "an experiment"
SOLVED = {f"task-1-{number}": text for number in (6, 7) for _, text in sources_of("cells1")
          if f"BEGIN SOLUTION 1.{number}" in text}  # fmt: skip
COLAB = {"colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU"}
WIDGETS = {"application/vnd.jupyter.widget-state+json": {"state": {"a1": {"model_name": "FloatProgressModel"}}}}


@pytest.fixture(scope="module")
def notebook_1(course):
    """The course with nothing but its first notebook."""
    tasks = {task.id: task for task in course.tasks.values() if task.notebook == "1"}
    return replace(course, tasks=tasks, notebooks={"1": course.notebooks["1"]}, budget=course.budget | {"load": 10})


@pytest.fixture
def notebook() -> dict:
    """The released notebook, solved, as Jupyter's file holds it."""
    made = json.loads((ROOT / "notebooks" / f"{NAME}.ipynb").read_bytes())
    for cell in made["cells"]:
        if cell["id"] in SOLVED:
            cell["source"] = SOLVED[cell["id"]].splitlines(keepends=True)
    return made


@pytest.fixture
def taken(tmp_path, notebook_1):
    """taken(notebook) → what is read of it. A notebook is given as JSON's values or as bytes."""

    def take(made):
        data = made if isinstance(made, bytes) else json.dumps(made).encode()
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / f"{NAME}.ipynb").write_bytes(data)
        return read(Submission("ann", (tmp_path,)), notebook_1, released_cells(notebook_1))

    return take


@pytest.fixture
def judged(taken, notebook_1, nursery):
    """judged(notebook) → verdict and first message of task 1.6, by the visible checks."""

    def judge(made) -> tuple[str, str]:
        session = session_for(taken(made), notebook_1, "cpu", nursery)
        try:
            result = Judge(notebook_1, Saved(), session, hidden=False).judge(notebook_1.tasks["1.6"])
        finally:
            session.close()
        return result.verdict, next((check.message for check in result.checks if check.verdict != "passed"), "")

    return judge


def sources(material) -> list[str]:
    return [source for _, source in material.cells["cells1"]]


def cell_of(notebook: dict, name: str) -> dict:
    """A cell by its id, or the first experiment."""
    return next(cell for cell in notebook["cells"] if cell.get("id") == name
                or (name == EXPERIMENT and "experiment" in cell["metadata"].get("tags", [])))  # fmt: skip


def code(source: str, **more) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None} | more


def put_before(notebook: dict, name: str, *cells: dict) -> None:
    place = notebook["cells"].index(cell_of(notebook, name))
    notebook["cells"][place:place] = cells


def each(notebook: dict, **changes) -> None:
    for cell in notebook["cells"]:
        cell.update(copy.deepcopy(changes))


def each_source(notebook: dict, change) -> None:
    for cell in notebook["cells"]:
        cell["source"] = change("".join(cell["source"]))


def without_ids(notebook: dict) -> None:
    for cell in notebook["cells"]:
        cell["metadata"]["id"] = cell.pop("id")


# what changes nothing

NO_CHANGE = {
    "the grading metadata is gone": lambda n: each(n, metadata={}),
    "metadata that are none": lambda n: each(n, metadata=None),
    "metadata that are a list": lambda n: each(n, metadata=[1]),
    "grading metadata that are none": lambda n: each(n, metadata={"nbgrader": None, "tags": None}),
    "grading metadata of odd types": lambda n: each(n, metadata={"nbgrader": {"grade_id": [], "grade": "x"}, "tags": "a"}),
    "every cell claims to be a test": lambda n: each(n, metadata={"nbgrader": {
        "grade": True, "solution": False, "locked": True, "points": 100, "grade_id": TEST, "schema_version": 3}}),
    "another task's id": lambda n: cell_of(n, STEP)["metadata"].update(nbgrader={"grade_id": "task-9-9", "solution": False}),
    "every cell tagged": lambda n: each(n, metadata={"tags": ["experiment", "skip-execution", "remove-cell"]}),
    "test cells deleted": lambda n: n.update(cells=[c for c in n["cells"] if not c["id"].startswith("check-")]),
    "a test cell edited": lambda n: cell_of(n, TEST).update(source="assert True"),
    "a test cell twice": lambda n: n["cells"].append(copy.deepcopy(cell_of(n, TEST))),
    "a test cell as text": lambda n: cell_of(n, TEST).update(cell_type="markdown"),
    "an experiment edited": lambda n: cell_of(n, EXPERIMENT).update(source="train_for_an_hour()"),
    "an experiment twice": lambda n: n["cells"].append(copy.deepcopy(cell_of(n, EXPERIMENT))),
    "an untouched copy of the task's cell below": lambda n: n["cells"].append(released(STEP)),
    "an untouched copy of the task's cell above": lambda n: put_before(n, STEP, released(STEP)),
    "the task's cell became text": lambda n: cell_of(n, STEP).update(cell_type="markdown"),
    "the task's cell became raw": lambda n: cell_of(n, STEP).update(cell_type="raw"),
    "as Colab writes it": lambda n: (without_ids(n), each(n, outputId="6e2f"), n.update(nbformat_minor=0, metadata=COLAB)),
    "as VS Code writes it": lambda n: each(n, metadata={"vscode": {"languageId": "python"}}),
    "as Kaggle writes it": lambda n: (each(n, metadata={"_uuid": "8f2839", "_cell_guid": "b1076", "trusted": True}),
                                      n["metadata"].update(kaggle={"accelerator": "none", "dataSources": []}),
                                      n.update(nbformat_minor=4)),
    "widgets, attachments and keys that nobody knows": lambda n: (
        n["metadata"].update(widgets=WIDGETS, kernelspec={"name": "ir", "language": "R"}, language_info={"name": "R"}),
        each(n, attachments={"a.png": {"image/png": "iVBO"}}, jupyter={"source_hidden": True})),
    "ids that are no text": lambda n: each(n, id=7),
    "another minor": lambda n: n.update(nbformat_minor=99),
    "one text to a cell": lambda n: each_source(n, str),
    "line ends of Windows": lambda n: each_source(n, lambda text: text.replace("\n", "\r\n")),
    "blanks at the ends of lines": lambda n: (without_ids(n), each_source(n, lambda text: text.replace("\n", " \n") + "\n\n")),
    "outputs of 30 MB": lambda n: cell_of(n, TEST).update(outputs=[{"output_type": "stream", "text": "x" * 30_000_000}]),
}  # fmt: skip


def released(name: str) -> dict:
    return cell_of(json.loads((ROOT / "notebooks" / f"{NAME}.ipynb").read_bytes()), name)


def bare(texts: list[str]) -> list[str]:
    return ["\n".join(line.rstrip() for line in text.split("\n")).strip() for text in texts]


@pytest.mark.parametrize("change", NO_CHANGE.values(), ids=NO_CHANGE)
def test_the_same_cells_run(taken, notebook, change):
    before = sources(taken(notebook))
    change(notebook)
    assert bare(sources(taken(notebook))) == bare(before)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_changes_nothing(taken, notebook, encoding):
    assert sources(taken(json.dumps(notebook).encode(encoding))) == sources(taken(notebook))


# where a task was solved in another place


@pytest.mark.parametrize("name", [TEST, EXPERIMENT])
def test_a_solution_in_another_cell_of_the_release_runs(taken, notebook, name):
    solution = cell_of(notebook, STEP)["source"]
    cell_of(notebook, name)["source"] = [*solution, "\n", 'check("1.6")']
    notebook["cells"][notebook["cells"].index(cell_of(notebook, STEP))] = released(STEP)
    assert [source for source in sources(taken(notebook)) if "def train_step" in source] == [
        "".join(solution) + '\ncheck("1.6")'
    ]


def test_of_two_solutions_the_later_one_counts(judged, notebook):
    notebook["cells"].append(code("def train_step(*args, **kwargs):\n    return 'the later one'"))
    verdict, message = judged(notebook)
    assert verdict == "failed" and "'the later one'" in message


def test_a_cell_with_the_id_of_an_experiment_runs_where_two_cells_have_it(taken, notebook):
    notebook["cells"].append(cell_of(notebook, EXPERIMENT) | {"source": "mine = 1"})
    assert sources(taken(notebook))[-1] == "mine = 1"


JUDGED = {
    "unchanged": (lambda n: None, "passed", ""),
    "split in two": (lambda n: (put_before(n, STEP, code("clip = nn.utils.clip_grad_norm_")), cell_of(n, STEP).update(
        source=SOLVED[STEP].replace("nn.utils.clip_grad_norm_(", "clip("))), "passed", ""),
    "timed": (lambda n: cell_of(n, STEP).update(source=f"%%time\n%matplotlib inline\n{SOLVED[STEP]}"), "passed", ""),
    "a package that is not here, in the first cell": (lambda n: n["cells"][1].update(source=[
        "from google.colab import drive\n", "drive.mount('/content/drive')\n", *n["cells"][1]["source"]]), "passed", ""),
    "deleted": (lambda n: n["cells"].remove(cell_of(n, STEP)), "error", "train_step is not defined"),
    "moved above what it uses": (lambda n: n["cells"].sort(key=lambda cell: cell["id"] != STEP), "passed", ""),
    "a slip of the pen": (lambda n: (put_before(n, STEP, code("1 / 0")),
                                     cell_of(n, STEP).update(source=SOLVED[STEP].replace("):", ")", 1))),
                          "error", "stopped with SyntaxError: expected ':' (line 1)"),
    "a NUL in it": (lambda n: cell_of(n, STEP).update(source=SOLVED[STEP] + "\0"), "error", "null bytes"),
    "half a character in it": (lambda n: cell_of(n, STEP).update(source=SOLVED[STEP] + "# \ud800"), "error", "surrogates"),
    "half a character in another": (lambda n: put_before(n, STEP, code("x = '\ud800'")), "passed", ""),
    "it waits for something": (lambda n: put_before(n, STEP, code("while True:\n    pass")), "passed", ""),
}  # fmt: skip


@pytest.mark.parametrize("change, verdict, words", JUDGED.values(), ids=JUDGED)
def test_what_was_written_is_graded_or_there_is_a_clear_error(judged, notebook, change, verdict, words):
    change(notebook)
    got, message = judged(notebook)
    assert got == verdict, message
    assert words in message


# what is no notebook

BROKEN = {
    "nbformat 3": ({"nbformat": 3, "worksheets": [{"cells": []}]}, "it is of nbformat 3, expected 4"),
    "a list": ([{"cells": []}], "it holds a list"),
    "a number": (7, "it holds a int"),
    "no cells": ({"nbformat": 4}, "its cells are not a list"),
    "cells that are none": ({"cells": None}, "its cells are not a list"),
    "a cell that is none": ({"cells": [code("x = 1"), None]}, "cell 2 is not one of nbformat 4"),
    "a cell without text": ({"cells": [{"cell_type": "code"}]}, "cell 1 is not one of nbformat 4"),
    "a text that is a number": ({"cells": [code(7)]}, "cell 1 is not one of nbformat 4"),
    "a text with a number in it": ({"cells": [code(["x", 7])]}, "cell 1 is not one of nbformat 4"),
    "too many cells": ({"cells": [code("")] * 50_000}, "it has 50,000 cells, expected at most 2,000"),
    "too much code": ({"cells": [code("x = 1\n" * 200_000)]}, "more than 1,048,576 characters"),
    "torn": (b'{"cells": [{"cell_type": "code", "sou', "can't be read as a notebook (JSONDecodeError"),
    "empty": (b"", "can't be read as a notebook (JSONDecodeError"),
    "no text": (b"\xff\xfe\x00", "can't be read as a notebook (Unicode"),
    "nested without end": (b'{"cells": ' * 100_000, "can't be read as a notebook (RecursionError"),
    "40 MB": (b'{"cells": [], "x": "' + b"x" * 40_000_000 + b'"}', "is larger than 33,554,432 bytes"),
}


@pytest.mark.parametrize("made, words", BROKEN.values(), ids=BROKEN)
def test_what_is_no_notebook_is_told_for_its_cells_alone(taken, tmp_path, made, words):
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter" / "rnn.py").write_text("x = 1")
    material = taken(made)
    assert words in material.problems["cells1"] and material.problems["cells1"].startswith(f"{NAME}.ipynb ")
    assert material.modules == {"rnn": "x = 1"} and "rnn" not in material.problems


# cells that students add

HARMLESS = [
    "%%bash\nrm -rf ~", "%%writefile starter/x.py\n1", "%%html\n<b>x</b>", "%pip install nothing", "!rm -rf *", "%cd /content",
    "%load_ext autoreload\n%autoreload 2", "%matplotlib inline", "%run other.py", "files = !ls", "?print", "print?",
    "get_ipython().system('ls')", "get_ipython().run_line_magic('pip', 'install x')", "get_ipython().kernel",
    "%%capture out\nprint(1)", "%%time\n%matplotlib inline\n!ls\ny = 1", "%time y = 1", "if True:\n    !ls\n    y = 1",
    "import asyncio\nawait asyncio.sleep(0)", "display(3)", "1;", "import matplotlib.pyplot as plt\nplt.plot([1]);\nplt.show()",
    "if __name__ == '__main__':\n    y = 1", "exit",
]  # fmt: skip
STOPPED = ["input()", "raise SystemExit", "quit()", "import sys\nsys.exit(3)", "import no_such_package", "undefined", "f(:",
           "from google.colab import drive\ndrive.mount('/content')", "class Odd(BaseException): ...\nraise Odd",
           "%%time\n1 / 0", "x = '\ud800'", "x = 1\0", "from starter import x"]  # fmt: skip
USES = """
import pickle
from dataclasses import dataclass

@dataclass
class Point:
    x: int = 1

def kept():
    return pickle.loads(pickle.dumps(Point(3))).x

def reached():
    return sorted(name for name in globals() if name.startswith("reached_"))

def stopped():
    return [name for name, _ in __stopped_cells__]
"""


def test_cells_of_all_kinds_let_the_next_ones_run(open_session):
    added = [(f"cell {place}", source) for place, source in enumerate(HARMLESS + STOPPED)]
    cells = [entry for name, source in added
             for entry in ((name, source), (f"after {name}", f"reached_{name.split()[1]} = 1"))]  # fmt: skip
    session = open_session({}, {"cells1": [*cells, ("uses", USES)]})
    assert session.begin("cells1", []) is None
    session.begin_check()
    asked = {name: session.perform(Call("cells1", name), None).value for name in ("reached", "stopped", "kept")}
    assert asked["reached"] == sorted(f"reached_{place}" for place in range(len(added)))
    assert asked["stopped"] == [name for name, source in added if source in STOPPED]
    assert asked["kept"] == 3


def test_a_package_that_is_not_here_stops_its_own_statement(open_session):
    cell = (
        "import no_such_package as n\n@n.decorated\ndef g(): ...\nn.f(\n  1)\nx = 1; n.y; y = 2\ndef f(): return x, y"
    )
    session = open_session(
        {}, {"cells1": [("cell 1", cell), ("cell 2", "a = 1\nassert False\nb = 1\ndef h(): return b")]}
    )
    assert session.begin("cells1", []) is None
    session.begin_check()
    assert session.perform(Call("cells1", "f"), None).value == (1, 2)
    assert (
        "h is not defined; cell 2 stopped with AssertionError"
        in session.perform(Call("cells1", "h"), None).failure.message
    )


def test_a_cell_takes_no_more_than_half_of_the_time_that_is_left():
    ran = run_cells(
        [("a", "while True: pass"), ("b", "import time; time.sleep(60)"), ("c", "x = 1")], "mine", seconds=1
    )
    assert ran["x"] == 1
    assert [(name, failure.kind) for name, failure in ran[STOPPED_CELLS]] == [
        ("a", "TimeoutError"),
        ("b", "TimeoutError"),
    ]
    assert ran[STOPPED_CELLS][0][1].message == "it was still running after 0.5 seconds"


# how a cell is read


@pytest.mark.parametrize("source, python", [
    ("x = 1", "x = 1"), ("%time x = f()", "x = f()"), ("%%time\nx = 1", "\nx = 1"), ("\n%%bash\nls", ""),
    ("for i in x:\n  !ls", "for i in x:\n  pass"), ("s = '''\n%no magic'''\n%magic", "s = '''\n%no magic'''\npass"),
    ("x = (5\n%y)", "x = (5\n%y)"), ("await f()", "await f()"), ("files = !ls", None), ("def f(:", None), ("x = 1\0", None),
    ("%magic\n" * 100, None),
])  # fmt: skip
def test_a_cell_is_read_as_python(source, python):
    assert as_python(source) == python


GIVEN = "def train_step(*args):\n    return stand_ins.train_step(*args)"


@pytest.mark.parametrize("cell", ["%%time\n" + GIVEN, "%%capture out\n!ls\n" + GIVEN, GIVEN + "\n%time train_step()"])
def test_what_a_task_forbids_is_found_behind_magics(course, cell):
    assert any(finding.forbidden for finding in findings(course.tasks["1.6"], defining("train_step", [cell]), course))


def test_a_cell_that_can_not_be_read_is_flagged(course):
    text = defining("train_step", ["files = !ls\n" + GIVEN, "%%bash\ntrain_step = 1"])
    assert [finding.message for finding in findings(course.tasks["1.6"], text, course)] == ["this source can't be read"]
