"""The zip for students: notebooks, starter modules, toolkit and the visible checks with their recorded cases."""

from __future__ import annotations

import re
from pathlib import Path

from grader.archives import zipped
from grader.release.manifest import on_disk, read_manifest
from grader.release.regions import ReleaseError
from grader.results import write_atomically
from grader.student.released import RELEASED, digest, packed

__all__ = ["bundled_files", "write_bundle"]

TOP = "unrolled"
# where they stand in a student's copy
RENAMED = {"docs/students.md": "README.md", "grader/release/start.py": "start.py"}
INCLUDED = ("LICENSE", "LICENSE-docs.md", "constraints.txt", "pyproject.toml", "starter/__init__.py", "toolkit/**/*.py",
            "benchmarks/results/*.json", "benchmarks/results/*.safetensors", "datasets/*.md", "datasets/*.toml", "datasets/*.txt",
            "grader/**/*.py", "grader/**/*.toml", "grader/**/*.j2")  # fmt: skip
# what only instructors hold: the reference's readers, hidden checks, wrong variants, the release builder
EXCLUDED = re.compile(r"(^|/)(__pycache__|downloads)/|_hidden\.py$|^grader/(checks/variants|release)/|/made_from\.json$"
                      r"|^grader/(references|mutants|demo|page|examples|course|nbgrader_\w+|service|clusters)\.py$"
                      r"|^benchmarks/results/mutants\.json$")  # fmt: skip
PACKAGES_LEFT_OUT = ('    "solution",\n', '    "grader.release",\n')


def bundled_files(root: Path) -> dict[str, bytes]:
    """path → content of everything that students get.

    Raises:
        ReleaseError: a generated file is not as the last release wrote it, and so might hold somebody's solution.
    """
    paths = {path.relative_to(root).as_posix() for pattern in INCLUDED for path in root.glob(pattern) if path.is_file()}
    files = {name: (root / name).read_bytes() for name in paths if not EXCLUDED.search(name)}
    files |= {name: content for name, content in _generated(root).items() if not EXCLUDED.search(name)}
    files |= {own: (root / name).read_bytes() for name, own in RENAMED.items()}
    files["pyproject.toml"] = _without_the_reference(files["pyproject.toml"].decode()).encode()
    files = dict(sorted(files.items()))
    return files | {RELEASED: packed(files)}


def write_bundle(root: Path, out: Path) -> int:
    """Write the zip; how many files it holds."""
    files = bundled_files(root)
    write_atomically(out, zipped({f"{TOP}/{name}": content for name, content in files.items()}))
    return len(files)


def _generated(root: Path) -> dict[str, bytes]:
    """The files that the last release wrote, and no others that lie beside them."""
    files = {}
    for name, noted in read_manifest(root).items():
        content = on_disk(root, name)
        if content is None or digest(content) != noted:
            state = "missing" if content is None else "not as the last release wrote it"
            raise ReleaseError(
                f"{name} is {state}, so no bundle was written; `make release` puts that right, or says why not"
            )
        files[name] = content
    return files


def _without_the_reference(text: str) -> str:
    for line in PACKAGES_LEFT_OUT:
        if line not in text:
            raise ReleaseError(f"pyproject.toml no longer lists {line.strip()}: mend grader/release/bundle.py")
        text = text.replace(line, "")
    return text
