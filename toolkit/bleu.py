"""BLEU, as sacrebleu counts it (Papineni et al., 2002; Post, 2018): whole sentences against raw references, in per cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.sentences import detokenize

__all__ = ["Score", "bleu"]


@dataclass(frozen=True)
class Score:
    """How much a translation shares with its reference.

    Attributes:
        bleu: in per cent.
        length: words that were written for each word of the references.
        signature: what another measurement has to have in common, if it is to be compared.
    """

    bleu: float
    length: float
    signature: str


def bleu(sentences: Sequence[Sequence[str]], references: Sequence[str], lowercase: bool = False) -> Score:
    """Score French sentences, given as tokens, against references as they were written.

    Args:
        lowercase: whether capitals count as small letters. Otherwise the capital at the beginning, which `detokenize`
            writes, is right, and that of a name, which the tokens have lost, is wrong.

    Raises:
        ValueError: there are none, or not as many references.
    """
    from sacrebleu.metrics import BLEU

    if not sentences or len(sentences) != len(references):
        raise ValueError(
            f"there are {len(sentences)} sentences and {len(references)} references, expected as many, one at least"
        )
    metric = BLEU(lowercase=lowercase)
    written = [detokenize(list(words), "fr") for words in sentences]
    score = metric.corpus_score(written, [list(references)])
    return Score(score.score, score.sys_len / max(1, score.ref_len), str(metric.get_signature()))
