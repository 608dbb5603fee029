"""The judge's side: starts the nursery, gets workers, and turns whatever a worker does into an answer or an end."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.engine.codec import CodecError
from grader.engine.lost import Lost
from grader.engine.values import Answer, Ask, Seen, is_observed
from grader.engine.wire import Wire, WireClosed, WireError, WireTimeout

__all__ = ["Ended", "ForkedNursery", "Job", "SpawnNursery", "Worker", "probe", "start_nursery"]

START_SECONDS = 120
PROBE_BYTES = 2**30
GRACE_SECONDS = 2  # between the end of the wire and the end of its process
MAX_ASKED = 16 * 2**20  # bytes of all questions of one call
MAX_RECEIVED = 256 * 2**20  # bytes of a worker: the judge keeps what it saw until a task is judged
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
                    "CUDA_DEVICE_ORDER", "CUBLAS_WORKSPACE_CONFIG")  # fmt: skip
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # safe to fork


class Ended(Exception):
    """The worker is no more: `verdict` is timeout or crashed, the message says what happened.

    `killed` says that SIGKILL ended it, which code can do to itself, and the system to anybody.
    """

    def __init__(self, verdict: str, message: str, killed: bool = False):
        super().__init__(message)
        self.verdict = verdict
        self.killed = killed


@dataclass(frozen=True)
class Job:
    """What a worker is given: one submission's sources, in exactly the text that it then runs."""

    modules: dict[str, str]
    cells: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    symbols: dict[str, tuple[str, str]] = field(default_factory=dict)
    device: str = "cpu"
    memory_bytes: int | None = None
    cpu_seconds: int = 60
    cells_seconds: float | None = None  # for the cells of a notebook together; None for no end


def start_nursery(warm: bool = False, device: str = "cpu"):
    """The warm nursery where fork is safe with torch, cold workers elsewhere.

    `warm` says that this very process is on one thread, has torch imported and holds nothing of the judge's yet: then
    the nursery is forked from it instead of started afresh. On another device than the CPU it goes into no namespaces,
    since a driver needs the system's files.
    """
    if sys.platform != "linux":
        return SpawnNursery()
    return ForkedNursery(warm, bare=device != "cpu")


def probe(nursery, device: str = "cpu") -> dict[str, str]:
    """Each layer of isolation that a worker has here → why it is missing, "" where it is in force."""
    worker = nursery.start(Job({}, device=device, memory_bytes=PROBE_BYTES if device == "cpu" else None))
    worker.close()
    return worker.missing


class ForkedNursery:
    """A nursery process that forks warm workers; the worker after its death comes from a new one.

    `warm` and `bare` are as `start_nursery` has them.
    """

    def __init__(self, warm: bool = False, bare: bool = False):
        self._bare = bare
        self._folder = tempfile.TemporaryDirectory(prefix="unrolled-")
        self._open(_fork_nursery if warm else _start_nursery)

    def start(self, job: Job) -> Worker:
        """A worker with this job on its workbench."""
        if self._process is None:
            self._open(_start_nursery)  # afresh: by now this process may hold what a worker must not see
        with self._spoken_to():
            self._wait_until_warm()
            ours, theirs = socket.socketpair()
            with theirs:
                socket.send_fds(self._link, [b'{"op": "fork"}'], [theirs.fileno()])
            answer, descriptors = self._answer()
        pid, ended = answer["pid"], _death_of(*descriptors)
        return Worker(Wire(ours, alive=lambda: not ended()), job, lambda grace: self._end(pid, ended, grace))

    def close(self) -> None:
        if self._process is not None:
            self._hang_up(10 if self._warm else 0)
        self._folder.cleanup()

    def _open(self, start: Callable) -> None:
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = start(theirs, self._folder.name, self._bare)
        self._warm = False

    def _hang_up(self, seconds: float) -> None:
        """Without its link the nursery ends, and its workers with it."""
        self._link.close()
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @contextlib.contextmanager
    def _spoken_to(self) -> Iterator[None]:
        """Where it doesn't answer any more, it is lost."""
        if self._process is None:
            raise Lost("the nursery that this worker was forked from is gone")
        try:
            yield
        except (OSError, EOFError) as problem:
            self._hang_up(0)
            raise Lost(f"the nursery ended ({problem}); its last lines on standard error say why") from problem

    def _wait_until_warm(self) -> None:
        if not self._warm:
            self._answer()
            self._warm = True

    def _answer(self) -> tuple[dict, list[int]]:
        """The next packet, and the descriptors that came with it."""
        self._link.settimeout(START_SECONDS)
        data, descriptors, _, _ = socket.recv_fds(self._link, 4096, 1)
        if not data:
            raise EOFError("it hung up")
        return json.loads(data), descriptors

    def _end(self, pid: int, ended, grace: float) -> tuple[str, float]:
        """End a worker: how it had ended if it had by itself, within `grace` seconds, and the CPU time that it took."""
        by_itself = ended(grace)
        ended.close()
        with self._spoken_to():
            self._link.send(json.dumps({"op": "end", "pid": pid}).encode())
            answer = self._answer()[0]
        return _told(answer["status"]) if by_itself else "", answer["cpu_seconds"]


def _start_nursery(theirs: socket.socket, folder: str, bare: bool) -> subprocess.Popen:
    """A nursery in a process of its own, from an empty environment."""
    arguments = [sys.executable, "-m", "grader.engine.nursery", str(theirs.fileno()), *(["bare"] if bare else [])]
    return subprocess.Popen(
        arguments, pass_fds=[theirs.fileno()], env=_environment(), cwd=folder, stdin=subprocess.DEVNULL
    )


class _Forked:
    """A forked child with the two methods of a Popen that are used here."""

    def __init__(self, pid: int):
        self._pid = pid

    def wait(self, timeout: float | None = None) -> int:
        if timeout == 0:
            self.kill()
        return os.waitpid(self._pid, 0)[1]  # it ends when its link is closed

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)


def _fork_nursery(theirs: socket.socket, folder: str, bare: bool) -> _Forked:
    """A nursery forked from here."""
    pid = os.fork()
    if pid:
        return _Forked(pid)
    try:
        os.chdir(folder)
        os.closerange(3, theirs.fileno())  # the judge's end among them: its closing must be seen here
        os.closerange(theirs.fileno() + 1, 65_536)
        from grader.engine import nursery

        nursery.run(theirs, bare)
    finally:
        os._exit(0)


class SpawnNursery:
    """Starts a cold worker for each job, where forking is not to be had: macOS, Windows."""

    def start(self, job: Job) -> Worker:
        """A worker with this job on its workbench; it connects back with a secret."""
        secret = secrets.token_hex(16).encode()
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(START_SECONDS)
            arguments = [sys.executable, "-m", "grader.engine.worker", str(server.getsockname()[1])]
            process = subprocess.Popen(arguments, stdin=subprocess.PIPE, env=_environment(), cwd=tempfile.gettempdir())
            process.stdin.write(secret + b"\n")
            process.stdin.close()
            ours = _accept(server, secret)
        return Worker(Wire(ours, alive=lambda: process.poll() is None), job, lambda grace: _end_process(process, grace))

    def close(self) -> None:
        """Nothing stays between workers."""


class Worker:
    """One worker, from its start to its end. `missing` maps each layer of isolation to why it is missing, "" if in force."""

    def __init__(self, wire: Wire, job: Job, end: Callable[[float], tuple[str, float]]):
        self._wire = wire
        self._end = end
        self._ended = False
        self.cpu_seconds = 0.0  # of the worker and what it started, known at its end
        try:
            begun = self.request(vars(job), time.monotonic() + START_SECONDS)
        except Ended as problem:  # no student code has run yet: this is ours
            raise Lost(f"a worker did not start: {problem}") from problem
        if begun.failure is not None:
            self.close()
            raise Lost(f"a worker did not start: {begun.failure.kind}: {begun.failure.message}")
        self.missing: dict[str, str] = begun.value

    def request(self, message, deadline: float, answer: Callable[[Ask], Answer] | None = None) -> Seen:
        """Send one request and wait for its `Seen`; raises `Ended` when the worker is no more."""
        token, before = secrets.token_hex(16), self._wire.received
        try:
            self._wire.send(token, message, deadline)
            while isinstance(reply := self._expect(token, deadline), Ask):
                if answer is None or self._wire.received - before > MAX_ASKED:
                    raise WireError("more is asked than a call may ask")
                self._answer(token, answer(reply), deadline)
            return reply
        except WireTimeout:
            self.close()
            raise Ended("timeout", "it was still running when its time was up") from None
        except WireClosed:
            how = self.close(grace=GRACE_SECONDS)
            if "SIGXCPU" in how:
                raise Ended("timeout", "it used up the CPU time of the submission") from None
            said = f"the process ended in the middle of the call{how}"
            raise Ended("crashed", said, killed="SIGKILL" in how) from None
        except WireError:
            self.close()
            much = f"more than {MAX_RECEIVED // 2**20} MiB came back in all"
            said = much if self._wire.received > MAX_RECEIVED else "what came back was not an answer of the worker"
            raise Ended("crashed", said) from None

    def _expect(self, token: str, deadline: float) -> Seen | Ask:
        name, reply = self._wire.receive(deadline)
        if name != token or not isinstance(reply, Seen | Ask):
            raise WireError("a frame that answers no request")
        if not is_observed(reply.value if isinstance(reply, Seen) else reply.args):
            raise WireError("a value that no workbench gives")
        if self._wire.received > MAX_RECEIVED:
            raise WireError("more than a worker may send")
        return reply

    def _answer(self, token: str, answer: Answer, deadline: float) -> None:
        try:
            self._wire.send(token, answer, deadline)
        except CodecError as problem:  # the call goes on, and can be told of it
            self._wire.send(token, Answer(error=str(problem)), deadline)

    def close(self, grace: float = 0) -> str:
        """End the worker and all that it started; says how it ended if it did so by itself, within `grace` seconds."""
        if self._ended:
            return ""
        self._ended = True
        self._wire.close()
        how, self.cpu_seconds = self._end(grace)
        return how


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    course = str(Path(__file__).parents[2])  # found there whether or not the course is installed
    return kept | ONE_THREAD | {"PYTHONHASHSEED": "0", "PYTHONPATH": course}


class _death_of:  # noqa: N801  (reads as a function: `ended = _death_of(pid)`, then `ended()`)
    """Says whether a process has ended, from the kernel's own descriptor of it."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor

    def __call__(self, wait: float = 0) -> bool:
        return bool(select.select([self._descriptor], [], [], wait)[0])

    def close(self) -> None:
        os.close(self._descriptor)


def _told(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    number = -code if code < 0 else code - 128  # the process that waited for a worker ends as a shell would
    if number in set(signal.Signals):
        return f" (signal {signal.Signals(number).name})"
    return f" (exit status {code})"


def _accept(server: socket.socket, secret: bytes) -> socket.socket:
    """The connection that brings the secret; others are turned away."""
    while True:
        connection, _ = server.accept()
        connection.settimeout(START_SECONDS)
        with contextlib.suppress(OSError):
            if secrets.compare_digest(connection.recv(len(secret) + 1), secret + b"\n"):
                return connection
        connection.close()


def _end_process(process: subprocess.Popen, grace: float) -> tuple[str, float]:
    before = os.times()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    status = process.poll()
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
    after = os.times()
    cpu_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return "" if status is None else f" (exit status {status})", cpu_seconds
