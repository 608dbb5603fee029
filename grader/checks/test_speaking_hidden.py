"""The hidden checks of tasks 4.5 and 4.6: other sizes, ties, other devices."""

from __future__ import annotations

import torch

from grader.checks.draws import drawn, never_below, rows_of, shares_agree
from grader.checks.kit import agree_on_device, check
from grader.checks.test_speaking import prompt_of, speaker, table, text_agrees
from grader.engine.values import Array, Given, Seen

LEVELS = (1.6, 1.1, 0.7, 0.2, 0.0, -0.6)


@check("4.5", hidden=True)
def test_draws_of_a_larger_batch(student, reference, draw):
    """A batch with several axes draws as a small one does, with temperature and top_k at once."""
    logits = rows_of(draw, 7200, LEVELS).reshape(60, 120, 6)
    found = drawn(student, logits, 1.5, 4, seed=draw.seed())
    never_below(found, 4)
    shares_agree(found)
    shares_agree(drawn(student, logits, 0.7, seed=draw.seed()))


@check("4.5", hidden=True)
def test_ties_at_the_last_place(student, reference, draw):
    """Where several ids share the last of the k places, any of them may be drawn, and none that lies below."""
    logits = torch.tensor([[2.0, 0.5, 0.5, 0.5, -1.0, -2.0]])[:, draw.normal(6).argsort()].repeat(600, 1)
    found = drawn(student, logits, 1.0, 2, seed=draw.seed())
    values = logits.gather(1, found.ids[:, None])[:, 0]
    found.expect(bool((values >= 0.5).all()), "an id was drawn that lies below the last of the top_k")
    for value in (2.0, 0.5):
        found.expect(bool((values == value).any()), "one of the top_k was never drawn")


@check("4.5", hidden=True)
def test_ties_at_temperature_zero(student, reference, draw):
    """Where the largest logit stands twice, a temperature of 0 takes either."""
    logits = draw.normal(40, 6).sort(dim=1).values
    logits[:, -2] = logits[:, -1]
    logits = logits[:, draw.normal(6).argsort()]
    found = drawn(student, logits, 0, seed=draw.seed())
    values = logits.gather(1, found.ids[:, None])[:, 0]
    found.expect(bool((values == logits.amax(dim=1)).all()), "an id was taken whose logit is not the largest")


@check("4.5", value=False, hidden=True)
def test_draws_on_another_device(student, reference, draw):
    """The ids are drawn where the logits are."""
    for arguments in ((0,), (1.0,), (2.0, 3)):
        seen = student.call("sample", draw.given("logits", 4, 5, 6), *arguments, device="meta")
        agree_on_device(seen, Seen(Array(None, (4, 5), "torch.int64", "meta")), "the ids")


@check("4.6", hidden=True)
def test_longer_text(student, reference, draw):
    """A longer prompt and a longer text are as right as short ones."""
    weights = table(draw, 401, 11, torch.float64)
    text_agrees(student, reference, weights, prompt_of(draw, 30, 11), 60, mode=True)
    text_agrees(student, reference, weights, prompt_of(draw, 2, 11), 25, 0.5, form="pair")


@check("4.6", hidden=True)
def test_text_after_another(student, reference, draw):
    """A second text begins anew: nothing is kept from the first."""
    weights, prompts = table(draw), (prompt_of(draw, 4), prompt_of(draw, 3))
    models = [speaker(impl, weights) for impl in (student, reference)]
    for prompt in prompts:
        got, want = (impl.call("generate", model, prompt, 5)
                     for impl, model in zip((student, reference), models, strict=True))  # fmt: skip
        agree_on_device(got, want, "the text")


@check("4.6", value=False, hidden=True)
def test_text_on_another_device(student, reference, draw):
    """The text is made where the prompt is."""
    model = speaker(student, table(draw), device="meta")
    prompt = Given(draw.integers(0, 5, 3), "prompt_ids")
    seen = student.call("generate", model, prompt, 4, device="meta")
    agree_on_device(seen, Seen(Array(None, (4,), "torch.int64", "meta")), "the text")
