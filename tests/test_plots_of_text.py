"""The pictures of notebook 3 show what was given, and nothing on them overlaps, with long words, few or many."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from torch.nn.utils.rnn import pack_padded_sequence

from toolkit import plots
from toolkit.neighbours import nearest_words, neighbour_rows, show_neighbours
from toolkit.plots.cells import cut, fitting_size, text_width
from toolkit.plots.labels import Box, place_labels

NAN = float("nan")
LONGEST = "pneumonoultramicroscopicsilicovolcanoconiosis"
SHORT = ["not", "bad", "at", "all", "i", "liked", "it", "a", "lot", "dull", "the", "film", "unforgettable"]
WORDS = ["<pad>", "<unk>", *SHORT, LONGEST]
THIN = "the film is thin and the first hour drags but by the end i was not bored at all"
TEXT = THIN.split()
GROUPS = {"praise": ["great", "moving", "superb"], "blame": ["awful", "dull"], "function words": ["the", "a"]}
MEMBERS = [word for group in GROUPS.values() for word in group]


def batch(*lists: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.zeros(len(lists), max(map(len, lists)), dtype=torch.int64)
    for row, numbers in zip(ids, lists, strict=True):
        row[: len(numbers)] = torch.tensor(numbers)
    return ids, torch.tensor([len(numbers) for numbers in lists])


SMALL = batch([2, 3, 4, 5], [11], [6, 7, 8, 9, 10])
LARGE = batch(
    *([2 + (row + step) % 14 for step in range(length)] for row, length in enumerate((9, 1, 16, 4, 4, 12, 2, 7)))
)


def points(words: list[str], spread: float = 1.0) -> torch.Tensor:
    return spread * torch.randn(len(words), 2, generator=torch.Generator().manual_seed(0))


def lengths(number: int) -> torch.Tensor:
    return (0.6 * torch.randn(number, generator=torch.Generator().manual_seed(0)) + 5).exp().long()


PLACES, BY_LENGTH = torch.arange(60).split(8), lengths(60).argsort().split(8)
MANY = torch.arange(2000).split(16)
COUNTS = torch.tensor([[10911, 1589], [1320, 11180]])
LIKING = torch.linspace(0, 1, len(TEXT))
SEEDS = [[0.8, 0.85, 0.9], [0.7, 0.72, 0.78]]
CROWD = [f"word{number}" for number in range(60)]
FIGURES = {
    "packed": lambda: plots.plot_packed(*SMALL, WORDS),
    "packed ids": lambda: plots.plot_packed(*SMALL),
    "packed large": lambda: plots.plot_packed(*LARGE, WORDS),
    "packed without padding": lambda: plots.plot_packed(torch.randint(2, 90_000, (8, 16)), torch.full((8,), 16)),
    "packed one word": lambda: plots.plot_packed(torch.tensor([[15]]), torch.tensor([1]), WORDS),
    "padding": lambda: plots.plot_padding(lengths(60), {"in the order given": PLACES, "by length": BY_LENGTH}),
    "padding of many": lambda: plots.plot_padding(lengths(2000), {"in the order given": MANY}),
    "no padding": lambda: plots.plot_padding([3, 3, 3, 3], {"by length": torch.arange(4).split(2)}),
    "lengths": lambda: plots.plot_lengths({"training": lengths(900), "test": lengths(500) + 3}),
    "short lengths": lambda: plots.plot_lengths({"grammar": [0, 3, 4, 4, 9]}),
    "by length": lambda: plots.plot_by_length({"LSTM": SEEDS, "words": [0.8, NAN]}, ["1 to 50", "over 50"], [120, 1234]),
    "by length, one": lambda: plots.plot_by_length({"LSTM": [0.6, 0.7, 0.5]}, ["1 to 9", "10 to 19", "20 to 29"], [1, 2, 3]),
    "confusion": lambda: plots.plot_confusion({"LSTM": COUNTS, "GRU": COUNTS, "bag of words": COUNTS}),
    "confusion, one": lambda: plots.plot_confusion({"LSTM": COUNTS}),
    "confusion, five": lambda: plots.plot_confusion({f"network {number}": COUNTS for number in range(5)}),
    "words": lambda: plots.plot_words({"before": points(MEMBERS), "after": points(MEMBERS, 9)}, MEMBERS, GROUPS),
    "words, a crowd": lambda: plots.plot_words({"after training": points(CROWD), "before": points(CROWD)}, CROWD, {}),
    "long words": lambda: plots.plot_words({"after": points([LONGEST, "a"])}, [LONGEST, "a"], {"long": [LONGEST]}),
    "reading": lambda: plots.plot_reading(TEXT, LIKING, "liked", decisive=(14, 17)),
    "reading three words": lambda: plots.plot_reading(["i", "liked", "it"], torch.tensor([0.5, 0.9, 0.9])),
    "reading long words": lambda: plots.plot_reading([LONGEST, "a", 2 * LONGEST, *TEXT] * 5, torch.rand(110), "disliked"),
    "reading as a line": lambda: plots.plot_reading(TEXT * 20, torch.rand(20 * len(TEXT)), "liked", line=True),
    "reading a short line": lambda: plots.plot_reading(["dull"], torch.tensor([0.1]), "disliked", line=True),
}  # fmt: skip


@cache
def drawn(name: str) -> Figure:
    return FIGURES[name]()


def texts(fig: Figure) -> dict[Text, object]:
    """Every text that is drawn, with the pixels that it takes."""
    renderer = FigureCanvasAgg(fig).get_renderer()
    fig.draw(renderer)
    found = [text for text in fig.findobj(Text) if text.get_text().strip() and text.get_visible()]
    hidden = {part for ax in fig.axes if not ax.axison for part in ax.xaxis.findobj(Text) + ax.yaxis.findobj(Text)}
    outside = {tick.label1 for ax in fig.axes for axis in (ax.xaxis, ax.yaxis) for tick in _undrawn(axis)}
    return {text: text.get_window_extent(renderer) for text in found if text not in hidden | outside}


def _undrawn(axis) -> list:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    every = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [tick for tick in every if not low - slack <= tick.get_loc() <= high + slack]


def expect_apart(fig: Figure) -> None:
    places = [(text.get_text(), box) for text, box in texts(fig).items()]
    assert places
    for name, box in places:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= fig.bbox.x1 + 1 and box.y1 <= fig.bbox.y1 + 1
        assert inside, f"{name!r} leaves the figure"
    for (name, box), (other, its) in combinations(places, 2):
        assert not box.padded(-0.6).overlaps(its.padded(-0.6)), f"{name!r} overlaps {other!r}"


@pytest.mark.parametrize("name", FIGURES)
def test_texts_stand_apart_and_inside_also_under_a_headline(name):
    fig = drawn(name)
    assert fig.get_figwidth() == 8
    expect_apart(fig)
    plots.headline(fig, "You predicted 80 %, measured 88 %.")
    fig.supxlabel("Drawn with a stand-in for Embedding, not with your own code.", x=0.01, ha="left", fontsize="small")
    expect_apart(fig)


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_large_enough(name):
    assert min(text.get_fontsize() for text in texts(drawn(name))) >= 7


def test_a_test_of_overlaps_sees_one():
    fig = plots.plot_confusion({"LSTM": torch.tensor([[1, 2], [3, 4]])})
    fig.axes[0].text(0, 0, "over the count")
    with pytest.raises(AssertionError, match="overlaps"):
        expect_apart(fig)


# Packing


def cells(ax) -> dict[tuple[float, float], tuple]:
    """The coloured cells of a grid by column and row: their colour."""
    return {
        (round(patch.get_x() + 0.45, 2), round(patch.get_y() + 0.41, 2)): patch.get_edgecolor()
        for patch in ax.patches
        if not patch.get_hatch()
    }


@pytest.mark.parametrize("given", [SMALL, LARGE])
def test_the_grids_and_the_vector_are_those_of_torch(given):
    ids, sizes = given
    packed = pack_padded_sequence(ids, sizes, batch_first=True, enforce_sorted=False)
    padded, by_length, data = plots.plot_packed(ids, sizes).axes
    assert set(cells(padded)) == {(step, row) for row, size in enumerate(sizes.tolist()) for step in range(size)}
    assert sum(bool(patch.get_hatch()) for patch in padded.patches) == ids.numel() - int(sizes.sum())
    order = packed.sorted_indices.tolist()
    assert [tick.get_text() for tick in by_length.get_yticklabels()] == [*map(str, order), "batch_sizes"]
    columns = [sum(step == place for step, _ in cells(by_length)) for place in range(len(packed.batch_sizes))]
    assert columns == packed.batch_sizes.tolist()
    written = [text for text in by_length.texts if text.get_fontweight() == "bold"]
    assert [int(text.get_text()) for text in written] == packed.batch_sizes.tolist()
    inside = [text for text in data.texts if text.get_color() == "black"]
    assert [int(text.get_text()) for text in inside] == packed.data.tolist()
    below = [text.get_text() for text in data.texts if text.get_color() != "black" and "t" not in text.get_text()]
    assert [int(row) for row in below] == [
        order[place] for size in packed.batch_sizes.tolist() for place in range(size)
    ]
    for (step, place), colour in cells(by_length).items():
        assert colour == cells(padded)[step, order[int(place)]]


def test_words_are_written_where_they_fit_and_cut_where_not():
    padded, _, data = plots.plot_packed(*SMALL, WORDS).axes
    assert [text.get_text() for text in padded.texts] == [*SHORT[:4], "dull", *SHORT[4:9]]
    assert [text.get_text() for text in data.texts if text.get_color() == "black"] == [
        "i", "not", "dull", "liked", "bad", "it", "at", "a", "all", "lot"]  # fmt: skip
    _, _, data = plots.plot_packed(*LARGE, WORDS).axes
    assert any(text.get_text().startswith("pn") and text.get_text().endswith("…") for text in data.texts)


def test_a_text_stays_inside_its_cell():
    for name in ("packed", "packed large", "packed without padding"):
        fig = drawn(name)
        boxes = texts(fig)
        for ax in fig.axes:
            for text in (text for text in ax.texts if text.get_color() == "black" and text.get_fontweight() != "bold"):
                around = [patch.get_window_extent() for patch in ax.patches if patch.contains_point(
                    ax.transData.transform(text.get_position()))]  # fmt: skip
                assert any(cell.x0 <= boxes[text].x0 and boxes[text].x1 <= cell.x1 for cell in around), text.get_text()


def test_the_legend_names_padding_where_there_is_any():
    assert [text.get_text() for text in drawn("packed").axes[0].get_legend().get_texts()] == ["padding"]
    assert drawn("packed without padding").axes[0].get_legend() is None


@pytest.mark.parametrize(
    ("ids", "sizes", "message"),
    [
        (torch.ones(3, dtype=torch.int64), torch.ones(3, dtype=torch.int64), r"shape \(3,\).*expected \(N, L\)"),
        (torch.ones(2, 3), torch.tensor([1, 2]), r"torch.float32, expected \(N, L\) whole numbers"),
        (torch.ones(9, 3, dtype=torch.int64), torch.ones(9, dtype=torch.int64), r"\(9, 3\), expected up to \(8, 16\)"),
        (torch.ones(2, 3, dtype=torch.int64), torch.tensor([1, 2, 3]), r"shape \(3,\), expected \(2,\)"),
        (torch.ones(2, 3, dtype=torch.int64), torch.tensor([0, 3]), "run from 0 to 3, expected 1 to 3"),
        (torch.ones(2, 3, dtype=torch.int64), torch.tensor([1, 4]), "run from 1 to 4, expected 1 to 3"),
    ],
)
def test_packing_refuses(ids, sizes, message):
    with pytest.raises(ValueError, match=message):
        plots.plot_packed(ids, sizes)


def test_packing_refuses_an_id_without_a_word():
    with pytest.raises(ValueError, match="run from 0 to 11, expected 0 to 4: a word for each id"):
        plots.plot_packed(*SMALL, WORDS[:5])


# Padding and lengths


def test_the_share_of_padding_is_counted_in_tokens():
    sizes, ways = torch.tensor([1, 4, 2, 3]), {"given": [torch.tensor([0, 1]), torch.tensor([2, 3])],
                                               "by length": [torch.tensor([2, 0]), torch.tensor([3, 1])]}  # fmt: skip
    fig = plots.plot_padding(sizes, ways)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["given: 29 % padding", "by length: 17 % padding"]
    above, below, _ = fig.axes[0].patches
    assert above.get_data().values.tolist() == [4, 3] and above.get_data().baseline.tolist() == [2.5, 2.5]
    assert below.get_data().values.tolist() == [2.5, 2.5]
    assert above.get_hatch()
    assert [text.get_text() for text in fig.axes[0].get_legend().get_texts()] == [
        "padding",
        "words, mean\nof the batch",
    ]
    assert drawn("no padding").axes[0].get_title(loc="left") == "by length: 0 % padding"


def test_many_batches_are_sorted_and_the_axis_says_so():
    tops = drawn("padding of many").axes[0].patches[0].get_data().values.tolist()
    assert tops == sorted(tops, reverse=True) and len(tops) == 125
    assert "from the longest rows" in drawn("padding of many").axes[-1].get_xlabel()
    assert drawn("padding").axes[-1].get_xlabel() == "batch"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_padding([3, 4], {}), "batches_by_name is empty"),
        (lambda: plots.plot_padding([3, 4], {"given": []}), r"'given' have shapes \[\], expected at least one"),
        (lambda: plots.plot_padding([3, 4], {"given": [torch.tensor([[0]])]}), r"shapes \[\(1, 1\)\]"),
        (lambda: plots.plot_padding([3, 4], {"given": [torch.tensor([0, 2])]}), "places 0 to 2, expected 0 to 1"),
        (lambda: plots.plot_padding([[3, 4]], {"given": [torch.tensor([0])]}), r"shape \(1, 2\).*expected \(N,\)"),
        (lambda: plots.plot_lengths({}), "by_name is empty"),
        (lambda: plots.plot_lengths({"training": []}), r"shape \(0,\)"),
        (lambda: plots.plot_lengths({"training": [3.5]}), "torch.float32, expected"),
        (lambda: plots.plot_lengths({"training": [-1]}), "down to -1, expected 0 or more"),
    ],
)
def test_lengths_and_padding_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_every_review_stands_in_a_bin_and_the_median_is_marked():
    for sets in ({"a": [0, 3, 4, 4, 9]}, {"a": lengths(900), "b": [1, 2, 2000]}, {"a": [7]}, {"a": [0, 0]}):
        ax = plots.plot_lengths(sets).axes[0]
        for container in ax.patches:
            area = container.get_path()
            heights = {round(y, 9) for _, y in area.vertices}
            assert max(heights) > 0
        names = [text.get_text() for text in ax.get_legend().get_texts()]
        for name, values in sets.items():
            middle = torch.as_tensor(values).double().quantile(0.5).item()
            assert name in names and f"median {middle:g} words" in names
    assert plots.plot_lengths({"a": [1, 2000]}).axes[0].get_xscale() == "log"
    assert "empty reviews counted as 1" in plots.plot_lengths({"a": [0, 2000]}).axes[0].get_xlabel()
    linear = plots.plot_lengths({"a": [0, 3, 9]}).axes[0]
    assert linear.get_xscale() == "linear" and linear.get_xlim()[0] < 0


@pytest.mark.parametrize("values", [[0, 3, 4, 4, 9], [1, 2, 2000], [7], [0, 0], list(range(200))])
def test_the_bins_hold_all_reviews(values):
    (patch,) = plots.plot_lengths({"a": values}, bins=20).axes[0].patches
    corners = patch.get_path().vertices[: len(patch.get_path().vertices) // 2 + 1]
    tops = [max(one[1], other[1]) for one, other in zip(corners[1::2], corners[2::2], strict=False)]
    assert sum(tops) == pytest.approx(100)


# Answers


def test_accuracies_are_medians_with_a_dot_for_each_seed():
    ax = drawn("by length").axes[0]
    line, dots, other, *_ = ax.get_lines()
    assert list(line.get_ydata()) == pytest.approx([85, 72])
    assert list(dots.get_ydata()) == pytest.approx([80, 85, 90, 70, 72, 78])
    assert list(dots.get_xdata()) == pytest.approx([line.get_xdata()[0]] * 3 + [line.get_xdata()[1]] * 3)
    assert other.get_ydata()[0] == 80 and other.get_ydata()[1] != other.get_ydata()[1]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["LSTM", "words", "chance", "one seed; the line\njoins medians"]
    chance = next(found for found in ax.get_lines() if found.get_label() == "chance")
    assert set(chance.get_ydata()) == {50}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1 to 50\n120", "over 50\n1,234"]
    assert len({(found.get_color(), found.get_marker(), found.get_linestyle()) for found in (line, other)}) == 2
    assert "one seed" not in [text.get_text() for text in drawn("by length, one").axes[0].get_legend().get_texts()]


def test_a_confusion_has_counts_and_shares_of_the_label():
    ax = plots.plot_confusion({"LSTM": torch.tensor([[8, 2], [1, 3]])}).axes[0]
    assert {text.get_position(): text.get_text() for text in ax.texts} == {
        (0, 0): "8\n80.0 %", (1, 0): "2\n20.0 %", (0, 1): "1\n25.0 %", (1, 1): "3\n75.0 %"}  # fmt: skip
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("answer", "label", "LSTM\n78.6 % right")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["disliked", "liked"]
    assert (
        plots.plot_confusion({"none": torch.zeros(2, 2, dtype=torch.int64)}).axes[0].texts[0].get_text() == "0\n0.0 %"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_by_length({}, [], []), "accuracies is empty"),
        (lambda: plots.plot_by_length({"a": [0.5]}, ["x"], []), "counts has 0 entries, expected 1"),
        (
            lambda: plots.plot_by_length({"a": [0.5]}, ["x", "y"], [1, 2]),
            r"accuracies\['a'\] has 1 entries, expected 2",
        ),
        (lambda: plots.plot_by_length({"a": [88.0]}, ["x"], [1]), "holds 88, expected shares from 0 to 1"),
        (lambda: plots.plot_confusion({}), "counts_by_name is empty"),
        (lambda: plots.plot_confusion({"a": torch.ones(2, 3)}), r"shape \(2, 3\), expected \(2, 2\)"),
        (lambda: plots.plot_confusion({"a": torch.tensor([[1, -2], [0, 0]])}), "down to -2, expected 0 or more"),
    ],
)
def test_answers_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Words


def test_labels_are_placed_where_they_are_free():
    bound = [Box(0, 0, 140, 100)]
    points = [(50, 50), (62, 50), (74, 50)]
    found = place_labels([points], [(30, 10)] * 3, bound, radius=1, reach=2)
    boxes = [Box(x + dx, y + dy, x + dx + 30, y + dy + 10)
             for (x, y), (dx, dy) in zip(points, filter(None, found), strict=True)]  # fmt: skip
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.inside(bound[0]) for box in boxes)
    assert place_labels([[(50, 50)]], [(300, 10)], bound, radius=1, reach=2) == [None]
    free, blocked = [(5, 50), (95, 90)], [(5, 50), (20, 50)]
    assert place_labels([free], [(30, 10)] * 2, bound, 1, 2)[0] == (2, -5)
    assert place_labels([free, blocked], [(30, 10)] * 2, bound * 2, 1, 2)[0] != (2, -5)


def test_labels_leave_points_free_and_the_axis_counts_those_left_out():
    fig = drawn("words, a crowd")
    boxes = texts(fig)
    for ax in fig.axes[:2]:
        labels = [text for text in ax.texts if text.get_text()]
        left_out = 60 - len(labels)
        assert left_out and ax.get_xlabel().endswith(f"{left_out} of 60 words have no room for a label")
        dots = ax.transData.transform([line.get_xydata()[0] for line in ax.get_lines() if len(line.get_xydata())])
        assert len(dots) == 60
        for text in labels:
            assert not any(boxes[text].contains(*dot) for dot in dots), text.get_text()
    assert not drawn("words").axes[1].get_xlabel().strip().endswith("label")


def test_groups_are_told_by_colour_and_mark():
    fig = drawn("words")
    legend = next(ax.get_legend() for ax in fig.axes if ax.get_legend())
    assert [text.get_text() for text in legend.get_texts()] == list(GROUPS)
    marks = {(line.get_color(), line.get_marker()) for line in fig.axes[0].get_lines() if len(line.get_xydata())}
    assert len(marks) == 3 and len({colour for colour, _ in marks}) == 3 and len({mark for _, mark in marks}) == 3
    assert {text.get_text() for text in fig.axes[1].texts} <= set(MEMBERS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_words({}, ["a"], {}), "points_by_name is empty"),
        (lambda: plots.plot_words({"x": torch.zeros(2, 3)}, ["a", "b"], {}), r"shape \(2, 3\), expected \(2, 2\)"),
        (lambda: plots.plot_words({"x": torch.zeros(1, 2)}, ["a"], {"g": ["b"]}), r"groups holds \['b'\]"),
        (
            lambda: plots.plot_words({"x": torch.zeros(1, 2)}, ["a"], {str(n): [] for n in range(7)}),
            "7 groups, expected up to 6",
        ),
    ],
)
def test_words_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


WEIGHT = torch.tensor([[0.0, 0.0], [9.0, 9.0], [1.0, 0.0], [1.0, 0.1], [-1.0, 0.0], [0.0, 2.0]])
VOCABULARY = ["<pad>", "<unk>", "good", "fine", "bad", "table"]


def test_neighbours_are_found_by_cosine():
    found = nearest_words(WEIGHT, VOCABULARY, "good", 9)
    assert [word for word, _ in found] == ["fine", "table", "bad"]  # neither itself nor padding nor unknown words
    assert [value for _, value in found] == pytest.approx([1 / 1.01**0.5, 0, -1])
    (row,) = neighbour_rows(WEIGHT, -WEIGHT, VOCABULARY, ["good"], 1)
    assert row == {"word": "good", "nearest before training": "fine 1.00", "nearest after training": "fine 1.00"}


def test_neighbours_are_shown_as_a_table(capsys):
    show_neighbours(WEIGHT, WEIGHT, VOCABULARY, ["good", "bad"], "Nearest words by cosine similarity.", 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Nearest words") and lines[-1].split()[:3] == ["bad", "table", "0.00,"]
    assert "−1.00" in lines[-2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nearest_words(WEIGHT[:3], VOCABULARY, "good"), r"shape \(3, 2\), expected \(6, E\)"),
        (lambda: nearest_words(WEIGHT, VOCABULARY, "nice"), "'nice' is not among the 4 words"),
        (lambda: nearest_words(WEIGHT, VOCABULARY, "<pad>"), "'<pad>' is not among"),
        (lambda: nearest_words(WEIGHT, VOCABULARY, "good", 0), "count is 0, expected at least 1"),
    ],
)
def test_neighbours_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Reading


def by_gid(fig: Figure, gid: str) -> list:
    ax = fig.axes[0]
    return [part for part in (*ax.texts, *ax.patches) if part.get_gid() == gid]


def test_every_word_has_a_bar_from_a_half_to_its_probability():
    values = torch.tensor([0.5, 0.75, 1.0, 0.0, 0.25, 0.9])
    fig = plots.plot_reading(["i", "liked", "it", "but", "not", "all"], values)
    bars = by_gid(fig, "bar")
    middle = bars[0].get_y()
    heights = [(middle - bar.get_y()) - (bar.get_y() + bar.get_height() - middle) for bar in bars]
    assert [height / max(heights) for height in heights] == pytest.approx([0, 0.5, 1, -1, -0.5, 0.8])
    assert [text.get_text() for text in by_gid(fig, "word")] == ["i", "liked", "it", "but", "not", "all"]
    for word, bar in zip(by_gid(fig, "word"), bars, strict=True):
        assert word.get_position()[0] == bar.get_x()
    assert bars[2].get_facecolor()[2] > bars[2].get_facecolor()[0]  # blue
    assert bars[3].get_facecolor()[0] > bars[3].get_facecolor()[2]  # vermilion
    assert "probability" in fig.axes[1].get_xlabel() and "(%)" in fig.axes[1].get_xlabel()


def test_numbers_stand_at_the_end_and_at_the_greatest_changes():
    words = ["a"] * 5 + ["unforgettable"] + ["film"] * 10
    values = torch.tensor([0.5] * 5 + [0.95] * 11)
    numbers = by_gid(plots.plot_reading(words, values), "number")
    assert [text.get_text() for text in numbers] == ["95 %", "95 %"]
    bar = by_gid(plots.plot_reading(words, values), "bar")[5]
    assert numbers[1].get_position()[0] == pytest.approx(bar.get_x() + bar.get_width() / 2)


def test_long_reviews_wrap_and_no_word_is_lost():
    fig = drawn("reading long words")
    words = by_gid(fig, "word")
    assert len(words) == 110 and len({round(text.get_position()[1], 3) for text in words}) > 8
    assert {text.get_text() for text in words} >= {LONGEST, *TEXT}
    edge = max(bar.get_x() + bar.get_width() for bar in by_gid(fig, "bar"))
    assert edge <= fig.axes[0].get_xlim()[1]


def test_the_line_shades_the_largest_change():
    values = torch.full((60,), 0.2)
    values[41:] = 0.9
    ax = plots.plot_reading([f"w{number}" for number in range(60)], values, line=True).axes[0]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[1:] == ["liked", "disliked"] and names[0].startswith("largest change")
    assert "w41" in ax.get_xlabel()
    ax = plots.plot_reading([f"w{number}" for number in range(60)], values, line=True, decisive=(3, 4)).axes[0]
    assert ax.get_xlabel().endswith("shaded: “w3 w4”")
    assert ax.get_legend().get_texts()[0].get_text() == "decisive: words\n4 to 5"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_reading(["a"], torch.zeros(2)), r"shape \(2,\) for 1 words, expected \(1,\)"),
        (lambda: plots.plot_reading([], torch.zeros(0)), "has no words"),
        (lambda: plots.plot_reading(["a"], torch.tensor([2.5])), "run from 2.5 to 2.5, expected 0 to 1: apply"),
        (lambda: plots.plot_reading(["a"], torch.tensor([NAN])), "expected 0 to 1"),
        (
            lambda: plots.plot_reading(["a"], torch.zeros(1), decisive=(0, 1)),
            r"\(0, 1\), expected two places from 0 to 0",
        ),
    ],
)
def test_reading_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_texts_are_cut_to_their_room():
    assert cut("dull", 100, 9) == "dull"
    short = cut(LONGEST, 40, 9)
    assert short.endswith("…") and LONGEST.startswith(short[:-1]) and text_width(short, 9) <= 40
    assert cut(LONGEST, 5, 9) == ""
    assert fitting_size(["a"], 100) > fitting_size(["unforgettable"], 60) and fitting_size([LONGEST], 60) is None
