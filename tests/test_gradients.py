"""The reference of tasks 2.5 to 2.7 against torch and brute force, and what task 2.6 forbids."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grader.lint import findings
from grader.tasks import load_course
from solution.gated import GRUCell, LSTMCell, clip_gradient_norm_, gradient_norms, loss_surface

DOUBLE = torch.float64
CELLS = [nn.RNNCell, nn.GRUCell, nn.LSTMCell, GRUCell, LSTMCell]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# 2.5


def first(state):
    return state[0] if isinstance(state, tuple) else state


def moved(state, change):
    return (state[0] + change, state[1]) if isinstance(state, tuple) else state + change


def by_differences(cell: nn.Module, x: torch.Tensor, step: float = 1e-5) -> torch.Tensor:
    """The same norms: each entry of each h_t moved a little, with all other parts of the state as they were."""

    def end(state, start: int) -> float:
        for x_t in x[:, start:].unbind(dim=1):
            state = cell(x_t, state)
        return float(first(state).sum())

    norms, state = [], None
    with torch.no_grad():
        for t, x_t in enumerate(x.unbind(dim=1), start=1):
            state = cell(x_t, state)
            slopes = []
            for place in range(first(state).numel()):
                change = torch.zeros_like(first(state))
                change.view(-1)[place] = step
                slopes.append((end(moved(state, change), t) - end(moved(state, -change), t)) / (2 * step))
            norms.append(torch.tensor(slopes, dtype=x.dtype).norm())
    return torch.stack(norms)


@pytest.mark.parametrize("make", CELLS, ids=lambda make: f"{make.__module__}.{make.__name__}")
@pytest.mark.parametrize(("batch", "length", "features", "hidden"), [(3, 6, 2, 4), (1, 1, 1, 1), (2, 2, 1, 3)])
def test_norms_equal_finite_differences(make, batch, length, features, hidden):
    cell, x = make(features, hidden).double(), torch.randn(batch, length, features, dtype=DOUBLE)
    norms = gradient_norms(cell, x)
    torch.testing.assert_close(norms, by_differences(cell, x), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(norms[-1], torch.tensor(batch * hidden, dtype=DOUBLE).sqrt())
    assert not norms.requires_grad and norms.shape == (length,)


def test_norms_write_nowhere_and_need_no_gradients_of_the_cell():
    cell, x = nn.GRUCell(2, 3), torch.randn(2, 5, 2)
    want = gradient_norms(cell, x)
    assert all(parameter.grad is None for parameter in cell.parameters())
    with torch.no_grad():
        torch.testing.assert_close(gradient_norms(cell, x), want)
    cell.requires_grad_(False)
    torch.testing.assert_close(gradient_norms(cell, x), want)
    assert not any(parameter.requires_grad for parameter in cell.parameters())


def test_norms_are_zero_where_nothing_leads_on():
    """A cell that does not look at its state."""
    norms = gradient_norms(lambda x, h: torch.tanh(x), torch.randn(2, 3, 4))
    torch.testing.assert_close(norms, torch.tensor([0.0, 0.0, 8**0.5]))


@pytest.mark.parametrize(("shape", "message"), [
    ((3, 2), "x has shape (3, 2), expected (N, L, F) with L at least 1"),
    ((3, 0, 2), "x has shape (3, 0, 2), expected (N, L, F) with L at least 1"),
])  # fmt: skip
def test_norms_refuse(shape, message):
    with pytest.raises(ValueError) as caught:
        gradient_norms(nn.RNNCell(2, 3), torch.randn(*shape))
    assert str(caught.value) == message


# 2.6


def parameters(scale: float, dtype: torch.dtype = torch.float32) -> list[nn.Parameter]:
    """Some parameters with gradients, one of them without."""
    made = [nn.Parameter(torch.randn(shape, dtype=dtype)) for shape in ((3, 4), (), (2, 1, 5), (7,))]
    for parameter in made[:3]:
        parameter.grad = scale * torch.randn_like(parameter)
    return made


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
@pytest.mark.parametrize("scale", [0.0, 0.01, 1.0, 1000.0])
@pytest.mark.parametrize("kind", [list, tuple, iter, lambda made: (entry for entry in made)])
def test_clipping_equals_torch(dtype, scale, kind):
    torch.manual_seed(1)
    mine = parameters(scale, dtype)
    torch.manual_seed(1)
    theirs = parameters(scale, dtype)
    held = [parameter.grad for parameter in mine]
    total = clip_gradient_norm_(kind(mine), 2.0)
    torch.testing.assert_close(total, nn.utils.clip_grad_norm_(theirs, 2.0))
    for before, one, other in zip(held, mine, theirs, strict=True):
        assert one.grad is before and torch.equal(one, other)
        assert (other.grad is None) or torch.allclose(one.grad, other.grad)


def test_clipping_takes_one_tensor_and_none_at_all():
    (one, *_), without = parameters(50.0), nn.Parameter(torch.randn(3))
    total = clip_gradient_norm_(one, 1.0)
    assert total > 1
    torch.testing.assert_close(one.grad.norm(), torch.tensor(1.0))
    for nothing in ([], [without], without, iter(())):
        assert clip_gradient_norm_(nothing, 1.0).equal(torch.tensor(0.0))


@pytest.mark.parametrize(("given", "max_norm", "kind", "message"), [
    ([], 0.0, ValueError, "max_norm is 0.0, expected a number above 0"),
    ([], -1, ValueError, "max_norm is -1, expected a number above 0"),
    ([], float("nan"), ValueError, "max_norm is nan, expected a number above 0"),
    ([torch.zeros(1), "weight"], 1.0, TypeError, "parameters holds a str at place 1, expected tensors"),
])  # fmt: skip
def test_clipping_refuses(given, max_norm, kind, message):
    with pytest.raises(kind) as caught:
        clip_gradient_norm_(given, max_norm)
    assert str(caught.value) == message


BODY = """
import torch
from torch import nn
import numpy as np

def clip_gradient_norm_(parameters, max_norm):
    grads = [p.grad for p in parameters]
    {line}
"""


@pytest.mark.parametrize(("line", "forbidden"), [
    ("return sum(g.norm() ** 2 for g in grads) ** 0.5", True),
    ("return torch.cat([g.flatten() for g in grads]).norm()", True),
    ("return torch.norm(grads[0])", True),
    ("return torch.linalg.vector_norm(grads[0])", True),
    ("return torch.linalg.norm(grads[0])", True),
    ("return np.linalg.norm(grads[0])", True),
    ("return torch.nn.utils.clip_grad_norm_(parameters, max_norm)", True),
    ("return nn.utils.clip_grad_norm_(parameters, max_norm)", True),
    ("return nn.utils.clip_grad.clip_grad_norm_(parameters, max_norm)", True),
    ("nn.utils.clip_grads_with_norm_(parameters, max_norm, 1.0)", True),
    ("return nn.utils.get_total_norm(grads)", True),
    ("nn.utils.clip_grad_value_(parameters, max_norm)", True),
    ("from torch.nn.utils import clip_grad_norm_ as clip; return clip(parameters, max_norm)", True),
    ("return torch._foreach_norm(grads)", True),
    ("return sum((g**2).sum() for g in grads).sqrt()", False),
    ("norm = torch.stack([g.square().sum() for g in grads]).sum().sqrt(); return norm.clamp(max=max_norm)", False),
])  # fmt: skip
def test_ready_made_norms_are_found(line, forbidden):
    course = load_course()
    found = findings(course.tasks["2.6"], BODY.format(line=line), course)
    assert any(finding.forbidden for finding in found) == forbidden


# 2.7


class Model(nn.Module):
    def __init__(self, dtype: torch.dtype = torch.float32):
        super().__init__()
        shapes = {"weight": (4, 3), "kernel": (2, 3, 5), "bias": (4,), "scale": (), "still": (3,)}
        for name, shape in shapes.items():
            value = torch.zeros(shape, dtype=dtype) if name == "still" else torch.randn(shape, dtype=dtype)
            self.register_parameter(name, nn.Parameter(value, requires_grad=name != "kernel"))

    def point(self) -> dict[str, torch.Tensor]:
        return {name: value.detach().clone() for name, value in self.named_parameters()}


def walked(model: Model, radius: float, steps: int, seed: int = 3) -> tuple[torch.Tensor, list[dict]]:
    """The surface, of which every entry is the number of its point."""
    points: list[dict] = []

    def loss(given):
        assert given is model
        points.append(given.point())
        return torch.tensor(len(points) - 1.0)

    return loss_surface(model, loss, radius, steps, torch.Generator().manual_seed(seed)), points


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
@pytest.mark.parametrize("steps", [2, 3, 6])
def test_points_lie_on_a_grid_of_filter_normalised_directions(dtype, steps):
    model, radius = Model(dtype), 0.4
    theta = model.point()
    surface, points = walked(model, radius, steps)
    assert surface.shape == (steps, steps) and surface.dtype == dtype
    assert surface.flatten().tolist() == list(range(steps**2))
    for name, value in theta.items():
        grid = torch.stack([point[name] for point in points]).unflatten(0, (steps, steps)) - value
        d1, d2 = ((grid[edge] - grid[0, 0]) / (2 * radius) for edge in ((-1, 0), (0, -1)))
        line = torch.linspace(-radius, radius, steps, dtype=dtype).view(-1, *[1] * value.dim())
        torch.testing.assert_close(grid, line[:, None] * d1 + line[None] * d2, rtol=0, atol=1e-6)
        assert not torch.allclose(d1, d2) or name in ("still", "scale")
        for d in (d1, d2):
            for row, own in zip(*((d, value) if value.dim() > 1 else (d[None], value[None])), strict=True):
                torch.testing.assert_close(row.norm(), own.norm(), rtol=1e-4, atol=1e-6)


def test_directions_are_the_generators_alone():
    model = Model()
    before = torch.get_rng_state()
    first, again, other = (walked(model, 1.0, 2, seed)[1] for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[0][name], again[0][name]) for name in first[0])
    assert not torch.equal(first[0]["weight"], other[0]["weight"])


def test_directions_are_normal_draws():
    model = nn.Linear(200, 100, bias=False)
    nn.init.ones_(model.weight)
    points = []
    loss_surface(model, lambda m: points.append(m.weight.detach().clone()) or 0.0, 1.0, 2, torch.Generator())
    d1, d2 = (points[2] - points[0]) / 2, (points[1] - points[0]) / 2
    assert abs((d1 * d2).mean()) < 0.03 and abs(d1.mean()) < 0.03
    assert abs(d1.pow(4).mean() / d1.square().mean() ** 2 - 3) < 0.2


@pytest.mark.parametrize("after", [0, 1, 5, 8])
def test_parameters_are_put_back_whatever_happens(after):
    model, calls = Model(), []
    before = model.point()

    def loss(given):
        calls.append(given)
        if len(calls) > after:
            raise KeyError("no loss")
        return 1.0

    with pytest.raises(KeyError, match="no loss"):
        loss_surface(model, loss, 0.3, 3, torch.Generator())
    assert all(torch.equal(value, before[name]) for name, value in model.named_parameters())
    assert [value.requires_grad for value in model.parameters()] == [True, False, True, True, True]


def test_surface_of_a_loss_with_a_graph_has_none():
    model = nn.Linear(2, 1)
    x = torch.randn(5, 2)
    surface = loss_surface(model, lambda m: m(x).square().mean(), 0.5, 3, torch.Generator())
    assert not surface.requires_grad
    torch.testing.assert_close(surface[1, 1], model(x).square().mean().detach())


@pytest.mark.parametrize(("model", "radius", "steps", "message"), [
    (nn.Linear(1, 1), 1.0, 1, "steps is 1 and radius 1.0, expected 2 or more steps and a radius above 0"),
    (nn.Linear(1, 1), 0.0, 3, "steps is 3 and radius 0.0, expected 2 or more steps and a radius above 0"),
    (nn.Linear(1, 1), float("nan"), 3, "steps is 3 and radius nan, expected 2 or more steps and a radius above 0"),
    (nn.Tanh(), 1.0, 3, "model has no parameters, so there is no plane to move in"),
])  # fmt: skip
def test_surface_refuses(model, radius, steps, message):
    with pytest.raises(ValueError) as caught:
        loss_surface(model, lambda m: 0.0, radius, steps, torch.Generator())
    assert str(caught.value) == message
