"""Tiny Shakespeare, one character at a time, which has to be fetched first.

python -m toolkit.data fetch shakespeare
python -m benchmarks.shakespeare [best] [baselines] [truncation]

`best` trains the LSTM of toolkit/writers.py with as many threads as there are cores, tests it after each epoch on the
last tenth of the text, and lets it write at several temperatures. Its recipe was chosen on that same tenth, as in the
results that it stands beside: there is no second one. `baselines` counts characters and runs of characters. `truncation`
trains a smaller LSTM on one thread, with chunks of several lengths and the same number of characters in each step, with
the state carried and with zeros at the beginning of each chunk.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from dataclasses import replace

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit.allocator import keep_memory
from toolkit.cost import parameter_count
from toolkit.device import pick_device
from toolkit.ngrams import NGrams, bits_of
from toolkit.speech import Speech, copied_runs, reaching, speak, variety, words_of
from toolkit.stand_ins import CharVocabulary, bits_per_character
from toolkit.streaming import Recipe, Run, losses_by_position, mean_loss, train
from toolkit.texts import Text, shakespeare
from toolkit.writers import BEST, BEST_RECIPE, best_writer, half_pays, live_writer

SEEDS = range(3)
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
TOP_K = (1, 2, 5, 10, 20)
RUNS = (5, 10, 15, 20, 30, 40, 60)  # characters that are copied word for word
ORDERS = range(9)
LENGTHS = (4, 8, 16, 32, 64, 128, 256)
CHARACTERS = 2048  # of one training step, whatever the length of its chunks
UNITS = 128
SMALL = Recipe(epochs=2, rate=0.005)
PROMPT = "\n\n"
ROWS, WRITTEN = 10, 1000  # texts, and characters of each, of which variety is measured
EARLY = (20, 60, 200, 600)  # training steps after which a sample is kept


def main() -> None:
    text = shakespeare()
    parts = {"best": record_best, "baselines": record_baselines, "truncation": record_truncation}
    for part in sys.argv[1:] or parts:
        parts[part](text)


def record_best(text: Text) -> None:
    torch.set_num_threads(os.cpu_count())
    kept = keep_memory()
    vocabulary = CharVocabulary.build(text.whole)
    ids, held_out = text.ids(vocabulary)
    device = pick_device()
    recipe = replace(BEST_RECIPE, half=half_pays(device))
    models, runs, losses, samples = [], [], [], []
    for seed in SEEDS:
        models.append(best_writer(len(vocabulary), seed).to(device))
        keep = keeper(models[-1], vocabulary, samples) if seed == 0 else None
        runs.append(train(models[-1], ids, recipe, held_out, after_step=keep))
        losses.append(mean_loss(models[-1], held_out))
        print(f"seed {seed}: {losses[-1]:.4f} after {runs[-1].seconds:.0f} s", flush=True)
    row = summary(losses) | {
        "parameters": parameter_count(models[0]),
        "seconds": summary([run.seconds for run in runs], 1),
        "characters per second": summary([run.characters / run.seconds for run in runs], 0),
        "by epoch": [[[round(seconds, 1), round(loss, 4)] for _, seconds, loss in run.held_out] for run in runs],
        "losses": [round(loss, 4) for loss in smoothed(runs[0])],
        "samples": samples,
    }
    more = {
        "threads": torch.get_num_threads(),
        "device": str(device),
        "half": recipe.half,
        "epochs": recipe.epochs,
        "memory kept": kept,
    }
    unit = "nats per character on the last tenth of the text"
    show_scores(save("shakespeare_best", command("best"), SEEDS, {"tiny Shakespeare": {BEST: row}}, unit=unit, **more))
    record_speech(text, vocabulary, models)


def keeper(model, vocabulary, samples: list) -> Callable[[int, Run], None]:
    """Keeps what the model writes after some of the first steps, and after each epoch."""

    def keep(step: int, run: Run) -> None:
        if step in EARLY or (run.held_out and run.held_out[-1][0] == step):
            written = speak(model, vocabulary, PROMPT, 240, temperature=0.8)
            samples.append([step, round(run.seconds, 1), written.texts[0]])

    return keep


def smoothed(run: Run, every: int = 20) -> list[float]:
    """The mean training loss of each 20 steps."""
    return [part.mean().item() for part in torch.tensor(run.losses).split(every)]


def record_speech(text: Text, vocabulary, models: list) -> None:
    """How varied the models' texts are, and how much of them is copied."""
    words = words_of(text.training)
    settings = {"temperature": {f"{value:g}": (value, None) for value in TEMPERATURES},
                "top k": {f"{value}": (1.0, value) for value in TOP_K}}  # fmt: skip
    rows = {}
    for setting, choices in settings.items():
        rows[setting] = {}
        for name, (temperature, top_k) in choices.items():
            spoken = [
                speak(model, vocabulary, PROMPT, WRITTEN, ROWS, temperature, top_k, seed=seed)
                for seed, model in enumerate(models)
            ]
            rows[setting][name] = told(spoken, words, text.training)
            print(setting, name, {key: rows[setting][name][key] for key in ("values", "repeats")}, flush=True)
    piece = text.held_out[: ROWS * WRITTEN]
    real = Speech([piece[start : start + WRITTEN] for start in range(0, len(piece), WRITTEN)], float("nan"))
    rows["held-out text"] = {"held-out text": told([real], words, text.training)}
    unit = "% of the words that stand in the training text"
    more = {"runs": list(RUNS), "rows": ROWS, "characters": WRITTEN}
    save("shakespeare_speech", command("best"), SEEDS, rows, unit=unit, measured=more)


def told(spoken: list[Speech], words: set[str], source: str) -> dict:
    """What is kept of the speeches, one for each seed. A record holds no NaN: of no words at all, none are known."""
    measures = [{name: 0.0 if math.isnan(value) else value for name, value in variety(speech, words).items()}
                for speech in spoken]  # fmt: skip
    runs = [run for written in spoken[0].texts for run in copied_runs(written, source)]
    return summary([measure["known words"] for measure in measures], 2) | {
        "entropy": summary([measure["entropy"] for measure in measures], 3) if len(spoken) > 1 else None,
        "repeats": summary([measure["repeats"] for measure in measures], 2),
        "copied": [round(share, 3) for share in reaching(runs, RUNS)],
        "longest copied": max(runs),
        "sample": spoken[0].texts[0][:300] if len(spoken) > 1 else None,
    }


def record_baselines(text: Text) -> None:
    vocabulary = CharVocabulary.build(text.whole)
    rows = {"held out": {}, "training": {}}
    for order in ORDERS:
        model = NGrams(text.training, order, vocabulary.characters)
        for part, read in (("held out", text.held_out), ("training", text.training[: len(text.held_out)])):
            rows[part][str(order)] = summary([bits_of(model, read)]) | {"entries": model.entries}
        print(order, rows["held out"][str(order)], flush=True)
    unit = "bits per character, by how many characters an entry of the table holds"
    show_scores(save("shakespeare_baselines", command("baselines"), [0], rows, unit=unit))


def record_truncation(text: Text) -> None:
    torch.set_num_threads(1)
    vocabulary = CharVocabulary.build(text.whole)
    ids, held_out = text.ids(vocabulary)
    rows: dict[str, dict] = {"state carried": {}, "zeros in each chunk": {}}
    for length in LENGTHS:
        for name, row in rows.items():
            recipe = replace(SMALL, length=length, batch_size=CHARACTERS // length, stateful=name == "state carried")
            models, runs = [], []
            for seed in SEEDS:
                models.append(live_writer(len(vocabulary), seed, UNITS))
                runs.append(train(models[-1], ids, recipe))
            row[str(length)] = summary([bits_per_character(mean_loss(model, held_out)) for model in models]) | {
                "seconds": summary([run.seconds for run in runs], 1),
                "by place": {
                    "state carried": by_place(models, held_out, length, True),
                    "zeros in each chunk": by_place(models, held_out, length, False),
                },
            }
            print(name, length, row[str(length)]["values"], flush=True)
    unit = "bits per character on the last tenth, read with the state carried"
    more = {"epochs": SMALL.epochs, "threads": 1, "units": UNITS, "characters of a step": CHARACTERS}
    show_scores(save("shakespeare_truncation", command("truncation"), SEEDS, rows, unit=unit, **more))


def by_place(models: list, held_out: torch.Tensor, length: int, stateful: bool) -> list[list[float]]:
    """For each seed bits per character at each place in a chunk, as the state is carried through it or not."""
    losses = [losses_by_position(model, held_out, length, stateful) for model in models]
    return [[round(bits_per_character(loss), 4) for loss in seed] for seed in losses]


def command(part: str) -> str:
    return f"python -m benchmarks.shakespeare {part}"


if __name__ == "__main__":
    main()
