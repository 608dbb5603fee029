"""Puts limits on a worker before any student code runs, and names the layers that are in force.

Each function does what the system offers and returns the layers that it could set.
"""

from __future__ import annotations

import ctypes
import os
import sys

try:
    import resource
except ImportError:  # not on Windows
    resource = None

__all__ = ["LAYERS", "NOT_YET", "confine"]

NOT_YET = ("unprivileged user", "file access control", "namespaces", "no network")  # no function here sets these
# every layer of the design, the innermost first
LAYERS = ("own process group", "no descriptor but the wire", "limits on CPU time, file size and open files",
          "limit on memory", "no new privileges", *NOT_YET)  # fmt: skip
PR_SET_NO_NEW_PRIVS = 38

CPU_SECONDS = 300
FILE_BYTES = 16 * 2**20
OPEN_FILES = 128


def confine(wire: int, memory_bytes: int | None) -> list[str]:
    """Confine this process; `wire` is the one descriptor that stays open, `memory_bytes` what it may map besides."""
    return [*_own_group(), *_only_wire(wire), *_limits(memory_bytes), *_no_new_privileges()]


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


def _limits(memory_bytes: int | None) -> list[str]:
    if resource is None:
        return []
    _lower(resource.RLIMIT_CPU, CPU_SECONDS)
    _lower(resource.RLIMIT_FSIZE, FILE_BYTES)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    layers = ["limits on CPU time, file size and open files"]
    if memory_bytes is not None and sys.platform == "linux":
        _lower(resource.RLIMIT_AS, _mapped() + memory_bytes)
        layers.append("limit on memory")
    return layers


def _no_new_privileges() -> list[str]:
    """No program that is started from here on gains rights by a set-user-id bit."""
    if sys.platform != "linux":
        return []
    failed = ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return [] if failed else ["no new privileges"]


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _mapped() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
