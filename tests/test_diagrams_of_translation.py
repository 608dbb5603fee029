"""The schematic figures of notebook 5 say what the code does: what is kept, what is fed, which beginnings survive."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Patch

from solution.seq2seq import BOS, EOS, AdditiveAttention, Decoder, Encoder, Seq2Seq, beam_search, greedy_decode
from tests.test_diagrams import arrows, default, headings, texts
from toolkit import diagrams
from toolkit.diagrams import attention, decoding, translation
from toolkit.diagrams.parts import TEXT


def words_of(name: str) -> list[str]:
    return [found.get_text() for found in texts(default(name))]


def row(name: str, y: float) -> list[str]:
    """The words of a figure at this height, from left to right."""
    found = [(*text.get_position(), text.get_text()) for text in texts(default(name))]
    return [word for _, word in sorted((x, word) for x, height, word in found if abs(height - y) < 0.01)]


def framed(name: str) -> list[Patch]:
    """What has a black edge and no fill."""
    return [
        patch
        for patch in default(name).axes[0].patches
        if not patch.get_fill() and to_hex(patch.get_edgecolor()) == TEXT.lower()
    ]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        (
            "translation_pipeline",
            ["Encoder", "Decoder.step", "attention", "Seq2Seq.forward", "greedy_decode", "beam_search", "alignment error",
             "self_attention", "memory", "context", "weights", "$(N, S)$", "$(N, S, H)$", "$(N, H)$", "$(N, V)$", "$(N, T)$",
             *(f"5.{task}" for task in range(1, 10))],
        ),
        ("both_ways", ["forward", "backward", "memory", "state", "$f_5$", "$b_1$", "$(N, S, H)$", "$(N, H)$", "padding"]),
        ("bottleneck", ["One vector", "A memory", "context", "weight of a place", "0.88", "\\Sigma"]),
        (
            "additive_attention",
            ["$(N, Q)$", "$(N, S, K)$", "$(N, S, A)$", "$(N, 1, A)$", "tanh", "softmax", "−∞", "$(N, S)$", "$(N, K)$"],
        ),
        ("decoder_step", ["$(N, E)$", "$(N, E + H)$", "$(N, 2H)$", "$(N, V)$", "$(N, S)$", "cell", "cat", "mask", "weights"]),
        ("teacher_forcing", ["ratio 1", "ratio 0.5", "ratio 0", "<bos>", "<eos>", "fed: its own", "scored against"]),
        ("beam", ["step 4", "<bos>", "✓", "finished", "dropped", "greedy"]),
        ("stepped_or_at_once", ["look 4", "memory", "Q K^\\top", "N, L, L", "T steps", "X W_v"]),
        ("alignment_error", ["|A \\cap S| = 5", "|A| = 6", "|S| = 7", "0.23", "French", "françaises"]),
    ],
)  # fmt: skip
def test_the_notebooks_letters_are_there(name, letters):
    words = " ; ".join(words_of(name))
    assert [letter for letter in letters if letter not in words] == []


def test_badges_are_drawn_for_the_tasks_that_are_given():
    words = [found.get_text() for found in texts(diagrams.draw_translation_pipeline({"encoder": "7.1", "map": "12.2"}))]
    assert [word for word in words if re.fullmatch(r"\d+\.\d+", word)] == ["7.1", "12.2"]
    with pytest.raises(ValueError, match=r"unknown keys \['maps'\], expected any of \['attention'"):
        diagrams.draw_translation_pipeline({"maps": "5.8"})


# What is kept


def test_the_encoder_keeps_what_the_figure_says():
    torch.manual_seed(0)
    encoder = Encoder(9, 4, 6)
    lengths = torch.tensor([len(words) for words in translation.ROWS])
    memory, state = encoder(torch.randint(4, 9, (2, 5)), lengths)
    for number, (words, y) in enumerate(zip(translation.ROWS, (4.26, 1.94), strict=True)):
        last = len(words)
        _, *kept = row("both_ways", y - 1.1)
        assert kept[:-1] == [part for place in range(1, last + 1) for part in (f"$f_{place}$", f"$b_{place}$")] + [
            "0"
        ] * 2 * (5 - last)
        assert row("both_ways", y)[-2:] == [f"$f_{last}$", "$b_1$"]
        assert torch.equal(state[number], torch.cat([memory[number, last - 1, :3], memory[number, 0, 3:]]))
        assert not memory[number, last:].any()


def test_rings_stand_around_the_last_states_of_each_direction():
    at = {text.get_position(): text.get_text() for text in texts(default("both_ways"))}
    rings = [patch.get_path().get_extents() for patch in framed("both_ways")]
    inside = [word for ring in rings for (x, y), word in at.items() if ring.contains(x, y)]
    assert sorted(inside) == ["$b_1$", "$b_1$", "$f_3$", "$f_5$"]


def test_directions_run_as_they_are_called():
    found = headings(default("both_ways"), "state")
    assert sorted(found) == sorted([(1, 0), (-1, 0)] * (4 + 2))


def test_the_weights_of_the_look_sum_to_1_and_the_widest_arrow_is_the_largest():
    assert sum(translation.WEIGHTS) == pytest.approx(1) and translation.FRENCH[translation.NOW] == "voit"
    shafts = [patch for patch in default("bottleneck").axes[0].patches if patch.get_gid() == "arrow weight"][:5]
    widths = [shaft.get_linewidth() for shaft in shafts]
    assert (
        widths.index(max(widths))
        == translation.WEIGHTS.index(max(translation.WEIGHTS))
        == translation.ENGLISH.index("sees")
    )


# What is seen


def test_the_numbers_are_those_of_additive_attention():
    mask = torch.tensor([attention.MASK])
    look = AdditiveAttention(1, 1, 1)
    # with these weights the score of a key k is tanh(k): keys are chosen so that the scores are a quarter of the figure's
    scores = torch.tensor([attention.SCORES]) / 4
    with torch.no_grad():
        look.query.weight.fill_(0.0)
        look.key.weight.fill_(1.0)
        look.score.weight.fill_(4.0)
        _, weights = look(torch.zeros(1, 1), torch.atanh(scores)[..., None], mask)
    drawn = [float(word) for word in row("additive_attention", 1.02) if re.fullmatch(r"\d(\.\d+)?", word)]
    assert drawn == [round(weight, 2) for weight in weights[0].tolist()] and drawn[-1] == 0


def test_the_query_is_the_old_state_and_the_output_reads_the_new_one():
    at = {text.get_text(): text.get_position() for text in texts(default("decoder_step"))}
    starts = {
        (round(start[0], 1), tip[1] > start[1])
        for start, tip in arrows(default("decoder_step"), "state")
        if abs(start[0] - tip[0]) < 0.01
    }
    assert (round(at["attention"][0], 1), True) in starts, "up from the old state to the attention"
    outputs = [
        tip for start, tip in arrows(default("decoder_step"), "state") if start[0] > at["cell"][0] and tip[1] > start[1]
    ]
    assert len(outputs) == 1 and outputs[0][0] > at["cell"][0], "up from the new state to the answer"
    assert [pair[1][0] > pair[0][0] for pair in arrows(default("decoder_step"), "output")] == [True]


def test_each_look_waits_for_the_state_before_and_self_attention_for_none():
    pairs = [pair for pair in arrows(default("stepped_or_at_once"), "state") if pair[0][1] > 0.5]
    left, right = ([pair for pair in pairs if (pair[0][0] < 4) == side] for side in (True, False))
    looks = {
        text.get_text(): text.get_position()
        for text in texts(default("stepped_or_at_once"))
        if text.get_text().startswith("look")
    }
    waits = [tip for start, tip in left if tip[0] > start[0] and tip[1] > start[1] + 0.2]
    assert len(waits) == len(looks) == attention.COUNT
    assert all(abs(tip[0] - x) < 0.3 and tip[1] < y for tip, (x, y) in zip(waits, looks.values(), strict=True))
    assert all(abs(start[0] - tip[0]) < 0.01 for start, tip in right), "nothing runs from place to place"


# What is fed


def steps_of(ratio: str) -> tuple[list[str], list[str], list[str]]:
    """The words of a panel: fed, written, gold."""
    y = 4.06 - 1.66 * list(decoding.WRITTEN).index(ratio)
    rows = (row("teacher_forcing", y + height) for height in (decoding.FED, decoding.OWN, decoding.ABOVE))
    return tuple(words[-len(decoding.GOLD) :] for words in rows)


class Recorder(torch.nn.Module):
    """A decoder that writes a sentence that is known, and keeps what it was fed."""

    def __init__(self, written: list[int]):
        super().__init__()
        self.written, self.fed = written, []

    def step(self, token, state, memory, mask):
        logits = torch.nn.functional.one_hot(torch.tensor([self.written[len(self.fed)]]), 9).float()
        self.fed.append(token.item())
        return logits, state, mask.float()


@pytest.mark.parametrize("ratio", ["1", "0"])
def test_the_model_is_fed_what_the_figure_says(ratio):
    index = {
        word: number
        for number, word in enumerate(["<pad>", "<unk>", "<bos>", "<eos>", "elle", "il", "dort", "bien", "."])
    }
    assert (index["<bos>"], index["<eos>"]) == (BOS, EOS)
    fed, written, gold = ([index[word] for word in words] for words in steps_of(ratio))
    decoder = Recorder(written)
    model = Seq2Seq(Encoder(9, 4, 6), decoder)
    model(torch.tensor([[4, 3]]), torch.tensor([2]), torch.tensor([gold]), teacher_forcing=float(ratio))
    assert decoder.fed == fed


def test_in_between_each_step_is_fed_gold_or_its_own():
    fed, written, gold = steps_of("0.5")
    chosen = [word == right for word, right in zip(fed[1:], gold, strict=False)]
    assert fed[0] == "<bos>" and all(word in pair for word, *pair in zip(fed[1:], gold, written, strict=False))
    assert any(decoding.FED_GOLD["0.5"]) and not all(decoding.FED_GOLD["0.5"]) and not all(chosen)


# Which beginnings are kept


def test_the_kept_are_the_best_of_all_that_grew():
    for step in range(1, 5):
        grown = [node for node in decoding.TREE if node.step == step]
        best = sorted(grown, key=lambda node: -node.score)[: decoding.SIZE_OF_BEAM]
        assert sorted(node.score for node in grown if node.kept) == sorted(node.score for node in best)
    for node in decoding.TREE[1:]:
        parent = decoding.TREE[node.parent]
        assert parent.kept and parent.step == node.step - 1
        assert node.score == parent.score if parent.finished else node.score < parent.score


def test_beam_search_and_greedy_search_find_what_the_figure_says():
    """A model whose log-probabilities are those of the tree, and −20 elsewhere."""
    vocabulary = [
        "<pad>",
        "<unk>",
        "<bos>",
        "<eos>",
        *dict.fromkeys(node.word for node in decoding.TREE if "<" not in node.word),
    ]

    class Tree(torch.nn.Module):
        def step(self, token, state, memory, mask):
            logits = torch.full((len(token), len(vocabulary)), -20.0)
            states = torch.full_like(state, -1.0)  # a path that the figure doesn't go on with
            for place, (known, at) in enumerate(zip(token.tolist(), state[:, 0].round().int().tolist(), strict=True)):
                here = 0 if known == BOS else next((number for number, node in enumerate(decoding.TREE)
                                                    if node.parent == at and node.word == vocabulary[known]), -1)  # fmt: skip
                states[place] = here
                for node in decoding.TREE:
                    if here >= 0 and node.parent == here:
                        logits[place, vocabulary.index(node.word)] = node.score - decoding.TREE[here].score
            return _with_rest(logits), states, mask.float()

    class Read(torch.nn.Module):
        def forward(self, src, lengths):
            return torch.zeros(*src.shape, 2), torch.zeros(len(src), 2)

    model = Seq2Seq(Read(), Tree())
    source = torch.tensor([[4, 3]]), torch.tensor([2])
    (greedy,), _ = greedy_decode(model, *source, 6)
    (beam,), scores = beam_search(model, *source, 6, decoding.SIZE_OF_BEAM)
    assert [vocabulary[number] for number in greedy] == ["elle", "dort", "bien"]
    assert [vocabulary[number] for number in beam] == ["il", "dort"] and scores.item() == pytest.approx(-1.5, abs=1e-3)


def _with_rest(logits: torch.Tensor) -> torch.Tensor:
    """The probability that is left is spread over many words, none of which is ever chosen."""
    rest = 1 - logits.exp().sum(dim=1, keepdim=True)
    assert (rest > -1e-6).all(), "the probabilities of the tree sum to more than 1"
    return torch.cat([logits, (rest.clamp(min=1e-9) / 500).log().expand(-1, 500)], dim=1)


def test_the_winner_has_the_best_score_of_the_last_step():
    (tick,) = [text.get_position() for text in texts(default("beam")) if text.get_text() == "✓"]
    last = [node for node in decoding.TREE if node.step == 4]
    assert max(last, key=lambda node: node.score).y == tick[1]


# How a map is scored


def test_the_error_is_counted_from_the_grid():
    patches = default("alignment_error").axes[0].patches
    known = [patch.get_path().get_extents() for patch in patches if patch.get_gid() == "known"]
    dots = [patch.get_path().get_extents() for patch in patches if patch.get_gid() == "said"]
    dots = [dot for dot in dots if dot.y0 > 0.6]  # those of the key left out
    inside = [any(cell.contains((dot.x0 + dot.x1) / 2, (dot.y0 + dot.y1) / 2) for cell in known) for dot in dots]
    assert (len(known), len(dots), sum(inside)) == (7, 6, 5)
    assert f"{1 - 2 * sum(inside) / (len(known) + len(dots)):.2f}" == "0.23"


def test_scores_fall_along_every_path():
    for node in decoding.TREE[1:]:
        assert all(later.score <= earlier.score for earlier, later in pairwise([decoding.TREE[node.parent], node]))


def test_a_decoder_has_the_sizes_of_the_figure():
    decoder = Decoder(9, 4, 6)  # E = 4, H = 6
    assert decoder.cell.input_size == 4 + 6 and decoder.output.in_features == 2 * 6
