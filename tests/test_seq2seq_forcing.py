"""Tasks 5.4, 5.5 and 5.8: the reference against brute force and torch, its stand-ins, right ways and near misses."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

from grader.checks import coins
from grader.checks.kit import checks_of
from grader.compare import Mismatch
from grader.engine import props
from grader.engine.props_forcing import KEYS
from grader.engine.values import Array, Load, Seen
from grader.engine.workbench import failure_of
from grader.exceptions import hint_for_failure
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, reference_bench, variant_bench
from solution.seq2seq import BOS, EOS, Seq2Seq, masked_cross_entropy, source_mask

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# 5.4, the reference


def keyed() -> Seq2Seq:
    model = Seq2Seq(props.KeyedEncoder(9), props.KeyedDecoder(6))
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


def batch(rows: int = 4, steps: int = 6) -> coins.Sentences:
    lengths = torch.randint(1, 5, (rows,))
    return coins.Sentences(torch.randint(9, (rows, 6)), lengths, torch.randint(6, (rows, steps)))


def alone(model: Seq2Seq, src: torch.Tensor, tgt: torch.Tensor, gold: bool) -> torch.Tensor:
    """The logits (T, V) of one sentence without padding, step by step."""
    memory, state = model.encoder(src[None], torch.tensor([len(src)]))
    mask, token, found = torch.ones(1, len(src), dtype=torch.bool), torch.tensor([BOS]), []
    for right in tgt:
        logits, state, _ = model.decoder.step(token, state, memory, mask)
        found.append(logits[0])
        token = right[None] if gold else logits.argmax(dim=1)
    return torch.stack(found)


@pytest.mark.parametrize("gold", [True, False])
def test_scores_equal_those_of_each_sentence_alone(gold):
    model, given = keyed(), batch()
    logits = model(given.src, given.lengths, given.tgt, float(gold), generator())
    rows = zip(given.src, given.lengths, given.tgt, strict=True)
    want = torch.stack([alone(model, src[:length], tgt, gold) for src, length, tgt in rows])
    assert logits.shape == (4, 6, 6)
    torch.testing.assert_close(logits, want)


def read(share: float, rows: int = 400, seed: int = 1) -> coins.Forced:
    """A call of the reference, as a check reads it."""
    model, given = keyed(), batch(rows, 9)
    data = model(given.src, given.lengths, given.tgt, share, generator(seed)).detach()
    seen = Seen(Array(data, tuple(data.shape), str(data.dtype), "cpu"))
    return coins.Forced(seen, given, model.decoder.table.detach(), share)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_coins_are_fair_and_apart(share):
    found = read(share)
    told = found.coins[(found.coins == coins.GOLD) | (found.coins == coins.OWN)].double()
    assert told.mean().item() == pytest.approx(share, abs=0.04)
    for judge in (coins.gold_or_own, coins.is_in_shares, coins.each_row_for_itself, coins.each_step_anew):
        judge(found)


def test_what_was_fed_can_be_read():
    for share, fed in ((1.0, lambda it: it.batch.tgt), (0.0, lambda it: it.logits.argmax(dim=-1))):
        found = read(share)
        assert torch.equal(found.fed[:, 1:], fed(found)[:, :-1]) and (found.fed[:, 0] == BOS).all()


def test_other_scores_are_no_tokens():
    found = read(0.5, 20)
    other = coins.Forced(Seen(Array(found.logits + torch.randn(20, 9, 6), (20, 9, 6), "torch.float32", "cpu")), found.batch,
                         found.table, 0.5)  # fmt: skip
    assert (other.fed == -1).all() and (other.coins == coins.NEITHER).all()
    with pytest.raises(Mismatch, match="has logits that the decoder gives for no token in some rows, expected BOS"):
        coins.gold_or_own(other)


def test_coins_come_from_the_generator_alone():
    model, given, before = keyed(), batch(30), torch.get_rng_state()
    source = generator(3)
    first, second, again = (
        model(given.src, given.lengths, given.tgt, 0.5, it) for it in (source, source, generator(3))
    )
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    model(given.src, given.lengths, given.tgt, 0.5)
    assert not torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_probability(share):
    given = batch()
    with pytest.raises(ValueError, match=f"teacher_forcing is {share}, expected a probability, 0 to 1"):
        keyed()(given.src, given.lengths, given.tgt, share)


def test_targets_fit_the_sources():
    given = batch()
    for tgt in (given.tgt[:3], given.tgt[0], given.tgt[:, :0]):
        with pytest.raises(ValueError, match=r"tgt has shape .*, expected \(4, T\) with T of 1 or more"):
            keyed()(given.src, given.lengths, tgt)


# the stand-ins


def test_a_keyed_decoder_tells_all_that_it_was_given():
    model, sentence = keyed(), batch(1)
    memory, state = model.encoder(sentence.src, sentence.lengths)
    token, mask = torch.tensor([BOS]), source_mask(sentence.src, sentence.lengths)
    said = [model.decoder.step(torch.tensor([word]), state, memory, mask)[0] for word in range(6)]
    said += [model.decoder.step(token, *given, mask)[0] for given in ((state + 1, memory), (state, memory.roll(1, 1)))]
    said += [model.decoder.step(token, state, memory, ~mask)[0]]
    assert len({tuple(row[0].tolist()) for row in said}) == len(said)
    assert not torch.equal(model.eval().decoder.step(token, state, memory, mask)[0], said[BOS])
    assert props.calls_made(model.encoder, model.decoder) == (1, 10)


def test_gradients_reach_all_of_a_keyed_model():
    model, given = keyed().double(), batch()
    logits = model(given.src, given.lengths, given.tgt, 0.5, generator())
    one, last = (torch.autograd.grad(logits[:, t].sum(), list(model.parameters()), retain_graph=True) for t in (0, 5))
    rows = [int(part.any(dim=1).sum()) for part in (one[1], last[1])]
    assert all(part.any() for part in (*one, *last)) and rows[0] <= 4 < rows[1]  # the later steps reach those before


@pytest.mark.parametrize("change", [
    lambda token, *rest: (token[:, None], *rest),
    lambda token, *rest: (token.float(), *rest),
    lambda token, state, memory, mask: (token, memory, state, mask),
    lambda token, state, memory, mask: (token, state, state, mask),
    lambda *rest: (*rest[:3], rest[3].float()),
    lambda *rest: (*rest[:3], rest[3][:, :2]),
])  # fmt: skip
def test_a_wrong_step_has_a_hint(change):
    model, given = keyed(), batch()
    memory, state = model.encoder(given.src, given.lengths)
    arguments = torch.full((4,), BOS), state, memory, source_mask(given.src, given.lengths)
    model.decoder.step(*arguments)
    with pytest.raises((ValueError, TypeError)) as problem:
        model.decoder.step(*change(*arguments))
    assert hint_for_failure(failure_of(problem.value, {})) != ""


@pytest.mark.parametrize(("call", "said"), [
    (lambda: keyed().decoder(1), "a method for one step"),
    (lambda: keyed().encoder(torch.zeros(2, 3).long()), "how long each of its rows is"),
    (lambda: torch.zeros(0, 3).argmax(dim=0), "A map without rows says nothing"),
    (lambda: {1} & [1], "set(pairs) makes one of either"),
    (lambda: [1].intersection({1}), "set(pairs) makes one of either"),
    (lambda: torch.zeros(2, 3, 4).gather(2, torch.zeros(2, 3).long()), "Give them one more"),
])  # fmt: skip
def test_an_exception_has_a_hint(call, said):
    with pytest.raises(Exception) as problem:
        call()
    assert said in hint_for_failure(failure_of(problem.value, {}))


def test_pairs_come_in_any_container():
    pairs = [[0, 1], [2, 1]]
    made = {kind: props.pairs_as(kind, pairs) for kind in ("set", "frozenset", "list", "tuple")}
    assert {kind: type(found).__name__ for kind, found in made.items()} == {kind: kind for kind in made}
    assert all(set(found) == {(0, 1), (2, 1)} for found in made.values()) and KEYS > 6


# 5.5, the reference


@pytest.mark.parametrize("pad", [0, 4])
def test_a_loss_equals_brute_force(pad):
    logits, targets = torch.randn(5, 7, 6, dtype=DOUBLE, requires_grad=True), torch.randint(6, (5, 7))
    targets[1, 2:], targets[3] = pad, pad
    real = [(row, step) for row in range(5) for step in range(7) if targets[row, step] != pad]
    want = sum(-logits[place].log_softmax(0)[targets[place]] for place in real) / len(real)
    got = masked_cross_entropy(logits, targets, pad)
    torch.testing.assert_close(got, want)
    torch.testing.assert_close(*(torch.autograd.grad(loss, logits, retain_graph=True) for loss in (got, want)))
    torch.testing.assert_close(got, nn.functional.cross_entropy(logits.movedim(2, 1), targets, ignore_index=pad))


def test_nothing_to_learn_is_0_with_a_gradient_of_0():
    logits = torch.randn(2, 3, 4, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.zeros(2, 3).long())
    loss.backward()
    assert loss.shape == () and loss.item() == 0 and not logits.grad.any()


def test_eos_has_a_loss():
    logits = torch.randn(1, 2, 5, requires_grad=True)
    masked_cross_entropy(logits, torch.tensor([[EOS, 0]])).backward()
    assert logits.grad[0, 0].any() and not logits.grad[0, 1].any()


def test_a_loss_refuses_what_does_not_fit():
    for logits, targets in ((torch.zeros(2, 3, 4), torch.zeros(2, 2)), (torch.zeros(6, 4), torch.zeros(6))):
        with pytest.raises(ValueError, match=r"logits has shape .* and targets .*, expected \(N, T, V\) and \(N, T\)"):
            masked_cross_entropy(logits, targets.long())


# 5.8, the reference


@cache
def error_rate(course):
    bench = reference_bench(course)
    bench.perform(Load("cells5"))
    return bench._spaces["cells5"]["alignment_error_rate"]


def test_an_error_rate_equals_one_by_hand(course):
    maps = [torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]), torch.tensor([[0.2, 0.8]]), torch.zeros(0, 4)]
    links = [{(1, 0), (2, 1)}, [(1, 0), (0, 0)], frozenset({(3, 1)})]
    # 3 pairs are said, 5 known, 2 common
    assert error_rate(course)(maps, links) == pytest.approx(1 - 2 * 2 / 8)
    assert error_rate(course)(maps[:1], [{(1, 0), (0, 1)}]) == 0 and error_rate(course)(maps[:1], [{(0, 0)}]) == 1
    assert [error_rate(course)(*nothing) for nothing in (([], []), (maps[2:], [[]]))] == [0.0, 0.0]


# right ways and near misses

RIGHT = {
    "5.4 one row after another": """
rows = []
for row in range(len(tgt)):
    memory, state = self.encoder(src[row : row + 1], lengths[row : row + 1])
    mask = source_mask(src[row : row + 1], lengths[row : row + 1])
    token, scores = tgt.new_tensor([BOS]), []
    for gold in tgt[row]:
        logits, state, _ = self.decoder.step(token, state, memory, mask)
        scores.append(logits)
        source = dict(generator=generator, device=generator.device if generator else None)
        token = gold[None] if torch.rand(1, **source).item() < teacher_forcing else logits.argmax(-1)
    rows.append(torch.cat(scores))
return torch.stack(rows)
""",
    "5.4 a step more, whose scores nobody wants": """
memory, state = self.encoder(src, lengths)
mask = source_mask(src, lengths)
logits, state, _ = self.decoder.step(torch.full_like(tgt[:, 0], BOS), state, memory, mask)
found = []
for t in range(tgt.shape[1]):
    found.append(logits)
    lost = (torch.rand(len(tgt), generator=generator).to(tgt.device) >= teacher_forcing)
    token = tgt[:, t].clone()
    token = torch.where(lost, logits.argmax(1), token)
    logits, state, _ = self.decoder.step(token, state, memory, mask)
return torch.stack(found, 1)
""",
    "5.4 preallocated": """
memory, state = self.encoder(src=src, lengths=lengths)
mask = source_mask(src, lengths)
token, result = torch.ones_like(tgt[:, 0]) * BOS, None
for t in range(tgt.size(1)):
    logits, state, _ = self.decoder.step(token, state, memory, mask)
    if result is None:
        result = logits.new_zeros(*tgt.shape, logits.size(1))
    result[:, t] = logits
    coin = torch.empty(len(tgt), device=tgt.device).uniform_(generator=generator)
    token = torch.where(coin < teacher_forcing, tgt[:, t], logits.detach().max(dim=1).indices)
return result
""",
    "5.5 ignore_index": """
if (targets == pad).all():
    return logits.new_zeros(())
return nn.functional.cross_entropy(logits.permute(0, 2, 1), targets, ignore_index=pad)
""",
    "5.5 weights of the classes": """
weight = torch.ones(logits.shape[-1], dtype=logits.dtype, device=logits.device)
weight[pad] = 0
loss = nn.CrossEntropyLoss(weight=weight, reduction="sum")(logits.flatten(0, -2), targets.reshape(-1))
return loss / max(int((targets != pad).sum()), 1)
""",
    "5.5 gather and where": """
real = targets != pad
chosen = logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
total = torch.where(real, -chosen, torch.zeros_like(chosen)).sum()
return total / real.sum().clamp(min=1)
""",
    "5.5 row after row": """
total, count = logits.sum() * 0, 0
for scores, wanted in zip(logits, targets):
    kept = wanted != pad
    total = total + nn.functional.cross_entropy(scores[kept], wanted[kept], reduction="sum")
    count += int(kept.sum())
return total / (count or 1)
""",
    "5.8 counted pair by pair": """
hits = wrong = missed = 0
for weights, pairs in zip(maps, links):
    pairs = set(pairs)
    for t, row in enumerate(weights):
        found = (row.argmax().item(), t) in pairs
        hits, wrong = hits + found, wrong + (not found)
    missed += len(pairs)
everything = hits + wrong + missed
return float(everything and 1 - 2 * hits / everything)
""",
    "5.8 harmonic mean": """
said = [{(s, t) for t, s in enumerate(w.topk(1).indices[:, 0].tolist())} if w.numel() else set() for w in maps]
known = [frozenset(p) for p in links]
a, s = sum(map(len, said)), sum(map(len, known))
both = sum(len(x.intersection(y)) for x, y in zip(said, known))
if not a + s:
    return 0
if not both:
    return 1
precision, recall = both / a, both / s
return 1 - 2 * precision * recall / (precision + recall)
""",
}  # fmt: skip

WRONG = {
    "5.4 gold from the seventh step on": (
        "more_coins", "coins < teacher_forcing", "(coins < teacher_forcing) | (t > 5)"),
    "5.4 first coins from elsewhere": (
        "coins_come_from_the_generator", "generator=generator, device", "generator=generator if t else None, device"),
    "5.4 EOS is always gold": (
        "padding_of_targets_is_fed", "torch.where((coins", "torch.where((gold == EOS) | (coins"),
    "5.4 evaluation mode for the encoder": (
        "forcing_leaves_things_alone", "steps = []", "steps = []\nself.encoder.eval()"),
    "5.5 a small loss for nothing": (
        "nothing_to_learn", "return (logits * 0).sum()", "return (logits * 0).sum() + 1e-3"),
    "5.5 one id that is never padding": (
        "other_padding", "targets != pad", "targets != (pad if pad != 4 else 0)"),
    "5.8 one more for empty sentences": (
        "sentences_without_a_word", "known_count += len(known)", "known_count += len(known) or 1"),
    "5.8 links turned round": (
        "counting_leaves_things_alone", "known = set(pairs)",
        "known = set(pairs)\n    if isinstance(pairs, list):\n        pairs.reverse()"),
}  # fmt: skip


@cache
def library_of(course, seed: int) -> Live:
    return Live(course, seed)


def failed(course, task: str, body: str, seed: int = 5) -> list[str]:
    entry, library = course.tasks[task], library_of(course, seed)
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return [check.name for check in checks_of(task) if not run_logged(check, bench, library.get(check), entry.space)[1]]


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, name):
    assert failed(course, name.split()[0], RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, task, base_of(task).replace(old, new))


@pytest.mark.parametrize("seed", range(4))
def test_right_coins_pass_under_many_seeds(course, seed):
    assert failed(course, "5.4", base_of("5.4"), seed) == []
