"""Refuses system calls that no exercise needs: sockets, programs, tracing, mounts, namespaces, keys, kernel interfaces.

A filter of the kernel's (seccomp, mode 2), in the classic BPF that it takes. It needs no rights, passes on to every child,
and can't be taken off. Refused calls fail with EPERM, so that honest code sees an ordinary OSError.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from grader.engine.linux import NUMBERS, syscall

__all__ = ["REFUSED", "refuse_system_calls"]

REFUSED = (
    "socket",  # socketpair stays, which asyncio and multiprocessing use
    "execve", "execveat",
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
    "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "open_by_handle_at", "quotactl", "swapon", "swapoff", "acct",
    "add_key", "request_key", "keyctl",
    "bpf", "perf_event_open", "userfaultfd", "fanotify_init", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget",  # memory that no limit of a process counts
)  # fmt: skip
ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
FOREIGN = 0x4000_0000  # the first number of x86's second table, in which the same calls have other numbers
NEW_NAMESPACES = 0x7E02_0000  # every flag of clone that makes one (CLONE_NEW*)

SECCOMP_SET_MODE_FILTER = 1
LOAD, EQUAL, ABOVE, BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF's ld, jeq, jge, jset, ret
ALLOW = 0x7FFF_0000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data


def refuse_system_calls() -> None:
    """Put the filter on this process; OSError where the kernel has none, or this machine's numbers are not known."""
    program = _program(platform.machine())
    code = ctypes.create_string_buffer(b"".join(program), 8 * len(program))
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    syscall("seccomp", SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(filter_))


def _program(machine: str) -> list[bytes]:
    if machine not in ARCHITECTURES:
        raise OSError(f"no table of system calls for {machine}")
    numbers = NUMBERS[machine]
    tests = [_step(EQUAL, numbers[name], 0, 1) + _refuse(errno.EPERM) for name in REFUSED]
    return _steps(
        _step(LOAD, ARCHITECTURE), _step(EQUAL, ARCHITECTURES[machine], 1, 0), _refuse(errno.EPERM),
        _step(LOAD, NUMBER), _step(ABOVE, FOREIGN, 0, 1), _refuse(errno.EPERM),
        _step(EQUAL, numbers["clone3"], 0, 1), _refuse(errno.ENOSYS),  # its flags lie in memory; libc then takes clone
        *tests,
        _step(EQUAL, numbers["clone"], 0, 3), _step(LOAD, FIRST_ARGUMENT), _step(BITS, NEW_NAMESPACES, 0, 1),
        _refuse(errno.EPERM),
        _step(RETURN, ALLOW),
    )  # fmt: skip


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _step(RETURN, 0x0005_0000 | number)


def _steps(*parts: bytes) -> list[bytes]:
    joined = b"".join(parts)
    return [joined[at : at + 8] for at in range(0, len(joined), 8)]
