"""Puts the nursery into namespaces of its own, and every worker into more: own processes, own files, no network.

As root the nursery becomes the user `nobody` on the way; as anyone else it stays that user. Either way it holds rights over
its own namespaces alone, and its workers hold none. Where the kernel or a container refuses, nothing is changed and the
reason is told.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from grader.engine import linux
from grader.engine.room import SCRATCH, build_room, own_scratch

__all__ = ["LAYERS", "NOBODY", "Apart", "become_nobody", "enter", "expect_readable"]

LAYERS = ("own processes", "own file system", "scratch folder of bounded size", "no network")
NOBODY = 65_534
NEEDED = (os.__file__, __file__)  # of Python and of the course: what a worker must be able to read
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
OF_NURSERY = (linux.CLONE_NEWUSER | linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWNET | linux.CLONE_NEWUTS
              | linux.CLONE_NEWIPC | linux.CLONE_NEWCGROUP)  # fmt: skip
OF_WORKER = linux.CLONE_NEWNS | linux.CLONE_NEWIPC  # what one leaves in shared memory is gone with it


@dataclass(frozen=True)
class Apart:
    """What came of it: `own` and `proc` are descriptors of this process and of /proc, `reason` says why they are missing."""

    own: int | None = None
    proc: int | None = None
    reason: str = ""

    def __bool__(self) -> bool:
        return self.own is not None

    @contextlib.contextmanager
    def children(self) -> Iterator[None]:
        """A process that is forked inside is the first of a process namespace: all that it starts ends with it."""
        linux.unshare(linux.CLONE_NEWPID)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # in the child, which is somewhere else already
                linux.set_namespace(self.own, linux.CLONE_NEWPID)

    def settle(self) -> None:
        """In the first process of a worker: its own mounts and scratch folder, no rights, first to go if memory runs out."""
        with contextlib.suppress(OSError):
            _write(self.proc, "self/oom_score_adj", "1000")
        linux.unshare(OF_WORKER)
        own_scratch()
        linux.drop_capabilities()


def enter(paths: list[str]) -> Apart:
    """Go into namespaces in which `paths` are all that can be seen.

    On success another process returns than the one that called, which waits outside and ends as the other does.
    """
    reason = _tried(paths)
    if reason:
        return Apart(reason=reason)
    proc = _leave(paths)
    _replace_by_first()
    _nursery_scratch()
    return Apart(os.pidfd_open(os.getpid()), proc)


def become_nobody() -> None:
    """From root to the user who owns nothing; OSError where there is no such right."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    linux.prctl(PR_SET_DUMPABLE, 1)  # else /proc/self is root's


def expect_readable() -> None:
    """OSError where `nobody` can't read Python and the course; for root, outside of namespaces."""
    os.seteuid(NOBODY)
    try:
        for file in NEEDED:
            os.close(os.open(file, os.O_RDONLY))
    finally:
        os.seteuid(0)


def _tried(paths: list[str]) -> str:
    """Why it can't be done; "" if it can. Found out by a child, since there is no way back from half-way."""
    theirs, ours = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            _leave(paths)
            _nursery_scratch()
            for file in NEEDED:
                os.close(os.open(file, os.O_RDONLY))
        except Exception as problem:
            os.write(ours, (str(problem) or type(problem).__name__).encode()[:500])
        finally:
            os._exit(0)
    os.close(ours)
    os.waitpid(pid, 0)
    with open(theirs, "rb") as answer:
        return answer.read().decode()


def _leave(paths: list[str]) -> int:
    """Out of the namespaces of the system, step by step; a descriptor of /proc as it was."""
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    root = os.geteuid() == 0
    if root:
        linux.unshare(linux.CLONE_NEWNS)
        build_room(paths)
        become_nobody()
    user, group = os.geteuid(), os.getegid()
    linux.unshare(OF_NURSERY)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        _write(proc, f"self/{name}", text)
    with contextlib.suppress(OSError):  # the filter of system calls says the same
        _write(proc, "sys/user/max_user_namespaces", "0")
    if not root:
        build_room(paths)
    return proc


def _replace_by_first() -> None:
    """Fork the first process of the new process namespace, and be it; this process waits for its end."""
    pid = os.fork()
    if not pid:
        linux.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    try:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF)
    finally:
        os._exit(1)


def _nursery_scratch() -> None:
    linux.mount("tmpfs", SCRATCH, "size=16m,mode=0700")
    os.chdir(SCRATCH)


def _write(folder: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
