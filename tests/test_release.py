"""The release builder: what it makes of the reference, and what it says where it can't or won't."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from nbgrader.utils import compute_checksum
from traitlets import default
from traitlets.config import Config

from grader.notebooks import parse, runnable_cells
from grader.references import sources_of
from grader.release import (
    MANIFEST,
    ClearTasks,
    ReleaseError,
    build,
    compare,
    nbgrader_source,
    notebook_bytes,
    solution_notebook,
    starter_module,
    student_notebook,
    write,
)
from grader.release.notebooks import TEXT_STUB
from grader.tasks import Course, Notebook, Task, load_course

ROOT = Path(__file__).parent.parent
TASKS = [
    Task("1.1", "Twice", 2, 5, 1, module="mod", symbol="double"),
    Task("1.2", "A counter", 3, 5, 1, module="mod", symbol="Counter"),
    Task("1.3", "In a cell", 4, 5, 1, symbol="step"),
    Task("1.4", "Say why", 5, 5, 1, written=True),
    Task("2.1", "Elsewhere", 1, 5, 1, module="other", symbol="other"),
    Task("2.2", "Elsewhere too", 1, 5, 1, symbol="far"),
]
COURSE = Course(
    {task.id: task for task in TASKS},
    {"1": Notebook("1", "01_small", "Small", "mod"), "2": Notebook("2", "02_far", "Far", "other")},
    {},
    {},
)
FIRST = Course({task.id: task for task in TASKS[:4]}, {"1": COURSE.notebooks["1"]}, {}, {})

MODULE = '''"""Numbers."""

import math


def double(x):
    """Twice x."""
    ### BEGIN SOLUTION 1.1
    # noqa: E501  (a directive is no hint)
    # Add it
    # to itself.


    note = """
    # no hint either
    """
    if x:
        # Or shift it by one.
        return math.floor(x) + x  # as here

    #
    # Zero is a case of its own.
    #
    return 0
    ### END SOLUTION


class Counter:
    def __init__(self):
        self.count = 0

    def up(self):
        ### BEGIN SOLUTION 1.2
        self.count += 1
        ### END SOLUTION
        return self.count
'''

STARTER = '''\
# This file is yours to edit: put your code in the place of the `raise` below each TODO.
# To see how a task stands, run check("1.1") in the notebook, or in a terminal: python -m grader check 1.1
"""Numbers."""

import math


def double(x):
    """Twice x."""
    # TODO 1.1: Twice
    # Add it
    # to itself.
    #
    # Or shift it by one.
    #
    # Zero is a case of its own.
    raise NotImplementedError("Task 1.1: Twice is still to do.")


class Counter:
    def __init__(self):
        self.count = 0

    def up(self):
        # TODO 1.2: A counter
        raise NotImplementedError("Task 1.2: A counter is still to do.")
        return self.count
'''

NOTEBOOK = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Small
# Write `from solution import mod` in your own code.

# %%
# %load_ext autoreload
import solution.mod
from solution import mod
from solution.mod import double

print(solution.mod.double(2), "a solution")

# %% [markdown]
# ### 1.1 Twice
# ### 1.2 A counter

# %%
check("1.1")

# %%
check("1.2")

# %% task="1.3"
def step(x):
    """Docstring."""
    ### BEGIN SOLUTION 1.3
    # How it is done.
    return x
    ### END SOLUTION


# %%
check("1.3")

# %% tags=["experiment"]
print(double(3))

# %% tags=["experiment"]
print(double(3))

# %% [markdown]
# ### 1.4 Say why

# %% [markdown] task="1.4"
# Two sentences.
# ### BEGIN SOLUTION 1.4
# Because.
#
# **Marking.** All or nothing.
# ### END SOLUTION
'''


@pytest.fixture
def home(tmp_path):
    """A course of one module and one notebook."""
    (tmp_path / "solution" / "notebooks").mkdir(parents=True)
    (tmp_path / "solution" / "__init__.py").touch()
    (tmp_path / "solution" / "mod.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "solution" / "notebooks" / "01_small.py").write_text(NOTEBOOK, encoding="utf-8")
    return tmp_path


def make(home, course=FIRST):
    return build(home, course=course)


# --- modules ---------------------------------------------------------------------------------------------------------


def test_a_region_becomes_a_todo_with_its_hints():
    assert starter_module(MODULE, "mod", COURSE) == STARTER


def test_the_starter_is_a_module_with_its_docstring_whose_tasks_raise():
    space: dict = {}
    exec(compile(starter_module(MODULE, "mod", COURSE), "starter", "exec"), space)
    assert space["__doc__"] == "Numbers."
    with pytest.raises(NotImplementedError, match=r"^Task 1\.1: Twice is still to do\.$"):
        space["double"](1)


def test_named_parts_of_one_task_are_told_apart():
    source = MODULE.replace("SOLUTION 1.2", "SOLUTION 1.2 up")
    source += "\n    def down(self):\n" + BEGIN_2.replace("1.2", "1.2 down") + COUNT + CLOSED
    starter = starter_module(source, "mod", COURSE)
    assert "        # TODO 1.2 (up): A counter\n" in starter
    assert "        # TODO 1.2 (down): A counter\n" in starter


def test_a_long_title_keeps_to_the_width():
    course = Course({"1.1": Task("1.1", "Long " * 25 + '"end"', 2, 5, 1, module="mod", symbol="double")}, {}, {}, {})
    starter = starter_module(MODULE[: MODULE.index("\n\nclass")], "mod", course)
    assert "    raise NotImplementedError(\n" in starter
    ast.parse(starter)


BEGIN_1, BEGIN_2 = "    ### BEGIN SOLUTION 1.1\n", "        ### BEGIN SOLUTION 1.2\n"
COUNT, CLOSED = "        self.count += 1\n", "        ### END SOLUTION\n"

MODULE_FAULTS = {
    "nested": (COUNT, BEGIN_2 + COUNT, 34, "begins inside the region of task 1.2 (line 33)"),
    "unclosed": (CLOSED, "", 33, "the region of task 1.2 is not closed"),
    "end without begin": (BEGIN_1, "", 24, "a region ends that never began"),
    "no id": ("SOLUTION 1.1", "SOLUTION", 8, "the region has no task id"),
    "unknown id": ("SOLUTION 1.1", "SOLUTION 9.9", 8, "'9.9' is no task of tasks.toml, expected one of 1.1, 1.2, 1.3"),
    "misspelt": ("### BEGIN SOLUTION 1.1", "# begin solution 1.1", 8, "'# begin solution 1.1' is no marker"),
    "duplicated": ("SOLUTION 1.2", "SOLUTION 1.1", 33, "task 1.1 has a region already (line 8)"),
    "another module's": ("SOLUTION 1.2", "SOLUTION 2.1", 33, "task 2.1 (Elsewhere) belongs in solution/other.py"),
    "a cell's": ("SOLUTION 1.2", "SOLUTION 1.3", 33, "belongs in a code cell of solution/notebooks/01_small.py"),
    "a written answer's": ("SOLUTION 1.2", "SOLUTION 1.4", 33, "belongs in a markdown cell of solution/notebooks/01_"),
    "missing": (BEGIN_2 + COUNT + CLOSED, "", 28, "task 1.2 (A counter) has no region"),
    "empty": (COUNT, "        # hint\n", 33, "the region of task 1.2 holds no code"),
    "marker too far left": (BEGIN_2, "    ### BEGIN SOLUTION 1.2\n", 33, "is indented less than the code below it"),
    "line too far left": (
        "    return 0\n",
        "    return 0\n\n\ndef more():\n    pass\n",
        27,
        "is indented less than the marker",
    ),
    "in no function": (
        "    def up(self):\n" + BEGIN_2,
        "    ### BEGIN SOLUTION 1.2\n    def up(self):\n",
        32,
        "stands in no function",
    ),
    "half a statement": (
        COUNT + CLOSED,
        COUNT.replace("1", "(") + CLOSED + "        1)\n",
        33,
        "is not valid Python; move the markers",
    ),
    "not Python": ("import math", "import math as", 3, "it is not valid Python"),
}


@pytest.mark.parametrize("case", MODULE_FAULTS)
def test_a_fault_in_a_module_names_its_line(case):
    old, new, line, words = MODULE_FAULTS[case]
    assert old in MODULE
    with pytest.raises(ReleaseError) as caught:
        starter_module(MODULE.replace(old, new, 1), "mod", COURSE)
    assert str(caught.value).startswith(f"solution/mod.py:{line}: ")
    assert words in str(caught.value)


def test_swapped_ids_are_found():
    source = MODULE.replace("SOLUTION 1.1", "SOLUTION x").replace("SOLUTION 1.2", "SOLUTION 1.1")
    with pytest.raises(ReleaseError, match=r"^solution/mod\.py:8: .* stands in double, expected Counter"):
        starter_module(source.replace("SOLUTION x", "SOLUTION 1.2"), "mod", COURSE)


# --- notebooks -------------------------------------------------------------------------------------------------------


def student():
    return student_notebook(NOTEBOOK, "01_small", COURSE)


def cell(notebook, cell_id):
    return next(entry for entry in notebook.cells if entry.id == cell_id)


def test_the_students_notebook_is_valid_for_nbformat_and_nbgrader():
    notebook = nbformat.reads(notebook_bytes(student()).decode(), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.keys() == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(entry.outputs == [] and entry.execution_count is None for entry in notebook.cells if "outputs" in entry)


def test_what_nbgrader_knows_of_each_cell():
    cells = [entry for entry in student().cells if "nbgrader" in entry.metadata]
    known = [{**entry.metadata.nbgrader, "checksum": entry.metadata.nbgrader.checksum == compute_checksum(entry)}
             for entry in cells]  # fmt: skip
    always = {"schema_version": 3, "task": False, "checksum": True}
    test = {"grade": True, "solution": False, "locked": True, "cell_type": "code"} | always
    assert known == [
        test | {"grade_id": "check-1-1", "points": 2},
        test | {"grade_id": "check-1-2", "points": 3},
        {"grade": False, "solution": True, "locked": False, "cell_type": "code", "grade_id": "task-1-3"} | always,
        test | {"grade_id": "check-1-3", "points": 4},
        {"grade": True, "solution": True, "locked": False, "cell_type": "markdown", "grade_id": "task-1-4", "points": 5}
        | always,
    ]
    assert [entry.id for entry in cells] == [entry["grade_id"] for entry in known]


def test_solutions_are_cleared_and_imports_are_the_students():
    notebook = student()
    assert cell(notebook, "task-1-3").source == (
        'def step(x):\n    """Docstring."""\n    # TODO: replace the next line with your code.\n'
        '    raise NotImplementedError("Task 1.3: In a cell is still to do.")'
    )
    assert cell(notebook, "task-1-4").source == f"Two sentences.\n{TEXT_STUB}"
    assert notebook.cells[0].source.endswith("Write `from starter import mod` in your own code.")
    assert notebook.cells[1].source == (
        "%load_ext autoreload\nimport starter.mod\nfrom starter import mod\nfrom starter.mod import double\n\n"
        'print(starter.mod.double(2), "a solution")'
    )


STEP = NOTEBOOK[NOTEBOOK.index("def step") : NOTEBOOK.index('\n\n# %%\ncheck("1.3")')]
STEP_OF_TWO_PARTS = """class step:
    def first(self):
        ### BEGIN SOLUTION 1.3 first
        return 1
        ### END SOLUTION

    def second(self):
        ### BEGIN SOLUTION 1.3 second
        return 2
        ### END SOLUTION
"""


def test_a_cell_may_hold_several_regions_of_its_task():
    notebook = student_notebook(NOTEBOOK.replace(STEP, STEP_OF_TWO_PARTS), "01_small", COURSE)
    stub = (
        "        # TODO: replace the next line with your code.\n"
        '        raise NotImplementedError("Task 1.3: In a cell is still to do.")'
    )
    heads = ("class step:\n    def first(self):\n", "\n\n    def second(self):\n")
    assert cell(notebook, "task-1-3").source == "".join(head + stub for head in heads)


def test_experiments_keep_their_tag_and_equal_cells_have_ids_of_their_own():
    experiments = [entry for entry in student().cells if entry.metadata.get("tags") == ["experiment"]]
    first, second = [entry.id for entry in experiments]
    assert second == f"{first}-2"
    assert experiments[0].metadata.keys() == {"tags"}


def test_the_reference_notebook_has_the_same_ids_and_metadata():
    reference, released = solution_notebook(NOTEBOOK, "01_small", COURSE), student()
    assert [entry.id for entry in reference.cells] == [entry.id for entry in released.cells]
    assert [entry.metadata for entry in reference.cells] == [entry.metadata for entry in released.cells]
    assert "from solution import mod" in reference.cells[1].source
    assert "return x" in cell(reference, "task-1-3").source
    nbformat.validate(reference)


def test_nbgraders_own_preprocessor_clears_the_same():
    notebook = nbgrader_source(NOTEBOOK, "01_small", COURSE)
    assert "return x" in cell(notebook, "task-1-3").source
    clear = ClearSolutions(text_stub=TEXT_STUB)
    clear.code_stub = {
        "python": "# TODO: replace the next line with your code.\n"
        'raise NotImplementedError("Task 1.3: In a cell is still to do.")'
    }
    for step in (LockCells(), clear, ClearOutput(), CheckCellMetadata(), ComputeChecksums()):
        notebook, _ = step.preprocess(notebook, {})
    assert notebook_bytes(notebook) == notebook_bytes(student())


def test_generate_assignment_makes_the_released_notebook(tmp_path):
    place = tmp_path / "source" / "one" / "01_small.ipynb"
    place.parent.mkdir(parents=True)
    place.write_bytes(notebook_bytes(nbgrader_source(NOTEBOOK, "01_small", COURSE)))

    class ClearHere(ClearTasks):
        """With this test's course; nbgrader calls the classes of its configuration without one."""

        @default("course")
        def _course(self):
            return COURSE

    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.assignment_id = "one"
    steps = [LockCells, ClearHere, ClearOutput, CheckCellMetadata, ComputeChecksums]
    config.GenerateAssignment.preprocessors = steps
    config.GenerateAssignment.no_database = True
    GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
    made = nbformat.read(tmp_path / "release" / "one" / "01_small.ipynb", as_version=nbformat.NO_CONVERT)
    assert made.cells == student().cells


WRITTEN = NOTEBOOK[NOTEBOOK.index('# %% [markdown] task="1.4"') :]

NOTEBOOK_FAULTS = {
    "text before the first cell": ("# ---\n\n# %% [m", "# ---\nimport os\n# %% [m", 7, "the line belongs to no cell"),
    "raw cell": (
        "# %% [markdown]\n# # Small",
        "# %% [raw]\n# # Small",
        8,
        "the cell's header is '# %% [raw]', expected",
    ),
    "cell title": (
        '# %% task="1.3"',
        '# %% Step task="1.3"',
        30,
        "the cell's header is '# %% Step task=\"1.3\"', expected",
    ),
    "misspelt header": ('# %% tags=["experiment"]', "# %% tags=experiment", 42, "the cell's header is"),
    "id as a number": ('task="1.3"', "task=1.3", 30, "the cell's header is"),
    "comment read as a command": (
        "print(double(3))",
        "# copy that",
        43,
        "takes the comment '# copy that' for a command",
    ),
    "region in an unmarked cell": (
        '# %% task="1.3"',
        "# %%",
        30,
        "holds the region of task 1.3, and its header names no",
    ),
    "region of another task": (
        'task="1.3"',
        'task="1.4"',
        30,
        "holds the region of task 1.3, and its header names 1.4",
    ),
    "marked cell without region": (WRITTEN[WRITTEN.index("# ###") :], "", 51, 'marked task="1.4" and has no region'),
    "answer in a code cell": (
        WRITTEN,
        'x = 1\n\n# %% task="1.4"\n### BEGIN SOLUTION 1.4\n### END SOLUTION\n',
        53,
        "answered in a markdown cell",
    ),
    "a second cell": (WRITTEN, WRITTEN.replace("1.4", "1.3"), 53, "task 1.3 has a region already (line 33)"),
    "unclosed": ("    ### END SOLUTION\n", "", 33, "the region of task 1.3 is not closed"),
    "duplicated": (
        "# # Small\n",
        WRITTEN[WRITTEN.index("# ###") :] + "\n# %%\n",
        59,
        "task 1.4 has a region already (line 9)",
    ),
    "named part": ("SOLUTION 1.3", "SOLUTION 1.3 first", 33, "the cell holds this task as a whole"),
    "two in a cell": (
        "    ### END SOLUTION\n",
        "    ### END SOLUTION\n    ### BEGIN SOLUTION 1.3\n    ### END SOLUTION\n",
        37,
        "task 1.3 has a region already (line 33)",
    ),
    "two tasks in a cell": (
        "    ### END SOLUTION\n",
        "    ### END SOLUTION\n    ### BEGIN SOLUTION 1.4\n    ### END SOLUTION\n",
        37,
        "the cell has a region already (line 33); a cell holds one task",
    ),
    "a module's": ("SOLUTION 1.3", "SOLUTION 1.1", 33, "task 1.1 (Twice) belongs in solution/mod.py"),
    "another notebook's": (
        "SOLUTION 1.3",
        "SOLUTION 2.2",
        33,
        "belongs in a code cell of solution/notebooks/02_far.py",
    ),
    "not in a function": ('def step(x):\n    """Docstring."""\n', "if True:\n", 32, "stands in no function"),
    "missing test": ('# %%\ncheck("1.2")\n\n', "", 54, "task 1.2 (A counter) has no test cell"),
    "test twice": ('check("1.2")', 'check("1.1")', 28, 'check("1.1") stands in this notebook already (line 25)'),
    "test of a written answer": ('check("1.2")', 'check("1.4")', 28, "'1.4' is no auto-graded task of tasks.toml"),
    "test of another notebook": ('check("1.2")', 'check("2.1")', 28, 'check("2.1") belongs in notebook 2'),
    "more than a test": ('check("1.2")', 'x = 1\ncheck("1.2")', 29, "a test cell is the one line"),
    "tagged test": (
        '# %%\ncheck("1.2")',
        '# %% tags=["skip-execution"]\ncheck("1.2")',
        27,
        "has the tags ['skip-execution']",
    ),
    "wrong heading": (
        "### 1.2 A counter",
        "### 1.2 Counters",
        22,
        "heading of task 1.2 is 'Counters', expected 'A counter'",
    ),
    "heading of no task": (
        "### 1.2 A counter",
        "### 1.7 A counter",
        22,
        "names task 1.7, which tasks.toml does not list",
    ),
    "long cell": ("print(double(3))", "x = 1\n" * 30 + "x = 2", 43, "has 31 lines, expected at most 30"),
    "whole package": ("import solution.mod\n", "import solution\n", 14, "the line imports the whole package"),
}


@pytest.mark.parametrize("case", NOTEBOOK_FAULTS)
def test_a_fault_in_a_notebook_names_its_line(case):
    old, new, line, words = NOTEBOOK_FAULTS[case]
    assert old in NOTEBOOK
    with pytest.raises(ReleaseError) as caught:
        student_notebook(NOTEBOOK.replace(old, new, 1), "01_small", COURSE)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"solution/notebooks/01_small.py:{line}: ")


def test_lines_are_right_after_strings_and_quoted_cells():
    head = '# %%\nx = """\n# %% no cell\n"""\n\n# %% [markdown]\n"""\n### 9.9 No task\n"""\n\n'
    with pytest.raises(ReleaseError, match=r"^solution/notebooks/01_small\.py:8: the heading names task 9\.9"):
        student_notebook(head + NOTEBOOK[NOTEBOOK.index("# %%") :], "01_small", COURSE)


# --- the release on disk ---------------------------------------------------------------------------------------------


def test_nothing_differs_after_a_release(home):
    files = make(home)
    assert list(files) == ["notebooks/01_small.ipynb", "starter/mod.py"]
    assert [entry.kind for entry in compare(home, files)] == ["missing", "missing"]
    done = write(home, files)
    assert done.written == tuple(files)
    assert compare(home, files) == []
    assert json.loads((home / MANIFEST).read_text()).keys() == files.keys()
    assert write(home, files).written == ()
    assert not list(home.rglob("*.part"))


def test_a_changed_reference_makes_the_release_stale(home):
    write(home, make(home))
    (home / "solution" / "mod.py").write_text(MODULE.replace("Add it", "Take it and add it"), encoding="utf-8")
    (difference,) = compare(home, make(home))
    assert (difference.path, difference.kind) == ("starter/mod.py", "stale")
    assert "solution/mod.py" in difference.message
    assert write(home, make(home)).written == ("starter/mod.py",)


def test_an_edited_file_is_not_overwritten(home):
    write(home, make(home))
    place = home / "starter" / "mod.py"
    place.write_text(place.read_text() + "\n# mine\n")
    (home / "solution" / "notebooks" / "01_small.py").write_text(NOTEBOOK + "\n# %%\nnew = 1\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(ReleaseError, match=r"nothing was written:\n  starter/mod\.py was edited by hand.*--force"):
        write(home, make(home))
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    write(home, make(home), force=True)
    assert compare(home, make(home)) == []


def test_files_that_were_there_before_the_first_release_are_not_overwritten(home):
    (home / "starter").mkdir()
    (home / "starter" / "mod.py").write_text("mine = 1\n")
    with pytest.raises(ReleaseError, match=r"starter/mod\.py"):
        write(home, make(home))


def test_a_solved_module_is_known_as_a_students_work(home):
    write(home, make(home))
    place = home / "starter" / "mod.py"
    raising = [line for line in place.read_text().split("\n") if "raise NotImpl" in line]
    place.write_text(place.read_text().replace(raising[0], "    return x + x"))
    (difference,) = compare(home, make(home))
    assert difference.kind == "edited"
    assert difference.message.startswith("starter/mod.py holds somebody's solution of task 1.1: that is what")
    place.write_text(MODULE)
    assert "solution of tasks 1.1 and 1.2:" in compare(home, make(home))[0].message


def test_a_solved_and_a_merely_run_notebook_are_told_apart(home):
    write(home, make(home))
    place = home / "notebooks" / "01_small.ipynb"
    notebook = nbformat.read(place, as_version=4)
    notebook.cells[1].execution_count = 1
    nbformat.write(notebook, place)
    assert "was opened and run: all its cells are as released" in compare(home, make(home))[0].message
    cell(notebook, "task-1-3").source = "def step(x):\n    return x"
    cell(notebook, "task-1-4").source = "Because I say so."
    nbformat.write(notebook, place)
    assert "holds somebody's solution of tasks 1.3 and 1.4" in compare(home, make(home))[0].message
    place.write_text("{")
    assert "was edited by hand" in compare(home, make(home))[0].message


def test_what_is_no_longer_produced_is_removed_unless_edited(home):
    write(home, make(home) | {"starter/old.py": b"old\n", "starter/older.py": b"older\n"})
    (home / "starter" / "older.py").write_text("mine\n")
    kinds = {entry.path: entry.kind for entry in compare(home, make(home))}
    assert kinds == {"starter/old.py": "left over", "starter/older.py": "edited"}
    with pytest.raises(ReleaseError, match=r"older\.py was edited, and is no longer part of the release"):
        write(home, make(home), force=True)
    (home / "starter" / "older.py").unlink()
    assert write(home, make(home)).removed == ("starter/old.py",)
    assert not (home / "starter" / "old.py").exists()


def test_a_lost_or_broken_manifest_is_said(home):
    files = make(home)
    write(home, files)
    (home / MANIFEST).unlink()
    (difference,) = compare(home, files)
    assert (difference.path, difference.kind) == (MANIFEST, "stale")
    (home / MANIFEST).write_text("[1]")
    with pytest.raises(ReleaseError, match=r"git checkout grader/release/manifest\.json"):
        compare(home, files)


@pytest.mark.parametrize("path", ["../out.py", "/out.py", "starter//a.py", "starter\\a.py"])
def test_a_producer_stays_inside_the_course(home, path):
    with pytest.raises(ReleaseError, match="no path inside the course"):
        write(home, {path: b""})
    assert not (home / MANIFEST).exists()


def test_a_further_producer_adds_files_and_none_may_be_made_twice(home):
    def produce(root, course):
        return {"grader/cases/1.1.bin": b"\x00\xff"}

    write(home, build(home, [produce], FIRST))
    assert (home / "grader" / "cases" / "1.1.bin").read_bytes() == b"\x00\xff"
    with pytest.raises(ReleaseError, match=r"1\.1\.bin is made by two producers"):
        build(home, [produce, produce], FIRST)


def test_missing_unlisted_and_unreadable_sources(home):
    with pytest.raises(ReleaseError, match=r"^solution/other\.py:1: the file is missing"):
        make(home, COURSE)
    stray = home / "solution" / "stray.py"
    stray.touch()
    with pytest.raises(ReleaseError, match=r"^solution/stray\.py:1: no module of tasks\.toml has this name"):
        make(home)
    stray.unlink()
    (home / "solution" / "mod.py").write_bytes(b'"""Numbers."""\n\n# \xff\n')
    with pytest.raises(ReleaseError, match=r"^solution/mod\.py:3: the text is not UTF-8"):
        make(home)


# --- the course itself -----------------------------------------------------------------------------------------------


def test_the_course_is_built_the_same_in_any_process():
    code = "import hashlib, pathlib, sys; from grader.release import build; files = build(pathlib.Path(sys.argv[1])); "
    code += (
        "print({path: hashlib.sha256(content).hexdigest() for path, content in files.items()}, 'torch' in sys.modules)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, str(ROOT)],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"))
    ]
    first, second = [run.communicate(timeout=60)[0] for run in runs]
    assert first == second
    assert "starter/rnn.py" in first
    assert first.strip().endswith("False")  # torch stays out


def test_the_course_can_be_released():
    course, files = load_course(), build(ROOT)
    for path, content in files.items():
        text = content.decode("utf-8")
        assert "BEGIN SOLUTION" not in text
        assert "from solution" not in text
        if path.endswith(".py"):
            ast.parse(text)
        else:
            notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
            nbformat.validate(notebook)
            MetadataValidator().validate_nb(notebook)
    points = {
        entry.metadata.nbgrader.grade_id: entry.metadata.nbgrader.points
        for path, content in files.items()
        if path.endswith(".ipynb")
        for entry in nbformat.reads(content.decode("utf-8"), as_version=4).cells
        if entry.metadata.get("nbgrader", {}).get("grade")
    }
    assert sum(points.values()) == sum(task.points for task in course.tasks.values())


@pytest.mark.parametrize("number", load_course().notebooks)
def test_a_grading_reads_the_cells_that_the_release_makes(number):
    """It reads the source itself, since the release's reader brings nbgrader."""
    name = load_course().notebooks[number].name
    file = f"solution/notebooks/{name}.py"
    notebook = solution_notebook((ROOT / file).read_text(encoding="utf-8"), name, load_course())
    cells = parse(notebook_bytes(notebook))
    assert list(sources_of(f"cells{number}")) == runnable_cells(file, cells, cells)


def test_a_grading_starts_without_nbgrader():
    code = "import sys; from grader.references import reference_bench as bench; from grader.tasks import load_course as load; "
    code += "bench(load()); print({'nbgrader', 'nbconvert', 'nbformat', 'jupytext'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


def test_the_starters_pass_the_linter():
    for path, content in build(ROOT).items():
        if path.endswith(".py"):
            command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", path, "-"]
            done = subprocess.run(command, input=content, capture_output=True, cwd=ROOT, check=False)
            assert done.returncode == 0, done.stdout.decode()
