"""Lets a process open the files below named folders and no others: the kernel's Landlock, which needs no rights.

What is not allowed is refused, on every path that leads there. From version 4 on TCP is refused as well, from version 6 on
signals and abstract sockets that leave the process's own kind. (Salaün, 2017; linux/Documentation/userspace-api/landlock)
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable

from grader.engine.linux import syscall

__all__ = ["allow_only", "version"]

CREATE_VERSION, RULE_PATH_BENEATH = 1, 1
WRITE_FILE, READ_FILE, READ_DIR, REFER, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 13, 1 << 14
OF_FILES = 0b1_1111_1111_1111  # the thirteen rights of version 1, from executing to making a symbolic link
SINCE = {2: REFER, 3: TRUNCATE, 5: 1 << 15}  # the newest: commands to devices
TCP = 0b11  # binding, connecting; since version 4
SCOPES = 0b11  # abstract sockets, signals; since version 6


def version() -> int:
    """Which version of Landlock this kernel has; 0 for none."""
    try:
        return syscall("landlock_create_ruleset", None, 0, CREATE_VERSION)
    except OSError:
        return 0


def allow_only(readable: Iterable[str], writable: Iterable[str]) -> None:
    """From here on this process may read below these paths, write below those, and open nothing else, nor start a program.

    Raises OSError where the kernel has no Landlock.
    """
    newest = version()
    if not newest:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock, or it was not switched on at boot")
    handled = OF_FILES
    for since, right in SINCE.items():
        handled |= right if newest >= since else 0
    ruleset = _ruleset(handled, TCP if newest >= 4 else 0, SCOPES if newest >= 6 else 0)
    try:
        for path in readable:
            _allow(ruleset, path, READ_FILE | READ_DIR)
        for path in writable:
            _allow(ruleset, path, handled & ~1)  # all but executing
        syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _ruleset(files: int, network: int, scopes: int) -> int:
    """A descriptor of an empty set of rules; older kernels take the longer structure as long as its end is zero."""
    attributes = ctypes.create_string_buffer(struct.pack("QQQ", files, network, scopes), 24)
    return syscall("landlock_create_ruleset", ctypes.byref(attributes), 24, 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """A path that isn't there needs no rule."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= READ_FILE | WRITE_FILE | TRUNCATE
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        syscall("landlock_add_rule", ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
