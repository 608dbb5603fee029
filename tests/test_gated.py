"""The reference of tasks 2.1 to 2.4 against torch.nn and brute force, and the checks of what is drawn at random."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

from grader.checks import echoes
from grader.checks.kit import checks_of
from grader.compare import Mismatch, same_seen
from grader.engine import props
from grader.engine.workbench import Workbench
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, variant_bench, variants_of
from grader.subject import Subject
from solution.gated import GRUCell, LSTMCell, echo_batch, unroll

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def strided(*shape: int) -> torch.Tensor:
    """A double tensor whose entries lie apart in memory."""
    return torch.randn(*shape, 2, dtype=DOUBLE)[..., 0]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# 2.1


@pytest.mark.parametrize(("size", "length", "lag"), [(5, 9, 3), (1, 1, 0), (4, 6, 0), (4, 6, 5), (4, 6, 6), (2, 3, 8)])
def test_an_echo_equals_a_loop(size, length, lag):
    inputs, targets, mask = echo_batch(size, length, lag, generator())
    assert (inputs.shape, inputs.dtype, targets.dtype, mask.dtype) == (
        (size, length, 1), torch.float32, torch.float32, torch.bool)  # fmt: skip
    assert set(inputs.unique().tolist()) <= {0.0, 1.0}
    rows = inputs[:, :, 0].tolist()
    assert targets.tolist() == [[row[t - lag] if t >= lag else 0.0 for t in range(length)] for row in rows]
    assert mask.tolist() == [[t >= lag for t in range(length)]] * size


@pytest.mark.parametrize(("size", "length", "lag"), [(50, 9, 3), (1, 1, 0), (40, 6, 0), (40, 6, 5)])
def test_a_marked_echo_equals_a_loop(size, length, lag):
    inputs, targets, mask = echo_batch(size, length, lag, generator(), marked=True)
    assert (inputs.shape, inputs.dtype, targets.dtype, mask.dtype) == (
        (size, length, 2), torch.float32, torch.float32, torch.bool)  # fmt: skip
    for row, target, asked in zip(inputs.tolist(), targets.tolist(), mask.tolist(), strict=True):
        (place,) = [t for t in range(length) if row[t][1] == 1]
        assert [marker for _, marker in row] == [float(t == place) for t in range(length)]
        assert asked == [t == place + lag for t in range(length)]
        assert target == [row[place][0] if t == place + lag else 0.0 for t in range(length)]


def test_bits_and_places_are_even():
    inputs, targets, mask = echo_batch(20_000, 7, 3, generator(), marked=True)
    counts = inputs[:, :, 1].sum(dim=0)
    assert torch.allclose(counts[:4] / 20_000, torch.full((4,), 0.25), atol=0.02) and not counts[4:].any()
    assert abs(float(inputs[:, :, 0].mean()) - 0.5) < 0.01 and abs(float(targets[mask].mean()) - 0.5) < 0.02


@pytest.mark.parametrize("marked", [False, True])
def test_an_echo_draws_from_its_generator_alone(marked):
    source, before = generator(4), torch.get_rng_state()
    first, second = (echo_batch(6, 9, 2, source, marked) for _ in range(2))
    assert all(map(torch.equal, first, echo_batch(6, 9, 2, generator(4), marked)))
    assert not torch.equal(first[0], second[0]) and torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("sizes", "marked", "message"),
    [
        ((0, 5, 1), False, "batch_size is 0, length 5, lag 1: expected 1 or more of the sizes and a lag of at least 0"),
        ((2, 0, 1), False, "batch_size is 2, length 0, lag 1: expected 1 or more of the sizes"),
        ((2, 5, -1), True, "batch_size is 2, length 5, lag -1: expected .* a lag of at least 0"),
        ((2, 5, 5), True, "lag is 5 and length 5: a marked bit needs a lag below the length"),
        ((2, 5, 9), True, "lag is 9 and length 5: a marked bit needs"),
    ],
)
def test_an_echo_refuses(sizes, marked, message):
    with pytest.raises(ValueError, match=message):
        echo_batch(*sizes, generator(), marked)


# what the checks remember of a batch doesn't depend on what was drawn

DRAWN_OTHERWISE = """
if marked and lag >= length:
    raise ValueError
if marked:
    where = torch.multinomial(torch.ones(batch_size, length - lag), 1, generator=generator)
bits = (torch.rand(batch_size, length, generator=generator) < 0.5).float()
steps = torch.arange(length).repeat(batch_size, 1)
asked = steps == where + lag if marked else steps >= lag
targets = torch.cat([torch.zeros(batch_size, lag), bits], dim=1)[:, :length] * asked
return torch.stack([bits, (steps == where).float()], dim=2) if marked else bits[:, :, None], targets, asked
"""

OTHERWISE = {
    "echo_one_step_late": ("torch.zeros(batch_size, lag)", "torch.zeros(batch_size, lag + (not marked))"),
    "too_few_ones": ("< 0.5", "< 0.2"),
    "first_answer_left_out": ("else steps >= lag", "else steps > lag"),
    "places_piled_up": (
        "torch.multinomial(torch.ones(batch_size, length - lag), 1, generator=generator)",
        "torch.randint(length, (batch_size, 1), generator=generator).clamp(max=length - lag - 1)",
    ),
    "one_place_for_the_batch": (
        "torch.ones(batch_size, length - lag), 1, generator=generator)",
        "torch.ones(length - lag), 1, generator=generator).expand(batch_size, 1)",
    ),
    "marker_at_the_answer": ("(steps == where).float()", "asked.float()"),
    "channels_swapped": ("[bits, (steps == where).float()]", "[(steps == where).float(), bits]"),
}


@cache
def library_of(course, seed: int) -> Live:
    return Live(course, seed)


def logs(course, library, body: str) -> dict[str, list]:
    task = course.tasks["2.1"]
    bench = variant_bench(task, Variant("2.1", "another", "", body=body))
    return {check.name: run_logged(check, bench, library.get(check), task.space)[0] for check in checks_of("2.1")}


@pytest.mark.parametrize("name", [*OTHERWISE, ""])
def test_a_mistake_is_known_however_the_batch_was_drawn(course, name):
    body = DRAWN_OTHERWISE.replace(*OTHERWISE[name]) if name else DRAWN_OTHERWISE
    assert not name or body != DRAWN_OTHERWISE
    listed = next((variant.body for variant in variants_of("2.1") if variant.name == name), base_of("2.1"))
    mine, theirs = logs(course, library_of(course, 5), body), logs(course, library_of(course, 6), listed)
    apart = [check for check in mine if len(mine[check]) != len(theirs[check])
             or not all(map(same_seen, mine[check], theirs[check], [False] * len(mine[check])))]  # fmt: skip
    assert apart == []


def test_right_batches_pass_under_many_seeds(course):
    task = course.tasks["2.1"]
    bench = variant_bench(task, Variant("2.1", "another", "", body=DRAWN_OTHERWISE))
    for seed in range(4):
        library = Live(course, seed)
        assert all(run_logged(check, bench, library.get(check), task.space)[1] for check in checks_of("2.1")), seed


@pytest.mark.parametrize("value", [None, 1, (), (1, 2, 3), (None, None, None), [torch.zeros(2)] * 3])
def test_no_batch_breaks_a_check(value):
    student = Subject(Workbench({"gated": lambda: {"echo_batch": lambda *args: value}}).perform, "gated")
    for marked in (False, True):
        echo = echoes.ask(student, 1, 40, 9, 2, marked)
        for judge in (echoes.well_formed, echoes.target_agrees, echoes.mask_agrees):
            with pytest.raises(Mismatch):
                judge(echo)


# 2.2 and 2.3

CELLS = {"lstm": (LSTMCell, nn.LSTMCell), "gru": (GRUCell, nn.GRUCell)}


def pair(kind: str, features: int, hidden: int) -> tuple[nn.Module, nn.Module]:
    """Our cell and torch's, in double, with the same weights."""
    ours, theirs = (cell(features, hidden).double() for cell in CELLS[kind])
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def state_of(kind: str, *shape: int):
    return (strided(*shape), strided(*shape)) if kind == "lstm" else strided(*shape)


def parts(state) -> list[torch.Tensor]:
    return list(state) if isinstance(state, tuple) else [state]


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(("batch", "features", "hidden"), [(4, 3, 5), (1, 1, 1), (2, 1, 7), (0, 2, 3)])
def test_a_gated_step_equals_torch(kind, batch, features, hidden):
    ours, theirs = pair(kind, features, hidden)
    x, state = strided(batch, features), state_of(kind, batch, hidden)
    torch.testing.assert_close(ours(x, state), theirs(x, state))
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("kind", CELLS)
def test_gradients_of_a_gated_step_equal_torch(kind):
    ours, theirs = pair(kind, 3, 5)
    x, state = strided(4, 3).requires_grad_(), state_of(kind, 4, 5)
    leaves = [x, *(part.requires_grad_() for part in parts(state))]
    probes = [torch.randn(4, 5, dtype=DOUBLE) for _ in parts(state)]
    got, want = (
        torch.autograd.grad(
            sum((out * probe).sum() for out, probe in zip(parts(cell(x, state)), probes, strict=True)),
            [*leaves, *cell.parameters()],
        )
        for cell in (ours, theirs)
    )
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize("kind", CELLS)
def test_a_gated_cell_starts_as_torchs_does_and_runs_on_meta(kind):
    made = []
    for cell in CELLS[kind]:
        torch.manual_seed(7)
        made.append(cell(3, 16))
    ours, theirs = (dict(cell.named_parameters()) for cell in made)
    assert list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)
    out = made[0].to("meta")(torch.empty(4, 3, device="meta"))
    assert [part.shape for part in parts(out)] == [(4, 16)] * len(parts(out))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("sizes", [(0, 4), (4, 0)])
def test_a_gated_cell_refuses_empty_sizes(kind, sizes):
    with pytest.raises(ValueError, match="expected 1 or more of both"):
        CELLS[kind][0](*sizes)


H = torch.zeros(4, 16)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.zeros(4, 2), ValueError, r"x has shape \(4, 2\), expected \(N, F\): input_size, .* is 3"),
        (torch.zeros(3), ValueError, r"x has shape \(3,\), expected \(N, F\)"),
        (torch.zeros(4, 1, 3), ValueError, r"x has shape \(4, 1, 3\), expected \(N, F\)"),
        (torch.zeros(4, 3).long(), TypeError, "x has dtype torch.int64, expected a floating-point one: torch.float32"),
    ],
)
def test_a_gated_step_refuses_inputs(kind, x, error, message):
    with pytest.raises(error, match=message):
        CELLS[kind][0](3, 16)(x)


@pytest.mark.parametrize(
    ("kind", "state", "error", "message"),
    [
        ("gru", torch.zeros(4, 8), ValueError, r"h has shape \(4, 8\), expected \(4, 16\): x has 4 rows, .* is 16"),
        ("gru", torch.zeros(1, 4, 16), ValueError, r"h has shape \(1, 4, 16\), expected \(4, 16\)"),
        ("gru", (H, H), TypeError, r"h is a tuple, expected a tensor of shape \(4, 16\)"),
        ("lstm", H, TypeError, r"state is one tensor of shape \(4, 16\), expected the pair \(h, c\): hand both on"),
        ("lstm", (H, H, H), TypeError, r"state is a tuple of 3, expected the pair \(h, c\), each of shape \(4, 16\)"),
        ("lstm", {"h": H}, TypeError, r"state is a dict, expected the pair \(h, c\)"),
        ("lstm", (None, None), TypeError, r"h is a NoneType, expected a tensor of shape \(4, 16\)"),
        ("lstm", (H, 0.0), TypeError, r"c is a float, expected a tensor of shape \(4, 16\)"),
        ("lstm", (torch.zeros(4, 8), H), ValueError, r"h has shape \(4, 8\), expected \(4, 16\)"),
        ("lstm", (H, torch.zeros(3, 16)), ValueError, r"c has shape \(3, 16\), expected \(4, 16\): x has 4 rows"),
    ],
)
def test_a_gated_step_refuses_states(kind, state, error, message):
    with pytest.raises(error, match=message):
        CELLS[kind][0](3, 16)(torch.zeros(4, 3), state)


# 2.4


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("batch", "length", "features", "hidden"), [(4, 6, 3, 5), (1, 1, 1, 2), (2, 20, 1, 4)])
def test_unrolling_equals_torchs_networks(kind, batch, length, features, hidden):
    cell = props.cell(kind, features, hidden).double()
    network = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[kind](features, hidden, batch_first=True, dtype=DOUBLE)
    network.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    x, state = strided(batch, length, features), state_of(kind, batch, hidden)
    theirs = tuple(part[None].contiguous() for part in state) if kind == "lstm" else state[None].contiguous()
    for mine, its in ((None, None), (state, theirs)):
        (outputs, last), (want, want_last) = unroll(cell, x, mine), network(x, its)
        torch.testing.assert_close(outputs, want)
        torch.testing.assert_close(parts(last), [part[0] for part in parts(want_last)])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_unrolling_a_plain_function_equals_a_loop(count):
    x, cell = torch.randn(3, 5, 2), props.plain_cell(count)
    outputs, last = unroll(cell, x)
    h, total = torch.zeros(3, 2), torch.zeros(3, 2)
    for t in range(5):
        h, total = x[:, t] + h / 2 + (total if count > 1 else 0), total + x[:, t]
        torch.testing.assert_close(outputs[:, t], h)
    torch.testing.assert_close(parts(last)[:2], [h, total][:count])
    assert count < 3 or (type(last) is props.Running and last.steps == 5)
    assert props.shapes_seen(cell) == [(3, 2, t > 0) for t in range(5)]


def test_unrolling_in_two_parts_and_with_gradients():
    cell, x = LSTMCell(2, 4), torch.randn(3, 9, 2, requires_grad=True)
    outputs, last = unroll(cell, x)
    first, state = unroll(cell, x[:, :4])
    second, end = unroll(cell, x[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), outputs)
    torch.testing.assert_close(end, last)
    (grad,) = torch.autograd.grad(end[1].sum(), x)
    assert bool((grad.abs().sum(dim=2) > 0).all())


@pytest.mark.parametrize(
    ("cell", "shape", "error", "message"),
    [
        (nn.GRUCell(3, 4), (5, 3), ValueError, r"x has shape \(5, 3\), expected \(N, L, F\) with L at least 1"),
        (nn.GRUCell(3, 4), (2, 0, 3), ValueError, r"x has shape \(2, 0, 3\), expected \(N, L, F\) with L at least 1"),
        (lambda x, state: [x], (2, 4, 3), TypeError, "cell gave a list, expected a tensor or a tuple that begins"),
        (
            lambda x, state: (1.0, x),
            (2, 4, 3),
            TypeError,
            "cell gave a tuple, expected a tensor or a tuple that begins",
        ),
    ],
)
def test_unrolling_refuses(cell, shape, error, message):
    with pytest.raises(error, match=message):
        unroll(cell, torch.zeros(shape))


# other right ways

RIGHT = {
    "2.1 bernoulli, rand times room": """
if marked and lag >= length:
    raise ValueError
x = torch.bernoulli(torch.full((batch_size, length), 0.5), generator=generator)
t = torch.arange(length)
source = (t - lag).clamp(min=0)
targets = torch.where(t >= lag, x[:, source], torch.zeros(()))
mask = (t >= lag).expand(batch_size, length)
if marked:
    p = (torch.rand(batch_size, generator=generator) * (length - lag)).long()
    one = torch.nn.functional.one_hot(p, length).float()
    mask = torch.nn.functional.one_hot(p + lag, length).bool()
    return torch.dstack([x, one]), targets * mask, mask
return x.view(batch_size, length, 1), targets, mask
""",
    "2.1 randn, gather, scatter": """
x = torch.empty(batch_size, length, 1 + marked).zero_()
x[:, :, 0] = (torch.randn((batch_size, length), generator=generator) > 0).float()
y, m = torch.zeros((batch_size, length)), torch.zeros((batch_size, length)).bool()
if marked:
    if lag > length - 1:
        raise ValueError("lag")
    p = torch.randint(0, length - lag, (batch_size, 1), generator=generator)
    x[:, :, 1].scatter_(1, p, 1.0)
    y.scatter_(1, p + lag, x[:, :, 0].gather(1, p))
    m.scatter_(1, p + lag, True)
elif lag < length:
    y[:, lag:] = x[:, : length - lag, 0]
    m[:, lag:] = 1
return x, y, m
""",
    "2.1 pad": """
import torch.nn.functional as F
if marked and lag >= length:
    raise ValueError(f"{lag}")
bits = torch.randint(2, (batch_size, length, 1), generator=generator, dtype=torch.float32)
echo = F.pad(bits[:, :, 0], (lag, 0))[:, :length]
asked = F.pad(torch.ones(batch_size, length, dtype=torch.bool), (lag, 0))[:, :length]
if marked:
    p = torch.randint(length - lag, (batch_size,), generator=generator)
    mark = torch.eye(length)[p]
    asked = F.pad(mark, (lag, 0))[:, :length] > 0
    bits = torch.cat([bits, mark[:, :, None]], dim=2)
return bits, echo.masked_fill(~asked, 0), asked
""",
    "2.2 einsum and own sigmoid": """
def sigmoid(a):
    return 1 / (1 + torch.exp(-a))
if state is None:
    h = torch.zeros((x.shape[0], self.hidden_size)).to(x)
    c = torch.zeros_like(h)
else:
    h, c = state
a = torch.einsum("nf,gf->ng", x, self.weight_ih) + torch.einsum("nh,gh->ng", h, self.weight_hh) + (self.bias_ih + self.bias_hh)
H = self.hidden_size
i, f, g, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2*H]), torch.tanh(a[:, 2*H:3*H]), sigmoid(a[:, 3*H:])
c = f * c + i * g
return o * torch.tanh(c), c
""",
    "2.2 split weights": """
if state is None:
    h = c = x.new_zeros((len(x), self.hidden_size))
else:
    h, c = state[0], state[1]
parts = []
for w, u, b, d in zip(self.weight_ih.chunk(4), self.weight_hh.chunk(4), self.bias_ih.chunk(4), self.bias_hh.chunk(4)):
    parts.append((w @ x.T).T + b + (u @ h.T).T + d)
i, f, o = (torch.sigmoid(parts[k]) for k in (0, 1, 3))
g = torch.tanh(parts[2])
c = torch.addcmul(f * c, i, g)
return torch.mul(o, torch.tanh(c)), c
""",
    "2.2 tanh for sigmoid by identity": """
h, c = (None, None) if state is None else state
a = x @ self.weight_ih.mT + self.bias_ih + self.bias_hh
if h is not None:
    a = a + h @ self.weight_hh.mT
i, f, g, o = torch.tensor_split(a, 4, dim=1)
sig = lambda v: 0.5 * (torch.tanh(v / 2) + 1)
new = sig(i) * torch.tanh(g)
if c is not None:
    new = new + sig(f) * c
return sig(o) * torch.tanh(new), new
""",
    "2.2 columns": """
h, c = state or (x.new_zeros(len(x), self.hidden_size), x.new_zeros(len(x), self.hidden_size))
a = (self.weight_ih @ x.mT + self.weight_hh @ h.mT + self.bias_ih[:, None] + self.bias_hh[:, None]).mT.contiguous()
i, f, g, o = a.chunk(4, -1)
i, f, o = map(torch.sigmoid, (i, f, o))
c = (f * c) + (i * g.tanh())
return o * c.tanh(), c
""",
    "2.2 named results": """
from collections import namedtuple
State = namedtuple("State", "h c")
h, c = state if state else (x.new_zeros(x.shape[0], self.weight_hh.shape[1]),) * 2
i, f, g, o = ((x @ self.weight_ih.T + h @ self.weight_hh.T) + (self.bias_hh + self.bias_ih)).hsplit(4)
c = i.sigmoid() * g.tanh() + f.sigmoid() * c
return State(o.sigmoid() * c.tanh(), c)
""",
    "2.3 lerp": """
if h is None: h = x.new_zeros(x.size(0), self.hidden_size)
xr, xz, xn = torch.addmm(self.bias_ih, x, self.weight_ih.t()).split(self.hidden_size, 1)
hr, hz, hn = torch.addmm(self.bias_hh, h, self.weight_hh.t()).split(self.hidden_size, 1)
r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
n = torch.addcmul(xn, r, hn).tanh()
return torch.lerp(n, h, z)
""",
    "2.3 without state shortcut": """
gx = (x @ self.weight_ih.T + self.bias_ih).unflatten(1, (3, -1))
gh = (self.bias_hh.expand(len(x), -1) if h is None else h @ self.weight_hh.T + self.bias_hh).unflatten(1, (3, -1))
r = torch.sigmoid(gx[:, 0] + gh[:, 0])
z = torch.sigmoid(gx[:, 1] + gh[:, 1])
n = torch.tanh(gx[:, 2] + r * gh[:, 2])
new = (1 - z) * n
return new if h is None else new + z * h
""",
    "2.3 einsum": """
if h is None: h = torch.zeros(x.shape[0], self.hidden_size).type_as(x)
a = torch.einsum("nf,gf->gn", x, self.weight_ih) + self.bias_ih[:, None]
b = torch.einsum("nh,gh->gn", h, self.weight_hh) + self.bias_hh[:, None]
(ar, az, an), (br, bz, bn) = a.chunk(3), b.chunk(3)
r = 1 / (1 + torch.exp(-(ar + br))); z = 1 / (1 + torch.exp(-(az + bz)))
return ((1 - z) * torch.tanh(an + r * bn)).T + z.T * h
""",
    "2.4 preallocated": """
outputs = None
for t in range(x.size(1)):
    state = cell(x[:, t], state)
    h = state if isinstance(state, torch.Tensor) else state[0]
    if outputs is None:
        outputs = torch.empty(x.size(0), x.size(1), h.size(-1), dtype=h.dtype, device=h.device)
    outputs[:, t] = h
return outputs, state
""",
    "2.4 cat unsqueeze transpose": """
out = []
for x_t in x.transpose(0, 1):
    if state is None:
        state = cell(x_t)
    else:
        state = cell(x_t, state)
    h, *_ = state if isinstance(state, tuple) else (state,)
    out += [h.unsqueeze(1)]
return torch.cat(out, dim=1), state
""",
    "2.4 recursion": """
if x.shape[1] == 0:
    return None, state
first = cell(x[:, 0], state)
h = first[0] if isinstance(first, (tuple, list)) else first
rest, last = unroll(cell, x[:, 1:], first)
h = h[:, None]
return (h if rest is None else torch.cat([h, rest], 1)), last
""",
    "2.4 split": """
hs = ()
for piece in torch.split(x, 1, 1):
    state = cell(piece.squeeze(1), state)
    hs = hs + ((state if not isinstance(state, tuple) else state[0]),)
return torch.stack(hs, -2), state
""",
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, name):
    task, library = course.tasks[name.split()[0]], library_of(course, 5)
    bench = variant_bench(task, Variant(task.id, "another", "", body=RIGHT[name]))
    runs = {check.name: run_logged(check, bench, library.get(check), task.space) for check in checks_of(task.id)}
    assert [check for check, (_, passed) in runs.items() if not passed] == []
