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


@table("packing")
def packing() -> str:
    """Four ways to read 256 reviews, and how often a tensor was filled with zeros."""
    rows = [
        [f"{setting.partition(',')[0]}, {way}", cell(entry, digits=2), f"{entry['fills']:,}", f"{100 * entry['share of time in fills']:.0f} %"]
        for setting, row in record("packing")["rows"].items()
        for way, entry in row.items()
    ]
    columns = ["reviews, and how they are read", "seconds", "tensors filled with zeros", "share of the time"]
    return f"{grid(columns, rows)}\n\n{source('packing')}"
