"""docs/debugging.md: every failing snippet fails as its entry says, every mended one doesn't, and the index finds them all."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.pages import agree, not_measured, run, sections_of, slug

SECTIONS = sections_of(ROOT / "docs" / "debugging.md")
BEGINNING = next(snippet.code for section in SECTIONS for snippet in section.snippets)
ENTRIES = [section for section in SECTIONS if section.of_role("Fails")]
MEASUREMENTS = [section for section in SECTIONS if section.level == 3 and section not in ENTRIES]
INDEX = [line for section in SECTIONS if section.title in ("A message", "No message") for line in section.text]
FIELDS = ("Symptom", "Cause", "How to see it", "Mend")
RAISED = re.compile(r"^\w+(Error|Warning): ", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def words(section) -> str:
    return " ".join(" ".join(section.text).split())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: slug(entry.title))
def test_what_fails_fails_as_it_says_and_what_is_mended_does_not(entry):
    (fails,), (mended,) = entry.of_role("Fails"), entry.of_role("Mended")
    failure, answer = (run(BEGINNING, *entry.given(), snippet.code) for snippet in (fails, mended))
    assert agree(fails.said, failure), failure
    assert agree(mended.said, answer), answer
    assert not RAISED.search(answer)
    assert not agree(fails.said, answer)


@pytest.mark.parametrize("section", MEASUREMENTS, ids=lambda section: slug(section.title))
def test_what_is_measured_first_prints_what_it_says(section):
    (snippet,) = section.snippets
    assert agree(snippet.said, run(BEGINNING, snippet.code))


def test_every_entry_has_its_four_lines_and_says_what_is_printed():
    assert len(ENTRIES) >= 50
    for entry in ENTRIES:
        assert re.findall(r"^- \*\*(.+?)\.\*\*", "\n".join(entry.text), re.MULTILINE) == [*FIELDS], entry.title
        assert all(snippet.said for snippet in entry.snippets if snippet.role), entry.title


def test_every_error_that_is_raised_is_named_in_the_symptom_and_in_the_index():
    """So that whoever searches for the words of a message finds the entry."""
    for entry in ENTRIES:
        (fails,) = entry.of_role("Fails")
        if RAISED.search(fails.said):
            symptom = words(entry).split("**Cause.**")[0]
            rows = [line for line in INDEX if f"(#{slug(entry.title)})" in line]
            for text in (symptom, *rows[:1]):
                assert any(part in fails.said for part in CODE.findall(text)), (entry.title, text)


def test_the_index_leads_to_every_entry_and_nowhere_else():
    anchors = {slug(section.title) for section in SECTIONS}
    assert len(anchors) == len(SECTIONS)
    linked = set(re.findall(r"\]\(#([^)]+)\)", "\n".join(INDEX)))
    assert {slug(entry.title) for entry in ENTRIES} <= linked <= anchors


# figure as the page writes it → the results that hold it, the place in them, and a factor
CLIPPING = "SGD, lr 0.2, momentum 0.9, W_hh × 2"
SYNTHETIC, REAL = "256 synthetic reviews, 83 words on average", "256 real reviews, 204 words on average"
FIGURES = {
    "50.2 %": ("padding", "LSTM", "very last output", 100),
    "99.3 %": ("padding", "LSTM", "after the last real word", 100),
    "0.0067 with": ("clipping", f"{CLIPPING}: clipped at 1", "loss, last 20 steps", 1),
    "1.5 \\cdot 10^{18}$ without": ("clipping", f"{CLIPPING}: not clipped", "loss, last 20 steps", 1e-18),
    "10 with torch's first weights": ("longest_lag", "32 units each", "LSTM", 1),
    "25 with a forget bias of 2": ("longest_lag", "32 units each", "LSTM, forget bias 2", 1),
    "50 with an update bias of 2": ("longest_lag", "32 units each", "GRU, update bias 2", 1),
    "97.1 %": ("forcing", "gold tokens fed", "1", 1),
    "85.2 %": ("forcing", "on its own", "1", 1),
    "0.36 s padded": ("packing", SYNTHETIC, "padded", 1),
    "0.79 s packed": ("packing", SYNTHETIC, "packed", 1),
    "0.13 s padded": ("packing", SYNTHETIC, "padded, by length", 1),
    "0.37, 3.29": ("packing", REAL, "padded", 1),
    "3.29 and": ("packing", REAL, "packed", 1),
    "0.28 s": ("packing", REAL, "padded, by length", 1),
}


def test_figures_are_those_that_were_measured():
    assert not_measured(ROOT / "docs" / "debugging.md", FIGURES) == []


def test_what_needs_a_gpu_is_marked_as_not_tried():
    (section,) = (section for section in SECTIONS if section.title == "On a GPU")
    assert words(section).startswith("**Not tried here.**")
    assert not section.snippets


@pytest.mark.parametrize(("said", "printed", "same"), [
    ("loss 2.86", "loss 2.87", True),
    ("loss 2.86", "loss 3.20", False),
    ("loss 2.86", "error 2.86", False),
    ("3 steps", "4 steps", False),
    ("tensor([nan, 1.])", "tensor([0., 1.])", False),
])  # fmt: skip
def test_outputs_are_compared_word_for_word_and_numbers_up_to_rounding(said, printed, same):
    assert agree(said, printed) is same
