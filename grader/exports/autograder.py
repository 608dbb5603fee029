"""The zip that Gradescope makes an autograder of: setup.sh, run_autograder, and the course with its reference."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from grader.exports.reading import ExportError

__all__ = ["autograder_zip"]

SCRIPTS = {"setup.sh": "setup.sh", "run_autograder": "run_autograder.sh"}  # name in the zip → name beside this module
COURSE = ("constraints.txt", "pyproject.toml", "README.md", "notebooks/*.ipynb", "starter/*.py", "solution/**/*.py",
          "toolkit/**/*.py", "benchmarks/results/*", "datasets/*", "grader/**/*")  # fmt: skip
LEFT_OUT = {"__pycache__", "cases", "downloads"}  # the recorded cases are for self-checks: a grading draws its own
EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip depends on its content alone
POINTS = "points=after_due_date\n"


def autograder_zip(root: Path, points: str) -> bytes:
    """The zip, its scripts at its root as Gradescope wants them. ExportError where the reference is not here."""
    if not (root / "solution").is_dir():
        raise ExportError(f"{root} has no solution/: the autograder is made from the instructor's copy of the course")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in SCRIPTS.items():
            text = Path(__file__).with_name(source).read_text(encoding="utf-8")
            _add(archive, name, text.replace(POINTS, f"points={points}\n").encode(), 0o755)
        for path in _files(root):
            _add(archive, f"course/{path.relative_to(root).as_posix()}", path.read_bytes(), 0o644)
    return buffer.getvalue()


def _files(root: Path) -> list[Path]:
    paths = {path for pattern in COURSE for path in root.glob(pattern) if path.is_file()}
    return sorted(path for path in paths if not LEFT_OUT & set(path.relative_to(root).parts))


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
