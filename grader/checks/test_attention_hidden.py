"""The hidden checks of tasks 5.1 to 5.3: other sizes, other devices."""

from __future__ import annotations

import torch

from grader.checks.kit import agree_on_device, check
from grader.checks.test_attention import (
    LOOKED,
    READ,
    SCATTERED,
    STEPPED,
    UNEVEN,
    attention,
    attention_weights,
    before_a_step,
    decoder,
    decoder_weights,
    encoder,
    encoder_weights,
    looked_at,
    looks_agree,
    readings_agree,
    sentences,
    steps_agree,
)
from grader.engine.values import Array, Seen


def on_meta(*shapes: tuple[int, ...]) -> Seen:
    """What is to be seen on a device without values."""
    return Seen(tuple(Array(None, shape, "torch.float32", "meta") for shape in shapes))


@check("5.1", hidden=True)
def test_larger_batch_of_sentences(student, reference, draw):
    """A larger batch with longer sentences is as right as a small one."""
    lengths = draw.integers(1, 17, 12).tolist()
    weights = encoder_weights(draw, vocab=30, embedding=5, hidden=12)
    readings_agree(student, reference, weights, sentences(draw, lengths, 17, vocab=30, padded=False))


@check("5.1", hidden=True)
def test_as_many_sentences_as_tokens(student, reference, draw):
    """A batch of as many sentences as tokens is no other than any: the axes aren't mistaken for each other."""
    weights = encoder_weights(draw, embedding=4, hidden=4)
    readings_agree(student, reference, weights, sentences(draw, (2, 4, 3, 1)))


@check("5.1", value=False, hidden=True)
def test_encoder_on_another_device(student, reference, draw):
    """The encoder answers where it is, though the lengths lie on the CPU, where packing wants them."""
    src, lengths = sentences(draw, UNEVEN)
    model = encoder(student, encoder_weights(draw), "meta")
    seen = model(src, student.new("props.on_the_cpu", lengths.tensor, device="cpu"), device="meta")
    if seen.failure is not None and "Cannot copy out of meta tensor" in seen.failure.message:
        return  # torch's own pad_packed_sequence takes an order to the CPU, which has no values there
    agree_on_device(seen, on_meta((5, 6, 8), (5, 8)), "the result", READ)


@check("5.2", hidden=True)
def test_larger_attention(student, reference, draw):
    """Many rows with many places, shown and hidden at random, are as right as a few, their gradients too."""
    sizes, mask = (6, 7, 9), draw.integers(0, 3, 12, 31) > 0
    mask[5] = False
    given = looked_at(draw, mask, sizes, grad=True)
    looks_agree(student, reference, attention_weights(draw, sizes), given, gradients=True)


@check("5.2", value=False, hidden=True)
def test_attention_on_another_device(student, reference, draw):
    """The attention answers where it is."""
    module = attention(student, attention_weights(draw), "meta")
    seen = module(*looked_at(draw, SCATTERED), device="meta")
    agree_on_device(seen, on_meta((5, 5), (5, 5)), "the result", LOOKED)


@check("5.3", hidden=True)
def test_larger_decoder(student, reference, draw):
    """A larger decoder is as right as a small one, its gradients too."""
    weights = decoder_weights(draw, vocab=40, embedding=9, hidden=12)
    weights = {name: part / 2 for name, part in weights.items()}
    mask = torch.arange(11) < draw.integers(1, 12, 8)[:, None]
    given = before_a_step(draw, mask, vocab=40, hidden=12, grad=True)
    steps_agree(student, reference, weights, given, gradients=True)


@check("5.3", value=False, hidden=True)
def test_decoder_on_another_device(student, reference, draw):
    """The decoder answers where it is."""
    model = decoder(student, decoder_weights(draw), "meta")
    seen = model.call("step", *before_a_step(draw, SCATTERED), device="meta")
    agree_on_device(seen, on_meta((5, 7), (5, 4), (5, 5)), "the result", STEPPED)
