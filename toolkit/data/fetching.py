"""Bring the files of a data set into the data folder: each is whole and right there, or not there."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.data.checking import fault_of, note_packing, trouble
from toolkit.data.download import Report, ResumingDownloader
from toolkit.data.errors import DataError, OriginFailed
from toolkit.data.origins import Origin, origins
from toolkit.data.places import data_folder, local_writes, staging
from toolkit.data.registry import DataFile, DataSet, find_dataset
from toolkit.data.unpacked import pack

__all__ = ["fetch"]


def fetch(
    name: str,
    folder: Path | str | None = None,
    source: Path | str | None = None,
    *,
    registry: Path | str | None = None,
    report: Report | None = None,
) -> list[Path]:
    """Bring a data set, and return the paths of its files. Files that are there and right are left alone.

    Args:
        name: a name in the registry, "temperatures" for example.
        folder: where to; None for UNROLLED_DATA or else `datasets/downloads`.
        source: None for the registry's addresses, tried in order; else a folder or an address that has the files.
        registry: another registry.toml than the checkout's.
        report: called as bytes come, with the file's name, its bytes so far and in all (None if unknown).

    Raises:
        DataError: unknown name, nothing delivered the files, a file is damaged, the folder can't be written.
    """
    dataset, place = find_dataset(name, registry), data_folder(folder)
    return [_fetch_file(dataset, file, place, source, report) for file in dataset.files]


def _fetch_file(
    dataset: DataSet, file: DataFile, folder: Path, source: Path | str | None, report: Report | None
) -> Path:
    target = folder / file.name
    if fault_of(target, file) is None:
        return target
    failures = []
    for origin in origins(dataset, file, source):
        try:
            with staging(folder) as place:
                _bring(origin, file, place, target, report)
            return target
        except OriginFailed as failure:
            failures.append(f"{origin} {failure}")
    raise DataError(f"{dataset.name}: {file.name} didn't come: {'; '.join(failures)}. {_advice(dataset, source)}")


def _bring(origin: Origin, file: DataFile, place: Path, target: Path, report: Report | None) -> None:
    """From the origin to the staging folder, and when it is right there, into place in one step."""
    staged = place / target.name
    with local_writes(target.parent):
        staged.unlink(missing_ok=True)
    try:
        _copy(origin.where, file, staged, report) if origin.is_path else _download(origin.where, file, staged, report)
        with local_writes(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(staged, target)
            note_packing(target, file)
    finally:
        with local_writes(target.parent):
            staged.unlink(missing_ok=True)
    _forget_parts(place, target)


def _copy(path: Path, file: DataFile, staged: Path, report: Report | None) -> None:
    """The copy is checked, not the original, which may change meanwhile."""
    if path.is_dir():
        with local_writes(staged.parent):
            pack(path, staged, lambda done: report(file.name, done, None) if report else None)
    else:
        _copy_file(path, file, staged)
    fault = trouble(staged, file)
    if fault:
        raise OriginFailed(fault)


def _copy_file(path: Path, file: DataFile, staged: Path) -> None:
    try:
        size, stream = path.stat().st_size, path.open("rb")
    except OSError as error:
        raise OriginFailed(f"can't be read ({error.strerror or error})") from error
    with stream:
        if size > file.max_bytes:
            raise OriginFailed(f"has {size:,} bytes, expected {file.bytes:,}")
        with local_writes(staged.parent), staged.open("wb") as copy:
            shutil.copyfileobj(stream, copy)


def _download(url: str, file: DataFile, staged: Path, report: Report | None) -> None:
    """Through pooch, which writes to a temporary file, compares the SHA-256 and renames.

    The downloader has checked the file before; for an archive, which may be packed otherwise, its check is the only.
    """
    import pooch

    downloader = ResumingDownloader(file, _part(url, staged), report)
    known = None if file.content else f"sha256:{file.sha256}"
    with _quiet(pooch.get_logger()), local_writes(staged.parent):
        pooch.retrieve(url, known_hash=known, fname=staged.name, path=staged.parent, downloader=downloader)


def _part(url: str, staged: Path) -> Path:
    """Where the beginning of this download is kept: one file per address, so that two never mix."""
    return staged.with_name(f"{staged.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")


def _forget_parts(place: Path, target: Path) -> None:
    """Once the file is in place, drop what other addresses began to send, and what a killed run of pooch left.

    pooch's temporary file is empty until the download is renamed onto it, so no other run misses it.
    """
    empty = (path for path in place.glob("tmp*") if path.stat().st_size == 0)
    with local_writes(target.parent):
        for path in (*place.glob(f"{target.name}.*.part"), *empty):
            path.unlink(missing_ok=True)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """pooch tells of each download on stderr; here the progress bar does."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _advice(dataset: DataSet, source: Path | str | None) -> str:
    if source is not None:
        return "Give --from a folder or an address that has the file as the registry describes it."
    command = f"python -m toolkit.data fetch {dataset.name} --from FOLDER"
    return f"Look at the network and try again, or bring the files from another computer and run {command}"
