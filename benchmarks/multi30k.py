"""English to French on Multi30k, which has to be fetched first: with attention, and with one vector for the whole sentence.

python -m toolkit.data fetch multi30k
python -m benchmarks.multi30k [attention] [vector]

Each part trains the translator of toolkit/interpreters.py from scratch with three seeds and as many threads as there are
cores, tests it after each epoch on the validation pairs, and translates the tests of 2016 and 2017 in the end, greedily and
with a beam. Everything was chosen on the validation pairs; the length that a beam divides by is chosen there by the script.
BLEU is sacrebleu's, case-sensitive, on whole sentences against the raw references, and beside it without regard to case.
`vector` is the same translator, except that it finds the encoder's last state at every place of the memory.

What a seed gave is kept in build/multi30k as soon as it is there: a run that was cut off goes on with the seed that was
cut off. To measure anew, remove that folder. The record holds line numbers, counts and what the translator wrote, and no
sentence of the data set.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.recording import machine, save, summary
from benchmarks.tables import show_scores
from grader.results import dump, write_atomically
from toolkit.allocator import keep_memory
from toolkit.bleu import bleu
from toolkit.cost import parameter_count
from toolkit.interpreters import BEAM, DROPOUT, LENGTH_POWERS, MIN_FREQ, RECIPE, SIZES, interpreter, lexicons
from toolkit.multi30k import Multi30k, Split, load_multi30k
from toolkit.sentences import detokenize
from toolkit.translation import LONGEST, Translation, beam, beams, greedy, train

SEEDS = range(3)
KEPT = Path(__file__).parent.parent / "build" / "multi30k"
ENDS = (8, 10, 12, 15, 20, 60)  # bins of the English sentences' lengths, in words
SHOWN = 30  # sentences of the test of 2016 of which the translation is recorded
PARTS = {"attention": True, "vector": False}
TESTS = {"test of 2016": "test_2016", "test of 2017": "test_2017"}


def main() -> None:
    data = load_multi30k()
    for part in sys.argv[1:] or PARTS:
        record(part, data)


def record(part: str, data: Multi30k) -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    kept = keep_memory()
    seeds: list[dict] = []
    for seed in SEEDS:
        seeds.append(measured(part, seed, data))
        told = written(part, seeds, kept, data)  # anew after each seed: a run that is cut off has told what it saw
    show_scores(told)
    print(seeds[0]["signature"])


def written(part: str, seeds: list[dict], kept: bool, data: Multi30k) -> dict:
    """Write the record of these seeds; the record."""
    first = seeds[0]
    rows = {
        test: {way: summary([seed["bleu"][test][way] for seed in seeds], 2) for way in first["bleu"][test]}
        for test in first["bleu"]
    }
    keys = ("by epoch", "by length", "lengths", "power of the length", "beam on validation", "tally")
    more = {
        "unit": "BLEU",
        "signature": first["signature"],
        "settings": first["settings"],
        "threads": torch.get_num_threads(),
        "memory kept": kept,
        "parameters": first["parameters"],
        "words": first["words"],
        "seconds": summary([seed["seconds"] for seed in seeds], 1),
        "words per second": summary([seed["words per second"] for seed in seeds], 0),
        "seconds to translate": {
            way: summary([seed["seconds to translate"][way] for seed in seeds], 1) for way in first["seconds to translate"]
        },
        "ends of bins": list(ENDS),
        "sentences in bins": {test: counts(getattr(data, split)) for test, split in TESTS.items()},
        "translated": first["translated"],
    } | {key: [seed[key] for seed in seeds] for key in keys}  # fmt: skip
    return save(f"multi30k_{part}", f"python -m benchmarks.multi30k {part}", SEEDS[: len(seeds)], rows, **more)


def measured(part: str, seed: int, data: Multi30k) -> dict:
    """What this seed gives; from the file of a run before, where its settings were the same."""
    path = KEPT / f"{part}_{seed}.json"
    settings = asdict(RECIPE) | {"sizes": asdict(SIZES), "dropout": asdict(DROPOUT), "least count of a word": MIN_FREQ,
                                 "beam": BEAM, "pairs": len(data.train), "processor": machine()["processor"]}  # fmt: skip
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before["settings"] == settings:
            print(f"{part}, seed {seed}: taken from {path}", flush=True)
            return before
    result = {"settings": settings} | measure(part, seed, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, dump(result))
    return result


def measure(part: str, seed: int, data: Multi30k) -> dict:
    """Train, choose on the validation pairs, then translate the tests."""
    english, french = lexicons(data.train.pairs)
    torch.manual_seed(seed)  # what is dropped
    model, begun, aside = interpreter(english, french, seed, PARTS[part]), time.perf_counter(), []

    def tested() -> float:
        start = time.perf_counter()
        score = bleu(
            words_of(greedy(model, sources(data.validation), english, french)), data.validation.references
        ).bleu
        aside.append(time.perf_counter() - start)
        passed = time.perf_counter() - begun - sum(aside)
        print(f"{part}, seed {seed}: {score:.2f} on validation after {passed:.0f} s", flush=True)
        return score

    training = train(model, data.train.pairs, english, french, RECIPE, seed=seed, test=tested)
    print(f"{part}, seed {seed}: {training.seconds:.0f} s", flush=True)
    wide = beams(model, sources(data.validation), english, french, BEAM, LENGTH_POWERS)
    chosen = {power: score_of(found, data.validation)["bleu"] for power, found in wide.items()}
    power = max(chosen, key=chosen.get)
    scores, looked, seconds = {}, {}, {"greedy": 0.0, f"beam {BEAM}": 0.0}
    for test, split in {"validation": "validation", **TESTS}.items():
        part_of_data = getattr(data, split)
        start = time.perf_counter()
        looked[test] = greedy(model, sources(part_of_data), english, french)
        between = time.perf_counter()
        wide = beam(model, sources(part_of_data), english, french, BEAM, power)
        if test == "test of 2016":
            seconds = {"greedy": between - start, f"beam {BEAM}": time.perf_counter() - between}
        scores[test] = told("greedy", looked[test], part_of_data) | told(f"beam {BEAM}", wide, part_of_data)
        print(f"{part}, seed {seed}, {test}: {scores[test]}", flush=True)
    return {
        "signature": bleu([["un"]], ["Un"]).signature,
        "parameters": parameter_count(model),
        "words": {"English": len(english), "French": len(french)},
        "seconds": training.seconds,
        "words per second": training.words / training.seconds,
        "seconds to translate": seconds,
        "by epoch": [[round(spent, 1), round(score, 2)] for spent, score in training.tested],
        "power of the length": power,
        "beam on validation": [[value, round(score, 2)] for value, score in chosen.items()],
        "bleu": scores,
        "lengths": {test: round(score_of(found, getattr(data, TESTS.get(test, test)))["length"], 3)
                    for test, found in looked.items()},
        "by length": {test: by_length(looked[test], getattr(data, split)) for test, split in TESTS.items()},
        "tally": {test: tally(looked[test], getattr(data, split), english) for test, split in TESTS.items()},
        "translated": shown(looked["test of 2016"], data.test_2016),
    }  # fmt: skip


def told(way: str, found: Sequence[Translation], split: Split) -> dict[str, float]:
    """BLEU as it is; without regard to case; and with `<unk>` replaced by the English word that was looked at."""
    copied = [one.copied(english) for one, english in zip(found, sources(split), strict=True)]
    return {
        way: bleu(words_of(found), split.references).bleu,
        f"{way}, lower case": bleu(words_of(found), split.references, lowercase=True).bleu,
        f"{way}, unknown words copied": bleu(copied, split.references).bleu,
    }


def score_of(found: Sequence[Translation], split: Split) -> dict[str, float]:
    score = bleu(words_of(found), split.references)
    return {"bleu": score.bleu, "length": score.length}


def by_length(found: Sequence[Translation], split: Split) -> list[float | None]:
    """BLEU of the English sentences of each bin; None where there are none."""
    scores = []
    for places in in_bins(split):
        chosen = [found[place].words for place in places], [split.references[place] for place in places]
        scores.append(round(bleu(*chosen).bleu, 2) if places else None)
    return scores


def counts(split: Split) -> list[int]:
    return [len(places) for places in in_bins(split)]


def in_bins(split: Split) -> list[list[int]]:
    lengths = [len(words) for words in sources(split)]
    starts = (0, *ENDS[:-1])
    return [
        [place for place, length in enumerate(lengths) if start < length <= end]
        for start, end in zip(starts, ENDS, strict=True)
    ]


def tally(found: Sequence[Translation], split: Split, english) -> dict[str, int]:
    """In how many sentences what can be counted went wrong, or nothing did."""
    return {
        "as the reference": sum(one.words == list(pair.french) for one, pair in zip(found, split.pairs, strict=True)),
        "an English word unknown": sum(bool(english.unknown(words)) for words in sources(split)),
        "a French word unknown": sum("<unk>" in one.words for one in found),
        "a word twice in a row": sum(any(map(str.__eq__, one.words, one.words[1:])) for one in found),
        "never ended": sum(len(one.words) >= LONGEST for one in found),
    }


def shown(found: Sequence[Translation], split: Split) -> list[list]:
    """Line numbers of the file, from 1, and what was written there: the same lines in each part, drawn beforehand.

    None stands where it is the reference, word for word: that is the data set's own sentence.
    """
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(0))[:SHOWN].sort().values.tolist()
    return [
        [place + 1, None if written == list(split.pairs[place].french) else detokenize(written, "fr")]
        for place, written in ((place, found[place].words) for place in order)
    ]


def sources(split: Split) -> list[tuple[str, ...]]:
    return [pair.english for pair in split.pairs]


def words_of(found: Sequence[Translation]) -> list[list[str]]:
    return [one.words for one in found]


if __name__ == "__main__":
    main()
