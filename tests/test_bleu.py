"""BLEU: of whole sentences, with capitals or without, and no score for what can't be compared."""

from __future__ import annotations

import pytest

from toolkit.bleu import bleu

REFERENCES = ("Un homme court dans la rue.", "L'école est fermée aujourd'hui !")
RIGHT = [["un", "homme", "court", "dans", "la", "rue", "."], ["l'", "école", "est", "fermée", "aujourd'hui", "!"]]


def test_what_is_right_scores_100():
    score = bleu(RIGHT, REFERENCES)
    assert score.bleu == pytest.approx(100) and score.length == 1
    assert "case:mixed" in score.signature and "tok:13a" in score.signature and "version:" in score.signature


def test_a_name_that_lost_its_capital_is_wrong_unless_case_doesn_t_count():
    references, names = ("Un homme court dans Paris ce soir.",), [[*RIGHT[0][:4], "paris", "ce", "soir", "."]]
    assert bleu(names, references).bleu < 60
    lower = bleu(names, references, lowercase=True)
    assert lower.bleu == pytest.approx(100) and "case:lc" in lower.signature


def test_half_the_words_are_punished():
    half = bleu([words[: len(words) // 2] for words in RIGHT], REFERENCES)
    assert half.bleu < 50 and half.length < 0.6


@pytest.mark.parametrize("sentences", [[], RIGHT[:1]])
def test_as_many_references_as_sentences(sentences):
    with pytest.raises(ValueError, match="expected as many, one at least"):
        bleu(sentences, REFERENCES)
