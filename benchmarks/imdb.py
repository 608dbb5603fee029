"""Real reviews: what recurrent networks and linear models make of the Large Movie Review Dataset, which has to be fetched first.

python -m toolkit.data fetch imdb
python -m benchmarks.imdb [best] [contest] [split]

`best` trains the network of toolkit/real_reviews.py on all 25,000 training reviews with as many threads as there are
cores, and tests it once on the 25,000 test reviews, beside the linear models. Cell, recipe and dropout were chosen on
2,500 of the training reviews before. `contest` compares cells and ways to read, each with the same reviews, epochs and
learning rate, without those 2,500, on one thread. `split` trains the best of them with 2,500 validation reviews drawn
at random, many of films that are trained on: what such reviews promise, and what the test reviews keep. In `contest`
the 2,500 are of other films.
"""

from __future__ import annotations

import math
import os
import sys
import time

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.bag_of_words import fitted, fitted_with
from toolkit.corpus import Corpus
from toolkit.cost import parameter_count
from toolkit.data import load_imdb
from toolkit.real_reviews import BEST, CONTESTANTS, ENDS, RECIPE, Prepared, contestant, prepared
from toolkit.sentiment import Reading, accuracy, by_length, logits_of, train

SEEDS = range(3)
LINEAR = {"linear, words": False, "linear, words and pairs": True}


def main() -> None:
    start = time.perf_counter()
    data = prepared(load_imdb())
    print(f"reviews as ids in {time.perf_counter() - start:.0f} s", flush=True)
    parts = {"best": record_best, "contest": record_contest, "split": record_split}
    for part in sys.argv[1:] or parts:
        parts[part](data)


def record_best(data: Prepared) -> None:
    torch.set_num_threads(os.cpu_count())
    rows = {}
    rest, held_out = data.held_out()
    for name, pairs in LINEAR.items():
        penalty = fitted(rest, held_out, pairs).penalty
        start = time.perf_counter()
        linear = fitted_with(penalty, data.train, pairs)
        seconds = time.perf_counter() - start
        rows[name] = told(name, [linear], data.test) | {
            "seconds": summary([seconds], 1),
            "parameters": linear.parameters,
        }
    models, readings = [], []
    for seed in SEEDS:
        models.append(contestant(BEST, len(data.vocabulary), seed))
        readings.append(train(models[-1], data.train, RECIPE, seed=seed))
        print(f"seed {seed}: {sum(readings[-1].seconds):.0f} s", flush=True)
    rows[BEST] = told(BEST, models, data.test) | costs(models[0], readings)
    threads = torch.get_num_threads()
    save_scores("imdb_best", "best", {"25,000 training reviews": rows}, epochs=RECIPE.epochs, threads=threads)


def record_contest(data: Prepared) -> None:
    torch.set_num_threads(1)
    rest, held_out = data.held_out()
    rows = {name: told(name, [fitted(rest, held_out, pairs)], data.test) for name, pairs in LINEAR.items()}
    for name in CONTESTANTS:
        models, readings = [], []
        for seed in SEEDS:
            models.append(contestant(name, len(data.vocabulary), seed))
            readings.append(train(models[-1], rest, RECIPE, held_out, seed=seed))
        rows[name] = told(name, models, data.test) | costs(models[0], readings)
        rows[name]["validation"] = [[round(one, 4) for one in reading.accuracies] for reading in readings]
        save_scores("imdb_contest", "contest", {"22,500 training reviews": rows}, epochs=RECIPE.epochs, threads=1)


def record_split(data: Prepared) -> None:
    torch.set_num_threads(1)
    rest, drawn = data.drawn_at_random()
    rows = {"validation reviews": [], "test reviews": []}
    for seed in SEEDS:
        model = contestant(BEST, len(data.vocabulary), seed)
        rows["validation reviews"] += train(model, rest, RECIPE, drawn, seed=seed).accuracies[-1:]
        rows["test reviews"].append(accuracy(logits_of(model, data.test), data.test.labels))
        print(rows, flush=True)
    told_of = {"drawn at random": {name: summary(values) for name, values in rows.items()}}
    command, unit = "python -m benchmarks.imdb split", "share of answers that are right"
    show_scores(save("imdb_split", command, SEEDS, told_of, unit=unit, epochs=RECIPE.epochs, threads=1))


def told(name: str, models: list, test: Corpus) -> dict:
    """Test accuracies, one for each seed; by length, and how often each label got each answer, for the first seed."""
    logits = [logits_of(model, test) for model in models]
    entry = summary([accuracy(one, test.labels) for one in logits])
    print(name, entry["values"], flush=True)
    said = (logits[0] > 0).long()
    counts = torch.bincount(2 * test.labels + said, minlength=4).reshape(2, 2)
    return entry | {
        "by length": [[round(share, 4) if not math.isnan(share) else None for share in by_length(one, test, ENDS)]
                      for one in logits],
        "counts": counts.tolist(),
    }  # fmt: skip


def costs(model: torch.nn.Module, readings: list[Reading]) -> dict:
    return {
        "parameters": parameter_count(model),
        "seconds": summary([sum(reading.seconds) for reading in readings], 1),
        "seconds per epoch": summary([second for reading in readings for second in reading.seconds], 1),
    }


def save_scores(name: str, part: str, rows: dict, **more: object) -> None:
    unit = "share of the 25,000 test reviews that are answered right"
    show_scores(save(name, f"python -m benchmarks.imdb {part}", SEEDS, rows, unit=unit, lengths=list(ENDS), **more))


if __name__ == "__main__":
    main()
