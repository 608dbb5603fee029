"""A student's first hour in JupyterLab: run the cells, see what is to do, write it, see it pass."""

from __future__ import annotations

import json
import shutil

from grader.references import sources_of
from tests.browsing import SHIFT, browser, in_a_browser
from tests.conftest import ROOT
from tests.serving import jupyter

NOTEBOOK = "notebooks/01_sine_wave_rnn.ipynb"
PARTS = ("benchmarks/results", "datasets", "grader", "notebooks", "starter", "toolkit")


@in_a_browser
def test_a_check_turns_from_to_do_to_passed(tmp_path, course):
    copy = tmp_path / "course"
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    names = [cell["id"] for cell in json.loads((copy / NOTEBOOK).read_bytes())["cells"]]
    first, check = (f'.jp-Notebook [data-windowed-list-index="{place}"]' for place in (1, names.index("check-1-1")))
    card = f"document.querySelector('{check} [role=status]')?.innerText"

    with jupyter(copy, tmp_path, PYTHONPATH=str(copy)) as address, browser(tmp_path) as page:
        page.open(address.format(f"lab/tree/{NOTEBOOK}"))
        page.wait("document.querySelector('#jp-main-statusbar').innerText.includes('(ipykernel) | Idle')")
        page.click(f"{first} .cm-content")
        for _ in names[1 : names.index("check-1-1") + 1]:
            page.press("Enter", SHIFT)
        said = page.wait(card)
        assert said == "○ 1.1 Windows over a series: to do (0 of 2)\nEdit make_windows in starter/rnn.py."
        assert f"You edit {copy}/starter/rnn.py." in page.js(f"document.querySelector('{first}').innerText")
        assert page.js("document.querySelector('.jp-OutputArea img').alt").startswith("A noisy wave of four periods")
        assert not page.js("!!document.querySelector('[data-mime-type*=error], [data-mime-type*=stderr]')")

        (copy / "starter" / "rnn.py").write_text(sources_of("rnn")[0][1], encoding="utf-8")
        page.click(f"{check} .cm-content")
        page.press("Enter", SHIFT)
        page.wait(f"{card}?.includes('passed')")
        assert page.js(card) == "✓ 1.1 Windows over a series: passed (2 of 2)"
