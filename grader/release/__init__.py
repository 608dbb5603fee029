"""Makes what students get from what the maintainers write: starter modules and notebooks from solution/."""

from grader.release.builder import PRODUCERS, Producer, Written, build, write
from grader.release.differences import Difference, compare
from grader.release.manifest import MANIFEST
from grader.release.modules import starter_module
from grader.release.notebooks import (
    ClearTasks,
    model_answers,
    nbgrader_source,
    notebook_bytes,
    solution_notebook,
    student_notebook,
)
from grader.release.regions import ReleaseError

__all__ = [
    "MANIFEST",
    "PRODUCERS",
    "ClearTasks",
    "Difference",
    "Producer",
    "ReleaseError",
    "Written",
    "build",
    "compare",
    "model_answers",
    "nbgrader_source",
    "notebook_bytes",
    "solution_notebook",
    "starter_module",
    "student_notebook",
    "write",
]
