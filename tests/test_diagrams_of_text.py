"""The schematic figures of notebook 3 say what the code does: which state is the last, in which order, which row."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from solution.text import Embedding, masked_mean, tokenize
from tests.test_diagrams import arrows, boxes, default, headings, texts
from toolkit import diagrams
from toolkit.diagrams import reading, text


def words_of(name: str) -> list[str]:
    return [found.get_text() for found in texts(default(name))]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        (
            "text_pipeline",
            ["tokenize", "Vocabulary", "pad_batch", "Embedding", "recurrent layer", "last real state", "linear", "logits",
             "$(N, L)$", "$(N{,})$", "$(N, L, E)$", "$(N, H)$", *(f"3.{task}" for task in range(1, 9))],
        ),
        ("one_hot", ["one-hot row", "weight", "vector", "1, V", "V, E", "1, E", "<pad>", "weight[3]"]),
        ("last_step", ["outputs[:, -1]", "outputs at the last word", "✓", "✗", "padding"]),
        ("bidirectional", ["Not packed", "Packed", "forward", "backward", "padding"]),
        ("masked_mean", ["NaN", "True", "False", "L, F", "F{,}", "/\\,3", "torch.where"]),
    ],
)  # fmt: skip
def test_the_notebooks_letters_are_there(name, letters):
    words = " ; ".join(words_of(name))
    assert [letter for letter in letters if letter not in words] == []


def test_the_pipeline_cuts_and_numbers_its_reviews_as_the_code_does():
    assert tuple(tuple(tokenize(review)) for review in text.REVIEWS) == text.TOKENS
    shown = [word for word in words_of("text_pipeline") if word.isdigit()]
    ids = [str(text.IDS[word]) for words in text.TOKENS for word in words]
    assert sorted(shown) == sorted([*ids, *ids, "4", "3"])  # twice as ids, and the two lengths
    assert len(set(text.IDS.values())) == len(text.IDS) and min(text.IDS.values()) > 1


def test_badges_are_drawn_for_the_tasks_that_are_given():
    words = [found.get_text() for found in texts(diagrams.draw_text_pipeline({"padding": "7.1", "mean": "12.2"}))]
    assert [word for word in words if re.fullmatch(r"\d+\.\d+", word)] == ["7.1", "12.2"]
    with pytest.raises(ValueError, match=r"unknown keys \['pad'\], expected any of \['buckets'"):
        diagrams.draw_text_pipeline({"pad": "3.4"})


def test_the_picked_row_is_the_product():
    weight, ids = torch.tensor(text.WEIGHT), torch.tensor([text.PICKED])
    hot = nn.functional.one_hot(ids, len(text.WORDS)).float()
    shown = [
        found for found in texts(default("one_hot")) if abs(found.get_position()[1] - text._height(text.PICKED)) < 0.01
    ]
    row = [found.get_text() for found in sorted(shown, key=lambda found: found.get_position()[0])]
    cut, equals = row.index(r"$\times$"), row.index("$=$")
    assert [float(entry) for entry in row[:cut]] == hot[0].tolist()
    assert [float(entry.replace("−", "-")) for entry in row[equals + 1 :]] == pytest.approx((hot @ weight)[0].tolist())
    embedding = Embedding(len(text.WORDS), 4)
    assert embedding.weight[0].tolist() == list(text.WEIGHT[0])
    embedding(torch.tensor([0, text.PICKED])).sum().backward()
    assert embedding.weight.grad.abs().sum(1).bool().tolist() == [
        place == text.PICKED for place in range(len(text.WORDS))
    ]


def test_the_mean_is_that_of_masked_mean():
    values = torch.tensor(text.VALUES).float().T  # (steps, F)
    padded = torch.cat([values, torch.full((text.STEPS - len(values), 3), float("nan"))])
    mean = masked_mean(padded[None], torch.tensor([len(text.REAL)]))[0]
    shown = {found.get_position(): found.get_text() for found in texts(default("masked_mean"))}
    last = max(x for x, y in shown if abs(y - text._feature(0)) < 0.01)
    assert [float(shown[last, text._feature(feature)]) for feature in range(3)] == mean.tolist()


def marks(name: str, mark: str, least: float = 0.5) -> list[tuple[float, float]]:
    found = [word for word in texts(default(name)) if word.get_text() == mark and word.get_position()[1] > least]
    return sorted(tuple(round(part, 2) for part in word.get_position()) for word in found)


def test_ticks_stand_under_the_last_word_and_for_the_backward_direction_under_the_first():
    columns = [reading.NARROW[len(words) - 1] for words in reading.REVIEWS]
    above = [x for x, y in marks("last_step", "✓") if y > 3]
    assert above == pytest.approx(sorted(columns))
    below = [x for x, y in sorted(marks("last_step", "✓"), key=lambda at: -at[1]) if y < 3]
    assert below == pytest.approx([reading.NARROW[3], reading.NARROW[0]])
    wrong = [x for x, _ in marks("last_step", "✗")]
    assert wrong == pytest.approx([reading.NARROW[3], reading.NARROW[4], reading.NARROW[4]])


def test_packed_outputs_are_as_the_figure_says():
    torch.manual_seed(0)
    layer = nn.RNN(3, 4, batch_first=True, bidirectional=True)
    x = torch.randn(1, 5, 3)
    packed = pack_padded_sequence(x, torch.tensor([4]), batch_first=True)
    outputs, _ = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=5)
    assert not outputs[:, -1].any()
    only = layer(x[:, 3:4])[0][:, 0]
    assert torch.allclose(outputs[:, 3, 4:], only[:, 4:])  # backward has read one word at the last one
    assert torch.allclose(outputs[:, 0, 4:], layer(x[:, :4])[1][1])


def test_two_directions_read_in_the_order_of_the_numbers():
    at = {found.get_position(): found.get_text() for found in texts(default("bidirectional"))}
    rows: dict[float, list[tuple[float, int]]] = {}
    for (x, y), word in at.items():
        if word.isdigit():
            rows.setdefault(round(y, 2), []).append((x, int(word)))
    orders = [[number for _, number in sorted(rows[y])] for y in sorted(rows, reverse=True)]
    assert orders == [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1], [1, 2, 3, 4], [4, 3, 2, 1]]
    assert headings(default("bidirectional"), "state") == [(1, 0)] * 5 + [(-1, 0)] * 5 + [(1, 0)] * 3 + [(-1, 0)] * 3


def test_padding_is_hatched_and_holds_no_text():
    for name in ("text_pipeline", "last_step", "bidirectional", "masked_mean"):
        hatched = [patch for patch in default(name).axes[0].patches if patch.get_hatch()]
        assert hatched, name
        for patch in hatched:
            area = patch.get_window_extent()
            assert not any(area.overlaps(box) for box in boxes(default(name)).values()), name


def test_the_last_state_goes_to_the_linear_unit_or_the_mean_does():
    assert headings(default("text_pipeline"), "state").count((1, 0)) == 4
    assert len(arrows(default("text_pipeline"), "state")) == 6
