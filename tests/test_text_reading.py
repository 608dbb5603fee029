"""The reference of tasks 3.3, 3.5, 3.6 and 3.8 against torch.nn and loops without padding, and the line that its checks draw."""

from __future__ import annotations

import warnings
from functools import cache

import pytest
import torch
from torch import nn

from grader.checks.kit import checks_of
from grader.compare import agree, close
from grader.engine import props
from grader.engine.cells import run_cells
from grader.engine.values import Array, Seen
from grader.engine.workbench import failure_of
from grader.exceptions import hint_for_failure
from grader.lint import findings
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, sources_of, variant_bench
from solution.text import Embedding, SentimentClassifier, masked_mean

DOUBLE = torch.float64
LENGTHS = [3, 6, 1, 4, 2]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# 3.3


@pytest.mark.parametrize("padding", [0, 2, 5])
@pytest.mark.parametrize("shape", [(), (4,), (3, 5), (2, 3, 2), (0,), (2, 0)])
def test_an_embedding_equals_torchs_and_one_hot_vectors(shape, padding):
    ours, theirs = Embedding(6, 3, padding).double(), nn.Embedding(6, 3, padding).double()
    theirs.load_state_dict({"weight": torch.randn(6, 3, dtype=DOUBLE)})
    ours.load_state_dict(theirs.state_dict())
    ids = torch.randint(6, shape)
    one_hot = nn.functional.one_hot(ids, 6).double()
    torch.testing.assert_close(ours(ids), theirs(ids))
    torch.testing.assert_close(ours(ids), one_hot @ theirs.weight)
    probe = torch.randn(*shape, 3, dtype=DOUBLE)
    grads = [torch.autograd.grad((module(ids) * probe).sum(), module.weight)[0] for module in (ours, theirs)]
    by_hand = torch.einsum("kv,ke->ve", one_hot.reshape(-1, 6), probe.reshape(-1, 3))
    by_hand[padding] = 0
    torch.testing.assert_close(grads, [by_hand, by_hand])


def test_the_padding_of_an_embedding_never_learns():
    module, ids = Embedding(5, 3, 2), torch.randint(5, (4, 6))
    before = module.weight.detach().clone()
    assert not before[2].any() and len(before.unique(dim=0)) == 5
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        module(ids).square().sum().backward()
        optimizer.step()
    assert torch.equal(module.weight[2], before[2])
    assert bool((module.weight[[0, 1, 3, 4]] != before[[0, 1, 3, 4]]).any(dim=1).all())


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 3), "num_embeddings is 0, embedding_dim 3, padding_idx 0: expected sizes of 1 or more"),
        ((4, 0), "embedding_dim 0"),
        ((4, 3, 4), "padding_idx 4: expected .* an id below num_embeddings"),
        ((4, 3, -1), "padding_idx -1"),
    ],
)
def test_an_embedding_refuses_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        Embedding(*sizes)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (torch.zeros(2, 3), TypeError, "ids are torch.float32, expected torch.int64: an id is a whole number"),
        (torch.zeros(2, dtype=torch.bool), TypeError, "ids are torch.bool, expected torch.int64"),
        (torch.tensor([1, 4]), ValueError, "ids run from 1 to 4, expected 0 to 3: num_embeddings is 4"),
        (torch.tensor([-1, 2]), ValueError, "ids run from -1 to 2, expected 0 to 3"),
    ],
)
def test_an_embedding_refuses_ids(ids, error, message):
    with pytest.raises(error, match=message):
        Embedding(4, 3)(ids)


# 3.5

CELLS = ("rnn", "gru", "lstm")


def read_alone(model, ids, lengths) -> torch.Tensor:
    """Each review by itself, cut to its length, so that there is no padding; an empty one gives the head's bias."""
    logits = []
    for row, length in zip(ids, lengths.tolist(), strict=True):
        if length == 0:
            logits.append(model.head.bias[0])
            continue
        x = model.embedding(row[None, :length])
        outputs = model.rnn(x)[0][0]  # (L, directions · H)
        hidden = model.rnn.hidden_size
        state = torch.cat([outputs[-1, :hidden], outputs[0, hidden:]])
        logits.append(model.head(state)[0])
    return torch.stack(logits)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [LENGTHS, [4, 4, 4], [5], [1], [0, 2, 0], [0]])
def test_a_classifier_reads_each_review_as_if_it_were_alone(cell, bidirectional, lengths):
    model = SentimentClassifier(9, 3, 4, cell, bidirectional).double()
    ids, lengths = torch.randint(9, (len(lengths), max(lengths) + 2)), torch.tensor(lengths)
    want = read_alone(model, ids, lengths)
    torch.testing.assert_close(model(ids, lengths), want)
    order = torch.randperm(len(ids))
    torch.testing.assert_close(model(ids[order], lengths[order]), want[order])
    torch.testing.assert_close(model.eval()(ids, lengths), want)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_a_classifier_come_from_the_real_words_alone(cell, bidirectional):
    model = SentimentClassifier(9, 3, 4, cell, bidirectional).double()
    ids, lengths = torch.randint(1, 9, (5, 8)), torch.tensor(LENGTHS)
    ids[torch.arange(8) >= lengths[:, None]] = 8
    ids[ids == 8] = torch.where((torch.arange(8) >= lengths[:, None])[ids == 8], 8, 1)  # id 8 behind the ends alone
    probe, parameters = torch.randn(5, dtype=DOUBLE), list(model.parameters())
    got, want = (
        torch.autograd.grad((logits * probe).sum(), parameters)
        for logits in (model(ids, lengths), read_alone(model, ids, lengths))
    )
    torch.testing.assert_close(got, want)
    assert not got[0][8].any()


def test_a_classifier_changes_nothing_that_it_is_given():
    model, ids, lengths = SentimentClassifier(9, 3, 4), torch.randint(9, (3, 5)), torch.tensor([2, 0, 5])
    kept = ids.clone(), lengths.clone(), torch.get_rng_state()
    model(ids, lengths)
    assert torch.equal(ids, kept[0]) and torch.equal(lengths, kept[1]) and torch.equal(torch.get_rng_state(), kept[2])


@pytest.mark.parametrize("cell", ["transformer", "LSTM", ""])
def test_a_classifier_refuses_other_cells(cell):
    with pytest.raises(ValueError, match=f"cell is '{cell}', expected one of rnn, lstm, gru"):
        SentimentClassifier(9, 3, 4, cell)


BAD_LENGTHS = [
    ([2, 3], r"lengths has shape \(2,\) and type torch.int64, expected \(3,\) and torch.int64: one for each row"),
    ([2.0, 3.0, 1.0], r"type torch.float32, expected \(3,\) and torch.int64"),
    ([2, 6, 1], "lengths run from 1 to 6, expected 0 to 5, as long as the rows are"),
    ([2, -1, 1], "lengths run from -1 to 2, expected 0 to 5"),
]


@pytest.mark.parametrize(("lengths", "message"), BAD_LENGTHS)
def test_lengths_that_do_not_fit_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        SentimentClassifier(9, 3, 4)(torch.zeros(3, 5, dtype=torch.int64), torch.tensor(lengths))
    with pytest.raises(ValueError, match=message):
        masked_mean(torch.zeros(3, 5, 2), torch.tensor(lengths))


# 3.6


@pytest.mark.parametrize("padding", [0.0, 5.0, float("nan"), float("inf")])
@pytest.mark.parametrize("lengths", [LENGTHS, [0, 0], [7], [0, 7, 3]])
def test_a_masked_mean_equals_a_loop(lengths, padding):
    values = torch.randn(len(lengths), 7, 3, 2, dtype=DOUBLE)[..., 0]
    values[torch.arange(7) >= torch.tensor(lengths)[:, None]] = padding
    values.requires_grad_()
    got = masked_mean(values, torch.tensor(lengths))
    rows = [row[:n].mean(dim=0) if n else row.new_zeros(3) for row, n in zip(values, lengths, strict=True)]
    torch.testing.assert_close(got, torch.stack(rows))
    (grad,) = torch.autograd.grad(got.sum(), values)
    want = [[1 / n if step < n else 0.0 for step in range(7)] for n in lengths]
    torch.testing.assert_close(grad, torch.tensor(want, dtype=DOUBLE)[:, :, None].expand(-1, -1, 3))


# 3.8


@cache
def evaluate():
    return run_cells(sources_of("cells3"), "reference")["evaluate"]


def critic(breaks_at: int = 0) -> props.Critic:
    model = props.Critic(6, breaks_at)
    model.weight.data = torch.tensor([1.0, -1.0, 0.0, 2.0, -2.0, 0.5])
    return model


def batches_of(*sizes: int, dtype: torch.dtype = torch.int64) -> list[tuple]:
    return [(torch.randint(6, (n, 4)), torch.randint(1, 5, (n,)), torch.randint(2, (n,)).to(dtype)) for n in sizes]


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32, torch.bool])
@pytest.mark.parametrize("mode", [True, False])
def test_an_evaluation_equals_a_loop(mode, dtype):
    batches, want = batches_of(7, 3, 1, dtype=dtype), [[0, 0], [0, 0]]
    for ids, lengths, labels in batches:
        for row, n, label in zip(ids, lengths, labels, strict=True):
            said = sum(critic().weight[int(word)].item() for word in row[:n]) / int(n)
            want[int(label)][said > 0] += 1
    model = critic().train(mode)
    got = evaluate()(model, (batch for batch in batches))
    assert (got.tolist(), got.dtype, got.device.type) == (want, torch.int64, "cpu")
    assert model.training == mode and props.how_asked(model) == [(False, False)] * 3


@pytest.mark.parametrize("mode", [True, False])
def test_an_evaluation_that_breaks_off_puts_the_mode_back(mode):
    model = critic(2).train(mode)
    with pytest.raises(FloatingPointError, match="broke off"):
        evaluate()(model, batches_of(3, 2, 4))
    assert props.in_training(model) == mode and torch.is_grad_enabled()


def test_training_changes_what_the_critic_says():
    batch = torch.tensor([[0, 1, 4], [3, 4, 4]]), torch.tensor([2, 3])
    model = critic()
    torch.testing.assert_close(model(*batch), torch.tensor([-0.5, -4 / 3]))
    torch.testing.assert_close(model.eval()(*batch), torch.tensor([0.0, -2 / 3]))


# what no finite number is near to


@pytest.mark.parametrize("want", [float("inf"), -float("inf"), float("nan")])
def test_nothing_is_near_to_infinity_but_itself(want):
    others = [value for value in (0.0, 1e30, float("inf"), -float("inf"), float("nan")) if str(value) != str(want)]
    got, wanted = torch.tensor(others), torch.full((4,), want)
    assert not close(got, wanted, "torch.float32").any()
    assert close(wanted, wanted, "torch.float32").all()
    for value in others:
        with pytest.raises(Exception, match="expected"):
            agree(Seen(value), Seen(want))
    agree(Seen(want), Seen(want))
    agree(*(Seen(Array(wanted, (4,), "torch.float32", "cpu")) for _ in range(2)))


# exceptions

INPUTS = torch.zeros(5, 7, 3)
LSTM, HEAD_ = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 1)
TABLE, IDS = nn.Parameter(torch.zeros(9, 3)), torch.zeros(5, 7, dtype=torch.int64)


def packed(**options):
    return nn.utils.rnn.pack_padded_sequence(INPUTS, torch.tensor(LENGTHS), batch_first=True, **options)


RAISED = {
    "unsorted": (packed, "enforce_sorted=False"),
    "a length of 0": (
        lambda: nn.utils.rnn.pack_padded_sequence(INPUTS, torch.zeros(5), True, False),
        "lengths of 1 or more",
    ),
    "lengths elsewhere": (
        lambda: nn.utils.rnn.pack_padded_sequence(INPUTS.to('meta'), torch.ones(5, device='meta'), True),
        "on the CPU",
    ),
    "a packed batch has no shape": (lambda: packed(enforce_sorted=False).shape, "is no tensor"),
    "a packed batch through the head": (lambda: HEAD_(packed(enforce_sorted=False)), "is no tensor"),
    "a packed batch indexed": (lambda: packed(enforce_sorted=False)[:, -1], "indexed as if it were a tensor"),
    "what is not packed is unpacked": (lambda: nn.utils.rnn.pad_packed_sequence(INPUTS, True), "was the batch packed?"),
    "the state through the head": (lambda: HEAD_(LSTM(INPUTS)[1]), "(h, c)"),
    "the state squeezed": (lambda: LSTM(INPUTS)[1].squeeze(0), "A pair or a list"),
    "ids fed to the layer": (lambda: LSTM(IDS[:, :, None].expand(5, 7, 3)), "go through the embedding first"),
    "ids fed as floats": (lambda: LSTM(IDS.float()), "another number of features"),
    "floats looked up": (lambda: nn.functional.embedding(IDS.float(), TABLE), "keep ids int64"),
    "an id too large": (lambda: nn.functional.embedding(IDS + 9, TABLE), "outside of the embedding's table"),
    "floats as places": (lambda: TABLE[IDS.float()], "Places are whole numbers"),
    "floats one-hot": (lambda: nn.functional.one_hot(IDS.float(), 9), "Places are whole numbers"),
    "floats selected by": (lambda: TABLE.index_select(0, IDS.float().flatten()), "Places are whole numbers"),
    "floats counted": (lambda: torch.bincount(INPUTS.flatten()), "Places are whole numbers"),
    "too few classes": (lambda: nn.functional.one_hot(IDS + 9, 9), "number of classes"),
    "two axes selected by": (lambda: TABLE.index_select(0, IDS), "places in one axis"),
    "truth values as places": (
        lambda: torch.zeros(2, 2)[torch.ones(3).bool(), torch.tensor([0, 1, 1])],
        "picks like a mask",
    ),
    "whole numbers as a mask": (lambda: torch.where(IDS, 1.0, 0.0), "a comparison makes one"),
    "whole numbers to fill by": (lambda: INPUTS.masked_fill(IDS[:, :, None], 0), "a comparison makes one"),
    "a mask subtracted": (lambda: 1 - (IDS == 0), "turned around with ~"),
    "a mask negated": (lambda: -(IDS == 0), "turned around with ~"),
    "floats turned around": (lambda: ~INPUTS, "numbers came"),
    "floats into whole numbers": (lambda: torch.zeros(2, dtype=torch.int64).add_(torch.rand(2)), "one dtype"),
    "a mean of whole numbers": (IDS.mean, "to floats first"),
    "no numbers reshaped": (lambda: torch.zeros(0, 3).reshape(2, 0, -1), "give that size itself"),
    "a view of what was turned": (lambda: INPUTS.transpose(0, 1).view(5, -1), "`reshape` copies"),
    "nothing stacked": (lambda: torch.cat([]), "ran not once"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAISED)
def test_an_exception_of_packing_or_indexing_is_explained(name):
    raising, said = RAISED[name]
    with pytest.raises(Exception) as raised:
        raising()
    assert said in hint_for_failure(failure_of(raised.value, {})), raised.value


# lint


FORBIDDEN = [
    "return nn.functional.embedding(ids, self.weight, self.padding_idx)",
    "return torch.embedding(self.weight, ids, self.padding_idx)",
    "import torch.nn.functional as F\n        return F.embedding(ids, self.weight)",
    "from torch.nn.functional import embedding as look_up\n        return look_up(ids, self.weight)",
    "return nn.Embedding.from_pretrained(self.weight, freeze=False, padding_idx=self.padding_idx)(ids)",
    "Table = nn.Embedding\n        return Table(3, 4)(ids)",
    "from torch.nn.modules import Embedding as Table\n        return Table(3, 4)(ids)",
    "from torch.nn.modules.sparse import Embedding as Table\n        return Table(3, 4)(ids)",
    "return nn.functional.embedding_bag(ids, self.weight)",
    "return torch.ops.aten.embedding(self.weight, ids)",
]


def with_forward(line: str) -> str:
    """The reference's module with another body for the embedding's forward."""
    source = dict(sources_of("text"))["solution/text.py"]
    begin, end = source.index("        ### BEGIN SOLUTION 3.3"), source.index("def pad_batch")
    return f"{source[:begin]}        {line}\n\n\n{source[end:]}"


@pytest.mark.parametrize("line", FORBIDDEN)
def test_torchs_embedding_is_found_and_falls_on_its_own_task(course, line):
    text = with_forward(line)
    assert any(finding.forbidden for finding in findings(course.tasks["3.3"], text, course))
    others = [task for task in course.graded if task.module == "text" and task.id != "3.3"]
    assert not any(finding.forbidden for task in others for finding in findings(task, text, course))


def test_a_subclass_of_torchs_embedding_is_found(course):
    source = dict(sources_of("text"))["solution/text.py"].replace(
        "class Embedding(nn.Module)", "class Embedding(nn.Embedding)"
    )
    assert any(finding.forbidden for finding in findings(course.tasks["3.3"], source, course))


@pytest.mark.parametrize("line", [
    "self.embedding = self.weight\n        return self.embedding[ids]",
    "embedding = self.weight\n        return embedding[ids]  # as nn.Embedding does",
    "return nn.functional.one_hot(ids, self.num_embeddings).to(self.weight.dtype) @ self.weight",
    "return self.weight.index_select(0, ids.flatten()).unflatten(0, ids.shape)",
])  # fmt: skip
def test_what_an_embedding_may_use_is_no_offence(course, line):
    assert findings(course.tasks["3.3"], with_forward(line), course) == []


# other right ways

RIGHT = {
    "3.3 one-hot product": """
one_hot = nn.functional.one_hot(ids, self.num_embeddings).to(self.weight.dtype)
mask = torch.ones_like(self.weight)
mask[self.padding_idx] = 0
table = self.weight * mask + (self.weight * (1 - mask)).detach()
return one_hot @ table
""",
    "3.3 index_select": """
flat = ids.reshape(-1)
out = torch.index_select(self.weight, 0, flat)
keep = (flat != self.padding_idx).to(out.dtype)[:, None]
out = out * keep + out.detach() * (1 - keep)
return out.reshape(*ids.shape, self.embedding_dim)
""",
    "3.3 a hook": """
def without_padding(grad):
    grad = grad.clone()
    grad[self.padding_idx] = 0
    return grad
if self.weight.requires_grad and torch.is_grad_enabled():
    self.weight.register_hook(without_padding)
return self.weight[ids]
""",
    "3.3 gather": """
V, E = self.weight.shape
index = ids.flatten().unsqueeze(1).expand(-1, E)
out = self.weight.gather(0, index).view(ids.shape + (E,))
is_pad = ids.eq(self.padding_idx)[..., None].expand_as(out)
return torch.where(is_pad, self.weight.detach()[ids], out)
""",
    "3.3 rows joined": """
w, p = self.weight, self.padding_idx
table = torch.cat([w[:p], w[p : p + 1].detach(), w[p + 1 :]], dim=0)
return table[ids]
""",
    "3.3 take": """
E = self.embedding_dim
place = ids[..., None] * E + torch.arange(E, device=ids.device)
out = torch.take(self.weight, place)
return out.where((ids != self.padding_idx)[..., None], out.detach())
""",
    "3.3 a function of its own": """
padding = self.padding_idx
class LookUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, ids):
        ctx.save_for_backward(ids)
        ctx.rows = len(weight)
        return weight[ids]
    @staticmethod
    def backward(ctx, grad):
        (ids,) = ctx.saved_tensors
        out = grad.new_zeros(ctx.rows, grad.shape[-1])
        out.index_add_(0, ids.reshape(-1), grad.reshape(-1, grad.shape[-1]))
        out[padding] = 0
        return out, None
return LookUp.apply(self.weight, ids)
""",
    "3.3 einsum": """
hot = (ids.unsqueeze(-1) == torch.arange(self.num_embeddings, device=ids.device)).to(self.weight)
pad = torch.arange(self.num_embeddings, device=ids.device) == self.padding_idx
table = torch.where(pad[:, None], self.weight.detach(), self.weight)
return torch.einsum("...v,ve->...e", hot, table)
""",
    "3.3 written into place": """
out = self.weight.detach()[ids].clone()
words = ids != self.padding_idx
out[words] = self.weight[ids[words]]
return out
""",
    "3.3 a plain clone": """
table = self.weight.clone()
table[self.padding_idx] = self.weight[self.padding_idx].detach()
return table[ids].contiguous()
""",
    "3.5 sorted by hand": """
lengths = lengths.cpu()
order = torch.argsort(lengths, descending=True, stable=True)
inverse = torch.empty_like(order)
inverse[order] = torch.arange(len(order))
x = self.embedding(ids[order.to(ids.device)])
packed = pack_padded_sequence(x, lengths[order].clamp(min=1), batch_first=True)
_, state = self.rnn(packed)
if isinstance(state, tuple):
    state = state[0]
h = state.transpose(0, 1).reshape(len(ids), -1)[inverse.to(ids.device)]
return self.head(h)[:, 0]
""",
    "3.5 gathered without packing, backward on reversed rows": """
lengths = lengths.to(ids.device)
n, width = ids.shape
steps = torch.arange(width, device=ids.device)
x = self.embedding(ids)
end = (lengths - 1).clamp(min=0)
def last_of(suffix, x):
    one = type(self.rnn)(self.rnn.input_size, self.rnn.hidden_size, batch_first=True, device="meta")
    weights = {name: getattr(self.rnn, name + suffix) for name, _ in one.named_parameters()}
    outputs = torch.func.functional_call(one, weights, (x,))[0]
    return outputs[torch.arange(n, device=ids.device), end]
states = [last_of("", x)]
if self.rnn.bidirectional:
    back = (end[:, None] - steps).clamp(min=0)
    states.append(last_of("_reverse", self.embedding(ids.gather(1, back))))
last = torch.cat(states, dim=1) * (lengths > 0)[:, None].to(x.dtype)
return self.head(last).squeeze(-1)
""",
    "3.5 row by row": """
logits = []
for row, length in zip(ids, lengths.tolist()):
    _, state = self.rnn(self.embedding(row[: max(length, 1)]).unsqueeze(0))
    h = state[0] if isinstance(self.rnn, nn.LSTM) else state
    logits.append(self.head(h.flatten()))
return torch.cat(logits)
""",
    "3.5 unpacked and gathered": """
H = self.rnn.hidden_size
packed = pack_padded_sequence(self.embedding(ids), torch.clamp(lengths, min=1).to("cpu"), True, False)
outputs, _ = self.rnn(packed)
padded, sizes = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
index = (sizes - 1).to(padded.device)[:, None, None].expand(-1, 1, padded.shape[2])
last = padded.gather(1, index).squeeze(1)
if padded.shape[2] > H:
    last = torch.cat([last[:, :H], padded[:, 0, H:]], dim=-1)
return self.head(last).flatten()
""",
    "3.5 empty rows set aside": """
real = (lengths > 0).nonzero().flatten()
logits = self.head.bias.expand(len(ids)).clone()
if len(real):
    x = self.embedding(ids[real.to(ids.device)])
    packed = pack_padded_sequence(x, lengths[real].cpu(), batch_first=True, enforce_sorted=False)
    state = self.rnn(packed)[1]
    h = state[0] if type(state) is tuple else state
    logits[real.to(ids.device)] = self.head(torch.hstack(list(h))).squeeze(1)
return logits
""",
    "3.5 empty rows get 0": """
n = lengths.cpu()
_, state = self.rnn(pack_padded_sequence(self.embedding(ids), n.masked_fill(n == 0, 1), batch_first=True, enforce_sorted=False))
h = state[0] if isinstance(self.rnn, nn.LSTM) else state
logits = self.head(torch.cat(tuple(h), dim=-1))[..., 0]
return torch.where((n > 0).to(logits.device), logits, torch.zeros_like(logits))
""",
    "3.5 lengths as a list": """
sizes = [max(1, int(n)) for n in lengths]
packed = pack_padded_sequence(self.embedding(ids), sizes, batch_first=True, enforce_sorted=False)
_, hidden = self.rnn(packed)
hidden = hidden if torch.is_tensor(hidden) else hidden[0]
hidden = hidden.permute(1, 0, 2).flatten(1)
return self.head(hidden).view(-1)
""",
    "3.5 time in front": """
self_rnn, n = self.rnn, lengths.cpu().clamp(min=1)
packed = pack_padded_sequence(self.embedding(ids.T), n, enforce_sorted=False)
out, state = self_rnn(packed)
h, *_ = state if isinstance(state, tuple) else (state,)
return (torch.cat([*h], 1) @ self.head.weight.T + self.head.bias).squeeze(1)
""",
    "3.5 pack_sequence of rows": """
rows = [self.embedding(row[: max(1, n)]) for row, n in zip(ids, lengths.tolist())]
packed = nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
h = self.rnn(packed)[1]
h = h[0] if isinstance(h, tuple) else h
return self.head(torch.cat([h[0], h[-1]], dim=1) if len(h) == 2 else h[0]).squeeze(dim=1)
""",
    "3.5 groups of one length": """
out = torch.zeros(len(ids), dtype=self.head.weight.dtype, device=ids.device)
for n in sorted(set(lengths.tolist())):
    rows = (lengths == n).nonzero()[:, 0].to(ids.device)
    _, state = self.rnn(self.embedding(ids[rows, : max(n, 1)]))
    state = state[0] if isinstance(state, tuple) else state
    out = out.index_copy(0, rows, self.head(torch.cat(state.unbind(), 1)).squeeze(1))
return out
""",
    "3.6 where and sum": """
n = lengths.to(values.device)
mask = (torch.arange(values.size(1), device=values.device)[None] < n[:, None]).unsqueeze(-1)
summed = torch.where(mask, values, torch.zeros_like(values)).sum(1)
return summed / n.clamp(min=1).unsqueeze(1)
""",
    "3.6 row by row": """
rows = [row[:n].sum(0) / max(n, 1) for row, n in zip(values, lengths.tolist())]
return torch.stack(rows)
""",
    "3.6 mean of slices": """
out = torch.zeros_like(values[:, 0])
for i, n in enumerate(lengths):
    n = int(n)
    if n > 0:
        out[i] = values[i, :n].mean(dim=0)
return out
""",
    "3.6 weights of the steps": """
n = lengths.to(values.device)
steps = torch.arange(values.shape[1], device=values.device).expand(len(values), -1)
real = steps < n.view(-1, 1)
w = real.to(values.dtype) / n.clamp_min(1).view(-1, 1).to(values.dtype)
return torch.einsum("nl,nlf->nf", w, values.masked_fill(real.logical_not().unsqueeze(2), 0.0))
""",
    "3.6 nan_to_num first": """
n = lengths.to(values.device)[:, None, None]
real = torch.arange(values.shape[1], device=values.device)[None, :, None] < n
total = (values.nan_to_num(0, 0, 0) * real).sum(dim=1)
return total / torch.clamp(n[:, :, 0], min=1)
""",
    "3.6 nansum": """
n = lengths.to(values.device)
real = torch.arange(values.shape[1], device=values.device) < n[:, None]
kept = torch.where(real[..., None], values, torch.nan)
return torch.nansum(kept, dim=1) / torch.where(n > 0, n, 1)[:, None]
""",
    "3.6 bmm": """
n = lengths.to(values.device)
real = torch.arange(values.shape[1], device=values.device)[None] < n[:, None]
kept = values.clone()
kept[~real] = 0
return torch.bmm(real[:, None].to(kept), kept).squeeze(1) / n.clamp(1).to(kept)[:, None]
""",
    "3.6 steps picked and added": """
n = lengths.to(values.device)
real = torch.arange(values.shape[1], device=values.device) < n[:, None]
rows, steps = real.nonzero(as_tuple=True)
total = values.new_zeros(values.shape[0], values.shape[2]).index_add(0, rows, values[rows, steps])
return total / n.clamp(min=1)[:, None]
""",
    "3.6 tril": """
n = lengths.to(values.device)
table = torch.ones(values.shape[1] + 1, values.shape[1], device=values.device).tril(-1).bool()
return values.where(table[n][:, :, None], 0).sum(-2) / n.clamp(min=1).to(values).reshape(-1, 1)
""",
    "3.6 time in front": """
n = lengths.to(values.device)
total = 0
for t, step in enumerate(values.unbind(1)):
    total = total + torch.where((t < n)[:, None], step, 0)
return total / n.masked_fill(n == 0, 1).unsqueeze(-1)
""",
    "3.8 bincount": """
mode = model.training
model.eval()
total = torch.zeros(4, dtype=torch.long)
try:
    with torch.inference_mode():
        for ids, lengths, labels in batches:
            answers = (model(ids, lengths) > 0).long()
            total += torch.bincount(2 * labels.long() + answers, minlength=4).cpu()
finally:
    model.train(mode)
return total.view(2, 2)
""",
    "3.8 decorated": """
@torch.no_grad()
def count():
    c = [[0, 0], [0, 0]]
    for ids, lengths, labels in batches:
        for label, logit in zip(labels, model(ids, lengths)):
            c[int(label)][int(logit.item() > 0)] += 1
    return torch.tensor(c)
before = model.training
try:
    model.eval()
    return count()
finally:
    model.train(before)
""",
    "3.8 probabilities": """
was = model.training
try:
    model.train(False)
    tp = fp = fn = tn = 0
    for batch in batches:
        ids, lengths, labels = batch
        with torch.no_grad():
            said = torch.sigmoid(model(ids, lengths)) > 0.5
        real = labels == 1
        tp += int((said & real).sum())
        fp += int((said & ~real).sum())
        fn += int((~said & real).sum())
        tn += int((~said & ~real).sum())
finally:
    model.train(mode=was)
return torch.tensor([[tn, fp], [fn, tp]], dtype=torch.int64)
""",
    "3.8 index_put": """
was_training = model.training
model.eval()
counts = torch.zeros((2, 2), dtype=torch.long)
try:
    torch.set_grad_enabled(False)
    for ids, lengths, labels in batches:
        answers = model(ids, lengths).gt(0)
        place = labels.long().cpu(), answers.long().cpu()
        counts.index_put_(place, torch.ones(len(labels), dtype=torch.long), accumulate=True)
finally:
    torch.set_grad_enabled(True)
    if was_training:
        model.train()
    else:
        model.eval()
return counts
""",
    "3.8 all together at the end": """
was = model.training
model.eval()
answers, labels = [], []
try:
    with torch.no_grad():
        for ids, lengths, y in batches:
            answers += (model(ids, lengths) > 0).tolist()
            labels += y.tolist()
finally:
    model.train(was)
counts = torch.zeros(2, 2).long()
for y, answer in zip(labels, answers):
    counts[int(y), int(answer)] += 1
return counts
""",
    "3.8 product of one-hot vectors": """
was = model.training
model.eval()
counts = torch.zeros(2, 2)
try:
    with torch.no_grad():
        for ids, lengths, labels in batches:
            hot = lambda v: nn.functional.one_hot(v.long(), 2).float()
            counts = counts + hot(labels).T.cpu() @ hot(model(ids, lengths) > 0).cpu()
finally:
    model.train(was)
return counts.round().long()
""",
    "3.8 a Counter": """
from collections import Counter
training, seen = model.training, Counter()
model.eval()
try:
    with torch.no_grad():
        for ids, lengths, labels in list(batches):
            logits = model(ids, lengths)
            seen.update(zip(labels.int().tolist(), (logits > 0).int().tolist()))
finally:
    model.train(training)
return torch.tensor([[seen[i, j] for j in range(2)] for i in range(2)])
""",
    "3.8 a context manager": """
from contextlib import contextmanager
@contextmanager
def evaluating():
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)
counts = torch.zeros(2, 2, dtype=torch.int64)
with evaluating(), torch.no_grad():
    for ids, lengths, labels in batches:
        yes = model(ids, lengths) > 0
        for i in range(2):
            mine = yes[labels == i]
            counts[i] += torch.tensor([len(mine) - int(mine.sum()), int(mine.sum())])
return counts
""",
    "3.8 histogram": """
was = model.training
model.eval()
codes = []
try:
    with torch.no_grad():
        for ids, lengths, labels in batches:
            codes.append(labels.to(torch.int64).mul(2).add((model(ids, lengths) > 0).to(torch.int64)).cpu())
finally:
    model.train(was)
codes = torch.cat(codes) if codes else torch.empty(0, dtype=torch.int64)
return (codes[:, None] == torch.arange(4)).sum(0).reshape(2, 2)
""",
    "3.8 signs": """
was, model.training = model.training, model.training
model.eval()
n = torch.zeros(2, 2, dtype=torch.int64)
it = iter(batches)
try:
    with torch.no_grad():
        while (batch := next(it, None)) is not None:
            *inputs, y = batch
            z = torch.sign(model(*inputs)).clamp(min=0).bool()
            y = y.bool()
            n[1, 1] += (z * y).sum().item()
            n[0, 1] += (z * ~y).sum().item()
            n[1, 0] += (~z * y).sum().item()
            n[0, 0] += (~z * ~y).sum().item()
finally:
    model.train(was)
return n
""",
}  # fmt: skip


@cache
def library_of(course) -> Live:
    return Live(course, 5)


def failed(course, task: str, body: str) -> list[str]:
    """The checks of the task that this body fails."""
    library, space = library_of(course), course.tasks[task].space
    bench = variant_bench(course.tasks[task], Variant(task, "another", "", body=body))
    with warnings.catch_warnings():  # a mistake may well be one that torch warns of
        warnings.simplefilter("ignore")
        runs = {check.name: run_logged(check, bench, library.get(check), space) for check in checks_of(task)}
    return [check for check, (_, passed) in runs.items() if not passed]


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, name):
    assert failed(course, name.split()[0], RIGHT[name]) == []


# near misses that no bank lists: each fails this check

SAME = "return torch.where(is_padding, vectors.detach(), vectors)"
HEAD = "return self.head(last).squeeze(1)"
MEAN = "return total / number"
KEPT = "kept = values.masked_fill(~mask[:, :, None], 0)"
ASK = "answers = (model(ids, lengths) > 0).long()"
WRONG = {
    "3.3 a row twice as long": ("rows_are_looked_up", SAME, SAME + " * (1 + (ids == 3).unsqueeze(-1))"),
    "3.3 gradient doubled": (
        "gradient_of_the_rows",
        SAME,
        "return torch.where(is_padding, vectors.detach(), 2 * vectors - vectors.detach())",
    ),
    "3.3 gradient halved": (
        "gradient_of_the_rows",
        "self.weight[ids]",
        "((self.weight + self.weight.detach()) / 2)[ids]",
    ),
    "3.3 padding halved": (
        "padding_is_looked_up_as_well",
        SAME,
        "return torch.where(is_padding, vectors.detach() / 2, vectors)",
    ),
    "3.3 part of the padding learns": (
        "padding_gets_no_gradient",
        SAME,
        "return torch.where(is_padding, vectors.detach() + 0.1 * (vectors - vectors.detach()), vectors)",
    ),
    "3.3 the last step never learns": (
        "gradient_of_the_rows",
        "(ids == self.padding_idx)",
        "((ids == self.padding_idx) | (torch.arange(ids.numel(), device=ids.device) == ids.numel() - "
        "1).reshape(ids.shape))",
    ),
    "3.3 one row for a single id": (
        "ids_of_any_shape",
        SAME,
        SAME
        + ".reshape(*ids.shape, -1) if ids.dim() else vectors[None]",
    ),
    "3.3 three axes flattened": (
        "ids_of_any_shape",
        SAME,
        "out = torch.where(is_padding, vectors.detach(), vectors)\nreturn out.flatten(0, -3) if ids.dim() "
        "> 2 else out",
    ),
    "3.3 a random state moved": ("looking_up_leaves_things_alone", "vectors = self", "torch.rand(1)\nvectors = self"),
    "3.3 rounded to float16": (
        "vectors_in_double",
        "self.weight[ids]",
        "self.weight.to(torch.bfloat16).to(self.weight.dtype)[ids]",
    ),
    "3.3 ids sorted": ("rows_are_looked_up", "self.weight[ids]", "self.weight[ids.sort(dim=-1).values]"),
    "3.5 read up to the half": ("logits_of_an_lstm", "lengths.cpu()", "((lengths.cpu() + 1) // 2)"),
    "3.5 first word left out": ("logits_of_an_lstm", "self.embedding(ids)", "self.embedding(ids).roll(-1, 1)"),
    "3.5 c added to h": ("logits_of_an_lstm", "state[0] if", "state[0] + state[1] if"),
    "3.5 right but for GRUs": (
        "logits_of_other_cells",
        HEAD,
        "last = last / 2 if isinstance(self.rnn, nn.GRU) else last\n"
        + HEAD,
    ),
    "3.5 long rows cut off": ("larger_batch_of_reviews", "lengths.cpu()", "lengths.cpu().clamp(max=10)"),
    "3.5 half of the backward state": ("logits_of_two_directions", "h_n[1]]", "h_n[1] / 2]"),
    "3.5 embedding of the padding zeroed": (
        "gradients_of_the_classifier",
        "self.embedding(ids)",
        "nn.functional.embedding(ids.clamp(min=1), self.embedding.weight, scale_grad_by_freq=True)",
    ),
    "3.5 scaled by the length": (
        "logits_of_an_lstm",
        HEAD,
        "return self.head(last).squeeze(1) / lengths.to(last.device).clamp(min=1)",
    ),
    "3.5 the empty row takes its neighbour's": (
        "empty_reviews",
        HEAD,
        "logits = self.head(last).squeeze(1)\nreturn torch.where(lengths.to(last.device) > 0, logits, "
        "logits.roll(1))",
    ),
    "3.5 the empty row gives NaN": (
        "empty_reviews",
        HEAD,
        "logits = self.head(last).squeeze(1)\nreturn logits * lengths.to(logits) / lengths.to(logits)",
    ),
    "3.5 a loss in precision": ("logits_in_double", HEAD, "return self.head(last).float().to(last.dtype).squeeze(1)"),
    "3.5 clipped logits": ("logits_of_an_lstm", HEAD, "return self.head(last).squeeze(1).clamp(-0.3, 0.3)"),
    "3.5 the layer made anew": (
        "lengths_stay_on_the_cpu",
        "embedded = ",
        "_ = torch.zeros(3) + self.head.bias\nembedded = ",
    ),
    "3.6 the first row alone is right": (
        "means_of_the_real_steps",
        MEAN,
        "return (total / number).index_fill(0, torch.arange(1, len(total), device=total.device), 0)",
    ),
    "3.6 the middle of the real steps": (
        "means_of_the_real_steps",
        MEAN,
        "return values[torch.arange(len(values)), lengths // 2]",
    ),
    "3.6 infinity counted": ("means_beside_nan", KEPT, "kept = values.where(mask[:, :, None] | values.isinf(), 0)"),
    "3.6 a gradient behind the end": (
        "gradients_of_the_means",
        MEAN,
        "return total / number + 0 * values.nan_to_num().sum(1) + (values - "
        "values.detach()).nan_to_num().sum(1) * 1e-2",
    ),
    "3.6 half a step for the empty row": (
        "means_of_empty_rows",
        MEAN,
        "return total / number + 0.5 * (lengths.to(total) == 0)[:, None]",
    ),
    "3.6 mean of means": ("means_of_the_real_steps", MEAN, "return ((total / number) + kept.mean(1)) / 2"),
    "3.6 root of the squares": (
        "means_of_the_real_steps",
        "total = kept.sum(dim=1)",
        "total = kept.square().sum(dim=1).sqrt()",
    ),
    "3.6 absolute values": ("means_of_the_real_steps", "total = kept.sum(dim=1)", "total = kept.abs().sum(dim=1)"),
    "3.6 in single precision": (
        "means_in_double",
        "total = kept.sum(dim=1)",
        "total = kept.float().sum(dim=1).to(kept.dtype)",
    ),
    "3.6 numbers drawn": ("averaging_leaves_things_alone", KEPT, "torch.rand(1)\n" + KEPT),
    "3.6 wrong where one feature": ("mean_of_one_row", MEAN, "return total / number if values.shape[2] > 1 else total"),
    "3.8 counted twice": ("counts", "+= 1", "+= 2"),
    "3.8 the first review left out": ("counts_of_one_review", "answers.tolist()):", "answers.tolist()[1:]):"),
    "3.8 no more than thirty": ("counts", "+= 1", "+= counts[label, answer] < 3"),
    "3.8 begins at one": ("counts_of_nothing", "torch.zeros(2, 2,", "torch.ones(2, 2,"),
    "3.8 a threshold of a millionth": ("a_logit_of_zero", "> 0)", "> 1e-5)"),
    "3.8 asked twice, once with gradients": (
        "no_gradients_are_recorded",
        ASK,
        ASK
        + "\n            with torch.enable_grad():\n                model(ids, lengths)",
    ),
    "3.8 parameters nudged": ("mode_is_put_back", ASK, ASK + "\n            next(model.parameters()).add_(1e-3)"),
    "3.8 another exception": (
        "mode_is_put_back_after_an_exception",
        "finally:\n    model.train(was_training)",
        "except Exception as problem:\n    raise ValueError from problem\nfinally:\n    "
        "model.train(was_training)",
    ),
    "3.8 lengths cut to one": ("counts_in_evaluation_mode", "model(ids, lengths)", "model(ids, lengths.clamp(max=1))"),
    "3.8 labels above a half by rounding up": (
        "labels_of_other_types",
        "labels.long().tolist()",
        "[y if type(y) is int else int(not y) for y in labels.tolist()]",
    ),
    "3.8 a NumPy array": ("counts", "return counts", "return counts.numpy()"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, task, base_of(task).replace(old, new))
