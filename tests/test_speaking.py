"""Tasks 4.5 and 4.6: the reference against brute force, the checks of what is drawn at random, right and wrong ways."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from grader.checks import draws
from grader.checks.kit import checks_of
from grader.compare import Mismatch, same_seen
from grader.engine import props
from grader.engine.values import Failure, Given
from grader.engine.workbench import Workbench
from grader.exceptions import hint_for_failure
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, variant_bench, variants_of
from grader.subject import Subject
from solution.charlm import generate, sample


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# 4.5, the reference


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, None), (0.5, None), (2.0, 3), (0.7, 1), (1.0, 9)])
def test_draws_come_as_often_as_they_are_likely(temperature, top_k, dtype):
    logits = torch.tensor([1.5, -0.2, 0.4, -1.0, 0.9], dtype=dtype)
    kept = logits.argsort(descending=True)[:top_k].tolist()
    weights = [float((logits[i] / temperature).exp()) if i in kept else 0.0 for i in range(5)]
    ids = sample(logits.expand(40_000, 5), temperature, top_k, generator())
    shares = torch.bincount(ids, minlength=5) / 40_000
    assert torch.allclose(shares.double(), torch.tensor(weights, dtype=torch.float64) / sum(weights), atol=0.015)
    assert set(ids.tolist()) <= set(kept)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (2, 1, 4), (0,), (2, 0)])
def test_an_id_for_each_row(shape):
    logits = torch.randn(*shape, 6)
    likeliest = logits.argmax(dim=-1)
    for arguments in ((0,), (0, 2), (3.0, 1), (1e-4,)):
        ids = sample(50 * logits, *arguments, generator=generator())
        assert ids.dtype == torch.int64 and torch.equal(ids, likeliest)


def test_nothing_overflows_and_nothing_impossible_is_drawn():
    logits = torch.tensor([3e38, -3e38, 0.0]).repeat(9, 1)
    assert not sample(logits, 1e-30, generator=generator()).any()
    logits = torch.tensor([0.0, -torch.inf, 0.1, -torch.inf]).repeat(500, 1)
    assert set(sample(logits, 3.0, 3, generator()).tolist()) == {0, 2}


def test_draws_come_from_the_generator_alone():
    logits, before = torch.randn(50, 8, requires_grad=True), torch.get_rng_state()
    source, kept = generator(3), logits.detach().clone()
    first, second = (sample(logits, 2.0, 5, source) for _ in range(2))
    assert torch.equal(first, sample(logits, 2.0, 5, generator(3))) and not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(logits, kept) and logits.grad is None


@pytest.mark.parametrize(
    ("logits", "arguments", "message"),
    [
        (torch.zeros(3), (-1.0,), "temperature is -1.0, expected 0 or a positive number"),
        (torch.zeros(3), (float("inf"),), "temperature is inf, expected 0"),
        (torch.zeros(3), (float("nan"),), "temperature is nan, expected 0"),
        (torch.zeros(3), (1.0, 0), "top_k is 0, expected 1 or more, or None"),
        (torch.zeros(3), (0.0, -2), "top_k is -2, expected 1 or more"),
        (torch.tensor(1.0), (), r"logits has shape \(\), expected \(..., V\)"),
        (torch.zeros(2, 0), (), r"logits has shape \(2, 0\), expected \(..., V\) with V of 1 or more"),
        (torch.tensor([0.0, torch.nan]), (), "the logits hold NaN: the model diverged"),
        (torch.tensor([0.0, torch.inf]), (), "a row of logits holds"),
        (torch.tensor([[0.0, 0.0], [-torch.inf, -torch.inf]]), (), "expected at least one finite logit"),
    ],
)
def test_drawing_refuses(logits, arguments, message):
    with pytest.raises(ValueError, match=message):
        sample(logits, *arguments)


# 4.6, the reference


def speaker(form: str = "layers", breaks_at: int = 0, scale: float = 3.0) -> props.Speaker:
    model = props.Speaker(31, 6, form, breaks_at)
    torch.nn.init.normal_(model.table, std=scale)
    return model


def spoken_by_hand(model, prompt: torch.Tensor, length: int) -> list[int]:
    """Greedy, with the whole text read anew for each id."""
    text = prompt.tolist()
    with torch.no_grad():
        for _ in range(length):
            text.append(int(model(torch.tensor([text]))[0][0, -1].argmax()))
    return text[len(prompt) :]


@pytest.mark.parametrize("form", ["layers", "pair", "tensor"])
@pytest.mark.parametrize(("prompt", "length"), [(1, 1), (4, 9), (12, 3), (2, 0)])
def test_a_text_equals_brute_force(form, prompt, length):
    model, ids = speaker(form), torch.randint(6, (prompt,))
    text = generate(model, ids, length, 0)
    assert (text.shape, text.dtype) == ((length,), torch.int64)
    assert text.tolist() == spoken_by_hand(model.eval(), ids, length)
    lstm = props.CharLM(6, 3, 5).double()
    assert generate(lstm, ids, length, 0).tolist() == spoken_by_hand(lstm, ids, length)
    if length:
        assert torch.equal(props.greedy(lstm, ids, length), generate(lstm, ids, length, 0))


@pytest.mark.parametrize("mode", [True, False])
def test_speaking_leaves_a_model_as_it_was(mode):
    model, ids = speaker().train(mode), torch.tensor([1, 2, 3])
    generate(model, ids, 5, generator=generator())
    assert model.training is mode and model.dropout.training is mode and model.table.grad is None
    assert model.asked == [(False, False)] * 5
    assert model.shapes == [(1, 3, False)] + [(1, 1, True)] * 4
    with pytest.raises(FloatingPointError):
        generate(broken := speaker(breaks_at=2).train(mode), ids, 5)
    assert broken.training is mode


def test_training_changes_what_the_speaker_says():
    model, ids = speaker(), torch.randint(6, (2, 9))
    assert not torch.equal(model.eval()(ids)[0], model.train()(ids)[0])


@pytest.mark.parametrize("form", ["layers", "pair", "tensor"])
def test_a_speaker_reads_in_chunks_as_in_one(form):
    model, ids = speaker(form).eval(), torch.randint(6, (2, 9))
    whole, _ = model(ids)
    first, state = model(ids[:, :4])
    second, _ = model(ids[:, 4:], state)
    assert torch.equal(torch.cat([first, second], dim=1), whole)
    assert not torch.equal(model(ids[:, 4:])[0], second)
    with pytest.raises(ValueError, match=r"the state holds a tensor of shape|the state has 1 parts"):
        model(ids, torch.zeros(2, 7) if form == "tensor" else (torch.zeros(2, 7),) * 2)


@pytest.mark.parametrize(
    ("prompt", "length", "message"),
    [
        (torch.zeros(0).long(), 3, r"prompt_ids has shape \(0,\), expected \(P,\) with at least one id"),
        (torch.zeros(1, 4).long(), 3, r"prompt_ids has shape \(1, 4\), expected \(P,\)"),
        (torch.zeros(4).long(), -1, "length is -1, expected 0 or more"),
    ],
)
def test_speaking_refuses(prompt, length, message):
    with pytest.raises(ValueError, match=message):
        generate(speaker(), prompt, length)


# the checks


@cache
def library_of(course, seed: int) -> Live:
    return Live(course, seed)


def runs(course, library, task: str, body: str) -> dict[str, tuple]:
    entry = course.tasks[task]
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return {check.name: run_logged(check, bench, library.get(check), entry.space) for check in checks_of(task)}


def failed(course, task: str, body: str, seed: int = 5) -> list[str]:
    return [name for name, (_, passed) in runs(course, library_of(course, seed), task, body).items() if not passed]


DRAWN_OTHERWISE = """
if temperature < 0 or (top_k is not None and top_k < 1):
    raise ValueError
if temperature == 0:
    return logits.max(-1).indices
z = logits.detach() / temperature
if top_k is not None and top_k < z.shape[-1]:
    z = torch.where(z < z.sort(-1).values[..., -top_k, None], -math.inf, z)
noise = torch.empty_like(z).exponential_(generator=generator)
return (z - noise.log()).argmax(-1)
"""

OTHERWISE = {
    "temperature_multiplied": ("logits.detach() / temperature", "logits.detach() * temperature"),
    "temperature_ignored": ("logits.detach() / temperature", "logits.detach()"),
    "top_k_ignored": ("if top_k is not None and top_k < z.shape[-1]:", "if False:"),
    "one_more": ("[..., -top_k, None]", "[..., -min(top_k + 1, z.shape[-1]), None]"),
    "zero_means_one": (
        "if temperature == 0:\n    return logits.max(-1).indices\n",
        "temperature = temperature or 1.0\n",
    ),
    "all_alike": ("(z - noise.log())", "torch.where(z.isinf(), z, -noise)"),
    "an_axis_too_many": ("return (z - noise.log()).argmax(-1)", "return (z - noise.log()).argmax(-1, keepdim=True)"),
    "ids_from_one": ("return (z - noise.log()).argmax(-1)", "return (z - noise.log()).argmax(-1) + 1"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_mistake_is_known_however_the_ids_were_drawn(course, name):
    body = DRAWN_OTHERWISE.replace(*OTHERWISE[name])
    assert body != DRAWN_OTHERWISE
    listed = next(variant.body for variant in variants_of("4.5") if variant.name == name)
    mine, theirs = runs(course, library_of(course, 5), "4.5", body), runs(course, library_of(course, 5), "4.5", listed)
    apart = [check for check, (log, _) in mine.items() if len(log) != len(theirs[check][0])
             or not all(map(same_seen, log, theirs[check][0], [False] * len(log)))]  # fmt: skip
    assert apart == []


@pytest.mark.parametrize("task", ["4.5", "4.6"])
def test_right_draws_pass_under_many_seeds(course, task):
    for seed in range(6):
        assert failed(course, task, base_of(task), seed) == [], seed
    if task == "4.5":
        for seed in range(6):
            assert failed(course, task, DRAWN_OTHERWISE, seed) == [], seed


@pytest.mark.parametrize(
    "value", [None, 1, (), torch.zeros(2), torch.full((30,), 9), torch.zeros(30), "x", [torch.zeros(2)]]
)
def test_no_answer_breaks_a_check(value):
    student = Subject(Workbench({"charlm": lambda: {"sample": lambda *args: value}}).perform, "charlm")
    for logits in (torch.randn(30, 6), torch.randn(6000, 6)):
        found = draws.drawn(student, Given(logits, "logits"), 2.0, 3, 1)
        for judge in (draws.decided, draws.shares_agree, lambda it: draws.never_below(it, 3), draws.well_formed):
            with pytest.raises(Mismatch):
                judge(found)


RIGHT = {
    "4.5 gumbel": DRAWN_OTHERWISE,
    "4.5 inverse of the sum": """
if temperature < 0: raise ValueError("temperature")
if top_k is not None and top_k <= 0: raise ValueError("top_k")
if temperature == 0: return torch.argmax(logits, -1)
with torch.no_grad():
    values, places = (logits / temperature).sort(dim=-1, descending=True)
    p = values[..., :top_k].softmax(-1)
    u = torch.rand(p.shape[:-1], generator=generator, dtype=p.dtype, device=p.device)[..., None]
    chosen = (p.cumsum(-1) < u).sum(-1, keepdim=True).clamp(max=p.shape[-1] - 1)
    return places.gather(-1, chosen).squeeze(-1)
""",
    "4.5 topk and gather": """
if not temperature >= 0: raise ValueError(f"{temperature}")
V = logits.size(-1)
k = V if top_k is None else top_k
if k < 1: raise ValueError(f"{k}")
top = logits.topk(min(k, V), dim=-1)
if temperature == 0: return top.indices[..., 0]
rows = torch.nn.functional.softmax(top.values / temperature, dim=-1)
picks = torch.multinomial(rows.view(-1, rows.shape[-1]), num_samples=1, generator=generator)
return top.indices.reshape(-1, rows.shape[-1]).gather(1, picks).view(logits.shape[:-1])
""",
    "4.5 in place on a copy": """
if temperature < 0: raise ValueError
if top_k is not None and top_k < 1: raise ValueError
if temperature == 0: return logits.argmax(-1)
scaled = logits.clone().detach().div_(temperature)
if top_k is not None and top_k < logits.size(-1):
    kth = torch.kthvalue(scaled, logits.size(-1) - top_k + 1, dim=-1, keepdim=True).values
    scaled[scaled < kth] = float("-inf")
p = scaled.softmax(-1)
out = torch.empty(p.shape[:-1], dtype=torch.long, device=p.device)
flat = p.flatten(0, -2) if p.dim() > 1 else p.unsqueeze(0)
return torch.multinomial(flat, 1, generator=generator).view(out.shape)
""",
    "4.5 categorical without a generator of its own": """
if temperature < 0 or (top_k is not None and top_k < 1): raise ValueError("no")
if temperature == 0 or top_k == 1: return logits.argmax(dim=-1)
if top_k is not None:
    below = logits < logits.topk(min(top_k, logits.shape[-1])).values.min(dim=-1, keepdim=True).values
    logits = logits.masked_fill(below, -torch.inf)
p = torch.exp(torch.log_softmax(logits / temperature, -1))
return torch.stack([torch.multinomial(row, 1, generator=generator) for row in p.reshape(-1, p.shape[-1])]).view(p.shape[:-1])
""",
    "4.5 logs of shares": """
if temperature < 0: raise ValueError
if top_k is not None:
    if top_k < 1: raise ValueError
    top_k = min(top_k, logits.shape[-1])
if not temperature: return logits.argmax(-1)
p = (logits.log_softmax(-1) / temperature).softmax(-1)
if top_k:
    keep = torch.zeros_like(p).scatter_(-1, p.topk(top_k, -1).indices, 1.0)
    p = p * keep / (p * keep).sum(-1, keepdim=True)
return torch.multinomial(p.reshape(-1, p.shape[-1]), 1, True, generator=generator)[:, 0].reshape(p.shape[:-1])
""",
    "4.5 a finite floor": """
if temperature < 0 or top_k is not None and top_k < 1: raise ValueError("bad")
if temperature == 0: return logits.argmax(-1)
z = (logits - logits.max(-1, keepdim=True).values) / temperature
if top_k is not None and top_k < z.size(-1):
    z = torch.where(z >= z.topk(top_k, -1)[0][..., -1:], z, torch.finfo(z.dtype).min)
w = z.exp()
return torch.multinomial(w.reshape(-1, w.size(-1)), 1, generator=generator).reshape(w.shape[:-1])
""",
    "4.5 rank by double argsort": """
if temperature < 0: raise ValueError
if top_k is not None and top_k < 1: raise ValueError
if temperature == 0: return logits.topk(1, -1).indices.squeeze(-1)
z = logits / temperature
if top_k is not None:
    rank = (-logits).argsort(-1).argsort(-1)
    z = z + torch.zeros_like(z).masked_fill(rank >= top_k, -math.inf)
return torch.multinomial(z.softmax(-1).reshape(-1, z.size(-1)), 1, generator=generator).reshape(z.shape[:-1])
""",
    "4.5 float64 inside": """
if temperature < 0: raise ValueError
if top_k is not None and top_k < 1: raise ValueError
if temperature == 0: return logits.argmax(-1)
z = logits.double() / temperature
if top_k is not None:
    z = z.masked_fill(z < z.topk(min(top_k, z.size(-1)), -1).values[..., [-1]], -math.inf)
return torch.multinomial(z.softmax(-1).reshape(-1, z.size(-1)), 1, generator=generator).reshape(z.shape[:-1])
""",
    "4.5 recursion over axes": """
if temperature < 0: raise ValueError
if top_k is not None and top_k < 1: raise ValueError
if temperature == 0: return logits.argmax(-1)
if logits.dim() == 1: return sample(logits[None], temperature, top_k, generator)[0]
if logits.dim() > 2: return torch.stack([sample(part, temperature, top_k, generator) for part in logits])
if top_k is not None:
    values, places = logits.topk(min(top_k, logits.size(1)))
    logits = torch.full_like(logits, -math.inf).scatter(1, places, values)
return torch.multinomial(torch.softmax(logits / temperature, 1), 1, generator=generator).squeeze(1)
""",
    "4.6 one call more": """
mode = model.training
model.eval()
try:
    with torch.no_grad():
        out, (logits, state) = [], model(prompt_ids.view(1, -1), None)
        for _ in range(length):
            out.append(sample(logits[:, -1, :], temperature, None, generator))
            logits, state = model(out[-1][:, None], state)
        return torch.cat(out) if out else torch.empty(0, dtype=torch.long, device=prompt_ids.device)
finally:
    model.train(mode)
""",
    "4.6 preallocated": """
was = model.training
result = torch.zeros(length, dtype=torch.int64, device=prompt_ids.device)
try:
    model.eval()
    with torch.inference_mode():
        feed, state = prompt_ids.reshape(1, len(prompt_ids)), None
        for i in range(length):
            if state is None:
                y, state = model(feed)
            else:
                y, state = model(feed, state)
            feed = sample(y[0, -1], temperature, generator=generator).reshape(1, 1)
            result[i] = feed
finally:
    model.train(mode=was)
return result
""",
    "4.6 a list of numbers": """
training = model.training
model.train(False)
numbers, state, x = [], None, prompt_ids.unsqueeze(0)
with torch.no_grad():
    try:
        while len(numbers) != length:
            logits, state = model(x, state)
            numbers.append(int(sample(logits[0, -1], temperature, generator=generator)))
            x = torch.tensor([[numbers[-1]]], device=prompt_ids.device)
    finally:
        model.train(training)
return torch.tensor(numbers, dtype=torch.int64, device=prompt_ids.device)
""",
    "4.6 a generator function": """
def ids():
    x, state = prompt_ids[None, :], None
    for _ in range(length):
        logits, state = model(x, state)
        x = sample(logits[:, -1:], temperature, None, generator)
        yield x.reshape(())
before = {part: part.training for part in model.modules()}
model.eval()
try:
    with torch.no_grad():
        made = list(ids())
finally:
    for part, mode in before.items():
        part.training = mode
return torch.stack(made) if made else prompt_ids.new_empty((0,))
""",
    "4.6 own draws": """
mode = model.training; model.eval()
try:
    with torch.no_grad():
        text = prompt_ids.new_empty(length)
        logits, state = model(prompt_ids[None])
        for t in range(length):
            last = logits[0, -1]
            p = (last / (temperature or 1)).softmax(0)
            text[t] = last.argmax() if temperature == 0 else torch.multinomial(p, 1, generator=generator)[0]
            if t + 1 < length:
                logits, state = model(text[None, t : t + 1], state)
finally:
    model.train(mode)
return text
""",
    "4.6 decorated": """
@torch.no_grad()
def speak():
    logits, state = model(prompt_ids.unsqueeze(0))
    drawn = torch.zeros(1, 0, dtype=torch.long, device=prompt_ids.device)
    while drawn.size(1) < length:
        new = sample(logits[:, -1], temperature=temperature, generator=generator)
        drawn = torch.cat([drawn, new[:, None]], dim=1)
        logits, state = model(drawn[:, -1:], state)
    return drawn.squeeze(0)
training = model.training
try:
    return (model.eval(), speak())[1]
finally:
    model.train(training)
""",
    "4.6 state detached": """
mode = model.training
model.eval()
grad = torch.is_grad_enabled()
torch.set_grad_enabled(False)
try:
    out, state, x = prompt_ids[:0], None, prompt_ids.clone()[None]
    for _ in range(length):
        logits, state = model(x, state)
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        x = sample(logits.squeeze(0)[-1:], temperature, generator=generator)[None]
        out = torch.cat((out, x.squeeze(0)))
    return out
finally:
    torch.set_grad_enabled(grad)
    model.train(mode)
""",
    "4.6 a queue": """
from collections import deque
mode, queue, said = model.training, deque([prompt_ids]), []
model.eval()
try:
    with torch.no_grad():
        state = None
        while queue and len(said) < length:
            logits, state = model(queue.popleft()[None], state)
            queue.append(sample(logits[:, -1], temperature, generator=generator))
            said.append(queue[-1])
finally:
    model.train(mode)
return torch.hstack(said) if said else torch.zeros_like(prompt_ids[:0])
""",
    "4.6 numbered steps": """
keep = model.training
model.eval()
ids = torch.cat([prompt_ids, prompt_ids.new_zeros(length)])
start, state = 0, None
try:
    with torch.no_grad():
        for end in range(len(prompt_ids), len(ids)):
            logits, state = model(ids[None, start:end], state)
            ids[end] = sample(logits[0, -1:], temperature, generator=generator)
            start = end
finally:
    model.train(keep)
return ids[len(prompt_ids):]
""",
    "4.6 recursion": """
def say(x, state, left):
    if left == 0:
        return []
    logits, state = model(x, state)
    new = sample(logits[:, -1], temperature, generator=generator)
    return [new] + say(new.unsqueeze(0), state, left - 1)
mode = model.training
model.eval()
try:
    with torch.no_grad():
        said = say(prompt_ids.unsqueeze(0), None, length)
finally:
    model.train(mode)
return torch.cat([prompt_ids[:0], *said])
""",
}


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, name):
    assert failed(course, name.split()[0], RIGHT[name]) == []


# near misses: right on ordinary inputs, each fails this check

WRONG = {
    "4.5 a single row drawn from its middle": (
        "shape_of_the_draws",
        "rows = probabilities.reshape(-1, logits.shape[-1])",
        "rows = probabilities.reshape(-1, logits.shape[-1]).roll(logits.dim() == 1, -1)",
    ),
    "4.5 a temperature of at least 0.6": ("low_temperature", "logits / temperature", "logits / max(temperature, 0.6)"),
    "4.5 a temperature of at most 1.5": ("high_temperature", "logits / temperature", "logits / min(temperature, 1.5)"),
    "4.5 a little uniform": (
        "shares_of_the_draws",
        "rows = probabilities",
        "rows = (0.85 * probabilities + 0.15 / probabilities.shape[-1])",
    ),
    "4.5 every second row draws as the one before": (
        "shares_of_the_draws",
        "return torch.multinomial(rows, 1, generator=generator)",
        "drawn = torch.multinomial(rows[::2], 1, generator=generator)\nreturn drawn.repeat_interleave(2, 0)[: len(rows)]",
    ),
    "4.5 top_k of V": ("top_k_of_all", "min(top_k, logits.shape[-1])", "min(top_k, logits.shape[-1] - 1)"),
    "4.5 impossible ids let in": (
        "impossible_ids",
        'float("-inf"))',
        'float("-inf"))\n    scaled = scaled.clamp(min=-1)',
    ),
    "4.5 half precision on the way": (
        "draws_in_double",
        "scaled = logits / temperature",
        "if logits.dtype == torch.float64:\n    raise TypeError\nscaled = logits / temperature",
    ),
    "4.5 small negative temperatures": ("negative_temperature", "if temperature < 0:", "if temperature <= -0.01:"),
    "4.5 a top_k of minus one is all": ("top_k_below_one", "top_k < 1:", "top_k < 1 and top_k != -1:"),
    "4.5 the first logits sorted": (
        "drawing_leaves_the_logits_alone",
        "scaled = logits / temperature",
        "logits.data.clamp_(min=-1)\nscaled = logits / temperature",
    ),
    "4.5 strictly above the k-th": (
        "ties_at_the_last_place",
        "scaled < smallest",
        "(scaled < smallest) | ((scaled == smallest).sum(-1, keepdim=True) > 1) & (scaled == smallest)",
    ),
    "4.5 two sources": ("draws_come_from_the_generator", "rows = ", "torch.rand(1)\nrows = "),
    "4.6 only even lengths": (
        "text_after_a_single_id",
        "return torch.cat(drawn)",
        "return torch.cat(drawn)[: length // 2 * 2]",
    ),
    "4.6 no more than ten": ("text", "while len(drawn) < length:", "while len(drawn) < min(length, 10):"),
    "4.6 the prompt's last five": ("text", "prompt_ids.unsqueeze(0)", "prompt_ids[-5:].unsqueeze(0)"),
    "4.6 a prompt of two at least": (
        "text_after_a_single_id",
        "prompt_ids.unsqueeze(0)",
        "(prompt_ids if len(prompt_ids) > 1 else prompt_ids.repeat(2)).unsqueeze(0)",
    ),
    "4.6 a temperature of at most 2": ("text_by_its_temperature", "temperature, gen", "min(temperature, 2.0), gen"),
    "4.6 never colder than a half": ("text_by_its_temperature", "temperature, gen", "max(temperature, 0.5), gen"),
    "4.6 the state as a list": (
        "text_with_other_states",
        "                logits, state = model(new.unsqueeze(1), state)",
        "                logits, state = model(new.unsqueeze(1), list(state))",
    ),
    "4.6 two calls more": (
        "prompt_is_read_once",
        "finally:",
        "        model(new.unsqueeze(1), state)\n        model(new.unsqueeze(1), state)\nfinally:",
    ),
    "4.6 the mode of the model alone": (
        "speaking_leaves_things_alone",
        "    model.train(was_training)",
        "    model.training = was_training",
    ),
    "4.6 the first call with gradients": (
        "text_without_gradients",
        "    with torch.no_grad():\n        logits, state = model(prompt_ids.unsqueeze(0))",
        "    logits, state = model(prompt_ids.unsqueeze(0))\n    with torch.no_grad():",
    ),
    "4.6 a state kept": (
        "text_after_another",
        "logits, state = model(prompt_ids.unsqueeze(0))",
        "logits, state = model(prompt_ids.unsqueeze(0), getattr(model, 'kept', None))\n        model.kept = state",
    ),
    "4.6 a text of numbers": ("text", "return torch.cat(drawn)", "return torch.cat(drawn).int()"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, task, base_of(task).replace(old, new))


# exceptions


def row() -> torch.Tensor:
    return torch.rand(2, 3, 5)


RAISED = {
    "Flatten those in front": lambda: torch.multinomial(row(), 1),
    "Was the softmax taken": lambda: torch.multinomial(row()[0] - 1, 1),
    "or was every id left out": lambda: torch.multinomial(row()[0] * 0, 1),
    "are these ids": lambda: torch.multinomial(torch.tensor([1, 2]), 1),
    "second argument is 1": lambda: torch.multinomial(row()[0], 6),
    "the smaller one of k": lambda: row().topk(6),
    ".values and .indices": lambda: row().topk(2).softmax(-1),
    "by its name": lambda: torch.multinomial(row()[0], 1, generator()),
    "generator=generator": lambda: generator() < 1,
    "dim=-1 is the last": lambda: row().softmax(),
    "flatten batch and time on both sides": lambda: torch.nn.functional.cross_entropy(row(), torch.zeros(2, 3).long()),
    "flatten both in the same way": lambda: torch.nn.functional.cross_entropy(row(), torch.zeros(6).long()),
    "Targets are ids": lambda: torch.nn.functional.cross_entropy(row()[0], torch.zeros(3)),
    "no id of the vocabulary": lambda: torch.nn.functional.cross_entropy(row()[0], torch.full((3,), 5)),
    "h and c have another number of axes": lambda: torch.nn.LSTM(5, 2, batch_first=True)(
        row(), (torch.zeros(2, 2), torch.zeros(2, 2))
    ),
    "with the layers in front": lambda: torch.nn.LSTM(5, 2, batch_first=True)(row(), (torch.zeros(1, 3, 2),) * 2),
    "has to come back to the model": lambda: speaker()(torch.zeros(1, 1).long(), (torch.zeros(1, 1),) * 2),
    "ids[None] is (1, L)": lambda: speaker()(torch.zeros(3).long()),
    "torch.stack makes one": lambda: torch.cat([torch.tensor(1), torch.tensor(2)]),
    "holds Python numbers": lambda: torch.cat([1, 2]),
    "@ and torch.matmul": lambda: torch.mm(row(), row()[0].T),
    "`...` stands for": lambda: torch.einsum("ni,oi->no", row(), row()[0]),
    "doesn't have. Print its shape": lambda: row()[0].unsqueeze(5),
}


@pytest.mark.parametrize("says", RAISED)
def test_an_exception_is_explained(says):
    try:
        RAISED[says]()
    except Exception as raised:
        failure = Failure(type(raised).__name__, str(raised))
    assert says in hint_for_failure(failure), failure
