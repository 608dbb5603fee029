"""Which data sets are here, and in what state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolkit.data.checking import MISSING, fault_of
from toolkit.data.places import STAGING, data_folder
from toolkit.data.registry import DataSet, load_registry

__all__ = ["Status", "status"]


@dataclass(frozen=True)
class Status:
    """One data set on this computer.

    Attributes:
        state: "ready", "absent", "incomplete" (files are missing, or one was cut off) or "damaged".
        detail: what is missing or wrong; empty when ready.
        bytes: the size of the set at its source.
    """

    name: str
    title: str
    state: str
    detail: str
    bytes: int


def status(folder: Path | str | None = None, *, registry: Path | str | None = None) -> list[Status]:
    """The state of every data set of the registry, checked by size and SHA-256.

    Raises:
        DataError: the registry can't be read.
    """
    place = data_folder(folder)
    return [_state(dataset, place) for dataset in load_registry(registry).values()]


def _state(dataset: DataSet, folder: Path) -> Status:
    faults = {file.name: fault_of(folder / file.name, file) for file in dataset.files}
    missing = [name for name, fault in faults.items() if fault == MISSING]
    damaged = [f"{name} {fault}" for name, fault in faults.items() if fault not in (None, MISSING)]
    state, detail = _verdict(dataset, missing, damaged, _cut_off(folder, missing))
    return Status(dataset.name, dataset.title, state, detail, dataset.bytes)


def _verdict(dataset: DataSet, missing: list[str], damaged: list[str], cut_off: int) -> tuple[str, str]:
    again = f"python -m toolkit.data fetch {dataset.name}"
    if damaged:
        return "damaged", f"{'; '.join(damaged)}: run {again}"
    if not missing:
        return "ready", ""
    if cut_off:
        return "incomplete", f"cut off after {cut_off:,} bytes: {again} goes on from there"
    if len(missing) < len(dataset.files):
        return "incomplete", f"{len(missing)} of {len(dataset.files)} files missing: run {again}"
    return "absent", f"run {again}"


def _cut_off(folder: Path, missing: list[str]) -> int:
    """The most bytes that an interrupted download of a missing file left."""
    parts = [part for name in missing for part in (folder / STAGING).glob(f"{Path(name).name}.*.part")]
    return max((part.stat().st_size for part in parts), default=0)
