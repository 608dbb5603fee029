"""The pictures of notebook 4 show what was given, with one seed or many, and nothing on them overlaps."""

from __future__ import annotations

import inspect
from functools import cache
from math import inf, log2

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tests.test_plots_of_text import expect_apart, texts
from toolkit import plots
from toolkit.diagrams.parts import contrast
from toolkit.plots import characters, spelling
from toolkit.plots.axes import round_step
from toolkit.plots.characters import ink_on, visible, wrap

NAN = float("nan")
PLAY = (
    "FOOL:\nGood day, my lord of mice. You keep a court\nWherein the cheese outranks the chancellor.\n\nDUKE:\nAnd thou art its "
    "only wit: the bread that holds the meal together, and is stale by noon, as each cook knows, and pays $2 and $3.\n"
)
ALPHABET = sorted(set(PLAY))


def stream(rows: int, steps: int, chunks: int) -> list[torch.Tensor]:
    return list(torch.arange(rows * steps * chunks).reshape(rows, -1).split(steps, dim=1))


def stacked(rows: int, steps: int, chunks: int) -> list[torch.Tensor]:
    """What a wrong layout does: each chunk is the next piece of the text, cut into rows."""
    return list(torch.arange(rows * steps * chunks).reshape(chunks, rows, steps))


def probabilities(temperature: float) -> torch.Tensor:
    logits = 3 * torch.randn(len(ALPHABET), generator=torch.Generator().manual_seed(0))
    return (logits / temperature).softmax(dim=0)


def losses(seed: int, length: int = 40) -> list[float]:
    noise = torch.rand(length, generator=torch.Generator().manual_seed(seed))
    return (2 + 2 / torch.arange(1, length + 1) + 0.1 * noise).tolist()


TRADE = {
    "entropy (bits per character)": {0.5: [1.0, 1.1], 1.0: [2.0, 2.2], 1.5: [3.0, NAN]},
    "words that the corpus holds (%)": {0.5: [99, 98], 1.0: [90, 88], 1.5: [60, 55]},
    "repeated runs of 4 words (%)": {0.5: [20], 1.0: [3], 1.5: [0]},
}
BITS = {
    "uniform": 5.6,
    "unigrams": [4.6],
    "LSTM": [1.9, 1.7, 1.8],
    "a longer name of a network": [2.4, NAN],
    "raw": inf,
}
KINDS = {
    "uniform": "counts",
    "unigrams": "counts",
    "raw": "counts",
    "LSTM": "network",
    "a longer name of a network": "network",
}
SAMPLES = {0: "xQ;u$k$\n" * 30, 50: "", 100: "the the an " * 40, 200: PLAY}
STEPS = range(0, 201, 10)
FIGURES = {
    "stretches": lambda: plots.plot_stretches(stream(4, 32, 6), title="Chunks of stream_batches"),
    "stretches, wrong": lambda: plots.plot_stretches(stacked(4, 32, 6), title="Chunks of your own"),
    "stretches with text": lambda: plots.plot_stretches(stream(3, 6, 4), PLAY),
    "stretches, many": lambda: plots.plot_stretches(stream(64, 50, 100)),
    "stretches, one": lambda: plots.plot_stretches([torch.tensor([[0]])]),
    "bits": lambda: plots.plot_bits(BITS, KINDS, {"a line": 2.0}),
    "bits, one": lambda: plots.plot_bits({"uniform": 6.0}),
    "bits, none finite": lambda: plots.plot_bits({"uniform": NAN}),
    "orders": lambda: plots.plot_orders([1, 2, 3, 4], [4, 3, 2, 1], [4, 3.2, inf, 3.9], {"LSTM": 1.8}),
    "orders, one": lambda: plots.plot_orders([1], [4.5], [NAN]),
    "by position": lambda: plots.plot_by_position({"carried": [losses(0), losses(1)], "zeros": [losses(2)]}),
    "by position, linear": lambda: plots.plot_by_position({"one": [[NAN, 2.0]]}, log=False, lines={"uniform": 5.6}),
    "by position, one step": lambda: plots.plot_by_position({"one": [[2.0]]}),
    "distributions": lambda: plots.plot_distributions(ALPHABET, {t: probabilities(t) for t in (0.5, 1.0, 2.0)}, prompt=PLAY),
    "distribution, small": lambda: plots.plot_distributions(["\n", "$"], {0: torch.tensor([1.0, 0.0])}, prompt="$x$\n"),
    "trade": lambda: plots.plot_trade(TRADE, {"entropy (bits per character)": 1.9}),
    "trade, one": lambda: plots.plot_trade({"entropy (bits)": {1.0: 2.0}}),
    "overlap": lambda: plots.plot_overlap({"held-out text": [3, 4, 4, 9], "temperature 0.2": [0, 12, 120]}),
    "overlap, one": lambda: plots.plot_overlap({"sample": [0]}),
    "coloured": lambda: plots.plot_coloured_text(PLAY, torch.linspace(-1, 1, len(PLAY)), "Unit 3 of the LSTM"),
    "coloured, missing": lambda: plots.plot_coloured_text("a\n\tb\x00", [0.0, NAN, 1.0, -2.0, 2.0], reach=2.0),
    "sample over training": lambda: plots.plot_sample_over_training(STEPS, losses(0, len(STEPS)), SAMPLES),
    "sample, one": lambda: plots.plot_sample_over_training([0], [NAN], {0: "a"}, lines=1),
    "time": lambda: plots.plot_loss_against_time(
        {"LSTM": [([1, 2, 4], [3, 2, 1.5]), ([1, 2], [3.1, NAN])], "GRU": [([1, 2, 3], [3, 2.4, 2])]}, {"others": (180, 1.47)}
    ),
    "time, log": lambda: plots.plot_loss_against_time({}, {"others, first": (180, 1.47), "second": (18, 1.9)}, log=True),
}  # fmt: skip


@cache
def drawn(name: str) -> Figure:
    return FIGURES[name]()


def by_gid(fig: Figure, gid: str) -> list:
    return [part for ax in fig.axes for part in (*ax.texts, *ax.patches, *ax.lines) if part.get_gid() == gid]


def legend_of(fig: Figure) -> list[str]:
    return [text.get_text() for ax in fig.axes if ax.get_legend() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_stand_apart_and_inside_also_under_a_headline(name):
    fig = drawn(name)
    assert fig.get_figwidth() == 8
    expect_apart(fig)
    plots.headline(fig, "You predicted 2 bits, measured 1.8.")
    fig.supxlabel("Drawn with a stand-in for CharLM, not with your own code.", x=0.01, ha="left", fontsize="small")
    expect_apart(fig)


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_large_enough_and_axes_are_named(name):
    fig = drawn(name)
    assert min(text.get_fontsize() for text in texts(fig)) >= 7
    named = [ax for ax in fig.axes if ax.axison]
    assert all(ax.get_xlabel() or ax is not fig.axes[-1] for ax in named)


def test_every_function_says_what_is_drawn():
    names = ["plot_bits", "plot_by_position", "plot_coloured_text", "plot_distributions", "plot_loss_against_time",
             "plot_orders", "plot_overlap", "plot_sample_over_training", "plot_stretches", "plot_trade"]  # fmt: skip
    for name in names:
        function = getattr(plots, name)
        assert name in plots.__all__
        for argument in inspect.signature(function).parameters:
            assert argument in function.__doc__, (name, argument)


# Characters


def test_what_cannot_be_seen_has_a_sign():
    assert [visible(character) for character in "\n \ta$é\x00"] == ["↵", "␣", "⇥", "a", "$", "é", "□"]
    assert visible("鳥") == "□", "the font doesn't hold it"


@pytest.mark.parametrize("text", [PLAY, "", "\n\n", "a" * 200, "a\rb\u2028c", "word " * 50, "no line break at the end"])
def test_wrapping_loses_no_character(text):
    lines = wrap(text, 30)
    assert "".join(lines) == text and all(len(line.rstrip("\n")) <= 30 for line in lines)
    assert all("\n" not in line[:-1] for line in lines)


def test_words_are_wrapped_at_spaces():
    assert wrap("one two three", 8) == ["one two ", "three"] and wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_ink_has_contrast_on_every_ground():
    grounds = [(red / 4, green / 4, blue / 4) for red in range(5) for green in range(5) for blue in range(5)]
    assert all(contrast(ink_on(ground), to_hex(ground)) >= 4.5 for ground in grounds)
    assert (ink_on("#000080"), ink_on("#FFEE99")) == ("white", "black")


def test_steps_of_ticks_are_round():
    assert [round_step(count, 12) for count in (1, 12, 13, 60, 100, 5000)] == [1, 1, 2, 5, 10, 500]


# Chunks


def jumps(fig: Figure) -> list[tuple[float, float]]:
    """Where a row doesn't go on: the chunk at whose beginning, or the part of one, and the row."""
    found = [part for part in fig.axes[0].collections if part.get_gid() == "jumps"]
    return [(segment[0][0], segment[:, 1].mean().item()) for part in found for segment in part.get_segments()]


def test_a_stream_has_no_jumps_and_a_stack_of_pieces_has_one_at_every_border():
    assert jumps(drawn("stretches")) == jumps(drawn("stretches, many")) == [] and legend_of(drawn("stretches")) == []
    wrong = jumps(drawn("stretches, wrong"))
    assert sorted(wrong) == [(chunk, row) for chunk in range(1, 6) for row in range(4)]
    assert legend_of(drawn("stretches, wrong")) == ["jump: the text doesn't go on here"]
    (inside,) = jumps(plots.plot_stretches([torch.tensor([[0, 1, 5, 6]])]))
    assert inside == (0.5, 0.0)


def test_a_block_is_coloured_and_named_by_its_places():
    for name, chunks in (("stretches", stream(4, 32, 6)), ("stretches, wrong", stacked(4, 32, 6))):
        ax = drawn(name).axes[0]
        assert torch.equal(torch.as_tensor(ax.images[0].get_array().data), torch.cat(chunks, dim=1))
        written = {text.get_position(): text.get_text() for text in ax.texts}
        assert written == {(chunk + 0.5, row): f"{int(block[row, 0])}–{int(block[row, -1])}"
                           for chunk, block in enumerate(chunks) for row in range(4)}  # fmt: skip
    assert drawn("stretches").axes[1].get_xlabel() == "place in the text (characters)"
    assert (drawn("stretches").axes[0].get_xlabel(), drawn("stretches").axes[0].get_ylabel()) == (
        "chunk",
        "row of the batch",
    )


def test_with_the_text_the_blocks_hold_its_characters():
    rows: dict[float, list[str]] = {}
    for text in drawn("stretches with text").axes[0].texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    assert ["".join(rows[row]).replace("␣", " ").replace("↵", "\n") for row in range(3)] == [
        PLAY[:24],
        PLAY[24:48],
        PLAY[48:72],
    ]


# Bits


def test_bars_are_sorted_and_their_medians_written():
    ax = drawn("bits").axes[0]
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["a longer name of a network", "raw", "uniform", "unigrams", "LSTM"]
    assert [text.get_text() for text in by_gid(drawn("bits"), "value")] == [
        "not measured",
        "infinite",
        "5.60",
        "4.60",
        "1.80",
    ]
    bars = {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in ax.patches}
    assert bars == {2: 5.6, 3: 4.6, 4: 1.8}
    dots = [list(line.get_xdata()) for line in ax.get_lines() if line.get_marker() == "o" and len(line.get_xdata())]
    assert dots == [[2.4], [1.9, 1.7, 1.8]]
    assert legend_of(drawn("bits")) == ["counts", "network", "a line", "one seed; bar\nand number:\nmedian"]
    looks = {(bar.get_hatch(), bar.get_edgecolor()) for bar in ax.patches}
    assert len(looks) == 2 and len({hatch for hatch, _ in looks}) == 2


def test_the_axis_above_is_two_to_the_power_of_the_bits():
    for name in ("bits", "bits, one"):
        fig = drawn(name)
        (above,) = fig.axes[0].child_axes
        fig.draw_without_rendering()
        assert above.get_xlabel() == "perplexity" and fig.axes[0].get_xlabel() == "bits per character"
        pairs = list(zip(above.get_xticks(), above.get_xticklabels(), strict=True))
        assert len(pairs) > 3
        assert all(place == pytest.approx(log2(int(text.get_text()))) for place, text in pairs)
        assert above.get_xlim() == fig.axes[0].get_xlim()


def test_orders_are_drawn_as_given_and_the_lowest_is_marked():
    ax = drawn("orders").axes[0]
    unseen, seen, lowest, line = ax.get_lines()
    assert list(seen.get_ydata()) == [4, 3, 2, 1] and torch.tensor(unseen.get_ydata()).isnan().tolist() == [0, 0, 1, 0]
    assert (list(lowest.get_xdata()), list(lowest.get_ydata())) == ([2], [3.2]) and set(line.get_ydata()) == {1.8}
    assert (unseen.get_label(), seen.get_label()) == ("held-out text", "training text")
    assert unseen.get_marker() != seen.get_marker() and unseen.get_linestyle() != seen.get_linestyle()
    assert len(drawn("orders, one").axes[0].get_lines()) == 2, "without a finite value nothing is the lowest"


def test_positions_begin_at_1_and_lines_are_means():
    ax = drawn("by position").axes[0]
    carried, zeros = ax.get_lines()
    assert list(carried.get_xdata()) == list(range(1, 41)) and ax.get_xscale() == "log"
    expected = torch.tensor([losses(0), losses(1)], dtype=torch.float64).mean(dim=0)
    assert torch.allclose(torch.as_tensor(carried.get_ydata()).double(), expected)
    assert list(zeros.get_ydata()) == pytest.approx(losses(2)) and zeros.get_linestyle() != carried.get_linestyle()
    assert ax.get_ylabel() == "loss (bits per character)" and "(characters)" in ax.get_xlabel()
    assert legend_of(drawn("by position"))[2].startswith("from the lowest")
    assert drawn("by position, linear").axes[0].get_xscale() == "linear"
    assert legend_of(drawn("by position, linear")) == ["one", "uniform"]


def test_the_band_reaches_from_the_lowest_to_the_highest_seed():
    band = drawn("by position").axes[0].collections[0].get_paths()[0].vertices
    low = {x: min(y for at, y in band.tolist() if at == x) for x in range(1, 41)}
    assert [low[x] for x in range(1, 41)] == pytest.approx(
        [min(pair) for pair in zip(losses(0), losses(1), strict=True)]
    )


def test_each_seed_has_a_line_over_time_and_each_mark_its_figures():
    ax = drawn("time").axes[0]
    one, other, gru, mark = ax.get_lines()
    assert one.get_color() == other.get_color() != gru.get_color() and one.get_linestyle() == other.get_linestyle()
    assert list(one.get_xdata()) == [1, 2, 4] and list(gru.get_ydata()) == [3, 2.4, 2]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([180], [1.47])
    assert legend_of(drawn("time")) == ["LSTM\n2 seeds", "GRU", "others\n1.47 nats, 180 s"]
    assert ax.get_ylabel() == "validation loss (nats per character)" and "(seconds)" in ax.get_xlabel()


# Sampling


def test_bars_are_probabilities_of_the_likeliest_and_of_the_others():
    for ax, heat in zip(drawn("distributions").axes, (0.5, 1.0, 2.0), strict=True):
        values = probabilities(heat).double()
        heights = [bar.get_height() for bar in ax.patches]
        assert heights[:12] == pytest.approx((100 * values.sort(descending=True).values[:12]).tolist(), rel=1e-4)
        assert sum(heights) == pytest.approx(100, rel=1e-4) and len(heights) == 13 and ax.patches[-1].get_hatch()
        entropy = torch.distributions.Categorical(values).entropy().item() / torch.log(torch.tensor(2.0)).item()
        assert ax.get_title(loc="left") == f"temperature {heat:g}: entropy {entropy:.2f} bits"
    order = probabilities(1.0).argsort(descending=True)[:12].tolist()
    shown = [text.get_text() for text in drawn("distributions").axes[-1].get_xticklabels()]
    assert shown == [*(visible(ALPHABET[number]) for number in order), "others"]
    small = drawn("distribution, small").axes[0]
    assert [text.get_text() for text in small.get_xticklabels()] == ["↵", "$"] and [
        bar.get_height() for bar in small.patches
    ] == [100, 0]
    assert small.get_title(loc="left") == "temperature 0: entropy 0.00 bits"


def test_each_measure_has_a_panel_with_its_seeds_and_medians():
    axes = drawn("trade").axes
    assert [ax.get_title(loc="left") for ax in axes] == list(TRADE) and axes[-1].get_xlabel() == "temperature"
    dots, line, shared, *_ = axes[0].get_lines()
    assert list(line.get_ydata()) == pytest.approx([1.05, 2.1, 3.0]) and list(line.get_xdata()) == [0.5, 1.0, 1.5]
    assert list(dots.get_xdata()) == [0.5, 0.5, 1.0, 1.0, 1.5, 1.5] and set(shared.get_ydata()) == {1.9}
    assert len(axes[1].get_lines()) == len(axes[2].get_lines()) == 2
    assert legend_of(drawn("trade")) == ["one seed", "median", "held-out text"] and legend_of(drawn("trade, one")) == []


def test_the_overlap_is_the_share_of_places_with_a_run_as_long_or_longer():
    held_out, sample = drawn("overlap").axes[0].get_lines()
    assert (list(held_out.get_xdata()), list(held_out.get_ydata())) == ([1, 3, 4, 9, 9], [100, 100, 75, 25, 0])
    assert sample.get_ydata()[0] == pytest.approx(200 / 3), "one place of three has no run at all"
    assert legend_of(drawn("overlap"))[0] == "held-out text\nmedian 4, longest 9"
    assert held_out.get_drawstyle() == "steps-pre" and drawn("overlap").axes[0].get_xscale() == "log"


# Texts


def test_every_character_stands_on_the_colour_of_its_value():
    fig = drawn("coloured")
    grounds, letters = by_gid(fig, "ground"), by_gid(fig, "character")
    assert len(grounds) == len(PLAY) and "".join(letter.get_text() for letter in letters) == "".join(
        map(visible, PLAY.replace(" ", ""))
    )
    first, last = grounds[0].get_facecolor(), grounds[-1].get_facecolor()
    assert to_hex(first) == to_hex(plots.COLOURS["vermilion"]) and to_hex(last) == to_hex(plots.COLOURS["blue"])
    at = {(round(ground.get_x() + ground.get_width() / 2, 3), round(ground.get_y(), 3)): ground for ground in grounds}
    for letter in letters:
        x, y = letter.get_position()
        ground = at[round(x, 3), round(y - (spelling.LEADING / 2 - 1), 3)]
        assert contrast(letter.get_color(), to_hex(ground.get_facecolor())) >= 4.5


def test_lines_tell_strong_values_without_colour():
    fig = plots.plot_coloured_text("abcd", [1.0, 0.4, -0.4, -1.0])
    above, below = by_gid(fig, "strong")
    grounds = by_gid(fig, "ground")
    middle = grounds[0].get_y() + grounds[0].get_height() / 2
    assert above.get_ydata()[0] < middle < below.get_ydata()[0], "the vertical axis runs downwards"
    assert above.get_xdata()[0] < grounds[1].get_x() and below.get_xdata()[0] > grounds[3].get_x()


def test_line_breaks_are_kept_long_lines_wrapped_and_nan_hatched():
    fig = drawn("coloured")
    assert len({ground.get_y() for ground in by_gid(fig, "ground")}) == len(wrap(PLAY, 80)) > PLAY.count("\n")
    missing = by_gid(drawn("coloured, missing"), "ground")
    assert [bool(ground.get_hatch()) for ground in missing] == [False, True, False, False, False]
    ticks = [text.get_text() for text in drawn("coloured, missing").axes[1].get_xticklabels()]
    assert ticks == ["−2", "−1", "0", "1", "2"]


def test_the_samples_are_those_given_at_their_steps():
    fig = drawn("sample over training")
    curve = losses(0, len(STEPS))
    marked = by_gid(fig, "marked")
    assert [dot.get_xdata()[0] for dot in marked] == [0, 50, 100, 200]
    assert [dot.get_ydata()[0] for dot in marked] == [curve[0], curve[5], curve[10], curve[20]]
    shown = [text.get_text() for text in by_gid(fig, "sample")]
    assert shown[:4] == ["xQ;u$k$", "xQ;u$k$", "xQ;u$k$ …", "(nothing)"] and shown[-3:-1] == PLAY.split("\n")[:2]
    assert shown[-1] == PLAY.split("\n")[2] + " …"
    heads = [text.get_text() for text in fig.axes[1].texts if text.get_text().startswith("step ")]
    assert heads[1] == f"step 50: {curve[5]:.2f} bits per character"


def test_values_of_seeds_may_be_a_number_or_a_list():
    assert characters.expect_seeds("x", 2) == [2.0] and characters.expect_seeds("x", torch.tensor([1.0, 2.0])) == [
        1.0,
        2.0,
    ]


ONE = torch.tensor([[0, 1]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_stretches([]), "places is empty"),
        (lambda: plots.plot_stretches([ONE, torch.tensor([[2]])]), r"shapes \[\(1, 1\), \(1, 2\)\], expected one and the same"),
        (lambda: plots.plot_stretches([ONE.float()]), "of whole numbers"),
        (lambda: plots.plot_stretches([ONE + 1], "ab"), "from 1 to 2, expected 0 to 1"),
        (lambda: plots.plot_stretches([ONE - 1]), "from -1 to 0, expected 0: the places"),
        (lambda: plots.plot_bits({}), "bits is empty"),
        (lambda: plots.plot_bits({"a": []}), r"values of 'a' have shape \(0,\)"),
        (lambda: plots.plot_bits({str(n): 1 for n in range(6)}, {str(n): str(n) for n in range(6)}), "6 kinds, expected 5"),
        (lambda: plots.plot_orders([1, 2], [1.0], [1.0, 2.0]), "2 orders, 1 values on training text and 2"),
        (lambda: plots.plot_by_position({}), "curves is empty"),
        (lambda: plots.plot_by_position({"a": [[1.0], [1.0, 2.0]]}), r"'a' have lengths \[1, 2\], expected one"),
        (lambda: plots.plot_loss_against_time({}), "runs is empty"),
        (lambda: plots.plot_loss_against_time({"a": [([1], [])]}), "'a' has 1 times and 0 losses"),
        (lambda: plots.plot_loss_against_time({}, {str(n): (1, 1) for n in range(8)}), "8 marks, expected 7 at most"),
        (lambda: plots.plot_distributions(["a"], {}), "distributions is empty"),
        (lambda: plots.plot_distributions(["a"], {1: torch.ones(2) / 2}), r"shape \(2,\), expected \(1,\)"),
        (lambda: plots.plot_distributions(["a", "b"], {1: torch.ones(2)}), "sum to 2, expected probabilities: apply softmax"),
        (lambda: plots.plot_distributions(["a"], {1: torch.ones(1)}, count=0), "count is 0, expected 1 or more"),
        (lambda: plots.plot_trade({}), "0 measures, expected 1 to 7"),
        (lambda: plots.plot_trade({"a": {}}), "'a' has no temperatures"),
        (lambda: plots.plot_overlap({}), "lengths is empty"),
        (lambda: plots.plot_overlap({"a": [-1]}), "none below 0"),
        (lambda: plots.plot_coloured_text("", []), "the text is empty"),
        (lambda: plots.plot_coloured_text("ab", [0.0]), r"shape \(1,\) for 2 characters, expected \(2,\)"),
        (lambda: plots.plot_coloured_text("a", [1.5]), "from 1.5 to 1.5, expected −1 to 1: give a larger reach"),
        (lambda: plots.plot_coloured_text("a", [0.5], width=100), "width is 100, expected 20 to 90"),
        (lambda: plots.plot_sample_over_training([1], [], {1: "a"}), "1 steps and 0 losses"),
        (lambda: plots.plot_sample_over_training([1], [2.0], {}), "0 samples, expected 1 to 8"),
        (lambda: plots.plot_sample_over_training([1, 5], [2.0, 1.0], {9: "a"}), r"steps \[9\], expected 1 to 5"),
    ],
)  # fmt: skip
def test_figures_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
