"""What holds the project together: imports in one direction, one environment, commands that exist, a clean bundle."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from grader.engine.nursery import NEEDED
from grader.references import sources_of
from grader.tasks import load_course
from tests.conftest import ROOT

PACKAGES = ("starter", "solution", "toolkit", "grader")


def imported(path) -> set[str]:
    """The first parts of everything that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or ".").split(".")[0])
    return names


@pytest.mark.parametrize("package", ["starter", "solution"])
def test_modules_build_on_torch_and_the_standard_library_alone(package):
    for path in (ROOT / package).glob("*.py"):
        assert imported(path) <= {"torch", *sys.stdlib_module_names}, path


def test_the_toolkit_knows_nothing_of_the_grader_or_the_modules():
    for path in (ROOT / "toolkit").rglob("*.py"):
        assert not imported(path) & {"starter", "solution", "grader"}, path


def test_the_engine_knows_nothing_of_the_judge():
    allowed = {"grader.engine", "toolkit.stand_ins", "toolkit.plots"}
    for path in (ROOT / "grader" / "engine").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else \
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else []  # fmt: skip
            own = [name for name in names if name.split(".")[0] in PACKAGES]
            assert all(any(name == a or name.startswith(f"{a}.") for a in allowed) for name in own), (path, own)


def test_a_worker_has_what_the_cells_of_a_notebook_import():
    for notebook in load_course().notebooks:
        for cell, source in sources_of(f"cells{notebook}"):
            nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
            names = {f"toolkit.{alias.name}" for node in nodes if node.module == "toolkit" for alias in node.names}
            assert names | {node.module for node in nodes if node.module.startswith("toolkit.")} <= {*NEEDED}, cell


def test_every_package_is_listed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for name in PACKAGES
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert set(listed) == found


def test_the_citation_names_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "version"} <= citation.keys()
    assert citation["version"] == version and citation["license"] == "MIT"
    assert f"version {version}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(version)}\]?", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_constraints_pin_every_requirement():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    pinned = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9_-]+", requirement)[0].lower().replace("_", "-")
        least = re.search(r">=([\d.]+)", requirement)[1]
        assert name in pinned, f"{name} is not pinned"
        assert [*map(int, re.findall(r"\d+", pinned[name]))] >= [*map(int, least.split("."))], requirement


def test_conda_installs_what_pip_installs():
    text = (ROOT / "environment.yml").read_text()
    makefile = (ROOT / "Makefile").read_text()
    extras = re.search(r"\.\[([a-z,]+)\]", makefile)[1]
    assert f".[{extras}]" in text and "--constraint constraints.txt" in text
    assert re.search(r"python=3\.11\b", text)
    assert f".[{extras}]" in (ROOT / "README.md").read_text()


def test_make_lists_its_targets():
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }  # this may be a make
    done = subprocess.run(["make", "help"], capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    targets = [
        "setup",
        "demo",
        "test",
        "lab",
        "check",
        "grade",
        "release",
        "release-check",
        "validate",
        "data",
        "bench",
        "mutate",
        "bundle",
        "docs",
        "docs-check",
        "clean",
    ]
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["help", *targets]


def test_the_first_screen_of_the_readme_has_the_two_commands():
    first = (ROOT / "README.md").read_text().splitlines()[:25]
    assert any(line.startswith("make demo") for line in first) and any(line.startswith("make test") for line in first)


@pytest.mark.parametrize("document", ["README.md", "docs/nbgrader.md", "docs/maintainer.md", "docs/students.md",
                                      "docs/instructor.md", "docs/ai-assistants.md", "docs/self-assessment.md", "docs/scale.md",
                                      "CONTRIBUTING.md"])
def test_commands_in_documents_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "grader", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    for command in re.findall(r"python -m grader ([a-z]+)", text):
        assert re.search(rf"\b{command}\b", done.stdout), command
    defined = "".join((ROOT / "grader" / path).read_text() for path in ("cli.py", "teaching/commands.py"))
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, re.MULTILINE):
        assert re.search(rf"^{max(target)}:", makefile, re.MULTILINE), target
    for option in re.findall(r"`(--[a-z]+)`", text):
        assert re.search(rf"\b{option[2:]}\b", defined), option


def test_the_tasks_that_are_required_come_first():
    order = list(load_course().tasks)
    assert all(
        order.index(other) < order.index(task.id) for task in load_course().tasks.values() for other in task.requires
    )
