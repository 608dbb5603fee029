"""The schematic figures of notebook 4 say what the code does: which characters a chunk holds, where gradients stop."""

from __future__ import annotations

import re

import pytest
import torch

from solution.charlm import CharLM, CharVocabulary, generate, stream_batches, train_chunk
from tests.test_diagrams import arrows, default, headings, texts
from toolkit import diagrams
from toolkit.diagrams import characters, streaming, writing


def words_of(name: str) -> list[str]:
    return [found.get_text() for found in texts(default(name))]


def row(name: str, y: float) -> list[str]:
    """The words of a figure at this height, from left to right."""
    found = [
        (text.get_position()[0], text.get_text())
        for text in texts(default(name))
        if abs(text.get_position()[1] - y) < 0.01
    ]
    return [word for _, word in sorted(found)]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        (
            "characters_pipeline",
            ["CharVocabulary", "stream_batches", "CharLM", "embedding", "LSTM", "head", "logits", "train_chunk", "sample",
             "generate", "bits_per_character", "held_out_loss", "$(T{,})$", "$(N, L)$", "$(N, L, E)$", "$(N, L, H)$",
             "$(N, L, V)$", *(f"4.{task}" for task in range(1, 11))],
        ),
        ("many_to_many", ["Many to one: notebook 3", "Many to many: this notebook", "1 loss", "$L$ losses", "liked", "target"]),
        ("streams", ["T = 30", "N = 3", "L = 3", "left over", "chunk 0", "chunk 2", "row 2", "$(N, L)$", "state, carried"]),
        ("truncation", ["With detach", "Without detach", "✂", "detach", "\\mathcal{L}_2", "gradient, backward"]),
        ("generation", ["Reading the prompt", "Writing", "$(1, P)$", "$(1, 1)$", "$(1, V)$", "softmax", "draw", "not used"]),
        ("cache", ["Transformer", "LSTM", "t \\cdot d", "\\cdot H", "always", "“hello”"]),
    ],
)  # fmt: skip
def test_the_notebooks_letters_are_there(name, letters):
    words = " ; ".join(words_of(name))
    assert [letter for letter in letters if letter not in words] == []


def test_badges_are_drawn_for_the_tasks_that_are_given():
    words = [found.get_text() for found in texts(diagrams.draw_characters_pipeline({"streams": "7.1", "bits": "12.2"}))]
    assert [word for word in words if re.fullmatch(r"\d+\.\d+", word)] == ["7.1", "12.2"]
    with pytest.raises(ValueError, match=r"unknown keys \['stream'\], expected any of \['bits'"):
        diagrams.draw_characters_pipeline({"stream": "4.2"})


def test_the_pipeline_numbers_its_text_as_the_code_does():
    text = "\n".join(characters.LINES)
    assert tuple(CharVocabulary.build(text).encode(text)[:4]) == characters.IDS
    assert [word for word in words_of("characters_pipeline") if word.isdigit()] == [
        str(number) for number in characters.IDS
    ]


def test_the_gradient_runs_from_the_loss_to_the_model_and_the_drawn_id_back_into_it():
    ((start, tip),) = arrows(default("characters_pipeline"), "gradient")
    assert tip[0] < start[0] and tip[1] > start[1]
    at = {found.get_text(): found.get_position() for found in texts(default("characters_pipeline"))}
    fed = [pair for pair in arrows(default("characters_pipeline"), "output") if abs(pair[0][0] - at["id"][0]) < 0.01]
    assert any(tip[1] < at["embedding"][1] and tip[1] > at["id"][1] for _, tip in fed)


def test_the_target_of_each_step_is_the_next_character():
    above, below = (row("many_to_many", y) for y in (characters.TARGETS, characters.INPUTS))
    assert below == [*characters.WORDS, *"hell"] and above == ["liked", *"ello"]
    assert words_of("many_to_many").count(r"$\mathcal{L}$") == 1 + 4
    shifted = [pair for pair in arrows(default("many_to_many"), "target") if 0.4 < pair[0][1] < 1.2]
    columns = [found.get_position()[0] for found in texts(default("many_to_many"))
               if abs(found.get_position()[1] - characters.INPUTS) < 0.01][4:]  # fmt: skip
    assert len(shifted) == 3
    for (start, tip), before, after in zip(shifted, columns, columns[1:], strict=False):
        assert before < tip[0] < start[0] < after and tip[1] == pytest.approx(characters.TARGETS)


def test_the_chunks_hold_what_stream_batches_cuts():
    vocabulary = CharVocabulary.build(streaming.TEXT)
    chunks = list(stream_batches(torch.tensor(vocabulary.encode(streaming.TEXT)), streaming.ROWS, streaming.STEPS))
    lines: dict[float, list[tuple[float, str]]] = {}
    for found in texts(default("streams")):
        (x, y), word = found.get_position(), found.get_text()
        if len(word) == 1 and y < 2.4:
            lines.setdefault(round(y, 2), []).append((x, word))
    drawn = ["".join(word for _, word in sorted(lines[y])).replace("␣", " ") for y in sorted(lines, reverse=True)]
    assert drawn == [vocabulary.decode(torch.cat([x[number] for x, _ in chunks])) for number in range(streaming.ROWS)]
    assert headings(default("streams"), "state") == [(1, 0)] * streaming.ROWS * len(chunks)


def test_the_ribbon_is_the_text_and_its_end_is_pale():
    ribbon = [found for found in texts(default("streams")) if found.get_position()[1] == 3.66]
    assert "".join(found.get_text() for found in ribbon).replace("␣", " ") == streaming.TEXT
    pale = [found.get_color() for found in ribbon].count(streaming.QUIET)
    assert pale == len(streaming.TEXT) - streaming.ROWS * streaming.LONG == 3


def test_with_detach_no_gradient_crosses_a_border_and_without_it_one_reaches_the_first_step():
    found = arrows(default("truncation"), "gradient")
    back = [pair for pair in found if abs(pair[0][1] - pair[1][1]) < 0.01 and pair[0][1] > 0.4]  # not that of the key
    upper, lower = ([pair for pair in back if (pair[0][1] > 2.8) == up] for up in (True, False))
    assert all(tip[0] < start[0] for start, tip in back)
    bars = [patch for patch in default("truncation").axes[0].patches if patch.get_gid() == "bar"]
    edges = [bar.get_path().get_extents() for bar in bars]
    assert len(edges) == 2 and len(upper) == 3 * 2 + 2 and len(lower) == 8
    for edge in edges:
        assert not any(tip[0] < edge.x0 < start[0] for start, tip in upper), "an arrow runs through the bar"
        assert any(tip[0] < edge.x0 < start[0] for start, tip in lower), "without detach one runs across"
        forward = [pair for pair in arrows(default("truncation"), "state") if pair[0][1] > 2.8]
        assert any(start[0] < edge.x0 < tip[0] for start, tip in forward), "the state crosses"
    assert min(tip[0] for _, tip in lower) < streaming.FIRST + streaming.BORDER + 0.3
    assert min(tip[0] for _, tip in lower) > streaming.FIRST + 0.3, "the zeros before the text get none"


def test_train_chunk_cuts_where_the_figure_does():
    torch.manual_seed(0)
    model = CharLM(5, 3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randint(5, (2, 3))
    before = tuple(torch.randn(1, 2, 4, requires_grad=True) for _ in "hc")
    _, after = train_chunk(model, optimizer, x, x, before, 1.0)
    assert all(part.grad is None for part in before), "the gradient ends at the border"
    assert all(part.grad_fn is None for part in after) and any(part.any() for part in after), "the state crosses it"


def test_generation_reads_the_prompt_at_once_and_each_new_character_alone():
    lengths = []
    model = CharLM(5, 3, 4)
    model.register_forward_pre_hook(lambda _, given: lengths.append(given[0].shape[1]))
    generate(model, torch.tensor([0, 1, 2, 3, 4]), 3)
    read = row("generation", writing.INPUT)
    assert lengths == [len(writing.PROMPT), 1, 1]
    assert read[:7] == [*writing.PROMPT, "␣", "w"] and row("generation", writing.NEW)[:3] == ["␣", "w", "h"]
    assert words_of("generation").count("model") == 3
    assert headings(default("generation"), "state") == [(1, 0)] * 3
    fed = [pair for pair in arrows(default("generation"), "output") if pair[0][1] > 4 and pair[1][1] < 1.2]
    assert len(fed) == 2 and all(tip[0] > start[0] for start, tip in fed)


def test_the_cache_grows_by_a_pair_for_each_character_and_the_state_does_not():
    words = words_of("cache")
    count = len(writing.WRITTEN)
    assert words.count("$k$") == words.count("$v$") == count * (count + 1) // 2
    assert words.count("$h$") == words.count("$c$") == count
    gids = [patch.get_gid() for patch in default("cache").axes[0].patches]
    assert gids.count("new") == 2 * count and gids.count("kept") == count * (count - 1)
    assert headings(default("cache"), "state") == [(0, -1)] * 2 * (count - 1)
