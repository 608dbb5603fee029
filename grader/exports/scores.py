"""The score that counts: the one place from which every export takes it."""

from __future__ import annotations

from grader.teaching.totals import settled

__all__ = ["counted"]


def counted(entry: dict, total: dict | None = None) -> dict:
    """A submission's record with the `score`, `max_score` and `pending` that count: those of its total, if there is one.

    A total has the marks of written answers and what late days cost. Where the harness failed there is no score: None,
    never 0.
    """
    if total is not None:
        return settled(entry, total)
    return entry | {"score": None} if entry["status"] == "harness_error" else entry
