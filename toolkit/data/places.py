"""Where data lies: the folder of finished files, and the one beside them for what is still coming."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.data.errors import DataError
from toolkit.data.registry import registry_path

__all__ = ["VARIABLE", "data_folder", "local_writes", "staging"]

VARIABLE = "UNROLLED_DATA"
STAGING = ".partial"


def data_folder(folder: Path | str | None = None) -> Path:
    """The folder named by the argument, or else by UNROLLED_DATA, or else `datasets/downloads` of the checkout."""
    named = folder or os.environ.get(VARIABLE)
    return Path(named).expanduser().absolute() if named else registry_path().parent / "downloads"


@contextmanager
def local_writes(folder: Path) -> Iterator[None]:
    """Turn a failure to write in `folder` (read-only, full, not a folder) into a DataError that says what to do."""
    try:
        yield
    except OSError as error:
        message = f"can't write in {folder} ({error.strerror or error})"
        advice = f"name a folder that can be written, with room, in the environment variable {VARIABLE}"
        raise DataError(f"{message}: {advice}") from error


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """The folder for unfinished files, made when needed and removed when nothing is left in it."""
    place = folder / STAGING
    with local_writes(folder):
        place.mkdir(parents=True, exist_ok=True)
    try:
        yield place
    finally:
        with suppress(OSError):
            place.rmdir()
