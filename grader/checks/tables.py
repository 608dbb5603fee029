"""Translators whose every logit the judge knows, for 5.6 and 5.7: drawn tables, trees of chosen probabilities, scores."""

from __future__ import annotations

from typing import NamedTuple

import torch

from grader.checks.kit import Mismatch, agree, shown
from grader.engine.props_decoding import FIRST_WORD, key_after
from grader.engine.values import Array, Given, Seen

__all__ = ["BOS", "EOS", "Batch", "Tree", "batch", "ending_at", "planted", "score_of", "search_agrees", "translations_agree",
           "translator"]  # fmt: skip

BOS, EOS = 2, 3
WORDS = 7  # V, where a check doesn't say otherwise: PAD, UNK, BOS, EOS and three words
ALL, LAST_TWO = 97, 49  # keys of a table: about all that was fed, or about the last two tokens alone
SPREAD = 2.5  # of drawn logits
Tree = dict[str, dict[str, float]]  # after which letters come which, how likely; "." is the end


class Batch(NamedTuple):
    """Sources and the table of their translator."""

    table: torch.Tensor
    src: Given
    lengths: Given


def batch(draw, lengths: tuple[int, ...], table: torch.Tensor | None = None, words: int = WORDS, keys: int = ALL,
          width: int | None = None, strided: bool = False) -> Batch:  # fmt: skip
    """Sources of these lengths, whose rows of the table are in no order; without a table its logits are drawn.

    Any id may stand in a source, and behind its end: only `lengths` says where that is.
    """
    rows = len(lengths)
    src = draw.integers(0, 9, rows, width or max(lengths))
    src[:, 0] = FIRST_WORD + draw.normal(rows).argsort()
    if table is None:
        table = SPREAD * draw.normal(rows, 1, keys, words)
    return Batch(table, Given(src, "src", strided=strided), Given(torch.tensor(lengths), "lengths"))


def ending_at(table: torch.Tensor, steps: tuple[int, ...]) -> torch.Tensor:
    """The table with an EOS that is far ahead at one step of each row, and far behind at all others; 0 is the first step."""
    table = table.repeat(1, max(steps) + 2, 1, 1)
    table[..., EOS] -= 40
    for row, step in enumerate(steps):
        table[row, step, :, EOS] += 80
    return table


def planted(draw, *trees: Tree, steps: int = 4) -> torch.Tensor:
    """A table with a tree in each row, its letters any tokens but EOS.

    A little noise tells equals apart, and each set of logits is raised by a number, as the softmax doesn't see. Where no tree
    says what follows, anything does.
    """
    shape = len(trees), steps, LAST_TWO
    table, noise, raised = 3 * draw.normal(*shape, WORDS), draw.normal(*shape, WORDS) / 50, 2 * draw.normal(*shape, 1)
    others = [token for token in range(WORDS) if token != EOS]
    for row, tree in enumerate(trees):
        ids = {
            letter: others[place] for letter, place in zip("abcdef", draw.normal(len(others)).argsort(), strict=True)
        }
        for prefix, following in tree.items():
            key = key_after(0, BOS)
            for letter in prefix:
                key = key_after(key, ids[letter])
            named = {(ids | {".": EOS})[letter]: probability for letter, probability in following.items()}
            table[row, len(prefix), key % LAST_TWO] = _filled_up(named).log()
    return table + noise + raised


def _filled_up(named: dict[int, float]) -> torch.Tensor:
    """Probabilities of all tokens: what these leave over is spread over the others, hardly any of it on EOS."""
    shares = torch.ones(WORDS)
    shares[EOS] = 0.02
    shares[list(named)] = 0
    probabilities = (1 - sum(named.values())) * shares / shares.sum()
    for token, probability in named.items():
        probabilities[token] = probability
    return probabilities


def translator(impl, given: Batch, breaks_at: int = 0, mode: bool = False, device: str | None = None):
    """The stand-in for a trained model, in training mode or not, with old gradients."""
    weights = {"encoder.weight": torch.ones(1, dtype=given.table.dtype), "decoder.table": given.table}
    model = impl.new("props.Translator", *given.table.shape, breaks_at, weights=weights, device=device)
    impl.call("props.fill_gradients", model)
    impl.call("props.train", model, mode)
    return model


def translations_agree(got: Seen, want: Seen, what: str = "the result") -> None:
    """The sentences and the maps of greedy decoding; either may come in a tuple, each sentence is a list."""
    agree(_in_lists(got), want, what, ("sentences", "maps"), axes=("step", "source"))


def search_agrees(got: Seen, want: Seen, what: str = "the result") -> None:
    """The sentences and the scores of a beam search. A list of numbers is as good as a tensor, of whatever precision."""
    agree(_with_plain_scores(_in_lists(got)), _with_plain_scores(want), what, ("sentences", "scores"), axes=("row",))


def _in_lists(seen: Seen) -> Seen:
    """A tuple of N results, as zip or split give, for a list."""
    if not isinstance(seen.value, tuple) or not any(isinstance(part, tuple) for part in seen.value):
        return seen
    return Seen(tuple(list(part) if isinstance(part, tuple) else part for part in seen.value), seen.failure)


def _with_plain_scores(seen: Seen) -> Seen:
    if not isinstance(seen.value, tuple) or len(seen.value) != 2:
        return seen
    sentences, scores = seen.value
    if isinstance(scores, list) and scores:
        numbers = [score.data if isinstance(score, Array) and score.shape == () else score for score in scores]
        if not all(isinstance(number, float | torch.Tensor) for number in numbers):
            return seen
        scores = Array(torch.tensor(numbers), (len(numbers),), "torch.float32", "cpu")
    elif isinstance(scores, Array) and scores.dtype in ("torch.float32", "torch.float64") and scores.data is not None:
        scores = Array(scores.data.float(), scores.shape, "torch.float32", scores.device)
    return Seen((sentences, scores), seen.failure)


def score_of(given: Batch, row: int, sentence: list[int], max_length: int) -> float:
    """The sum of the log-probabilities of a sentence, and of its EOS where it is shorter than the limit."""
    table = given.table[given.src.tensor[row, 0] - FIRST_WORD].double()
    key, total = key_after(0, BOS), 0.0
    for step, token in enumerate([*sentence, EOS][:max_length]):
        logits = table[min(step, len(table) - 1), key % table.shape[1]]
        total += float(logits.log_softmax(dim=0)[token])
        key = key_after(key, token)
    return total


def scores_are_their_sentences(seen: Seen, given: Batch, max_length: int) -> None:
    """Whatever was found: sentences that the translator can say, each with its own score."""
    agree(seen, Seen(seen.value))
    found = _in_lists(seen).value
    if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], list):
        raise Mismatch(f"the result is {shown(seen.value)}, expected the pair (sentences, scores)", seen=seen)
    sentences, words, rows = found[0], given.table.shape[-1], len(given.lengths.tensor)
    if len(sentences) != rows:
        raise Mismatch(f"{len(sentences)} sentences came, expected {rows}: one for each row of src", seen=seen)
    for row, sentence in enumerate(sentences):
        if not isinstance(sentence, list) or not all(type(token) is int for token in sentence):
            raise Mismatch(f"sentences[{row}] is {shown(sentence)}, expected a list of ids", seen=seen)
        if len(sentence) > max_length or not all(0 <= token < words and token != EOS for token in sentence):
            raise Mismatch(f"sentences[{row}] is {sentence}, expected at most {max_length} ids of 0 to {words - 1}, "
                           "none of them EOS", seen=seen)  # fmt: skip
    scores = [score_of(given, row, sentence, max_length) for row, sentence in enumerate(sentences)]
    search_agrees(seen, Seen((sentences, scores)))
