"""The schematic figures: nothing overlaps, every letter can be read, and every arrow points where the equation says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from functools import cache

import matplotlib
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from solution.rnn import make_windows
from tests.conftest import ROOT
from toolkit import diagrams
from toolkit.diagrams import parts
from toolkit.diagrams.parts import LOOKS, contrast, ink, tint
from toolkit.plots.canvas import COLOURS, WIDTH

NAMES = sorted(name for name in diagrams.__all__ if name.startswith("draw_"))
CASES = [
    *((name, {}) for name in NAMES),
    *((name, {"steps": steps}) for name in ("draw_folded_and_unrolled", "draw_backward") for steps in (2, 3, 6)),
    *(("draw_forecast", {"context": c, "steps": s}) for c, s in ((2, 2), (2, 7), (7, 2), (4, 5), (3, 3))),
    *(
        ("draw_window_shapes", {"T": T, "L": L, "horizon": horizon})
        for T, L, horizon in ((3, 2, 1), (6, 4, 1), (6, 3, 2), (10, 9, 1), (10, 2, 1), (10, 5, 3), (10, 2, 8))
    ),
    ("draw_pipeline", {"tasks": {"windows": "3.10", "bptt": "12.1"}}),
    ("draw_memory_pipeline", {"tasks": {"echo": "3.10", "unroll": "12.1"}}),
]


def named(case) -> str:
    name, arguments = case
    return f"{name.removeprefix('draw_')}({', '.join(f'{key}={value}' for key, value in arguments.items())})"


@pytest.fixture(scope="module", params=CASES, ids=named)
def fig(request) -> Figure:
    name, arguments = request.param
    return getattr(diagrams, name)(**arguments)


@cache
def default(name: str) -> Figure:
    return getattr(diagrams, f"draw_{name}")()


def texts(fig: Figure) -> list[Text]:
    return [text for text in fig.findobj(Text) if text.get_text().strip()]


@cache
def boxes(fig: Figure) -> dict[Text, Bbox]:
    """Where each text stands, in pixels."""
    renderer = FigureCanvasAgg(fig).get_renderer()
    return {text: text.get_window_extent(renderer).padded(-0.5) for text in texts(fig)}


def arrows(fig: Figure, role: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Start and tip of each arrow of a role, in inches."""
    shafts, heads = ([p for p in fig.axes[0].patches if p.get_gid() == f"{part} {role}"] for part in ("arrow", "head"))
    return [
        (tuple(shaft.get_path().vertices[0]), tuple(head.get_xy()[0]))
        for shaft, head in zip(shafts, heads, strict=True)
    ]


def headings(fig: Figure, role: str, above: float = 0.4) -> list[tuple[int, int]]:
    """The direction of each arrow of a role as signs (right, up), those of the key left out."""
    pairs = [(start, tip) for start, tip in arrows(fig, role) if start[1] > above]
    return [
        tuple(0 if abs(b - a) < 0.03 else round((b - a) / abs(b - a)) for a, b in zip(*pair, strict=True))
        for pair in pairs
    ]


# Every figure


def test_a_figure_is_as_wide_as_the_plots_and_has_no_axes(fig):
    assert isinstance(fig, Figure) and fig.get_figwidth() == WIDTH
    (ax,) = fig.axes
    assert not ax.axison and ax.get_aspect() == 1
    width, height = fig.get_size_inches()
    assert ax.get_xlim() == (0, width) and ax.get_ylim() == pytest.approx((0, height))


def test_texts_stand_apart_and_inside_the_figure(fig):
    places = list(boxes(fig).items())
    for text, box in places:
        inside = box.x0 >= 4 and box.y0 >= 2 and box.x1 <= fig.bbox.x1 - 4 and box.y1 <= fig.bbox.y1 - 2
        assert inside, f"{text.get_text()!r} leaves the figure"
    for place, (text, box) in enumerate(places):
        for other, its in places[place + 1 :]:
            assert not box.overlaps(its), f"{text.get_text()!r} overlaps {other.get_text()!r}"


def test_no_line_runs_through_a_text(fig):
    lines = [p for p in fig.axes[0].patches if p.get_linewidth() and to_hex(p.get_edgecolor(), True)[-2:] != "00"]
    lines += [p for p in fig.axes[0].patches if (p.get_gid() or "").startswith("head")]
    for text, box in boxes(fig).items():
        for patch in lines:
            path = patch.get_transform().transform_path(patch.get_path())
            assert not path.intersects_bbox(box, filled=False), f"a line runs through {text.get_text()!r}"


def test_nothing_drawn_leaves_the_figure(fig):
    for patch in fig.axes[0].patches:
        box = patch.get_window_extent()
        assert min(box.x0, box.y0) >= 4 and box.x1 <= fig.bbox.x1 - 4 and box.y1 <= fig.bbox.y1 - 4, patch


def test_texts_can_be_read(fig):
    for text, box in boxes(fig).items():
        middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        under = [p for p in fig.axes[0].patches if p.zorder < text.zorder and covers(p, middle)]
        ground = max(under, key=lambda p: p.zorder).get_facecolor() if under else "white"
        assert contrast(to_hex(text.get_color()), to_hex(ground)) >= 4.5, text.get_text()
        assert text.get_fontsize() >= 9


def covers(patch: Patch, pixel: tuple[float, float]) -> bool:
    return patch.get_fill() and patch.get_transform().transform_path(patch.get_path()).contains_point(pixel)


def test_no_arrow_ends_inside_a_node(fig):
    nodes = [p for p in fig.axes[0].patches if p.zorder == 4]
    heads = [p for p in fig.axes[0].patches if (p.get_gid() or "").startswith("head")]
    tips = [tuple(fig.axes[0].transData.transform(p.get_xy()[0])) for p in heads]
    for tip in tips:
        assert not any(covers(p, tip) for p in nodes), tip


@pytest.mark.parametrize("name", NAMES)
def test_drawing_is_deterministic_and_free_of_a_students_settings(name):
    first = picture(getattr(diagrams, name)())
    with matplotlib.rc_context({"font.size": 30, "text.color": "red", "axes.facecolor": "black", "lines.linewidth": 9,
                                "font.family": "serif", "patch.edgecolor": "red", "figure.facecolor": "black",
                                "mathtext.fontset": "stixsans", "figure.dpi": 50}):  # fmt: skip
        assert picture(getattr(diagrams, name)()) == first


def picture(fig: Figure) -> bytes:
    fig.set_dpi(50)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return bytes(canvas.buffer_rgba())


def test_pyplot_is_not_imported():
    code = (
        "import sys; from toolkit import diagrams\n"
        "for name in diagrams.__all__:\n    name.startswith('draw_') and getattr(diagrams, name)()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_figure_has_a_text_and_a_docstring():
    assert sorted(diagrams.ALT) == [name.removeprefix("draw_") for name in NAMES]
    for name in NAMES:
        text = diagrams.ALT[name.removeprefix("draw_")]
        assert 100 < len(text) < 600 and text.endswith(".") and "  " not in text
        function = getattr(diagrams, name)
        for argument in inspect.signature(function).parameters:
            assert re.search(rf"\b{argument}\b", function.__doc__), (name, argument)


# The language


def test_roles_differ_in_two_ways():
    for name in ("input", "state", "output", "loss", "weight", "cell"):
        others = [look for other, look in LOOKS.items() if other not in (name, "fed", "target", "quiet", "operation")]
        assert [look.outline for look in others].count(LOOKS[name].outline) <= (1 if name == "cell" else 0)
        assert [look.colour for look in others].count(LOOKS[name].colour) == 0
    assert LOOKS["gradient"].dash != "-" and LOOKS["target"].dash not in ("-", LOOKS["gradient"].dash)
    assert LOOKS["fed"].colour == LOOKS["output"].colour and LOOKS["fed"].outline == LOOKS["input"].outline


@pytest.mark.parametrize("role", LOOKS)
def test_lines_and_inks_stand_out(role):
    look = LOOKS[role]
    assert contrast(look.line, "#ffffff") >= 3
    assert contrast(ink(look.colour), tint(look.colour)) >= 4.5
    assert contrast(ink(look.colour), "#ffffff") >= 4.5
    assert look.colour in COLOURS.values() or role in ("cell", "operation", "quiet")


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("kind", parts.OUTLINES)
def test_outlines_fill_their_box(kind):
    _, ax = parts.canvas(2)
    patch = parts.outline(ax, kind, 3, 1, 0.8, 0.4)
    path: Path = patch.get_patch_transform().transform_path(patch.get_path())
    box = path.get_extents()
    assert box.extents == pytest.approx((2.6, 0.8, 3.4, 1.2), abs=1e-6)
    assert path.contains_point((3, 1))


# What the figures say


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        (
            "folded_and_unrolled",
            ["x", "x_1", "x_4", "h_0", "h_4", "h_n", "W_{ih}", "W_{hh}", "N, L, F", "N, L, H", "N, F"],
        ),
        (
            "cell",
            ["x", "h", "h'", "W_{ih}", "W_{hh}", "b_{ih}", "b_{hh}", "N, F", "N, H", "H, F", "H, H", "H{,}", "tanh"],
        ),
        ("backward", ["g_1", "g_4", "h_0", "x_1", "a_4", "W_{hh}^\\top", "1 - h_4^2", "N, L, H"]),
        ("window_shapes", ["s_{0}", "s_{7}", "T{,}", "N, L, F", "batch $N$", "time $L$", "feature $F$"]),
        ("forecast", ["s_0", "\\hat{s}_4", "\\hat{s}_6", "N, L, F", "N, 1, F", "N, \\mathrm{steps}, F"]),
        ("variants", ["One to many", "Many to one", "aligned", "delayed", "Deep", "Bidirectional", "sentiment"]),
        ("pipeline", ["T{,}", "N, L, F", "N, L, H", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"]),
        (
            "echo_tasks",
            ["inputs", "targets", "values", "markers", "lag = 3", "N, L, 1", "N, L, 2", "(N, L)", "mask True"],
        ),
        (
            "lstm_cell",
            [
                "input gate $i$",
                "forget gate $f$",
                "candidate $g$",
                "output gate $o$",
                "f \\odot c + i \\odot g",
                "o \\odot \\tanh(c')",
                "$c$",
                "$c'$",
                "$h$",
                "$h'$",
                "N, F",
                "N, H",
                "N, 4H",
                "i, f, g, o",
            ],
        ),
        (
            "gru_cell",
            [
                "reset gate $r$",
                "update gate $z$",
                "candidate $n$",
                "r \\odot (W_{hn}\\, h + b_{hn})",
                "(1 - z) \\odot n + z \\odot h",
                "W_{in}\\, x + b_{in}",
                "N, F",
                "N, H",
                "r, z, n",
            ],
        ),
        (
            "gradient_paths",
            ["\\mathrm{diag}(1 - h_4^2)\\, W_{hh}", "$f_1$", "$f_4$", "$c_0$", "$h_4$", "J_4\\, J_3\\, J_2\\, J_1"],
        ),
        ("states", ["unroll(cell, x, h)", "unroll(cell, x, (h, c))", "c_3", "h_3", "N, L, H", "N, L, F", "N, H"]),
        ("clipping", ["g_1", "g_2", "max_norm", "clipped", "\\Vert g \\Vert"]),
        ("filter_directions", ["\\theta", "d_1", "d_2", "\\theta + a_i\\, d_1 + b_j\\, d_2", "H, F"]),
        ("memory_pipeline", ["echo_batch", "N, L, F", "N, L, H", "N, L", *(f"2.{task}" for task in range(1, 10))]),
        ("training_step", ["clear", "forward", "loss", "backward", "clip", "step", "max\\_norm"]),
    ],
)
def test_the_notebooks_letters_are_there(name, letters):
    words = " ; ".join(text.get_text() for text in texts(default(name)))
    assert [letter for letter in letters if letter not in words] == []


@pytest.mark.parametrize("steps", [2, 4, 6])
def test_unrolled_the_state_runs_to_the_right_and_the_rest_upwards(steps):
    fig = diagrams.draw_folded_and_unrolled(steps)
    out, *chain = arrows(fig, "state")
    assert out[0][0] < 1.3 and abs(out[1][0] - out[0][0]) < 0.01, "the loop comes back to the cell that it left"
    assert headings(fig, "state")[1:] == [(1, 0)] * (steps + 1) == [(1, 0)] * len(chain)
    assert headings(fig, "input") == headings(fig, "output") == [(0, 1)] * (steps + 1)


@pytest.mark.parametrize("steps", [2, 4, 6])
def test_gradients_run_back_along_the_arrows_of_the_way_forward(steps):
    fig = diagrams.draw_backward(steps)
    # g_t down, through tanh down, back to the state before, down to the weights; h_t up, on to a_t, x_t up
    assert sorted(headings(fig, "gradient")) == sorted([(0, -1), (0, -1), (-1, 1), (0, -1)] * steps)
    assert sorted(headings(fig, "quiet")) == sorted([(0, 1), (1, -1), (1, 1)] * steps)
    back, forth = (
        [[torch.tensor(end) for end in pair] for pair in arrows(fig, role)] for role in ("gradient", "quiet")
    )
    for start, tip in forth:
        if min(start[1], tip[1]) > 2 and max(start[1], tip[1]) < 3.5:  # between states and sums
            assert any((start - other_tip).norm() < 0.25 and (tip - other).norm() < 0.25 for other, other_tip in back)


def test_windows_hold_what_make_windows_cuts():
    fig = diagrams.draw_window_shapes(T=8, L=5, horizon=2)
    inputs, targets = make_windows(torch.arange(8.0), 5, horizon=2)
    assert [len(inputs), inputs[1, :, 0].tolist()] == [2, [1, 2, 3, 4, 5]]
    rows: dict[float, list[tuple[float, int]]] = {}
    for text in texts(fig):
        if value := re.fullmatch(r"\$s_\{(\d+)\}\$", text.get_text()):
            x, y = text.get_position()
            rows.setdefault((round(y, 3), x > 4.6), []).append((x, int(value[1])))
    strips = [rows[key] for key in sorted(rows, reverse=True) if not key[1]]
    block = [[value for _, value in sorted(rows[key])] for key in sorted(rows, reverse=True) if key[1]]
    assert block == [*inputs[:, :, 0].tolist(), *targets[:, :, 0].tolist()]
    assert [[value for _, value in sorted(strip)] for strip in strips] == [
        [*range(8)], *(side[i, :, 0].tolist() for i in range(2) for side in (inputs, targets))
    ]  # fmt: skip
    at = {value: x for x, value in strips[0]}
    assert all(x == pytest.approx(at[value]) for strip in strips for x, value in strip), "a value keeps its column"


@pytest.mark.parametrize(("context", "steps"), [(4, 3), (2, 7), (3, 2)])
def test_every_forecast_but_the_last_is_fed_back(context, steps):
    fig = diagrams.draw_forecast(context, steps)
    words = [text.get_text() for text in texts(fig)]
    assert [words.count(rf"$\hat{{s}}_{context + k}$") for k in range(steps)] == [2] * (steps - 1) + [1]
    assert words.count("model") == steps, "one call reads the context, one more for each further forecast"
    assert headings(fig, "state") == [(1, 0)] * (steps - 1)
    assert sorted(headings(fig, "output")) == sorted([(0, 1)] * (2 * steps - 1) + [(1, -1)] * (steps - 1))
    assert headings(fig, "input") == [(0, 1)] * context


def test_variants_are_wired_as_they_are_called():
    state = headings(default("variants"), "state")
    assert state.count((-1, 0)) == 3, "only the bidirectional network has a row that runs backward"
    assert state.count((0, 1)) == 4, "the deep network hands its states up"
    assert len(arrows(default("variants"), "input")) == 1 + 4 + 4 + 2 + 4 + 2 * 4
    assert len(arrows(default("variants"), "output")) == 4 + 1 + 4 + 3 + 4 + 2 * 4


def test_the_gradient_of_the_pipeline_runs_back_to_the_weights():
    assert headings(default("pipeline"), "gradient") == [(-1, 0)]
    assert headings(default("pipeline"), "weight") == [(0, 1)]
    assert (-1, 0) not in headings(default("pipeline"), "cell") + headings(default("pipeline"), "state")


def test_badges_are_drawn_for_the_tasks_that_are_given():
    words = [text.get_text() for text in texts(diagrams.draw_pipeline({"windows": "7.1", "cell": "7.2"}))]
    assert [word for word in words if re.fullmatch(r"\d+\.\d+", word)] == ["7.1", "7.2"]


def bits(y: float) -> dict[float, str]:
    """The bits of a row of the echo tasks, under the places where they stand."""
    found = [(*text.get_position(), text.get_text()) for text in texts(default("echo_tasks"))]
    return {round(x, 2): word for x, height, word in found if word in ("0", "1") and abs(height - y) < 0.05}


def test_targets_are_the_bits_of_lag_steps_ago():
    heights = {}
    for text in texts(default("echo_tasks")):
        heights.setdefault(text.get_text(), []).append(text.get_position()[1])
    inputs, values, markers = (bits(heights[name][0]) for name in ("inputs", "values", "markers"))
    dense, marked = (bits(y) for y in heights["targets"])
    steps = sorted(inputs)
    assert len(steps) == 12 and values == inputs
    assert dense == {x: inputs[before] for before, x in zip(steps, steps[3:], strict=False)}
    mark = [markers[x] for x in steps].index("1")
    assert list(markers.values()).count("1") == 1 and marked == {steps[mark + 8]: values[steps[mark]]}
    assert values[steps[mark]] != values[steps[mark + 8]], "it is not the value of its own step"


def test_the_lag_joins_a_bit_and_its_target():
    (start, tip), (mark, asked) = arrows(default("echo_tasks"), "cell")
    pitch = 0.45
    assert tip[0] - start[0] == pytest.approx(3 * pitch) and asked[0] - mark[0] == pytest.approx(8 * pitch)


@pytest.mark.parametrize(("name", "letter"), [("lstm_cell", "c"), ("gru_cell", "h")])
def test_a_kept_state_runs_along_a_straight_line(name, letter):
    at = {text.get_text(): text.get_position() for text in texts(default(name))}
    before, after = at[f"${letter}$"], at[f"${letter}'$"]
    assert before[1] == after[1]
    line = [pair for pair in arrows(default(name), "state") if {end[1] for end in pair} == {before[1]}]
    assert len(line) == 3, "into the product, on to the sum, and out"
    factors, sums = ([text.get_position() for text in texts(default(name)) if text.get_text() == sign]
                     for sign in ("$\\times$", "$+$"))  # fmt: skip
    assert [x for x, y in factors if y == before[1]] < [x for x, y in sums if y == before[1]]


def test_the_gates_act_where_the_equations_say():
    # f into the product, i and g into theirs and up to the sum, four gates from a, tanh and o into h'
    assert sorted(headings(default("lstm_cell"), "cell")) == sorted(
        [(0, 1)] * 2 + [(1, 1), (-1, 1)] + [(0, -1), (1, 1)] + [(-1, 1)] * 2 + [(1, 1)] * 2
    )
    gru = arrows(default("gru_cell"), "cell")
    at = {text.get_text(): text.get_position() for text in texts(default("gru_cell"))}
    product, reset = at["$W_{hn}\\, h + b_{hn}$"], at["reset gate $r$"]
    (lane,) = [pair for pair in gru if pair[0][0] > product[0] and pair[1][0] < reset[0] and pair[0][1] == product[1]]
    assert lane[1][1] == product[1], "W_hn h + b_hn comes first"
    assert any(abs(start[0] - reset[0]) < 0.01 and tip[1] > start[1] for start, tip in gru), "then r, from below"


def test_gradients_of_both_networks_run_back():
    found = headings(default("gradient_paths"), "gradient")
    # h and c along their rows and from both losses; up from h to c, and down through the gates
    assert sorted(found) == sorted([(-1, 0)] * (4 + 4 + 4 + 2) + [(0, 1)] * 4 + [(-1, -1)] * 4)


def test_a_tuple_runs_along_two_arrows():
    assert headings(default("states"), "state") == [(1, 0)] * (4 + 8)
    assert headings(default("states"), "output") == headings(default("states"), "input") == [(0, 1)] * 6


def test_clipping_by_the_joint_norm_keeps_the_direction():
    _, joint, short, long, apart = (tip for _, tip in arrows(default("clipping"), "gradient"))
    at = {"joint": torch.tensor([1.5, 1.75]), "apart": torch.tensor([5.5, 1.75])}
    radius = 0.95
    g, joint = torch.tensor(long) - at["apart"], torch.tensor(joint) - at["joint"]
    apart, short = torch.tensor(apart) - at["apart"], torch.tensor(short) - at["joint"]
    assert torch.allclose(joint, g * radius / g.norm(), atol=1e-5) and g.norm() > radius > short.norm()
    assert torch.allclose(apart, g.clamp(max=radius), atol=1e-5) and apart.norm() > radius


def test_a_rescaled_direction_has_the_norms_of_the_weights():
    bars = [p.get_path().get_extents() for p in default("filter_directions").axes[0].patches
            if to_hex(p.get_facecolor()) == parts.QUIET.lower() and p.get_path().get_extents().height < 0.11]  # fmt: skip
    theta, noise, scaled = (torch.tensor([bar.width for bar in bars[k : k + 4]]) for k in (0, 4, 8))
    assert torch.allclose(theta, scaled) and not torch.allclose(theta, noise) and len(bars) == 12


def test_the_gradients_of_the_echo_pipeline_run_back_through_the_clip():
    assert headings(default("memory_pipeline"), "gradient") == [(-1, 0)] * 3
    assert headings(default("memory_pipeline"), "weight") == [(0, 1)] * 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diagrams.draw_folded_and_unrolled(1), "steps is 1, expected a whole number from 2 to 6"),
        (lambda: diagrams.draw_backward(7), "steps is 7, expected a whole number from 2 to 6"),
        (lambda: diagrams.draw_backward(2.5), "steps is 2.5, expected a whole number"),
        (lambda: diagrams.draw_window_shapes(T=11), "T is 11, expected a whole number from 3 to 10"),
        (lambda: diagrams.draw_window_shapes(T=6, L=6), "L is 6, expected a whole number from 2 to 5"),
        (lambda: diagrams.draw_window_shapes(T=6, L=4, horizon=3), "horizon is 3, expected a whole number from 1 to 2"),
        (lambda: diagrams.draw_forecast(context=1), "context is 1, expected a whole number from 2 to 7"),
        (lambda: diagrams.draw_forecast(context=6, steps=4), "steps is 4, expected a whole number from 2 to 3"),
        (
            lambda: diagrams.draw_memory_pipeline({"gates": "2.2"}),
            r"unknown keys \['gates'\], expected any of \['biases'",
        ),
        (lambda: diagrams.draw_pipeline({"window": "1.1"}), r"unknown keys \['window'\], expected any of \['bptt'"),
    ],
)
def test_figures_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
