"""What the documents take from the course's lists and records is what these say now; the self-test's code runs."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from docs.blocks import BLOCK, BLOCKS, PAGES, ROOT, hours_of, minutes_of, path_tasks, topics, with_blocks

PAGE = ROOT / "docs" / "self-assessment.md"


@pytest.mark.parametrize("page", PAGES)
def test_blocks_are_what_is_made_now(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text == with_blocks(text), f"{page} is not what is made now: python -m docs.blocks"


def test_every_block_stands_somewhere():
    found = [name for page in PAGES for _, name, _ in BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(BLOCKS)


def test_each_task_has_one_topic(course):
    counts = Counter(task.id for _, tasks in topics().values() for task in tasks)
    assert counts == Counter(list(course.tasks))


def test_a_path_is_part_of_the_next(course):
    weekend, fortnight, term = (path_tasks(name) for name in ("weekend", "fortnight", "term"))
    assert set(weekend) < set(fortnight) < set(term) == set(course.tasks.values())
    for path in (weekend, fortnight):
        assert [task.id for task in path if not {*task.requires} <= {other.id for other in path}] == []


def test_hours_are_sums_of_minutes(course):
    one, two = course.tasks["1.4"], course.tasks["1.2"]  # 40 and 15 minutes
    assert (minutes_of([one, two]), hours_of([one, two]), hours_of([two, two]), hours_of([two] * 4)) == (
        55,
        "1",
        "½",
        "1",
    )
    assert hours_of([course.tasks["4.8"]]) == "¼"


def test_the_code_of_the_self_test_runs():
    text = PAGE.read_text(encoding="utf-8").partition("## Topics")[0]
    questions = re.split(r"^\*\*\d+\.\*\* ", text, flags=re.MULTILINE)[1:]
    assert len(questions) == 10
    for question in questions:
        code = re.findall(r"^```python\n(.*?)^```$", question, re.DOTALL | re.MULTILINE)
        assert "assert" in code[-1] and "If it failed: " in question
        for piece in code:
            exec(compile(piece, str(PAGE), "exec"), {})
