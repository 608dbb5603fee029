"""The zip that Gradescope makes an autograder of: setup.sh, run_autograder, and the course with its reference."""

from __future__ import annotations

from pathlib import Path

from grader.archives import zipped
from grader.exports.reading import ExportError

__all__ = ["autograder_zip"]

SCRIPTS = {"setup.sh": "setup.sh", "run_autograder": "run_autograder.sh"}  # name in the zip → name beside this module
COURSE = ("constraints.txt", "pyproject.toml", "README.md", "notebooks/*.ipynb", "starter/*.py", "solution/**/*.py",
          "toolkit/**/*.py", "benchmarks/results/*", "datasets/*", "grader/**/*")  # fmt: skip
LEFT_OUT = {"__pycache__", "cases", "downloads"}  # the recorded cases are for self-checks: a grading draws its own
POINTS = "points=after_due_date\n"


def autograder_zip(root: Path, points: str) -> bytes:
    """The zip, its scripts at its root as Gradescope wants them. ExportError where the reference is not here."""
    if not (root / "solution").is_dir():
        raise ExportError(f"{root} has no solution/: the autograder is made from the instructor's copy of the course")
    files = {name: _script(source, points) for name, source in SCRIPTS.items()}
    files |= {f"course/{path.relative_to(root).as_posix()}": path.read_bytes() for path in _files(root)}
    return zipped(files, executable=SCRIPTS)


def _script(source: str, points: str) -> bytes:
    text = Path(__file__).with_name(source).read_text(encoding="utf-8")
    return text.replace(POINTS, f"points={points}\n").encode()


def _files(root: Path) -> list[Path]:
    paths = {path for pattern in COURSE for path in root.glob(pattern) if path.is_file()}
    return sorted(path for path in paths if not LEFT_OUT & set(path.relative_to(root).parts))
