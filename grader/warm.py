"""A process that keeps torch imported for a while, so that a self-check from the terminal answers at once.

Importing torch takes longer than all checks together. The first `python -m grader check` starts this process; the next
ones hand it their arguments, folder and streams, and it forks a child that is the command from there on. It holds no
code of the course, so what is on disk is what runs; it ends when it has not been asked for ten minutes. Set
UNROLLED_WARM=0 to do without. Linux only, since fork is.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

__all__ = ["inside", "run_warm", "start"]

IDLE_SECONDS = 600
INSIDE = "UNROLLED_INSIDE_WARM"
NEEDED = ("matplotlib.pyplot", "IPython.core.inputtransformer2", "safetensors.torch", "typer", "rich.table")


def run_warm(arguments: list[str]) -> int | None:
    """The exit status of `python -m grader ARGUMENTS` run by the warm process; None where there is none."""
    if not _wanted():
        return None
    try:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link.connect(str(_address()))
    except OSError:
        return None
    with link:
        message = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
        socket.send_fds(link, [json.dumps(message).encode()], [0, 1, 2])
        pid = json.loads(link.recv(4096) or b"{}").get("pid")
        return None if pid is None else _await(link, pid)


def start() -> None:
    """Start the warm process for the next command, if it is wanted and not there."""
    if _wanted():
        with contextlib.suppress(OSError):
            course = str(Path(__file__).parent.parent)
            subprocess.Popen([sys.executable, "-m", "grader.warm"], start_new_session=True, cwd="/",
                             env=os.environ | {"PYTHONPATH": course, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def inside() -> bool:
    """Whether this process is a command that the warm process forked: warm, and holding nothing that is secret."""
    return os.environ.get(INSIDE) == "1"


def _wanted() -> bool:
    return (
        sys.platform == "linux" and not inside() and os.environ.get("UNROLLED_WARM") != "0" and "CI" not in os.environ
    )


def _address() -> Path:
    """A socket of this user and this environment's own, in a folder that no one else may enter."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"unrolled-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise OSError(f"{folder} is open to others")
    return folder / hashlib.sha256(f"{sys.prefix} {Path(__file__).parent}".encode()).hexdigest()[:16]


def _await(link: socket.socket, pid: int) -> int:
    """Wait for the child's end; an interrupt is handed on to it."""
    while True:
        try:
            return json.loads(link.recv(4096) or b'{"status": 1}')["status"]
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)


def main() -> None:
    """Serve until nobody has asked for a while."""
    address = _address()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting = address.with_suffix(f".{os.getpid()}")
    server.bind(str(waiting))
    server.listen()
    _import_all()
    own = waiting.stat().st_ino
    os.replace(waiting, address)  # from here on commands find it, and an older one is asked no more
    while select.select([server], [], [], IDLE_SECONDS)[0]:
        _serve(server.accept()[0], server)
    with contextlib.suppress(FileNotFoundError):
        if address.stat().st_ino == own:
            address.unlink()


def _import_all() -> None:
    """Import what a self-check needs besides the course itself, on one thread, so that forking is safe."""
    os.environ["MPLBACKEND"] = "agg"
    import torch

    for name in NEEDED:
        importlib.import_module(name)
    torch.set_num_threads(1)
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    torch.optim.SGD([weight], lr=0.1).step()


def _serve(link: socket.socket, server: socket.socket) -> None:
    """Fork a keeper for one command, which forks the command and tells its end; both are orphaned to init."""
    if os.fork():
        link.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        return
    try:
        server.close()
        data, streams, _, _ = socket.recv_fds(link, 2**20, 3)
        pid = os.fork()
        if not pid:
            link.close()
            _become(json.loads(data), streams)
        link.send(json.dumps({"pid": pid}).encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        link.send(json.dumps({"status": status if status >= 0 else 128 - status}).encode())
    finally:
        os._exit(0)


def _become(message: dict, streams: list[int]) -> None:
    """Be the command: its streams, folder, environment and arguments."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(message["folder"])
    sys.path[0] = message["folder"]
    os.environ.clear()
    os.environ.update(message["environment"] | {INSIDE: "1"})
    status = 1
    try:
        from grader.cli import app

        app(message["arguments"], prog_name="python -m grader")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
