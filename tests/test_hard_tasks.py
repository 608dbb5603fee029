"""The wire carries the tasks that are hardest to check from outside: 2.7, 4.4 and 5.7, on throw-away student code."""

from __future__ import annotations

import pytest
import torch

from grader.compare import Mismatch, agree
from grader.engine.props_decoding import key_after
from grader.engine.values import Given
from grader.engine.workbench import Workbench
from grader.subject import Subject

GATED = """
import torch

def loss_surface(model, loss_fn, radius, steps, generator):
    own = [p.detach().clone() for p in model.parameters()]
    ways = [[torch.randn(p.shape, generator=generator) for p in own] for _ in range(2)]
    for way in ways:
        for d, p in zip(way, own):
            rows = (d, p) if p.dim() < 2 else (d.flatten(1), p.flatten(1))
            norm = (lambda v: v.norm()) if p.dim() < 2 else (lambda v: v.norm(dim=1))
            scale = norm(rows[1]) / norm(rows[0])
            d *= scale if p.dim() < 2 else scale.view(-1, *[1] * (p.dim() - 1))
    line = torch.linspace(-radius, radius, steps)
    surface = torch.empty(steps, steps)
    try:
        with torch.no_grad():
            for i, a in enumerate(line):
                for j, b in enumerate(line):
                    for p, q, d1, d2 in zip(model.parameters(), own, *ways):
                        p.copy_(q + a * d1 + b * d2)
                    surface[i, j] = float(loss_fn(model))
    finally:
        with torch.no_grad():
            for p, q in zip(model.parameters(), own):
                p.copy_(q)
    return surface

def forgetful_surface(model, loss_fn, radius, steps, generator):
    surface = torch.zeros(steps, steps)
    with torch.no_grad():
        for p in model.parameters():
            p += 1
    loss_fn(model)
    return surface
"""

CHARLM = """
import torch
import torch.nn.functional as F

def train_chunk(model, optimizer, x, y, state, max_norm):
    if state is not None:
        state = tuple(part.detach() for part in state)
    logits, state = model(x, state)
    loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item(), tuple(part.detach() for part in state)

def attached_chunk(model, optimizer, x, y, state, max_norm):
    logits, state = model(x, state)
    loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item(), state
"""

SEQ2SEQ = """
import torch
EOS = 3

@torch.no_grad()
def beam_search(model, src, lengths, max_length, beam_size):
    sentences, scores = [], []
    for n in range(len(src)):
        memory, states = model.encoder(src, lengths)
        mask = torch.arange(src.shape[1]) < lengths[n]
        beam = [(0.0, [], states[n:n + 1], torch.tensor([2]), False)]
        for _ in range(max_length):
            if all(done for *_, done in beam):
                break
            grown = []
            for score, words, state, token, done in beam:
                if done:
                    grown.append((score, words, state, token, True))
                    continue
                logits, new, _ = model.decoder.step(token, state, memory[n:n + 1], mask[None])
                for word, value in enumerate(torch.log_softmax(logits[0], -1).tolist()):
                    end = word == EOS
                    grown.append((score + value, words + [] if end else words + [word], new, torch.tensor([word]), end))
            beam = sorted(grown, key=lambda entry: -entry[0])[:beam_size]
        sentences.append(beam[0][1])
        scores.append(beam[0][0])
    return sentences, torch.tensor(scores)
"""


@pytest.fixture(params=["here", "worker"])
def student(request, open_session):
    """A subject per module, in this process or in a worker: a check can't tell."""

    def start(space: str, source: str) -> Subject:
        if request.param == "worker":
            session = open_session({space: source})
            assert session.begin(space, []) is None
            session.begin_check()
            return Subject(session.perform, space)
        scope: dict = {}
        exec(source, scope)
        return Subject(Workbench({space: lambda: scope}).perform, space)

    return start


def test_loss_surface(student):
    subject = student("gated", GATED)
    weights = {"weight": torch.randn(2, 3, generator=torch.Generator().manual_seed(0)), "bias": torch.ones(2)}
    model = subject.new("props.linear", 3, 2, weights=weights)
    points: list[dict] = []

    def loss(parameters: dict) -> float:
        points.append({name: array.data for name, array in parameters.items()})
        return float(sum((value**2).sum() for value in points[-1].values()))

    seen = subject.call("loss_surface", model, loss, 1.0, 3, subject.new("props.generator", 5))
    assert seen.failure is None
    want = torch.tensor([sum((value**2).sum() for value in point.values()) for point in points]).view(3, 3)
    assert torch.allclose(seen.value.data, want)
    # the judge sees every point of the plane: both ways have the rows' norms, and the centre is the model itself
    for name, value in weights.items():
        assert torch.equal(points[4][name], value)
        for point in (points[1], points[3]):
            offset = (point[name] - value).flatten(1) if value.dim() > 1 else (point[name] - value)[None]
            rows = value.flatten(1) if value.dim() > 1 else value[None]
            assert torch.allclose(offset.norm(dim=1), rows.norm(dim=1), rtol=1e-4)
    agree(model.parameters(), student("gated", GATED).new("props.linear", 3, 2, weights=weights).parameters())
    assert not [effect for effect in seen.effects if effect.startswith("parameter")]


def test_loss_surface_when_the_loss_raises(student):
    subject = student("gated", GATED)
    model = subject.new("props.linear", 3, 2)
    before = model.parameters().value

    def loss(parameters):
        raise RuntimeError("no loss today")

    for name, restored in (("loss_surface", True), ("forgetful_surface", False)):
        seen = subject.call(name, model, loss, 1.0, 3, subject.new("props.generator", 5))
        assert (seen.failure.kind, seen.failure.message) == ("RuntimeError", "no loss today")
        after = model.parameters().value
        assert all(torch.equal(after[key].data, before[key].data) for key in before) is restored


def chunks(subject: Subject, name: str):
    """Two chunks of truncated backpropagation on a stand-in, with the state handed on."""
    draw = torch.Generator().manual_seed(1)
    shapes = {"embedding.weight": (5, 4), "rnn.weight_ih_l0": (12, 4), "rnn.weight_hh_l0": (12, 3),
              "rnn.bias_ih_l0": (12,), "rnn.bias_hh_l0": (12,), "head.weight": (5, 3), "head.bias": (5,)}  # fmt: skip
    weights = {key: torch.randn(*shape, generator=draw) for key, shape in shapes.items()}
    model = subject.new("props.CharLM", 5, 4, 3, weights=weights)
    optimizer = subject.new("props.optimizer", "SGD", model, {"lr": 0.5})
    x, y = torch.randint(0, 5, (2, 2, 6), generator=draw)
    state = tuple(Given(torch.randn(1, 2, 3, generator=draw), name, grad=True) for name in ("h", "c"))
    seen = subject.call(name, model, optimizer, x, y, state, 0.25)
    return seen, model.parameters()


def test_train_chunk(student):
    (got, after), (want, expected) = (chunks(student("charlm", CHARLM), "train_chunk") for _ in range(2))
    agree(got, want)
    agree(after, expected)
    assert not any(part.requires_grad for part in got.value[1])
    assert not [effect for effect in got.effects if effect in ("grad:h", "grad:c")]


def test_train_chunk_that_keeps_its_graph_is_told(student):
    got, _ = chunks(student("charlm", CHARLM), "attached_chunk")
    assert all(part.requires_grad for part in got.value[1])  # a graph hangs on the state that came back
    assert {"grad:h", "grad:c"} <= set(got.effects)  # and the incoming state got gradients


def test_beam_search(student):
    table = torch.randn(2, 4, 7, 5, generator=torch.Generator().manual_seed(3))
    subject = student("seq2seq", SEQ2SEQ)
    weights = {"encoder.weight": torch.ones(1), "decoder.table": table}
    model = subject.new("props.Translator", 2, 4, 7, 5, weights=weights)
    subject.call("props.train", model, False)
    src, lengths = torch.tensor([[4, 4, 4], [5, 4, 4]]), torch.tensor([3, 2])
    seen = subject.call("beam_search", model, src, lengths, 4, 200)
    sentences, scores = seen.value
    assert (sentences, scores.data.tolist()) == exhaustive(table, 4)
    narrow = subject.call("beam_search", model, src, lengths, 4, 1)
    with pytest.raises(Mismatch):
        agree(narrow, seen)


def exhaustive(table: torch.Tensor, max_length: int):
    """Every sentence scored, straight from the table: what a beam that holds every prefix must find."""
    best = []
    for rows in table:
        open_, closed = [(0.0, [], key_after(0, 2))], []
        for step in range(max_length):
            grown = []
            for score, words, key in open_:
                values = torch.log_softmax(rows[step, key % table.shape[2]], -1).tolist()
                for word, value in enumerate(values):
                    if word == 3:
                        closed.append((score + value, words))
                    else:
                        grown.append((score + value, [*words, word], key_after(key, word)))
            open_ = grown
        best.append(max(closed + [(score, words) for score, words, _ in open_], key=lambda entry: entry[0]))
    return [words for _, words in best], pytest.approx([score for score, _ in best], abs=1e-5)
