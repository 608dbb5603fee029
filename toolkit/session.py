"""Where code runs: in a notebook, at a terminal, or where nobody looks on."""

from __future__ import annotations

import sys

__all__ = ["at_terminal", "in_notebook"]


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def at_terminal() -> bool:
    """Whether somebody sees what goes to the error stream."""
    return sys.stderr is not None and sys.stderr.isatty()
