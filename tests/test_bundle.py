"""The students' zip: nothing in it that only instructors hold, and a course that starts, checks and hands in."""

from __future__ import annotations

import ast
import base64
import binascii
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.checks.kit import checks_of
from grader.grade import released_cells, session_for
from grader.intake import Submission, read
from grader.judge import Judge
from grader.recordings import Live
from grader.references import Variant, sources_of, variants_of, with_mistake
from grader.release import ReleaseError
from grader.release.bundle import PACKAGES_LEFT_OUT, bundled_files, write_bundle
from grader.release.manifest import MANIFEST, manifest_bytes
from grader.results import write_atomically
from grader.tasks import load_course
from tests.conftest import ROOT
from tests.grading import solved_notebook
from tests.solutions import bare, code_of, regions, tells
from toolkit.texts import PLAY

STAND_INS = "toolkit/stand_ins/"  # they do what the reference does, by torch.nn: single lines of theirs may be the same
BASE64 = re.compile(rb"(?:\b[A-Za-z0-9+/]{60,}={0,2}\s*)+")
LONGEST = 400  # bytes of a line of code
AT_A_TIME = 2**16  # bytes that are tried to be inflated: their beginning is enough to know them by
ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    """The zip, and beside it the folder that it was unpacked to."""
    place = tmp_path_factory.mktemp("bundle")
    write_bundle(ROOT, place / "course.zip")
    with zipfile.ZipFile(place / "course.zip") as archive:
        archive.extractall(place)
    return place


@pytest.fixture(scope="module")
def files(bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle / "course.zip") as archive:
        return {entry.filename.removeprefix("unrolled/"): archive.read(entry) for entry in archive.infolist()}


@pytest.fixture(scope="module")
def places(files) -> dict[str, set[str]]:
    """line → the files that it can be read out of."""
    found: dict[str, set[str]] = {}
    for name, content in files.items():
        for line in {line for form in forms(content) for line in form.split(b"\n") if len(line) < LONGEST}:
            found.setdefault(bare(line.decode("utf-8", "replace")), set()).add(name)
    return found


def forms(content: bytes, depth: int = 2) -> Iterator[bytes]:
    """A file as it stands, and what is packed into it: texts in JSON, base64, zlib, zips."""
    yield content
    yield content.replace(b"\\n", b"\n").replace(b'\\"', b'"')
    inner = [packed for found in BASE64.finditer(content) for packed in decoded(found[0])]
    starts = [found.start() for found in ZLIB.finditer(content)]
    inner += [packed for start in starts for packed in inflated(content[start : start + AT_A_TIME])]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner += [archive.read(entry) for entry in archive.infolist()]
    for packed in inner if depth else []:
        yield from forms(packed, depth - 1)


def decoded(text: bytes) -> list[bytes]:
    try:
        return [base64.b64decode(b"".join(text.split()), validate=True)]
    except binascii.Error:
        return []


def inflated(content: bytes) -> list[bytes]:
    try:
        return [zlib.decompressobj().decompress(content)]
    except zlib.error:
        return []


def test_what_is_packed_into_a_file_is_found():
    line = b"inputs = torch.stack([series[i : i + length] for i in range(count)])"
    hidden = [line, json.dumps({"text": f"first\n{line.decode()}\n"}).encode(), b"\x00" + zlib.compress(line + b"\n"),
              base64.b64encode(zlib.compress(b"x\n" + line) * 2), base64.encodebytes(line * 3)]  # fmt: skip
    assert [any(line in form for form in forms(content)) for content in hidden] == [True] * len(hidden)


def holders(code: list[str], places: dict[str, set[str]], share: float = 1) -> list[str]:
    """The files that hold so much of some code; fewer than four lines are everybody's."""
    count = Counter(name for line in code for name in places.get(line, ()))
    return [name for name, lines in count.items() if lines >= max(share * len(code), 4)]


def test_no_line_of_a_solution_is_in_it(places):
    assert len(regions()) > len(load_course().graded)
    for task, code in regions():
        assert holders(code, places, share=2 / 3) == [], task
        for line in filter(tells, code):
            assert [name for name in places.get(line, ()) if not name.startswith(STAND_INS)] == [], (task, line)


def test_no_wrong_variant_and_no_hidden_check_is_in_it(files, places):
    kept_back = re.compile(r"hidden|variants|mutants|^solution|^tests|\.py[co]$|grader/release/")
    assert [name for name in files if kept_back.search(name)] == []
    assert [name for name, content in files.items() if importlib.util.MAGIC_NUMBER in content[:16]] == []
    for task in load_course().graded:
        for variant in variants_of(task.id):
            assert holders(code_of(variant.body or ""), places) == [], variant.name
    for path in (ROOT / "grader" / "checks").glob("*_hidden.py"):
        checks = [
            node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
        ]
        sentences = {f'"""{ast.get_docstring(node)}"""' for node in checks if ast.get_docstring(node)}
        assert sentences and not sentences & places.keys(), path


def test_only_what_was_released_is_bundled(tmp_path):
    for name in ("starter/rnn.py", "notebooks/scratch.ipynb", "grader/notes.txt"):
        root = a_course(tmp_path / name.replace("/", "-"))
        (root / name).write_text("x = 'my solution'\n")
        if name == "starter/rnn.py":
            with pytest.raises(ReleaseError, match=r"starter/rnn\.py is not as the last release wrote it"):
                bundled_files(root)
        else:
            assert name not in bundled_files(root)


def a_course(root: Path) -> Path:
    """The smallest tree that a bundle can be made of."""
    texts = {"docs/students.md": "# Read me", "grader/release/start.py": "", "starter/__init__.py": "",
             "starter/rnn.py": "x = 1\n", "pyproject.toml": "".join(PACKAGES_LEFT_OUT)}  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "notebooks").mkdir()
    (root / MANIFEST).write_bytes(manifest_bytes({"starter/rnn.py": b"x = 1\n"}))
    return root


def test_it_holds_every_notebook_with_what_it_needs(files):
    course = load_course()
    for notebook in course.notebooks.values():
        needed = {f"notebooks/{notebook.name}.ipynb", f"starter/{notebook.module}.py"}
        assert needed | {f"grader/cases/{task.id}.safetensors" for task in course.graded_in(notebook)} <= files.keys()
    listed = tomllib.loads(files["pyproject.toml"].decode())["tool"]["setuptools"]["packages"]
    assert {f"{name.replace('.', '/')}/__init__.py" for name in listed} <= files.keys()
    read = [*(ROOT / "toolkit").rglob("*.py"), *(ROOT / "benchmarks" / "results").glob("*.json"), PLAY]
    assert {path.relative_to(ROOT).as_posix() for path in read} - {"benchmarks/results/mutants.json"} <= files.keys()


def test_the_same_course_gives_the_same_bytes(bundle, tmp_path):
    write_bundle(ROOT, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (bundle / "course.zip").read_bytes()


def in_the_bundle(bundle: Path, *arguments: str | Path) -> subprocess.CompletedProcess:
    """Python in the unpacked bundle, which is found before what is installed."""
    place = bundle / "unrolled"
    environment = os.environ | {"PYTHONPATH": str(place), "UNROLLED_WARM": "0"}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=place,
                          timeout=180, env=environment)  # fmt: skip


MISTAKES = {"1.1": "targets_not_shifted", "1.3": "to do", "1.2": "in no bank", "1.6": "not_clipped"}
IN_NO_BANK = """
h = torch.zeros(len(x), self.hidden_size, dtype=x.dtype, device=x.device) if h is None else h
return torch.tanh(x @ self.weight_ih.T + self.bias_ih + 0.5 * (h @ self.weight_hh.T) + self.bias_hh)
"""
SELF_CHECK = """
import json, sys
from pathlib import Path
from grader.engine.client import start_nursery
from grader.grade import session_for
from grader.judge import Judge
from grader.recordings import Saved
from grader.selfcheck import material_of, run_check
from grader.tasks import load_course

course = load_course()
first = [course.graded_in(notebook)[0] for notebook in course.notebooks.values()]
cards = [card.text for card in run_check(course, first, "starter", Path.cwd())]
session = session_for(material_of(sys.argv[1], Path(), course), course, "cpu", start_nursery())
judge = Judge(course, Saved(), session, hidden=False)
records = [judge.judge(course.tasks[task]).record() for task in sys.argv[2:]]
print(json.dumps({"grader": sys.modules["grader"].__file__, "untouched": cards, "mistakes": records}))
"""


def with_mistakes(folder: Path) -> Path:
    """A submission with a known mistake for each kind of place, one that no bank knows, and a task that wasn't begun."""
    course = load_course()
    module, notebook = sources_of("rnn")[0][1], solved_notebook()
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "task-1-6")
    for task, name in ((course.tasks[task], name) for task, name in MISTAKES.items()):
        bodies = {
            "in no bank": IN_NO_BANK,
            "to do": f'raise NotImplementedError("Task {task.id}: {task.title} is still to do.")',
        }
        known = next((variant for variant in variants_of(task.id) if variant.name == name), None)
        variant = known or Variant(task.id, name, "", body=bodies[name])
        if task.module:
            module = with_mistake(module, task, variant)
        else:
            cell["source"] = with_mistake("".join(cell["source"]), task, variant)
    write_atomically(folder / "starter" / "rnn.py", module.encode())
    write_atomically(folder / "notebooks" / "01_sine_wave_rnn.ipynb", json.dumps(notebook).encode())
    return folder


def told(record: dict) -> tuple:
    """What a student is told of a task: the verdict of each visible check and its hint, and what is forbidden."""
    visible = [check for check in record["checks"] if not check["hidden"]]
    return record["id"], [(check["name"], check["verdict"], check["hint"]) for check in visible], record["lint"]


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    return with_mistakes(tmp_path_factory.mktemp("work") / "ann")


@pytest.fixture(scope="module")
def self_check(bundle, work) -> dict:
    """What the unpacked bundle says of its own untouched modules, and of that work."""
    done = in_the_bundle(bundle, "-c", SELF_CHECK, work, *MISTAKES)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_self_check_says_what_the_instructors_run_says(self_check, work, nursery, course):
    session = session_for(read(Submission("ann", (work,)), course, released_cells(course)), course, "cpu", nursery)
    judge = Judge(course, Live(course, seed=12), session)
    want = [judge.judge(course.tasks[task]).record() for task in MISTAKES]
    session.close()
    assert [told(record) for record in self_check["mistakes"]] == [told(record) for record in want]
    assert [record["id"] for record in want if record["verdict"] == "passed"] == []
    hints = {record["id"]: [check["hint"] for check in record["checks"] if check["hint"]] for record in want}
    assert [task for task in MISTAKES if not hints[task]] == [], hints


def test_it_is_a_course_that_checks(bundle, self_check):
    assert self_check["grader"].startswith(str(bundle / "unrolled"))
    course = load_course()
    for notebook, card in zip(course.notebooks.values(), self_check["untouched"], strict=True):
        task = course.graded_in(notebook)[0]
        assert f"{task.id} {task.title}: to do (0 of {task.points})" in card
    tried = in_the_bundle(bundle, "-m", "pytest", "-q", "-p", "no:cacheprovider", "grader/checks", "--task", "1.1")
    visible = checks_of("1.1", hidden=False)  # on the untouched starter
    assert f"{len(visible)} failed" in tried.stdout, tried.stdout + tried.stderr


def test_its_commands_run_or_say_whose_they_are(bundle):
    refused = in_the_bundle(bundle, "-m", "grader", "grade", ".", "--out", "grades")
    assert (refused.returncode, "this is a student's copy" in refused.stderr) == (2, True)
    done = in_the_bundle(bundle, "-m", "grader", "submit", "--name", "Ann", "--out", bundle / "handed-in")
    assert done.returncode == 0 and (bundle / "handed-in" / "Ann.zip").is_file(), done.stderr
    same = in_the_bundle(bundle, "-m", "grader", "update", bundle / "course.zip")
    assert (same.returncode, "nothing was changed" in same.stdout) == (0, True), same.stderr
