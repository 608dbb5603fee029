"""The small Transformer: against torch's own layers, with and without its cache; its loss on long texts; its costs."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from toolkit import stand_ins
from toolkit.cost import parameter_count
from toolkit.endurance import seconds_to_train, seconds_to_write
from toolkit.streaming import Recipe, train
from toolkit.transformer import Transformer, windowed_loss
from toolkit.writers import CONTEXT, best_writer, live_writer, rivals


def small(context: int = 12, blocks: int = 2, dropout: float = 0.0) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(7, 8, blocks, heads=2, context=context, dropout=dropout).double()
    for parameter in model.parameters():  # away from its beginning, where places and norms hardly matter
        nn.init.normal_(parameter, std=0.4)
    return model


def some_ids(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(7, shape, generator=torch.Generator().manual_seed(seed))


def in_chunks(model: Transformer, ids: torch.Tensor, lengths) -> torch.Tensor:
    cache, logits = None, []
    for chunk in ids.split(list(lengths), dim=1):
        some, cache = model(chunk, cache)
        logits.append(some)
    assert [tuple(part.shape) for part in cache] == [(len(ids), 2, ids.shape[1], 4)] * 2 * len(model.blocks)
    return torch.cat(logits, dim=1)


# The model


@pytest.mark.parametrize("lengths", [[12], [1] * 12, [3, 4, 5], [11, 1], [1, 11], [5, 1, 1, 5]])
def test_with_its_cache_it_answers_as_without(lengths):
    model, ids = small(), some_ids(3, 12)
    torch.testing.assert_close(in_chunks(model, ids, lengths), model(ids)[0], atol=1e-10, rtol=0)


@pytest.mark.parametrize("lengths", [[9], [4, 5], [1] * 9])
def test_nothing_comes_from_later_characters(lengths):
    model, ids = small(), some_ids(2, 9)
    for place in range(9):
        other = ids.clone()
        other[:, place] = (other[:, place] + 1) % 7
        one, two = (in_chunks(model, read, lengths) for read in (ids, other))
        torch.testing.assert_close(one[:, :place], two[:, :place], atol=1e-12, rtol=0)
        assert ((one[:, place:] - two[:, place:]).abs().amax(dim=-1) > 1e-9).all()  # and all from there on


def test_it_is_torch_s_own_layers():
    model, ids = small(), some_ids(3, 12)
    x = model.embedding(ids) + model.places.weight
    hidden = nn.Transformer.generate_square_subsequent_mask(12, dtype=torch.float64)
    for block in model.blocks:
        layer = nn.TransformerEncoderLayer(8, 2, 32, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        twins = {"self_attn.in_proj_": block.qkv, "self_attn.out_proj.": block.out, "linear1.": block.wide,
                 "linear2.": block.narrow, "norm1.": block.norms[0], "norm2.": block.norms[1]}  # fmt: skip
        layer.double().load_state_dict({name + kind: getattr(twin, kind)
                                        for name, twin in twins.items() for kind in ("weight", "bias")})  # fmt: skip
        x = layer(x, src_mask=hidden, is_causal=True)
    torch.testing.assert_close(model(ids)[0], model.head(model.norm(x)), atol=1e-10, rtol=0)


def test_places_matter():
    model = small()
    logits, _ = model(torch.tensor([[3, 3, 3]]))
    assert (logits[0, 0] - logits[0, 2]).abs().max() > 0.01


def test_dropout_is_for_training_alone():
    model, ids = small(dropout=0.5), some_ids(1, 12)
    assert not torch.equal(model(ids)[0], model(ids)[0])
    model.eval()
    assert torch.equal(model(ids)[0], model(ids)[0])


def test_more_than_the_context_is_refused():
    model = small()
    _, cache = model(some_ids(2, 12))
    for ids, kept, count in ((some_ids(2, 13), None, 13), (some_ids(2, 1), cache, 13), (some_ids(2, 5), cache, 17)):
        with pytest.raises(ValueError, match=f"{count} characters, expected at most 12: begin a new cache"):
            model(ids, kept)


def test_features_are_a_multiple_of_the_heads():
    with pytest.raises(ValueError, match="features is 10 and heads 4: expected a multiple"):
        Transformer(7, 10, 1)


# Training it


def test_a_chunk_is_learnt_with_its_cache():
    model, x, y = small().float(), some_ids(3, 10), some_ids(3, 10, seed=1)
    adam = torch.optim.SGD(model.parameters(), lr=0.0)
    whole = nn.functional.cross_entropy(model(x)[0].flatten(0, 1), y.flatten(), reduction="none").view(3, 10)
    first, cache = stand_ins.train_chunk(model, adam, x[:, :4], y[:, :4], None, 1.0)
    assert not any(part.requires_grad for part in cache)
    second, grown = stand_ins.train_chunk(model, adam, x[:, 4:], y[:, 4:], cache, 1.0)
    assert [first, second] == pytest.approx([whole[:, :4].mean().item(), whole[:, 4:].mean().item()], abs=1e-5)
    assert (
        grown[0].shape[2] == 10 and model.places.weight.grad[4:10].abs().sum() > 0 == model.places.weight.grad[0].sum()
    )


def test_it_learns_a_text():
    torch.manual_seed(0)
    model, ids = Transformer(7, 16, 1, context=12), torch.tensor([0, 1, 2, 2, 3] * 60)
    recipe = Recipe(8, 4, 12, rate=0.02, warm_up=5, stateful=False, shifted=True)
    run = train(model, ids, recipe, ids[:60], test=windowed_loss)
    assert run.losses[0] > 1.5 and run.losses[-1] < 0.2 and run.held_out[-1][2] < 0.2 and len(run.held_out) == 8


def test_with_a_state_that_grows_it_is_told_to_begin_anew():
    with pytest.raises(ValueError, match="begin a new cache"):
        train(Transformer(7, 16, 1, context=12), some_ids(200), Recipe(1, 4, 12))


# Its loss on a long text


def window_by_window(model: Transformer, ids: torch.Tensor) -> float:
    """Each prediction by itself, from the window in which it counts."""
    half, total = model.context // 2, 0.0
    for place in range(len(ids) - 1):  # of the character at place + 1
        start = 0 if place < model.context else (place // half - 1) * half
        assert place + 1 - start > half or start == 0
        logits, _ = model(ids[None, start : place + 1])
        total -= logits[0, -1].log_softmax(dim=-1)[ids[place + 1]].item()
    return total / (len(ids) - 1)


@pytest.mark.parametrize("together", [1, 2, 64])
@pytest.mark.parametrize("context", [2, 6, 8])
def test_the_loss_on_a_long_text(context, together):
    model = small(context).eval()
    for count in (2, 3, context // 2 + 1, context, context + 1, context + 2, 3 * context // 2 + 1, 3 * context + 2, 45):
        ids = some_ids(count)
        assert windowed_loss(model, ids, together) == pytest.approx(window_by_window(model, ids), abs=1e-5)


class Lonely(nn.Module):
    """Its loss on zeros is 1 where it has seen `few` characters or fewer, and else 0."""

    def __init__(self, context: int, few: int):
        super().__init__()
        self.context, self.few = context, few
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, ids):
        assert ids.shape[1] <= self.context
        seen = torch.arange(1, ids.shape[1] + 1).expand_as(ids)
        logit = torch.where(seen <= self.few, math.log(math.e - 1), -100.0)
        return torch.stack([torch.zeros_like(logit), logit], dim=-1), ()


@pytest.mark.parametrize("count", [9, 10, 13, 17, 50, 51])
def test_only_the_beginning_is_predicted_from_less_than_half_a_context(count):
    loss = windowed_loss(Lonely(8, few=4), torch.zeros(count, dtype=torch.int64))
    assert loss * (count - 1) == pytest.approx(4, abs=1e-4)  # the first four predictions, and no other


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored(training):
    model = small(dropout=0.5).train(training)
    got = windowed_loss(model, some_ids(40))
    assert model.training is model.blocks[0].dropout.training is training
    assert got == pytest.approx(window_by_window(model.eval(), some_ids(40)), abs=1e-5)


def test_what_can_t_be_tested():
    for count in (0, 1):
        with pytest.raises(ValueError, match=f"the text has {count} characters, expected an even context and 2"):
            windowed_loss(small(), some_ids(count))
    with pytest.raises(ValueError, match="the context is 7 "):
        windowed_loss(small(7), some_ids(20))


# The networks of the notebook


@pytest.mark.parametrize("characters", [50, 65, 90])
def test_rivals_are_of_one_size(characters):
    lstm, transformer = map(parameter_count, rivals(characters).values())
    assert abs(lstm - transformer) < 0.05 * lstm
    if characters == 65:
        assert round(lstm, -4) == 350_000 and round(transformer, -4) == 360_000


@pytest.mark.parametrize("make", [
    lambda seed: rivals(20, seed)["LSTM"], lambda seed: rivals(20, seed)["Transformer"],
    lambda seed: best_writer(20, seed), lambda seed: live_writer(20, seed),
])  # fmt: skip
def test_a_seed_is_a_network_and_touches_no_other_chance(make):
    before = torch.get_rng_state()
    one, again, other = (nn.utils.parameters_to_vector(make(seed).parameters()) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state()) and torch.equal(one, again) and not torch.equal(one, other)


def test_the_rivals_read_a_chunk_of_the_recorded_length():
    for model in rivals(9).values():
        logits, _ = model(torch.zeros(2, CONTEXT, dtype=torch.int64))
        assert logits.shape == (2, CONTEXT, 9)


# What they cost


def test_what_is_carried_while_writing():
    lstm, transformer = rivals(9, context=40).values()
    for model, carried in ((lstm, [2 * 256 * 4] * 4), (transformer, [3 * 2 * 96 * 4 * n for n in (10, 20, 30, 40)])):
        model.train()
        seconds, got = seconds_to_write(model, 40, 10)
        assert got == carried and len(seconds) == 4 and min(seconds) > 0 and model.training


def test_what_is_written_is_the_likeliest():
    asked = []

    class Counting(nn.Module):
        def forward(self, ids, state=None):
            asked.append(ids.item())
            return nn.functional.one_hot(ids + 1, 50).float(), (ids,)

    seconds_to_write(Counting(), 20, 5)
    assert asked == list(range(20))


def test_training_is_timed_for_each_length():
    models = rivals(9, context=32)
    seconds = seconds_to_train(models, (8, 16, 32), 64, repeats=2)
    assert list(seconds) == ["LSTM", "Transformer"]
    assert all(len(times) == 2 and min(times) > 0 for one in seconds.values() for times in one)
    assert all(len(one) == 3 for one in seconds.values())
    assert all(parameter.grad is None for model in models.values() for parameter in model.parameters())
