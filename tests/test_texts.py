"""The texts of notebook 4: cut in two, there on every Python, and a plain line where the real plays are missing."""

from __future__ import annotations

import hashlib
import sysconfig

import pytest
import torch

from tests.conftest import SHARED
from toolkit import stand_ins, texts
from toolkit.data import DataError
from toolkit.data.readers import checked_file
from toolkit.data.registry import find_dataset
from toolkit.streaming import Recipe, train
from toolkit.texts import Text, fetched_plays, library_source, lost_fathom, shakespeare
from toolkit.writers import LIVE

VERSES = "Enter a ghost.\n"
REGISTRY = f"""
[verses]
title = "Some verses"
notebook = 4
terms = "none"
source = "here"
citation = "none"
bases = ["http://127.0.0.1/"]

[[verses.files]]
name = "verses.txt"
bytes = {len(VERSES)}
sha256 = "{hashlib.sha256(VERSES.encode()).hexdigest()}"
"""


@pytest.mark.parametrize("length", [0, 1, 5, 9, 10, 11, 19, 20, 21, 100, 1234])
def test_the_last_tenth_is_held_out(length):
    text = Text("letters", "".join(chr(1000 + number) for number in range(length)))
    assert text.training + text.held_out == text.whole
    assert 0 <= len(text.held_out) - length / 10 < 1


def test_ids_of_both_parts():
    text = Text("made up", "abcab" * 4)
    vocabulary = stand_ins.CharVocabulary.build(text.whole)
    ids, held_out = text.ids(vocabulary)
    assert ids.dtype == held_out.dtype == torch.int64 and (len(ids), len(held_out)) == (18, 2)
    assert vocabulary.decode(ids) == text.training and vocabulary.decode(held_out) == text.held_out
    with pytest.raises(ValueError, match="'c'"):
        text.ids(stand_ins.CharVocabulary.build("ab"))


def test_an_empty_text_has_no_ids_and_can_t_be_learnt():
    ids, held_out = Text("nothing", "").ids(stand_ins.CharVocabulary.build(""))
    assert ids.dtype == torch.int64 and len(ids) == len(held_out) == 0
    with pytest.raises(ValueError, match="the text has 0 characters, expected 2049 at least"):
        train(stand_ins.CharLM(1, 2, 3), ids, Recipe(1), held_out)


# The play and the library


def test_the_play():
    play = lost_fathom()
    assert play == lost_fathom() and play.name == "The Lost Fathom"
    assert play.whole.isascii() and "\t" not in play.whole and "\r" not in play.whole
    assert len(play.training) > 50 * LIVE.batch_size * LIVE.length and "\n\n" in play.held_out[:3000]
    assert set(play.held_out) <= set(play.training)
    assert "WENNA:" in play.whole


def test_the_library_of_this_python():
    library = library_source()
    assert library == library_source()
    assert library.whole.isascii() and not set(library.whole) & set("\t\r") and library.whole.endswith("\n")
    assert library.name.startswith("the library of Python 3.") and len(library.whole) > 50_000
    assert "def dedent(text):" in library.whole and "class JSONDecoder" in library.whole
    assert library.held_out[:5000].count("\n    ") > 20  # what the notebook looks for


def folder_of(tmp_path, sources: dict[str, str], monkeypatch):
    for name, source in sources.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))


def test_of_the_library_its_ascii_lines_are_taken(tmp_path, monkeypatch):
    folder_of(tmp_path, {name: f"# {name}\n\tx = 1\ny = 'é'\nz\n" for name in texts.MODULES}, monkeypatch)
    assert library_source().whole == "".join(f"# {name}\n        x = 1\nz\n" for name in texts.MODULES)


def test_without_its_sources_it_says_what_is_missing(tmp_path, monkeypatch):
    there = {name: "x = 1\n" for name in texts.MODULES if name not in ("heapq", "json/decoder")}
    folder_of(tmp_path, there, monkeypatch)
    with pytest.raises(
        FileNotFoundError, match=r"heapq.py, decoder.py not found in .*came without the sources"
    ) as error:
        library_source()
    assert str(tmp_path) in str(error.value) and "lost_fathom()" in str(error.value)


# The real plays


def test_without_the_real_plays_a_line_says_how_to_bring_them(tmp_path, capsys):
    assert fetched_plays(tmp_path) is None
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"Without the real plays: shakespeare is not in {tmp_path}: run python -m toolkit.data fetch shakespeare"
    ]
    with pytest.raises(DataError, match=r"run python -m toolkit\.data fetch shakespeare"):
        shakespeare(tmp_path)


def test_damaged_plays_are_not_used(tmp_path, capsys):
    name = find_dataset("shakespeare").files[0].name
    (tmp_path / name).write_text("First Citizen:\n", encoding="utf-8")
    assert fetched_plays(tmp_path) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert "has 15 bytes, expected 1,115,394: run python -m toolkit.data fetch shakespeare, which replaces it" in line
    (tmp_path / name).write_text("x" * 1_115_394, encoding="utf-8")
    assert fetched_plays(tmp_path) is None and "SHA-256" in capsys.readouterr().out


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real plays are not here")
def test_the_real_plays(capsys):
    plays = fetched_plays(SHARED)
    assert plays == shakespeare(SHARED) and plays.name == "tiny Shakespeare" and capsys.readouterr().out == ""
    assert len(plays.whole) == 1_115_394 and len(set(plays.whole)) == 65 and len(plays.held_out) == 111_540


def test_a_set_of_one_file_is_looked_at_before_it_is_used(tmp_path):
    registry, folder = tmp_path / "registry.toml", tmp_path / "data"
    registry.write_text(REGISTRY, encoding="utf-8")
    folder.mkdir()
    with pytest.raises(DataError, match=f"verses is not in {folder}: run python -m toolkit.data fetch verses"):
        checked_file("verses", folder, registry=registry)
    (folder / "verses.txt").write_text(VERSES, encoding="utf-8")
    assert checked_file("verses", str(folder), registry=registry) == folder / "verses.txt"
    (folder / "verses.txt").write_text(VERSES.upper(), encoding="utf-8")
    with pytest.raises(DataError, match=r"verses.txt has SHA-256 .*: run .* fetch verses, which replaces it"):
        checked_file("verses", folder, registry=registry)
    with pytest.raises(DataError, match="no data set is called 'prose': choose one of verses"):
        checked_file("prose", folder, registry=registry)
