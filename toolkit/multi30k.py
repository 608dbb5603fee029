"""Multi30k, English to French (Elliott et al., 2016, 2017): captions of photographs as pairs, and their raw translations."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.checking import MISSING, fault_of
from toolkit.data.errors import DataError
from toolkit.data.places import data_folder
from toolkit.data.registry import DataFile, DataSet, find_dataset
from toolkit.pairs import Pair
from toolkit.sentences import tokenize

__all__ = ["SPLITS", "Multi30k", "Split", "fetched_pairs", "load_multi30k"]

NAME = "multi30k"
FETCH = f"python -m toolkit.data fetch {NAME}"
LANGUAGES = ("en", "fr")
SPLITS = {"train": "train", "validation": "val", "test_2016": "test_2016_flickr", "test_2017": "test_2017_flickr"}


@dataclass(frozen=True)
class Split:
    """Sentences of one part of the data set, in its order.

    Attributes:
        pairs: tokens of both languages; the links are None.
        references: the French sentences as they stand in the file, for BLEU.
    """

    pairs: tuple[Pair, ...]
    references: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pairs)


@dataclass(frozen=True)
class Multi30k:
    """The four parts of the data set: recipes are chosen on `validation`, results are told of the two tests."""

    train: Split
    validation: Split
    test_2016: Split
    test_2017: Split


def load_multi30k(folder: Path | str | None = None, *, registry: Path | str | None = None) -> Multi30k:
    """29,000 pairs to learn from, 1,014 to choose by, and the tests of 2016 and 2017 with 1,000 each.

    Raises:
        DataError: a file is missing or damaged, its sentences are not as many as they have to be, or one is empty.
    """
    dataset, folder = find_dataset(NAME, registry), data_folder(folder)
    return Multi30k(**{split: _split(dataset, folder, part) for split, part in SPLITS.items()})


def fetched_pairs(folder: Path | str | None = None) -> Multi30k | None:
    """Multi30k; None where it isn't there or can't be used, and a line that says why."""
    try:
        return load_multi30k(folder)
    except DataError as problem:
        print(f"Without the real sentences: {problem}")
        return None


def _split(dataset: DataSet, folder: Path, part: str) -> Split:
    english, french = (_lines(dataset, folder, f"{NAME}/{part}.{language}.gz") for language in LANGUAGES)
    if len(english) != len(french):
        raise DataError(
            f"{NAME}: {part} has {len(english):,} English sentences and {len(french):,} French, expected as many: run {FETCH}"
        )
    if len(english) != dataset.counts[part]:
        raise DataError(
            f"{NAME}: {part} has {len(english):,} sentences, expected {dataset.counts[part]:,}: restore datasets/registry.toml"
        )
    pairs = zip(english, french, strict=True)
    return Split(tuple(Pair(tuple(tokenize(one, "en")), tuple(tokenize(other, "fr"))) for one, other in pairs), french)


def _lines(dataset: DataSet, folder: Path, name: str) -> tuple[str, ...]:
    """The sentences of a file, which was checked; spaces before and behind a sentence are left out."""
    path = _checked(dataset, folder, name)
    try:
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no text under gzip ({error}): restore datasets/registry.toml and run {FETCH}") from error
    # other characters that end a line, such as U+2028, stand inside sentences
    lines = tuple(line.strip() for line in text.removesuffix("\n").split("\n"))
    if "" in lines:
        raise DataError(f"{path} has an empty line, number {lines.index('') + 1:,}: restore datasets/registry.toml and run {FETCH}")
    return lines


def _checked(dataset: DataSet, folder: Path, name: str) -> Path:
    path = folder / name
    fault = fault_of(path, _file(dataset, name))
    if fault == MISSING:
        raise DataError(f"{name} is not in {folder}: run {FETCH}")
    if fault:
        raise DataError(f"{path} {fault}: run {FETCH}, which replaces it")
    return path


def _file(dataset: DataSet, name: str) -> DataFile:
    found = [file for file in dataset.files if file.name == name]
    if not found:
        raise DataError(f"the list of data sets has no file {name}: restore datasets/registry.toml")
    return found[0]
