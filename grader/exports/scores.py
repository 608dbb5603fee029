"""The score that counts: the one place from which every export takes it."""

from __future__ import annotations

__all__ = ["counted"]


def counted(entry: dict) -> dict:
    """A submission's record with the `score`, `max_score` and `pending` that count.

    Marks of written answers and late days belong here. Where the harness failed there is no score: None, never 0.
    """
    return entry | {"score": None} if entry["status"] == "harness_error" else entry
