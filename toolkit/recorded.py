"""Measurements that take longer than a notebook may: recorded by a script of `benchmarks/`, with seeds and machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Record", "recorded"]

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"


@dataclass(frozen=True)
class Record:
    """Settings, contestants and their values, one for each seed.

    Attributes:
        scores: setting → contestant → values, as `toolkit.plots.plot_scores` draws them.
        entries: setting → contestant → what else the record says of it, such as its parameters.
        source: a sentence that says how it was measured, and how to measure it again.
    """

    scores: dict[str, dict[str, list[float]]]
    entries: dict[str, dict[str, dict[str, object]]]
    source: str


def recorded(name: str) -> Record:
    """The record `benchmarks/results/NAME.json`.

    Raises:
        FileNotFoundError: there is none of this name.
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(entry.stem for entry in RESULTS.glob("*.json"))) or "none"
        raise FileNotFoundError(f"no record {name!r} in {RESULTS}; there: {known}")
    record = json.loads(path.read_text(encoding="utf-8"))
    scores = {
        setting: {name: entry["values"] for name, entry in row.items()} for setting, row in record["rows"].items()
    }
    seeds = f"{len(record['seeds'])} seeds" if len(record["seeds"]) > 1 else "one seed"
    source = (f"Recorded with `{record['command']}`, {seeds}, {record['processor']}, {record['cores']} cores, "
              f"torch {record['torch']}.")  # fmt: skip
    return Record(scores, record["rows"], source)
