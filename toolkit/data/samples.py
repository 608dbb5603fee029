"""The series of notebook 1 as a notebook asks for them: measured where they were fetched, else generated."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.errors import DataError
from toolkit.data.readers import Series, load_sunspots, load_temperatures

__all__ = ["sunspots", "temperatures"]


def temperatures(folder: Path | str | None = None) -> Series:
    """Daily minimum temperatures; a generated season of the same length where the real ones are not fetched."""
    try:
        return load_temperatures(folder)
    except DataError:
        from toolkit.series import seasonal

        return _generated("daily temperatures", "°C", seasonal())


def sunspots(folder: Path | str | None = None) -> Series:
    """Monthly sunspot numbers; generated cycles of the same length where the real ones are not fetched."""
    try:
        return load_sunspots(folder)
    except DataError:
        from toolkit.series import cycles

        return _generated("sunspot numbers", "sunspot number", cycles())


def _generated(name: str, unit: str, values) -> Series:
    return Series(f"generated {name}", unit, values, tuple(f"step {step}" for step in range(len(values))))
