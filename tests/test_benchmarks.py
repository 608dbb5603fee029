"""The scripts that take hours run to their end on next to nothing, and write what a notebook then reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import attacks, grading_scale, imdb, multi30k, recording, shakespeare, transformer
from tests.conftest import ROOT
from toolkit import interpreters, plots, real_reviews, translation
from toolkit import recorded as records
from toolkit.corpus import Corpus
from toolkit.multi30k import Multi30k, Split
from toolkit.pairs import Pair
from toolkit.plots import headline
from toolkit.real_reviews import Prepared
from toolkit.speech import Speech
from toolkit.stand_ins import bits_per_character
from toolkit.streaming import Recipe
from toolkit.tables import show_table
from toolkit.texts import Text, lost_fathom
from toolkit.transformer import Transformer
from toolkit.translator import Sizes
from toolkit.writers import BEST, live_writer, rivals

NOTEBOOK = ROOT / "solution" / "notebooks" / "04_shakespeare_generation.py"


@pytest.fixture
def tiny(monkeypatch) -> Prepared:
    monkeypatch.setattr(real_reviews, "HELD_OUT", 20)
    threads = torch.get_num_threads()
    yield Prepared(corpus(60), corpus(30), [None] * 50)
    torch.set_num_threads(threads)


def corpus(count: int) -> Corpus:
    ids = tuple([2 + number % 5, 3, 4] for number in range(count))
    return Corpus(ids, torch.full((count,), 3), torch.tensor([0] * (count // 2) + [1] * (count - count // 2)))


@pytest.mark.parametrize("part", ["best", "contest", "split"])
def test_the_real_reviews(part, tiny, monkeypatch, capsys):
    written = {}

    def save(name, command, seeds, rows, **more):
        written[name] = rows
        return {
            "command": command,
            "seeds": list(seeds),
            "processor": "",
            "cores": 1,
            "torch": "",
            "rows": rows,
            **more,
        }

    monkeypatch.setattr(imdb, "save", save)
    {"best": imdb.record_best, "contest": imdb.record_contest, "split": imdb.record_split}[part](tiny)
    (row,) = written[f"imdb_{part}"].values()
    assert all(0 <= value <= 1 for entry in row.values() for value in entry["values"])
    if part != "split":
        assert real_reviews.BEST in row and all(
            len(seed) == len(real_reviews.ENDS) for e in row.values() for seed in e["by length"]
        )


# Notebook 4


@pytest.fixture
def text() -> Text:
    """Ten thousand characters, of which one per cent has a chunk or two."""
    return Text("made up", lost_fathom().whole[:9000])


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    """Records are really written and read, but elsewhere."""
    monkeypatch.setattr(recording, "RESULTS", tmp_path)
    monkeypatch.setattr(records, "RESULTS", tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


def cells_with(*words: str) -> list[str]:
    """The notebook's cells of code that hold one of these."""
    blocks = NOTEBOOK.read_text(encoding="utf-8").split("\n# %%")
    sources = [block.partition("\n")[2] for block in blocks if not block.startswith(" [markdown]")]
    return [source for source in sources if any(word in source for word in words)]


def drawn(*words: str, **names) -> dict:
    """Runs those cells in turn; what they left behind, with the figures that they showed."""
    figures = []
    told = {"outcome": lambda number, measured: f"{number}: {measured}", "footnote": lambda *_: None,
            "show": lambda fig, alt: figures.append(fig), "headline": headline}  # fmt: skip
    kept = {"plots": plots, "recorded": records.recorded, "show_table": show_table,
            "bits_per_character": bits_per_character, "figures": figures} | told | names  # fmt: skip
    cells = cells_with(*words)
    assert cells, f"no cell of the notebook holds {words}"
    for cell in cells:
        exec(compile(cell, str(NOTEBOOK), "exec"), kept)
    return kept


def make_small(monkeypatch) -> None:
    monkeypatch.setattr(shakespeare.os, "cpu_count", lambda: 1)  # more threads would only wait for each other
    monkeypatch.setattr(shakespeare, "SEEDS", range(2))
    monkeypatch.setattr(shakespeare, "best_writer", lambda size, seed: live_writer(size, seed, 16))
    monkeypatch.setattr(shakespeare, "BEST_RECIPE", Recipe(epochs=2, batch_size=8, length=32, half=True))
    monkeypatch.setattr(shakespeare, "EARLY", (1, 5))
    monkeypatch.setattr(shakespeare, "ROWS", 2)
    monkeypatch.setattr(shakespeare, "WRITTEN", 60)


def test_the_best_network_of_shakespeare(text, results, monkeypatch, capsys):
    make_small(monkeypatch)
    shakespeare.record_best(text)
    shakespeare.record_baselines(text)
    kept = drawn('recorded("shakespeare_best")', 'row["samples"]', 'recorded("shakespeare_baselines")')
    row, steps = kept["row"], 2 * ((8100 - 1) // 256)
    assert kept["name"] == BEST and [len(seed) for seed in row["by epoch"]] == [2, 2]
    # the last epoch counts, tested quickly while it is trained and exactly at its end
    assert [seed[-1][1] for seed in row["by epoch"]] == pytest.approx(row["values"], abs=0.02)
    assert [step for step, *_ in row["samples"]] == [1, 5, steps // 2, steps]
    assert all(len(sample) == 240 for *_, sample in row["samples"])
    assert len(row["losses"]) == -(-steps // 20)
    assert list(kept["bits"]) == ["uniform", "unigram", *(f"{n}-gram" for n in range(2, 7)), BEST]
    assert len(kept["figures"]) == 2
    expect_speech(drawn('recorded("shakespeare_speech")'))
    assert "longest copied" in capsys.readouterr().out  # the table


def expect_speech(kept: dict) -> None:
    entries = kept["speech"].entries
    assert list(entries["temperature"]) == ["0.2", "0.4", "0.6", "0.8", "1", "1.2", "1.5"]
    assert list(entries["top k"]) == ["1", "2", "5", "10", "20"]
    medians = [entry["entropy"]["median"] for entry in entries["temperature"].values()]
    assert medians == sorted(medians) and medians[0] < medians[-1]
    assert entries["top k"]["1"]["entropy"]["values"] == [0, 0]
    (held,) = entries["held-out text"].values()
    assert held["entropy"] is None and held["longest copied"] >= 5 and held["copied"][0] > 0
    for entry in (*entries["temperature"].values(), *entries["top k"].values(), held):
        assert len(entry["copied"]) == len(shakespeare.RUNS) and all(0 <= share <= 100 for share in entry["copied"])
        assert all(0 <= value <= 100 for value in (*entry["values"], *entry["repeats"]["values"]))


def test_a_network_without_words_is_recorded_too():
    silent = [Speech(["\n" * 60] * 2, 0.0)] * 2
    entry = shakespeare.told(silent, {"word"}, "word\nword")
    assert entry["values"] == [0, 0] and entry["repeats"]["median"] > 50
    recording.dump(entry)  # which takes no NaN


def test_tables_of_characters(text, results, capsys):
    shakespeare.record_baselines(text)
    record = records.recorded("shakespeare_baselines")
    for part in ("held out", "training"):
        assert list(record.scores[part]) == [str(order) for order in range(9)]
    training = [values[0] for values in record.scores["training"].values()]
    assert training == sorted(training, reverse=True) and len(set(training)) == 9
    assert record.entries["held out"]["1"]["entries"] == len(set(text.training))


def test_chunks_of_several_lengths(text, results, monkeypatch, capsys):
    for name, value in {"SEEDS": range(2), "LENGTHS": (4, 64), "CHARACTERS": 256, "UNITS": 8}.items():
        monkeypatch.setattr(shakespeare, name, value)
    monkeypatch.setattr(shakespeare, "SMALL", Recipe(epochs=2, rate=0.005, warm_up=5))
    shakespeare.record_truncation(text)
    kept = drawn('recorded("shakespeare_truncation")')
    assert list(kept["by_length"]) == ["4 characters", "64 characters"] and len(kept["figures"]) == 1
    for way, row in kept["truncation"].entries.items():
        assert list(row) == ["4", "64"] and way in ("state carried", "zeros in each chunk")
        for length, entry in row.items():
            assert list(entry["by place"]) == ["state carried", "zeros in each chunk"]
            for curves in entry["by place"].values():
                assert [len(seed) for seed in curves] == [int(length)] * 2
            plots.plot_by_position(entry["by place"])


def test_a_share_of_the_text_for_both_kinds(text, results, monkeypatch, capsys):
    monkeypatch.setattr(transformer, "SEEDS", range(2))
    monkeypatch.setattr(transformer, "EPOCHS", {10: 2, 100: 1, 1: 2})
    monkeypatch.setattr(transformer, "ROWS", {1: 1, 10: 8, 100: 64})
    monkeypatch.setattr(transformer, "CONTEXT", 8)
    monkeypatch.setattr(transformer, "rivals", small_rivals)
    transformer.record_data(text)
    kept = drawn('recorded("transformer_data")')
    shares = kept["shares"].entries
    assert list(shares) == ["1 %", "10 %", "100 %"] and len(kept["figures"]) == 1
    for row, epochs in zip(shares.values(), (2, 2, 1), strict=True):
        assert list(row) == ["LSTM", "Transformer"]
        for entry in row.values():
            assert [len(seed) for seed in entry["by epoch"]] == [epochs] * 2
            assert [min(seed) for seed in entry["by epoch"]] == entry["values"]
            assert entry["by rate"][f"{entry['rate']:g}"] == min(entry["by rate"].values()) == entry["values"][0]
            assert list(entry["by rate"]) == ["0.002", "0.005"]


def small_rivals(size: int, seed: int = 0, context: int = 8) -> dict:
    torch.manual_seed(seed)
    return {"LSTM": live_writer(size, seed, 8), "Transformer": Transformer(size, 8, 1, context=context)}


def test_what_both_kinds_cost(text, results, monkeypatch, capsys):
    for name, value in {"LENGTHS": (8, 16), "CHARACTERS": 32, "WRITTEN": 20, "EVERY": 10}.items():
        monkeypatch.setattr(transformer, name, value)
    transformer.record_cost(text)
    kept = drawn('recorded("transformer_cost")')
    assert list(kept["training_cost"]) == ["chunks of 8", "chunks of 16"] and len(kept["figures"]) == 1
    writing = [row for name, row in kept["cost"].entries.items() if name.startswith("writing")]
    carried = [[row[kind]["bytes carried"] for row in writing] for kind in transformer.KINDS]
    assert carried == [[2048, 2048], [3 * 2 * 96 * 4 * 10, 3 * 2 * 96 * 4 * 20]]
    assert all(len(values) == 5 for row in kept["training_cost"].values() for values in row.values())


@pytest.mark.parametrize("script", [shakespeare, transformer])
def test_a_script_measures_what_it_is_asked_for(script, text, monkeypatch):
    parts = {shakespeare: ["best", "baselines", "truncation"], transformer: ["data", "cost"]}[script]
    measured, threads = [], torch.get_num_threads()
    for part in parts:
        monkeypatch.setattr(script, f"record_{part}", lambda given, part=part: measured.append((part, given is text)))
    monkeypatch.setattr(script, "shakespeare", lambda: text)
    for asked in ([], parts[-1:]):
        monkeypatch.setattr("sys.argv", ["script", *asked])
        script.main()
    torch.set_num_threads(threads)
    assert measured == [(part, True) for part in (*parts, parts[-1])]


def test_the_recorded_recipes_fit_the_real_text():
    """Ten thousand characters are one per cent of it; each share has a chunk, shifted as it is."""
    for share, rows in transformer.ROWS.items():
        assert 1_003_854 * share // 100 >= rows * transformer.CONTEXT + transformer.CONTEXT
    assert (
        max(transformer.WRITTEN, *transformer.LENGTHS) <= 2048 and transformer.EPOCHS.keys() == transformer.ROWS.keys()
    )
    assert list(rivals(5)) == list(transformer.KINDS)


# Notebook 5


def split(first: int, count: int) -> Split:
    """Numbers in letters of two alphabets; each sentence stands in one split alone."""
    numbers = range(first, first + count)
    pairs = tuple(
        Pair(tuple("abcdefghij"[int(d)] for d in str(n)), tuple("klmnopqrst"[int(d)] for d in str(n))) for n in numbers
    )
    return Split(pairs, tuple(" ".join(pair.french).upper() for pair in pairs))


@pytest.fixture
def few_pairs(tmp_path, results, monkeypatch) -> Multi30k:
    monkeypatch.setattr(multi30k.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(multi30k, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(multi30k, "SEEDS", range(2))
    monkeypatch.setattr(multi30k, "ENDS", (3, 5, 60))
    monkeypatch.setattr(multi30k, "RECIPE", translation.Recipe(epochs=2, batch_size=16, words=10))
    monkeypatch.setattr(interpreters, "SIZES", Sizes(6, 8))
    return Multi30k(split(100, 60), split(1000, 12), split(2000, 40), split(3000, 10))


@pytest.mark.parametrize("part", ["attention", "vector"])
def test_the_real_pairs(part, few_pairs, results, monkeypatch, capsys):
    multi30k.record(part, few_pairs)
    told = capsys.readouterr().out
    assert "beam 5" in told and "case:mixed" in told and "tok:13a" in told
    record = records.recorded(f"multi30k_{part}")
    assert list(record.scores) == ["validation", "test of 2016", "test of 2017"]
    for row in record.scores.values():
        assert list(row)[:3] == ["greedy", "greedy, lower case", "greedy, unknown words copied"] and len(row) == 6
        assert all(len(values) == 2 and all(0 <= value <= 100 for value in values) for values in row.values())
    text = (results / f"multi30k_{part}.json").read_text(encoding="utf-8")
    whole = json.loads(text)
    assert whole["sentences in bins"]["test of 2016"] == [0, 40, 0]
    assert [[None if value is None else 0 for value in seed["test of 2016"]] for seed in whole["by length"]] == [
        [None, 0, None]
    ] * 2
    assert [len(seed) for seed in whole["by epoch"]] == [2, 2] and whole["by epoch"][0][-1][1] == record.scores[
        "validation"
    ]["greedy"][0]
    assert len(whole["translated"]) == multi30k.SHOWN and all(1 <= line <= 40 for line, _ in whole["translated"])
    for pair in few_pairs.test_2016.pairs:
        assert " ".join(pair.english) not in text and " ".join(pair.french) not in text


def test_a_run_that_was_cut_off_goes_on(few_pairs, monkeypatch, capsys):
    real, calls = multi30k.measure, []

    def measure(part, seed, data):
        calls.append(seed)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(part, seed, data)

    monkeypatch.setattr(multi30k, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        multi30k.record("attention", few_pairs)
    multi30k.record("attention", few_pairs)
    assert calls == [0, 1, 1]
    monkeypatch.setattr(multi30k, "RECIPE", translation.Recipe(epochs=1, batch_size=16))
    multi30k.record("attention", few_pairs)
    assert calls == [0, 1, 1, 0, 1]


def test_what_is_the_reference_is_not_recorded():
    part = split(2000, 40)
    found = [translation.Translation(list(pair.french), [0] * len(pair.french)) for pair in part.pairs]
    found[0].words[0] = "<unk>"
    assert all(written is None for line, written in multi30k.shown(found, part) if line != 1)
    assert multi30k.tally(found, part, interpreters.lexicons(part.pairs)[0])["as the reference"] == 39


def test_what_the_command_runs(monkeypatch):
    seen = []
    monkeypatch.setattr(multi30k, "load_multi30k", lambda: "pairs")
    monkeypatch.setattr(multi30k, "record", lambda part, data: seen.append((part, data)))
    monkeypatch.setattr("sys.argv", ["benchmarks.multi30k"])
    multi30k.main()
    assert seen == [("attention", "pairs"), ("vector", "pairs")]


# the tricks


def test_no_trick_earns_a_mark_here():
    rows = json.loads((ROOT / "benchmarks" / "results" / "attacks.json").read_text(encoding="utf-8"))["rows"]
    assert list(rows) == [attacks.HONEST, *attacks.TRICKS]  # what is recorded is what is tried
    assert set(rows.pop(attacks.HONEST).values()) == {1} and set(rows["wrong"].values()) == {0}
    assert {row["this course"] for row in rows.values()} == {0}
    told = {name: [sum(row[name] > 0 for row in rows.values()), sum(row[name] == 1 for row in rows.values())]
            for name in ("nbgrader", "otter")}  # fmt: skip
    assert told == {"nbgrader": [12, 4], "otter": [10, 3]}  # docs/isolation.md has these figures


# grading at scale


def test_the_page_on_scale_holds_the_tables_of_what_is_recorded():
    text = grading_scale.DOCUMENT.read_text(encoding="utf-8")
    assert grading_scale.with_tables(text) == text


def test_a_larger_class_is_planned_from_the_one_that_was_measured():
    seconds = {"grading": 2_000, "reports": 20, "a submission, median": 3.5, "a submission, longest": 40}
    rows = {"seconds": seconds, "memory": {"job": 470}, "storage": {"records": 150_000_000}}
    record = {"command": "it", "processor": "p", "cores": 2, "count": 1_000, "jobs": 2, "whole": False, "rows": rows}
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in grading_scale.table(record).splitlines()[2:6]]
    assert lines == [["grading, 2 jobs", "33 min", "5.6 h"], ["reports and the look for likeness", "20 s", "3 min"],
                     ["memory, job", "470 MiB", "the same"], ["storage, records", "150 MB", "1.5 GB"]]  # fmt: skip


@pytest.mark.parametrize("whole", [False, True])
def test_a_class_of_any_size_is_made_of_the_examples(monkeypatch, tmp_path, whole):
    examples = {"complete": {"starter/rnn.py": "x = 1", "notebooks/1.ipynb": "{}"}, "wrong": {"starter/rnn.py": "x = 2"}}
    monkeypatch.setattr(grading_scale, "example_class", lambda *_: iter(examples.items()))
    grading_scale.write_class(tmp_path, 5, whole)
    works = {path.read_text() for path in tmp_path.glob("*/starter/rnn.py")}
    assert len(works) == 5 and {work.splitlines()[0] for work in works} == {"x = 1", "x = 2"}
    assert len(list(tmp_path.glob("*/notebooks/1.ipynb"))) == (5 if whole else 3)
