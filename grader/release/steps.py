"""A release from the command line: everything built, then written or compared, and told in lines."""

from __future__ import annotations

from pathlib import Path

from grader.release.builder import PRODUCERS, build, write
from grader.release.cases import produce
from grader.release.differences import compare

__all__ = ["check_release", "everything", "make_release"]


def everything(root: Path) -> dict[str, bytes]:
    """path → bytes of the whole release."""
    return build(root, (*PRODUCERS, produce))


def make_release(root: Path, force: bool = False) -> tuple[list[str], bool]:
    """Write the release; what was done, and True."""
    done = write(root, everything(root), force)
    lines = [f"wrote {path}" for path in done.written] + [f"removed {path}" for path in done.removed]
    return [*lines, f"{len(done.written)} written, {len(done.removed)} removed, {done.unchanged} unchanged"], True


def check_release(root: Path) -> tuple[list[str], bool]:
    """What differs from a release made now, and whether nothing does."""
    found = compare(root, everything(root))
    return [entry.message for entry in found] or ["The release is up to date."], not found
