"""A record of scores as a table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

__all__ = ["show_scores"]


def show_scores(record: dict) -> None:
    """Setting, contestant, median, and the least and the greatest of the values."""
    title = (f"{record.get('series', record['command'])}: {record['unit']}; {len(record['seeds'])} seeds, "
             f"{record['processor']}, {record['cores']} cores, torch {record['torch']}")  # fmt: skip
    table = Table(title=title, title_justify="left")
    for column in ("setting", "", "median", "least to greatest"):
        table.add_column(column, justify="left" if column in ("setting", "") else "right")
    for setting, row in record["rows"].items():
        for place, (name, entry) in enumerate(row.items()):
            spread = f"{entry['least']:g} to {entry['greatest']:g}" if len(entry["values"]) > 1 else ""
            table.add_row(setting if place == 0 else "", name, f"{entry['median']:g}", spread)
    Console(width=120).print(table)
