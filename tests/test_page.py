"""Notebooks rendered as pages that need no network."""

from __future__ import annotations

import re

import nbformat

from grader.page import offline_page, with_mathml
from tests.conftest import ROOT


def test_equations_become_mathml_and_code_keeps_its_dollars():
    made = with_mathml(
        "a $W_{hh}^\\top h$ b `$HOME` and\n\n$$g \\cdot \\frac{\\text{max\\_norm}}{2}$$\n\n```sh\necho $A $B\n```"
    )
    assert made.count("<math") == 2 and 'display="block"' in made and "max_norm" in made
    assert "`$HOME`" in made and "echo $A $B" in made


def test_every_equation_of_the_course_is_understood():
    understood = 0
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        texts = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
        made = [with_mathml(text) for text in texts]
        left = [found for text in made for found in re.findall(r"\$[^$\n]+\$", re.sub(r"<math.*?</math>", "", text))]
        here, displayed = sum(text.count("<math") for text in made), sum(text.count("$$") for text in texts) // 2
        assert here >= max(1, displayed) and not left
        understood += here
    assert understood > 40


def test_the_page_asks_nothing_of_the_network_and_folds_hints():
    cells = [nbformat.v4.new_markdown_cell("$x_t$\n\n<details><summary>A nudge</summary>\n\nCount them.\n\n</details>")]
    page = offline_page(nbformat.v4.new_notebook(cells=cells))
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="https?:', page)
    assert re.search(r"</summary>\s*<p>Count them.</p>\s*</details>", page) and "<math" in page
