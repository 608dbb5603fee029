"""The nursery: has torch and the stand-ins warm, and nothing of the judge's; forks a worker when asked. Linux only.

Started as `python -m grader.engine.nursery FD`. It speaks with the judge in small JSON packets: `fork` comes with the
worker's end of a wire and gives its pid and a descriptor of that process; `end` kills a worker with all that it started
and gives its wait status and its CPU time. When the judge goes away, so do the nursery and its workers.

Where namespaces are to be had, the nursery goes into some once it is warm, and each worker gets two processes: the first of
its process namespace, which waits for the second, which runs the student's code.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Collection
from pathlib import Path

from grader.engine import namespaces
from grader.engine.limits import mapped
from grader.engine.namespaces import Apart
from grader.engine.room import readable

__all__ = ["main", "run", "warm_up"]

PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 1  # for the first process of a namespace, before the kernel ends all that is in it
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
    torch.ones(1, device="meta").add(1)  # so does the first operation on the device meta, for two seconds
    gc.collect()
    gc.freeze()  # a worker's collections pass over all that is here, and so its pages stay shared


def main(judge: socket.socket, apart: Apart) -> None:
    """Serve the judge until it hangs up."""
    if not apart:
        _adopt_orphans()
    folders: dict[int, str | None] = {}
    while packet := _receive(judge):
        message, descriptors = packet
        if message["op"] == "fork":
            folder = None if apart else _scratch()
            pid = _fork(judge, descriptors[0], apart, folder)
            folders[pid] = folder
            _answer_with_descriptor(judge, pid)
        elif message["op"] == "end":
            if apart:
                _end_inner(message["pid"])
            status, cpu_seconds = _end(message["pid"])
            _clear(folders.pop(message["pid"]), folders)
            judge.send(json.dumps({"status": status, "cpu_seconds": cpu_seconds}).encode())
    for folder in folders.values():
        _clear(folder, ())


def _receive(judge: socket.socket):
    data, descriptors, _, _ = socket.recv_fds(judge, 4096, 1)
    return (json.loads(data), descriptors) if data else None


def _adopt_orphans() -> None:
    """Processes that a worker leaves behind become ours, so that they can be found and ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _scratch() -> str:
    """A worker's folder where it has no mounts of its own."""
    folder = tempfile.mkdtemp(prefix="unrolled-")
    if os.geteuid() == 0:
        os.chown(folder, namespaces.NOBODY, namespaces.NOBODY)
    return folder


def _clear(folder: str | None, keep: Collection[int]) -> None:
    """Outside of namespaces: end what a worker has left behind, and remove its folder. Inside, both are gone already."""
    if folder is not None:
        _end_orphans(keep)
        shutil.rmtree(folder, ignore_errors=True)


def _answer_with_descriptor(judge: socket.socket, pid: int) -> None:
    """A pid means something here alone; the descriptor says to the judge when that process ends."""
    descriptor = os.pidfd_open(pid)
    socket.send_fds(judge, [json.dumps({"pid": pid}).encode()], [descriptor])
    os.close(descriptor)


def _fork(judge: socket.socket, descriptor: int, apart: Apart, folder: str | None) -> int:
    """A worker; in the worker this never returns."""
    with apart.children() if apart else contextlib.nullcontext():
        pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        judge.close()
        if apart:
            apart.settle()
            _stand_by_for_a_child(descriptor)
        else:
            os.chdir(folder)
        from grader.engine.worker import serve

        serve(socket.socket(fileno=descriptor), apart.reason, folder)
    except Exception:  # ours: it has not come to the student's code, and standard error is still the judge's
        traceback.print_exc()
    finally:
        os._exit(0)  # never back into the nursery's loop


def _stand_by_for_a_child(descriptor: int) -> None:
    """Fork, and return in the child; this process waits for its end and ends alike, and with it all that the child started."""
    child = os.fork()
    if not child:
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first of a namespace gets no signal that it does not ask for
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
    os.close(descriptor)
    ended = status = 0
    while ended != child:
        ended, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _end_inner(pid: int) -> None:
    """Let the first process of a namespace end the second, so that the CPU time of that one is told, too."""
    descriptor = os.pidfd_open(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    select.select([descriptor], [], [], GRACE_SECONDS)
    os.close(descriptor)


def _end(pid: int) -> tuple[int, float]:
    """Its wait status, and the CPU time of it and of all that ended before it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    return status, used.ru_utime + used.ru_stime


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


def run(judge: socket.socket, bare: bool = False) -> None:
    """Warm up, go into namespaces unless `bare`, say so, and serve."""
    warm_up()
    mapped()
    apart = Apart(reason="not wanted on this device") if bare else namespaces.enter(readable())
    with contextlib.suppress(BrokenPipeError):  # the judge may have gone meanwhile
        judge.send(b"{}")
        main(judge, apart)


if __name__ == "__main__":
    run(socket.socket(fileno=int(sys.argv[1])), "bare" in sys.argv[2:])
