"""The tables of single chapters."""

from __future__ import annotations

from docs.tables.kit import cell, grid, record, source, table


@table("linear-recurrence")
def linear_recurrence() -> str:
    """What a pass over a sequence costs, by length."""
    rows = record("linear_speed")["rows"]
    names = list(next(iter(rows.values())))
    shown = ("16 steps", "64 steps", "256 steps")
    columns = ["forward and backward (ms)", *shown, "kept at 256 (MiB)"]
    lines = [[name, *(cell(rows[length][name]) for length in shown), f"{rows[shown[-1]][name]['MiB kept']:.1f}"] for name in names]
    return f"{grid(columns, lines)}\n\n{source('linear_speed')}"
