"""Tasks 5.6 and 5.7: the reference against brute force, the translator, the trees, right and wrong ways."""

from __future__ import annotations

import heapq
import math
from functools import cache

import pytest
import torch

from grader.checks import test_decoding as decoding
from grader.checks.kit import checks_of
from grader.checks.tables import BOS, EOS, Batch, batch, planted, score_of
from grader.draw import seeded
from grader.engine import props
from grader.engine.props_decoding import FIRST_WORD, key_after
from grader.engine.values import Failure, Given
from grader.exceptions import hint_for_failure
from grader.recordings import Live, run_logged
from grader.references import Variant, base_of, variant_bench
from solution import seq2seq
from solution.seq2seq import beam_search, greedy_decode, source_mask
from toolkit.stand_ins import seq2seq as stand_ins

TREES = {
    name: tree for name, tree in vars(decoding).items() if isinstance(tree, dict) and isinstance(tree.get(""), dict)
}
LIMITS = {"CUT_OPEN": 2, "CUT_ENDED": 2, "WIDE": 3}  # max_length, where it isn't 4
BEAMS = {"THIRD": (3,), "WIDE": (14, 20)}  # where it isn't (2, 3)


def of(table: torch.Tensor, *lengths: int, breaks_at: int = 0):
    """A translator with this table, a source for each of its rows, and the same as the checks have it."""
    lengths = lengths or (2,) * len(table)
    model = props.Translator(*table.shape, breaks_at).to(table.dtype)
    props.load(model, {"encoder.weight": torch.ones(1, dtype=table.dtype), "decoder.table": table})
    src = torch.randint(0, 9, (len(table), max(lengths) + 1))
    src[:, 0] = FIRST_WORD + torch.randperm(len(table))
    given = Batch(table, Given(src, "src"), Given(torch.tensor(lengths), "lengths"))
    return model.eval(), src, torch.tensor(lengths), given


@pytest.fixture(autouse=True)
def fixed_seed():
    torch.manual_seed(0)


# the reference


def network(words: int = 6) -> seq2seq.Seq2Seq:
    """A translator of the reference's own parts, with weights large enough that it says this and that."""
    model = seq2seq.Seq2Seq(seq2seq.Encoder(9, 5, 8), seq2seq.Decoder(words, 5, 8)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
        model.decoder.output.bias[EOS] += 2
    return model.eval()


def rows_of(model, src: torch.Tensor, lengths: torch.Tensor):
    """For each row what comes after some words, log-probabilities and weights, the sentence read anew each time."""
    for row in range(len(src)):
        memory, first = model.encoder(src[row : row + 1], lengths[row : row + 1])
        mask = source_mask(src[row : row + 1], lengths[row : row + 1])

        def after(words, memory=memory, first=first, mask=mask):
            state = first
            for token in (BOS, *words):
                logits, state, weights = model.decoder.step(torch.tensor([token]), state, memory, mask)
            return logits[0].log_softmax(0), weights[0]

        yield after, int(lengths[row])


def all_scored(after, max_length: int):
    """Every sentence of at most so many steps with its score."""
    pending = [((), 0.0)]
    while pending:
        words, score = pending.pop()
        if len(words) == max_length:
            yield score, list(words)
            continue
        for token, value in enumerate(after(words)[0].tolist()):
            if token == EOS:
                yield score + value, list(words)
            else:
                pending.append(((*words, token), score + value))


@pytest.mark.parametrize("max_length", [1, 2, 7])
@torch.no_grad()
def test_greedy_equals_brute_force_on_a_network(max_length):
    model = network()
    src, lengths = torch.randint(4, 9, (12, 6)), torch.randint(1, 6, (12,))
    sentences, maps = greedy_decode(model, src, lengths, max_length)
    seen = set()
    for row, (after, length) in enumerate(rows_of(model, src, lengths)):
        words, looks = [], []
        for _ in range(max_length):
            logp, weights = after(words)
            if int(logp.argmax()) == EOS:
                break
            words.append(int(logp.argmax()))
            looks.append(weights[:length])
        assert sentences[row] == words and maps[row].shape == (len(words), length)
        assert not words or torch.allclose(maps[row], torch.stack(looks))
        seen.add(len(words))
    assert max_length < 7 or len(seen) > 2


@torch.no_grad()
def test_a_wide_beam_equals_exhaustive_search_on_a_network():
    model = network(5)
    src, lengths = torch.randint(4, 9, (6, 5)), torch.tensor([5, 1, 3, 2, 4, 4])
    for max_length in (1, 2, 3):
        found = beam_search(model, src, lengths, max_length, 200)
        for row, (after, _) in enumerate(rows_of(model, src, lengths)):
            score, words = max(all_scored(after, max_length))
            assert found[0][row] == words and found[1][row].item() == pytest.approx(score, abs=1e-9)


@torch.no_grad()
def test_a_beam_of_one_equals_greedy_on_a_network():
    model = network()
    src, lengths = torch.randint(4, 9, (20, 6)), torch.randint(1, 7, (20,))
    for max_length in (1, 5, 9):
        sentences, scores = beam_search(model, src, lengths, max_length, 1)
        assert sentences == greedy_decode(model, src, lengths, max_length)[0]
        assert scores.shape == (20,) and scores.dtype == torch.float64


def test_stand_ins_say_the_same():
    for _ in range(5):
        model, src, lengths, _ = of(2.5 * torch.randn(4, 3, 97, 6), 3, 1, 4, 2)
        mine, theirs = greedy_decode(model, src, lengths, 6), stand_ins.greedy_decode(model, src, lengths, 6)
        assert mine[0] == theirs[0] and all(map(torch.equal, mine[1], theirs[1]))
        for beam in (1, 2, 4, 40):
            mine, theirs = (
                beam_search(model, src, lengths, 4, beam),
                stand_ins.beam_search(model, src, lengths, 4, beam),
            )
            assert mine[0] == theirs[0] and torch.allclose(mine[1], theirs[1])


@pytest.mark.parametrize("search", [lambda *given: greedy_decode(*given, 5), lambda *given: beam_search(*given, 5, 3)])
@pytest.mark.parametrize("mode", [True, False])
def test_searching_leaves_a_model_as_it_was(search, mode):
    model, src, lengths, _ = of(torch.randn(3, 1, 97, 7))
    search(model.train(mode), src, lengths)
    assert props.in_training(model) is mode and set(model.asked) == {(False, False, False)}
    for breaks_at in (1, 3):
        model, src, lengths, _ = of(torch.randn(3, 1, 97, 7), breaks_at=breaks_at)
        with pytest.raises(FloatingPointError):
            search(model.train(mode), src, lengths)
        assert props.in_training(model) is mode


@pytest.mark.parametrize(
    ("limits", "message"),
    [((0, 1), "max_length is 0, expected 1 or more"), ((3, 0), "beam_size is 0, expected 1 or more")],
)
def test_searching_refuses(limits, message):
    model, src, lengths, _ = of(torch.randn(1, 1, 7, 7))
    with pytest.raises(ValueError, match=message):
        beam_search(model, src, lengths, *limits)
    if limits[0] == 0:
        with pytest.raises(ValueError, match=message):
            greedy_decode(model, src, lengths, 0)


# the translator


def test_a_translator_answers_to_all_that_it_was_fed():
    model, src, lengths, _ = of(torch.randn(3, 2, 97, 7), 3, 1, 2)
    memory, state = model.encoder(src, lengths)
    mask = source_mask(src, lengths)
    fed = torch.tensor([[2, 5, 1], [2, 4, 1], [2, 5, 1]])
    for step in range(3):
        logits, state, weights = model.decoder.step(fed[:, step], state, memory, mask)
        for row in range(3):
            key = 0
            for token in fed[row, : step + 1].tolist():
                key = key_after(key, token)
            assert torch.equal(logits[row], model.decoder.table[src[row, 0] - FIRST_WORD, min(step, 1), key % 97])
        assert torch.allclose(weights.sum(1), torch.ones(3)) and not weights[~mask].any()


def test_rows_of_a_translator_may_be_cut_out_repeated_and_reordered():
    model, src, lengths, _ = of(torch.randn(3, 2, 97, 7), 3, 1, 2)
    memory, state = model.encoder(src, lengths)
    mask, token = source_mask(src, lengths), torch.tensor([2, 5, 6])
    whole = model.decoder.step(token, state, memory, mask)
    order = torch.tensor([2, 0, 0, 1])
    for one, other in zip(
        model.decoder.step(token[order], state[order], memory[order], mask[order]), whole, strict=True
    ):
        assert torch.equal(one, other[order])
    alone = model.encoder(src[1:2, :1], lengths[1:2])  # encoded by itself, cut to its length
    assert torch.equal(model.decoder.step(token[1:2], alone[1], alone[0], mask[1:2, :1])[0], whole[0][1:2])
    for wrong in (
        (token, state, memory[order[:3]], mask),
        (token, state, memory, torch.ones_like(mask)),
        (token, state, memory, mask[[1, 0, 2]]),
        (token, state[order[:3]], memory, mask),
        (token.flip(0), state, memory, mask),
    ):
        assert not torch.equal(model.decoder.step(*wrong)[0], whole[0])
    with pytest.raises(ValueError, match="one step at a time"):
        model.decoder.step(token[:, None], state, memory, mask)
    with pytest.raises(ValueError, match="as many as there are tokens"):
        model.decoder.step(token, state, memory[:1], mask)


def test_training_changes_what_a_translator_says():
    model, src, lengths, _ = of(torch.randn(3, 2, 97, 7), 3, 1, 2)
    memory, state = model.encoder(src, lengths)
    token, mask = torch.tensor([2, 2, 2]), source_mask(src, lengths)
    logits = model.decoder.step(token, state, memory, mask)[0]
    assert logits.requires_grad
    assert not torch.equal(model.decoder.train().step(token, state, memory, mask)[0], logits)
    model.eval()
    assert not torch.equal(model.encoder.train()(src, lengths)[1], state)
    assert model.asked == [(False, True, False)] * 2 + [(True, True, False)] * 2


def test_a_score_of_the_judges_own():
    model, src, lengths, given = of(torch.randn(2, 3, 97, 7))
    for row, (after, _) in enumerate(rows_of(model, src, lengths)):
        for score, words in list(all_scored(after, 3))[::17]:
            assert score_of(given, row, words, 3) == pytest.approx(score, abs=1e-5)


# the trees: the three ways to keep finished hypotheses agree on them, and so do the two reasonable ways to stop


def by_hand(given: Batch, row: int, max_length: int, beam_size: int, way: str):
    """A beam search straight from the table. Finished hypotheses compete for places with the others, or are put aside and
    take a place for good, or are put aside and take none; or the search ends where the best of all is finished."""
    table = given.table[given.src.tensor[row, 0] - FIRST_WORD].double()
    beam, aside = [(0.0, (), key_after(0, BOS))], []
    for step in range(max_length):
        grown = [entry for entry in beam if entry[2] is None]
        for score, words, key in beam:
            if key is None:
                continue
            logp = table[min(step, len(table) - 1), key % table.shape[1]].log_softmax(0).tolist()
            grown += [
                (score + value, words, None)
                if token == EOS
                else (score + value, (*words, token), key_after(key, token))
                for token, value in enumerate(logp)
            ]
        if way in ("compete", "stop"):
            beam = heapq.nlargest(beam_size, grown, key=lambda entry: entry[0])
            if way == "stop" and beam[0][2] is None:
                break
            continue
        room = beam_size - len(aside) if way == "take a place" else 2 * beam_size
        best = heapq.nlargest(room, grown, key=lambda entry: entry[0])
        aside += [entry for entry in best if entry[2] is None]
        beam = [entry for entry in best if entry[2] is not None][:beam_size]
    return max((*beam, *aside), key=lambda entry: entry[0])[:2]


WAYS = ("compete", "stop", "take a place", "take none")


@pytest.mark.parametrize("name", TREES)
def test_all_reasonable_searches_agree_on_a_tree_by_a_wide_margin(name):
    max_length = LIMITS.get(name, 4)
    for seed in range(25):
        draw, _ = seeded(seed, name)
        given = batch(draw, (2,), planted(draw, TREES[name]))
        best = heapq.nlargest(2, scored(given, max_length))
        for beam_size in BEAMS.get(name, (2, 3)):
            found = {by_hand(given, 0, max_length, beam_size, way)[1] for way in WAYS}
            assert len(found) == 1 and list(found.pop()) == best[0][1], (seed, beam_size)
        assert best[0][0] - best[1][0] > math.log(1.15)


def scored(given: Batch, max_length: int):
    """All sentences of the only row, straight from the table."""
    table = given.table[0].double()

    def after(words):
        key = key_after(0, BOS)
        for token in words:
            key = key_after(key, token)
        return (table[min(len(words), len(table) - 1), key % table.shape[1]].log_softmax(0),)

    return all_scored(after, max_length)


@pytest.mark.parametrize("name", TREES)
def test_the_reference_finds_the_best_of_a_tree(name):
    max_length = LIMITS.get(name, 4)
    draw, _ = seeded(1, name)
    model, src, lengths, given = of(planted(draw, TREES[name]))
    (sentence,), score = beam_search(model, src, lengths, max_length, BEAMS.get(name, (3,))[-1])
    assert max(scored(given, max_length)) == (pytest.approx(score.item(), abs=1e-5), sentence)


def test_greedy_misses_what_a_beam_finds():
    for name in ("BEATEN", "KEPT", "SHARED", "THIRD"):
        draw, _ = seeded(1, name)
        model, src, lengths, _ = of(planted(draw, TREES[name]))
        assert greedy_decode(model, src, lengths, 4)[0] != beam_search(model, src, lengths, 4, 3)[0]


# the checks: other right ways pass, near misses fail, exceptions are explained


@cache
def library_of(course) -> Live:
    return Live(course, 5)


def failed(course, task: str, body: str) -> list[str]:
    entry, library = course.tasks[task], library_of(course)
    bench = variant_bench(entry, Variant(task, "another", "", body=body))
    return [check.name for check in checks_of(task) if not run_logged(check, bench, library.get(check), entry.space)[1]]


RIGHT = {
    "5.6 row by row, encoded alone": """
mode = model.training
try:
    model.eval()
    with torch.no_grad():
        sentences, maps = [], []
        for row in range(len(src)):
            memory, state = model.encoder(src[row : row + 1, : lengths[row]], lengths[row : row + 1])
            words, looks = [BOS], [memory.new_zeros(0, lengths[row])]
            while len(words) <= max_length:
                token = torch.tensor(words[-1:], device=src.device)
                logits, state, look = model.decoder.step(token, state, memory, torch.ones_like(memory[..., 0]).bool())
                if logits[0].argmax() == EOS:
                    break
                words.append(int(logits[0].argmax()))
                looks.append(look)
            sentences.append(words[1:])
            maps.append(torch.cat(looks))
finally:
    model.train(mode)
return tuple(sentences), tuple(maps)
""",
    "5.7 row by row, a list of scores": """
mode = model.training
model.eval()
try:
    with torch.no_grad():
        memory, states = model.encoder(src, lengths)
        mask, found = source_mask(src, lengths), []
        for row in range(len(src)):
            beam = [(0.0, [], states[row : row + 1], BOS, False)]
            for _ in range(max_length):
                grown = [entry for entry in beam if entry[-1]]
                for score, words, state, last, done in beam:
                    if done:
                        continue
                    token = torch.tensor([last], device=src.device)
                    logits, new, _ = model.decoder.step(token, state, memory[row : row + 1], mask[row : row + 1])
                    for word, value in enumerate(map(float, logits.log_softmax(1)[0])):
                        grown.append((score + value, words if word == EOS else [*words, word], new, word, word == EOS))
                beam = sorted(grown, key=lambda entry: -entry[0])[:beam_size]
                if beam[0][-1]:
                    break
            found.append(beam[0])
finally:
    model.train(mode)
return [entry[1] for entry in found], [entry[0] for entry in found]
""",
}


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_way_passes(course, name):
    assert failed(course, name.split()[0], RIGHT[name]) == []


WRONG = {
    "5.6 no more than six steps": ("finished_rows_wait", "range(max_length)", "range(min(max_length, 6))"),
    "5.6 the last row's length": ("maps_of_wide_sources", ": lengths[row]]", ": lengths[-1]]"),
    "5.6 rounded logits": ("close_choices", "logits.argmax(dim=1)", "logits.round(decimals=2).argmax(dim=1)"),
    "5.6 weights in single precision": ("greedy_in_double", "looks.append(weights)", "looks.append(weights.float())"),
    "5.6 lengths clamped in place": (
        "greedy_leaves_things_alone", "model.eval()", "model.eval()\nsrc[:, -1] = PAD"),
    "5.7 rounded scores": ("beam_of_one", "return sentences, scores.max(dim=1).values",
                           "return sentences, scores.max(dim=1).values.round(decimals=2)"),
    "5.7 a beam of two at most": ("greedy_is_beaten", "rows, width = len(src), beam_size",
                                  "rows, width = len(src), min(beam_size, 2)"),
    "5.7 whole scores": ("beam_of_one", "return sentences, scores.max(dim=1).values",
                         "return sentences, scores.max(dim=1).values.long()"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_fails_its_check(course, name):
    check, old, new = WRONG[name]
    task = name.split()[0]
    assert base_of(task).count(old) == 1
    assert check in failed(course, task, base_of(task).replace(old, new))


def asked(token, rows: int = 2, wide: int = 3):
    model, src, lengths, _ = of(torch.randn(2, 1, 7, 7))
    memory, state = model.encoder(src, lengths)
    return model.decoder.step(token, state[:rows], memory[:rows], source_mask(src, lengths)[:rows, :wide])


RAISED = {
    "one token for each row": lambda: asked(torch.zeros(2, 1).long()),
    "repeat_interleave": lambda: asked(torch.zeros(4).long()),
    "fit the memory": lambda: asked(torch.zeros(2).long(), wide=2),
    "has no EOS": lambda: [1, 2].index(EOS),
    "the score alone": lambda: sorted([{}, {}]),
}


@pytest.mark.parametrize("says", RAISED)
def test_an_exception_is_explained(says):
    try:
        RAISED[says]()
    except Exception as raised:
        failure = Failure(type(raised).__name__, str(raised))
    assert says in hint_for_failure(failure), failure
