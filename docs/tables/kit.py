"""How a table is written: from records to rows, from rows to Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

__all__ = ["TABLES", "cell", "grid", "level", "measured", "record", "source", "spread", "table"]

RESULTS = Path(__file__).parent.parent.parent / "benchmarks" / "results"
TABLES: dict[str, Callable[[], str]] = {}  # the name between the comments → what writes it


def table(name: str) -> Callable:
    """Enter a function that returns Markdown into the list."""

    def entered(function: Callable[[], str]) -> Callable[[], str]:
        if name in TABLES:
            raise ValueError(f"there are two tables called {name}")
        TABLES[name] = function
        return function

    return entered


@cache
def record(name: str) -> dict:
    """`benchmarks/results/NAME.json`."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def measured(name: str, setting: str, contestant: str) -> dict:
    """One entry of a record: its values, their median, least and greatest, and what else stands there."""
    return record(name)["rows"][setting][contestant]


def source(*names: str) -> str:
    """How the records were measured, in a sentence, with the commands that measure them again."""
    records = [record(name) for name in names]
    seeds = {len(one["seeds"]) for one in records}
    count = f"{' or '.join(map(str, sorted(seeds)))} seed{'s' if seeds != {1} else ''}"
    (machine,) = {(one["processor"], one["cores"], one["torch"]) for one in records}
    commands = dict.fromkeys(f"`{one['command']}`" for one in records)
    return f"Measured with {', '.join(commands)}: {count}, {machine[0]}, {machine[1]} cores, torch {machine[2]}."


def cell(entry: Mapping, scale: float = 1, digits: int = 1) -> str:
    """The median, and from the least to the greatest where there are several values that differ."""
    middle, low, high = (f"{scale * entry[key]:,.{digits}f}" for key in ("median", "least", "greatest"))
    return middle if low == high else f"{middle} ({low} to {high})"


def spread(entry: Mapping, scale: float = 1, digits: int = 1) -> str:
    """From the least to the greatest, for a sentence."""
    low, high = (f"{scale * entry[key]:,.{digits}f}" for key in ("least", "greatest"))
    return low if low == high else f"{low} to {high}"


def level(entries: Mapping[str, Mapping], less_is_better: bool = False) -> list[str]:
    """Who has the best median, and everybody whose range meets the range of the best one."""
    best = (min if less_is_better else max)(entries, key=lambda name: entries[name]["median"])
    top = entries[best]
    return [name for name, entry in entries.items()
            if entry["least"] <= top["greatest"] and entry["greatest"] >= top["least"]]  # fmt: skip


def grid(columns: Sequence[str], rows: Iterable[Sequence[object]], words: int = 1) -> str:
    """A table in Markdown: the first `words` columns and the last one, if it holds sentences, stand to the left."""
    rows = [[str(entry) for entry in row] for row in rows]
    to_the_left = [place < words or any(len(row[place]) > 60 for row in rows) for place in range(len(columns))]
    rule = [":---" if left else "---:" for left in to_the_left]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(columns), rule, *rows])
