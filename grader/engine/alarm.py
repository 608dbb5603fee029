"""A limit on time inside one process: for code that runs in a student's own session, where nobody can end the process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["TimeUp", "time_limit"]

INSTALLED = ("site-packages", "dist-packages")  # where libraries lie


class TimeUp(KeyboardInterrupt):
    """The time is up. Like an interrupt it passes code that catches exceptions."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the code inside after so many seconds; no limit where a thread or a system has no alarm.

    A library that is being imported then is let through, and the time begins anew: torn apart it would stay broken for
    as long as the process lives. Torch imports a large part of itself in an optimizer's first step.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    seconds = max(seconds, 0.001)

    def ring(number: int, frame: FrameType | None) -> None:
        if not _imports_a_library(frame):
            raise TimeUp
        signal.setitimer(signal.ITIMER_REAL, seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _imports_a_library(frame: FrameType | None) -> bool:
    while frame is not None:
        spec = frame.f_locals.get("spec") if frame.f_code.co_name == "_load_unlocked" else None
        if any(folder in str(getattr(spec, "origin", "")) for folder in INSTALLED):
            return True
        frame = frame.f_back
    return False
