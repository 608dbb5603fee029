"""`python -m toolkit.data fetch` and `status`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from toolkit.data.download import Report
from toolkit.data.errors import DataError
from toolkit.data.fetching import fetch as fetch_one
from toolkit.data.places import data_folder
from toolkit.data.registry import load_registry
from toolkit.data.stock import Status
from toolkit.data.stock import status as stock

__all__ = ["app"]

UNUSABLE = 2
INTERRUPTED = 130
COLOURS = {"ready": "green", "absent": "dim", "incomplete": "yellow", "damaged": "red"}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The real data sets of the course: fetch them, see which are here.",
)


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="imdb, shakespeare, multi30k, temperatures, sunspots or all.")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FOLDER_OR_URL", help="Take the files from here, not from the internet."),
    ] = None,
) -> None:
    """Bring a data set, check it, and say where it lies. Goes on where an earlier run was cut off.

    The folder is datasets/downloads, or the one in the environment variable UNROLLED_DATA.
    """
    try:
        failed = [chosen for chosen in _chosen(name) if not _fetched(chosen, source)]
    except DataError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped. What has come is kept: the same command goes on from there.", INTERRUPTED)
    if failed:
        raise typer.Exit(UNUSABLE)


@app.command()
def status() -> None:
    """Say which data sets are here, whole and undamaged."""
    try:
        _show(stock())
    except DataError as error:
        _fail(str(error))


def _chosen(name: str) -> list[str]:
    return list(load_registry()) if name == "all" else [name]


def _fetched(name: str, source: str | None) -> bool:
    """Fetch one set and say how it ended, so that of `all` the others still come."""
    try:
        with _progress() as report:
            fetch_one(name, source=source, report=report)
    except DataError as error:
        typer.echo(f"Error: {error}", err=True)
        return False
    dataset = load_registry()[name]
    typer.echo(f"{name}: ready in {data_folder()}. Terms of use: {dataset.terms}")
    return True


def _fail(message: str, code: int = UNUSABLE) -> None:
    typer.echo(f"Error: {message}" if code == UNUSABLE else message, err=True)
    raise typer.Exit(code)


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar for each file, on stderr and only where a person looks."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {}

        def report(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield report


def _show(states: list[Status]) -> None:
    table = Table("set", "state", "size", "what to do", box=None, pad_edge=False)
    for state in states:
        colour = COLOURS[state.state]
        table.add_row(state.name, f"[{colour}]{state.state}[/]", _size(state.bytes), escape(state.detail))
    console = Console()
    console.print(f"Data folder: {data_folder()}", soft_wrap=True, markup=False, highlight=False)
    console.print(table)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
