"""Tasks 4.8 to 4.10: the reference against torch, right and wrong ways, and stand-ins for what was not solved elsewhere."""

from __future__ import annotations

import json
import sys
from functools import cache

import pytest
import torch
from torch import nn

from grader.checks.kit import checks_of
from grader.engine import props, quiet_check, sources
from grader.engine.values import Call, Load, Substitute
from grader.engine.workbench import Workbench
from grader.grade import session_for
from grader.judge import Judge
from grader.lint import findings
from grader.recordings import Live, Saved, run_logged
from grader.references import Variant, base_of, reference_bench, sources_of, variant_bench
from grader.selfcheck import material_of
from grader.sessions import LocalSession
from solution import gated, text
from tests.conftest import ROOT
from toolkit import stand_ins
from toolkit.stand_ins import STAND_INS

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@cache
def space_of(course) -> dict:
    """What the cells of the solution notebook define, with the reference's parts."""
    bench = reference_bench(course)
    bench.perform(Load("cells4"))
    return bench._spaces["cells4"]


# 4.8, the reference


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3), (0, 3), (2, 1, 1, 3)])
def test_a_linear_layer_equals_torchs(course, shape):
    ours, theirs = space_of(course)["Linear"](3, 4).double(), nn.Linear(3, 4, dtype=DOUBLE)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(*shape, 2, dtype=DOUBLE)[..., 0].requires_grad_()
    torch.testing.assert_close(ours(x), theirs(x))
    got, want = (torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]) for layer in (ours, theirs))
    torch.testing.assert_close(got, want)


def test_a_linear_layer_begins_with_small_weights_that_differ(course):
    layer = space_of(course)["Linear"](100, 30)
    assert layer.weight.abs().max() <= 0.1 and layer.weight.std() > 0.04 and not layer.bias.any()


# 4.9, the reference


def own(course, sizes=(6, 3, 5)):
    """Our model, and an embedding, an LSTM and a linear layer of torch's with the same weights, in double."""
    model = space_of(course)["OwnCharLM"](*sizes).double()
    theirs = props.CharLM(*sizes).double()
    weights = model.state_dict()
    names = {f"rnn.{name}_l0": f"cell.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    names |= {"head.weight": "head.weight", "head.bias": "head.bias"}
    found = {name: weights[own] for name, own in names.items()}
    theirs.load_state_dict(found | {"embedding.weight": weights["embedding.weight"][:-1]})
    return model, theirs


def test_the_model_is_of_their_own_parts(course):
    model = space_of(course)["OwnCharLM"](6, 3, 5)
    assert isinstance(model.embedding, text.Embedding) and isinstance(model.cell, gated.LSTMCell)
    assert type(model.head) is space_of(course)["Linear"] and space_of(course)["unroll"] is gated.unroll
    assert not any(isinstance(part, nn.LSTM | nn.LSTMCell | nn.Embedding | nn.Linear) for part in model.modules())
    assert model.embedding.weight.shape == (7, 3)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (2, 12)])
def test_a_model_of_own_parts_equals_torchs(course, shape):
    model, theirs = own(course)
    ids, state = torch.randint(6, shape), tuple(torch.randn(shape[0], 5, dtype=DOUBLE) for _ in range(2))
    for mine, its in ((None, None), (state, tuple(part[None] for part in state))):
        (logits, last), (want, want_last) = model(ids, mine), theirs(ids, its)
        torch.testing.assert_close(logits, want)
        torch.testing.assert_close(last, tuple(part[0] for part in want_last))
    torch.testing.assert_close(model(ids)[0], model(ids, model.init_hidden(shape[0]))[0])


def test_every_parameter_of_own_parts_learns_and_the_padding_does_not(course):
    model, _ = own(course)
    ids = torch.arange(6)[None]
    before = model.embedding.weight.detach().clone()
    losses = props.learned(model, ids.repeat(2, 8), 6, 0.5, 1.0)
    assert losses[-1] < losses[0]
    moved = (model.embedding.weight.detach() != before).any(dim=1)
    assert moved[:-1].all() and not moved[-1]  # id 0 among them
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


def test_the_state_keeps_its_graph(course):
    model, _ = own(course)
    ids = torch.randint(6, (2, 4))
    _, state = model(ids)
    logits, _ = model(ids, state)
    (grad,) = torch.autograd.grad(logits.sum(), [state[1]], retain_graph=True)
    assert state[0].grad_fn is not None and grad.abs().sum() > 0


def test_a_first_state_is_made_beside_the_weights(course):
    model = space_of(course)["OwnCharLM"](6, 3, 5)
    for made in (model.double(), model.to("meta")):
        pair = made.init_hidden(4)
        assert [(part.shape, part.dtype, part.device.type) for part in pair] == [
            ((4, 5), DOUBLE, made.head.weight.device.type)] * 2  # fmt: skip
    assert pair[0] is not pair[1]


# 4.10, the reference


def speaker(form: str = "layers", breaks_at: int = 0) -> props.Speaker:
    model = props.Speaker(37, 5, form, breaks_at)
    nn.init.normal_(model.table)
    return model


@pytest.mark.parametrize("form", ["layers", "pair", "tensor"])
@pytest.mark.parametrize("size", [2, 3, 13, 14])
def test_a_loss_of_a_text_is_the_same_whatever_its_chunks(course, form, size):
    loss, model, ids = space_of(course)["held_out_loss"], speaker(form), torch.randint(5, (size,))
    shares = [
        -model.eval()(ids[None, : t + 1])[0][0, t].double().log_softmax(0)[ids[t + 1]].item() for t in range(size - 1)
    ]
    want = pytest.approx(sum(shares) / (size - 1), rel=1e-5)
    for mode in (True, False):
        model.train(mode)
        assert [loss(model, ids, length) for length in (1, 2, 3, 4, size - 1, size, 100)] == [want] * 7
        assert model.training is mode and model.dropout.training is mode
    assert type(loss(model, ids, 4)) is float and model.table.grad is None


def test_a_loss_of_a_text_for_an_lstm_and_for_own_parts(course):
    model, theirs = own(course)
    ids = torch.randint(6, (23,))
    with torch.no_grad():
        want = nn.functional.cross_entropy(theirs(ids[None, :-1])[0][0], ids[1:]).item()
    assert [space_of(course)["held_out_loss"](any_, ids, 7) for any_ in (model, theirs)] == [pytest.approx(want)] * 2


@pytest.mark.parametrize("mode", [True, False])
def test_a_loss_that_breaks_off_puts_the_mode_back(course, mode):
    model = speaker(breaks_at=2).train(mode)
    with pytest.raises(FloatingPointError):
        space_of(course)["held_out_loss"](model, torch.randint(5, (9,)), 3)
    assert model.training is mode and torch.is_grad_enabled()


# other right ways

RIGHT = {
    "4.8 einsum": 'return torch.einsum("...i,oi->...o", x, self.weight) + self.bias',
    "4.8 sum of products": "return (x[..., None, :] * self.weight).sum(-1) + self.bias",
    "4.8 addmm": """
rows = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight.t())
return rows.reshape(*x.shape[:-1], len(self.bias))
""",
    "4.8 columns": "return (self.weight @ x.unsqueeze(-1)).squeeze(-1) + self.bias",
    "4.8 tensordot": "return torch.tensordot(x, self.weight, dims=([-1], [1])).add(self.bias)",
    "4.8 inner": "return torch.inner(x, self.weight) + self.bias",
    "4.8 stacked": "return torch.stack([(x * w).sum(dim=-1) + b for w, b in zip(self.weight, self.bias)], dim=-1)",
    "4.8 an input of one": """
one = torch.ones_like(x[..., :1])
return torch.cat([x, one], dim=-1) @ torch.cat([self.weight, self.bias[:, None]], dim=1).mT
""",
    "4.8 transposed in memory": "return x.matmul(self.weight.permute(1, 0).contiguous()) + self.bias.expand(*x.shape[:-1], -1)",
    "4.8 bias first": "y = self.bias + torch.matmul(x, torch.transpose(self.weight, 0, 1))\nreturn y",
    "4.9 a loop": """
### in forward
h, c = self.init_hidden(ids.size(0)) if state is None else state
outputs = []
for t in range(ids.size(1)):
    h, c = self.cell(self.embedding(ids[:, t]), (h, c))
    outputs.append(self.head(h))
return torch.stack(outputs, dim=1), (h, c)
""",
    "4.9 None handed through": """
### in forward
outputs, state = unroll(self.cell, self.embedding(ids), state)
return self.head(outputs), state
""",
    "4.9 state or zeros": """
### in forward
hs, s = unroll(self.cell, self.embedding(ids), state or self.init_hidden(len(ids)))
return self.head(hs), (s[0], s[1])
""",
    "4.9 zeros twice the same": """
### in init_hidden
z = self.head.weight.new_zeros((batch_size, self.head.weight.size(1)))
return z, z
""",
    "4.9 zeros of a parameter": """
### in init_hidden
p = next(self.parameters())
hidden = self.head.weight.shape[-1]
return tuple(torch.zeros(batch_size, hidden).to(p) for _ in "hc")
""",
    "4.9 size from the cell": """
### in init_hidden
hidden = self.cell.weight_hh.shape[1]
h = torch.zeros((batch_size, hidden), dtype=self.cell.weight_hh.dtype, device=self.cell.weight_hh.device)
return (h, h.clone())
""",
    "4.9 time in front": """
### in forward
if state is None: state = self.init_hidden(ids.shape[0])
made = []
for vectors in self.embedding(ids.t()):
    state = self.cell(vectors, state)
    made += [state[0]]
return self.head(torch.stack(made)).transpose(0, 1), state
""",
    "4.9 preallocated": """
### in forward
N, L = ids.shape
h, c = state if state is not None else self.init_hidden(N)
logits = self.head.weight.new_empty(N, L, self.head.weight.shape[0])
for t in range(L):
    h, c = self.cell(self.embedding(ids[:, t]), (h, c))
    logits[:, t] = self.head(h)
return logits, (h, c)
""",
    "4.9 cat": """
### in forward
state = self.init_hidden(ids.shape[0]) if state is None else tuple(state)
outputs = []
for one in ids.split(1, dim=1):
    out, state = unroll(self.cell, self.embedding(one), state)
    outputs.append(out)
return self.head(torch.cat(outputs, dim=1)), state
""",
    "4.9 flat head": """
### in forward
if state is None:
    state = self.init_hidden(len(ids))
outputs, state = unroll(self.cell, self.embedding(ids), state)
flat = self.head(outputs.flatten(0, 1))
return flat.view(*ids.shape, -1), state
""",
    "4.9 recursion": """
### in forward
if state is None: state = self.init_hidden(ids.shape[0])
state = self.cell(self.embedding(ids[:, 0]), state)
logits = self.head(state[0])[:, None]
if ids.shape[1] == 1: return logits, state
rest, last = self.forward(ids[:, 1:], state)
return torch.cat([logits, rest], dim=1), last
""",
    "4.10 split": """
mode = model.training
model.eval()
losses, state = [], None
try:
    with torch.no_grad():
        for x, y in zip(ids[:-1].split(length), ids[1:].split(length)):
            logits, state = model(x[None], state) if state is not None else model(x[None])
            losses.append(nn.functional.cross_entropy(logits.squeeze(0), y, reduction="none"))
finally:
    model.train(mode)
return torch.cat(losses).mean().item()
""",
    "4.10 weighted means": """
mode = model.training
model.train(False)
try:
    with torch.inference_mode():
        s, total, n, state = 0, 0, 0, None
        while s < ids.numel() - 1:
            chunk = ids[s : s + length + 1]
            logits, state = model(chunk[:-1].view(1, -1), state)
            k = chunk.numel() - 1
            total, n, s = total + k * float(nn.CrossEntropyLoss()(logits.transpose(1, 2), chunk[None, 1:])), n + k, s + length
        return total / n
finally:
    model.train(mode)
""",
    "4.10 logits collected": """
training = model.training
try:
    model.eval()
    with torch.no_grad():
        state, parts = None, []
        for x in ids[:-1].split(length):
            out, state = model(x.unsqueeze(0), state)
            parts.append(out[0])
finally:
    model.train(training)
log_p = torch.cat(parts).log_softmax(dim=-1)
return -log_p[torch.arange(len(ids) - 1), ids[1:]].mean().item()
""",
    "4.10 the last character read too": """
training = model.training
model.eval()
try:
    with torch.no_grad():
        nats, state = torch.zeros((), dtype=torch.float64, device=ids.device), None
        for start in range(0, len(ids), length):
            x = ids[start : start + length]
            y = ids[start + 1 : start + 1 + length]
            logits, state = model(x[None], state)
            if len(y):
                nats += nn.functional.nll_loss(logits[0, : len(y)].log_softmax(-1), y, reduction="sum")
finally:
    model.train(training)
return float(nats / (len(ids) - 1))
""",
    "4.10 enumerated": """
before = [(part, part.training) for part in model.modules()]
model.eval()
try:
    with torch.no_grad():
        state, sums = None, []
        chunks = -(-(len(ids) - 1) // length)
        for i in range(chunks):
            a, b = i * length, min((i + 1) * length, len(ids) - 1)
            logits, state = model(ids[None, a:b], state)
            sums.append(nn.functional.cross_entropy(logits.view(b - a, -1), ids[a + 1 : b + 1], reduction="sum").item())
finally:
    for part, mode in before:
        part.training = mode
return sum(sums) / (len(ids) - 1)
""",
    "4.10 decorated": """
@torch.no_grad()
def run():
    state, total = None, 0.0
    for x, y in zip(torch.split(ids[:-1], length), torch.split(ids[1:], length)):
        logits, state = model(x[None, :], state)
        total += (logits[0].logsumexp(-1) - logits[0].gather(1, y[:, None])[:, 0]).sum().item()
    return total / (ids.shape[0] - 1)
mode = model.training
model.eval()
try:
    return run()
finally:
    model.train(mode)
""",
    "4.10 NumPy's float": """
import numpy as np
mode = model.training
model.eval()
try:
    with torch.no_grad():
        state, found = None, []
        for s in range(0, len(ids) - 1, length):
            y = ids[s + 1 : s + 1 + length]
            logits, state = model(ids[s : s + len(y)].reshape(1, -1), state)
            found.append(nn.functional.cross_entropy(logits.flatten(0, 1), y, reduction="none").double().numpy())
finally:
    model.train(mode)
return np.concatenate(found).mean()
""",
    "4.10 unfolded pairs": """
pairs = torch.stack([ids[:-1], ids[1:]])
mode, state, total = model.training, None, 0.0
model.eval()
try:
    with torch.set_grad_enabled(False):
        for part in pairs.split(length, dim=1):
            logits, state = model(part[:1], state)
            total = total + nn.functional.cross_entropy(logits.mT, part[1:], reduction="sum").item()
finally:
    model.train(mode)
return total / pairs.shape[1]
""",
    "4.10 a step at a time": """
mode = model.training
model.eval()
try:
    with torch.no_grad():
        state, total = None, 0.0
        for now, later in zip(ids[:-1], ids[1:]):
            logits, state = model(now.view(1, 1), state)
            total -= torch.log_softmax(logits[0, 0].double(), 0)[later].item()
finally:
    model.train(mode)
return total / (len(ids) - 1)
""",
    "4.10 a state that is detached": """
mode = model.training
try:
    model.eval()
    count, total, state = 0, 0.0, None
    with torch.no_grad():
        for start in range(0, len(ids) - 1, length):
            x, y = ids[start : start + length][: len(ids) - 1 - start], ids[start + 1 : start + length + 1]
            logits, state = model(x[None], state)
            state = tuple(s.detach() for s in state) if isinstance(state, (tuple, list)) else state.detach()
            total += nn.functional.cross_entropy(logits[0], y).item() * y.numel()
            count += y.numel()
finally:
    model.train(mode)
return total / count
""",
}


@cache
def library_of(course) -> Live:
    return Live(course, 5)


def failed(course, task: str, body: str) -> list[str]:
    entry, library = course.tasks[task], library_of(course)
    if task == "4.9" and "### in" in body:
        parts = base_of(task).split("### in ")[1:]
        body += "".join(f"\n### in {part}" for part in parts if f"### in {part.split()[0]}" not in body)
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return [check.name for check in checks_of(task) if not run_logged(check, bench, library.get(check), entry.space)[1]]


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, name):
    assert failed(course, name.split()[0], RIGHT[name]) == []


# near misses: right on ordinary inputs, each fails this check

L = "return torch.matmul(x, self.weight.t()) + self.bias"
WRONG = {
    "4.8 rows alone": ("linear_layer_on_other_axes", L, "return torch.addmm(self.bias, x, self.weight.t())"),
    "4.8 no single row": (
        "linear_layer_on_other_axes",
        L,
        "return torch.einsum('n...i,oi->n...o', x, self.weight) + self.bias",
    ),
    "4.8 an axis squeezed": (
        "linear_layer_of_one",
        L,
        "return (torch.matmul(x, self.weight.t()) + self.bias).squeeze(-1)",
    ),
    "4.8 W itself where it fits": (
        "linear_layer_with_as_many_outputs",
        L,
        "w = self.weight\nreturn x @ (w if w.shape[0] == x.shape[-1] else w.t()) + self.bias",
    ),
    "4.8 through float32": (
        "linear_layer_in_double",
        L,
        "return (x.float() @ self.weight.float().t() + self.bias).to(x.dtype)",
    ),
    "4.8 half a gradient": (
        "gradients_of_a_linear_layer",
        L,
        "return x @ self.weight.t() + (self.bias + self.bias.detach()) / 2",
    ),
    "4.8 draws": ("linear_layer_leaves_things_alone", L, "torch.rand(1)\n" + L),
    "4.8 a clamp": ("larger_linear_layer", L, "return (torch.matmul(x, self.weight.t()) + self.bias).clamp(-6, 6)"),
    "4.8 on the CPU": (
        "linear_layer_on_another_device",
        L,
        "return torch.matmul(x, self.weight.t()) + self.bias + torch.zeros(1)",
    ),
    "4.8 nothing for nothing": ("linear_layer_on_other_axes", L, "assert len(x)\n" + L),
    "4.9 a batch of one without its axis": (
        "own_parts_at_the_edge",
        "return self.head(outputs), state",
        "logits = self.head(outputs)\nreturn logits[0] if len(ids) == 1 else logits, state",
    ),
    "4.9 float32 zeros": ("first_state", "dtype=weight.dtype, ", ""),
    "4.9 the CPU's zeros": ("own_parts_on_another_device", "device=weight.device", "device='cpu'"),
    "4.9 the state detached": (
        "gradients_of_own_parts",
        "embedded = ",
        "state = tuple(p.detach() for p in state)\nembedded = ",
    ),
    "4.9 id 0 never learns": (
        "gradients_of_own_parts",
        "embedded = self.embedding(ids)",
        "embedded = self.embedding(ids)\nembedded = torch.where((ids == 0)[..., None], embedded.detach(), embedded)",
    ),
    "4.9 a state kept for the same batch": (
        "nothing_is_kept_between_calls",
        "    state = self.init_hidden(ids.shape[0])\n",
        "    kept = getattr(self, 'kept', None)\n    fits = kept is not None and len(kept[0]) == len(ids)\n"
        "    state = kept if fits else self.init_hidden(len(ids))\n    self.kept = tuple(p.detach() + 1 for p in state)\n",
    ),
    "4.9 no more than twenty steps": (
        "larger_model_of_own_parts",
        "self.embedding(ids)",
        "self.embedding(ids[:, :20])",
    ),
    "4.9 draws": ("own_parts_leave_things_alone", "embedded = ", "torch.rand(1)\nembedded = "),
    "4.9 zeros written into": (
        "own_parts_leave_things_alone",
        "embedded = ",
        "with torch.no_grad():\n    self.head.bias += 0.1\nembedded = ",
    ),
    "4.10 T and not T − 1 for short texts": ("loss_of_the_shortest_text", "/ len(targets)", "/ max(len(targets), 2)"),
    "4.10 a state that is a pair": (
        "loss_with_other_states",
        "logits, state = model(x, state)",
        "logits, state = model(x, state)\n            state = (state[0].clone(), state[1].clone())",
    ),
    "4.10 no longer than the text": (
        "loss_in_longer_chunks_than_the_text",
        "was_training =",
        "assert length < len(ids)\nwas_training =",
    ),
    "4.10 no short chunk": ("loss_with_a_short_chunk_at_the_end", "len(y)\n", "length\n"),
    "4.10 a loss cut at 20": (
        "loss_of_a_model_that_is_sure",
        "total += loss.item()",
        "total += min(loss.item(), 20.0)",
    ),
    "4.10 everything at once": ("text_is_read_in_chunks", "was_training =", "length = len(ids)\nwas_training ="),
    "4.10 in two batches": (
        "text_is_read_in_chunks",
        "logits, state = model(x, state)",
        "logits, state = model(x.repeat(2, 1), state)",
    ),
    "4.10 the first chunk with gradients": (
        "loss_without_gradients",
        "logits, state = model(x, state)",
        "torch.set_grad_enabled(state is None)\n            logits, state = model(x, state)",
    ),
    "4.10 the mode of the model alone": (
        "measuring_leaves_things_alone",
        "model.train(was_training)",
        "model.training = was_training",
    ),
    "4.10 the mode not put back": (
        "mode_is_put_back_after_a_break",
        "finally:\n    model",
        "finally:\n    pass\nif True:\n    model",
    ),
    "4.10 no more than 50": ("loss_of_a_longer_text", "was_training =", "ids = ids[:50]\nwas_training ="),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, task, base_of(task).replace(old, new))


# stand-ins for parts of other modules


class WithoutABank(Live):
    """Recordings in which no mistake is listed: no time goes into hints."""

    def variants(self, check, names=None):
        return {}


@cache
def plain_library(course) -> WithoutABank:
    return WithoutABank(course, 5)


def material(course, **modules: str | None):
    """The reference as a submission, with other texts for some modules; None takes a module away."""
    made = material_of("solution", ROOT, course)
    for name, source in modules.items():
        made.modules.pop(name)
        if source is None:
            made.problems[name] = f"the submission has no starter/{name}.py"
        else:
            made.modules[name] = source
    return made


def broken(name: str, task: str) -> str:
    """The reference's module with one task still to do."""
    body = sources_of(name)[0][1]
    begin = f"### BEGIN SOLUTION {task}\n"
    assert body.count(begin) == 1
    indent = body.split(begin)[0].rsplit("\n", 1)[1]
    return body.replace(begin, f"{begin}{indent}raise NotImplementedError\n")


LACKING = {
    "nothing": ({}, set()),
    "3.3": ({"text": broken("text", "3.3")}, {"3.3"}),
    "2.2 and 2.4": (
        {
            "gated": broken("gated", "2.2").replace(
                "### BEGIN SOLUTION 2.4\n", "### BEGIN SOLUTION 2.4\n    raise KeyError\n"
            )
        },
        {"2.2", "2.4"},
    ),
    "no text.py": ({"text": None}, {"3.3"}),
    "neither text.py nor gated.py": ({"text": None, "gated": None}, {"3.3", "2.2", "2.4"}),
    "a syntax error in text.py": ({"text": "def broken(:\n"}, {"3.3"}),
    "gated.py that stops": ({"gated": "raise OSError('no')\n"}, {"2.2", "2.4"}),
    "text.py without the class": ({"text": "x = 1\n"}, {"3.3"}),
}


@pytest.mark.parametrize("name", LACKING)
def test_who_lacks_parts_of_other_modules_gets_full_marks(course, nursery, name):
    modules, unsolved = LACKING[name]
    session = session_for(material(course, **modules), course, "cpu", nursery)
    judge = Judge(course, plain_library(course), session)
    try:
        result = judge.judge(course.tasks["4.9"])
    finally:
        session.close()
    assert {task for task, found in judge.results.items() if found.verdict != "passed"} == unsolved
    assert (result.verdict, result.score) == ("passed", result.points), [check.message for check in result.checks]


def test_a_wrong_linear_layer_costs_itself_alone(course, nursery):
    made = material(course)
    made.cells["cells4"] = [
        (name, cell.replace("x @ self.weight.T + self.bias", "x @ self.weight.T"))
        for name, cell in made.cells["cells4"]
    ]
    session = session_for(made, course, "cpu", nursery)
    judge = Judge(course, plain_library(course), session)
    try:
        result = judge.judge(course.tasks["4.9"])
    finally:
        session.close()
    assert (judge.results["4.8"].verdict, result.verdict) == ("failed", "passed")


def test_a_stand_in_takes_the_place_of_a_wrong_sample(course, nursery):
    session = session_for(material(course, charlm=broken("charlm", "4.5")), course, "cpu", nursery)
    judge = Judge(course, plain_library(course), session)
    try:
        result = judge.judge(course.tasks["4.6"])
    finally:
        session.close()
    assert (judge.results["4.5"].score, result.verdict) == (0, "passed")


def test_a_self_check_puts_a_notebooks_own_names_back(course):
    """As `check("4.9")` does it: the live names of the notebook, with stand-ins for what isn't solved, and back."""
    cells = dict(space_of(course))
    mine = object()
    cells |= {"Embedding": mine, "Linear": mine}
    cells.pop("unroll")  # its cell was never run
    loaders = {space: lambda space=space: {} for space in ("text", "gated")} | {"cells4": lambda: cells}
    bench = Workbench(loaders, stand_ins={part.__name__: part for part in STAND_INS.values()})
    session = LocalSession(bench, lambda task: None)
    Judge(course, Saved(), session, hidden=False).judge(course.tasks["4.9"])
    assert cells["Embedding"] is stand_ins.Embedding and cells["unroll"] is stand_ins.unroll
    session.close()
    assert cells["Embedding"] is mine and cells["Linear"] is mine and "unroll" not in cells


def test_a_name_that_was_missing_is_missing_again():
    space = {"f": lambda: 1}
    bench = Workbench({"cells4": lambda: space}, stand_ins={"g": lambda: 7})
    bench.perform(Substitute("cells4", ["g"]))
    assert bench.perform(Call("cells4", "g")).value == 7
    bench.perform(Substitute("cells4", []))
    assert "g" not in space
    assert bench.perform(Call("cells4", "g")).failure.kind == "LookupError"


def test_a_cell_that_uses_a_part_goes_on_without_it(monkeypatch):
    sources.install({"text": "def broken(:", "gated": "LSTMCell = 5"})
    monkeypatch.setattr(
        quiet_check, "SYMBOLS", {"3.3": ("text", "Embedding"), "2.2": ("gated", "LSTMCell"), "2.4": ("gated", "unroll")}
    )
    try:
        assert quiet_check.use("2.2") == 5
        assert quiet_check.use("3.3") is stand_ins.Embedding and quiet_check.use("2.4") is stand_ins.unroll
    finally:
        sources.install({})


def test_the_references_cells_use_its_own_parts(course):
    space = space_of(course)
    assert (space["Embedding"], space["LSTMCell"], space["unroll"]) == (text.Embedding, gated.LSTMCell, gated.unroll)
    assert (quiet_check.PACKAGE, quiet_check.SYMBOLS) == ("starter", {})
    assert sys.modules.get("grader.check") is not quiet_check


def test_what_a_references_cells_import_stays_imported(course):
    """Else each of hundreds of variants would import the toolkit anew."""
    _ = space_of(course)
    before = sys.modules["toolkit.plots"]
    variant_bench(course.tasks["4.10"], Variant("4.10", "imports once", "", body="return 0.0")).perform(Load("cells4"))
    assert sys.modules["toolkit.plots"] is before


# the release


def test_a_cell_with_several_regions_leaves_each_to_do():
    notebook = json.loads((ROOT / "notebooks" / "04_shakespeare_generation.ipynb").read_text(encoding="utf-8"))
    (cell,) = ["".join(cell["source"]) for cell in notebook["cells"] if "class OwnCharLM" in "".join(cell["source"])]
    init, rest = cell.split("def init_hidden")
    first, second = rest.split("def forward")
    for part in (first, second):
        assert part.count('raise NotImplementedError("Task 4.9') == 1 and part.count('"""') == 2
    assert "self.head = Linear" in init and "SOLUTION" not in cell and "unroll(" not in cell and "zeros" not in second


# lint

LINEAR = "class Linear(nn.Module):\n    def forward(self, x):\n        {}\n"
OWN = "class OwnCharLM(nn.Module):\n    def __init__(self):\n        {}\n"


@pytest.mark.parametrize("line", [
    "return nn.Linear(3, 4)(x)", "return F.linear(x, self.weight)", "return nn.functional.linear(x, self.weight, self.bias)",
    "return torch.nn.functional.linear(x, self.weight)", "from torch.nn.functional import linear as f; return f(x, self.weight)",
    "import torch.nn.functional as G; return G.linear(x, self.weight)", "return nn.LazyLinear(4)(x)",
    "return torch._C._nn.linear(x, self.weight)",
])  # fmt: skip
def test_torchs_linear_layer_is_found(course, line):
    found = findings(course.tasks["4.8"], LINEAR.format(line), course)
    assert any(finding.forbidden for finding in found)


@pytest.mark.parametrize("line", [
    "return x @ self.weight.T + self.bias", "return torch.einsum('...i,oi->...o', x, self.weight) + self.bias",
    "return torch.matmul(x, self.weight.T) + self.bias", "return torch.addmm(self.bias, x, self.weight.T)",
    "linear = x @ self.weight.T; return linear + self.bias", "return torch.tensordot(x, self.weight, 1)",
    "return self.linear(x)",
])  # fmt: skip
def test_what_a_linear_layer_may_use_is_no_offence(course, line):
    assert findings(course.tasks["4.8"], LINEAR.format(line), course) == []


@pytest.mark.parametrize("line", [
    "self.cell = nn.LSTMCell(3, 4)", "self.rnn = nn.LSTM(3, 4)", "self.embedding = nn.Embedding(7, 3)",
    "self.head = nn.Linear(4, 6)",
    "self.embedding = torch.nn.Embedding(7, 3)", "self.head = stand_ins.Linear(4, 6)",
])  # fmt: skip
def test_torchs_parts_are_found_in_a_model_of_own_parts(course, line):
    assert any(finding.forbidden for finding in findings(course.tasks["4.9"], OWN.format(line), course))


@pytest.mark.parametrize("line", [
    "self.cell = LSTMCell(3, 4)", "self.embedding = Embedding(7, 3)", "self.head = Linear(4, 6)",
    "from starter.gated import LSTMCell; self.cell = LSTMCell(3, 4)",
    "from starter import gated; self.cell = gated.LSTMCell(3, 4)",
])  # fmt: skip
def test_own_parts_are_no_offence(course, line):
    assert not any(finding.forbidden for finding in findings(course.tasks["4.9"], OWN.format(line), course))


def test_the_references_cells_are_no_offence(course):
    cells = "\n".join(cell for _, cell in sources_of("cells4") if cell.startswith("class "))
    assert findings(course.tasks["4.8"], cells, course) == [] and findings(course.tasks["4.9"], cells, course) == []
