"""The nursery: has torch and the stand-ins warm, and nothing of the judge's; forks a worker when asked. Linux only.

Started as `python -m grader.engine.nursery FD`. It speaks with the judge in small JSON packets: `fork` comes with the
worker's end of a wire and gives its pid; `end` kills a worker with all that it started and gives its wait status.
When the judge goes away, so do the nursery and its workers.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

__all__ = ["main", "run", "warm_up"]

PR_SET_CHILD_SUBREAPER = 36
NEEDED = ("grader.engine.worker", "matplotlib.pyplot", "toolkit.plots", "toolkit.stand_ins", "toolkit.training",
          "toolkit.forecaster", "toolkit.series", "toolkit.device", "toolkit.baselines", "toolkit.diagrams", "toolkit.recorded",
          "toolkit.trial", "toolkit.contestants", "toolkit.memory", "toolkit.reach", "toolkit.corpus", "toolkit.readers",
          "toolkit.reading", "toolkit.review_reader", "toolkit.reviews", "toolkit.sentiment", "toolkit.tables",
          "toolkit.rehearsal", "toolkit.speech", "toolkit.streaming", "toolkit.texts", "toolkit.writers",
          "toolkit.answering", "toolkit.bilingual", "toolkit.bleu", "toolkit.forcing", "toolkit.live_pairs", "toolkit.pairs",
          "toolkit.sentences")  # fmt: skip


def warm_up() -> None:
    """Import what every worker needs, and use once what is slow at its first use."""
    os.environ["MPLBACKEND"] = "agg"
    import torch

    torch.set_num_threads(1)  # a process that has run a multi-threaded operation must not be forked
    from grader.engine.codec import decode, encode

    for name in NEEDED:
        importlib.import_module(name)

    decode(*encode(torch.zeros(1)))
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    for optimizer in (torch.optim.SGD([weight], lr=0.1), torch.optim.Adam([weight], lr=0.1)):
        optimizer.step()  # the first step imports a large part of torch


def main(judge: socket.socket) -> None:
    """Serve the judge until it hangs up."""
    _adopt_orphans()
    folders: dict[int, str] = {}
    while packet := _receive(judge):
        message, descriptors = packet
        if message["op"] == "fork":
            folder = tempfile.mkdtemp(prefix="unrolled-")
            pid = _fork(judge, descriptors[0], folder)
            folders[pid] = folder
            judge.send(json.dumps({"pid": pid}).encode())
        elif message["op"] == "end":
            folder = folders.pop(message["pid"])
            status = _end(message["pid"])
            _end_orphans(keep=folders.keys())
            shutil.rmtree(folder, ignore_errors=True)
            judge.send(json.dumps({"status": status}).encode())
    _end_orphans(keep=())
    for folder in folders.values():
        shutil.rmtree(folder, ignore_errors=True)


def _receive(judge: socket.socket):
    data, descriptors, _, _ = socket.recv_fds(judge, 4096, 1)
    return (json.loads(data), descriptors) if data else None


def _adopt_orphans() -> None:
    """Processes that a worker leaves behind become ours, so that they can be found and ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _fork(judge: socket.socket, descriptor: int, folder: str) -> int:
    """A worker in a folder of its own; in the worker this never returns."""
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        judge.close()
        os.chdir(folder)
        from grader.engine.worker import serve

        serve(socket.socket(fileno=descriptor))
    finally:
        os._exit(0)  # never back into the nursery's loop


def _end(pid: int) -> int:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _end_orphans(keep: Collection[int]) -> None:
    """End what workers have left behind; processes whose parents die come to us and are next."""
    while children := [child for child in _children() if child not in keep]:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def run(judge: socket.socket) -> None:
    """Warm up, say so, and serve."""
    warm_up()
    with contextlib.suppress(BrokenPipeError):  # the judge may have gone meanwhile
        judge.send(b"{}")
        main(judge)


if __name__ == "__main__":
    run(socket.socket(fileno=int(sys.argv[1])))
