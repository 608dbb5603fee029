"""What a worker may see of the file system: Python, the libraries, the toolkit with its data, and a folder of its own.

Nothing else is there: no reference, no check, no recording, no home folder, no other submission, no /proc. The list is one
of what is allowed; where an allowed folder holds something secret (a course installed into site-packages), its other entries
are listed one by one instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from grader.engine import linux

__all__ = ["SCRATCH", "build_room", "own_scratch", "readable"]

COURSE = Path(__file__).parents[2]
OF_COURSE = ("toolkit", "datasets", "benchmarks/results", "grader/__init__.py", "grader/engine")
SECRET = ("solution", "grader", "tests", "notebooks", "build")
OF_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/fonts", "/usr/share/zoneinfo",
             "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime",
             "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")  # fmt: skip
IN_TMP = any(Path(path).is_relative_to("/tmp") for path in (COURSE, sys.prefix, sys.base_prefix))
SCRATCH = "/scratch" if IN_TMP else "/tmp"  # where a worker may write, and nothing is hidden by it
SCRATCH_OPTIONS = "size=64m,nr_inodes=4096,mode=0700"


def readable() -> list[str]:
    """The paths that a worker may read, none of which lies in another."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    python = [Path(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, *packages)]
    secret = {COURSE / name for name in SECRET}
    found = [path for root in {*python, *(path.resolve() for path in python)} for path in _without(root, secret)]
    found += [COURSE / name for name in OF_COURSE]
    return _outermost([path for path in (*map(Path, OF_SYSTEM), *found) if path.exists()])


def _without(root: Path, secret: set[Path]) -> Iterator[Path]:
    """`root`, or its parts where something secret lies below it."""
    if root in secret:
        return
    if not any(hidden.is_relative_to(root) for hidden in secret if hidden.exists()):
        yield root
        return
    for entry in sorted(root.iterdir()):
        yield from _without(entry, secret)


def _outermost(paths: list[Path]) -> list[str]:
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda path: (len(path.parts), path)):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return [str(path) for path in kept]


def build_room(paths: list[str], folder: str = "/proc") -> None:
    """Make these paths, read-only and under their own names, all of the file system. OSError where that can't be had.

    `folder` is one that nothing is shown from, to build in. The process needs a mount namespace of its own, and the right
    to mount there.
    """
    linux.keep_mounts_private()
    linux.mount("tmpfs", folder, "size=4m,mode=0755")
    for path in paths:
        _show(path, folder)
    os.makedirs(folder + SCRATCH, exist_ok=True)
    os.makedirs(f"{folder}/dev", exist_ok=True)
    os.symlink(SCRATCH, f"{folder}/dev/shm")
    linux.make_read_only(folder)
    linux.pivot_into(folder)


def _show(path: str, folder: str) -> None:
    place = folder + path
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.islink(path):  # such as /lib, which leads to usr/lib on many systems
        os.symlink(os.readlink(path), place)
        return
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    else:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o444))
    linux.bind(path, place)


def own_scratch() -> None:
    """A fresh folder in memory at SCRATCH, of bounded size, that is gone with this mount namespace."""
    linux.mount("tmpfs", SCRATCH, SCRATCH_OPTIONS)
    os.chdir(SCRATCH)
