"""The parts of tasks 5.6 and 5.7, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.kit import answer, expect, part, piece
from grader.checks.tables import EOS, SPREAD, WORDS, Batch, batch, ending_at, planted, translator
from grader.checks.test_decoding import END_COUNTS, KEPT, OVERTAKEN, SHARED, SHORT, WIDE, drawn
from grader.engine.values import Array

# 5.6: greedy decoding


def said(impl, given: Batch, max_length: int, mode: bool = False) -> list[list[int]]:
    """The sentences as plain lists, up to the first EOS; a BOS in front is left out."""
    return _plain(impl.call("greedy_decode", translator(impl, given, mode=mode), given.src, given.lengths, max_length))


def _plain(seen) -> list[list[int]]:
    sentences = piece(seen, 0).value
    expect(
        isinstance(sentences, list | tuple) and all(isinstance(one, list | tuple | Array) for one in sentences),
        "no lists",
    )
    return [_cut(one.data.tolist() if isinstance(one, Array) else list(one)) for one in sentences]


def _cut(ids: list) -> list:
    ids = [token.data.item() if isinstance(token, Array) else token for token in ids]
    return ids[: ids.index(EOS)] if EOS in ids else ids


def both_say(student, reference, given: Batch, max_length: int) -> None:
    expect(said(student, given, max_length) == said(reference, given, max_length), "another sentence")


def never_ending(draw, rows: int, keys: int, steps: int = 1) -> torch.Tensor:
    table = SPREAD * draw.normal(rows, steps, keys, WORDS)
    table[..., EOS] -= 40
    return table


@part("5.6", "the choice in the first step")
def part_first_choice(student, reference, draw):
    both_say(student, reference, batch(draw, (2, 2, 2), never_ending(draw, 3, 97), width=2), 1)


@part("5.6", "the token that is fed back")
def part_fed_back(student, reference, draw):
    """The logits are about the last token alone, so that no state is needed."""
    for _ in range(2):
        both_say(student, reference, batch(draw, (3,), never_ending(draw, 1, 7)), 5)


@part("5.6", "the state that is handed on")
def part_state(student, reference, draw):
    """The logits are about the step alone, whatever is fed."""
    both_say(student, reference, batch(draw, (3,), never_ending(draw, 1, 1, 6)), 6)


@part("5.6", "the mask")
def part_mask(student, reference, draw):
    """What is looked at doesn't depend on the step where there is but one; padding is seen in the logits alone."""
    for lengths in ((1, 3), (2, 1)):
        both_say(student, reference, batch(draw, lengths, never_ending(draw, 2, 97), width=4), 1)


@part("5.6", "the end of a sentence at EOS")
def part_end(student, reference, draw):
    """One row alone, as long as it is."""
    table = ending_at(drawn(draw, 1), (3,))
    seen = student.call(
        "greedy_decode", translator(student, given := batch(draw, (2,), table)), given.src, given.lengths, 6
    )
    expect(len(answer(piece(seen, 0, 0), list, "a sentence")) == 3, "another length")


@part("5.6", "rows that end at different steps")
def part_different_ends(student, reference, draw):
    """Cut at EOS, all say what they should, however short the others are."""
    both_say(student, reference, batch(draw, (2, 2, 2), ending_at(drawn(draw, 3), (1, 5, 3))), 7)


@part("5.6", "the limit of max_length steps")
def part_limit(student, reference, draw):
    given = batch(draw, (2,), never_ending(draw, 1, 97))
    for max_length in (1, 4):
        expect(len(said(student, given, max_length)[0]) == max_length, "another number")


@part("5.6", "the evaluation mode in which the model is asked")
def part_mode(student, reference, draw):
    """It comes to the same in which mode the model comes."""
    given = batch(draw, (3, 2), never_ending(draw, 2, 97))
    expect(said(student, given, 5, True) == said(student, given, 5), "another sentence in training mode")


def maps_of(impl, draw, lengths, ends, width: int) -> list[Array]:
    given = batch(draw, lengths, ending_at(drawn(draw, len(lengths)), ends), width=width)
    seen = impl.call("greedy_decode", translator(impl, given), given.src, given.lengths, 6)
    maps = piece(seen, 1).value
    expect(
        isinstance(maps, list | tuple) and all(isinstance(one, Array) and len(one.shape) == 2 for one in maps),
        "no maps",
    )
    return list(maps)


@part("5.6", "the number of rows of a map")
def part_rows_of_a_map(student, reference, draw):
    expect([one.shape[0] for one in maps_of(student, draw, (2, 3), (3, 3), 4)] == [3, 3], "another number")


@part("5.6", "the number of columns of a map")
def part_columns_of_a_map(student, reference, draw):
    expect([one.shape[1] for one in maps_of(student, draw, (2, 3), (3, 3), 4)] == [2, 3], "another number")


@part("5.6", "which step a row of a map is from")
def part_steps_of_a_map(student, reference, draw):
    """As far as there are rows and columns; one sentence whose every token is the same, so that nothing else matters."""
    table = never_ending(draw, 1, 1)
    given = batch(draw, (3,), table)
    got, want = (
        answer(
            piece(impl.call("greedy_decode", translator(impl, given), given.src, given.lengths, 4), 1, 0),
            Array,
            "a map",
        )
        for impl in (student, reference)
    )
    expect(got.data.dim() == 2, "no map")
    rows, columns = (min(pair) for pair in zip(got.shape, want.shape, strict=True))
    expect(rows > 1 and torch.allclose(got.data[:rows, :columns], want.data[:rows, :columns]), "other rows")


# 5.7: beam search


def found(
    impl, given: Batch, max_length: int, beam_size: int, mode: bool = False
) -> tuple[list[list[int]], torch.Tensor]:
    """Sentences up to EOS, and the scores in one row, of whatever kind and shape they came."""
    seen = impl.call("beam_search", translator(impl, given, mode=mode), given.src, given.lengths, max_length, beam_size)
    scores = piece(seen, 1).value
    if isinstance(scores, Array):
        numbers = scores.data.reshape(-1).double()
    else:
        values = [score.data.item() if isinstance(score, Array) else score for score in scores or ()]
        numbers = torch.tensor(values, dtype=torch.float64)
    return _plain(seen), numbers


def both_find(student, reference, given: Batch, max_length: int, beam_size: int, scores: bool = False) -> None:
    """The same sentences, or the same scores whatever the sentences are."""
    got, want = (found(impl, given, max_length, beam_size) for impl in (student, reference))
    if scores:
        expect(got[1].shape == want[1].shape and torch.allclose(got[1], want[1], atol=1e-4), "other scores")
    else:
        expect(got[0] == want[0], "other sentences")


@part("5.7", "the log-probability of a first token")
def part_first_token(student, reference, draw):
    for _ in range(2):
        both_find(student, reference, batch(draw, (2,), never_ending(draw, 1, 97)), 1, 1, scores=True)


@part("5.7", "the sum over the steps")
def part_sum(student, reference, draw):
    both_find(student, reference, batch(draw, (2,), never_ending(draw, 1, 97)), 4, 1, scores=True)


@part("5.7", "the log-probability of EOS in the score")
def part_end_in_the_score(student, reference, draw):
    """A sentence without words: EOS is all there is."""
    table = drawn(draw, 1)
    table[..., EOS] = table.max() + 0.3
    both_find(student, reference, batch(draw, (2,), table), 3, 1, scores=True)


@part("5.7", "the score of a sentence that has ended")
def part_finished_score(student, reference, draw):
    """It waits for another row, which goes on."""
    both_find(student, reference, batch(draw, (2, 2), ending_at(drawn(draw, 2), (1, 4))), 6, 1, scores=True)


@part("5.7", "the words of a beam of 1")
def part_beam_of_one(student, reference, draw):
    both_find(student, reference, batch(draw, (2,), never_ending(draw, 1, 97)), 5, 1)


@part("5.7", "the limit of max_length steps")
def part_search_limit(student, reference, draw):
    given = batch(draw, (2,), never_ending(draw, 1, 97))
    for max_length in (1, 4):
        expect(len(found(student, given, max_length, 1)[0][0]) == max_length, "another number")


def one_tree(student, reference, draw, tree, max_length: int = 4, beam_size: int = 2) -> None:
    both_find(student, reference, batch(draw, (2,), planted(draw, tree)), max_length, beam_size)


@part("5.7", "a finished hypothesis among open ones")
def part_kept(student, reference, draw):
    one_tree(student, reference, draw, KEPT)


@part("5.7", "an open hypothesis beside a finished one")
def part_open(student, reference, draw):
    one_tree(student, reference, draw, OVERTAKEN)


@part("5.7", "the states and words of hypotheses that grow from one")
def part_shared(student, reference, draw):
    one_tree(student, reference, draw, SHARED)


@part("5.7", "the choice between a short sentence and a long one")
def part_short(student, reference, draw):
    one_tree(student, reference, draw, SHORT)


@part("5.7", "the choice between ends that are likely and unlikely")
def part_ends(student, reference, draw):
    one_tree(student, reference, draw, END_COUNTS)


@part("5.7", "a beam wider than the vocabulary")
def part_wide(student, reference, draw):
    one_tree(student, reference, draw, WIDE, 3, 20)


@part("5.7", "a beam for each row of the batch")
def part_rows(student, reference, draw):
    """What is found in a batch is what is found row by row."""
    given = batch(draw, (2, 2, 2), planted(draw, SHORT, SHARED, OVERTAKEN))
    one, other = found(student, given, 4, 2)[0], []
    for row in range(3):
        alone = given._replace(src=_row(given.src, row), lengths=_row(given.lengths, row))
        other += found(student, alone, 4, 2)[0]
    expect(one == other, "other sentences in a batch")


def _row(given, row: int):
    return type(given)(given.tensor[row : row + 1], given.name)


@part("5.7", "the evaluation mode in which the model is asked")
def part_search_mode(student, reference, draw):
    given = batch(draw, (3, 2), never_ending(draw, 2, 97))
    expect(found(student, given, 3, 1, True)[0] == found(student, given, 3, 1)[0], "another sentence in training mode")
