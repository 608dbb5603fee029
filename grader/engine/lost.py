"""What is nobody's verdict."""

from __future__ import annotations

__all__ = ["Lost"]


class Lost(RuntimeError):
    """A part of the harness has ended: a nursery, a worker that had no student code in it yet, a process that grades."""
