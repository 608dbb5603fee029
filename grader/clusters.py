"""Grades on an existing Dask cluster: each of its worker processes holds a grader, warm, for one submission at a time.

Dask gives the submissions to its workers, and what a lost worker was at to another. A submission travels as the bytes of
its files, and its record comes back, so that the machines share no files. As everywhere, a student's code runs in a
nursery's workers alone: "worker" in this file means one of Dask's, which is a judge.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import distributed
from distributed import CancelledError, Client, Future, KilledWorker, Security
from distributed.core import rpc

from grader.engine.lost import Lost
from grader.grade import ClusterError, Grader, Options
from grader.intake import Submission, packed
from grader.jobs import TRIES
from grader.records import content_digest, versions
from grader.tasks import load_course

__all__ = ["graded_on_cluster"]

CONNECT_SECONDS = 5
START_SECONDS = 180  # for a grader on each worker
PATIENCE = 60  # seconds without a result, until somebody looks whether there are workers at all
AHEAD = 2  # submissions that a worker has: one that it grades, and one that is there when it is done
MOST = 3  # workers that a message names
CONTENT = "content of grader/, solution/ and toolkit/"


@dataclass(frozen=True)
class Order:
    """What goes with every submission of a run."""

    run: str
    options: Options
    facts: dict[str, str]  # that have to be the same on each worker


def graded_on_cluster(submissions: Sequence[Submission], options: Options,
                      begin: Callable[[dict[str, str], str], None]) -> Iterator[tuple[Submission, dict | None]]:  # fmt: skip
    """(submission, its entry) as they come; None for one during which its worker was lost at each of its tries.

    `begin` is told what of the isolation is missing on any worker, and on how many it was asked. Raises ClusterError
    where there is no such cluster or one of its workers is unlike this machine, and Lost where it goes away.
    """
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is told here
    warnings.filterwarnings(
        "ignore", "Sending large graph", module="distributed"
    )  # a submission may well have megabytes
    order = Order(f"unrolled-{uuid.uuid4().hex}", options, facts("cpu") | _available(options.device))
    asyncio.run(_reached(options.scheduler))
    with Client(options.scheduler, timeout=CONNECT_SECONDS) as client:
        workers = _alike(client, order)
        try:
            begin(_missing(client, order, workers), f"{len(workers)} Dask worker{'s' * (len(workers) > 1)}")
            yield from _spread(client, order, submissions)
        finally:
            with contextlib.suppress(Exception):  # of a cluster that is gone, or of one that hangs
                _on_each(client, _workers(client, order), let_go, order, seconds=10)


async def _reached(address: str) -> None:
    """ClusterError unless a scheduler answers there. A Client would try for longer, and not know how to stop."""
    try:
        async with rpc(
            address, timeout=CONNECT_SECONDS, connection_args=Security().get_connection_args("client")
        ) as there:
            kind = (await asyncio.wait_for(there.identity(), CONNECT_SECONDS))["type"]
    except Exception as problem:  # whatever else listens there may answer anything
        raise ClusterError(f"no Dask scheduler answers at {address!r} ({_told(problem)}). Start one with `dask scheduler`, and "
                           "give the address that it prints, such as tcp://10.0.0.1:8786") from problem  # fmt: skip
    if kind != "Scheduler":
        raise ClusterError(f"at {address} is a Dask {kind.lower()}, no scheduler; give the scheduler's address")


def _alike(client: Client, order: Order) -> list[str]:
    """The workers' addresses. ClusterError where there is none, or one would not grade as this machine does."""
    with contextlib.suppress(TimeoutError):
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    found = client.run(facts, order.options.device, on_error="return")
    found = {worker: there for worker, there in found.items() if not isinstance(there, OSError)}  # lost meanwhile
    if not found:
        raise ClusterError(f"the scheduler at {order.options.scheduler} has no worker; start some with `dask worker`")
    unlike: dict[str, list[str]] = {}
    for worker, there in sorted(found.items()):
        unlike.setdefault(_differing(there, order.facts), []).append(worker)
    unlike.pop("", None)
    if unlike:
        told = "; ".join(f"{', '.join(workers[:MOST])}{' and others' * (len(workers) > MOST)}: {said}"
                         for said, workers in unlike.items())  # fmt: skip
        raise ClusterError(f"nothing was graded, since the cluster would not grade as this machine does. {told}. Install the "
                           "same release of the course there, with its constraints.txt, and start the workers again")  # fmt: skip
    return sorted(found)


def _differing(there: dict[str, str] | Exception, here: dict[str, str]) -> str:
    """In which facts a worker differs from this machine, or ""."""
    if isinstance(there, Exception):
        return f"without the course ({_told(there)})"
    other = [name for name, value in here.items() if there.get(name) != value]
    return ", ".join(f"{name} {there.get(name)}, here {here[name]}" for name in other)


def _told(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__


def _missing(client: Client, order: Order, workers: list[str]) -> dict[str, str]:
    """Each layer of isolation → why it is missing on a worker, "" where it is in force on all."""
    missing: dict[str, str] = {}
    for found in _on_each(client, workers, greet, order, seconds=START_SECONDS):
        missing |= {layer: why for layer, why in found.items() if why or layer not in missing}
    return missing


def _on_each(client: Client, workers: list[str], function: Callable, order: Order, seconds: float) -> list:
    """What a task gives on each worker, but for those that are lost meanwhile. Lost itself where one takes too long."""
    asked = {worker: client.submit(function, order, workers=[worker], pure=False) for worker in workers}
    end = time.monotonic() + seconds
    while waiting := [worker for worker, future in asked.items() if not future.done()]:
        if time.monotonic() > end:
            raise Lost(f"the Dask worker at {waiting[0]} did not answer within {seconds} seconds; its log says why")
        with contextlib.suppress(TimeoutError):
            distributed.wait([asked[worker] for worker in waiting], timeout=1)
        there = {*_workers(client, order)}
        asked = {worker: future for worker, future in asked.items() if future.done() or worker in there}
    return [_entry(future) for future in asked.values()]


def _spread(
    client: Client, order: Order, submissions: Sequence[Submission]
) -> Iterator[tuple[Submission, dict | None]]:
    waiting, at_work = deque(submissions), {}
    try:
        while waiting or at_work:
            while waiting and len(at_work) < AHEAD * max(1, len(_workers(client, order))):
                submission = waiting.popleft()
                at_work[_sent(client, order, submission)] = submission
            for future in _done(client, order, list(at_work)):
                submission = at_work.pop(future)
                try:
                    entry = _entry(future)
                except KilledWorker:  # Dask has seen too many workers die that had it, begun or not
                    waiting.appendleft(submission)
                else:
                    yield submission, entry
    finally:
        client.cancel(list(at_work), force=True)


def _sent(client: Client, order: Order, submission: Submission) -> Future:
    return client.submit(grade_here, order, packed(submission, load_course()), pure=False)


def _done(client: Client, order: Order, futures: list[Future]) -> set[Future]:
    """Those that are done, one at least; or none, where it takes long."""
    try:
        return distributed.wait(futures, timeout=PATIENCE, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        if _workers(client, order):
            return set()
        raise Lost(f"the scheduler at {order.options.scheduler} has no worker any more") from None
    except CancelledError:
        raise _gone(order) from None


def _entry(future: Future) -> dict | None:
    """What a worker gave."""
    try:
        return future.result()
    except (ClusterError, KilledWorker, Lost):
        raise
    except Exception as problem:
        raise Lost(f"a Dask worker could not grade ({_told(problem)}); its log says more") from problem


def _workers(client: Client, order: Order) -> list[str]:
    try:
        return list(client.nthreads())
    except Exception as problem:  # each way of its own in which a connection ends
        raise _gone(order) from problem


def _gone(order: Order) -> Lost:
    return Lost(f"the scheduler at {order.options.scheduler} does not answer any more")


# on the workers

_turn = threading.Lock()  # a worker may have threads; a grader is made for one
_grader: tuple[str, Grader] | None = None  # with the run that it is for


def facts(device: str) -> dict[str, str]:
    """What the records of a grading depend on, beside the submissions and the seed, as it is here."""
    found = versions() | {CONTENT: content_digest()[:12]}
    return found if device == "cpu" else found | {name: _there(device) for name in _available(device)}


def _available(device: str) -> dict[str, str]:
    """The fact that has to be true of a worker's device."""
    return {} if device == "cpu" else {f"--device {device}": "available"}


def _there(device: str) -> str:
    from toolkit.device import pick_device

    try:
        pick_device(device)
    except ValueError:
        return "not available"
    return "available"


def greet(order: Order) -> dict[str, str]:
    """Have a grader; what it lacks of the isolation."""
    with _turn:
        return _grader_for(order).missing


def grade_here(order: Order, submission: Submission) -> dict | None:
    """The entry of a submission; None where it was begun too often."""
    with _turn:
        grader = _grader_for(order)
        return grader.grade(submission) if _begun(order, submission) <= TRIES else None


def let_go(order: Order) -> None:
    """End the grader of a run."""
    global _grader  # noqa: PLW0603  (a worker process has no other place)
    with _turn:
        if _grader is not None and _grader[0] == order.run:
            _, ending = _grader
            _grader = None
            ending.__exit__(None, None, None)


def _grader_for(order: Order) -> Grader:
    """The grader of this run, warm; that of an earlier one is ended."""
    global _grader  # noqa: PLW0603
    if _grader is None or _grader[0] != order.run:
        different = _differing(facts(order.options.device), order.facts)
        if different:
            raise ClusterError(f"a Dask worker came later that would not grade as the others do: {different}")
        if _grader is not None:
            _grader[1].__exit__(None, None, None)
        _grader = None
        _grader = order.run, Grader(order.options, place=order.options.places[0]).__enter__()
    import torch

    torch.set_num_threads(1)  # which each thread has to say for itself
    return _grader[1]


def _begun(order: Order, submission: Submission) -> int:
    """How often a worker has begun with it, this time included. The scheduler keeps the count, since workers may die of it."""
    client, place = distributed.get_client(), [order.run, submission.student]
    count = client.get_metadata(place, default=0) + 1
    client.set_metadata(place, count)
    return count
