"""The tables of the book: each page holds what comes out of the records now, and each table stands on a page."""

from __future__ import annotations

import re

import pytest

from docs.figures.embeddings import made, parts_of
from docs.tables.folklore import CLAIMS
from docs.tables.kit import cell, level, measured, record
from docs.tables.pages import PAGES, TABLES, rewritten

HOLDING = [page for page in sorted(PAGES.glob("*.md")) if "<!-- table:" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", HOLDING, ids=lambda page: page.stem)
def test_a_page_holds_what_comes_out_now(page):
    text = page.read_text(encoding="utf-8")
    assert text == rewritten(text), f"docs/{page.name} is behind the records: python -m docs.tables"


def test_every_table_stands_on_a_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in HOLDING)
    assert sorted(re.findall(r"<!-- table: ([\w-]+) -->", pages)) == sorted(TABLES)
    assert pages.count("<!-- table:") == pages.count("<!-- end of table -->")


def test_who_leads_shares_it_with_those_whose_range_meets_the_best():
    entries = {name: {"median": middle, "least": low, "greatest": high}
               for name, middle, low, high in (("a", 9, 8, 10), ("b", 7, 6, 8), ("c", 5, 4, 7))}  # fmt: skip
    assert level(entries) == ["a", "b"] and level(entries, less_is_better=True) == ["b", "c"]
    assert cell(entries["a"], digits=0) == "9 (8 to 10)" and cell({"median": 5, "least": 5, "greatest": 5}) == "5.0"


def test_every_claim_names_its_records_and_how_far_it_goes():
    for claim in CLAIMS:
        assert claim.records and claim.holds.endswith(".")
        assert re.search(r"\d", claim.filled()) and not re.search(r"[{}|]", claim.filled())


def test_the_networks_of_the_figure_are_those_of_the_records():
    recorded = [measured("imdb_best", "25,000 training reviews", "GRU"),
                measured("shakespeare_best", "tiny Shakespeare", "LSTM, 512 units"), record("multi30k_attention")]  # fmt: skip
    drawn = [sum(parts_of(*networks).values()) for networks in made().values()]
    assert drawn == [entry["parameters"] for entry in recorded]
