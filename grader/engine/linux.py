"""The Linux system calls that Python 3.11 has no function for. Each raises OSError with the kernel's reason."""

from __future__ import annotations

import ctypes
import os
import platform

__all__ = [
    "CLONE_NEWCGROUP",
    "CLONE_NEWIPC",
    "CLONE_NEWNET",
    "CLONE_NEWNS",
    "CLONE_NEWPID",
    "CLONE_NEWUSER",
    "CLONE_NEWUTS",
    "NUMBERS",
    "bind",
    "drop_capabilities",
    "keep_mounts_private",
    "make_read_only",
    "mount",
    "pivot_into",
    "prctl",
    "set_namespace",
    "syscall",
    "unshare",
]

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x1000_0000, 0x2000_0000, 0x4000_0000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 0x1000, 0x4000, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2
PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 47, 4
CAPABILITY_VERSION_3 = 0x2008_0522
LAST_CAPABILITY = 63  # above the newest; numbers that a kernel does not know are refused and skipped

# name → number, by machine; those that both share come from the kernel's common table
COMMON = {"pidfd_getfd": 438, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
          "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435,
          "mount_setattr": 442, "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
          "memfd_secret": 447}  # fmt: skip
NUMBERS = {
    "x86_64": COMMON | {
        "socket": 41, "clone": 56, "execve": 59, "ptrace": 101, "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165,
        "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "init_module": 175, "delete_module": 176,
        "quotactl": 179, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
        "perf_event_open": 298, "fanotify_init": 300, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "seccomp": 317, "memfd_create": 319,
        "kexec_file_load": 320, "bpf": 321, "execveat": 322, "userfaultfd": 323, "capset": 126, "shmget": 29, "semget": 64,
        "msgget": 68,
    },
    "aarch64": COMMON | {
        "socket": 198, "clone": 220, "execve": 221, "ptrace": 117, "pivot_root": 41, "chroot": 51, "acct": 89, "mount": 40,
        "umount2": 39, "swapon": 224, "swapoff": 225, "reboot": 142, "init_module": 105, "delete_module": 106,
        "quotactl": 60, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97,
        "perf_event_open": 241, "fanotify_init": 262, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "seccomp": 277, "memfd_create": 279,
        "kexec_file_load": 294, "bpf": 280, "execveat": 281, "userfaultfd": 282, "capset": 91, "shmget": 194, "semget": 190,
        "msgget": 186,
    },
}  # fmt: skip


def syscall(name: str, *arguments) -> int:
    """One system call by its name; bytes go as C strings."""
    number = NUMBERS.get(platform.machine(), {}).get(name)
    if number is None:
        raise OSError(f"{name} is not known on {platform.machine()}")
    words = [ctypes.c_char_p(word) if isinstance(word, bytes) else word for word in arguments]
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    return _checked(_libc().syscall(ctypes.c_long(number), *words), name)


def prctl(option: int, *arguments: int) -> int:
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc().prctl(option, *words), "prctl")


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones."""
    syscall("unshare", flags)


def set_namespace(descriptor: int, flags: int) -> None:
    """Enter the namespaces of a process, of which a descriptor is given."""
    syscall("setns", descriptor, flags)


def mount(kind: str, target: str, options: str) -> None:
    """A new file system without devices and set-user-id bits."""
    syscall("mount", kind.encode(), target.encode(), kind.encode(), MS_NOSUID | MS_NODEV, options.encode())


def bind(source: str, target: str) -> None:
    """Show a folder or file, with what is mounted below it, in another place as well."""
    syscall("mount", source.encode(), target.encode(), None, MS_BIND | MS_REC, None)


def make_read_only(target: str) -> None:
    """Nothing below `target` can be written; what is mounted there is included."""
    flags = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    syscall("mount_setattr", AT_FDCWD, target.encode(), AT_RECURSIVE, ctypes.byref(flags), ctypes.sizeof(flags))


def pivot_into(root: str) -> None:
    """Make `root`, a mount, the root of the file system, and leave the old one behind."""
    os.chdir(root)
    syscall("pivot_root", b".", b".")
    syscall("umount2", b".", MNT_DETACH)
    os.chdir("/")


def keep_mounts_private() -> None:
    """What is mounted from here on is seen here alone."""
    syscall("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)


def drop_capabilities() -> None:
    """Give up every capability, for good: none is left in any set, none comes back with a program."""
    for number in range(LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:
            break  # the first one that this kernel does not know, or no right to change the set
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    syscall("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
