"""The pictures of notebook 5 show what was given, and nothing on them overlaps."""

from __future__ import annotations

import inspect
from functools import cache

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tests.test_plots_of_text import expect_apart, texts
from toolkit import plots
from toolkit.pairs import Pair
from toolkit.plots import alignment, decoding

NAN = float("nan")


def pair_of(english: str, french: str, links: str) -> Pair:
    found = frozenset(tuple(map(int, link.split("-"))) for link in links.split())
    return Pair(tuple(english.split()), tuple(french.split()), found)


SHORT = pair_of("she never opens the red door .", "elle n' ouvre jamais la porte rouge .",
                "0-0 1-1 1-3 2-2 3-4 4-6 5-5 6-7")  # fmt: skip
MIDDLE = pair_of("the girls who follow us want to help him near the church .",
                 "les filles qui nous suivent veulent l' aider près de l' église .",
                 "0-0 1-1 2-2 3-4 4-3 5-5 6-7 7-7 8-6 9-8 9-9 10-10 11-11 12-12")  # fmt: skip
LONG = pair_of(
    "the french car was not behind the small castle but these tired men heard my rich woman but did not follow her .",
    "la voiture française n' était pas derrière le petit château mais ces hommes fatigués ont entendu ma femme riche mais "
    "ne l' ont pas suivie .",
    "0-0 1-2 2-1 3-4 4-3 4-5 5-6 6-7 7-8 8-9 9-10 10-11 11-13 12-12 13-14 13-15 14-16 15-18 16-17 17-19 18-20 18-22 18-23 "
    "19-20 19-23 20-24 21-21 22-25",
)  # fmt: skip
WORD = pair_of("yes", "oui", "0-0")
PRICE = pair_of("it costs $5 and $6 .", "cela coûte 5 $ et 6 $ .", "0-0 1-1 2-2 3-4 4-5 5-7")


def looks(pair: Pair, end: bool = True, sharp: float = 4.0) -> torch.Tensor:
    """A map that looks about where the links are."""
    source = torch.Generator().manual_seed(0)
    scores = torch.randn(len(pair.french) + end, len(pair.english) + end, generator=source)
    for english, french in pair.links:
        scores[french, english] += sharp
    return scores.softmax(dim=1)


def beam_of(steps: int, size: int, words: str = "la souris verte regarde le petit chat gris et dort") -> list:
    """A search whose second hypothesis is finished halfway and keeps its place."""
    vocabulary = words.split()
    kept = []
    for step in range(steps):
        width = min(size, 1 + 2 * step)
        rows = [(vocabulary[(step + rank) % len(vocabulary)], min(rank // 2, min(size, max(1, 2 * step - 1)) - 1),
                 -0.4 * (step + 1) - 0.7 * rank) for rank in range(width)]  # fmt: skip
        kept.append(rows)
    for step in range(steps // 2, steps):
        kept[step][1] = ("<eos>", 0 if step == steps // 2 else 1, -1.95)
    return kept


FED = {
    "ratio 1: always gold": torch.ones(3, 9, dtype=torch.bool),
    "ratio 0.5": torch.rand(3, 9, generator=torch.Generator().manual_seed(3)) < 0.5,
    "ratio 0: always its own": torch.zeros(3, 9, dtype=torch.bool),
}
SAID = [
    ["<bos>", *words.split()]
    for words in ("elle n' ouvre jamais la porte rouge .", "il dort .", "les filles aident les garçons .")
]
BINS = {
    "1 to 5": [92, 95, 93],
    "6 to 10": [81, 85, 84],
    "11 to 15": [60, 66, 58],
    "16 to 20": [41, 44, 35],
    "21 to 35": [12, 9, 15],
}
COSTS = [
    {"way": way, "length": length, "milliseconds": 0.02 * length**power * factor, "MiB": 0.01 * length**power * factor}
    for way, power, factor in (("additive, step by step", 2, 1), ("dot-product, all at once", 2, 0.1), ("GRU", 1, 3))
    for length in (16, 32, 64, 128, 256, 512)
]
KINDS = {kind: {"before training": [0.9, 0.88], "after training": [0.1 + 0.05 * place, 0.12 + 0.04 * place]}
         for place, kind in enumerate(("adjective before the noun", "adjective after the noun", "object pronoun", "negation",
                                       "question", "relative clause", "owner"))}  # fmt: skip
MEMORY = torch.randn(5, 9, 8, generator=torch.Generator().manual_seed(1))
LENGTHS = torch.tensor([9, 4, 6, 2, 7])
ZEROED = MEMORY * (torch.arange(9) < LENGTHS[:, None])[..., None]
FIGURES = {
    "links": lambda: plots.plot_links(SHORT, "From the grammar"),
    "links, middle": lambda: plots.plot_links(MIDDLE),
    "links, long": lambda: plots.plot_links(LONG, "A long pair"),
    "links, one": lambda: plots.plot_links(WORD),
    "links, signs": lambda: plots.plot_links(PRICE),
    "map": lambda: plots.plot_map(looks(SHORT), SHORT.english, SHORT.french, SHORT.links, "after training"),
    "map, long": lambda: plots.plot_map(looks(LONG), LONG.english, LONG.french, LONG.links, "after 5 epochs"),
    "map, one": lambda: plots.plot_map(torch.ones(1, 1), ["yes"], ["oui"]),
    "map, signs": lambda: plots.plot_map(looks(PRICE), PRICE.english, PRICE.french, title="a price"),
    "maps": lambda: plots.plot_maps({
        "before training": (looks(SHORT, sharp=0.0), SHORT.english, SHORT.french, SHORT.links),
        "after training": (looks(SHORT), SHORT.english, SHORT.french, SHORT.links),
    }),
    "maps, three": lambda: plots.plot_maps({
        name: (looks(MIDDLE, sharp=sharp), MIDDLE.english, MIDDLE.french, MIDDLE.links)
        for name, sharp in (("before", 0.0), ("after 1 epoch", 2.0), ("after 5 epochs", 5.0))
    }),
    "maps, three long": lambda: plots.plot_maps({
        name: (looks(LONG, sharp=sharp), LONG.english, LONG.french, LONG.links)
        for name, sharp in (("before", 0.0), ("after 1 epoch", 2.0), ("after 5 epochs", 5.0))
    }),
    "by length": lambda: plots.plot_score_by_length(
        {"attention": BINS, "one fixed state": {name: [value - 8 for value in row] for name, row in BINS.items()}},
        "exact match (%)", counts=dict.fromkeys(BINS, 1234), lines={"copying": 1.0}),
    "by length, one": lambda: plots.plot_score_by_length({"attention": {"1 to 5": 20.0, "6 to 10": NAN}}, "BLEU"),
    "memory": lambda: plots.plot_memory(ZEROED, LENGTHS, [["the", "interesting", "sentence"] * 3, SHORT.english] + [["a"]] * 3),
    "memory, wrong": lambda: plots.plot_memory(MEMORY, LENGTHS),
    "memory, one": lambda: plots.plot_memory(torch.zeros(1, 1, 1), torch.tensor([1])),
    "fed": lambda: plots.plot_fed(FED, dict.fromkeys(FED, SAID)),
    "fed, without words": lambda: plots.plot_fed({"ratio 0.25": FED["ratio 0.5"]}),
    "beam": lambda: plots.plot_beam_tree(beam_of(7, 3)),
    "beam, long": lambda: plots.plot_beam_tree(beam_of(14, 5)),
    "beam, one": lambda: plots.plot_beam_tree([[("oui", 0, -0.1)]]),
    "widths": lambda: plots.plot_widths(
        [{"width": width, "score": [35 + rise, 35.4 + rise], "seconds": [0.5 * width, 0.6 * width]}
         for width, rise in ((1, 0), (2, 1.1), (4, 1.5), (8, 1.4), (16, 1.2))], lines={"greedy": 35.2}),
    "widths, named": lambda: plots.plot_widths(
        [{"name": name, "width": width, "score": 30.0, "seconds": 1.0} for name in ("short", "long") for width in (1, 5)],
        "exact match (%)"),
    "forcing": lambda: plots.plot_forcing({0.0: [40, 45, 20], 0.25: [70, 72, 69], 0.5: [80, 81, 83], 1.0: [85, 88, 86]}),
    "forcing, named": lambda: plots.plot_forcing({"few steps": {0.0: 5, 1.0: 40}, "many steps": {0.0: 60, 1.0: 80}}),
    "attention cost": lambda: plots.plot_attention_cost(COSTS),
    "kinds": lambda: plots.plot_kinds(KINDS, "alignment error", counts=dict.fromkeys(KINDS, 1034), lines={"diagonal": 0.35}),
    "kinds, one": lambda: plots.plot_kinds({"negation": {"after": 80}}, "exact match (%)"),
    "losses": lambda: plots.plot_loss_against_time(
        {"attention": [([0, 20, 40], [5, 2, 1])], "fixed state": [([0, 30], [5, 3])]}, unit="validation loss (nats per token)"),
}  # fmt: skip


@cache
def drawn(name: str) -> Figure:
    return FIGURES[name]()


def by_gid(fig: Figure, gid: str) -> list:
    return [part for ax in fig.axes for part in (*ax.texts, *ax.patches, *ax.lines) if part.get_gid() == gid]


def written(fig: Figure, gid: str) -> list[str]:
    return [text.get_text() for text in by_gid(fig, gid)]


def legend_of(fig: Figure) -> list[str]:
    return [text.get_text() for ax in fig.axes if ax.get_legend() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_stand_apart_and_inside_also_under_a_headline(name):
    fig = FIGURES[name]()
    assert fig.get_figwidth() == 8
    expect_apart(fig)
    plots.headline(fig, "You predicted 2 steps, measured 3.")
    fig.supxlabel("Drawn with a stand-in for Encoder, not with your own code.", x=0.01, ha="left", fontsize="small")
    expect_apart(fig)


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_large_enough(name):
    assert min(text.get_fontsize() for text in texts(drawn(name))) >= 7


def test_every_function_says_what_is_drawn():
    for name in ("plot_attention_cost", "plot_beam_tree", "plot_fed", "plot_forcing", "plot_kinds", "plot_links", "plot_map",
                 "plot_maps", "plot_memory", "plot_score_by_length", "plot_widths"):  # fmt: skip
        function = getattr(plots, name)
        assert name in plots.__all__
        for argument in inspect.signature(function).parameters:
            assert argument in function.__doc__ or (name == "plot_map" and argument == "links"), (name, argument)


# Links


def test_a_curve_joins_the_words_that_say_the_same():
    fig = drawn("links")
    words = by_gid(fig, "word")
    assert [word.get_text() for word in words] == [*SHORT.english, *SHORT.french]
    xs = [word.get_position()[0] for word in words]
    above, below = xs[: len(SHORT.english)], xs[len(SHORT.english) :]
    ends = {(curve.get_path().vertices[0][0], curve.get_path().vertices[-1][0]) for curve in by_gid(fig, "link")}
    assert ends == {(above[i], below[j]) for i, j in SHORT.links}


def test_links_that_cross_stand_out():
    assert alignment._crossing({(0, 0), (1, 2), (2, 1), (3, 3)}) == {(1, 2), (2, 1)}
    assert alignment._crossing({(0, 0), (0, 1), (1, 1)}) == set(), "one word that is two doesn't cross itself"
    curves = by_gid(drawn("links"), "link")
    blue = [curve for curve in curves if to_hex(curve.get_edgecolor()) == plots.COLOURS["blue"].lower()]
    assert len(curves) == 8 and len(blue) == 4
    assert min(curve.get_linewidth() for curve in blue) > min(curve.get_linewidth() for curve in curves)


def test_words_of_a_long_sentence_stand_upright_and_those_without_a_link_are_pale():
    assert {word.get_rotation() for word in by_gid(drawn("links, long"), "word")} == {90}
    assert {word.get_rotation() for word in by_gid(drawn("links"), "word")} == {0}
    fig = plots.plot_links(Pair(("yes", "sir"), ("oui",), frozenset({(0, 0)})))
    assert [word.get_color() == "black" for word in by_gid(fig, "word")] == [True, False, True]


# Maps


def test_a_map_is_the_weights_on_a_scale_from_0_to_1():
    ax = drawn("map").axes[0]
    (image,) = ax.get_images()
    assert torch.allclose(torch.as_tensor(image.get_array().data), looks(SHORT).double()) and image.get_clim() == (0, 1)
    assert [text.get_text() for text in ax.get_yticklabels()] == [*SHORT.french, "<eos>"]
    assert [text.get_text() for text in ax.get_xticklabels()] == [*SHORT.english, "<eos>"]
    assert drawn("map").axes[1].get_ylabel() == "attention weight\noutlined: known links"


def test_the_truth_is_outlined_where_source_and_target_meet():
    marks = [(mark.get_x() + 0.44, mark.get_y() + 0.44) for mark in by_gid(drawn("map"), "truth")]
    assert sorted((round(x), round(y)) for x, y in marks) == sorted(SHORT.links)
    assert by_gid(drawn("map, signs"), "truth") == []


def test_maps_stand_beside_each_other_while_their_letters_have_room():
    def tops(name: str) -> set[float]:
        fig = drawn(name)
        fig.draw_without_rendering()
        return {round(ax.get_position().y1, 2) for ax in fig.axes[:-1]}

    assert len(tops("maps")) == len(tops("maps, three")) == 1 and len(tops("maps, three long")) > 1
    named = [any(text.get_text() for text in ax.get_yticklabels()) for ax in drawn("maps").axes[:2]]
    assert named == [True, False], "the rows are the same: they are named once"


# What is kept and fed


def test_padding_that_is_zero_is_hatched_and_padding_that_is_not_is_seen():
    numbers = written(drawn("memory"), "norm")
    assert numbers.count("0") == int((LENGTHS.sum() - 9 * 5).abs()) and len(numbers) == 45
    hatched = [patch for patch in by_gid(drawn("memory"), "kept") if patch.get_hatch()]
    assert len(hatched) == numbers.count("0")
    assert "0" not in written(drawn("memory, wrong"), "norm") and "nothing but zeros" not in legend_of(
        drawn("memory, wrong")
    )
    assert [line.get_xdata()[0] + 0.5 for line in by_gid(drawn("memory"), "end")] == LENGTHS.tolist()


def test_a_small_norm_is_not_called_zero():
    fig = plots.plot_memory(torch.full((1, 1, 1), 1e-3), torch.tensor([1]))
    assert written(fig, "norm") == ["0.0"] and not by_gid(fig, "kept")[0].get_hatch()


def test_gold_and_own_tokens_are_told_apart():
    for place, fed in enumerate(FED.values()):
        patches = [patch for patch in drawn("fed").axes[place].patches if patch.get_gid()]
        grid = {(round(patch.get_y() + 0.42), round(patch.get_x() + 0.46)): patch.get_gid() for patch in patches}
        for (row, step), found in grid.items():
            real = step < len(SAID[row])
            assert found == ("padding" if not real else "begin" if not step else "gold" if fed[row, step] else "own")
    assert written(drawn("fed"), "word") == 3 * [word for row in SAID for word in row]
    bars = [patch for patch in drawn("fed").axes[2].patches if not patch.get_gid()]
    assert len(bars) == sum(len(row) - 1 for row in SAID)


# Beams


def test_the_winner_is_traced_back_from_the_best_of_the_last_step():
    kept = [[("a", 0, -1.0), ("b", 0, -1.1)], [("c", 1, -1.5), ("d", 0, -2.0)], [("e", 0, -1.6), ("f", 1, -2.1)]]
    assert decoding._winner(kept) == [1, 0, 0]
    winners = by_gid(plots.plot_beam_tree(kept), "winner")
    assert [(round(box.get_x() + 0.39), round(box.get_y() + 0.33)) for box in winners] == [(0, 1), (1, 0), (2, 0)]


def test_every_hypothesis_grows_from_its_parent():
    fig, kept = drawn("beam"), beam_of(7, 3)
    ends = [curve.get_path().vertices[[0, -1], 1].tolist() for curve in by_gid(fig, "branch")]
    assert ends == [[parent, rank] for step in kept[1:] for rank, (_, parent, _) in enumerate(step)]
    assert written(fig, "score") == [f"{score:.2f}".replace("-", "−") for step in kept for _, _, score in step]


def test_a_long_search_goes_on_with_the_step_that_the_line_ended_with():
    assert decoding._stretches(5) == [(0, 4)] and decoding._stretches(9) == [(0, 8)]
    assert decoding._stretches(14) == [(0, 8), (8, 13)]
    ticks = [text.get_text() for text in drawn("beam, long").axes[1].get_xticklabels()]
    assert ticks == [str(step) for step in range(9, 15)]


# Scores


def test_lines_join_medians_and_each_seed_has_a_dot():
    ax = drawn("by length").axes[0]
    first = next(line for line in ax.get_lines() if line.get_label() == "attention")
    assert list(first.get_ydata()) == [93, 84, 60, 41, 12]
    seeds = [line for line in ax.get_lines() if line.get_gid() == "seed"]
    assert len(seeds) == 2 and list(seeds[0].get_ydata()) == [value for row in BINS.values() for value in row]
    assert "one seed; the line\njoins medians" not in legend_of(drawn("by length, one"))


def test_widths_and_ratios_are_sorted():
    above, below = drawn("widths").axes
    assert list(above.get_lines()[0].get_xdata()) == [1, 2, 4, 8, 16] and below.get_xscale() == "log"
    line = plots.plot_forcing({1.0: 3, 0.0: 1, 0.5: 2}).axes[0].get_lines()[0]
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([0, 0.5, 1], [1, 2, 3])


def test_costs_lie_on_logarithmic_axes_beside_slopes():
    for ax in drawn("attention cost").axes:
        assert ax.get_xscale() == ax.get_yscale() == "log"
        lines = {line.get_label(): line for line in ax.get_lines()}
        for power, name in ((1, "slope 1:\nwith the length"), (2, "slope 2:\nwith its square")):
            (left, right), (low, high) = lines[name].get_data()
            assert high / low == pytest.approx((right / left) ** power)


def test_bars_are_medians():
    ax = drawn("kinds").axes[0]
    widths = [patch.get_width() for patch in ax.patches]
    assert widths[0] == pytest.approx(0.89) and widths[len(KINDS)] == pytest.approx(0.11)
    assert {bool(patch.get_hatch()) for patch in ax.patches[: len(KINDS)]} == {False}
    assert {bool(patch.get_hatch()) for patch in ax.patches[len(KINDS) :]} == {True}
    assert legend_of(drawn("kinds"))[:2] == ["before training", "after training"]


ONE = torch.ones(1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_links(Pair(("a",), ("b",))), "links is None"),
        (lambda: plots.plot_links(Pair((), ("b",), frozenset())), "have 0 and 1 words"),
        (lambda: plots.plot_links(Pair(("a",), ("b",), frozenset({(0, 1)}))), r"link \(0, 1\) leads nowhere"),
        (lambda: plots.plot_map(ONE[0], ["a"], ["b"]), r"shape \(1,\), expected \(T, S\)"),
        (lambda: plots.plot_map(ONE, ["a", "b"], ["c"]), r"shape \(1, 1\), expected \(1, 2\)"),
        (lambda: plots.plot_map(3 * ONE, ["a"], ["b"]), "from 3 to 3, expected 0 to 1: apply softmax"),
        (lambda: plots.plot_map(NAN * ONE, ["a"], ["b"]), "expected 0 to 1"),
        (lambda: plots.plot_map(ONE, ["a"], ["b"], {(1, 0)}), r"link \(1, 0\) leads nowhere"),
        (lambda: plots.plot_maps({}), "0 maps, expected 1 to 3"),
        (lambda: plots.plot_memory(ONE, torch.tensor([1])), r"shape \(1, 1\), expected \(N, S, H\)"),
        (lambda: plots.plot_memory(torch.zeros(13, 1, 1), torch.ones(13).long()), "up to 12 rows and 24 places"),
        (lambda: plots.plot_memory(torch.zeros(1, 1, 1), torch.tensor([2])), r"lengths is \[2\], expected 1 of them"),
        (lambda: plots.plot_fed({}), "fed_gold is empty"),
        (lambda: plots.plot_fed({"a": ONE}), r"type torch.float32, expected \(N, T\) of torch.bool"),
        (lambda: plots.plot_fed({"a": ONE.bool()}, {"a": [["b", "c"]]}), r"rows of \[2\] words, expected 1 rows of up to 1"),
        (lambda: plots.plot_fed({"a": ONE.bool()}, {"b": [["b"]]}), r"tokens has 'b', expected one of \['a'\]"),
        (lambda: plots.plot_beam_tree([]), "expected at least one step"),
        (lambda: plots.plot_beam_tree([[("a", 0, 0.0)], []]), r"keep \[1, 0\] hypotheses"),
        (lambda: plots.plot_beam_tree([[("a", 0, 0.0)], [("a", 1, 0.0)]]), "step 2 grows from place 1, expected 0 to 0"),
        (lambda: plots.plot_score_by_length({}, "BLEU"), "series has 0 contestants"),
        (lambda: plots.plot_score_by_length({"a": {"1": 2}}, "BLEU", counts={}), r"counts lacks the bins \['1'\]"),
        (lambda: plots.plot_widths([]), "rows has 0 contestants"),
        (lambda: plots.plot_forcing({}), "record has 0 contestants"),
        (lambda: plots.plot_forcing({1.5: 1}), "ratio 1.5, expected 0 to 1"),
        (lambda: plots.plot_attention_cost([]), "rows has 0 contestants"),
        (lambda: plots.plot_kinds({}, "BLEU"), "rows has 0 contestants, expected 1 to 4"),
        (lambda: plots.plot_kinds({"a": {"b": 1}}, "BLEU", counts={}), r"counts lacks \['a'\]"),
    ],
)  # fmt: skip
def test_figures_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
