"""What every record of a measurement holds: the command, the seeds, the machine, the commit."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from grader.results import dump, write_atomically

__all__ = ["RESULTS", "machine", "save", "summary"]

RESULTS = Path(__file__).parent / "results"


def save(name: str, command: str, seeds: Sequence[int], rows: dict, **more: object) -> dict:
    """Write `results/NAME.json`; the record that was written."""
    record = {"command": command, "seeds": list(seeds), **machine(), **more, "rows": rows}
    write_atomically(RESULTS / f"{name}.json", dump(record))
    return record


def summary(values: Sequence[float], digits: int = 4) -> dict[str, object]:
    """The values, in the order of the seeds, with their median and their least and greatest."""
    rounded = [round(value, digits) for value in values]
    return {"values": rounded, "median": round(statistics.median(values), digits), "least": min(rounded),
            "greatest": max(rounded)}  # fmt: skip


def machine() -> dict[str, object]:
    """Where and with what it was measured."""
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    return {"commit": commit, "cores": os.cpu_count(), "processor": _processor(), "python": platform.python_version(),
            "torch": torch.__version__}  # fmt: skip


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
