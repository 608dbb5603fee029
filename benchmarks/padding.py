"""What padding does to a training: the state after the last real word is read, or the very last output of each row.

The LSTM of `benchmarks.reviews` on the same synthetic reviews, in batches as they come, so that long and short reviews stand
in one batch; tested in such batches too.

python -m benchmarks.padding
"""

from __future__ import annotations

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit import stand_ins
from toolkit.corpus import Corpus, encoded, in_batches
from toolkit.packing import Careless, as_they_come, share_of_padding
from toolkit.readers import RECIPE, UNITS
from toolkit.review_reader import ReviewReader
from toolkit.reviews import synthetic_reviews
from toolkit.sentiment import train

SEEDS = range(3)
WAYS = {"after the last real word": ReviewReader, "very last output": Careless}
BATCH = 32


def main() -> None:
    torch.set_num_threads(1)
    reviews = synthetic_reviews()
    words = stand_ins.Vocabulary.build(map(stand_ins.tokenize, reviews["train"].texts))
    seen, test = (encoded(reviews[part], stand_ins.tokenize, words) for part in ("train", "test"))
    batches = as_they_come(test.lengths, BATCH, torch.Generator().manual_seed(0))
    rows = {name: summary([learnt(make, len(words), seen, test, batches, seed) for seed in SEEDS])
            for name, make in WAYS.items()}  # fmt: skip
    share = round(share_of_padding(test.lengths, batches), 3)
    unit = "share of the 1,000 test reviews that are answered right"
    show_scores(save("padding", "python -m benchmarks.padding", SEEDS, {"LSTM": rows}, unit=unit, padding=share,
                     epochs=RECIPE.epochs))  # fmt: skip


def learnt(make: type, vocab_size: int, seen: Corpus, test: Corpus, batches: list[torch.Tensor], seed: int) -> float:
    """The accuracy after a training with this seed."""
    torch.manual_seed(seed)
    model = make(vocab_size, UNITS, UNITS)
    train(model, seen, RECIPE, seed=seed, length_buckets=as_they_come)
    with torch.no_grad():
        right = [
            ((model(ids, lengths) > 0) == (labels > 0)).sum().item()
            for ids, lengths, labels in in_batches(test, batches)
        ]
    print(make.__name__, seed, sum(right) / len(test), flush=True)
    return sum(right) / len(test)


if __name__ == "__main__":
    main()
