"""The release is up to date, and the reference's notebooks execute under nbval."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from grader.release import notebook_bytes, solution_notebook
from grader.release.steps import check_release
from tests.conftest import ROOT

CELL_SECONDS = 120
NAMES = sorted(path.stem for path in (ROOT / "solution" / "notebooks").glob("*.py"))


def test_the_release_is_up_to_date():
    lines, same = check_release(ROOT)
    assert same, "\n".join(lines)


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_notebook_executes_under_nbval(name, course, tmp_path):
    source = (ROOT / "solution" / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    (tmp_path / f"{name}.ipynb").write_bytes(notebook_bytes(solution_notebook(source, name, course)))
    limits = [f"--nbval-cell-timeout={CELL_SECONDS}", "--nbval-kernel-startup-timeout=60"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", *limits, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=ROOT,
                          env=os.environ | {"UNROLLED_EXECUTION": "nbval", "UNROLLED_DATA": str(tmp_path)})  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
