"""A folder in which nbgrader can work: the source of every assignment, and a configuration."""

from __future__ import annotations

from pathlib import Path

import nbformat

from grader.results import write_atomically
from grader.tasks import Course

__all__ = ["write_course"]

CONFIGURATION = """\
from grader.nbgrader_plugin import configure

c = get_config()  # noqa: F821  (nbgrader defines it)
configure(c)
"""


def write_course(root: Path, course: Course, folder: Path) -> list[Path]:
    """Write source/<notebook>/ with the notebook and starter/ for each notebook; the files that were written.

    FileExistsError if there is a configuration already, whose course this would mix with.
    """
    from grader.release import nbgrader_source

    config = folder / "nbgrader_config.py"
    if config.exists():
        raise FileExistsError(f"{config} is there already: give an empty folder")
    files = {config: CONFIGURATION.encode()}
    for notebook in course.notebooks.values():
        place = folder / "source" / notebook.name
        source = (root / "solution" / "notebooks" / f"{notebook.name}.py").read_text(encoding="utf-8")
        node = nbgrader_source(source, notebook.name, course)
        files[place / f"{notebook.name}.ipynb"] = nbformat.writes(node).encode()
        for module in sorted((root / "starter").glob("*.py")):
            files[place / "starter" / module.name] = module.read_bytes()
    for path, content in files.items():
        write_atomically(path, content)
    return list(files)
