"""Runs a notebook's cells without a kernel: IPython's cell syntax, no shell behind it."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import linecache
import sys
import time
from types import ModuleType

from IPython.core.inputtransformer2 import TransformerManager

from grader.engine.alarm import TimeUp, time_limit
from grader.engine.magics import COMPILED, as_python, without_cell_magic
from grader.engine.workbench import STOPPED_CELLS, failure_of

__all__ = ["remember_lines", "run_cells"]


def run_cells(cells: list[tuple[str, str]], module: str = "cells", seconds: float | None = None) -> dict:
    """Run (name, source) pairs in order in one namespace; a cell that raises is noted and the next one runs.

    The namespace is that of a module called `module`, which some code looks for, dataclasses for one. `seconds` is the
    time for all cells together, of which each may take half of what is left: one that goes on and on, such as a training
    that a student added, is stopped and noted, and leaves time for those after it.
    """
    sys.modules[module] = ModuleType(module)
    space = vars(sys.modules[module])
    space[STOPPED_CELLS] = []
    space["get_ipython"] = lambda: _Shell(space)
    space["display"] = lambda *args, **kwargs: None
    end = None if seconds is None else time.monotonic() + seconds
    for name, source in cells:
        try:
            with _half_of_the_time_until(end):
                _run(name, source, space)
        except KeyboardInterrupt:
            raise
        except BaseException as problem:  # SystemExit, and whatever else a class of the student's derives from
            space[STOPPED_CELLS].append((name, failure_of(problem, {name: name})))
    return space


def remember_lines(name: str, source: str) -> None:
    """Let tracebacks show the lines of source that lies in no file."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


@contextlib.contextmanager
def _half_of_the_time_until(end: float | None):
    if end is None:
        yield
        return
    seconds = (end - time.monotonic()) / 2
    try:
        with time_limit(seconds):
            yield
    except TimeUp:
        raise TimeoutError(f"it was still running after {seconds:.1f} seconds") from None


def _run(name: str, source: str, space: dict) -> None:
    """Run one cell. What is not to be had here, such as `google.colab`, stops its own statement, anything else the cell."""
    text = as_python(source)
    text = TransformerManager().transform_cell(without_cell_magic(source)) if text is None else text
    remember_lines(name, text)
    left, missing = _parsed(text, name).body, None
    while left:
        try:
            _execute(left, name, space)
            break
        except (ImportError, NameError) as problem:
            missing = missing or problem
            left = _after(problem, left, name)
    if missing is not None:
        raise missing


def _parsed(text: str, name: str) -> ast.Module:
    return compile(text, name, "exec", flags=COMPILED | ast.PyCF_ONLY_AST, dont_inherit=True)


def _execute(statements: list[ast.stmt], name: str, space: dict) -> None:
    code = compile(ast.Module(statements, []), name, "exec", flags=COMPILED, dont_inherit=True)
    result = eval(code, space)  # student code: this runs in a worker, never in the judge
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(result)


def _after(problem: BaseException, statements: list[ast.stmt], name: str) -> list[ast.stmt]:
    """The statements of a cell behind the one that raised."""
    trace = problem.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    line = trace.tb_lineno if trace else sys.maxsize
    reached = sum(statement.end_lineno < line for statement in statements)
    return statements[reached + 1 :]


class _Shell:
    """What `get_ipython()` gives: magics and shell escapes are accepted and do nothing."""

    def __init__(self, space: dict):
        self.user_ns = space

    def getoutput(self, *args, **kwargs) -> list:
        return []

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None
