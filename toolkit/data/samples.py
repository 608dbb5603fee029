"""What a notebook asks for where it can do without: measured series or generated ones, real reviews or none."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.errors import DataError
from toolkit.data.imdb import load_imdb
from toolkit.data.readers import Series, load_sunspots, load_temperatures
from toolkit.data.reviews import Reviews

__all__ = ["fetched_reviews", "sunspots", "temperatures"]


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


def fetched_reviews(folder: Path | str | None = None) -> dict[str, Reviews] | None:
    """The real reviews, "train" and "test"; None where they aren't there or can't be used, and a line that says why."""
    try:
        return load_imdb(folder)
    except DataError as problem:
        print(f"Without the real reviews: {problem}")
        return None


def _generated(name: str, unit: str, values) -> Series:
    return Series(f"generated {name}", unit, values, tuple(f"step {step}" for step in range(len(values))))
