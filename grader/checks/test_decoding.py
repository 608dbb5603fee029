"""What students see of the checks of tasks 5.6 and 5.7: a translator is asked greedily, and with a beam."""

from __future__ import annotations

import torch

from grader.checks.kit import agree, answer, check, expect, no_effects, raises
from grader.checks.tables import (
    ALL,
    SPREAD,
    WORDS,
    Batch,
    Tree,
    batch,
    ending_at,
    planted,
    scores_are_their_sentences,
    search_agrees,
    translations_agree,
    translator,
)
from grader.engine.values import Seen

UNEVEN = (3, 5, 1, 4)  # lengths that are in no order
DOUBLE = torch.float64


def drawn(draw, rows: int, words: int = WORDS, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Logits that depend on the row and on all that was fed."""
    return SPREAD * draw.normal(rows, 1, ALL, words, dtype=dtype)


def same_way_back(student, name: str, given: Batch, *limits: int) -> None:
    """The model is asked in evaluation mode and without gradients, at every call."""
    model = translator(student, given, mode=True)
    agree_on_a_pair(student.call(name, model, given.src, given.lengths, *limits))
    asked = answer(student.call("props.how_asked", model), list, "the list of calls")
    expect(len(asked) > 1, "the model's encoder and its decoder.step were not both called")
    expect(not any(gradients for _, gradients, _ in asked), "gradients were recorded while the model was asked")
    expect(not any(training for training, *_ in asked), "the model was asked in training mode")


def agree_on_a_pair(seen: Seen) -> None:
    agree(seen, Seen(seen.value))
    expect(isinstance(seen.value, tuple) and len(seen.value) == 2, "the result is no pair")


def put_back(student, name: str, given: Batch, *limits: int) -> None:
    """An exception of the model's goes on to the caller, and the mode is as it was."""
    for breaks_at, mode in ((3, True), (1, True), (2, False)):
        model = translator(student, given, breaks_at, mode)
        seen = student.call(name, model, given.src, given.lengths, *limits)
        raises(seen, "FloatingPointError", "a model that raises one")
        agree(student.call("props.in_training", model), Seen(mode), "after the exception, model.training")


# 5.6 greedy_decode


def greedy_agrees(student, reference, given: Batch, max_length: int, mode: bool = False) -> None:
    """Both translate alike, and look at the same places."""
    got, want = (impl.call("greedy_decode", translator(impl, given, mode=mode), given.src, given.lengths, max_length)
                 for impl in (student, reference))  # fmt: skip
    translations_agree(got, want)


@check("5.6")
def test_greedy_sentences(student, reference, draw):
    """Each step takes the likeliest token of each row and feeds it to the next; EOS ends a sentence, and is not in it."""
    table = ending_at(drawn(draw, 4), (5, 2, 4, 3))
    greedy_agrees(student, reference, batch(draw, UNEVEN, table), 9)


@check("5.6")
def test_finished_rows_wait(student, reference, draw):
    """A row that has chosen EOS doesn't grow any more, also where it would choose another EOS; the other rows go on."""
    for ends in ((0, 6, 1), (2, 2, 7)):
        table = ending_at(drawn(draw, 3), ends)
        table[0, ends[0] + 2 :: 2, :, 3] += 80
        greedy_agrees(student, reference, batch(draw, (2, 4, 3), table), 10)


@check("5.6")
def test_at_most_max_length_steps(student, reference, draw):
    """There are at most max_length steps, that of EOS included: EOS in the last one ends a sentence, one later none."""
    for max_length in (4, 5):
        greedy_agrees(student, reference, batch(draw, (2, 3, 4), ending_at(drawn(draw, 3), (3, 4, 5))), max_length)
    greedy_agrees(student, reference, batch(draw, (2, 3), ending_at(drawn(draw, 2), (0, 3))), 1)


@check("5.6")
def test_maps_of_wide_sources(student, reference, draw):
    """A map has a row for each token of its sentence, and a column for each token of its source, be src ever so wide."""
    for lengths, width in (((2, 5, 3), 8), ((4, 4), 4), ((1, 2), 6)):
        table = ending_at(drawn(draw, len(lengths)), (3, 1, 4)[: len(lengths)])
        greedy_agrees(student, reference, batch(draw, lengths, table, width=width), 6)


@check("5.6")
def test_empty_sentences(student, reference, draw):
    """A sentence may be empty: EOS comes first, and the map is (0, length of the source)."""
    for ends in ((0, 2, 0), (0,)):
        table = ending_at(drawn(draw, len(ends)), ends)
        greedy_agrees(student, reference, batch(draw, (3, 2, 1)[: len(ends)], table, width=4), 5)


@check("5.6")
def test_one_sentence(student, reference, draw):
    """A batch of one sentence works, also with a source of one token."""
    for length in (4, 1):
        greedy_agrees(student, reference, batch(draw, (length,), ending_at(drawn(draw, 1), (3,))), 6)


@check("5.6")
def test_special_tokens_are_said(student, reference, draw):
    """PAD, UNK and BOS are tokens like others: where they are the likeliest they stand in the sentence, and end nothing."""
    table = ending_at(drawn(draw, 3), (5, 6, 4))
    for row, token in enumerate((0, 1, 2)):
        table[row, 1::2, :, token] += 30
    greedy_agrees(student, reference, batch(draw, (3, 1, 2), table), 9)


@check("5.6")
def test_close_choices(student, reference, draw):
    """The likeliest token is taken, be it ahead by ever so little, and be all logits negative."""
    table = drawn(draw, 3, 9).argsort(dim=-1) / 500 - 7
    greedy_agrees(student, reference, batch(draw, (3, 2, 4), ending_at(table, (5, 4, 6)), words=9), 8)


@check("5.6")
def test_greedy_in_evaluation_mode(student, reference, draw):
    """A model that comes in training mode translates in evaluation mode: training changes its logits, as dropout would."""
    greedy_agrees(student, reference, batch(draw, (3, 2), ending_at(drawn(draw, 2), (5, 4))), 7, mode=True)


@check("5.6")
def test_greedy_in_double(student, reference, draw):
    """A model in double precision works as well, whatever the memory layout of src."""
    table = ending_at(drawn(draw, 3, dtype=DOUBLE), (2, 5, 3))
    greedy_agrees(student, reference, batch(draw, (2, 3, 1), table, strided=True), 8)


@check("5.6", value=False)
def test_greedy_without_gradients(student, reference, draw):
    """The encoder and the decoder are asked in evaluation mode and without recording gradients, at every call."""
    same_way_back(student, "greedy_decode", batch(draw, (2, 3), ending_at(drawn(draw, 2), (2, 3))), 6)


@check("5.6", value=False)
def test_greedy_leaves_things_alone(student, reference, draw):
    """Afterwards the model is in the mode in which it came; src, lengths, parameters and their .grad are as they were."""
    for mode in (True, False):
        given = batch(draw, (2, 3), ending_at(drawn(draw, 2), (2, 3)))
        no_effects(student.call("greedy_decode", translator(student, given, mode=mode), given.src, given.lengths, 6))


@check("5.6", value=False)
def test_greedy_puts_the_mode_back_after_a_model_broke(student, reference, draw):
    """Where the model raises in the middle, the exception goes on to the caller, and the mode is put back all the same."""
    put_back(student, "greedy_decode", batch(draw, (2, 3), ending_at(drawn(draw, 2), (3, 4))), 6)


# 5.7 beam_search

# the trees: after which letters come which, how likely
BEATEN: Tree = {"": {"a": 0.55, "b": 0.4}, "a": {"c": 0.3, "d": 0.2}, "b": {".": 0.95}}
KEPT: Tree = {"": {"a": 0.52, ".": 0.4}, "a": {"b": 0.45, "c": 0.4}, "ab": {"d": 0.6}, "ac": {"e": 0.6},
              "abd": {".": 0.8}, "ace": {".": 0.8}}  # fmt: skip
KEPT_LATER: Tree = {"": {"a": 0.55, "b": 0.4}, "b": {".": 0.9}, "a": {"c": 0.9}, "ac": {"d": 0.6, "e": 0.3},
                    "acd": {".": 0.7}, "ace": {".": 0.7}}  # fmt: skip
OVERTAKEN: Tree = {"": {"a": 0.65, ".": 0.25}, "a": {"b": 0.95}, "ab": {"c": 0.95}, "abc": {".": 0.95}}
SHARED: Tree = {"": {"a": 0.93}, "a": {"b": 0.5, "c": 0.42}, "ab": {"d": 0.3, "e": 0.25}, "ac": {".": 0.95}}
SHARED_LATER: Tree = {"": {"a": 0.7, "b": 0.2}, "a": {"c": 0.95}, "b": {"d": 0.9}, "ac": {"d": 0.5, "e": 0.44},
                      "acd": {"a": 0.3, "b": 0.3}, "ace": {".": 0.95}}  # fmt: skip
THIRD: Tree = {"": {"a": 0.4, "b": 0.33, "c": 0.23}, "a": {"d": 0.2}, "b": {"d": 0.2}, "c": {".": 0.96}}
FLAT = dict.fromkeys("abcdef", 0.165)
WIDE: Tree = {first + second: FLAT for first in "ab" for second in "abcdef"} | {
    "": {"a": 0.5, "b": 0.48}, "a": FLAT, "b": {**dict.fromkeys("abcde", 0.177), "f": 0.11}, "bf": {".": 0.98}}  # fmt: skip
CUT_OPEN: Tree = {"": {"a": 0.62, ".": 0.3}, "a": {"b": 0.9}}
CUT_ENDED: Tree = {"": {"a": 0.55, ".": 0.4}, "a": {"b": 0.4, "c": 0.3}}
SHORT: Tree = {"": {"a": 0.5, "b": 0.47}, "b": {".": 0.93}, "a": {"c": 0.8}, "ac": {"d": 0.95}, "acd": {".": 0.85}}
END_COUNTS: Tree = {"": {"a": 0.5, "b": 0.47}, "a": {"c": 0.92}, "ac": {".": 0.93}, "b": {"d": 0.65, ".": 0.3},
                    "bd": {".": 0.5}}  # fmt: skip


def searches_agree(student, reference, given: Batch, max_length: int, *beam_sizes: int, mode: bool = False) -> None:
    """Both find the same with each of these beams, and score it alike."""
    for beam_size in beam_sizes:
        got, want = (impl.call("beam_search", translator(impl, given, mode=mode), given.src, given.lengths, max_length,
                               beam_size) for impl in (student, reference))  # fmt: skip
        search_agrees(got, want, f"with a beam of {beam_size}, the result")


def trees_agree(student, reference, draw, *trees: Tree, max_length: int = 4, beams: tuple[int, ...] = (2, 3)) -> None:
    """Both find the same in each tree, in one batch."""
    given = batch(draw, UNEVEN[: len(trees)], planted(draw, *trees))
    searches_agree(student, reference, given, max_length, *beams)


@check("5.7")
def test_beam_of_one(student, reference, draw):
    """A beam of 1 is greedy: the likeliest token at each step, to EOS; the score is the sum of the log-probabilities."""
    searches_agree(student, reference, batch(draw, UNEVEN), 6, 1)
    searches_agree(student, reference, batch(draw, (2, 4, 3), ending_at(drawn(draw, 3), (0, 1, 4))), 6, 1)


@check("5.7")
def test_beam_that_holds_everything(student, reference, draw):
    """A beam that holds every beginning finds the best of all sentences, in each row of the batch."""
    searches_agree(
        student, reference, batch(draw, (2, 4, 3), drawn(draw, 3, 5) / 3), 3, 90
    )  # nearly level: greedy misses it


@check("5.7")
def test_beam_wider_than_the_vocabulary(student, reference, draw):
    """A beam may be wider than the vocabulary: at first there are fewer hypotheses than it could hold."""
    for max_length, beam_size in ((2, 5), (1, 9)):
        searches_agree(student, reference, batch(draw, (3, 1), words=4), max_length, beam_size)
    trees_agree(student, reference, draw, WIDE, max_length=3, beams=(20,))


@check("5.7")
def test_greedy_is_beaten(student, reference, draw):
    """A beginning that comes second may end first: with a beam of 2 it is still there."""
    trees_agree(student, reference, draw, BEATEN, THIRD, beams=(3,))
    trees_agree(student, reference, draw, BEATEN, BEATEN, beams=(2, 3))


@check("5.7")
def test_finished_hypotheses_are_kept(student, reference, draw):
    """A finished hypothesis keeps its place and its score, and wins in the end if none that goes on is better."""
    trees_agree(student, reference, draw, KEPT, KEPT_LATER)


@check("5.7")
def test_open_hypotheses_go_on(student, reference, draw):
    """One finished hypothesis doesn't end the search: those that are still better go on, and may win."""
    trees_agree(student, reference, draw, OVERTAKEN, OVERTAKEN)


@check("5.7")
def test_hypotheses_of_one_beginning(student, reference, draw):
    """Of all continuations together the best are kept, even if all come from one hypothesis: each takes its state along."""
    trees_agree(student, reference, draw, SHARED, SHARED_LATER)


@check("5.7")
def test_search_to_max_length(student, reference, draw):
    """There are at most max_length steps; hypotheses that are unfinished then compete as they stand."""
    trees_agree(student, reference, draw, CUT_OPEN, CUT_ENDED, max_length=2)
    searches_agree(student, reference, batch(draw, (2, 3, 1), ending_at(drawn(draw, 3), (2, 3, 4))), 4, 1)
    searches_agree(student, reference, batch(draw, (2, 3, 1)), 1, 1, 3)


@check("5.7")
def test_length_makes_no_difference(student, reference, draw):
    """A score is the plain sum: it is not divided by the length."""
    trees_agree(student, reference, draw, SHORT, SHORT)


@check("5.7")
def test_end_counts(student, reference, draw):
    """The log-probability of EOS is part of the score: a sentence that is unlikely to end here is worth less."""
    trees_agree(student, reference, draw, END_COUNTS, END_COUNTS)


@check("5.7")
def test_scores_are_those_of_their_sentences(student, reference, draw):
    """With any beam the score is that of the sentence that comes with it: the sum of its log-probabilities, EOS included."""
    given = batch(draw, UNEVEN)
    for beam_size in (2, 3, 5):
        seen = student.call("beam_search", translator(student, given), given.src, given.lengths, 5, beam_size)
        scores_are_their_sentences(seen, given, 5)


@check("5.7")
def test_search_for_one_sentence(student, reference, draw):
    """A batch of one sentence works, also with a source of one token."""
    for length, beam_size in ((4, 7), (1, 7), (1, 1)):
        searches_agree(student, reference, batch(draw, (length,), words=5), 2, beam_size)


@check("5.7")
def test_search_in_evaluation_mode(student, reference, draw):
    """A model that comes in training mode is searched in evaluation mode: training changes its logits, as dropout would."""
    searches_agree(student, reference, batch(draw, (3, 2), words=5), 2, 1, 7, mode=True)


@check("5.7")
def test_search_in_double(student, reference, draw):
    """A model in double precision works as well, whatever the memory layout of src, and be src ever so wide."""
    given = batch(draw, (2, 3, 1), drawn(draw, 3, 5, DOUBLE), width=6, strided=True)
    searches_agree(student, reference, given, 2, 1, 7)


@check("5.7", value=False)
def test_search_without_gradients(student, reference, draw):
    """The encoder and the decoder are asked in evaluation mode and without recording gradients, at every call."""
    same_way_back(student, "beam_search", batch(draw, (2, 3)), 4, 2)


@check("5.7", value=False)
def test_search_leaves_things_alone(student, reference, draw):
    """Afterwards the model is in the mode in which it came; src, lengths, parameters and their .grad are as they were."""
    for mode in (True, False):
        given = batch(draw, (2, 3))
        no_effects(student.call("beam_search", translator(student, given, mode=mode), given.src, given.lengths, 4, 2))


@check("5.7", value=False)
def test_search_puts_the_mode_back_after_a_model_broke(student, reference, draw):
    """Where the model raises in the middle, the exception goes on to the caller, and the mode is put back all the same."""
    put_back(student, "beam_search", batch(draw, (2, 3), ending_at(drawn(draw, 2), (3, 4))), 5, 2)
