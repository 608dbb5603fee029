"""Imports `starter` from sources in memory, so that what was read once is what runs."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Mapping
from types import ModuleType

from grader.engine.cells import remember_lines

__all__ = ["PACKAGE", "file_of", "install", "load_module"]

PACKAGE = "starter"


def file_of(module: str) -> str:
    """The name under which a module's lines appear in messages: starter/rnn.py."""
    return f"{PACKAGE}/{module}.py"


def install(sources: Mapping[str, str]) -> None:
    """Make `from starter import rnn` run `sources["rnn"]`, whatever lies on the import path."""
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(sources))


def load_module(module: str) -> dict:
    """The namespace of a starter module, run once."""
    return vars(importlib.import_module(f"{PACKAGE}.{module}"))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, sources: Mapping[str, str]):
        self._sources = sources

    def find_spec(self, fullname: str, path=None, target=None):
        package, _, module = fullname.partition(".")
        if package != PACKAGE:
            return None
        if not module:
            return importlib.util.spec_from_loader(fullname, self, is_package=True)
        if module not in self._sources:
            raise ModuleNotFoundError(f"the submission has no {file_of(module)}", name=fullname)
        return importlib.util.spec_from_loader(fullname, self, origin=file_of(module))

    def create_module(self, spec):
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__.partition(".")[2]
        if not name:
            return
        source, file = self._sources[name], file_of(name)
        remember_lines(file, source)
        module.__file__ = file
        exec(
            compile(source, file, "exec", dont_inherit=True), vars(module)
        )  # student code: this runs in a worker, never in the judge
