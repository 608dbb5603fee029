"""Synthetic reviews, in which order decides: linear models and recurrent networks, the same reviews and epochs for each.

python -m benchmarks.reviews
"""

from __future__ import annotations

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit import stand_ins
from toolkit.bag_of_words import fitted
from toolkit.corpus import Corpus, encoded
from toolkit.cost import parameter_count
from toolkit.readers import ENDS, READERS, RECIPE, reader
from toolkit.reviews import synthetic_reviews
from toolkit.sentiment import accuracy, by_length, logits_of, train

SEEDS = range(5)
TESTS = ("test", "unseen")
LINEAR = {"linear, words": False, "linear, words and pairs": True}


def main() -> None:
    torch.set_num_threads(1)
    reviews = synthetic_reviews()
    words = stand_ins.Vocabulary.build(map(stand_ins.tokenize, reviews["train"].texts))
    corpora = {part: encoded(reviews[part], stand_ins.tokenize, words) for part in reviews}
    entries = {}
    for name, pairs in LINEAR.items():
        linear = fitted(corpora["train"], corpora["validation"], pairs)
        entries[name] = told(name, [linear], corpora) | {"parameters": linear.parameters}
    for name in READERS:
        models = [trained(name, len(words), corpora, seed) for seed in SEEDS]
        entries[name] = told(name, [model for model, _ in models], corpora) | {
            "parameters": parameter_count(models[0][0]),
            "seconds": summary([seconds for _, seconds in models], 1),
        }
    rows = {part: {name: entry[part] | entry for name, entry in entries.items()} for part in TESTS}
    for part, row in rows.items():
        for entry in row.values():
            for other in TESTS:
                del entry[other]
            if part != "test":
                del entry["by length"]  # which is that of the test reviews
    unit = "share of the 1,000 reviews that are answered right"
    show_scores(save("reviews", "python -m benchmarks.reviews", SEEDS, rows, unit=unit, epochs=RECIPE.epochs))


def trained(name: str, vocab_size: int, corpora: dict[str, Corpus], seed: int) -> tuple[torch.nn.Module, float]:
    model = reader(name, vocab_size, seed)
    return model, sum(train(model, corpora["train"], RECIPE, seed=seed).seconds)


def told(name: str, models: list, corpora: dict[str, Corpus]) -> dict:
    """Accuracies on both tests, one for each seed, and on the first by length."""
    logits = {part: [logits_of(model, corpora[part]) for model in models] for part in TESTS}
    entry = {part: summary([accuracy(one, corpora[part].labels) for one in logits[part]]) for part in TESTS}
    print(name, {part: entry[part]["values"] for part in TESTS}, flush=True)
    return entry | {
        "by length": [[round(share, 4) for share in by_length(one, corpora["test"], ENDS)] for one in logits["test"]]
    }


if __name__ == "__main__":
    main()
