"""An LSTM and a small Transformer with as many parameters, on tiny Shakespeare, which has to be fetched first.

python -m toolkit.data fetch shakespeare
python -m benchmarks.transformer [data] [cost]

`data` trains both on 1, 10 and 100 % of the training text, the same number of times over it, and keeps the best epoch of
each. Both have the same choice of learning rates: the first seed tries all, the others take the one that was best.
`cost` measures what grows with the length of a text: the time for training, the time for writing, and what is carried.
Both run on one thread. On an accelerator the comparison of times would come out otherwise: there a Transformer reads all
places at once.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.cost import parameter_count
from toolkit.endurance import seconds_to_train, seconds_to_write
from toolkit.stand_ins import CharVocabulary, bits_per_character
from toolkit.streaming import Recipe, Run, quick_loss, train
from toolkit.texts import Text, shakespeare
from toolkit.transformer import windowed_loss
from toolkit.writers import CONTEXT, rivals

SEEDS = range(3)
KINDS = ("LSTM", "Transformer")
RATES = (0.002, 0.005)
EPOCHS = {1: 30, 10: 10, 100: 2}  # % of the training text → times over it
ROWS = {1: 8, 10: 16, 100: 32}
LENGTHS = (64, 128, 256, 512, 1024, 2048)
CHARACTERS = 4096  # read for each time that is measured
TESTED = 30_000  # characters of the held-out text, from its beginning
WRITTEN, EVERY = 2000, 100


def main() -> None:
    torch.set_num_threads(1)
    text = shakespeare()
    parts = {"data": record_data, "cost": record_cost}
    for part in sys.argv[1:] or parts:
        parts[part](text)


def record_data(text: Text) -> None:
    rows = {}
    for share in sorted(EPOCHS):
        rows[f"{share} %"] = {kind: data_row(text, kind, share) for kind in KINDS}
        unit = "bits per character on held-out text of tiny Shakespeare, best epoch"
        more = {"epochs": list(EPOCHS.values()), "context": CONTEXT, "threads": 1, "tested": TESTED}
        show_scores(save("transformer_data", command("data"), SEEDS, rows, unit=unit, **more))


def data_row(text: Text, kind: str, share: int) -> dict:
    """The same share of the text, its beginning, for every seed."""
    tried = {rate: trained(text, kind, share, rate, SEEDS[0]) for rate in RATES}
    rate = min(tried, key=lambda rate: best(tried[rate]))
    runs = [tried[rate], *(trained(text, kind, share, rate, seed) for seed in SEEDS[1:])]
    print(kind, share, rate, [round(best(run), 4) for run in runs], flush=True)
    return summary([best(run) for run in runs]) | {
        "rate": rate,
        "by rate": {f"{rate:g}": round(best(run), 4) for rate, run in tried.items()},
        "by epoch": [[round(bits_per_character(loss), 4) for *_, loss in run.held_out] for run in runs],
        "seconds": summary([run.seconds for run in runs], 1),
        "parameters": parameter_count(rivals(len(set(text.whole)))[kind]),
    }


def trained(text: Text, kind: str, share: int, rate: float, seed: int) -> Run:
    vocabulary = CharVocabulary.build(text.whole)
    ids, held_out = text.ids(vocabulary)
    recipe = Recipe(EPOCHS[share], ROWS[share], CONTEXT, rate, shifted=True)
    model = rivals(len(vocabulary), seed)[kind]
    is_lstm = kind == "LSTM"
    some, test = ids[: len(ids) * share // 100], quick_loss if is_lstm else windowed_loss
    return train(model, some, replace(recipe, stateful=is_lstm), held_out[:TESTED], test=test, seed=seed)


def best(run: Run) -> float:
    return bits_per_character(min(loss for *_, loss in run.held_out))


def record_cost(text: Text) -> None:
    models = rivals(len(set(text.whole)), context=max(WRITTEN, *LENGTHS))
    milliseconds = {
        name: [[1000 * one * 1000 / CHARACTERS for one in times] for times in lengths]
        for name, lengths in seconds_to_train(models, LENGTHS, CHARACTERS).items()
    }
    rows = {
        f"training, chunks of {length}": {name: summary(times[place], 2) for name, times in milliseconds.items()}
        for place, length in enumerate(LENGTHS)
    }
    turns = [{name: seconds_to_write(model, WRITTEN, EVERY) for name, model in models.items()} for _ in SEEDS]
    for place in range(WRITTEN // EVERY):
        rows[f"writing, characters up to {(place + 1) * EVERY}"] = {
            name: summary([1000 * 1000 * turn[name][0][place] for turn in turns], 1)
            | {"bytes carried": turns[0][name][1][place]}
            for name in models
        }
    unit = "milliseconds per 1,000 characters"
    show_scores(save("transformer_cost", command("cost"), SEEDS, rows, unit=unit, threads=1, characters=CHARACTERS))


def command(part: str) -> str:
    return f"python -m benchmarks.transformer {part}"


if __name__ == "__main__":
    main()
