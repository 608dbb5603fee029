"""What stands in the documents and is made from the course's lists and records: python -m docs.blocks writes it anew.

A block stands between `<!-- block NAME, made by python -m docs.blocks -->` and `<!-- end of block -->`. A test holds that each
is what is made now.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

from grader.objectives import load_objectives
from grader.tasks import Task, load_course
from toolkit.recorded import RESULTS, recorded

__all__ = ["BLOCKS", "PAGES", "ROOT", "hours_of", "minutes_of", "path_tasks", "topics", "with_blocks"]

ROOT = Path(__file__).parent.parent
LISTS = tomllib.loads((ROOT / "docs" / "topics.toml").read_text(encoding="utf-8"))
BLOCK = re.compile(r"(<!-- block ([\w-]+), made by python -m docs\.blocks -->\n).*?(<!-- end of block -->)", re.DOTALL)
PAGES = ("README.md", "docs/self-assessment.md")


def minutes_of(tasks: Iterable[Task]) -> int:
    """The minutes of some tasks together, as tasks.toml has them."""
    return sum(task.minutes for task in tasks)


def hours_of(tasks: Iterable[Task]) -> str:
    """Their hours to a quarter, such as `3¼`; at least a quarter."""
    quarters = max(round(minutes_of(tasks) / 15), 1)
    whole, rest = divmod(quarters, 4)
    return (str(whole) if whole or not rest else "") + ("", "¼", "½", "¾")[rest]


def topics() -> dict[str, tuple[str, list[Task]]]:
    """topic → its title and its tasks."""
    course = load_course()
    return {name: (entry["title"], [course.tasks[task] for task in entry["tasks"]])
            for name, entry in LISTS["topics"].items()}  # fmt: skip


def path_tasks(name: str) -> list[Task]:
    """The tasks of a way through the course, in order."""
    course, wanted = load_course(), LISTS["paths"][name]["tasks"]
    return [*course.tasks.values()] if wanted == "all" else [course.tasks[task] for task in wanted]


def checklist() -> str:
    """The objectives with the tasks that show them; what a person marks is in italics."""
    return "\n".join(f"- [ ] {one.sentence} ({', '.join(map(_marked, one.tasks))})" for one in load_objectives())


def topics_table() -> str:
    rows = [(title, _listed(tasks), _difficulty(tasks), hours_of(tasks)) for title, tasks in topics().values()]
    every = [task for _, tasks in topics().values() for task in tasks]
    return _table(("topic", "tasks", "difficulty", "hours"), [*rows, ("**all**", str(len(every)), "", hours_of(every))])


def paths_table() -> str:
    rows = []
    for name, entry in LISTS["paths"].items():
        chapters = ", ".join(f"[{_short(chapter)}]({chapter}.md)" for chapter in entry["chapters"])
        tasks = path_tasks(name)
        rows.append((f"**{entry['title']}**. {entry['why']}", _chosen(tasks), chapters, hours_of(tasks)))
    return _table(("path", "tasks", "chapters", "hours of exercises"), rows)


def notebooks_table() -> str:
    """The README's table. What was measured is read from the records, where there is one."""
    course, rows = load_course(), []
    for number, (concepts, embedded, real) in NOTEBOOKS.items():
        notebook = course.notebooks[number]
        tasks = [task for task in course.tasks.values() if task.notebook == number]
        rows.append((f"**{number} {notebook.title}**", concepts, str(minutes_of(tasks)), embedded(), real()))
    return _table(("notebook", "you build", "minutes", "on embedded data", "on real data"), rows)


def graders_table() -> str:
    """Seconds and tricks on three graders, from the records of `benchmarks.grading_speed` and `benchmarks.attacks`."""
    seconds = {name: _entries("grading_speed")[row]["median"] for name, row in SPEED.items()}
    tricks = [row for name, row in _entries("attacks").items() if name not in HONEST]
    paid = {name: sum(row[key] > 0 for row in tricks) for name, key in GRADERS.items()}
    asked = f"of {len(tricks)} tricks with a wrong solution, those that get marks"
    rows = [("seconds per submission of notebook 1", *(f"{seconds[name]:.1f}" for name in GRADERS)),
            (asked, *(str(paid[name]) for name in GRADERS))]  # fmt: skip
    return _table(("", *GRADERS), rows)


def _entries(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))["rows"]


def _waves() -> str:
    near, far = (recorded("rollouts").entries[f"error {ahead} ahead"]["RNN"] for ahead in (1, 150))
    return (f"noisy sine: root mean squared error {near['median']:.2f} one step ahead in each of ten seeds, "
            f"{far['least']:.2f} to {far['greatest']:.1f} after 150 steps on its own")  # fmt: skip


def _temperatures() -> str:
    ahead = recorded("real_series_temperatures").entries["1 ahead"]
    network, linear, same = (ahead[name]["median"] for name in ("RNN", "linear, 30 values", "persistence"))
    return f"daily temperatures, a day ahead: {network:.2f} °C; a linear model {linear:.2f}, repeating today {same:.2f}"


def _recall() -> str:
    lags = recorded("memory_marked").entries
    chrono = lags["100"]["LSTM, chrono"]
    chance = _percent(lags["25"]["LSTM"]["median"])
    return (f"a marked bit, 100 steps later: {_percent(chrono['least'])} right in the worst of five seeds from an LSTM with "
            f"chrono biases; as torch draws it, chance ({chance}) at 25")  # fmt: skip


def _synthetic_reviews() -> str:
    test = recorded("reviews").entries["test"]
    lstm, pairs = test["LSTM"]["median"], test["linear, words and pairs"]["median"]
    return (
        f"reviews in which order decides: LSTM {_percent(lstm)} right, a linear model on word pairs {_percent(pairs)}"
    )


def _real_reviews() -> str:
    (rows,) = recorded("imdb_best").entries.values()
    gru, pairs = rows["GRU"]["median"], rows["linear, words and pairs"]["median"]
    return f"IMDB: GRU {_percent(gru, 1)}, the linear model on pairs {_percent(pairs, 1)}"


def _real_plays() -> str:
    (rows,) = recorded("shakespeare_best").entries.values()
    (row,) = rows.values()
    nats, minutes = row["median"], row["seconds"]["median"] / 60
    return (f"tiny Shakespeare: {nats / math.log(2):.2f} bits ({nats:.2f} nats) per character, after {minutes:.0f} minutes on "
            "two cores")  # fmt: skip


def _synthetic_pairs() -> str:
    test = recorded("interpreters").entries["test"]
    with_it, without = test["attention"]["median"], test["one vector"]["median"]
    return f"{with_it:.1f} % of the sentences right, word for word; with one vector in the place of attention {without:.1f} %"


def _real_pairs() -> str:
    with_it, without = (
        recorded(f"multi30k_{name}").entries["test of 2016"]["greedy"]["median"] for name in ("attention", "vector")
    )
    return f"Multi30k, test of 2016: {with_it:.1f} BLEU, with one vector {without:.1f}"


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


OWN, NBGRADER, OTTER = "this engine", "nbgrader 0.9.6", "Otter-Grader 7.0.0"
GRADERS = {OWN: "this course", NBGRADER: "nbgrader", OTTER: "otter"}
SPEED = {OWN: "one job", NBGRADER: "nbgrader autograde", OTTER: "otter run"}
HONEST = ("the reference", "wrong")  # handed in without a trick

# The play's figures are what notebook 4 prints: they are measured while it runs, and recorded nowhere.
NOTEBOOKS: dict[str, tuple[str, Callable[[], str], Callable[[], str]]] = {
    "1": ("windows, an RNN cell, backpropagation through time by hand, a forecast, clipping", _waves, _temperatures),
    "2": ("LSTM and GRU cells, gradient norms, a loss surface, first biases", _recall, lambda: "none: the task is synthetic"),
    "3": ("a tokeniser, a vocabulary, an embedding, packed batches, a classifier", _synthetic_reviews, _real_reviews),
    "4": ("a language model of your own parts, truncated backpropagation, sampling",
          lambda: "a play written for the course: 1.95 bits per character, the best table of characters 2.05", _real_plays),
    "5": ("an encoder, additive attention, a decoder, teacher forcing, beam search", _synthetic_pairs, _real_pairs),
}  # fmt: skip


def _marked(task: Task) -> str:
    return f"*{task.id}*" if task.written else task.id


def _listed(tasks: Iterable[Task]) -> str:
    return ", ".join(map(_marked, tasks))


def _chosen(tasks: list[Task]) -> str:
    """The tasks of a path, or what it leaves out where that is shorter."""
    course = load_course()
    left = [task for task in course.graded if task not in tasks]
    if len(tasks) == len(course.tasks):
        return "all, the written answers too"
    return f"all that are checked, but {_listed(left)}" if len(left) < len(tasks) else _listed(tasks)


def _difficulty(tasks: Iterable[Task]) -> str:
    levels = [task.difficulty for task in tasks]
    return f"{min(levels)} to {max(levels)}" if min(levels) < max(levels) else str(levels[0])


def _short(chapter: str) -> str:
    number = chapter.partition("-")[0]
    return number if number.isdigit() else chapter.replace("-", " ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


BLOCKS: dict[str, Callable[[], str]] = {
    "checklist": checklist, "topics": topics_table, "paths": paths_table, "notebooks": notebooks_table,
    "graders": graders_table,
}  # fmt: skip


def with_blocks(text: str) -> str:
    """A document's text with each of its blocks as it is made now."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n\n{found[3]}", text)


if __name__ == "__main__":
    for page in PAGES:
        path = ROOT / page
        path.write_text(with_blocks(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(page)
