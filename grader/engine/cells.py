"""Runs a notebook's cells without a kernel: IPython's cell syntax, no shell behind it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
import sys
from types import ModuleType, SimpleNamespace

from IPython.core.inputtransformer2 import TransformerManager

from grader.engine.workbench import STOPPED_CELLS, failure_of

__all__ = ["remember_lines", "run_cells"]

COMPILED = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
BODY_RUNS = {"time", "timeit", "capture", "prun"}  # cell magics whose body is ordinary code


def run_cells(cells: list[tuple[str, str]], module: str = "cells") -> dict:
    """Run (name, source) pairs in order in one namespace; a cell that raises is noted and the next one runs.

    The namespace is that of a module called `module`, which some code looks for, dataclasses for one.
    """
    sys.modules[module] = ModuleType(module)
    space = vars(sys.modules[module])
    space[STOPPED_CELLS] = []
    space["get_ipython"] = lambda: _shell(space)
    space["display"] = lambda *args, **kwargs: None
    for name, source in cells:
        try:
            _run(name, _transformed(source), space)
        except (Exception, SystemExit) as problem:
            space[STOPPED_CELLS].append((name, failure_of(problem, {name: name})))
    return space


def remember_lines(name: str, source: str) -> None:
    """Let tracebacks show the lines of source that lies in no file."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def _transformed(source: str) -> str:
    """The cell as Python: what is Python already stays as it is, since IPython takes its time to find that out."""
    try:
        compile(source, "cell", "exec", flags=COMPILED, dont_inherit=True)
        return source
    except (SyntaxError, ValueError):
        return TransformerManager().transform_cell(source)


def _run(name: str, source: str, space: dict) -> None:
    remember_lines(name, source)
    code = compile(source, name, "exec", flags=COMPILED, dont_inherit=True)
    result = eval(code, space)  # student code: this runs in a worker, never in the judge
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(result)


def _shell(space: dict) -> SimpleNamespace:
    """What `get_ipython()` gives: magics and shell escapes are accepted and do nothing."""

    def cell_magic(name: str, line: str, body: str):
        if name in BODY_RUNS:
            exec(compile(body, f"%%{name}", "exec", dont_inherit=True), space)

    def nothing(*args, **kwargs):
        return None

    return SimpleNamespace(run_line_magic=nothing, run_cell_magic=cell_magic, system=nothing,
                           getoutput=lambda *args: [], user_ns=space)  # fmt: skip
