"""Where a file may come from: the registry's addresses, or what `--from` names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from toolkit.data.errors import DataError
from toolkit.data.registry import DataFile, DataSet
from toolkit.data.unpacked import FOLDER

__all__ = ["Origin", "origins"]

ENDINGS = (".csv", ".txt", ".gz", ".tgz", ".tar", ".bz2", ".xz")


@dataclass(frozen=True)
class Origin:
    """One place to look: an address, or a path on this computer."""

    where: str | Path

    @property
    def is_path(self) -> bool:
        return isinstance(self.where, Path)

    def __str__(self) -> str:
        return str(self.where)


def origins(dataset: DataSet, file: DataFile, source: str | Path | None = None) -> list[Origin]:
    """The places for one file, in the order to try them.

    Args:
        source: None for the registry's addresses; else a folder, the address of one (http or https), or for a
            data set of one file the file itself, or the folder that such an archive was unpacked to.

    Raises:
        DataError: the source is neither, or the folder holds no file of a known name.
    """
    if source is None:
        return [Origin(address) for address in file.addresses]
    if "://" in str(source):
        return [Origin(address) for address in _addresses(dataset, file, str(source))]
    return [Origin(path) for path in _paths(dataset, file, Path(source).expanduser().absolute())]


def _names(file: DataFile) -> list[str]:
    """The names to look for in a folder, the registry's first; each also without its own folder."""
    names = [file.name, *file.also_named]
    return list(dict.fromkeys([*names, *(PurePosixPath(name).name for name in names)]))


def _addresses(dataset: DataSet, file: DataFile, source: str) -> list[str]:
    _check_address(source)
    if source.endswith(ENDINGS):
        _check_single(dataset, source)
        return [source]
    return [f"{source.rstrip('/')}/{quote(name)}" for name in _names(file)]


def _check_address(source: str) -> None:
    try:
        parts = urlsplit(source)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise DataError(f"--from {source} is no address: expected http://HOST/… or https://HOST/…, or a folder")


def _check_single(dataset: DataSet, source: str | Path) -> None:
    if len(dataset.files) > 1:
        number = len(dataset.files)
        raise DataError(f"{dataset.name} has {number} files and {source} is one: name the folder that holds them")


def _paths(dataset: DataSet, file: DataFile, source: Path) -> list[Path]:
    if _is(source, Path.is_file):
        _check_single(dataset, source)
        return [source]
    if not _is(source, Path.is_dir):
        raise DataError(f"--from {source}: there is no such folder; name one that exists, or an address")
    found = [source / name for name in _names(file) if _is(source / name, Path.is_file)]
    found += _unpacked(source, file)
    if not found:
        names = " or ".join(_names(file))
        raise DataError(f"{dataset.name}: {source} holds no {names}; name a folder that does")
    return found


def _unpacked(source: Path, file: DataFile) -> list[Path]:
    """Folders with at least one of those that the archive would have: what else is missing is said when it is read."""
    names = file.content.folders if file.content else {}
    places = (source, source / FOLDER)
    return [place for place in places if any(_is(place / name, Path.is_dir) for name in names)]


def _is(path: Path, test: Callable[[Path], bool]) -> bool:
    """Where a folder above may not be looked into, Python raises instead of saying no."""
    try:
        return test(path)
    except OSError as error:
        raise DataError(f"--from: {path} can't be looked at ({error.strerror or error}); name another") from error
