"""docs/quick-reference.md, symbols.md and applications-and-reading.md: every line runs, every shape and figure is compared."""

from __future__ import annotations

import ast
import re
from types import CodeType

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from grader.tasks import load_course
from tests.conftest import ROOT
from tests.pages import agree, not_measured, run, sections_of

DOCS = ROOT / "docs"
SECTIONS = sections_of(DOCS / "quick-reference.md")
SNIPPETS = [snippet for section in SECTIONS for snippet in section.snippets]
LAYERS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
CELLS = {"RNN": nn.RNNCell, "GRU": nn.GRUCell, "LSTM": nn.LSTMCell}
CODE = re.compile(r"`([^`]+)`")


def tables(sections) -> list[list[list[str]]]:
    """Each table as its rows of cells, the header first."""
    found, last = [], ""
    for section in sections:
        for line in section.text:
            if line.startswith("|"):
                if not last.startswith("|"):
                    found.append([])
                found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
            last = line
    return [[row for row in rows if set(row[0]) != {"-"}] for rows in found]


def table(*header: str, page=SECTIONS) -> list[list[str]]:
    """The rows of the tables whose header begins so, without it."""
    rows = [row for found in tables(page) if found[0][: len(header)] == [*header] for row in found[1:]]
    assert rows, header
    return rows


def marked(source: str, ran: set[int]) -> tuple[CodeType, set[int]]:
    """The source, compiled so that every statement notes its line in `ran` before it is executed, and all these lines."""
    tree, lines = ast.parse(source), set()
    for node in [*ast.walk(tree)]:
        block = getattr(node, "body", None)
        if isinstance(block, list):
            lines |= {statement.lineno for statement in block}
            node.body = [part for stands in block for part in (*ast.parse(f"_ran.add({stands.lineno})").body, stands)]
    return compile(ast.fix_missing_locations(tree), "<page>", "exec"), lines


def executed(source: str) -> tuple[dict, str, list[str]]:
    """The namespace afterwards, what was printed, and the lines that nothing has reached."""
    ran: set[int] = set()
    code, lines = marked(source, ran)
    namespace = {"_ran": ran}
    printed = run(code, namespace=namespace)
    return namespace, printed, [source.splitlines()[line - 1] for line in sorted(lines - ran)]


@pytest.fixture(scope="module")
def page():
    """The names that the page's code has made, the classifier's left out."""
    namespace, printed, missed = executed("\n".join(snippet.code for snippet in SNIPPETS if snippet.said is None))
    assert "Error: " not in printed, printed
    assert missed == []
    return namespace


def test_the_classifier_runs_to_its_last_line_and_learns():
    (classifier,) = (snippet for snippet in SNIPPETS if snippet.said is not None)
    _, printed, missed = executed(classifier.code)
    assert agree(classifier.said, printed), printed
    assert missed == []


def test_a_line_that_is_never_reached_is_found():
    assert executed("if False:\n    never()\nprint('here')")[1:] == ("here", ["    never()"])


def shape(text: str, names: dict) -> tuple[int, ...]:
    return eval(text, {name: names[name] for name in "NLFHVEM"})


def pair(kind: str, state):
    return (state, state) if kind == "LSTM" else state


def shapes_of(result) -> set[tuple[int, ...]]:
    return {tuple(part.shape) for part in (result if isinstance(result, tuple) else (result,))}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("row", table("made with", "x", "outputs"), ids=lambda row: row[0].replace("`", ""))
def test_a_layer_has_the_shapes_of_the_table(page, kind, row):
    names = page
    arguments, x, outputs, state = (CODE.findall(cell)[0] for cell in row)
    layer = eval(f"layer({arguments})", {"layer": LAYERS[kind], "F": names["F"], "H": names["H"]})
    packed = row[0].endswith("packed")
    given = pack(names) if packed else torch.randn(shape(x, names))
    if packed:
        assert given.data.shape == shape(x, names)
    for start in (None, pair(kind, torch.zeros(shape(state, names)))):
        got, last = layer(given, start)
        assert isinstance(got, PackedSequence) is packed
        assert (got.data if packed else got).shape == shape(outputs, names)
        assert isinstance(last, tuple) is (kind == "LSTM")
        assert shapes_of(last) == {shape(state, names)}


def pack(names: dict) -> PackedSequence:
    x = torch.randn(names["N"], names["L"], names["F"])
    return pack_padded_sequence(x, names["lengths"], batch_first=True, enforce_sorted=False)


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_has_the_shapes_of_the_table(page, kind):
    names = page
    for made, *row in table("made with", "x_t", "state"):
        x, state = (shape(CODE.findall(cell)[0], names) for cell in row)
        cell = eval(f"cell({CODE.findall(made)[0]})", {"cell": CELLS[kind], "F": names["F"], "H": names["H"]})
        for start in (None, pair(kind, torch.zeros(state))):
            assert shapes_of(cell(torch.randn(x), start)) == {state}


@pytest.mark.parametrize("column", range(3), ids=LAYERS)
def test_parameters_have_the_names_and_shapes_of_the_table(page, column):
    names, layer = page, [*LAYERS.values()][column]
    rows = table("parameter")
    *shaped, (_, *numbers) = [(row[0], *(CODE.findall(cell)[0] for cell in row[1:])) for row in rows]
    said = {first: shape(cells[column], names) for first, *cells in shaped}
    one, two = (
        {
            name: tuple(parameter.shape)
            for name, parameter in layer(names["F"], names["H"], 2, **more).named_parameters()
        }
        for more in ({}, {"bidirectional": True})
    )
    both_ways = said.pop("`weight_ih_l1`, two directions")
    assert two["weight_ih_l1"] == two["weight_ih_l1_reverse"] == both_ways
    said = {CODE.findall(name)[0]: value for name, value in said.items()}
    said |= {
        name.replace("_l0", "_l1"): value
        for name, value in said.items()
        if name in ("weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    }
    assert one == said
    assert {name.removesuffix("_reverse") for name in two} == {*one}
    first = sum(parameter.numel() for parameter in layer(names["F"], names["H"]).parameters())
    assert first == shape(numbers[column], names)


@pytest.mark.parametrize("row", table("expression"), ids=lambda row: row[0].strip("`"))
def test_an_expression_has_the_shape_of_the_table(page, row):
    names = page
    sizes = {name: names[name] for name in "NLFHVEM"}
    assert eval(CODE.fullmatch(row[0])[1], dict(names)).shape == eval(CODE.fullmatch(row[1])[1], sizes)


SYMBOLS = sections_of(DOCS / "symbols.md")
REFERENCE = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "solution").glob("**/*.py"))]


def test_every_name_on_the_map_stands_in_the_course():
    rows = table("symbol", "what it is", "shape", "in code", page=SYMBOLS)
    for name in {name for row in rows for name in CODE.findall(row[3])}:
        assert any(name in text for text in REFERENCE), name


def test_every_letter_in_the_legend_of_a_module_is_on_the_map():
    said = {
        letter
        for row in table("symbol", "what it is", "where", page=SYMBOLS)
        for letter in re.findall(r"\$(\w)\$", row[0])
    }
    for text in REFERENCE:
        for legend in re.findall(r"^Shapes: (.*?)\.\s", text, re.MULTILINE | re.DOTALL):
            assert set(re.findall(r"\b([A-Z])\b", legend)) <= said, legend


def test_tasks_on_the_map_exist():
    tasks = {*load_course().tasks}
    for row in table("symbol", "what it is", "where", page=SYMBOLS):
        assert {*re.findall(r"\d\.\d+", f"{row[1]} {row[2]}")} <= tasks, row


# figure as the page writes it → the results that hold it, the place in them, and a factor
FIGURES = {
    "46.27": ("multi30k_attention", "test of 2016", "greedy", 1),
    "49.81": ("multi30k_attention", "test of 2016", "beam 5", 1),
    "27.89": ("multi30k_vector", "test of 2016", "greedy", 1),
    "30.50": ("multi30k_vector", "test of 2016", "beam 5", 1),
    "1.443 nats": ("shakespeare_best", "tiny Shakespeare", "LSTM, 512 units", 1),
    "2.55 bits": ("transformer_data", "100 %", "LSTM", 1),
    "2.90": ("transformer_data", "100 %", "Transformer", 1),
    "90.7 %": ("imdb_best", "25,000 training reviews", "linear, words and pairs", 100),
    "89.1 %": ("imdb_best", "25,000 training reviews", "GRU", 100),
    "81.7 %": ("imdb_contest", "22,500 training reviews", "RNN", 100),
    "87.2 %": ("imdb_contest", "22,500 training reviews", "LSTM", 100),
    "88.8 %": ("imdb_contest", "22,500 training reviews", "GRU", 100),
    "90.5 %": ("imdb_contest", "22,500 training reviews", "linear, words and pairs", 100),
    "2.21 °C": ("real_series_temperatures", "1 ahead", "RNN", 1),
    "2.22": ("real_series_temperatures", "1 ahead", "linear, 30 values", 1),
    "2.58": ("real_series_temperatures", "1 ahead", "seasonal mean", 1),
    "2.57": ("real_series_temperatures", "7 ahead", "seasonal mean", 1),
    "2.77": ("real_series_temperatures", "7 ahead", "RNN", 1),
    "17.8": ("real_series_sunspots", "1 ahead", "linear, 30 values", 1),
    "19.0": ("real_series_sunspots", "1 ahead", "RNN", 1),
    "43.2": ("real_series_sunspots", "24 ahead", "RNN", 1),
    "46.5": ("real_series_sunspots", "24 ahead", "linear, 30 values", 1),
}


def test_figures_are_those_that_were_measured():
    assert not_measured(DOCS / "applications-and-reading.md", FIGURES) == []
