"""Seconds of several functions, measured in turns, so that what else the machine does meets them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

__all__ = ["one_thread", "side_by_side"]


def side_by_side(
    contestants: Mapping[str, Callable[[], object]],
    repeats: int = 20,
    warmups: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Call each function `warmups` + `repeats` times in turns; the seconds of the repeats, by name.

    `time.process_time` as the clock counts what the processor did for this process, whatever else runs beside it.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}, expected 1 or more")
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warmups + repeats):
        for name, work in contestants.items():
            start = clock()
            work()
            _wait()
            if turn >= warmups:
                seconds[name].append(clock() - start)
    return seconds


@contextmanager
def one_thread() -> Iterator[None]:
    """torch works with one thread inside: small products gain nothing from more, and times spread less."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _wait() -> None:
    """An accelerator works on while Python goes ahead: the clock stops when it is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    elif torch.backends.mps.is_available():
        torch.mps.synchronize()
