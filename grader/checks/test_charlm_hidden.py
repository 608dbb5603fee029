"""The hidden checks of tasks 4.1 to 4.4 and 4.7: longer texts, larger models, other devices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch

from grader.checks.kit import agree, agree_on_device, check, expect
from grader.checks.streams import streams
from grader.checks.test_charlm import (
    ALPHABETS,
    MODEL,
    NEAR,
    PLAIN,
    all_holds,
    both_trained,
    built,
    charlm_shapes,
    chunk_of,
    identities,
    ids_of,
    language_model,
    loss_agrees,
    losses,
    parameters_agree,
    read_alike,
    state_for,
    taken_apart,
    text_of,
)
from grader.compare import needs_values
from grader.engine.values import Array, Given, Seen


def remembered(student, seen: Seen) -> None:
    """A long answer stands in the log as a few characters."""
    if seen.failure is None:
        student.remember_as(hashlib.sha256(repr(seen.value).encode()).hexdigest()[:16])


@check("4.1", hidden=True)
def test_long_text(student, reference, draw):
    """A long text of many alphabets is turned into ids and back as a short one is."""
    text = text_of(draw, 4000, "".join(dict.fromkeys(PLAIN + "".join(ALPHABETS))))
    made = [built(impl, text) for impl in (student, reference)]
    agree(*(it.call("__len__") for it in made), "len of the vocabulary")
    got, want = (it.call("encode", text) for it in made)
    remembered(student, got)
    agree(got, want, "the list of ids")
    ids = torch.tensor(want.value)
    got, want = (it.call("decode", Given(ids, "ids", strided=True)) for it in made)
    remembered(student, got)
    agree(got, want, "the text")


@check("4.2", hidden=True)
def test_long_streams(student, reference, draw):
    """A longer text is cut as a short one is, whatever is left over."""
    for batch, length in ((8, 13), (5, 32), (16, 3)):
        count = batch * length * 3 + int(draw.integers(1, batch * length, 1))
        all_holds(streams(student, identities(draw, count), batch, length))


@check("4.2", value=False, hidden=True)
def test_streams_on_another_device(student, reference, draw):
    """The chunks are where the text is."""
    seen = student.call("stream_batches", Given(identities(draw, 25), "ids"), 3, 4, device="meta")
    if seen.failure is not None and needs_values(seen.failure):
        return
    agree(seen, Seen(seen.value), "the result")
    devices = sorted(set(devices_of(seen.value)))
    student.remember_as(devices)
    expect(devices in ([], ["meta"]), "x or y is on another device than the text; make them of it, or beside it")


def devices_of(value) -> Iterator[str]:
    """Where the tensors in an answer lie, however it is made up."""
    if isinstance(value, Array):
        yield value.device
    for part in value if isinstance(value, list | tuple) else ():
        yield from devices_of(part)


@check("4.3", hidden=True)
def test_larger_model(student, reference, draw):
    """A larger model with three layers is as right as a small one."""
    weights = {name: 0.5 * part for name, part in draw.weights(charlm_shapes(40, 12, 16, 3)).items()}
    read_alike(student, reference, weights, ids_of(draw, 5, 17, vocab=40), state_for(draw, 5, 16, 3), layers=3)


@check("4.3", value=False, hidden=True)
def test_model_on_another_device(student, reference, draw):
    """The model answers where it is, without a state too."""
    weights = draw.weights(charlm_shapes(6, 3, 4))
    model = language_model(student, weights, device="meta")
    seen = model(ids_of(draw, 2, 5, vocab=6), device="meta")
    if seen.failure is None:
        seen = taken_apart(seen, "logits")
    shapes = ((2, 5, 6), (1, 2, 4), (1, 2, 4))
    agree_on_device(
        seen, Seen(tuple(Array(None, shape, "torch.float32", "meta") for shape in shapes)), "the result", MODEL
    )


@check("4.4", hidden=True)
def test_many_chunks(student, reference, draw):
    """Six chunks of a larger model, clipped, are trained as a few are."""
    weights = {name: 0.5 * part for name, part in draw.weights(charlm_shapes(20, 6, 8)).items()}
    chunks = [chunk_of(draw, 4, 9, 20) for _ in range(6)]
    (got, model), (want, other) = both_trained(student, reference, weights, chunks, 2 * NEAR, lr=1.0)
    for number, pair in enumerate(zip(got, want, strict=True), start=1):
        loss_agrees(*pair, f"the loss of chunk {number}")
    parameters_agree(model, other, "six chunks")


@check("4.7", value=False, hidden=True)
def test_bits_on_another_device(student, reference, draw):
    """The bits are where the nats are."""
    seen = student.call("bits_per_character", losses(draw, 2, 3), device="meta")
    agree_on_device(seen, Seen(Array(None, (2, 3), "torch.float32", "meta")), "the result")
