"""English to French on the synthetic pairs of the course: what attention is worth, and what teacher forcing costs.

python -m benchmarks.interpreting [translators] [forcing]

`translators` trains the translator of toolkit/live_pairs.py with three seeds, with attention and with one vector for the whole
sentence, and tests it on sentences with known and with unseen combinations of words, and on sentences that are longer than any
it has seen. The alignment error is that of the maps with the gold words fed, before and after training. The weights of the
first seed are kept beside the record.

`forcing` trains translators of the course's own parts, step by step, with several shares of gold tokens, on short sentences;
tested are sentences that they write on their own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch

from benchmarks.recording import save, summary
from benchmarks.tables import show_scores
from toolkit import stand_ins
from toolkit.answering import bins, exact, forced_maps, share_by_length
from toolkit.bilingual.grammar import KINDS
from toolkit.bleu import bleu
from toolkit.cost import parameter_count
from toolkit.forcing import FORCED, RATIOS, short_pairs, train_forced
from toolkit.live_pairs import RECIPE, Material, live_translator, material, save_trained
from toolkit.pairs import Pair
from toolkit.sentences import detokenize
from toolkit.translation import greedy, train

SEEDS = range(3)
NAMES = {True: "attention", False: "one vector"}
FILES = {True: "interpreter", False: "interpreter_vector"}
TESTS = ("test", "unseen", "long")
TOLD = ("seconds", "parameters", "by epoch", "by length", "bleu by length", "alignment error", "by kind")
COMMAND = "python -m benchmarks.interpreting"


def main() -> None:
    torch.set_num_threads(1)
    parts = {"translators": record_translators, "forcing": record_forcing}
    found = material()
    for part in sys.argv[1:] or parts:
        parts[part](found)


def record_translators(found: Material) -> None:
    rows: dict[str, dict] = {test: {} for test in TESTS}
    for attention, name in NAMES.items():
        seeds = [measure(found, seed, attention) for seed in SEEDS]
        for test in TESTS:
            rows[test][name] = summary([seed["exact"][test] for seed in seeds], 2) | {
                "bleu": summary([seed["bleu"][test] for seed in seeds], 2)
            }
        rows["test"][name] |= {key: by_seed([seed[key] for seed in seeds]) for key in TOLD}
    counts = {name: len(places) for name, places in bins(tested(found)).items()}
    kinds = {kind: sum(kind in draft.kinds for draft in found.drafts["test"]) for kind in KINDS}
    more = {"threads": 1, "counts": counts, "kinds": kinds, "epochs": RECIPE.epochs}
    show_scores(save("interpreters", f"{COMMAND} translators", SEEDS, rows, unit="exact match (%)", **more))


def by_seed(values: list) -> object:
    """Of dicts a dict of lists, one value for each seed; of anything else the list."""
    return {key: [value[key] for value in values] for key in values[0]} if isinstance(values[0], dict) else values


def measure(found: Material, seed: int, attention: bool) -> dict:
    """Train one translator and test it."""
    english, french = found.english, found.french
    model = live_translator(english, french, seed, attention)
    before = alignment_errors(model, found) if attention else None
    validation = found.pairs("validation")[:500]

    def share() -> float:
        said = greedy(model, [pair.english for pair in validation], english, french)
        return 100 * exact([one.words for one in said], validation).float().mean().item()

    training = train(model, found.pairs("train"), english, french, RECIPE, seed=seed, test=share)
    if seed == 0:
        save_trained(FILES[attention], model)
    said = {test: written(model, found.pairs(test), found) for test in TESTS}
    right = {test: exact(said[test], found.pairs(test)) for test in TESTS}
    after = alignment_errors(model, found) if attention else None
    every = tested(found)
    result = {
        "exact": {test: 100 * right[test].float().mean().item() for test in TESTS},
        "bleu": {test: bleu(said[test], references(found.pairs(test))).bleu for test in TESTS},
        "by length": rounded(share_by_length(torch.cat([right["test"], right["long"]]), every)),
        "bleu by length": {
            name: round(bleu([(said["test"] + said["long"])[place] for place in places],
                             references([every[place] for place in places])).bleu, 2)
            for name, places in bins(every).items()
        },
        "alignment error": {"before": before, "after": after},
        "by kind": {kind: by_kind(right["test"], found, kind) for kind in KINDS},
        "by epoch": [[round(seconds, 1), round(score, 2)] for seconds, score in training.tested],
        "seconds": round(training.seconds, 1),
        "parameters": parameter_count(model),
    }  # fmt: skip
    print(NAMES[attention], seed, result["exact"], result["seconds"], flush=True)
    return result


def tested(found: Material) -> list[Pair]:
    return found.pairs("test") + found.pairs("long")


def written(model, pairs: Sequence[Pair], found: Material) -> list[list[str]]:
    return [one.words for one in greedy(model, [pair.english for pair in pairs], found.english, found.french)]


def references(pairs: Sequence[Pair]) -> list[str]:
    return [detokenize(pair.french, "fr") for pair in pairs]


def by_kind(right: torch.Tensor, found: Material, kind: str) -> float:
    """Per cent right of the test pairs with this construction."""
    return round(100 * right[[kind in draft.kinds for draft in found.drafts["test"]]].float().mean().item(), 2)


def alignment_errors(model, found: Material) -> dict[str, float]:
    """Of all test pairs, and of those with each construction."""
    drafts = found.drafts["test"]
    maps = forced_maps(model, [draft.pair for draft in drafts], found.english, found.french)
    chosen = {"all": drafts} | {kind: [draft for draft in drafts if kind in draft.kinds] for kind in KINDS}
    looks = dict(zip(map(id, drafts), maps, strict=True))
    return {
        name: round(stand_ins.alignment_error_rate([looks[id(d)] for d in part], [d.pair.links for d in part]), 4)
        for name, part in chosen.items()
    }


def rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in shares.items()}


def record_forcing(found: Material) -> None:
    seen, held = (short_pairs(found.pairs(split)) for split in ("train", "test"))
    rows = {"on its own": {}, "gold tokens fed": {}}
    for ratio in RATIOS:
        runs = [train_forced(seen, held, found.english, found.french, ratio, seed) for seed in SEEDS]
        for way, values in zip(rows, zip(*((run.alone, run.forced) for run in runs), strict=True), strict=True):
            rows[way][f"{ratio:g}"] = summary(values, 2)
        print(ratio, [run.alone for run in runs], flush=True)
    unit = "% right, by the share of gold tokens fed in training"
    more = {"threads": 1, "steps": FORCED.steps, "sentences": len(seen)}
    show_scores(save("forcing", f"{COMMAND} forcing", SEEDS, rows, unit=unit, **more))


if __name__ == "__main__":
    main()
