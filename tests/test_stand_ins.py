"""The stand-ins take the place of the reference: same names and signatures, same values, on any device and dtype."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from grader.tasks import load_course
from solution import rnn
from toolkit.stand_ins import STAND_INS, is_stand_in

DOUBLE = torch.float64
STAND = SimpleNamespace(**{part.__name__: part for part in STAND_INS.values()})


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def same_weights(name: str, *sizes: int) -> list[nn.Module]:
    """The reference's module and the stand-in's, in double, with the same weights."""
    reference, stand_in = getattr(rnn, name)(*sizes).double(), getattr(STAND, name)(*sizes).double()
    stand_in.load_state_dict(reference.state_dict())  # strict: the parameters have the same names and shapes
    return [reference, stand_in]


def test_every_coded_task_of_notebook_1_has_one_under_its_symbol():
    tasks = [task for task in load_course().graded if task.id.startswith("1.")]
    assert {task.id: task.symbol for task in tasks} == {
        name: part.__name__ for name, part in STAND_INS.items() if name.startswith("1.")
    }


@pytest.mark.parametrize("task", [task for task in STAND_INS if task.startswith("1.") and task not in ("1.6", "1.7")])
def test_signatures_are_the_references(task):
    part = STAND_INS[task]
    reference = getattr(rnn, part.__name__)
    pairs = [(part, reference)] + ([(part.forward, reference.forward)] if isinstance(part, type) else [])
    for pair in pairs:
        got, want = ([(p.name, p.default) for p in inspect.signature(one).parameters.values()] for one in pair)
        assert got == want


@pytest.mark.parametrize("part", STAND_INS.values(), ids=STAND_INS)
def test_each_says_what_it_is_built_of(part):
    assert part.__doc__ and "\n" not in part.__doc__


def test_a_stand_in_is_told_from_a_students_part():
    for part in STAND_INS.values():
        assert is_stand_in(part)
    assert is_stand_in(STAND.RNNCell(1, 2))
    assert not any(is_stand_in(part) for part in (rnn.RNN, rnn.bptt, rnn.RNNCell(1, 2), nn.RNNCell(1, 2), "1.1", None))


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
