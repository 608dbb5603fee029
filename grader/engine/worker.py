"""A worker: one student's code on a workbench, at the end of a wire. The only process that runs student code.

On Linux the nursery forks it, warm. Elsewhere the judge starts `python -m grader.engine.worker`, which connects back
over the loopback interface.
"""

from __future__ import annotations

import os
import socket
import sys

import torch

from grader.engine import quiet_check, sources
from grader.engine.cells import run_cells
from grader.engine.codec import CodecError
from grader.engine.limits import confine
from grader.engine.values import Answer, Ask, Failure, Seen
from grader.engine.wire import Wire
from grader.engine.workbench import Workbench, failure_of

__all__ = ["serve"]

SHARE = 0.8  # of an accelerator's memory, for a submission: the judge runs the reference on the same device


def serve(connection: socket.socket, not_apart: str = "", folder: str | None = None) -> None:
    """Take the job from the wire, confine this process, then answer requests until the judge hangs up.

    `not_apart` and `folder` are those of `confine`.
    """
    wire = Wire(connection)
    token, job = wire.receive()
    try:
        missing = confine(connection.fileno(), job["memory_bytes"], job["cpu_seconds"], not_apart, folder)
        bench = _workbench(job)
    except Exception as problem:  # ours, since no student code has run yet
        wire.send(token, Seen(failure=failure_of(problem, {})))
        return
    wire.send(token, Seen(value=missing))
    while True:
        token, request = wire.receive()
        _reply(wire, token, bench.perform(request, lambda ask, token=token: _asked(wire, token, ask)))


def _workbench(job: dict) -> Workbench:
    from toolkit.stand_ins import STAND_INS  # here, since it is the toolkit's newest and largest import

    _leave_room(job["device"])
    sys.modules["grader.check"] = quiet_check
    sys.modules["solution"] = sys.modules["grader.checks"] = None  # an honest slip is told; not a wall
    quiet_check.SYMBOLS.update(job["symbols"])
    sources.install(job["modules"])
    loaders = {name: lambda name=name: sources.load_module(name) for name in job["modules"]}
    loaders |= {name: lambda cells=cells: run_cells(cells, "__main__", job["cells_seconds"])
                for name, cells in job["cells"].items()}  # fmt: skip
    names = [sources.file_of(name) for name in job["modules"]]
    names += [name for cells in job["cells"].values() for name, _ in cells]
    stand_ins = {part.__name__: part for part in STAND_INS.values()}
    return Workbench(loaders, stand_ins=stand_ins, files=dict(zip(names, names, strict=True)), device=job["device"])


def _leave_room(device: str) -> None:
    """What is more than the share is out of memory, and told as that."""
    backend = {"cuda": torch.cuda, "mps": torch.mps}.get(device)
    if backend is not None:
        backend.set_per_process_memory_fraction(SHARE)


def _asked(wire: Wire, token: str, ask: Ask) -> Answer:
    wire.send(token, ask)
    _, answer = wire.receive()
    return answer


def _reply(wire: Wire, token: str, seen: Seen) -> None:
    try:
        wire.send(token, seen)
    except (CodecError, MemoryError) as problem:
        kind = "MemoryError" if isinstance(problem, MemoryError) else "ValueError"
        wire.send(token, Seen(failure=Failure(kind, f"the result can't be handed over: {problem}")))


def _connect(port: int) -> socket.socket:
    """The judge's end, after the secret that came on standard input."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(sys.stdin.buffer.readline())
    return connection


if __name__ == "__main__":
    from grader.engine.nursery import warm_up

    warm_up()
    try:
        serve(_connect(int(sys.argv[1])), "it was started by itself")
    finally:
        os._exit(0)
