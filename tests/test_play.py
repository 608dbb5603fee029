"""The Lost Fathom has the layout of the real plays, no character that they don't have, and no words of theirs."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT, SHARED
from toolkit.texts import lost_fathom

REAL = SHARED / "tinyshakespeare.txt"
# those of tiny Shakespeare
CHARACTERS = set("\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
SPEAKER = re.compile(r"[A-Z][A-Za-z -]*:")
SPEAKERS = {
    "DUCHESS", "CORBYN", "WENNA", "ALDITH", "PERRAN", "VARLEY", "HOBDAY", "Mason", "First Salter", "Second Salter",
    "Eel-wife", "Boy", "First Clerk", "Second Clerk", "Watchman", "Messenger", "All",
}  # fmt: skip
LONGEST = 63  # characters of a line of tiny Shakespeare


@pytest.fixture(scope="module")
def play() -> str:
    return lost_fathom().whole


@pytest.fixture(scope="module")
def speeches(play) -> list[list[str]]:
    """The lines of each speech, the speaker's first."""
    return [speech.split("\n") for speech in play.removesuffix("\n").split("\n\n")]


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """All runs of so many words, without the speakers' names."""
    spoken = "\n".join(line for line in text.split("\n") if not SPEAKER.fullmatch(line))
    words = re.findall(r"[a-z]+(?:'[a-z]+)*", spoken.lower().replace("-", " "))
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def test_it_is_long_enough_to_learn_from(play):
    assert len(play) >= 40_000


def test_it_has_the_characters_of_the_real_plays_and_no_others(play):
    assert len(CHARACTERS) == 65
    assert play.isascii() and set(play) <= CHARACTERS


def test_each_speech_is_a_name_and_lines_and_then_an_empty_line(play, speeches):
    assert play.endswith("\n") and not play.startswith("\n") and "\n\n\n" not in play and not play.endswith("\n\n")
    for name, *lines in speeches:
        assert SPEAKER.fullmatch(name) and name.removesuffix(":") in SPEAKERS, name
        assert lines and all(lines), name
    assert {name.removesuffix(":") for name, *_ in speeches} == SPEAKERS


def test_no_line_of_a_speech_can_be_taken_for_a_name(speeches):
    assert not [line for _, *lines in speeches for line in lines if line.removesuffix(":") in SPEAKERS]


def test_lines_are_as_long_as_those_of_the_real_plays(speeches):
    for _, *lines in speeches:
        for line in lines:
            assert 3 <= len(line) <= LONGEST and line == line.strip() and "  " not in line, line


def test_its_card_tells_what_is_in_it(play, speeches):
    text = (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")
    card = " ".join(text[text.index("\n## The Lost Fathom\n") : text.index("\n## shakespeare\n")].split())
    counts = {
        "characters": len(play),
        "lines": play.count("\n"),
        "distinct characters": len(set(play)),
        "speeches": len(speeches),
        "speakers": len(SPEAKERS),
    }
    assert [f"{count:,} {what}" for what, count in counts.items() if f"{count:,} {what}" not in card] == []


def test_its_last_tenth_is_held_out(play):
    text = lost_fathom()
    assert text.training + text.held_out == play
    assert len(text.held_out) == len(play) - len(play) * 9 // 10
    assert set(text.held_out) <= set(text.training)  # no character comes as a surprise


@pytest.mark.skipif(not REAL.is_file(), reason="tiny Shakespeare is not in ../shared/data")
def test_it_shares_no_run_of_six_words_with_the_real_plays(play):
    real = REAL.read_text(encoding="utf-8")
    assert set(real) == CHARACTERS and max(map(len, real.split("\n"))) == LONGEST
    assert runs(play, 6) & runs(real, 6) == set()
    assert runs(play, 2) & runs(real, 2)  # the search finds what there is
