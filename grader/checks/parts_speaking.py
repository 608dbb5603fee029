"""The parts of tasks 4.5 and 4.6, each tried where nothing else decides what comes out."""

from __future__ import annotations

import torch

from grader.checks.draws import decided, drawn, never_below, rows_of, shares_agree
from grader.checks.kit import agree, answer, expect, part
from grader.checks.test_speaking import CLEAR, KEYS, WORDS, clear_rows, prompt_of, speaker, spoken, table
from grader.compare import same
from grader.engine.values import Array, Given, Seen

# 4.5: drawing an id


@part("4.5", "the draw from softmax(logits)")
def part_plain(student, reference, draw):
    shares_agree(drawn(student, rows_of(draw), seed=draw.seed()))


@part("4.5", "a temperature below 1")
def part_low_temperature(student, reference, draw):
    shares_agree(drawn(student, rows_of(draw), 0.5, seed=draw.seed()))


@part("4.5", "a temperature above 1")
def part_high_temperature(student, reference, draw):
    shares_agree(drawn(student, rows_of(draw), 2.0, seed=draw.seed()))


@part("4.5", "the temperature 0")
def part_zero(student, reference, draw):
    decided(drawn(student, draw.normal(30, 6), 0, seed=draw.seed()))


@part("4.5", "the number of ids that top_k leaves")
def part_number_left(student, reference, draw):
    """As many different ranks, whichever they are."""
    found = drawn(student, rows_of(draw), 2.0, 3, seed=draw.seed())
    expect(len(found.ranks.unique()) == 3, "another number")


@part("4.5", "the choice of the likeliest ids by top_k")
def part_choice(student, reference, draw):
    """The likeliest of all is certain to be among them, and is far ahead."""
    decided(drawn(student, clear_rows(draw, 30, 6), 1.0, 2, seed=draw.seed()))


@part("4.5", "the shares of the ids that top_k leaves")
def part_shares_left(student, reference, draw):
    found = drawn(student, rows_of(draw), 1.0, 3, seed=draw.seed())
    never_below(found, 3)
    shares_agree(found)


@part("4.5", "a top_k of 1")
def part_one_left(student, reference, draw):
    decided(drawn(student, draw.normal(30, 6), 1.0, 1, seed=draw.seed()))


@part("4.5", "a top_k above V")
def part_all_left(student, reference, draw):
    decided(drawn(student, clear_rows(draw, 30, 6), 1.0, 9, seed=draw.seed()))


@part("4.5", "a single row of logits")
def part_single_row(student, reference, draw):
    decided(drawn(student, clear_rows(draw, 6), seed=draw.seed()))


@part("4.5", "several axes in front")
def part_several_axes(student, reference, draw):
    decided(drawn(student, clear_rows(draw, 4, 5, 6), seed=draw.seed()))


@part("4.5", "the generator")
def part_generator(student, reference, draw):
    """The same ids from the same state, others from another, and nothing from elsewhere."""
    logits, seed = draw.normal(300, 6), draw.seed()
    first, again, other = (drawn(student, logits, seed=number) for number in (seed, seed, seed + 1))
    expect(same(first.seen.value, again.seen.value) and not same(first.seen.value, other.seen.value), "another source")
    expect(not first.seen.effects, "another source")


# 4.6: speaking


def ids_of(impl, weights: dict, prompt: Given, length: int, **options) -> list[int]:
    """The text as a plain list, whatever its axes and its type; a prompt in front of it is left out."""
    found = answer(impl.call("generate", speaker(impl, weights, **options), prompt, length), Array, "the text").data
    said = found.reshape(-1).long().tolist()
    front = prompt.tensor.tolist()
    return said[len(front) :] if len(said) > length and said[: len(front)] == front else said


def both_say(student, reference, draw, prompt: int, length: int, **options) -> None:
    weights, given = table(draw), prompt_of(draw, prompt)
    got = ids_of(student, weights, given, length, **options)
    want = ids_of(reference, weights, given, length, **options)
    expect(got[:length] == want, "another text")


@part("4.6", "the id that follows a prompt of one")
def part_after_one(student, reference, draw):
    for _ in range(3):
        both_say(student, reference, draw, 1, 1)


@part("4.6", "the id that follows a longer prompt")
def part_after_many(student, reference, draw):
    for _ in range(3):
        both_say(student, reference, draw, 5, 1)


@part("4.6", "the id that is fed back")
def part_fed_back(student, reference, draw):
    """With so few keys the logits are about the last id alone, and no state is needed."""
    weights = {"table": torch.zeros(WORDS, WORDS).scatter(1, draw.normal(WORDS).argsort()[:, None], CLEAR)}
    prompts = [Given(torch.tensor([number]), "prompt_ids") for number in range(WORDS)]
    for prompt in prompts:
        expect(ids_of(student, weights, prompt, 6)[:6] == ids_of(reference, weights, prompt, 6), "another text")


@part("4.6", "the state that is handed on")
def part_state(student, reference, draw):
    """Whatever is fed back, the model is asked with a state after the prompt, and the state is not the same each time."""
    both_say(student, reference, draw, 1, 9)


@part("4.6", "the number of ids")
def part_number(student, reference, draw):
    for length in (1, 4):
        seen = student.call("generate", speaker(student, table(draw)), prompt_of(draw, 3), length)
        expect(answer(seen, Array, "the text").data.numel() == length, "another number")


@part("4.6", "the evaluation mode in which the model is asked")
def part_mode(student, reference, draw):
    """It comes to the same in which mode the model comes."""
    weights, prompt = table(draw), prompt_of(draw, 3)
    one, other = (ids_of(student, weights, prompt, 8, mode=mode) for mode in (True, False))
    expect(one == other, "another text in training mode")


@part("4.6", "the temperature 0")
def part_greedy(student, reference, draw):
    weights, prompt = {"table": draw.normal(KEYS, WORDS)}, prompt_of(draw, 3)
    both = [impl.call("generate", speaker(impl, weights), prompt, 1, 0) for impl in (student, reference)]
    got, want = (answer(seen, Array, "the text").data.reshape(-1)[-1:] for seen in both)
    expect(torch.equal(got, want), "another id")


@part("4.6", "the generator")
def part_generator_of_a_text(student, reference, draw):
    weights, prompt, seed = {"table": draw.normal(KEYS, 12)}, prompt_of(draw, 3, 12), draw.seed()
    first, again, other = (spoken(student, weights, prompt, number) for number in (seed, seed, seed + 1))
    for seen in (first, again, other):
        agree(seen, Seen(seen.value))
    expect(same(first.value, again.value) and not same(first.value, other.value), "another source")
    expect(not any(effect.startswith("random") for effect in first.effects), "another source")
