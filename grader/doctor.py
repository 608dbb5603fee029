"""What this machine gives a grading: layers of isolation, versions, devices, and what to do about what is missing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from grader.engine import namespaces
from grader.engine.limits import LAYERS

__all__ = ["MEND", "facts", "layers_here"]

NAMESPACES = (
    "allow namespaces. Outside of a container: sysctl -w user.max_user_namespaces=15000, on Debian also "
    "kernel.unprivileged_userns_clone=1, on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0. In a container: "
    "start it with --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined, or grade "
    "outside of it."
)
LINUX = "grade on Linux, in a virtual machine if need be."
MEND = dict.fromkeys(LAYERS, LINUX) | dict.fromkeys((*namespaces.LAYERS, "limit on processes"), NAMESPACES) | {
    "unprivileged user": "let everyone read the course and its Python (chmod -R a+rX FOLDER, and the folders above them), "
                         "or grade as an ordinary user.",
    "file access control": "boot a kernel of version 5.13 or newer with Landlock switched on: lsm=landlock,… on its "
                           "command line, and /sys/kernel/security/lsm names it.",
    "filtered system calls": "grade on x86-64 or ARM64, with a kernel that has seccomp.",
}  # fmt: skip
PACKAGES = ("unrolled", "torch", "numpy", "nbgrader", "nbclient", "nbformat", "jupyterlab")


def layers_here() -> dict[str, str]:
    """Each layer of isolation → why it is missing here, "" where it is in force. Starts one worker to find out."""
    from grader.engine.client import probe, start_nursery

    nursery = start_nursery()
    try:
        return probe(nursery)
    finally:
        nursery.close()


def facts() -> Iterator[tuple[str, str]]:
    """(what, how it is here), beside the isolation."""
    from toolkit.device import pick_device

    yield "System", f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} cores"
    yield "Python", f"{platform.python_version()} in {sys.prefix}"
    for package in PACKAGES:
        yield package, _version(package)
    for device in ("cuda", "mps"):
        yield f"--device {device}", _availability(pick_device, device)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _availability(pick_device, device: str) -> str:
    try:
        pick_device(device)
    except ValueError as problem:
        return str(problem)
    return "available"
