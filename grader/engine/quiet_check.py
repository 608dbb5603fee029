"""What `from grader.check import …` gives inside a worker: test cells are the release's, so here nothing is judged.

The judge gives the same to the reference's cells.
"""

from __future__ import annotations

import importlib

SYMBOLS: dict[str, tuple[str, str]] = {}  # task → (module, symbol), filled in by whoever runs cells
PACKAGE = "starter"

__all__ = ["check", "follow_edits", "outcome", "predict", "predicted", "use"]


def check(*tasks: str) -> None:
    """Judge nothing."""


def use(task: str):
    """The student's own part, solved or not; a stand-in where there is none, so that the cell goes on as in a notebook.

    A stand-in earns nothing: where the task is required, the judge puts one in its place anyhow.
    """
    module, symbol = SYMBOLS[task]
    try:
        return getattr(importlib.import_module(f"{PACKAGE}.{module}"), symbol)
    except Exception:  # no such module, or one that can't be read or run to its end
        from toolkit.stand_ins import STAND_INS  # here, since it is large, and few need it

        return STAND_INS[task]


def predict(experiment: str, guess=None):
    """Note nothing: predictions are read from the notebook."""
    return guess


def predicted(experiment: str) -> None:
    """Know nothing: experiments are not run here."""


def follow_edits() -> None:
    """Follow nothing: no file changes while cells are run for a grade."""


def outcome(experiment: str, measured=None) -> str:
    """Compare nothing."""
    return ""
