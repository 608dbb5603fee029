"""Confines a worker before any student code runs, and tells of every layer whether it is in force."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from functools import cache

from grader.engine import landlock, linux, namespaces, room, seccomp

try:
    import resource
except ImportError:  # not on Windows
    resource = None

__all__ = ["LAYERS", "confine", "mapped"]

# every layer of the design, the innermost first
LAYERS = ("own process group", "no descriptor but the wire", "limits on CPU time, file size and open files",
          "limit on memory", "limit on processes", "no new privileges", "unprivileged user", *namespaces.LAYERS,
          "file access control", "filtered system calls")  # fmt: skip
PR_SET_NO_NEW_PRIVS = 38
FOR_DRIVER = "left open for the driver of the GPU"

CPU_GRACE = 2  # seconds between the signal that tells of the end and the end itself
FILE_BYTES = 16 * 2**20
OPEN_FILES = 128
PROCESSES = 64  # and threads, of one nursery's workers together


def confine(wire: int, memory_bytes: int | None, cpu_seconds: int, not_apart: str = "",
            folder: str | None = None) -> dict[str, str]:  # fmt: skip
    """Confine this process: layer → why it is missing, "" where it is in force.

    `wire` is the one descriptor that stays open. `cpu_seconds` is for this process; each that it starts has as many.
    `memory_bytes` is what may be mapped besides; None is for a device whose driver needs the whole system, files and system
    calls too. `not_apart` says why this process is in no namespaces of its own; then `folder` is its scratch folder.
    """
    missing = dict.fromkeys(LAYERS, "this system has none")
    missing |= dict.fromkeys((*_own_group(), *_only_wire(wire), *_limits(memory_bytes, cpu_seconds)), "")
    if sys.platform != "linux":
        return missing
    missing |= dict.fromkeys(namespaces.LAYERS, not_apart)
    whole = memory_bytes is None
    steps = {
        "limit on processes": lambda: _limit_processes(not_apart),
        "no new privileges": lambda: linux.prctl(PR_SET_NO_NEW_PRIVS, 1),
        "file access control": lambda: _files(folder or room.SCRATCH, whole),
        "unprivileged user": _no_root,
        "filtered system calls": lambda: _system_calls(whole),
    }
    missing |= {layer: _why_not(step) for layer, step in steps.items()}
    if not missing["filtered system calls"]:
        missing["no network"] = ""
    return missing


def _why_not(step: Callable[[], object]) -> str:
    try:
        step()
    except OSError as problem:
        return problem.strerror or str(problem)
    return ""


def _own_group() -> list[str]:
    if not hasattr(os, "setsid"):
        return []
    if os.getpid() != os.getsid(0):
        os.setsid()
    return ["own process group"]


def _only_wire(wire: int) -> list[str]:
    """Standard streams lead nowhere, and no other descriptor is inherited."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    if sys.platform != "win32":  # where a socket is no file descriptor
        os.closerange(3, wire)
        os.closerange(wire + 1, 65_536)
    sys.stdin, sys.stdout, sys.stderr = (open(stream, mode, closefd=False)  # noqa: SIM115  (kept open)
                                         for stream, mode in ((0, "r"), (1, "w"), (2, "w")))  # fmt: skip
    return ["no descriptor but the wire"]


def _limits(memory_bytes: int | None, cpu_seconds: int) -> list[str]:
    if resource is None:
        return []
    _lower(resource.RLIMIT_CPU, cpu_seconds, CPU_GRACE)
    _lower(resource.RLIMIT_FSIZE, FILE_BYTES)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    layers = ["limits on CPU time, file size and open files"]
    if memory_bytes is not None and sys.platform == "linux":
        _lower(resource.RLIMIT_AS, mapped() + memory_bytes)
        layers.append("limit on memory")
    return layers


def _limit_processes(not_apart: str) -> None:
    """Only in a user namespace is it the nursery's workers that are counted, and not all that the user runs."""
    if not_apart:
        raise OSError(not_apart)
    _lower(resource.RLIMIT_NPROC, PROCESSES)


def _files(scratch: str, whole: bool) -> None:
    if whole:
        raise OSError(FOR_DRIVER)
    landlock.allow_only(room.readable(), [scratch, os.devnull])


def _system_calls(whole: bool) -> None:
    if whole:
        raise OSError(FOR_DRIVER)
    seccomp.refuse_system_calls()


def _no_root() -> None:
    """As root, become a user who owns nothing, if that one can read what a worker needs."""
    if os.geteuid() == 0:
        namespaces.expect_readable()
        namespaces.become_nobody()
    with contextlib.suppress(OSError):
        linux.drop_capabilities()


def _lower(kind: int, value: int, grace: int = 0) -> None:
    """Set a limit for good; a process that has passed it may have so much more to end in."""
    hard = resource.getrlimit(kind)[1]
    most = value + grace if hard == resource.RLIM_INFINITY else min(value + grace, hard)
    resource.setrlimit(kind, (min(value, most), most))


@cache
def mapped() -> int:
    """Bytes that this process maps. Asked once, while there is a /proc; what is forked keeps the answer."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
