"""What run_autograder does: grades ROOT/submission into ROOT/results/results.json. `python -m … ROOT POINTS`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from grader.engine.lost import Lost
from grader.exports.gradescope import nothing_to_grade, to_gradescope
from grader.exports.reading import ExportError
from grader.exports.scores import counted
from grader.grading import run_grade
from grader.intake import IntakeError
from grader.results import write_atomically
from grader.tasks import load_course

__all__ = ["graded_for_gradescope"]

NOT_FOUND = ("nothing of the course was found in what you handed in. Hand in one zip, or the folders starter/ and notebooks/ "
             "as they are in your copy of the course.")  # fmt: skip
SEVERAL = "several copies of the course were found in what you handed in. Hand in one of them."


def graded_for_gradescope(submission: Path, points: str, console: Console) -> bytes:
    """The results of what was handed in. ExportError where the harness failed: then there has to be no result at all."""
    with TemporaryDirectory() as work:
        try:
            results = run_grade(submission, Path(work) / "out", console)
        except IntakeError as problem:
            console.print(str(problem), markup=False, soft_wrap=True)
            return nothing_to_grade(NOT_FOUND)
        entries = [counted(entry) for entry in results["submissions"]]
    entries = [entry for entry in entries if entry["status"] != "invalid"] or entries[:1]
    return to_gradescope(entries[0], load_course(), points) if len(entries) == 1 else nothing_to_grade(SEVERAL)


def main(root: Path, points: str) -> None:
    """Exit status 3, and no file, where the harness failed: Gradescope then says so, and nobody gets 0 points."""
    console = Console(highlight=False)
    try:
        data = graded_for_gradescope(root / "submission", points, console)
    except (ExportError, Lost) as problem:
        console.print(str(problem), markup=False, soft_wrap=True)
        sys.exit(3)
    write_atomically(root / "results" / "results.json", data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
