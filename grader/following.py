"""Brings the student's modules up to date before each cell, and says in one line where one can't be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

__all__ = ["follow"]


def follow(modules: Callable[[], list[ModuleType]], refresh: Callable[[ModuleType], object]) -> None:
    """Before each cell, refresh the modules whose files have changed since the last cell. Nothing without a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    seen = {module.__name__: _stamp(module) for module in modules()}

    def before_cell(info) -> None:
        for module in modules():
            if seen.get(module.__name__) == (stamp := _stamp(module)):
                continue
            seen[module.__name__] = stamp
            _refresh(module, refresh)

    for known in [entry for entry in shell.events.callbacks["pre_run_cell"] if entry.__name__ == before_cell.__name__]:
        shell.events.unregister("pre_run_cell", known)
    shell.events.register("pre_run_cell", before_cell)


def _refresh(module: ModuleType, refresh: Callable[[ModuleType], object]) -> None:
    try:
        refresh(module)
    except Exception as problem:
        place = f", line {problem.lineno}" if isinstance(problem, SyntaxError) else ""
        name = Path(module.__file__ or module.__name__).name
        print(f"{name}{place}: {type(problem).__name__}: {getattr(problem, 'msg', problem)}. "
              "Until it is mended, the version before it goes on.")  # fmt: skip


def _stamp(module: ModuleType) -> bytes:
    """What the module's file holds now."""
    try:
        return Path(module.__file__ or "").read_bytes()
    except OSError:
        return b""
