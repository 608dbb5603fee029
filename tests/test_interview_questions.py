"""The interview questions: each names tasks that exist, a topic and a level; the wrong code is wrong, the mended right."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from docs.blocks import ROOT, topics

PAGE = ROOT / "docs" / "interview-questions.md"
LEVELS = ("basic", "working", "deep")
QUESTION = re.compile(
    r"(?P<number>\d+)\. (?P<text>[^\n]+)\n\n\*(?P<level>\w+)\*\n\n(?:```python\n(?P<code>.*?)```\n\n)?"
    r"<details><summary>Answer</summary>\n\n(?P<answer>.*?)\n\n(?:```python\n(?P<mended>.*?)```\n\n)?"
    r"\*\*Tasks:\*\* (?P<tasks>[\d., ]+)\. \*\*Follow-up:\*\* (?P<follow>.*?)\n\n</details>\n*",
    re.DOTALL,
)


@dataclass(frozen=True)
class Question:
    topic: str
    number: int
    level: str
    text: str
    answer: str
    tasks: list[str]
    follow: str
    code: str | None
    mended: str | None


def questions() -> list[Question]:
    found = []
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        topic, *entries = section.split("\n### ")
        for match in filter(None, map(QUESTION.fullmatch, entries)):
            parts = match.groupdict()
            parts |= {"number": int(parts["number"]), "tasks": parts["tasks"].split(", ")}
            found.append(Question(topic.strip(), **parts))
    return found


QUESTIONS = questions()
WITH_CODE = [one for one in QUESTIONS if one.code]


def test_there_are_enough_and_every_one_is_read():
    assert len(QUESTIONS) >= 36 and len(WITH_CODE) >= 5
    assert [one.number for one in QUESTIONS] == list(range(1, len(QUESTIONS) + 1))
    text = PAGE.read_text(encoding="utf-8")
    assert len(QUESTIONS) == text.count("\n### ") == text.count("<details>") and text.split()[3] == str(len(QUESTIONS))


def test_topics_and_levels_are_those_of_the_lists():
    assert list(dict.fromkeys(one.topic for one in QUESTIONS)) == [title for title, _ in topics().values()]
    levels = Counter(one.level for one in QUESTIONS)
    assert set(levels) == set(LEVELS) and min(levels.values()) >= 10


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: str(one.number))
def test_an_answer_refers_to_what_was_built(one, course):
    assert one.tasks and set(one.tasks) <= set(course.tasks)
    words = len(re.sub(r"\$[^$]*\$", "x", one.answer).split())  # an equation is one word
    assert 60 <= words <= 150, f"{words} words"
    assert len(one.follow.split()) >= 4


@pytest.mark.parametrize("one", WITH_CODE, ids=lambda one: str(one.number))
def test_the_wrong_code_is_wrong_and_the_mended_right(one):
    names: dict = {}
    exec(compile(one.code, f"question {one.number}", "exec"), names)
    assert "assert" in one.mended
    exec(compile(one.mended, f"question {one.number}, mended", "exec"), names)
