"""The zip for students: notebooks, starter modules, toolkit and the visible checks with their recorded cases."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from grader.results import write_atomically

__all__ = ["bundled_files", "write_bundle"]

TOP = "unrolled"
README = "docs/students.md"  # which is the README of a student's copy
INCLUDED = ("constraints.txt", "pyproject.toml", "notebooks/*.ipynb", "starter/*.py", "toolkit/**/*.py", "benchmarks/results/*",
            "datasets/*", "grader/**/*")  # fmt: skip
# what only instructors hold: the reference's readers, hidden checks, wrong variants, the release builder
EXCLUDED = re.compile(r"(^|/)(__pycache__|downloads)/|_hidden\.py$|^grader/(checks/variants|release)/|/made_from\.json$"
                      r"|^grader/(references|mutants|demo|page|examples|course|nbgrader_\w+|service)\.py$"
                      r"|^benchmarks/results/mutants\.json$")  # fmt: skip
PACKAGES_LEFT_OUT = ('    "solution",\n', '    "grader.release",\n')
EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip depends on its content alone


def bundled_files(root: Path) -> dict[str, bytes]:
    """path → content of everything that students get."""
    paths = {path for pattern in INCLUDED for path in root.glob(pattern) if path.is_file()}
    names = sorted(path.relative_to(root).as_posix() for path in paths)
    files = {name: (root / name).read_bytes() for name in names if not EXCLUDED.search(name)}
    files["README.md"] = (root / README).read_bytes()
    files["pyproject.toml"] = _without_the_reference(files["pyproject.toml"].decode()).encode()
    return files


def write_bundle(root: Path, out: Path) -> int:
    """Write the zip; how many files it holds."""
    files = bundled_files(root)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"{TOP}/{name}", EPOCH), content, zipfile.ZIP_DEFLATED)
    write_atomically(out, buffer.getvalue())
    return len(files)


def _without_the_reference(text: str) -> str:
    for line in PACKAGES_LEFT_OUT:
        if line not in text:
            raise ValueError(f"pyproject.toml no longer lists {line.strip()}: mend grader/release/bundle.py")
        text = text.replace(line, "")
    return text
