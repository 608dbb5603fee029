"""The tables of single chapters."""

from __future__ import annotations

from docs.tables.kit import cell, grid, record, source, table


@table("linear-recurrence")
def linear_recurrence() -> str:
    """What a pass over a sequence costs, by length."""
    rows = record("linear_speed")["rows"]
    shown = ("16 steps", "64 steps", "256 steps")
    columns = ["forward and backward, processor time (ms)", *shown, "kept at 256 (MiB)"]
    kept = {name: f"{entry['MiB kept']:.1f}" for name, entry in rows[shown[-1]].items()}
    lines = [[name, *(cell(rows[length][name]) for length in shown), kept[name]] for name in kept]
    return f"{grid(columns, lines)}\n\n{source('linear_speed')}"


@table("packing")
def packing() -> str:
    """Four ways to read 256 reviews, and how often a tensor was filled with zeros."""
    rows = []
    for setting, row in record("packing")["rows"].items():
        reviews = setting.partition(",")[0]
        for way, entry in row.items():
            share = f"{100 * entry['share of time in fills']:.0f} %"
            rows.append([f"{reviews}, {way}", cell(entry, digits=2), f"{entry['fills']:,}", share])
    columns = ["reviews, and how they are read", "seconds", "tensors filled with zeros", "share of the time"]
    return f"{grid(columns, rows)}\n\n{source('packing')}"
