"""`datasets/registry.toml`: which files make up a data set, where they come from, how they are known."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from toolkit.data.errors import DataError

__all__ = ["Content", "DataFile", "DataSet", "find_dataset", "load_registry", "registry_path"]

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Content:
    """What an archive holds, however it was packed.

    Attributes:
        sha256: SHA-256 of the lines `FOLDER/FILE SHA256-OF-THE-FILE`, sorted by path (see `archive.py`).
        folders: how many files each folder has.
        max_bytes: no packing is taken that is larger.
    """

    sha256: str
    folders: dict[str, int]
    max_bytes: int


@dataclass(frozen=True)
class DataFile:
    """One file: its path in the data folder, size in bytes, SHA-256, addresses, and other names it goes by."""

    name: str
    bytes: int
    sha256: str
    addresses: tuple[str, ...]
    also_named: tuple[str, ...] = ()
    content: Content | None = None

    @property
    def max_bytes(self) -> int:
        """The most that a download may bring."""
        return self.content.max_bytes if self.content else self.bytes


@dataclass(frozen=True)
class DataSet:
    """One entry of the registry."""

    name: str
    title: str
    notebook: int
    terms: str
    source: str
    citation: str
    files: tuple[DataFile, ...]
    unit: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """The size of all files as their source has them."""
        return sum(file.bytes for file in self.files)


def registry_path() -> Path:
    """Where the registry of this checkout lies."""
    return Path(__file__).parents[2] / "datasets" / "registry.toml"


def load_registry(path: Path | str | None = None) -> dict[str, DataSet]:
    """Every data set by name.

    Raises:
        DataError: the registry is missing, or an entry is not what it has to be.
    """
    path = Path(path) if path else registry_path()
    entries = _parse(path)
    try:
        return {name: _dataset(name, entry) for name, entry in entries.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} has an entry that can't be used ({error!r}): restore the file") from error


def find_dataset(name: str, registry: Path | str | None = None) -> DataSet:
    """The data set of this name.

    Raises:
        DataError: there is no such set; the message lists those there are.
    """
    datasets = load_registry(registry)
    if name not in datasets:
        raise DataError(f"no data set is called {name!r}: choose one of {', '.join(datasets)}")
    return datasets[name]


def _parse(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the list of data sets can't be read at {path} ({error.strerror}): run from a full checkout"
        raise DataError(message) from error
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}): restore the file") from error


def _dataset(name: str, entry: dict) -> DataSet:
    facts = {key: value for key, value in entry.items() if key not in ("bases", "files")}
    bases = entry["bases"]
    return DataSet(name=name, files=tuple(_file(facts, bases) for facts in entry["files"]), **facts)


def _file(entry: dict, bases: list[str]) -> DataFile:
    """A file's addresses are the set's bases, each with the file's name at its source behind it."""
    facts = dict(entry)
    name = _inside(facts.pop("name"))
    upstream = facts.pop("upstream", PurePosixPath(name).name)
    content = facts.pop("content", None)
    also_named = tuple(facts.pop("also_named", ()))
    if not SHA256.fullmatch(facts["sha256"]):
        raise ValueError(f"{name}: sha256 is {facts['sha256']!r}, expected 64 hexadecimal digits")
    return DataFile(
        name=name,
        addresses=tuple(base + upstream for base in bases),
        also_named=also_named,
        content=Content(**content) if content else None,
        **facts,
    )


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{name!r} leaves the data folder")
    return name
