"""The stand-ins take the place of the reference: same names and signatures, same values, on any device and dtype."""

from __future__ import annotations

import inspect
import math
import re
from functools import cache
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from grader.engine import props
from grader.engine.cells import run_cells
from grader.references import sources_of
from grader.tasks import load_course
from solution import charlm, gated, rnn, seq2seq, text
from toolkit.stand_ins import STAND_INS, is_stand_in

COURSE = load_course()
DOUBLE = torch.float64
MODULES = {"rnn": rnn, "gated": gated, "text": text, "charlm": charlm, "seq2seq": seq2seq}
STAND = SimpleNamespace(**{part.__name__: part for part in STAND_INS.values()})


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def reference_of(task: str):
    """The reference's part: of a module, or of the solution notebook's cells."""
    entry = COURSE.tasks[task]
    return getattr(MODULES[entry.module], entry.symbol) if entry.module else cells_of(entry.space)[entry.symbol]


@cache
def cells_of(space: str) -> dict:
    """What the cells of a solution notebook define, without its experiments."""
    return run_cells(list(sources_of(space)), "reference")


def same_weights(name: str, *sizes: int, module=rnn) -> list[nn.Module]:
    """The reference's module and the stand-in's, in double, with the same weights."""
    reference, stand_in = getattr(module, name)(*sizes).double(), getattr(STAND, name)(*sizes).double()
    stand_in.load_state_dict(reference.state_dict())  # strict: the parameters have the same names and shapes
    return [reference, stand_in]


def test_every_coded_task_has_one_under_its_symbol():
    assert {task.id: task.symbol for task in COURSE.graded} == {name: part.__name__ for name, part in STAND_INS.items()}


@pytest.mark.parametrize("task", STAND_INS)
def test_signatures_are_the_references(task):
    part, reference = STAND_INS[task], reference_of(task)
    methods = [name for name in vars(reference) if not name.startswith("_")] if isinstance(reference, type) else []
    for pair in [(part, reference), *((getattr(part, name), getattr(reference, name)) for name in methods)]:
        got, want = ([(p.name, p.default) for p in inspect.signature(one).parameters.values()] for one in pair)
        assert got == want


@pytest.mark.parametrize("part", STAND_INS.values(), ids=STAND_INS)
def test_each_says_what_it_is_built_of(part):
    assert part.__doc__ and "\n" not in part.__doc__


def test_a_stand_in_is_told_from_a_students_part():
    for part in STAND_INS.values():
        assert is_stand_in(part)
    assert is_stand_in(STAND.RNNCell(1, 2)) and is_stand_in(STAND.LSTMCell(1, 2))
    others = (
        rnn.RNN,
        rnn.bptt,
        rnn.RNNCell(1, 2),
        nn.RNNCell(1, 2),
        gated.GRUCell(1, 2),
        nn.GRUCell(1, 2),
        "1.1",
        None,
    )
    assert not any(is_stand_in(part) for part in others)


@pytest.mark.parametrize(("shape", "length", "horizon"), [((9,), 4, 1), ((9, 3), 4, 2), ((2,), 1, 1)])
def test_windows(shape, length, horizon):
    series = torch.randn(shape)
    before = series.clone()
    got = STAND.make_windows(series, length, horizon)
    torch.testing.assert_close(got, rnn.make_windows(series, length, horizon), rtol=0, atol=0)
    got[0].zero_()
    assert torch.equal(series, before)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_windows_refuse(shape):
    with pytest.raises(ValueError, match="series has shape"):
        STAND.make_windows(torch.zeros(shape), 4)


def test_step():
    reference, stand_in = same_weights("RNNCell", 3, 5)
    x, h = torch.randn(4, 3, dtype=DOUBLE), torch.randn(4, 5, dtype=DOUBLE)
    for state in (None, h):
        torch.testing.assert_close(stand_in(x, state), reference(x, state))


def test_sequence():
    reference, stand_in = same_weights("RNN", 3, 5)
    x, h0 = torch.randn(4, 6, 3, dtype=DOUBLE), torch.randn(4, 5, dtype=DOUBLE)
    for state in (None, h0):
        torch.testing.assert_close(stand_in(x, state), reference(x, state))


def test_gradients_through_time():
    cell = rnn.RNNCell(2, 3).double()
    x, grad_outputs = torch.randn(4, 5, 2, dtype=DOUBLE), torch.randn(4, 5, 3, dtype=DOUBLE, requires_grad=True)
    for h0 in (None, torch.randn(4, 3, dtype=DOUBLE, requires_grad=True)):
        want = rnn.bptt(cell, x, grad_outputs, h0)
        with torch.no_grad():
            got = STAND.bptt(cell, x, grad_outputs, h0)
        torch.testing.assert_close(got, want)
    assert all(parameter.grad is None for parameter in cell.parameters())


def test_gradients_through_time_of_a_frozen_cell():
    cell = STAND.RNNCell(2, 3).requires_grad_(False)
    x, grad_outputs = torch.randn(1, 2, 2), torch.randn(1, 2, 3)
    torch.testing.assert_close(STAND.bptt(cell, x, grad_outputs), rnn.bptt(cell, x, grad_outputs))
    assert not any(parameter.requires_grad for parameter in cell.parameters())


def model_of(features: int = 1, dtype=torch.float32, device="cpu") -> nn.Module:
    gru = nn.GRU(features, 4, batch_first=True, dtype=dtype, device=device)
    head = nn.Linear(4, features, dtype=dtype, device=device)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru, self.head = gru, head

        def forward(self, x, state=None):
            outputs, state = self.gru(x, state)
            return self.head(outputs), state

    return Model()


@pytest.mark.parametrize("steps", [1, 5])
def test_forecast(steps):
    model, context = model_of(2, DOUBLE), torch.randn(3, 6, 2, dtype=DOUBLE)
    torch.testing.assert_close(STAND.forecast(model, context, steps), rnn.forecast(model, context, steps))


@pytest.mark.parametrize("max_norm", [0.05, 1e9])
def test_training_step(max_norm):
    model, x, y = model_of(), torch.randn(4, 5, 1), torch.randn(4, 5, 1)
    loss = nn.functional.mse_loss(model(x)[0], y)
    grads = torch.autograd.grad(loss, list(model.parameters()))
    norm = torch.cat([grad.flatten() for grad in grads]).norm()
    scale = min(1.0, max_norm / (norm.item() + 1e-6))
    want = [value.detach() - 0.1 * scale * grad for value, grad in zip(model.parameters(), grads, strict=True)]
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 1e3)  # left over from an earlier step
    model.eval()
    got = STAND.train_step(model, torch.optim.SGD(model.parameters(), lr=0.1), x, y, max_norm)
    assert isinstance(got, float) and got == pytest.approx(loss.item())
    torch.testing.assert_close([value.detach() for value in model.parameters()], want)
    assert not model.training


def test_all_but_the_training_step_run_on_meta():
    x = torch.empty(2, 5, 3, device="meta")
    assert STAND.make_windows(torch.empty(9, device="meta"), 4)[1].shape == (5, 4, 1)
    assert STAND.RNN(3, 4).to("meta")(x)[0].shape == (2, 5, 4)
    cell = STAND.RNNCell(3, 4).to("meta")
    assert cell(x[:, 0]).device.type == "meta"
    grads = STAND.bptt(cell, x, torch.empty(2, 5, 4, device="meta"))
    assert {name: tuple(grad.shape) for name, grad in grads.items()}["h0"] == (2, 4)
    assert STAND.forecast(model_of(3, device="meta"), x, 6).shape == (2, 6, 3)


# notebook 2


def drawn(make, *sizes: int, **options) -> tuple[torch.Tensor, ...]:
    return make(*sizes, torch.Generator().manual_seed(4), **options)


@pytest.mark.parametrize("lag", [0, 3, 6, 9])
def test_bits_to_be_repeated(lag):
    got, want = (drawn(make, 50, 6, lag) for make in (STAND.echo_batch, gated.echo_batch))
    torch.testing.assert_close(got, want, rtol=0, atol=0)


@pytest.mark.parametrize("lag", [0, 2, 5])
def test_marked_bits_to_be_repeated(lag):
    got, want = (drawn(make, 50, 6, lag, marked=True) for make in (STAND.echo_batch, gated.echo_batch))
    torch.testing.assert_close(got, want, rtol=0, atol=0)


def test_marked_bits_without_room_are_refused():
    with pytest.raises(ValueError, match="no answer fits"):
        drawn(STAND.echo_batch, 2, 6, 6, marked=True)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell"])
def test_gated_step(name):
    cells = same_weights(name, 3, 5, module=gated)
    x, h, c = (torch.randn(4, size, dtype=DOUBLE) for size in (3, 5, 5))
    for state in (None, (h, c) if name == "LSTMCell" else h):
        stand_in, reference = (cell(x, state) for cell in cells)
        torch.testing.assert_close(stand_in, reference)


CELLS = {
    "a vanilla cell": nn.RNNCell(3, 5),
    "a pair as state": nn.LSTMCell(3, 5),
    "no parameters": lambda x, h: torch.cat([x, x], 1).sin() if h is None else 0.5 * h.roll(1, dims=1) + x.sum(),
    "three parts": lambda x, state: (x.cos() * (state[1] if state else 1), x + (state[0] if state else 0), "kept"),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_unrolling_any_cell(cell):
    x = torch.randn(4, 6, 3)
    state = cell(torch.randn(4, 3), None)
    for first in (None, state):
        (outputs, last), want = STAND.unroll(cell, x, first), gated.unroll(cell, x, first)
        torch.testing.assert_close(outputs, want[0])
        assert type(last) is type(want[1])
        assert torch.equal(outputs[:, -1], last[0] if isinstance(last, tuple) else last)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_gradients_on_their_way_back(cell):
    x = torch.randn(4, 6, 3)
    with torch.no_grad():
        got = STAND.gradient_norms(cell, x)
    torch.testing.assert_close(got, gated.gradient_norms(cell, x))
    assert not got.requires_grad
    assert all(parameter.grad is None for parameter in cell.parameters()) if isinstance(cell, nn.Module) else True


@pytest.mark.parametrize("max_norm", [0.1, 1e9])
def test_clipping(max_norm):
    def given():
        generator = torch.Generator().manual_seed(1)
        parameters = [nn.Parameter(torch.zeros(shape)) for shape in ((3, 4), (), (2,))]
        for parameter in parameters[:2]:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        return parameters

    got, want = given(), given()
    norms = [
        clip((part for part in parts), max_norm)
        for clip, parts in ((STAND.clip_gradient_norm_, got), (gated.clip_gradient_norm_, want))
    ]
    torch.testing.assert_close(*norms)
    torch.testing.assert_close([part.grad for part in got[:2]], [part.grad for part in want[:2]])
    assert got[2].grad is None
    assert STAND.clip_gradient_norm_([], 1.0) == STAND.clip_gradient_norm_(nn.Parameter(torch.zeros(2)), 1.0) == 0


def test_a_plane_of_losses():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    x, before = torch.randn(9, 3, dtype=DOUBLE), [part.detach().clone() for part in model.parameters()]
    points: list[list[torch.Tensor]] = []

    def loss(moved: nn.Module) -> torch.Tensor:
        points.append([part.detach().clone() for part in moved.parameters()])
        return moved(x).square().mean()

    got, want = (plane(model, loss, 0.5, 3, torch.Generator().manual_seed(2))
                 for plane in (STAND.loss_surface, gated.loss_surface))  # fmt: skip
    assert got.shape == want.shape and got.dtype == want.dtype and not got.requires_grad
    torch.testing.assert_close(got[1, 1], want[1, 1])  # the model itself; the directions are free
    for at in (points[:9], points[9:]):  # the stand-in's, the reference's
        for theta, left, right in zip(before, at[1], at[7], strict=True):
            for moved in (left - theta, right - theta):
                torch.testing.assert_close(lengths(moved), 0.5 * lengths(theta))
    assert all(torch.equal(part, kept) for part, kept in zip(model.parameters(), before, strict=True))


def lengths(theta: torch.Tensor) -> torch.Tensor:
    """The norm of each filter."""
    return theta.flatten(1).norm(dim=1) if theta.dim() > 1 else theta.norm()


def test_a_plane_of_losses_puts_back_what_a_broken_loss_leaves():
    model = nn.Linear(3, 2)
    before = [part.detach().clone() for part in model.parameters()]
    with pytest.raises(ZeroDivisionError):
        STAND.loss_surface(model, lambda moved: 1 / 0, 0.5, 3, torch.Generator())
    assert all(torch.equal(part, kept) for part, kept in zip(model.parameters(), before, strict=True))


def test_a_loss_that_counts_what_was_asked_for():
    logits = torch.randn(4, 6, dtype=DOUBLE)
    targets, mask = (torch.rand(2, 4, 6) > 0.5).unbind()
    for asked in (mask, torch.ones_like(mask), torch.zeros_like(mask)):
        got, want = (loss(logits, targets.double(), asked) for loss in (STAND.masked_loss, reference_of("2.8")))
        torch.testing.assert_close(got, want)


def test_a_forget_gate_that_begins_open():
    cells = [nn.LSTMCell(3, 5) for _ in range(2)]
    cells[1].load_state_dict(cells[0].state_dict())
    for cell, opened in zip(cells, (STAND.open_forget_gate_, reference_of("2.9")), strict=True):
        opened(cell, 1.5)
    biases = [cell.bias_ih.detach() + cell.bias_hh.detach() for cell in cells]
    torch.testing.assert_close(*biases)
    assert torch.equal(biases[0][5:10], torch.full((5,), 1.5))
    assert torch.equal(cells[0].weight_hh, cells[1].weight_hh) and cells[0].bias_ih.requires_grad


def test_notebook_2_runs_on_meta():
    x = torch.empty(2, 5, 3, device="meta")
    for cell in (STAND.LSTMCell(3, 4).to("meta"), STAND.GRUCell(3, 4).to("meta")):
        assert STAND.unroll(cell, x)[0].shape == (2, 5, 4)
        assert STAND.gradient_norms(cell, x).device.type == "meta"
    logits = torch.empty(2, 5, device="meta")
    assert STAND.masked_loss(logits, logits, logits > 0).device.type == "meta"
    parameter = nn.Parameter(logits)
    parameter.grad = logits
    assert STAND.clip_gradient_norm_([parameter], 1.0).device.type == "meta"
    STAND.open_forget_gate_(STAND.LSTMCell(3, 4).to("meta"), 1.0)


# notebook 3


TEXTS = (
    "Isn’t it<BR/>odd? Well-known, snake_case 'quoted' rock'n'roll x''y",
    "",
    "Ünïcode Привет 日本 1980's",
    "--- '' _ <br>",
)


@pytest.mark.parametrize("given", TEXTS)
def test_words(given):
    assert STAND.tokenize(given) == text.tokenize(given)


@pytest.mark.parametrize(("size", "least"), [(None, 1), (4, 1), (2, 1), (None, 2), (3, 3)])
def test_vocabularies(size, least):
    lists = [["b", "a", "c", "a"], [], ["c", "d", "b", "a"]]
    got, want = (part.build(iter(lists), size, least) for part in (STAND.Vocabulary, text.Vocabulary))
    assert got.words == want.words and len(got) == len(want)
    ids = got.encode(["a", "z", "b"])
    assert ids == want.encode(["a", "z", "b"])
    for form in ([0, *ids, 0], torch.tensor([0, *ids, 0])):
        assert got.decode(form) == want.decode(form)


def test_looking_vectors_up():
    torch.manual_seed(0)
    parts = same_weights("Embedding", 7, 3, module=text)
    assert all(torch.equal(part.weight[0], torch.zeros(3, dtype=DOUBLE)) for part in parts)
    ids, grads = torch.tensor([[1, 0, 6], [2, 2, 0]]), []
    outputs = [part(ids) for part in parts]
    torch.testing.assert_close(*outputs)
    for part, output in zip(parts, outputs, strict=True):
        grads.append(torch.autograd.grad(output.square().sum(), part.weight)[0])
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize("sequences", [[[3, 4, 5], [], [6]], [[]], [], [[2]]])
def test_padding(sequences):
    for got, want in zip(STAND.pad_batch(sequences), text.pad_batch(sequences), strict=True):
        assert got.dtype == want.dtype == torch.int64 and torch.equal(got, want)


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_reading_to_the_last_word(cell, both_ways):
    pair = [part(9, 3, 4, cell, both_ways).double() for part in (STAND.SentimentClassifier, text.SentimentClassifier)]
    pair[0].load_state_dict(pair[1].state_dict())
    ids, lengths = text.pad_batch([[3, 4], [], [5, 6, 7, 8], [2]])
    torch.testing.assert_close(*(part(ids, lengths) for part in pair))


def test_a_cell_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="expected one of rnn, lstm, gru"):
        STAND.SentimentClassifier(9, 3, 4, "transformer")


def test_a_mean_without_padding():
    values, lengths = torch.randn(3, 4, 2, dtype=DOUBLE), torch.tensor([4, 0, 2])
    values[1:, 2:] = torch.nan
    torch.testing.assert_close(*(part.masked_mean(values, lengths) for part in (STAND, text)))


def test_batches_of_similar_length():
    lengths = torch.tensor([5, 1, 9, 1, 4, 7, 2])
    got, want = (
        make(lengths, 3, torch.Generator().manual_seed(3)) for make in (STAND.length_buckets, reference_of("3.7"))
    )
    assert [sorted(lengths[batch].tolist()) for batch in got] == [sorted(lengths[batch].tolist()) for batch in want]
    assert sorted(torch.cat(got).tolist()) == list(range(7))


def test_counting_answers():
    model = nn.Dropout(0.5)
    batches = [
        (torch.tensor([1.0, -2.0, 3.0]), None, torch.tensor([1, 1, 0])),
        (torch.tensor([-1.0]), None, torch.tensor([0])),
    ]
    model.forward = lambda ids, lengths: ids * (1 - 2 * model.training)
    counts = [count(model, iter(batches)) for count in (STAND.evaluate, reference_of("3.8"))]
    assert torch.equal(*counts) and counts[0].tolist() == [[1, 1], [1, 1]] and model.training


def test_notebook_3_runs_on_meta():
    ids, lengths = torch.empty(2, 5, dtype=torch.int64, device="meta"), torch.tensor([5, 2])
    for both_ways in (False, True):
        assert STAND.SentimentClassifier(9, 3, 4, "gru", both_ways).to("meta")(ids, lengths).device.type == "meta"
    assert STAND.Embedding(9, 3).to("meta")(ids).shape == (2, 5, 3)
    assert STAND.masked_mean(torch.empty(2, 5, 3, device="meta"), lengths).device.type == "meta"


# notebook 4


PLAY = "A door.\n\nBOY:\nWho's there?\t"


def test_characters():
    got, want = (part.build(PLAY) for part in (STAND.CharVocabulary, charlm.CharVocabulary))
    assert got.characters == want.characters and got.index == want.index and len(got) == len(want)
    ids = got.encode(PLAY)
    assert ids == want.encode(PLAY)
    for form in (ids, torch.tensor(ids), []):
        assert got.decode(form) == want.decode(form)


@pytest.mark.parametrize("stranger", ["z", "\r", "é"])
def test_a_character_that_nobody_has_seen_is_refused(stranger):
    vocabulary = STAND.CharVocabulary.build(PLAY)
    with pytest.raises(ValueError, match=re.escape(repr(stranger))):
        vocabulary.encode(PLAY + stranger)


@pytest.mark.parametrize(
    ("size", "rows", "length"), [(25, 2, 4), (26, 2, 4), (32, 2, 4), (9, 1, 1), (31, 3, 10), (40, 13, 1)]
)
def test_streams(size, rows, length):
    ids = torch.randperm(size)
    got, want = (make(ids, rows, length) for make in (STAND.stream_batches, charlm.stream_batches))
    torch.testing.assert_close(list(got), list(want), rtol=0, atol=0)


@pytest.mark.parametrize("cut", [STAND.stream_batches, charlm.stream_batches])
def test_streams_without_room_are_refused(cut):
    assert len(cut(torch.arange(13), 3, 4)) == 1
    with pytest.raises(ValueError, match="12 characters"):
        cut(torch.arange(12), 3, 4)


def state_of(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(shape, dtype=DOUBLE), torch.randn(shape, dtype=DOUBLE)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_language_model(layers):
    models = same_weights("CharLM", 7, 3, 5, layers, module=charlm)
    ids = torch.randint(7, (4, 6))
    for state in (None, state_of(layers, 4, 5)):
        torch.testing.assert_close(*(model(ids, state) for model in models))


@pytest.mark.parametrize("max_norm", [0.05, 1e9])
def test_training_on_a_chunk(max_norm):
    models = same_weights("CharLM", 7, 3, 5, module=charlm)
    x, y = torch.randint(7, (2, 4, 6))
    for state in (None, tuple(part.requires_grad_() for part in state_of(1, 4, 5))):
        results = []
        for model, step in zip(models, (charlm.train_chunk, STAND.train_chunk), strict=True):
            for parameter in model.parameters():
                parameter.grad = torch.full_like(parameter, 1e3)  # left over from an earlier step
            results.append(step(model.eval(), torch.optim.SGD(model.parameters(), lr=0.1), x, y, state, max_norm))
            assert isinstance(results[-1][0], float) and not model.training
            assert not any(part.requires_grad for part in results[-1][1])
        torch.testing.assert_close(*results)
        torch.testing.assert_close(*(list(model.state_dict().values()) for model in models))
        assert state is None or all(part.grad is None for part in state)


@pytest.mark.parametrize(
    ("temperature", "top_k"), [(1.0, None), (0.5, None), (2.0, 3), (1.0, 1), (1.5, 9), (1e-4, None)]
)
def test_shares_of_what_is_drawn(temperature, top_k):
    logits = torch.tensor([[0.5, 900.0, 899.0, -math.inf, 898.5], [1.0, 0.0, -1.0, 0.5, 2.0]])
    shares = []
    for draw in (STAND.sample, charlm.sample):
        drawn = draw(logits.expand(5000, 2, 5), temperature, top_k, torch.Generator().manual_seed(5))
        assert drawn.shape == (5000, 2) and drawn.dtype == torch.int64
        shares.append(torch.stack([drawn[:, row].bincount(minlength=5) for row in (0, 1)]) / 5000)
    assert torch.equal(shares[0] > 0, shares[1] > 0)  # the same ids are possible; the rarest is expected 10 times
    torch.testing.assert_close(*shares, rtol=0, atol=0.05)  # five deviations of a difference of two shares


def test_drawing_the_likeliest():
    logits = torch.randn(3, 4, 6)
    for top_k in (None, 2):
        assert torch.equal(STAND.sample(logits, 0, top_k), charlm.sample(logits, 0, top_k))
    assert STAND.sample(logits[0, 0]).shape == ()


@pytest.mark.parametrize(("temperature", "top_k"), [(-1.0, None), (1.0, 0), (0, -2)])
def test_what_nothing_can_be_drawn_with_is_refused(temperature, top_k):
    for draw in (STAND.sample, charlm.sample):
        with pytest.raises(ValueError, match=r"temperature is -1|top_k (is )?(0|-2)"):
            draw(torch.zeros(3), temperature, top_k)


@pytest.mark.parametrize("length", [0, 1, 7])
def test_speaking(length):
    models, prompt = same_weights("CharLM", 7, 3, 5, module=charlm), torch.tensor([3, 1, 4])
    for model in models:
        model.rnn.weight_hh_l0.data.mul_(5)  # so that what was said before matters
    texts = [
        speak(model.train(), prompt, length, 0)
        for model, speak in zip(models, (charlm.generate, STAND.generate), strict=True)
    ]
    assert torch.equal(*texts) and texts[0].shape == (length,) and texts[1].dtype == torch.int64
    drawn = [STAND.generate(models[1], prompt, length, 3.0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and (length < 7 or not torch.equal(drawn[0], drawn[2]))
    assert all(model.training for model in models)


def test_bits():
    for nats in (0.0, 1.7, torch.tensor([0.0, 2.5], dtype=DOUBLE)):
        got, want = STAND.bits_per_character(nats), charlm.bits_per_character(nats)
        assert type(got) is type(want)
        torch.testing.assert_close(got, want)


def own_layers(task: str, *sizes: int) -> list[nn.Module]:
    """The reference's, of the notebook's cells, and the stand-in's, in double, with the same weights."""
    reference, stand_in = reference_of(task)(*sizes).double(), STAND_INS[task](*sizes).double()
    stand_in.load_state_dict(reference.state_dict())
    return [reference, stand_in]


def test_a_linear_layer():
    layers = own_layers("4.8", 3, 5)
    for shape in ((3,), (2, 3), (2, 4, 3), (0, 3)):
        x = torch.randn(shape, dtype=DOUBLE)
        torch.testing.assert_close(*(layer(x) for layer in layers))


def test_a_language_model_of_own_parts():
    reference, stand_in = own_layers("4.9", 7, 3, 5)
    ids = torch.randint(7, (4, 6))
    for state in (None, state_of(4, 5)):
        torch.testing.assert_close(stand_in(ids, state), reference(ids, state))
    torch.testing.assert_close(stand_in.init_hidden(3), reference.init_hidden(3))


@pytest.mark.parametrize("length", [1, 4, 5, 12, 99])
def test_the_loss_on_a_text(length):
    model, ids = charlm.CharLM(7, 3, 5).double(), torch.randint(7, (14,))
    got, want = (measure(model, ids, length) for measure in (STAND.held_out_loss, reference_of("4.10")))
    logits = model(ids[None, :-1])[0][0].detach()
    assert isinstance(got, float) and got == pytest.approx(want)
    assert got == pytest.approx(nn.functional.cross_entropy(logits, ids[1:]).item()) and model.training


def test_notebook_4_runs_on_meta():
    ids = torch.empty(2, 5, dtype=torch.int64, device="meta")
    for model in (STAND.CharLM(7, 3, 4, 2).to("meta"), STAND.OwnCharLM(7, 3, 4).to("meta")):
        logits, state = model(ids)
        assert logits.shape == (2, 5, 7) and {part.device.type for part in (logits, *state)} == {"meta"}
        assert model(ids, state)[0].device.type == "meta"
    for temperature in (0, 1.0):
        assert STAND.sample(logits, temperature, 3).device.type == "meta"
        assert STAND.generate(STAND.CharLM(7, 3, 4).to("meta"), ids[0], 3, temperature).shape == (3,)
    assert STAND.Linear(3, 4).to("meta")(torch.empty(2, 5, 3, device="meta")).shape == (2, 5, 4)
    assert [x.device.type for x, _ in STAND.stream_batches(ids.flatten(), 2, 2)] == ["meta"] * 2


@pytest.mark.parametrize("lengths", [[3, 5, 1], [2]])
def test_an_encoder_and_a_decoder(lengths):
    encoders, decoders = (
        same_weights("Encoder", 9, 3, 4, module=seq2seq),
        same_weights("Decoder", 7, 3, 4, module=seq2seq),
    )
    src, lengths = torch.randint(9, (len(lengths), 6)), torch.tensor(lengths)
    (memory, state), other = (encoder(src, lengths) for encoder in encoders)
    torch.testing.assert_close(other, (memory, state))
    mask, token = seq2seq.source_mask(src, lengths), torch.randint(7, lengths.shape)
    torch.testing.assert_close(*(decoder.step(token, state, memory, mask) for decoder in decoders))


def test_attention_with_rows_of_nothing():
    modules = same_weights("AdditiveAttention", 3, 5, 4, module=seq2seq)
    mask = torch.tensor([[1, 0, 1], [0, 0, 0]]).bool()
    for dtype in (torch.float16, torch.float32, DOUBLE):
        query, keys = torch.randn(2, 3, dtype=dtype), torch.randn(2, 3, 5, dtype=dtype)
        context, weights = modules[1].to(dtype)(query, keys, mask)
        torch.testing.assert_close((context, weights), modules[0].to(dtype)(query, keys, mask))
        assert not weights[~mask].any() and not context[1].any()


@pytest.mark.parametrize("causal", [False, True])
def test_self_attention(causal):
    given = [torch.randn(*shape, dtype=DOUBLE) for shape in ((2, 4, 5), (5, 3), (5, 3), (5, 2))]
    torch.testing.assert_close(STAND.self_attention(*given, causal), reference_of("5.9")(*given, causal))


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_teacher_forcing(share):
    parts = props.KeyedEncoder(9), props.KeyedDecoder(6)
    for parameter in (*parts[0].parameters(), *parts[1].parameters()):
        nn.init.normal_(parameter)
    src, lengths, tgt = torch.randint(9, (4, 6)), torch.tensor([2, 5, 1, 4]), torch.randint(6, (4, 7))
    got, want = (model(*parts)(src, lengths, tgt, share) for model in (STAND.Seq2Seq, seq2seq.Seq2Seq))
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize("pad", [0, 4])
def test_a_loss_without_padding(pad):
    logits, targets = torch.randn(3, 5, 6, dtype=DOUBLE), torch.randint(6, (3, 5))
    targets[1, 2:] = pad
    for wanted in (targets, torch.full_like(targets, pad)):
        torch.testing.assert_close(*(part.masked_cross_entropy(logits, wanted, pad) for part in (STAND, seq2seq)))


def test_the_error_of_an_alignment():
    maps = [torch.rand(4, 5), torch.rand(1, 3), torch.zeros(0, 2)]
    links = [{(0, 1), (2, 2), (3, 0)}, [(1, 0)], frozenset({(0, 0)})]
    for count in range(4):
        got, want = (rate(maps[:count], links[:count]) for rate in (STAND.alignment_error_rate, reference_of("5.8")))
        assert got == pytest.approx(want) and type(got) is float
