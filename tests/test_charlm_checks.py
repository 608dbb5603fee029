"""Where the checks of tasks 4.1 to 4.4 and 4.7 draw the line: other right ways pass all of them, near misses fail one."""

from __future__ import annotations

import pytest
import torch

from grader.calls import written
from grader.checks.kit import checks_of
from grader.checks.streams import Streams, as_many, goes_on, in_a_row, no_place_twice, one_later
from grader.compare import Mismatch, agree
from grader.engine import props
from grader.engine.values import Array, Call, Failure, Handle, Opaque, Seen
from grader.entries import list_clause, text_clause
from grader.exceptions import hint_for_failure
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, variant_bench


@pytest.fixture(scope="module")
def library(course):
    return Live(course, 11)


def failed(course, library, task: str, body: str) -> list[str]:
    entry = course.tasks[task]
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return [check.name for check in checks_of(task) if not run_logged(check, bench, library.get(check), entry.space)[1]]


def region(part: str, text: str) -> str:
    """The base of 4.1's bank with another body for one of its methods."""
    first, *rest = base_of("4.1").split("### in ")
    return first + "".join(
        f"### in {part}\n{text}\n" if piece.startswith(part) else f"### in {piece}" for piece in rest
    )


# other right ways

BUILD = {
    "dict.fromkeys": "return cls(sorted(dict.fromkeys(text)))",
    "a loop": "seen = []\nfor c in text:\n    if c not in seen:\n        seen.append(c)\nseen.sort()\nreturn cls(seen)",
    "a tuple": "return cls(tuple(sorted({*text})))",
    "a generator": "return cls(c for c in sorted(frozenset(text)))",
    "one text": 'return cls("".join(sorted(set(text))))',
    "counted": "from collections import Counter\nreturn CharVocabulary(sorted(Counter(text)))",
    "by code point": "return cls(map(chr, sorted(set(map(ord, text)))))",
}
ENCODE = {
    "KeyError made a ValueError": """
try:
    return [self.index[c] for c in text]
except KeyError as problem:
    raise ValueError(f"unknown character {problem}") from None
""",
    "all strangers in a list": """
strangers = sorted(set(text) - set(self.index))
if strangers:
    raise ValueError(f"not in the vocabulary: {strangers}")
return list(map(self.index.get, text))
""",
    "own class of exception": """
class UnknownCharacter(ValueError):
    pass
for place, c in enumerate(text):
    if self.index.get(c) is None:
        raise UnknownCharacter("at " + str(place) + ": " + repr(c))
return [self.index[c] for c in text]
""",
    "by places in the list": """
def number(c):
    if c not in self.characters:
        raise ValueError(c, "is not known")
    return self.characters.index(c)
return [number(c) for c in text]
""",
    "with the whole vocabulary": """
ids = []
for c in text:
    number = self.index.get(c, -1)
    if number < 0:
        raise ValueError("%r is none of %s" % (c, "".join(self.characters)))
    ids += [number]
return ids
""",
    "bisect": """
from bisect import bisect_left
out = []
for c in text:
    at = bisect_left(self.characters, c)
    if at == len(self.characters) or self.characters[at] != c:
        raise ValueError(f"{c!r}?")
    out.append(at)
return out
""",
}
DECODE = {
    "entries of a tensor": 'return "".join(self.characters[i] for i in ids)',
    "int of each": 'text = ""\nfor i in ids:\n    text += self.characters[int(i)]\nreturn text',
    "map": 'return "".join(map(self.characters.__getitem__, torch.as_tensor(ids, dtype=torch.long).tolist()))',
    "the index turned round": """
back = {number: c for c, number in self.index.items()}
return "".join([back[int(number)] for number in list(ids)])
""",
    "NumPy": """
import numpy as np
return "".join(np.array(self.characters)[np.asarray(ids, dtype=np.int64)].tolist())
""",
    "by its type": """
if torch.is_tensor(ids):
    return self.decode(ids.tolist())
return str().join(self.characters[i] for i in ids)
""",
}
STREAMS = {
    "view and unbind": """
chunks = (ids.numel() - 1) // (batch_size * length)
if not chunks:
    raise ValueError("too short")
used = chunks * batch_size * length
x = ids[:used].view(batch_size, chunks, length)
y = ids[1 : used + 1].view(batch_size, chunks, length)
return list(zip(x.unbind(1), y.unbind(1)))
""",
    "a generator": """
if len(ids) <= batch_size * length:
    raise ValueError("too short")
row = (len(ids) - 1) // batch_size
starts = [i * row for i in range(batch_size)]
for k in range(row // length):
    x = torch.stack([ids[s + k * length : s + (k + 1) * length] for s in starts])
    y = torch.stack([ids[s + k * length + 1 : s + (k + 1) * length + 1] for s in starts])
    yield x, y
""",
    "rows over the whole text": """
n = (len(ids) - 1) // batch_size
k = n // length
if k == 0:
    raise ValueError
x = ids[: n * batch_size].reshape(batch_size, n)
y = ids[1 : n * batch_size + 1].reshape(batch_size, n)
return [[x[:, i * length : (i + 1) * length], y[:, i * length : (i + 1) * length]] for i in range(k)]
""",
    "the beginning dropped": """
k = (len(ids) - 1) // (batch_size * length)
if k < 1:
    raise ValueError("no")
x = ids[-1 - k * batch_size * length : -1].reshape(batch_size, -1)
y = ids[-k * batch_size * length :].reshape(batch_size, -1)
return tuple((x[:, i : i + length].clone(), y[:, i : i + length].clone()) for i in range(0, k * length, length))
""",
    "rows in another order": """
k = (len(ids) - 1) // (batch_size * length)
if k < 1:
    raise ValueError("no")
x, y = (ids[s : s + k * batch_size * length].reshape(batch_size, -1).flip(0) for s in (0, 1))
return zip(x.split(length, 1), y.split(length, 1))
""",
    "by places": """
k = (len(ids) - 1) // (batch_size * length)
if k < 1:
    raise ValueError("no")
row = torch.arange(batch_size, device=ids.device)[:, None] * k * length
out = []
for i in range(k):
    at = row + torch.arange(i * length, (i + 1) * length, device=ids.device)
    out.append((ids[at], ids[at + 1]))
return iter(out)
""",
    "one more in each piece": """
k = (len(ids) - 1) // (batch_size * length)
if k < 1:
    raise ValueError("no")
pieces = ids.unfold(0, length + 1, length)[: k * batch_size].unflatten(0, (batch_size, k))
return [(p[:, :-1], p[:, 1:]) for p in pieces.unbind(1)]
""",
    "a class": """
class Stream:
    def __init__(self):
        self.k = (len(ids) - 1) // (batch_size * length)
        if self.k < 1:
            raise ValueError("no")
    def __len__(self):
        return self.k
    def __iter__(self):
        rows = ids[: self.k * batch_size * length + 1]
        x, y = rows[:-1].reshape(batch_size, -1), rows[1:].reshape(batch_size, -1)
        for i in range(self.k):
            yield x[:, i * length : (i + 1) * length], y[:, i * length : (i + 1) * length]
return Stream()
""",
    "a loader": """
k = (len(ids) - 1) // (batch_size * length)
if k < 1:
    raise ValueError("no")
x, y = (ids[s : s + k * batch_size * length].reshape(batch_size, k, length).transpose(0, 1).flatten(0, 1) for s in (0, 1))
return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=batch_size, shuffle=False)
""",
    "tensors all the way": """
k = (len(ids) - 1) // (batch_size * length)
if k < 1:
    raise ValueError("no")
x, y = (ids[s : s + k * batch_size * length].reshape(batch_size, k, length).transpose(0, 1) for s in (0, 1))
return torch.stack([x, y], dim=1)
""",
    "lists of numbers made tensors": """
text, n, m = [int(i) for i in ids], batch_size, length
k = (len(text) - 1) // (n * m)
if k <= 0:
    raise ValueError(f"{len(text)} characters")
rows = [text[i * k * m : (i + 1) * k * m + 1] for i in range(n)]
make = lambda part: torch.tensor(part, dtype=torch.long, device=ids.device)
return [(make([r[j * m : j * m + m] for r in rows]), make([r[j * m + 1 : j * m + m + 1] for r in rows])) for j in range(k)]
""",
}
MODEL = {
    "in one line": "outputs, new = self.rnn(self.embedding(ids), state)\nreturn self.head(outputs), new",
    "without None": """
x = self.embedding(ids)
out, (h, c) = self.rnn(x) if state is None else self.rnn(x, state)
return self.head(out), (h, c)
""",
    "zeros of its own": """
if state is None:
    zeros = self.head.weight.new_zeros(self.rnn.num_layers, ids.shape[0], self.rnn.hidden_size)
    state = (zeros, zeros.clone())
out, state = self.rnn(self.embedding(ids), (state[0], state[1]))
return self.head(out), state
""",
    "a list": "out, state = self.rnn(self.embedding(ids), state)\nreturn [self.head(out), list(state)]",
    "head on flat outputs": """
out, state = self.rnn(self.embedding(ids), state)
flat = self.head(out.reshape(-1, out.shape[-1]))
return flat.view(*ids.shape, -1), state
""",
    "F.linear": """
out, state = self.rnn(nn.functional.embedding(ids, self.embedding.weight), state)
return nn.functional.linear(out, self.head.weight, self.head.bias), state
""",
    "one-hot": """
hot = nn.functional.one_hot(ids, self.embedding.num_embeddings).to(self.embedding.weight.dtype)
out, state = self.rnn(hot @ self.embedding.weight, state)
return out @ self.head.weight.T + self.head.bias, state
""",
    "einsum": """
out, state = self.rnn(self.embedding.weight[ids], state)
return torch.einsum("nlh,vh->nlv", out, self.head.weight) + self.head.bias, (state[0], state[1])
""",
    "step by step": """
outs = []
for t in range(ids.size(1)):
    out, state = self.rnn(self.embedding(ids[:, t : t + 1]), state)
    outs.append(self.head(out))
return torch.cat(outs, dim=1), state
""",
    "time in front": """
out, state = self.rnn(self.embedding(ids.T).transpose(0, 1).contiguous(), state)
return self.head(out.transpose(0, 1)).transpose(0, 1), state
""",
}
CHUNK = {
    "zeroed first": """
optimizer.zero_grad(set_to_none=False)
state = None if state is None else (state[0].detach(), state[1].detach())
logits, (h, c) = model(x, state)
loss = torch.nn.CrossEntropyLoss()(logits.transpose(1, 2), y)
loss.backward()
torch.nn.utils.clip_grad_norm_(list(model.parameters()), max_norm=max_norm)
optimizer.step()
return float(loss.detach()), (h.detach(), c.detach())
""",
    "a list of two": """
if state is not None:
    state = [s.detach() for s in state]
out, new = model(x, state)
loss = nn.functional.cross_entropy(out.reshape(-1, out.size(-1)), y.reshape(-1))
for p in model.parameters():
    p.grad = None
loss.backward()
nn.utils.clip_grad_norm_(model.parameters(), max_norm)
optimizer.step()
return loss.tolist(), [s.detach() for s in new]
""",
    ".data": """
if state:
    state = tuple(s.data for s in state)
logits, state = model(x, state)
logp = logits.log_softmax(-1)
loss = -logp.gather(-1, y.unsqueeze(-1)).mean()
model.zero_grad()
loss.backward()
nn.utils.clip_grad_norm_(model.parameters(), max_norm)
optimizer.step()
return loss.detach().cpu().item(), tuple(s.data for s in state)
""",
    "detached in place": """
if state is not None:
    for s in state:
        s.detach_()
logits, state = model(x, state)
loss = nn.functional.nll_loss(logits.log_softmax(dim=2).flatten(0, 1), y.flatten())
optimizer.zero_grad()
loss.backward()
nn.utils.clip_grad_norm_(model.parameters(), max_norm)
optimizer.step()
for s in state:
    s.detach_()
return loss.item(), state
""",
    "clipped by hand": """
import math
if state is not None:
    h, c = state
    state = h.detach(), c.detach()
logits, (h, c) = model(x, state)
loss = -torch.distributions.Categorical(logits=logits).log_prob(y).mean()
optimizer.zero_grad()
loss.backward()
grads = [p.grad for p in model.parameters() if p.grad is not None]
norm = math.sqrt(sum(float((g.double() ** 2).sum()) for g in grads))
if norm > max_norm:
    for g in grads:
        g.mul_(max_norm / norm)
optimizer.step()
with torch.no_grad():
    state = h.clone(), c.clone()
return loss.item(), state
""",
    "cleared at both ends": """
optimizer.zero_grad()
logits, state = model(x, state and tuple(torch.Tensor.detach(s) for s in state))
loss = nn.functional.cross_entropy(logits.view(-1, logits.shape[2]), y.reshape(-1))
loss.backward()
torch.nn.utils.clip_grad_norm_((p for p in model.parameters()), max_norm)
optimizer.step()
optimizer.zero_grad()
return loss.item(), tuple(s.detach().clone() for s in state)
""",
    "torch.autograd.grad": """
state = state if state is None else tuple(s.detach() for s in state)
logits, state = model(x, state)
loss = torch.stack([nn.functional.cross_entropy(l, t) for l, t in zip(logits, y)]).mean()
params = list(model.parameters())
for p, g in zip(params, torch.autograd.grad(loss, params)):
    p.grad = g
nn.utils.clip_grad_norm_(params, max_norm)
optimizer.step()
return loss.item(), tuple(s.detach() for s in state)
""",
    "a closure": """
state = None if state is None else tuple(s.detach() for s in state)
out = {}
def closure():
    optimizer.zero_grad()
    logits, out["state"] = model(x, state)
    out["loss"] = nn.functional.cross_entropy(logits.flatten(0, -2), y.flatten())
    out["loss"].backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    return out["loss"]
optimizer.step(closure)
return out["loss"].item(), tuple(s.detach() for s in out["state"])
""",
    "the state after a second look without a graph": """
state = None if state is None else tuple(s.detach() for s in state)
with torch.no_grad():
    _, new = model(x, state)
logits, _ = model(x, state)
loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
optimizer.zero_grad()
loss.backward()
nn.utils.clip_grad_norm_(model.parameters(), max_norm)
optimizer.step()
return loss.item(), new
""",
    "a number of NumPy's that is a float": """
import numpy as np
state = None if state is None else tuple(s.detach() for s in state)
logits, state = model(x, state)
loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum") / y.numel()
optimizer.zero_grad()
loss.backward()
nn.utils.clip_grad_norm_(model.parameters(), max_norm, error_if_nonfinite=True)
optimizer.step()
return np.float64(loss.item()), tuple(s.detach() for s in state)
""",
}
BITS = {
    "log2 of e": "return nats * math.log2(math.e)",
    "np": "import numpy as np\nreturn nats / float(np.log(2))",
    "by type": """
if torch.is_tensor(nats):
    return nats / torch.log(torch.tensor(2.0, dtype=nats.dtype))
return nats / math.log(2)
""",
    "of a tensor with item": "return nats / torch.log(torch.tensor(2.0, dtype=torch.float64)).item()",
    "the constant": "return nats / 0.6931471805599453",
    "the other constant": "return 1.4426950408889634 * nats",
    "torch.div": "return torch.div(nats, math.log(2.0)) if isinstance(nats, torch.Tensor) else float(nats) / math.log(2.0)",
    "log1p": "ln2 = math.log1p(1)\nreturn nats / ln2",
    "log2 of the perplexity": "return math.log2(math.exp(nats)) if isinstance(nats, float) else torch.log2(torch.exp(nats))",
    "numpy's own float": """
import numpy as np
return nats / math.log(2) if torch.is_tensor(nats) else np.float64(nats) / np.log(2)
""",
    "multiplied by the inverse": "per_nat = 1 / math.log(2)\nreturn nats * per_nat",
}
RIGHT = {
    **{f"4.1 build {name}": ("4.1", "build", body) for name, body in BUILD.items()},
    **{f"4.1 encode {name}": ("4.1", "encode", body) for name, body in ENCODE.items()},
    **{f"4.1 decode {name}": ("4.1", "decode", body) for name, body in DECODE.items()},
    **{f"{task} {name}": (task, "", body) for task, bodies in
       (("4.2", STREAMS), ("4.3", MODEL), ("4.4", CHUNK), ("4.7", BITS)) for name, body in bodies.items()},
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, library, name):
    task, part, body = RIGHT[name]
    assert failed(course, library, task, region(part, body) if part else body) == []


# near misses: each fails this check

WRONG = {
    "4.1 one character of two left out": ("number_of_characters", "set(text)", "set(text) - {'A'}"),
    "4.1 casefold": (
        "capitals_have_ids_of_their_own",
        "set(text)",
        "{c if c.isupper() else c.casefold() for c in text} - {'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'K', 'L', 'M'}",
    ),
    "4.1 NFD": ("characters_of_any_alphabet", "set(text)", "set(__import__('unicodedata').normalize('NFD', text))"),
    "4.1 sorted by bytes of UTF-16": (
        "characters_of_any_alphabet",
        "sorted(set(text))",
        "sorted(set(text), key=lambda c: c.encode('utf-16-be'))",
    ),
    "4.1 printable alone": ("blanks_are_characters", "set(text)", "{c for c in text if c.isprintable()}"),
    "4.1 universal line ends": (
        "there_and_back",
        "for character in text:\n",
        "for character in text.replace('\\r', '\\n'):\n",
    ),
    "4.1 an empty text is an error": ("another_text_as_ids", "ids = []\n", "ids = []\nassert text\n"),
    "4.1 an empty list is an error": ("ids_as_text", "if isinstance(ids", "assert len(ids)\nif isinstance(ids"),
    "4.1 tensors of one squeezed": ("a_tensor_as_text", "ids = ids.tolist()", "ids = ids.squeeze().tolist()"),
    "4.1 the last of the strangers goes by": (
        "unknown_characters",
        "if character not in self.index:",
        "if character not in self.index and character != '\\u200b':",
    ),
    "4.1 repr of the id": ("unknown_characters", "{character!r}", "{ord(character)!r}"),
    "4.1 LookupError": ("unknown_characters", "ValueError", "LookupError"),
    "4.1 a default of the class": (
        "two_vocabularies",
        "return cls(sorted(set(text)))",
        "made = cls(sorted(set(text)))\ncls.index = cls.__dict__.get('index', made.index)\n"
        "made.__dict__.pop('index')\nreturn made",
    ),
    "4.1 a list of truths": (
        "another_text_as_ids",
        "ids.append(self.index[character])",
        "ids.append(self.index[character] if self.index[character] > 1 else bool(self.index[character]))",
    ),
    "4.2 from the second id on": (
        "number_of_chunks",
        "chunks = (len(ids) - 1)",
        "ids = ids[1:]\nchunks = (len(ids) - 1)",
    ),
    "4.2 three chunks at most": ("rows_go_on", "range(0, row, length)", "(0, *range(2 * length, row, length))"),
    "4.2 IndexError": ("text_that_is_too_short", "ValueError", "IndexError"),
    "4.2 one row fits always": ("one_row", "chunks = ", "chunks = 1 if batch_size == 1 else "),
    "4.2 sorted": ("rows_are_stretches", "row = chunks", "ids = ids.sort().values\nrow = chunks"),
    "4.2 the ids plus one": (
        "targets_come_one_later",
        "y = ids[1 : batch_size * row + 1].reshape(batch_size, row)",
        "y = x + 1",
    ),
    "4.2 a generator is drawn from": ("streaming_leaves_things_alone", "batches = []", "batches = []\ntorch.rand(1)"),
    "4.2 rows of the last chunk swapped": (
        "rows_go_on",
        "return batches",
        "return [*batches[:-1], tuple(part.roll(1, 0) for part in batches[-1])]",
    ),
    "4.2 the last target wrong": (
        "targets_come_one_later",
        "return batches",
        "batches[-1][1].data = batches[-1][1].clone()\nbatches[-1][1][-1, -1] = ids[0]\nreturn batches",
    ),
    "4.2 the first row twice": (
        "rows_share_nothing",
        "return batches",
        "return [tuple(torch.cat([part[:1], part[:-1]]) for part in pair) for pair in batches]",
    ),
    "4.2 a tuple of three": (
        "rows_are_stretches",
        "y[:, start : start + length]))",
        "y[:, start : start + length], start))",
    ),
    "4.2 too short by a chunk": (
        "number_of_chunks",
        "return batches",
        "return batches if len(batches) != 2 else batches[:1]",
    ),
    "4.3 float32 inside": (
        "model_in_double",
        "logits = self.head(outputs)",
        "logits = self.head(outputs.float().to(outputs.dtype))",
    ),
    "4.3 clamped": ("logits_and_state", "logits = self.head(outputs)", "logits = self.head(outputs).clamp(min=-0.3)"),
    "4.3 centred": (
        "logits_and_state",
        "return logits, state",
        "return logits - logits.mean(-1, keepdim=True), state",
    ),
    "4.3 the largest taken off": (
        "logits_and_state",
        "return logits, state",
        "return logits - logits.amax(-1, keepdim=True), state",
    ),
    "4.3 c detached": (
        "gradients_through_the_state",
        "return logits, state",
        "return logits, (state[0], state[1].detach())",
    ),
    "4.3 head's bias detached": (
        "gradients_of_the_model",
        "self.head(outputs)",
        "nn.functional.linear(outputs, self.head.weight, self.head.bias.detach())",
    ),
    "4.3 state of the first layer alone": (
        "several_layers",
        "self.rnn(x, state)",
        "self.rnn(x, state and tuple(torch.cat([p[:1], 0 * p[1:]]) for p in state))",
    ),
    "4.3 parameters moved a little": (
        "model_leaves_things_alone",
        "return logits",
        "self.head.bias.data += 1e-3\nreturn logits",
    ),
    "4.3 eval inside": ("model_leaves_things_alone", "x = self.embedding", "self.eval()\nx = self.embedding"),
    "4.3 no state for one row": (
        "one_row_and_one_step",
        "self.rnn(x, state)",
        "self.rnn(x, state if len(ids) > 1 else None)",
    ),
    "4.3 noise in training": (
        "model_answers_alike_in_both_modes",
        "return logits, state",
        "return logits + (0.1 if self.training else 0), state",
    ),
    "4.4 a graph on h alone": (
        "state_has_no_graph",
        "return loss.item(), tuple(part.detach() for part in state)",
        "return loss.item(), (state[0], state[1].detach())",
    ),
    "4.4 a state with an axis for layers alone": (
        "model_with_another_state",
        "    state = tuple(part.detach() for part in state)\noptimizer",
        "    state = tuple(part.detach().view(1, len(x), -1) for part in state)\noptimizer",
    ),
    "4.4 SGD alone": (
        "chunks_in_a_row_with_adam",
        "optimizer.step()",
        "torch.optim.SGD(model.parameters(), lr=optimizer.param_groups[0]['lr']).step()",
    ),
    "4.4 a rate of its own": (
        "step_without_clipping",
        "optimizer.step()",
        "optimizer.param_groups[0]['lr'] *= 0.9\noptimizer.step()",
    ),
    "4.4 a little too long": ("step_with_clipping", "max_norm)", "1.01 * max_norm)"),
    "4.4 clips to 0.5 at most": ("step_without_clipping", "max_norm)", "min(max_norm, 0.1))"),
    "4.4 the first state forgotten": (
        "state_from_before_is_read",
        "optimizer.zero_grad()\n",
        "optimizer.zero_grad()\nstate = state if optimizer.state else None\n",
    ),
    "4.4 always four steps": (
        "chunk_of_one_step",
        "y.reshape(-1))\n",
        "y.reshape(-1), reduction='sum') / (4 * len(x))\n",
    ),
    "4.4 float32 on the way": (
        "chunks_in_double",
        "tuple(part.detach() for part in state)\noptimizer",
        "tuple(part.detach().float() for part in state)\noptimizer",
    ),
    "4.4 the state scaled where it came in": (
        "no_gradient_for_the_state_that_came_in",
        "if state is not None:\n",
        "if state is not None:\n    with torch.no_grad():\n        state[0].mul_(1.5)\n        state[0].div_(1.4)\n",
    ),
    "4.4 train and back": (
        "chunk_is_read_in_the_mode_that_it_finds",
        "logits, state = model(x, state)",
        "mode = model.training\nmodel.train()\nlogits, state = model(x, state)\nmodel.train(mode)",
    ),
    "4.4 the embedding frozen": (
        "step_without_clipping",
        "optimizer.step()",
        "model.embedding.weight.grad.zero_()\noptimizer.step()",
    ),
    "4.4 three parts": (
        "loss_before_the_step",
        "return loss.item(), tuple(part.detach() for part in state)",
        "return loss.item(), *(part.detach() for part in state)",
    ),
    "4.7 1.44": ("bits_of_a_float", "nats / math.log(2)", "nats * 1.44"),
    "4.7 0.6931 in double": ("bits_in_double", "math.log(2)", "0.693147"),
    "4.7 0 is special": (
        "bits_of_known_losses",
        "return nats / math.log(2)",
        "return nats / math.log(2) if torch.is_tensor(nats) or nats else 1.0",
    ),
    "4.7 absolute rounding": (
        "bits_of_a_float",
        "return nats / math.log(2)",
        "return nats / math.log(2) if torch.is_tensor(nats) else round(nats / math.log(2), 3)",
    ),
    "4.7 a float of a tensor without axes": (
        "bits_of_a_tensor",
        "return nats / math.log(2)",
        "return (nats / math.log(2)).item() if torch.is_tensor(nats) and nats.dim() == 0 else nats / math.log(2)",
    ),
    "4.7 flattened": (
        "bits_of_a_tensor",
        "return nats / math.log(2)",
        "return nats.flatten() / math.log(2) if torch.is_tensor(nats) else nats / math.log(2)",
    ),
    "4.7 numbers of NumPy's single precision": (
        "bits_of_a_float",
        "return nats / math.log(2)",
        "import numpy as np\nreturn nats / math.log(2) if torch.is_tensor(nats) else np.float32(nats / math.log(2))",
    ),
    "4.7 made anew": (
        "gradient_of_the_bits",
        "return nats / math.log(2)",
        "return torch.tensor((nats / math.log(2)).tolist(), dtype=nats.dtype) if "
        "torch.is_tensor(nats) else nats / math.log(2)",
    ),
    "4.7 made double": (
        "bits_of_a_tensor",
        "return nats / math.log(2)",
        "return nats.double() / math.log(2) if torch.is_tensor(nats) else nats / math.log(2)",
    ),
    "4.7 an array": (
        "bits_of_a_tensor",
        "return nats / math.log(2)",
        "return nats.detach().numpy() / math.log(2) if torch.is_tensor(nats) else nats / math.log(2)",
    ),
    "4.7 made again in place": (
        "bits_leave_things_alone",
        "return nats / math.log(2)",
        "return nats.detach().div_(math.log(2)).clone() if torch.is_tensor(nats) and not "
        "nats.requires_grad else nats / math.log(2)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, library, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, library, task, base_of(task).replace(old, new))


# what is said


def array(rows) -> Array:
    data = torch.tensor(rows)
    return Array(data, tuple(data.shape), str(data.dtype), "cpu")


IDS = list(range(10, 23))  # thirteen: two rows and three steps twice
X = [[[10, 11, 12], [16, 17, 18]], [[13, 14, 15], [19, 20, 21]]]
Y = [[[11, 12, 13], [17, 18, 19]], [[14, 15, 16], [20, 21, 22]]]


def found(x=X, y=Y) -> Streams:
    return Streams(Seen([(array(one), array(other)) for one, other in zip(x, y, strict=True)]), IDS, 2, 3)


def test_what_is_right_is_let_pass():
    for judge in (as_many, in_a_row, goes_on, one_later, no_place_twice):
        judge(found())


@pytest.mark.parametrize(
    ("judge", "streams", "said"),
    [
        (as_many, found(X[:1], Y[:1]), "there is 1 chunk, expected 2: (T − 1) // (N · L) = 12 // (2 · 3)"),
        (as_many, Streams(Seen(5), IDS, 2, 3), "the result is 5, expected something to go through with a loop, of pairs (x, y)"),
        (as_many, Streams(Seen(Opaque("set")), IDS, 2, 3), "the result is set, expected something to go through with a loop"),
        (as_many, Streams(Seen([(array(X[0]),)]), IDS, 2, 3),
         "chunk 0 is a tuple of 1 (a tensor of shape (2, 3) and type int64), expected a pair (x, y) of tensors"),
        (as_many, Streams(Seen(failure=Failure("KeyError", "0")), IDS, 2, 3), "KeyError: 0"),
        (in_a_row, found(torch.tensor(X).flip(2).tolist()),
         "in x of chunk 0, row 0, place 2 of the text is followed by place 1, expected 3: a row is a stretch of the text"),
        (in_a_row, found(torch.tensor(X).mT.tolist()), "x of chunk 0 has shape (3, 2), expected (N, L) = (2, 3)"),
        (in_a_row, found([[[0.5] * 3] * 2]*2), "x of chunk 0 has type float32, expected int64"),
        (in_a_row, found([X[0], [[13, 14, 99], [19, 20, 21]]]), "x of chunk 1 holds 99, which is no id of the text"),
        (in_a_row, Streams(Seen([("a", "b")]), IDS, 2, 3), "x of chunk 0 is 'a', expected a tensor of shape (2, 3)"),
        (goes_on, found(X[::-1], Y[::-1]),
         "x of chunk 0, row 0 ends at place 5 of the text, and the same row of chunk 1 begins at place 0, expected 6"),
        (one_later, found(X, X),
         "at [0, 0] of chunk 0, x holds place 0 of the text and y place 0, expected 1: y comes one later"),
        (no_place_twice, found([X[0], X[0]]),
         "place 0 of the text stands in x of chunk 0, row 0, and again in chunk 1, row 0: no two rows share a place"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_streams_is_said(judge, streams, said):
    with pytest.raises(Mismatch) as caught:
        judge(streams)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("got", "want", "clause"),
    [
        ("cba", "abc", "it is right, but turned round: the last character comes first"),
        ("ABC", "aBc", "it agrees but for capitals"),
        ("a b c", "abc", "it is right but for ' ' between all characters"),
        ("abc", " abc\n", "it agrees but for blanks at its ends"),
        ("ab", "a\nb", "it is right but lacks every '\\n'"),
        ("a0b1", "ab", "it is right but for every '0' and '1'"),
        ("aab", "ab", ""),
        ("xyz", "abc", ""),
    ],
)
def test_the_nearest_text(got, want, clause):
    assert text_clause(got, want) == clause


def test_ids_that_are_a_multiple():
    assert list_clause([0, 5, 10], [0, 1, 2]) == "every entry is 5 times what it should be"
    assert list_clause([0, 5, 9], [0, 1, 2]) == list_clause([0, 0], [1, 2]) == ""


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ("a" * 70, "it goes on with 'a' at [69], expected 'b'"),
        ("a" * 69, "it goes on with nothing more at [69], expected 'b'; it has 69 characters, expected 70"),
        ("x", "it goes on with 'x' at [0], expected 'aaaaaaaaaaaaaaaaaaaa'; it has 1 characters, expected 70"),
        (7, "it is 7, expected '"),
    ],
)
def test_long_texts_are_told_by_their_first_difference(got, said):
    with pytest.raises(Mismatch) as caught:
        agree(Seen(got), Seen("a" * 69 + "b"), "it")
    assert str(caught.value).startswith(said)
    agree(Seen("a" * 70), Seen("a" * 70))


# what is built for the checks


def test_a_model_for_chunks():
    torch.manual_seed(0)
    ids = torch.randint(5, (2, 3))
    plain, thinned, flat = (props.ChunkLM(5, 2, 4, *kind) for kind in ((), (True,), (False, True)))
    for other in (thinned, flat):
        other.load_state_dict(plain.state_dict())
    logits, state = plain(ids)
    torch.testing.assert_close(thinned.eval()(ids), (logits, state))
    assert not torch.allclose(thinned.train()(ids)[0], logits)
    again, small = flat(ids)
    torch.testing.assert_close(again, logits)
    assert [part.shape for part in small] == [(2, 4), (2, 4)] and not any(part._is_view() for part in small)
    torch.testing.assert_close(flat(ids, small)[0], plain(ids, state)[0])


def test_props_for_streams_and_states():
    assert props.in_a_list(range(3)) == [0, 1, 2] and len(props.in_a_list(iter(int, 1))) == 1000
    assert props.state_of((1, 2)) == 2
    leaf = torch.zeros(2, requires_grad=True)
    assert props.with_graphs((leaf, 2 * leaf, torch.zeros(1), None)) == [1]
    call = Call("charlm", "train_chunk", (Handle(1), Handle(2)))
    assert written(call, {1: "model", 2: "state"}) == "train_chunk(model, state)"


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("ValueError", "expected single characters, each once, came ['a', 'a']", "each character once"),
        ("AttributeError", "'set' object has no attribute 'encode'", "Hand them to cls"),
        ("AttributeError", "'list' object has no attribute 'encode'", "Hand them to cls"),
        ("AttributeError", "'CharVocabulary' object has no attribute 'stoi'", "`index`"),
        ("TypeError", "'set' object is not subscriptable", "sorted() makes a list"),
        ("TypeError", "'dict_keys' object is not subscriptable", "sorted() makes a list"),
        ("RuntimeError", "shape '[3, -1]' is invalid for input of size 25", "cut off first"),
        ("RuntimeError", "Trying to backward through the graph a second time (or directly", "both parts of it"),
        ("RuntimeError", "one of the variables needed for gradient computation has been modified by an inplace operation",
         "before that step still has its graph"),
        ("RuntimeError", "Expected target size [3, 6], got [3, 4]", "classes in axis 1"),
        ("ValueError", "Expected input batch_size (12) to match target batch_size (9).", "in the same way"),
        ("RuntimeError", "Expected floating point type for target with class probabilities, got Long", "Targets are ids"),
        ("AttributeError", "'tuple' object has no attribute 'detach'", "both parts one by one"),
        ("AttributeError", "'float' object has no attribute 'backward'", "too early"),
        ("RuntimeError", "Expected hidden[0] size (2, 3, 4), got [1, 3, 4]", "layers in front"),
        ("RuntimeError", "For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors", "squeezed away"),
        ("ValueError", "h has shape (2, 4), expected (1, 2, 4): (num_layers, N, H) for 2 rows of ids", "in another shape"),
        ("TypeError", "state is a Tensor, expected the pair (h, c) that the last call returned", "whole state"),
        ("TypeError", "must be real number, not Tensor", "plain division"),
    ],
)  # fmt: skip
def test_an_exception_of_characters_and_chunks_has_a_hint(kind, message, said):
    assert said in hint_for_failure(Failure(kind, message))
