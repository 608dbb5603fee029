"""The Large Movie Review Dataset of notebook 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from toolkit.data.archive import collect, labelled_reviews
from toolkit.data.cache import cache_of, cached, keep
from toolkit.data.errors import DataError
from toolkit.data.places import data_folder
from toolkit.data.registry import Content, find_dataset
from toolkit.data.reviews import Reviews
from toolkit.progress import steps_with_bar

__all__ = ["load_imdb"]

NAME = "imdb"
LABELS = {"pos": 1, "neg": 0}
FETCH = f"python -m toolkit.data fetch {NAME}"


def load_imdb(folder: Path | str | None = None, *, registry: Path | str | None = None) -> dict[str, Reviews]:
    """25,000 reviews under "train" and 25,000 under "test", half of each with label 1, sorted by the path of their file.

    That order has all of one label before the other. The first call reads the archive through, under a progress bar,
    and keeps the texts in a file beside it, from which the next call loads; `cache.py` says why it can be trusted.

    Raises:
        DataError: not fetched, damaged, of other content, or a review is not UTF-8.
    """
    dataset = find_dataset(NAME, registry)
    file = dataset.files[0]
    if file.content is None:
        raise DataError(f"the list of data sets has no content for {NAME}: restore datasets/registry.toml")
    texts = _texts(data_folder(folder) / file.name, file.content)
    return {split: _reviews(dataset.title, split, texts) for split in ("train", "test")}


def _texts(archive: Path, content: Content) -> Mapping[str, bytes | memoryview]:
    cache = cache_of(archive)
    texts = cached(cache, content)
    if texts is None:
        texts = _read(archive, content)
        keep(cache, content, texts)
    return texts


def _read(archive: Path, content: Content) -> dict[str, bytes]:
    """The texts from the archive, checked by count and fingerprint, or a sentence that says what to do."""
    try:
        return collect(_with_bar(archive, sum(content.folders.values())), content)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{NAME} is not in {archive.parent}: run {_advice(archive.parent)}") from error
    except OSError as error:
        raise DataError(
            f"{archive} can't be read ({error.strerror or error}): make it readable, or run {FETCH}"
        ) from error
    except DataError as error:
        raise DataError(f"{archive} {error}: run {FETCH}, which replaces it") from error


def _advice(folder: Path) -> str:
    """Somebody may have unpacked the archive there by hand."""
    unpacked = folder / "aclImdb"
    return f"{FETCH} --from {unpacked}" if unpacked.is_dir() else FETCH


def _with_bar(archive: Path, count: int) -> Iterator[tuple[str, bytes]]:
    with closing(_bar(count)) as bar:
        for review in labelled_reviews(archive):
            next(bar, None)
            yield review
        next(bar, None)  # the bar ends when it is asked for one more


def _bar(count: int) -> Iterator[int]:
    """As a generator, so that closing it takes the bar away, also where the archive turns out to be damaged."""
    yield from steps_with_bar(count, "reviews read (only the first time)")


def _reviews(title: str, split: str, texts: Mapping[str, bytes | memoryview]) -> Reviews:
    names = [name for name in sorted(texts) if name.startswith(f"{split}/")]
    labels = tuple(LABELS[name.split("/")[1]] for name in names)
    return Reviews(title, tuple(_decoded(name, texts[name]) for name in names), labels)


def _decoded(name: str, text: bytes | memoryview) -> str:
    try:
        return str(text, "utf-8")
    except UnicodeDecodeError as error:
        message = f"{NAME}: {name} is not UTF-8 (byte {error.start:,}), as every review of the source is"
        raise DataError(f"{message}: restore datasets/registry.toml and run {FETCH}") from error
