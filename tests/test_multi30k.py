"""Multi30k: read as pairs and raw references, and refused in a sentence where a file is not what it has to be."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.fetching import message_of
from toolkit import data
from toolkit.multi30k import FETCH, SPLITS, fetched_pairs, load_multi30k
from toolkit.sentences import detokenize, tokenize

ENGLISH, FRENCH = "A dog's ball.\nTwo men run.\n", "Le ballon d'un chien.\n  Deux hommes courent. \n"

needs_real = pytest.mark.skipif(not (SHARED / "multi30k").is_dir(), reason="Multi30k is not in ../shared/data")


def write(folder: Path, changed: dict[str, bytes | str | None] | None = None, count: int = 2) -> Path:
    """Eight small files in `folder`, and a registry that knows them; the registry's path."""
    texts = {
        f"{part}.{language}": text for part in SPLITS.values() for language, text in (("en", ENGLISH), ("fr", FRENCH))
    }
    entries = []
    (folder / "multi30k").mkdir(parents=True)
    for name, text in (texts | (changed or {})).items():
        if text is None:
            continue
        body = text if isinstance(text, bytes) else gzip.compress(text.encode())
        (folder / "multi30k" / f"{name}.gz").write_bytes(body)
        entries.append(f'[[multi30k.files]]\nname = "multi30k/{name}.gz"\nbytes = {len(body)}\n'
                       f'sha256 = "{hashlib.sha256(body).hexdigest()}"\n')  # fmt: skip
    counts = ", ".join(f"{part} = {count}" for part in SPLITS.values())
    head = '[multi30k]\ntitle = "few"\nnotebook = 5\nterms = ""\nsource = ""\ncitation = ""\nbases = []\n'
    head += f"counts = {{ {counts} }}\n"
    path = folder / "registry.toml"
    path.write_text(head + "\n".join(entries), encoding="utf-8")
    return path


def test_pairs_are_tokens_and_references_are_left_raw(tmp_path):
    read = load_multi30k(tmp_path, registry=write(tmp_path))
    first, second = read.validation.pairs
    assert first.english == ("a", "dog", "'s", "ball", ".") and first.french == (
        "le",
        "ballon",
        "d'",
        "un",
        "chien",
        ".",
    )
    assert first.links is None and second.french == tuple(tokenize("Deux hommes courent.", "fr"))
    assert read.validation.references == ("Le ballon d'un chien.", "Deux hommes courent.")
    assert [len(getattr(read, split)) for split in SPLITS] == [2, 2, 2, 2]


FAULTS = {
    "unequal": ({"train.fr": "Le chien.\n"}, 2, "train has 2 English sentences and 1 French, expected as many"),
    "too few": ({}, 3, "train has 2 sentences, expected 3"),
    "an empty line": ({"val.en": "A dog.\n \n"}, 2, "val.en.gz has an empty line, number 2"),
    "no gzip": ({"val.fr": b"Le chien.\nUn chat.\n"}, 2, "val.fr.gz is no text under gzip"),
    "cut off": ({"test_2017_flickr.en": gzip.compress(ENGLISH.encode())[:-9]}, 2, "test_2017_flickr.en.gz is no text"),
    "not UTF-8": ({"val.fr": gzip.compress("été\nété\n".encode("latin-1"))}, 2, "val.fr.gz is no text under gzip"),
    "not listed": ({"test_2016_flickr.fr": None}, 2, "has no file multi30k/test_2016_flickr.fr.gz"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_files_that_are_not_what_they_have_to_be(fault, tmp_path):
    changed, count, words = FAULTS[fault]
    message = message_of(load_multi30k, tmp_path, registry=write(tmp_path, changed, count))
    assert words in message and ("restore datasets/registry.toml" in message or FETCH in message)


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path):
    registry = write(tmp_path)
    path = tmp_path / "multi30k" / "val.fr.gz"
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    assert message_of(load_multi30k, tmp_path, registry=registry).startswith(f"{path} has SHA-256")
    path.unlink()
    assert (
        message_of(load_multi30k, tmp_path, registry=registry)
        == f"multi30k/val.fr.gz is not in {tmp_path}: run {FETCH}"
    )


def test_without_the_real_sentences_a_line_says_how_to_bring_them(tmp_path, capsys):
    assert fetched_pairs(tmp_path) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line == f"Without the real sentences: multi30k/train.en.gz is not in {tmp_path}: run {FETCH}"


@needs_real
def test_the_real_sentences(tmp_path, capsys):
    data.fetch("multi30k", tmp_path, SHARED)
    real = fetched_pairs(tmp_path)
    assert capsys.readouterr().out == ""
    assert [len(getattr(real, split)) for split in SPLITS] == [29_000, 1_014, 1_000, 1_000]
    for split in (real.validation, real.test_2016, real.test_2017):
        written = [detokenize(pair.french, "fr") for pair in split.pairs]
        assert [tokenize(text, "fr") for text in written] == [list(pair.french) for pair in split.pairs]
        assert len(split.references) == len(split.pairs) and all(text == text.strip() for text in split.references)
