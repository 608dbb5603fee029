"""The reference of tasks 4.1 to 4.4 and 4.7 against loops and torch.nn, and what it refuses."""

from __future__ import annotations

import math
import random

import pytest
import torch
from torch import nn

from solution.charlm import CharLM, CharVocabulary, bits_per_character, stream_batches, train_chunk
from toolkit import stand_ins

DOUBLE = torch.float64
LETTERS = "abcXYZ .,\n\t'éß日\u0301🙂\u200b"


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def some_text(count: int, seed: int = 0, letters: str = LETTERS) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(letters) for _ in range(count))


# 4.1


@pytest.mark.parametrize("seed", range(20))
def test_characters_are_sorted_and_go_there_and_back(seed):
    text = some_text(1 + 3 * seed, seed)
    vocabulary = CharVocabulary.build(text)
    seen: list[str] = []
    for character in text:
        seen += [character] if character not in seen else []
    while seen:
        smallest = min(seen)
        assert vocabulary.encode(smallest) == [len(set(text)) - len(seen)]
        seen.remove(smallest)
    ids = vocabulary.encode(text)
    assert [type(number) for number in ids] == [int] * len(text)
    assert vocabulary.decode(ids) == vocabulary.decode(torch.tensor(ids)) == vocabulary.decode(iter(ids)) == text
    assert vocabulary.decode(torch.tensor(ids, dtype=torch.int32)) == text
    assert vocabulary.encode("") == [] and vocabulary.decode([]) == "" == vocabulary.decode(torch.tensor([]))
    assert len(vocabulary) == len(set(text)) == len(vocabulary.characters)


def test_every_code_point_is_a_character_of_its_own():
    text = "é e\u0301 ﬁ fi \r\n A a ſ s"
    vocabulary = CharVocabulary.build(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert len(vocabulary) == len(set(text))


@pytest.mark.parametrize("stranger", ["q", "\t", "'", '"', "\u200b", "é", "\\"])
def test_an_unknown_character_is_named(stranger):
    vocabulary = CharVocabulary.build("abc")
    with pytest.raises(ValueError, match="is not among the 3 characters of the vocabulary") as caught:
        vocabulary.encode(f"ab{stranger}c")
    assert repr(stranger) in str(caught.value)
    assert len(vocabulary) == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: CharVocabulary.build(""), "there are no characters, expected at least one"),
        (lambda: CharVocabulary(["a", "b", "a"]), "expected single characters, each once, came .*'a', 'b', 'a'"),
        (lambda: CharVocabulary(["a", "bc"]), "expected single characters, each once, came .*'bc'"),
        (lambda: CharVocabulary.build("ab").decode([0, 2]), "id 2 lies outside of the vocabulary: expected 0 to 1"),
        (lambda: CharVocabulary.build("ab").decode(torch.tensor([-1])), "id -1 lies outside"),
    ],
)
def test_a_vocabulary_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


# 4.2


def stretches_hold(pairs: list, ids: torch.Tensor, batch: int, length: int) -> None:
    """By looking each id up in the text, one by one."""
    place = {number: at for at, number in enumerate(ids.tolist())}
    assert len(pairs) == (len(ids) - 1) // (batch * length)
    used, expected = set(), [None] * batch
    for x, y in pairs:
        assert x.shape == y.shape == (batch, length) and x.dtype == y.dtype == torch.int64
        for row in range(batch):
            for step in range(length):
                here = place[x[row, step].item()]
                assert expected[row] in (None, here) and here not in used
                assert place[y[row, step].item()] == here + 1
                used.add(here)
                expected[row] = here + 1


@pytest.mark.parametrize("cut", [stream_batches, stand_ins.stream_batches])
def test_streams_keep_what_they_promise(cut):
    for batch in (1, 2, 3, 5):
        for length in (1, 2, 4):
            for count in range(batch * length + 1, 5 * batch * length + 3, 1 + length // 2):
                ids = torch.randperm(count) + 7
                stretches_hold(list(cut(ids, batch, length)), ids, batch, length)


def test_a_stream_that_fits_uses_every_id():
    pairs = list(stream_batches(torch.arange(25), 3, 4))
    assert torch.cat([x for x, _ in pairs], dim=1).tolist() == torch.arange(24).view(3, 8).tolist()
    assert torch.cat([y for _, y in pairs], dim=1).tolist() == torch.arange(1, 25).view(3, 8).tolist()


@pytest.mark.parametrize(
    ("ids", "sizes", "message"),
    [
        (
            torch.arange(12),
            (3, 4),
            "the text has 12 characters, expected at least 13 for a batch of 3 rows with 4 steps",
        ),
        (torch.arange(0), (1, 1), "the text has 0 characters, expected at least 2"),
        (torch.zeros(3, 4, dtype=torch.int64), (1, 2), r"ids has shape \(3, 4\), expected \(T,\)"),
        (torch.arange(9), (0, 2), "batch_size is 0 and length 2, expected 1 or more of both"),
        (torch.arange(9), (2, 0), "batch_size is 2 and length 0"),
    ],
)
def test_streams_refuse(ids, sizes, message):
    with pytest.raises(ValueError, match=message):
        stream_batches(ids, *sizes)


# 4.3


def by_cells(model: CharLM, ids: torch.Tensor, state=None):
    """Step by step with torch's cell, layer by layer, on one-hot vectors."""
    layers, hidden = model.rnn.num_layers, model.rnn.hidden_size
    zeros = torch.zeros(layers, len(ids), hidden, dtype=model.head.weight.dtype)
    h, c = ([*part] for part in (state or (zeros, zeros)))
    cells = []
    for layer in range(layers):
        cells.append(nn.LSTMCell(model.embedding.embedding_dim if layer == 0 else hidden, hidden).to(zeros.dtype))
        cells[-1].load_state_dict({name.removesuffix(f"_l{layer}"): part for name, part in model.rnn.state_dict().items()
                                   if name.endswith(f"_l{layer}")})  # fmt: skip
    logits = []
    for step in ids.T:
        x = nn.functional.one_hot(step, model.embedding.num_embeddings).to(zeros.dtype) @ model.embedding.weight
        for layer, cell in enumerate(cells):
            h[layer], c[layer] = cell(x, (h[layer], c[layer]))
            x = h[layer]
        logits.append(x @ model.head.weight.T + model.head.bias)
    return torch.stack(logits, dim=1), (torch.stack(h), torch.stack(c))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("batch", "length"), [(3, 5), (1, 4), (2, 1), (1, 1)])
def test_a_model_equals_torchs_cells(layers, batch, length):
    model, ids = CharLM(7, 3, 4, layers).double(), torch.randint(7, (batch, length))
    state = tuple(torch.randn(layers, batch, 4, dtype=DOUBLE) for _ in "hc")
    for given in (None, state):
        torch.testing.assert_close(model(ids, given), by_cells(model, ids, given))


def test_reading_in_chunks_is_reading_at_once_and_keeps_the_graph():
    model, ids = CharLM(7, 3, 4).double(), torch.randint(7, (2, 9))
    whole, last = model(ids)
    state, parts = None, []
    for chunk in ids.split(4, dim=1):
        logits, state = model(chunk, state)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    torch.testing.assert_close(state, last)
    grads = [
        torch.autograd.grad(out[:, -1].sum(), model.embedding.weight, retain_graph=True)[0]
        for out in (whole, parts[-1])
    ]
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize(
    ("ids", "state", "error", "message"),
    [
        (torch.zeros(4, dtype=torch.int64), None, ValueError, r"ids has shape \(4,\), expected \(N, L\)"),
        (torch.zeros(2, 3), None, TypeError, r"ids are torch.float32, expected whole numbers \(torch.int64\)"),
        (torch.zeros(2, 3, dtype=torch.bool), None, TypeError, "ids are torch.bool"),
        (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(1, 2, 4), TypeError, r"state is a Tensor, expected the pair \(h, c\)"),
        (torch.zeros(2, 3, dtype=torch.int64), (torch.zeros(1, 2, 4),), TypeError, "state is a tuple, expected the pair"),
        (torch.zeros(2, 3, dtype=torch.int64), (torch.zeros(1, 2, 4), torch.zeros(2, 4)), ValueError,
         r"c has shape \(2, 4\), expected \(1, 2, 4\): \(num_layers, N, H\) for 2 rows of ids"),
        (torch.zeros(2, 3, dtype=torch.int64), (torch.zeros(1, 3, 4), torch.zeros(1, 2, 4)), ValueError,
         r"h has shape \(1, 3, 4\), expected \(1, 2, 4\)"),
    ],
)  # fmt: skip
def test_a_model_refuses(ids, state, error, message):
    with pytest.raises(error, match=message):
        CharLM(5, 3, 4)(ids, state)


# 4.4


def by_hand(model: nn.Module, x, y, state, max_norm: float, lr: float):
    """The loss, and what plain gradient descent makes of the parameters, prediction by prediction."""
    state = None if state is None else tuple(part.detach() for part in state)
    logits, state = model(x, state)
    losses = [
        -logits[row, step].log_softmax(dim=0)[y[row, step]] for row in range(len(x)) for step in range(x.shape[1])
    ]
    loss = sum(losses) / len(losses)
    grads = torch.autograd.grad(loss, list(model.parameters()))
    total = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    factor = min(1.0, max_norm / (total + 1e-6))
    after = [parameter.detach() - lr * factor * grad for parameter, grad in zip(model.parameters(), grads, strict=True)]
    return loss.item(), [part.detach() for part in state], after


@pytest.mark.parametrize("max_norm", [1000.0, 0.05])
@pytest.mark.parametrize(("batch", "length"), [(3, 4), (1, 5), (2, 1)])
def test_a_chunk_is_a_step_by_hand(batch, length, max_norm):
    model, state = CharLM(6, 3, 4).double(), None
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(3):
        x, y = torch.randint(6, (2, batch, length))
        want_loss, want_state, want = by_hand(model, x, y, state, max_norm, 0.5)
        loss, state = train_chunk(model, optimizer, x, y, state, max_norm)
        assert type(loss) is float and loss == pytest.approx(want_loss)
        torch.testing.assert_close(list(state), want_state)
        assert not any(part.requires_grad for part in state)
        torch.testing.assert_close([parameter.detach() for parameter in model.parameters()], want)


def test_the_gradient_stays_in_its_chunk():
    model = CharLM(6, 3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    first, x, y = torch.randint(6, (3, 2, 5))
    _, state = model(first)  # with its graph
    kept = [part.clone() for part in state]
    for _ in range(2):
        train_chunk(model, optimizer, x, y, state, 1.0)
    assert all(torch.equal(part, before) for part, before in zip(state, kept, strict=True))
    leaves = tuple(part.detach().requires_grad_() for part in state)
    train_chunk(model, optimizer, x, y, leaves, 1.0)
    assert all(leaf.grad is None and leaf.requires_grad for leaf in leaves)


@pytest.mark.parametrize("mode", [True, False])
def test_a_chunk_leaves_the_mode_alone(mode):
    model = CharLM(6, 3, 4).train(mode)
    x, y = torch.randint(6, (2, 2, 3))
    train_chunk(model, torch.optim.Adam(model.parameters()), x, y, None, 1.0)
    assert all(part.training is mode for part in model.modules())


def test_a_text_is_learnt_in_chunks():
    """A text that repeats itself: with the state carried on, its loss falls to almost nothing."""
    text = "to be or not to be, that is the question.\n" * 30
    vocabulary = CharVocabulary.build(text)
    model = CharLM(len(vocabulary), 8, 32)
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.02), []
    for _ in range(4):
        state = None
        for x, y in stream_batches(torch.tensor(vocabulary.encode(text)), 4, 20):
            loss, state = train_chunk(model, optimizer, x, y, state, 1.0)
            losses.append(loss)
    assert losses[0] > 2.5 and losses[-1] < 0.5


@pytest.mark.parametrize(
    ("shape", "max_norm", "message"),
    [
        ((2, 4), 1.0, r"x has shape \(2, 3\) and y \(2, 4\), expected the same \(N, L\) of both"),
        ((2, 3), 0.0, "max_norm is 0.0, expected a number above 0"),
        ((2, 3), -1.0, "max_norm is -1.0"),
        ((2, 3), math.nan, "max_norm is nan"),
    ],
)
def test_a_chunk_refuses(shape, max_norm, message):
    model = CharLM(6, 3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with pytest.raises(ValueError, match=message):
        train_chunk(
            model,
            optimizer,
            torch.zeros(2, 3, dtype=torch.int64),
            torch.zeros(shape, dtype=torch.int64),
            None,
            max_norm,
        )


# 4.7


def test_bits_are_nats_to_another_base():
    for count in (2, 3, 65):
        nats = nn.functional.cross_entropy(torch.zeros(1, count, dtype=DOUBLE), torch.tensor([0]))
        assert bits_per_character(nats).item() == pytest.approx(math.log2(count))
        assert bits_per_character(nats.item()) == pytest.approx(math.log2(count))
    assert type(bits_per_character(1.5)) is float
    zero = bits_per_character(0)
    assert type(zero) is float and zero == 0


def test_bits_of_a_tensor_keep_its_shape_its_type_and_its_graph():
    for shape in ((), (1,), (2, 3), (0,)):
        nats = torch.rand(shape, dtype=DOUBLE, requires_grad=True)
        bits = bits_per_character(nats)
        assert bits.shape == shape and bits.dtype == DOUBLE
        torch.testing.assert_close(2**bits, nats.exp())
        (grad,) = torch.autograd.grad(bits.sum(), nats)
        torch.testing.assert_close(grad, torch.full(shape, 1 / math.log(2), dtype=DOUBLE))
