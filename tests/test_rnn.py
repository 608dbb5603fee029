"""The reference of notebook 1 against torch.nn, brute force and autograd."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from solution.rnn import RNN, RNNCell, bptt, forecast, make_windows

DOUBLE = torch.float64
NAMES = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def strided(*shape: int) -> torch.Tensor:
    """A double tensor whose entries lie apart in memory."""
    tensor = torch.randn(*shape, 2, dtype=DOUBLE)[..., 0]
    assert not tensor.is_contiguous() or tensor.numel() == 1
    return tensor


class Line(nn.Module):
    """Predicts the step before plus three times this one, so that a forecast needs both input and state."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x, state):
        self.calls.append((tuple(x.shape), state is not None))
        before = torch.zeros_like(x[:, :1]) if state is None else state
        return 3 * x + torch.cat([before, x[:, :-1]], dim=1), x[:, -1:]


# 1.1


@pytest.mark.parametrize("features", [None, 1, 3])
@pytest.mark.parametrize(("steps", "length", "horizon"), [(9, 4, 1), (12, 5, 3), (5, 4, 1), (2, 1, 1), (6, 1, 4)])
def test_windows_equal_slices(features, steps, length, horizon):
    series = torch.randn(steps) if features is None else torch.randn(steps, features)
    inputs, targets = make_windows(series, length, horizon)
    rows = series.reshape(steps, -1).tolist()
    starts = range(steps - length - horizon + 1)
    assert inputs.tolist() == [rows[i : i + length] for i in starts]
    assert targets.tolist() == [rows[i + horizon : i + horizon + length] for i in starts]


def test_windows_keep_dtype_device_and_the_series():
    series = strided(8, 2)
    before = series.clone()
    inputs, targets = make_windows(series, 3)
    assert inputs.dtype == targets.dtype == DOUBLE
    inputs.zero_()
    targets.zero_()
    assert torch.equal(series, before)
    assert make_windows(torch.arange(5), 2)[0].dtype == torch.int64
    assert make_windows(torch.empty(5, device="meta"), 2)[1].device.type == "meta"


@pytest.mark.parametrize(
    ("shape", "length", "horizon", "message"),
    [
        ((), 1, 1, r"series has shape \(\), expected \(T,\) or \(T, F\)"),
        ((4, 2, 1), 2, 1, r"series has shape \(4, 2, 1\), expected"),
        ((4,), 4, 1, "series has 4 steps, expected at least 5: length is 4, horizon is 1"),
        ((6, 2), 4, 3, "series has 6 steps, expected at least 7"),
        ((6,), 0, 1, "length is 0 and horizon 1, expected 1 or more"),
        ((6,), 2, 0, "length is 2 and horizon 0, expected 1 or more"),
    ],
)
def test_windows_refuse(shape, length, horizon, message):
    with pytest.raises(ValueError, match=message):
        make_windows(torch.zeros(shape), length, horizon)


# 1.2


@pytest.mark.parametrize(("batch", "features", "hidden"), [(4, 3, 5), (1, 1, 1), (2, 1, 7), (0, 2, 3)])
def test_step_equals_torch(batch, features, hidden):
    theirs = nn.RNNCell(features, hidden, dtype=DOUBLE)
    ours = RNNCell(features, hidden).double()
    ours.load_state_dict(theirs.state_dict())
    x, h = torch.randn(batch, features, dtype=DOUBLE), torch.randn(batch, hidden, dtype=DOUBLE)
    torch.testing.assert_close(ours(x, h), theirs(x, h))
    torch.testing.assert_close(ours(x), theirs(x))


def test_gradients_of_a_step_equal_torch():
    theirs, x, h = nn.RNNCell(3, 5, dtype=DOUBLE), strided(4, 3), strided(4, 5)
    ours = RNNCell(3, 5).double()
    ours.load_state_dict(theirs.state_dict())
    x, h = x.requires_grad_(), h.requires_grad_()
    probe = torch.randn(4, 5, dtype=DOUBLE)
    got, want = (torch.autograd.grad((cell(x, h) * probe).sum(), [x, h, *cell.parameters()]) for cell in (ours, theirs))
    torch.testing.assert_close(got, want)


def test_cell_starts_as_torchs_does():
    torch.manual_seed(7)
    ours = RNNCell(3, 16)
    torch.manual_seed(7)
    theirs = nn.RNNCell(3, 16)
    assert [name for name, _ in ours.named_parameters()] == NAMES
    for name, parameter in theirs.named_parameters():
        assert torch.equal(ours.get_parameter(name), parameter)


def test_cell_runs_on_meta():
    assert RNNCell(2, 3).to("meta")(torch.empty(4, 2, device="meta")).shape == (4, 3)


@pytest.mark.parametrize(
    ("x", "h", "kind", "message"),
    [
        (torch.zeros(4, 2), None, ValueError, r"x has shape \(4, 2\), expected \(N, F\): input_size, .* is 3"),
        (torch.zeros(3), None, ValueError, r"x has shape \(3,\), expected \(N, F\)"),
        (torch.zeros(4, 1, 3), None, ValueError, r"x has shape \(4, 1, 3\), expected \(N, F\)"),
        (torch.zeros(4, 3), torch.zeros(4, 8), ValueError, r"h has shape \(4, 8\), expected \(4, 16\): .*size is 16"),
        (torch.zeros(4, 3), torch.zeros(1, 16), ValueError, r"h has shape \(1, 16\), expected \(4, 16\): x has 4 rows"),
        (torch.zeros(4, 3).long(), None, TypeError, "x has dtype torch.int64, expected a floating-point one"),
    ],
)
def test_step_refuses(x, h, kind, message):
    with pytest.raises(kind, match=message):
        RNNCell(3, 16)(x, h)


@pytest.mark.parametrize("sizes", [(0, 4), (4, 0)])
def test_cell_refuses_empty_sizes(sizes):
    with pytest.raises(ValueError, match="expected 1 or more of both"):
        RNNCell(*sizes)


# 1.3


def pair(features: int, hidden: int) -> tuple[RNN, nn.RNN]:
    """Our network and torch's, in double, with the same weights."""
    ours, theirs = RNN(features, hidden).double(), nn.RNN(features, hidden, batch_first=True, dtype=DOUBLE)
    ours.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in theirs.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize(("batch", "length", "features", "hidden"), [(4, 6, 3, 5), (1, 1, 1, 2), (2, 30, 1, 4)])
def test_sequence_equals_torch(batch, length, features, hidden):
    ours, theirs = pair(features, hidden)
    x, h0 = strided(batch, length, features), strided(batch, hidden)
    for state, theirs_state in ((None, None), (h0, h0[None].contiguous())):
        (outputs, h_n), (want, want_n) = ours(x, state), theirs(x, theirs_state)
        torch.testing.assert_close(outputs, want)
        torch.testing.assert_close(h_n, want_n[0])
        assert torch.equal(h_n, outputs[:, -1])


def test_gradients_of_a_sequence_equal_torch():
    ours, theirs = pair(3, 5)
    x = strided(2, 7, 3).requires_grad_()
    probe = torch.randn(2, 7, 5, dtype=DOUBLE)
    got, want = (torch.autograd.grad((rnn(x)[0] * probe).sum(), [x, *rnn.parameters()]) for rnn in (ours, theirs))
    torch.testing.assert_close(got, want)


def test_a_sequence_can_be_read_in_two_parts():
    rnn, x = RNN(2, 4), torch.randn(3, 9, 2)
    outputs, h_n = rnn(x)
    first, h = rnn(x[:, :4])
    second, last = rnn(x[:, 4:], h)
    torch.testing.assert_close(torch.cat([first, second], dim=1), outputs)
    torch.testing.assert_close(last, h_n)


@pytest.mark.parametrize(
    ("x", "h0", "message"),
    [
        ((5, 3), None, r"x has shape \(5, 3\), expected \(N, L, 3\) with L at least 1"),
        ((2, 0, 3), None, r"x has shape \(2, 0, 3\), expected"),
        ((2, 5, 4), None, r"x has shape \(2, 5, 4\), expected \(N, L, 3\)"),
        ((2, 5, 3), (1, 2, 6), r"h0 has shape \(1, 2, 6\), expected \(2, 6\): x has 2 sequences, hidden_size is 6"),
        ((2, 5, 3), (2, 5), r"h0 has shape \(2, 5\), expected \(2, 6\)"),
    ],
)
def test_sequence_refuses(x, h0, message):
    with pytest.raises(ValueError, match=message):
        RNN(3, 6)(torch.zeros(x), None if h0 is None else torch.zeros(h0))


# 1.4


def by_autograd(cell: nn.Module, x, grad_outputs, h0) -> dict[str, torch.Tensor]:
    h = start = h0.clone().requires_grad_()
    total = 0
    for x_t, g_t in zip(x.unbind(1), grad_outputs.unbind(1), strict=True):
        h = cell(x_t, h)
        total = total + (h * g_t).sum()
    names = [*dict(cell.named_parameters()), "h0"]
    return dict(zip(names, torch.autograd.grad(total, [*cell.parameters(), start]), strict=True))


@pytest.mark.parametrize("make", [RNNCell, nn.RNNCell])
@pytest.mark.parametrize(("batch", "length", "features", "hidden"), [(3, 8, 2, 4), (1, 1, 1, 1), (2, 1, 3, 2)])
def test_gradients_by_hand_equal_autograd(make, batch, length, features, hidden):
    cell = make(features, hidden).double()
    x, grad_outputs = strided(batch, length, features), strided(batch, length, hidden)
    for h0 in (None, strided(batch, hidden)):
        got = bptt(cell, x, grad_outputs, h0)
        start = torch.zeros(batch, hidden, dtype=DOUBLE) if h0 is None else h0
        want = by_autograd(cell, x, grad_outputs, start)
        assert list(got) == [*NAMES, "h0"]
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


def test_gradients_by_hand_need_no_autograd_and_leave_it_alone():
    cell, x = RNNCell(2, 3), torch.randn(4, 5, 2, requires_grad=True)
    grad_outputs, h0 = torch.randn(4, 5, 3), torch.randn(4, 3, requires_grad=True)
    cell.weight_ih.grad = torch.ones(3, 2)
    with torch.inference_mode():
        inside = bptt(cell, x, grad_outputs, h0)
    got = bptt(cell, x, grad_outputs, h0)
    torch.testing.assert_close(got, {name: value.clone() for name, value in inside.items()})
    assert not any(value.requires_grad for value in got.values())
    assert torch.equal(cell.weight_ih.grad, torch.ones(3, 2))
    assert cell.weight_hh.grad is None and x.grad is None and h0.grad is None
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("cell", "x", "grad_outputs", "h0", "message"),
    [
        (nn.RNNCell(2, 3), (4, 2), (4, 3), None, r"x has shape \(4, 2\), expected \(N, L, 2\)"),
        (nn.RNNCell(2, 3), (4, 0, 2), (4, 0, 3), None, r"x has shape \(4, 0, 2\), expected \(N, L, 2\) with L"),
        (nn.RNNCell(2, 3), (4, 5, 2), (4, 3), None, r"grad_outputs has shape \(4, 3\), expected \(4, 5, 3\)"),
        (nn.RNNCell(2, 3), (4, 5, 2), (4, 5, 3), (1, 4, 3), r"h0 has shape \(1, 4, 3\), expected \(4, 3\)"),
        (nn.LSTMCell(2, 3), (4, 5, 2), (4, 5, 3), None, r"weight_hh': \(12, 3\).*expected those of an RNNCell"),
        (nn.RNNCell(2, 3, bias=False), (4, 5, 2), (4, 5, 3), None, "expected those of an RNNCell"),
    ],
)
def test_gradients_by_hand_refuse(cell, x, grad_outputs, h0, message):
    with pytest.raises(ValueError, match=message):
        bptt(cell, torch.zeros(x), torch.zeros(grad_outputs), None if h0 is None else torch.zeros(h0))


# 1.5


@pytest.mark.parametrize(("length", "steps"), [(5, 4), (1, 3), (6, 1)])
def test_forecast_equals_a_hand_loop(length, steps):
    context = strided(2, length, 3)
    model = Line()
    got = forecast(model, context, steps)
    known = [torch.zeros_like(context[:, 0]), *context.unbind(1)]
    for _ in range(steps):
        known.append(3 * known[-1] + known[-2])
    torch.testing.assert_close(got, torch.stack(known[-steps:], dim=1))
    assert model.calls == [((2, length, 3), False)] + [((2, 1, 3), True)] * (steps - 1)


def test_forecast_equals_reading_everything_again():
    rnn, head = nn.GRU(1, 4, batch_first=True, dtype=DOUBLE), nn.Linear(4, 1, dtype=DOUBLE)

    def model(x, state):
        outputs, state = rnn(x, state)
        return head(outputs), state

    context = torch.randn(2, 6, 1, dtype=DOUBLE)
    known = context
    for _ in range(5):
        known = torch.cat([known, model(known, None)[0][:, -1:]], dim=1)
    torch.testing.assert_close(forecast(model, context, 5), known[:, 6:])


@pytest.mark.parametrize("training", [True, False])
def test_forecast_leaves_mode_and_context_and_lets_gradients_through(training):
    model = Line().train(training)
    context = torch.randn(1, 4, 1, requires_grad=True)
    before = context.detach().clone()
    forecast(model, context, 3).sum().backward()
    assert model.training is training
    assert torch.equal(context.detach(), before)
    assert context.grad[0, -1].abs() > 0 and torch.equal(context.grad[0, :-2], torch.zeros(2, 1))


@pytest.mark.parametrize(
    ("model", "context", "steps", "message"),
    [
        (Line(), (2, 4, 1), 0, "steps is 0, expected 1 or more"),
        (Line(), (4, 1), 2, r"context has shape \(4, 1\), expected \(N, L, F\) with L at least 1"),
        (Line(), (2, 0, 1), 2, r"context has shape \(2, 0, 1\), expected"),
        (lambda x, state: (x[:, -1], state), (2, 4, 1), 2, r"y of shape \(2, 1\), expected \(2, 4, 1\)"),
    ],
)
def test_forecast_refuses(model, context, steps, message):
    with pytest.raises(ValueError, match=message):
        forecast(model, torch.zeros(context), steps)
