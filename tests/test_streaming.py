"""Training on a long text, the losses read off it, and what it costs to keep the graphs."""

from __future__ import annotations

import gc
import math
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from toolkit import held_graphs, stand_ins, streaming
from toolkit.cost import kept_for_backward
from toolkit.held_graphs import read_chunks
from toolkit.modes import evaluating, single_steps
from toolkit.streaming import Recipe, losses_by_position, losses_of, mean_loss, quick_loss, train
from toolkit.writers import Writer, half_runs

SMALL = Recipe(epochs=2, batch_size=3, length=5, rate=0.01, warm_up=4)
IN_HALF = pytest.mark.skipif(not half_runs(torch.device("cpu")), reason="no LSTM runs in bfloat16 on this processor")
TEXT = torch.arange(3 * 5 * 4 + 8)  # four chunks, and a rest: the ids are places


class Trainer:
    """Takes the place of train_chunk: learns nothing, and notes what it was given."""

    def __init__(self, losses=None):
        self.losses, self.seen = losses, []

    def __call__(self, model, optimizer, x, y, state, max_norm):
        call = SimpleNamespace(x=x, y=y, state=state, max_norm=max_norm, training=model.training)
        call.rates = [group["lr"] for group in optimizer.param_groups]
        call.decays = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
        call.half = torch.is_autocast_cpu_enabled() and torch.get_autocast_cpu_dtype() == torch.bfloat16
        self.seen.append(call)
        return (self.losses or [1.0] * 1000)[len(self.seen) - 1], f"the state after {len(self.seen)}"


def language_model(characters: int = 6, seed: int = 0, hidden: int = 8) -> stand_ins.CharLM:
    torch.manual_seed(seed)
    return stand_ins.CharLM(characters, 4, hidden)


def some_ids(count: int, characters: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randint(characters, (count,), generator=torch.Generator().manual_seed(seed))


def watched(recipe: Recipe, ids: torch.Tensor = TEXT, held_out=None, **more):
    """What the trainer was given, and the run."""
    trainer = Trainer(more.pop("losses", None))
    run = train(language_model(), ids, recipe, held_out, train_chunk=trainer, **more)
    return trainer.seen, run


# Training


def test_the_state_goes_from_chunk_to_chunk_and_ends_with_the_epoch():
    calls, run = watched(SMALL)
    want = [None, *(f"the state after {n}" for n in (1, 2, 3)), None, *(f"the state after {n}" for n in (5, 6, 7))]
    assert [call.state for call in calls] == want
    assert len(run.losses) == 8 and run.characters == 8 * 15 and run.held_out == []


def test_without_it_each_chunk_begins_with_zeros():
    calls, _ = watched(replace(SMALL, stateful=False))
    assert [call.state for call in calls] == [None] * 8


def test_each_epoch_reads_the_same_chunks_in_order():
    calls, _ = watched(replace(SMALL, max_norm=0.7))
    want = [*stand_ins.stream_batches(TEXT, 3, 5)] * 2
    assert all(torch.equal(call.x, x) and torch.equal(call.y, y) for call, (x, y) in zip(calls, want, strict=True))
    assert {call.max_norm for call in calls} == {0.7} and all(call.training for call in calls)


def test_the_chunks_come_from_the_function_that_was_given():
    calls, _ = watched(SMALL, stream_batches=lambda ids, n, length: iter([(ids[:7], ids[1:8])]))
    assert [call.x.tolist() for call in calls] == [list(range(7))] * 2


@pytest.mark.parametrize("warm_up", [4, 1, 0, 50])
def test_the_rate_rises_and_falls(warm_up):
    calls, _ = watched(replace(SMALL, warm_up=warm_up))
    rises = [1.0] * 8 if warm_up in (0, 1) else [min(1.0, (step + 1) / warm_up) for step in range(8)]
    want = [0.01 * rise * (1 + math.cos(math.pi * step / 8)) / 2 for step, rise in enumerate(rises)]
    assert [call.rates for call in calls] == [pytest.approx([rate, rate]) for rate in want]


def test_every_weight_is_learnt_and_biases_do_not_decay():
    model, trainer = language_model(), Trainer()
    train(model, TEXT, SMALL, train_chunk=trainer)
    decays = trainer.seen[0].decays
    assert decays == {id(p): 0.1 if p.dim() == 2 else 0.0 for p in model.parameters()}


def places_of(calls, per_epoch: int) -> list[list[torch.Tensor]]:
    return [[call.x for call in calls[at : at + per_epoch]] for at in range(0, len(calls), per_epoch)]


@pytest.mark.parametrize("count", [61, 64, 65, 68])  # at 61 the largest shift costs a chunk
def test_shifted_epochs_begin_elsewhere_and_stay_in_the_text(count):
    text = torch.arange(count)
    recipe = replace(SMALL, epochs=12, shifted=True)
    calls, run = watched(recipe, text)
    per_epoch = (count - 4 - 1) // 15
    assert len(calls) == len(run.losses) == 12 * per_epoch
    epochs = places_of(calls, per_epoch)
    firsts = [int(epoch[0][0, 0]) for epoch in epochs]
    assert len(set(firsts)) > 2 and all(0 <= first < 5 for first in firsts)
    for epoch in epochs:
        rows = torch.cat(epoch, dim=1)
        assert (rows.diff(dim=1) == 1).all()  # each row goes on from chunk to chunk
    assert all(torch.equal(call.y, call.x + 1) and call.y.max() <= text[-1] for call in calls)
    assert [call.state is None for call in calls] == [step % per_epoch == 0 for step in range(len(calls))]


def test_the_seed_chooses_the_shifts():
    recipe = replace(SMALL, epochs=6, shifted=True)
    firsts = [[int(call.x[0, 0]) for call in watched(recipe, seed=seed)[0]] for seed in (0, 0, 1)]
    assert firsts[0] == firsts[1] != firsts[2]


@pytest.mark.parametrize("rest", range(6))
def test_the_shortest_text_that_can_be_shifted(rest):
    recipe = replace(SMALL, epochs=20, shifted=True)
    calls, _ = watched(recipe, torch.arange(15 + 1 + 4 + rest))
    assert len(calls) == 20 and {int(call.x[0, 0]) for call in calls} == set(range(5))


def test_the_held_out_text_is_read_after_each_epoch():
    held_out, asked = some_ids(9), []

    def test(model, ids):
        asked.append(ids is held_out)
        model.eval()  # what a test leaves behind is its own affair
        model.train()
        return 10.0 * len(asked)

    _, run = watched(SMALL, held_out=held_out, test=test)
    assert asked == [True, True] and [(step, loss) for step, _, loss in run.held_out] == [(4, 10.0), (8, 20.0)]


def test_the_last_loss_on_held_out_text_is_that_of_the_trained_model():
    model, ids, held_out = language_model(), some_ids(200), some_ids(90, seed=1)
    modes = []

    def train_chunk(*given):
        modes.append(given[0].training)
        return stand_ins.train_chunk(*given)

    run = train(model, ids, SMALL, held_out, train_chunk=train_chunk)
    assert run.held_out[-1][2] == quick_loss(model, held_out) and run.held_out[0][2] != run.held_out[1][2]
    assert all(modes) and not model.training


def test_the_clock_stands_still_during_tests(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(streaming, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def pass_time(seconds, answer):
        def work(*_):
            clock.now += seconds
            return answer

        return work

    run = train(language_model(), TEXT, SMALL, some_ids(9), train_chunk=pass_time(1.0, (2.0, None)),
                test=pass_time(100.0, 3.0), after_step=pass_time(1000.0, None))  # fmt: skip
    assert run.seconds == 8 and run.held_out == [(4, 4.0, 3.0), (8, 8.0, 3.0)]


def test_after_each_step_the_run_is_shown():
    steps = []
    losses = [float(n) for n in range(8)]
    watched(SMALL, losses=losses, after_step=lambda step, run: steps.append((step, run.losses[-1], run.characters)))
    assert steps == [(n, n - 1.0, 15 * n) for n in range(1, 9)]


def test_a_training_is_the_loop_that_it_stands_for():
    ids = some_ids(200)
    run = train(language_model(), ids, SMALL)
    model, losses, state = language_model(), [], None
    matrices, vectors = ([p for p in model.parameters() if (p.dim() > 1) is wide] for wide in (True, False))
    adam = torch.optim.AdamW([{"params": matrices}, {"params": vectors, "weight_decay": 0}], betas=(0.9, 0.99),
                             weight_decay=0.1)  # fmt: skip
    chunks = stand_ins.stream_batches(ids, 3, 5)
    for step in range(2 * len(chunks)):
        x, y = chunks[step % len(chunks)]
        state = None if step % len(chunks) == 0 else tuple(part.detach() for part in state)
        rate = 0.01 * min(1, (step + 1) / 4) * (1 + math.cos(math.pi * step / (2 * len(chunks)))) / 2
        for group in adam.param_groups:
            group["lr"] = rate
        logits, state = model(x, state)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        losses.append(loss.item())
    assert run.losses == pytest.approx(losses, rel=1e-4)


def test_it_learns():
    ids = torch.tensor([0, 1, 2, 3] * 100)
    run = train(language_model(4), ids, Recipe(epochs=12, batch_size=4, length=10, rate=0.05, warm_up=5))
    assert run.losses[0] > 1.2 and run.losses[-1] < 0.1


@IN_HALF
@pytest.mark.parametrize("model", [language_model(), Writer(6, 4, 8, dropout=0.1)], ids=["CharLM", "Writer"])
def test_half_precision_is_for_the_chunks_alone(model):
    halves, dtypes = [], []

    def train_chunk(model, *given):
        halves.append(torch.is_autocast_cpu_enabled())
        dtypes.append(model(given[1])[0].dtype)
        return stand_ins.train_chunk(model, *given)

    def test(model, ids):
        halves.append(torch.is_autocast_cpu_enabled())
        return mean_loss(model, ids)

    run = train(model, some_ids(200), replace(SMALL, half=True), some_ids(50), train_chunk=train_chunk, test=test)
    assert halves == ([True] * 13 + [False]) * 2 and set(dtypes) == {torch.bfloat16}
    assert all(map(math.isfinite, run.losses)) and {p.dtype for p in model.parameters()} == {torch.float32}


def test_without_it_there_is_none():
    calls, _ = watched(SMALL)
    assert not any(call.half for call in calls)


@IN_HALF
def test_half_precision_comes_close_to_whole():
    runs = [train(language_model(), some_ids(200), replace(SMALL, half=half)) for half in (True, False)]
    assert runs[0].losses == pytest.approx(runs[1].losses, rel=0.02) and runs[0].losses != runs[1].losses


@pytest.mark.parametrize(
    ("count", "shifted", "message"),
    [
        (0, False, "the text has 0 characters, expected 16 at least for 3 rows of 5:"),
        (15, False, "the text has 15 characters, expected 16 "),
        (19, True, "the text has 19 characters, expected 20 at least for 3 rows of 5, shifted by up to 4"),
    ],
)
def test_a_text_shorter_than_a_batch(count, shifted, message):
    with pytest.raises(ValueError, match=message):
        train(language_model(), some_ids(count), replace(SMALL, shifted=shifted))


@pytest.mark.parametrize("count", [0, 1])
def test_a_held_out_text_too_short_is_told_before_the_first_step(count):
    trainer = Trainer()
    with pytest.raises(ValueError, match=f"to be tested has {count} characters, expected 2"):
        train(language_model(), TEXT, SMALL, some_ids(count), train_chunk=trainer)
    assert trainer.seen == []


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_the_training(loss):
    with pytest.raises(ValueError, match=f"the loss is {loss} before step 3: .* lower rate"):
        watched(SMALL, losses=[1.0, 1.0, loss])


def test_spoilt_weights_end_the_training():
    model = language_model()
    nn.init.constant_(model.head.bias, math.nan)
    with pytest.raises(ValueError, match="the loss is nan before step 1"):
        train(model, some_ids(200), SMALL)


# Losses


def one_at_a_time(model, ids: torch.Tensor, length: int | None = None) -> list[float]:
    """A character, a state, a logarithm; zeros in the state's place every `length` characters."""
    losses, state = [], None
    with torch.no_grad():
        for place in range(len(ids) - 1):
            if length and place % length == 0:
                state = None
            logits, state = model(ids[place].reshape(1, 1), state)
            losses.append(-logits[0, 0].log_softmax(dim=0)[ids[place + 1]].item())
    return losses


@pytest.mark.parametrize("length", [1, 3, 7, 24, 25, 512])
def test_losses_are_those_of_one_character_at_a_time(length):
    model, ids = language_model().eval(), some_ids(25)
    carried, zeroed = (losses_of(model, ids, length, stateful) for stateful in (True, False))
    assert carried.tolist() == pytest.approx(one_at_a_time(model, ids), abs=1e-5)
    assert zeroed.tolist() == pytest.approx(one_at_a_time(model, ids, length), abs=1e-5)
    assert torch.allclose(carried, zeroed) == (length >= 24)


def test_the_mean_does_not_depend_on_the_chunks():
    model, ids = language_model().eval(), some_ids(2 * streaming.READ + 100)
    want = sum(one_at_a_time(model, ids)) / (len(ids) - 1)
    assert mean_loss(model, ids) == pytest.approx(want, abs=1e-6)
    assert losses_of(model, ids, length=37).double().mean().item() == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize("stateful", [True, False])
@pytest.mark.parametrize("count", [8, 22, 25, 28])
def test_losses_by_position(count, stateful):
    model, ids = language_model().eval(), some_ids(count)
    losses = one_at_a_time(model, ids, None if stateful else 7)
    chunks = (count - 1) // 7
    want = [sum(losses[7 * chunk + place] for chunk in range(chunks)) / chunks for place in range(7)]
    assert losses_by_position(model, ids, 7, stateful) == pytest.approx(want, abs=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_a_model_is_read_in_evaluation_and_left_as_it_was(training):
    model, ids = Writer(6, 4, 8, dropout=0.5).train(training), some_ids(30)
    got = losses_of(model, ids)
    assert model.training is model.dropout.training is training and not got.requires_grad
    assert got.tolist() == pytest.approx(one_at_a_time(model.eval(), ids), abs=1e-5)


def test_too_short_for_a_loss():
    model = language_model()
    for count in (0, 1):
        with pytest.raises(ValueError, match=f"has {count} characters, expected 2"):
            mean_loss(model, some_ids(count))
    with pytest.raises(ValueError, match="has 7 characters, expected 8 at least for a chunk of 7"):
        losses_by_position(model, some_ids(7), 7, True)


@pytest.mark.parametrize("training", [True, False])
def test_an_error_leaves_the_mode_as_it_was(training):
    model = language_model().train(training)
    with pytest.raises(IndexError):
        losses_of(model, torch.tensor([0, 99, 0]))
    assert model.training is training
    with pytest.raises(KeyError), evaluating(model):
        assert not model.training
        raise KeyError
    assert model.training is training


def test_the_kernels_are_as_they_were_after_single_steps():
    before = torch.backends.mkldnn.enabled
    with pytest.raises(KeyError), single_steps():
        assert not torch.backends.mkldnn.enabled
        raise KeyError
    assert torch.backends.mkldnn.enabled is before


# Graphs that are held


def chunks_of(count: int) -> list:
    return stand_ins.stream_batches(some_ids(4 * 10 * count + 1), 4, 10)


def test_only_what_is_not_cut_off_is_held():
    model = language_model()
    cut, kept = (read_chunks(model, chunks_of(6), detach).megabytes for detach in (True, False))
    assert cut[0] == kept[0] > 0 and cut[1:] == [pytest.approx(cut[1])] * 5
    steps = torch.tensor(kept).diff()
    assert (steps > 0.5 * cut[0]).all() and steps.tolist() == pytest.approx([steps[0].item()] * 5)
    assert kept[-1] > 4 * cut[-1]


@pytest.mark.parametrize("copied", [True, False])
def test_held_is_what_the_layers_below_the_head_keep_for_the_backward_pass(copied):
    model, ids = language_model(), some_ids(4000)
    x, y = (part.clone() if copied else part for part in stand_ins.stream_batches(ids, 4, 25)[0])
    below = nn.Sequential(model.embedding, model.rnn)  # the head's graph goes with the loss, the state's stays
    want = kept_for_backward(below, x) * x.numel()
    assert read_chunks(model, [(x, y)] * 3, True).megabytes == [want / 1e6] * 3
    assert read_chunks(model, [(x, y)] * 3, False).megabytes[2] == pytest.approx(3 * want / 1e6, rel=0.02)


@pytest.mark.parametrize("detach", [True, False])
def test_nothing_is_held_afterwards(detach, monkeypatch):
    boxes = []

    class Box(held_graphs._Box):
        def __init__(self, tensor):
            super().__init__(tensor)
            boxes.append(weakref.ref(self))

    monkeypatch.setattr(held_graphs, "_Box", Box)
    seen = read_chunks(language_model(), chunks_of(4), detach)
    gc.collect()
    assert boxes and not any(box() for box in boxes)
    assert len(seen.seconds) == len(seen.megabytes) == 4 and min(seen.seconds) > 0


@pytest.mark.parametrize("detach", [True, False])
def test_reading_takes_no_step(detach):
    model = language_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    read_chunks(model, chunks_of(3), detach)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_quick_loss_reads_rows_from_zeros():
    model, text = stand_ins.CharLM(5, 3, 4), torch.randint(5, (58,), generator=torch.Generator().manual_seed(1))
    rows = [losses_of(model, text[start : start + 20]) for start in (0, 19, 38)]  # 3 rows of 19 predictions
    assert quick_loss(model, text, rows=3) == pytest.approx(torch.cat(rows).mean().item(), abs=1e-6)
    assert quick_loss(model, text, rows=1) == pytest.approx(mean_loss(model, text), abs=1e-6)
