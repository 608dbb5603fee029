"""What the commands of `python -m grader` share: where they print, and how they stop."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

from grader.results import clean

__all__ = ["HARNESS", "USAGE", "console", "errors", "say", "stop"]

USAGE, HARNESS = 2, 3  # exit status: arguments that can't be used; a fault of the harness
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def say(*lines: str) -> None:
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def stop(status: int, message: str) -> NoReturn:
    errors.print(clean(message), style="red", markup=False, soft_wrap=True)
    raise typer.Exit(status)
