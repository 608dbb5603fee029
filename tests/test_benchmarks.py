"""The scripts that take hours run to their end on next to nothing, and write what a notebook then reads."""

from __future__ import annotations

import pytest
import torch

from benchmarks import imdb
from toolkit import real_reviews
from toolkit.corpus import Corpus
from toolkit.real_reviews import Prepared


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
