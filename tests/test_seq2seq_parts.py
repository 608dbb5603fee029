"""The reference of tasks 5.1 to 5.3 and 5.9 against loops without padding, and the line that their checks draw."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from grader.checks.kit import checks_of
from grader.engine.cells import run_cells
from grader.engine.workbench import failure_of
from grader.exceptions import hint_for_failure
from grader.lint import defining, findings
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, nothing_judged, patched_source, sources_of, variant_bench
from solution.seq2seq import AdditiveAttention, Decoder, Encoder

DOUBLE = torch.float64
UNEVEN = [3, 6, 1, 4, 2]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@cache
def self_attention():
    with nothing_judged():
        return run_cells(sources_of("cells5"))["self_attention"]


# 5.1


@pytest.mark.parametrize("lengths", [UNEVEN, [4, 4], [5], [1], [1, 2]])
@pytest.mark.parametrize("more", [0, 3])
def test_an_encoder_reads_each_sentence_as_if_it_were_alone(lengths, more):
    model = Encoder(9, 3, 8).double()
    src, lengths = torch.randint(9, (len(lengths), max(lengths) + more)), torch.tensor(lengths)
    memory, state = model(src, lengths)
    assert memory.shape == (*src.shape, 8) and state.shape == (len(src), 8)
    for row, length in enumerate(lengths.tolist()):
        outputs = model.rnn(model.embedding(src[row : row + 1, :length]))[0][0]
        torch.testing.assert_close(memory[row, :length], outputs)
        torch.testing.assert_close(state[row], torch.cat([outputs[-1, :4], outputs[0, 4:]]))
        assert not memory[row, length:].any()


def test_an_odd_hidden_size_has_no_half():
    with pytest.raises(ValueError, match="hidden_size is 7, expected an even number"):
        Encoder(9, 3, 7)


@pytest.mark.parametrize(("lengths", "message"), [
    ([2, 3], r"lengths has shape \(2,\), expected \(3,\)"), ([0, 2, 3], "lengths run from 0 to 3, expected 1 to 5"),
    ([2, 6, 3], "lengths run from 2 to 6"),
])  # fmt: skip
def test_lengths_that_do_not_fit_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        Encoder(9, 3, 4)(torch.zeros(3, 5, dtype=torch.int64), torch.tensor(lengths))


# 5.2


def looked_up_by_hand(module, query, keys, mask):
    """One row, and one place, after the other."""
    context, weights = (
        torch.zeros(len(keys), keys.shape[2], dtype=keys.dtype),
        torch.zeros(mask.shape, dtype=keys.dtype),
    )
    for row, shown in enumerate(mask):
        places = shown.nonzero()[:, 0].tolist()
        scores = [
            module.score.weight[0] @ (module.query.weight @ query[row] + module.key.weight @ keys[row, s]).tanh()
            for s in places
        ]
        for s, weight in zip(places, torch.tensor(scores, dtype=keys.dtype).softmax(0), strict=True):
            weights[row, s] = weight
            context[row] += weight * keys[row, s]
    return context, weights


@pytest.mark.parametrize("kind", ["any", "whole", "none", "one place"])
def test_attention_equals_a_loop(kind):
    module = AdditiveAttention(3, 5, 4).double()
    query, keys = torch.randn(6, 3, dtype=DOUBLE), torch.randn(6, 7, 5, dtype=DOUBLE)
    mask = {"any": torch.rand(6, 7) > 0.5, "whole": torch.ones(6, 7).bool(), "none": torch.zeros(6, 7).bool(),
            "one place": torch.eye(6, 7).bool()}[kind]  # fmt: skip
    got = module(query, keys, mask)
    torch.testing.assert_close([part.detach() for part in got], list(looked_up_by_hand(module, query, keys, mask)))
    assert not got[1][~mask].any() and torch.allclose(got[1].sum(1), mask.any(dim=1).double())


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, DOUBLE])
def test_attention_in_any_precision_without_a_nan(dtype):
    module = AdditiveAttention(3, 5, 4).to(dtype)
    module.score.weight.data.mul_(3e4)
    query, keys = torch.randn(6, 3, dtype=dtype), torch.randn(6, 7, 5, dtype=dtype)
    mask = torch.rand(6, 7) > 0.5
    mask[2] = False
    context, weights = module(query, keys.requires_grad_(), mask)
    assert context.dtype == weights.dtype == dtype and not context[2].any() and not weights[2].any()
    (context.sum() + weights.square().sum()).backward()
    grads = [keys.grad, *(part.grad for part in module.parameters())]
    assert all(part.isfinite().all() for part in (context, weights, *grads)) and not keys.grad[2].any()


def test_gradients_of_attention_by_differences():
    module = AdditiveAttention(3, 5, 4).double()
    mask = torch.tensor([[1, 0, 1], [0, 0, 0]]).bool()
    given = torch.randn(2, 3, dtype=DOUBLE, requires_grad=True), torch.randn(2, 3, 5, dtype=DOUBLE, requires_grad=True)
    assert torch.autograd.gradcheck(lambda query, keys: module(query, keys, mask), given)


def test_attention_refuses_what_does_not_fit():
    module, keys = AdditiveAttention(3, 5, 4), torch.zeros(2, 7, 5)
    for query, keys_, mask, error in ((torch.zeros(2, 5), keys, torch.ones(2, 7).bool(), ValueError),
                                      (torch.zeros(2, 3), keys[:, :, :4], torch.ones(2, 7).bool(), ValueError),
                                      (torch.zeros(2, 3), keys, torch.ones(2, 6).bool(), ValueError),
                                      (torch.zeros(2, 3), keys, torch.ones(2, 7), TypeError)):  # fmt: skip
        with pytest.raises(error, match="expected") as raised:
            module(query, keys_, mask)
        assert hint_for_failure(failure_of(raised.value, {}))


# 5.3


def test_a_decoder_step_by_hand():
    model = Decoder(7, 3, 4).double()
    token, state, memory = torch.tensor([2, 0, 6]), torch.randn(3, 4, dtype=DOUBLE), torch.randn(3, 5, 4, dtype=DOUBLE)
    mask = torch.tensor([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1]]).bool()
    logits, new, weights = model.step(token, state, memory, mask)
    context, want = looked_up_by_hand(model.attention, state, memory, mask)
    torch.testing.assert_close(weights, want)
    x = torch.cat([model.embedding.weight[token], context], dim=1) @ model.cell.weight_ih.T + model.cell.bias_ih
    h = state @ model.cell.weight_hh.T + model.cell.bias_hh
    r, z = ((x + h)[:, :8].sigmoid()).chunk(2, dim=1)
    n = (x[:, 8:] + r * h[:, 8:]).tanh()
    torch.testing.assert_close(new, (1 - z) * n + z * state)
    torch.testing.assert_close(logits, torch.cat([new, context], dim=1) @ model.output.weight.T + model.output.bias)


def test_a_decoder_refuses_a_batch_of_steps():
    model, memory = Decoder(7, 3, 4), torch.zeros(2, 5, 4)
    for token, state in ((torch.zeros(2, 1).long(), torch.zeros(2, 4)), (torch.zeros(2).long(), torch.zeros(1, 2, 4))):
        with pytest.raises(ValueError, match="expected"):
            model.step(token, state, memory, torch.ones(2, 5).bool())


# 5.9


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("places", [1, 5])
def test_self_attention_equals_torchs(causal, places):
    x, *matrices = (torch.randn(*shape, dtype=DOUBLE) for shape in ((3, places, 6), (6, 4), (6, 4), (6, 2)))
    outputs, weights = self_attention()(x, *matrices, causal)
    query, key, value = (x @ matrix for matrix in matrices)
    torch.testing.assert_close(outputs, nn.functional.scaled_dot_product_attention(query, key, value, is_causal=causal))
    torch.testing.assert_close(outputs, weights @ value)
    assert torch.allclose(weights.sum(dim=2), torch.ones(3, places, dtype=DOUBLE))
    assert bool(weights.triu(1).any()) is (places > 1 and not causal)


# the line that the checks draw


@pytest.fixture(scope="module")
def library(course):
    return Live(course, 11)


def failed(course, library, task: str, body: str) -> list[str]:
    entry = course.tasks[task]
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return [check.name for check in checks_of(task) if not run_logged(check, bench, library.get(check), entry.space)[1]]


RIGHT = {
    "5.1 sorted and put back": """
order = lengths.argsort(descending=True)
back = order.argsort()
packed = pack_padded_sequence(self.embedding(src[order]), lengths[order], batch_first=True)
packed, h_n = self.rnn(packed, None)
memory = src.new_zeros(*src.shape, 2 * self.rnn.hidden_size).to(h_n.dtype)
outputs = pad_packed_sequence(packed, batch_first=True)[0]
memory[:, : outputs.shape[1]] = outputs
return memory[back], h_n.transpose(0, 1).flatten(1)[back]
""",
    "5.1 gathered from memory": """
packed = pack_padded_sequence(self.embedding(src), lengths.cpu(), True, False)
memory, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, padding_value=0.0, total_length=src.size(1))
forward, backward = memory.chunk(2, dim=-1)
last = (lengths.to(src.device) - 1)[:, None, None].expand(-1, 1, forward.shape[2])
return memory, torch.cat((forward.gather(1, last).squeeze(1), backward[:, 0]), -1)
""",
    "5.2 lowest number and a product": """
scores = self.score(torch.tanh(self.query(query).unsqueeze(-2) + self.key(keys)))[:, :, 0]
scores[~mask] = torch.finfo(scores.dtype).min
weights = scores.softmax(-1) * mask
return torch.einsum("ns,nsk->nk", weights, keys), weights
""",
    "5.2 in single precision": """
scores = torch.tanh(self.query(query)[:, None, :] + self.key(keys)) @ self.score.weight[0]
weights = torch.where(mask, scores.float() if scores.dtype == torch.float16 else scores, -torch.inf).softmax(1)
weights = torch.where(mask, weights, torch.zeros_like(weights)).to(keys.dtype)
return (weights[:, None, :] @ keys)[:, 0], weights
""",
    "5.2 rows of nothing left out": """
some = mask.any(dim=1, keepdim=True)
scores = self.score((self.key(keys) + self.query(query[:, None])).tanh()).flatten(1)
weights = nn.functional.softmax(scores.masked_fill(~mask & some, float("-inf")), dim=-1) * some
return (keys * weights[..., None]).sum(-2), weights
""",
    "5.3 named arguments": """
embedded = self.embedding(token)
c, alpha = self.attention(query=state, keys=memory, mask=mask)
new = self.cell(torch.hstack([embedded, c]), hx=state)
of_state, of_context = self.output.weight.split(state.shape[1], dim=1)
return new @ of_state.T + c @ of_context.T + self.output.bias, new, alpha
""",
    "5.9 with a bias": """
q, k, v = (torch.einsum("nld,da->nla", x, w) for w in (w_query, w_key, w_value))
bias = torch.full((x.size(1), x.size(1)), -torch.inf, dtype=x.dtype, device=x.device).triu(1) if causal else 0
weights = torch.softmax((q * w_key.size(-1) ** -0.5) @ k.mT + bias, -1)
return weights @ v, weights
""",
    "5.9 a lowest number": """
L = x.shape[1]
scores = torch.bmm(x @ w_query, (x @ w_key).permute(0, 2, 1)) / torch.tensor(w_query.shape[1]).sqrt().item()
if causal:
    for l in range(L):
        scores[:, l, l + 1 :] = torch.finfo(x.dtype).min
weights = torch.exp(scores.log_softmax(dim=-1))
return torch.bmm(weights, x @ w_value), weights
""",
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, library, name):
    assert failed(course, library, name.split()[0], RIGHT[name]) == []


# near misses: right on ordinary inputs, each fails this check
WRONG = {
    "5.1 cut where all end": ("memory_is_as_wide_as_the_batch", "total_length=src.shape[1]", "total_length=int(lengths.max())"),
    "5.1 zeros by id": ("only_lengths_say_what_is_padding", "return memory",
                        "memory = memory * (src > 0)[..., None]\nreturn memory"),
    "5.1 almost zero": ("memory_is_as_wide_as_the_batch", "batch_first=True, total_length",
                        "batch_first=True, padding_value=1e-8, total_length"),
    "5.1 one sentence without its axis": ("a_single_sentence", "return memory, state", "return memory, state.squeeze(0)"),
    "5.2 almost zero": ("hidden_places_weigh_nothing", "weights.masked_fill(~mask, 0.0)",
                        "weights.masked_fill(~mask, 1e-12) * mask.any(dim=1, keepdim=True)"),
    "5.2 clamped": ("scores_that_lie_far_apart", 'scores = scores.masked_fill', "scores = scores.clamp(-9e3, 9e3).masked_fill"),
    "5.2 a billion": ("attention_in_half_precision", 'float("-inf")', "-1e9"),
    "5.2 no gradient for a row": ("gradients_where_there_is_nowhere_to_look", 'scores.masked_fill(~mask, float("-inf"))',
                                  "scores + torch.where(mask, 0.0, -torch.inf)"),
    "5.2 one place without its axis": ("attention_on_one_place", ".squeeze(-1)", ".squeeze()"),
    "5.3 a state that stays": ("two_sentences_in_turn", "context, weights = self.attention(state, memory, mask)",
                               "state = self.__dict__.setdefault('first', state)\n"
                               "context, weights = self.attention(state, memory, mask)"),
    "5.3 overwritten": ("step_leaves_things_alone", "return logits", "state.detach().copy_(new_state)\nreturn logits"),
    "5.9 a finite score": ("large_scores_ahead", 'float("-inf")', "-1e3"),
    "5.9 causal by itself": ("causal_may_be_left_out", "if causal:", "if causal or x.shape[0] == 3:"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, library, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, library, task, base_of(task).replace(old, new))


def test_torchs_attention_is_forbidden(course):
    for task, line in (("5.2", "nn.functional.scaled_dot_product_attention(query[:, None], keys, keys)"),
                       ("5.2", "nn.MultiheadAttention(4, 1)(query, keys, keys)"),
                       ("5.9", "torch.nn.functional.scaled_dot_product_attention(x, x, x)")):  # fmt: skip
        entry = course.tasks[task]
        source = patched_source(entry, Variant(task, "made here", "", body=f"return {line}"))
        texts = [text for _, text in source]
        found = findings(entry, texts[0] if entry.module else defining(entry.symbol, texts), course)
        assert any(finding.forbidden for finding in found), line


RAISING = {
    "−∞ fits into every float": lambda: torch.zeros(2, dtype=torch.float16).masked_fill(torch.ones(2).bool(), -1e9),
    "alike in every axis but that one": lambda: torch.cat([torch.zeros(2, 3), torch.zeros(3, 3)], dim=1),
    "kept an axis of size 1": lambda: torch.cat([torch.zeros(2, 3), torch.zeros(2, 1, 3)], dim=1),
    "one step of a batch": lambda: nn.GRUCell(3, 4)(torch.zeros(2, 1, 3), torch.zeros(2, 4)),
    "with a state (N, H)": lambda: nn.GRUCell(3, 4)(torch.zeros(2, 3), torch.zeros(1, 2, 4)),
    "total_length is less": lambda: pad_packed_sequence(
        pack_padded_sequence(torch.zeros(1, 3, 4), torch.tensor([3]), batch_first=True), total_length=2
    ),
    "Two masks can't be subtracted": lambda: torch.ones(2).bool() - torch.ones(2).bool(),
}


@pytest.mark.parametrize("said", RAISING)
def test_what_torch_says_is_explained(said):
    with pytest.raises(Exception) as raised:
        RAISING[said]()
    assert said in hint_for_failure(failure_of(raised.value, {}))
