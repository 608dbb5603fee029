"""The two real series of notebook 1, and how a set of one file is found."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.data.checking import MISSING, fault_of
from toolkit.data.errors import DataError
from toolkit.data.places import data_folder
from toolkit.data.registry import DataSet, find_dataset

if TYPE_CHECKING:
    import torch

__all__ = ["Series", "checked_file", "load_sunspots", "load_temperatures"]


@dataclass(frozen=True)
class Series:
    """Measurements in the order of time.

    Attributes:
        values: (T,), float32.
        dates: T names, as the file has them: "1981-01-01" for a day, "1749-01" for a month.
        name, unit: for the axes of a plot.
    """

    name: str
    unit: str
    values: torch.Tensor
    dates: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.dates)


def load_temperatures(folder: Path | str | None = None, *, registry: Path | str | None = None) -> Series:
    """Daily minimum temperatures in Melbourne, 1981 to 1990, in degrees Celsius: values (3650,), float32.

    The last days of 1984 and 1988 are missing in the source, so that every year has 365 values.

    Raises:
        DataError: not fetched, or damaged.
    """
    return _load("temperatures", folder, registry)


def load_sunspots(folder: Path | str | None = None, *, registry: Path | str | None = None) -> Series:
    """Monthly mean sunspot numbers, Zurich, 1749 to 1983: values (2820,), float32.

    Raises:
        DataError: not fetched, or damaged.
    """
    return _load("sunspots", folder, registry)


def checked_file(name: str, folder: Path | str | None = None, *, registry: Path | str | None = None) -> Path:
    """The path of a data set's one file, after a look at its bytes.

    Raises:
        DataError: not fetched, or damaged.
    """
    return _checked(find_dataset(name, registry), data_folder(folder))


def _load(name: str, folder: Path | str | None, registry: Path | str | None) -> Series:
    import torch

    dataset = find_dataset(name, registry)
    rows = _rows(_checked(dataset, data_folder(folder)), dataset.counts["rows"])
    values = torch.tensor([float(value) for _, value in rows], dtype=torch.float32)
    return Series(dataset.title, dataset.unit, values, tuple(date for date, _ in rows))


def _checked(dataset: DataSet, folder: Path) -> Path:
    """The path of the set's one file, after a look at its bytes."""
    file, command = dataset.files[0], f"python -m toolkit.data fetch {dataset.name}"
    path = folder / file.name
    fault = fault_of(path, file)
    if fault == MISSING:
        raise DataError(f"{dataset.name} is not in {folder}: run {command}")
    if fault:
        raise DataError(f"{path} {fault}: run {command}, which replaces it")
    return path


def _rows(path: Path, expected: int) -> list[list[str]]:
    """The lines below the heading, each a date and a value."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    if len(rows) != expected:
        raise DataError(f"{path} has {len(rows):,} rows, expected {expected:,}: restore datasets/registry.toml")
    return rows
