"""A trained model in a file: what comes back is what was saved, or a sentence says why not."""

from __future__ import annotations

import json
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

from toolkit import checkpoint, stand_ins
from toolkit.checkpoint import load_model, save_model
from toolkit.speech import speak
from toolkit.writers import Writer

CHARACTERS = ["\n", " ", '"', "'", "\\", "a", "b", "é", "ß", "‘", "中", "😀", "\x00"]
SIZES = {"embedding_dim": 4, "hidden_size": 5}


def charlm(**more) -> stand_ins.CharLM:
    torch.manual_seed(0)
    return stand_ins.CharLM(len(CHARACTERS), **SIZES | more)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, charlm(), CHARACTERS, **SIZES)
    return path


@pytest.mark.parametrize("as_text", [str, lambda path: path])
def test_what_comes_back_is_what_was_saved(saved, as_text):
    torch.manual_seed(99)
    model, characters = load_model(as_text(saved), stand_ins.CharLM, CHARACTERS)
    assert characters == CHARACTERS == load_model(saved, stand_ins.CharLM)[1]
    own = charlm().state_dict()
    assert list(model.state_dict()) == list(own)
    assert all(torch.equal(value, own[name]) for name, value in model.state_dict().items())
    letters = stand_ins.CharVocabulary(characters)
    assert speak(model, letters, "a\n", 30) == speak(charlm(), letters, "a\n", 30)


def test_the_characters_of_a_vocabulary_will_do_in_any_sequence(tmp_path):
    text = 'the "quick"\nbrown fox'
    letters = stand_ins.CharVocabulary.build(text)
    save_model(tmp_path / "m", stand_ins.CharLM(len(letters), **SIZES), letters.characters, **SIZES)
    assert load_model(tmp_path / "m", stand_ins.CharLM, "".join(letters.characters))[1] == sorted(set(text))


def test_weights_that_are_not_contiguous(tmp_path):
    model = charlm()
    model.head.weight.data = model.head.weight.data.T.contiguous().T
    save_model(tmp_path / "m", model, CHARACTERS, **SIZES)
    assert torch.equal(load_model(tmp_path / "m", stand_ins.CharLM)[0].head.weight, model.head.weight)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (CHARACTERS[:-1], r"with 13 characters, and the vocabulary given has 12; '\\x00' is in the file alone"),
        ([*CHARACTERS, "z"], r"the vocabulary given has 14; 'z' is not in the file"),
        ([*CHARACTERS[:-1], "z"], r"has 13; '\\x00' is in the file alone; 'z' is not in the file"),
        (CHARACTERS[::-1], "has 13, the same ones in another order"),
        ([], "the vocabulary given has 0"),
    ],
)
def test_another_vocabulary(saved, wanted, said):
    with pytest.raises(
        ValueError, match=said + ".*: ids would stand for other characters. Use the characters"
    ) as error:
        load_model(saved, stand_ins.CharLM, wanted)
    assert str(saved) in str(error.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda size, embedding_dim, hidden_size: stand_ins.CharLM(size, embedding_dim, 7),
         r"head.weight is \(13, 5\) there, expected \(13, 7\)"),
        (lambda size, **sizes: stand_ins.CharLM(size, **sizes, num_layers=2),
         r"rnn.bias_hh_l1 is missing there, expected \(20,\)"),
        (lambda size, **sizes: torch.nn.Embedding(size, 4), r"embedding.weight is \(13, 4\) there, expected no such weight"),
        (Writer, r"made with the sizes {'embedding_dim': 4, 'hidden_size': 5}, and what was given .*'dropout'"),
        (lambda size: torch.nn.Linear(size, size), "can't be made with them .*unexpected keyword argument"),
    ],
)  # fmt: skip
def test_another_kind_of_model(saved, make, said):
    with pytest.raises(ValueError, match=said + ".*give the function or class that it was made with"):
        load_model(saved, make)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-100])


def cut_off_early(path):
    path.write_bytes(path.read_bytes()[:50])


def no_safetensors(path):
    path.write_text("Enter a ghost.\n" * 100)


def emptied(path):
    path.write_bytes(b"")


def without_notes(path):
    save_file(load_file(path), path)


def notes_that_are_no_json(path):
    save_file(load_file(path), path, {"characters": "[", "sizes": "{}"})


def notes_of_another_kind(path):
    save_file(load_file(path), path, {"characters": "3", "sizes": json.dumps([4, 5])})


@pytest.mark.parametrize(
    "harm",
    [cut_off, cut_off_early, no_safetensors, emptied, without_notes, notes_that_are_no_json, notes_of_another_kind],
)
def test_a_file_that_is_damaged_or_another(saved, harm):
    harm(saved)
    with pytest.raises(ValueError, match=r"model\.safetensors is no file of save_model's, or is damaged: ."):
        load_model(saved, stand_ins.CharLM)


def test_a_file_that_is_missing(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ValueError, match="is not there: save a model first, with save_model"):
            load_model(path, stand_ins.CharLM)


# Saving


def test_saving_again_replaces(saved):
    before = os.listdir(saved.parent)
    model = charlm()
    model.head.bias.data += 1
    save_model(saved, model, CHARACTERS, **SIZES)
    assert torch.equal(load_model(saved, stand_ins.CharLM)[0].head.bias, model.head.bias)
    assert os.listdir(saved.parent) == before


@pytest.mark.parametrize("call", ["replace", "fdopen"])
def test_where_writing_fails_the_file_before_stays_and_nothing_else(saved, call, monkeypatch):
    before = saved.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, call, full)
    with pytest.raises(OSError, match="No space left"):
        save_model(saved, stand_ins.CharLM(len(CHARACTERS), **SIZES), CHARACTERS, **SIZES)
    monkeypatch.undo()
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


def test_sizes_that_can_t_be_written_leave_no_file(tmp_path):
    with pytest.raises(TypeError):
        save_model(tmp_path / "m", charlm(), CHARACTERS, hidden_size=torch.tensor(5))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        save_model(tmp_path / "nowhere" / "m", charlm(), CHARACTERS, **SIZES)
