"""Seconds for the same reviews padded and packed, as they come and by length: a forward pass, a backward pass and a step of Adam.

Beside them how much of the time goes into filling tensors with zeros. On synthetic reviews and on real ones, which have to be
fetched first. On one thread; the four ways take turns.

python -m benchmarks.packing
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit import stand_ins
from toolkit.corpus import Corpus, encoded
from toolkit.data import Reviews, load_imdb
from toolkit.packing import ways_to_read
from toolkit.real_reviews import LONGEST
from toolkit.reviews import synthetic_reviews
from toolkit.timing import side_by_side

UNITS, REPEATS, SEED = 64, 5, 0


def main() -> None:
    torch.set_num_threads(1)
    rows = {}
    for name, reviews in {"synthetic reviews": synthetic_reviews(), "real reviews": load_imdb()}.items():
        corpus, vocab_size = some_of(reviews["train"])
        ways = ways_to_read(corpus, vocab_size, UNITS, UNITS, batch_size=32, seed=SEED)
        seconds = side_by_side(ways, repeats=REPEATS, warmups=1)
        setting = f"256 {name}, {corpus.lengths.float().mean():.0f} words on average"
        rows[setting] = {way: summary(times, 3) | zeros_written(ways[way]) for way, times in seconds.items()}
    unit = f"seconds for a training step on each, LSTM, {UNITS} units, batches of 32"
    show_scores(save("packing", "python -m benchmarks.packing", [SEED], rows, unit=unit, threads=1))


def zeros_written(work: Callable[[], None]) -> dict[str, object]:
    """How often a tensor is filled, and which share of all operators' time goes into that, as torch's profiler sees it."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        work()
    events = seen.key_averages()
    total = sum(event.self_cpu_time_total for event in events)
    fills = [event for event in events if event.key == "aten::fill_"]
    share = sum(event.self_cpu_time_total for event in fills) / total
    return {"fills": sum(event.count for event in fills), "share of time in fills": round(share, 3)}


def some_of(reviews: Reviews) -> tuple[Corpus, int]:
    """256 of the reviews, from both ends of the list, so that both labels are there; and the size of their vocabulary."""
    places = [*range(128), *range(len(reviews) - 128, len(reviews))]
    some = Reviews(reviews.name, *(tuple(part[place] for place in places) for part in (reviews.texts, reviews.labels)))
    words = stand_ins.Vocabulary.build(map(stand_ins.tokenize, some.texts))
    return encoded(some, stand_ins.tokenize, words, LONGEST), len(words)


if __name__ == "__main__":
    main()
