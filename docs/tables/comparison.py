"""The tables of `comparison.md`: RNN, GRU and LSTM at a glance, what they remember, what they read, and the Transformer."""

from __future__ import annotations

from collections.abc import Iterator

from docs.tables.kit import cell, grid, level, measured, record, source, table

KINDS = ("RNN", "GRU", "LSTM")
SIZES = ("32 units each", "about 4,608 parameters each")
BEGUN = {"RNN": "RNN, orthogonal", "GRU": "GRU, update bias 2", "LSTM": "LSTM, forget bias 2"}
REAL, SYNTHETIC = "22,500 training reviews", "test"


@table("at-a-glance")
def at_a_glance() -> str:
    """Equal hidden size; the last column follows from the others and from the contests below."""
    columns = ["network", "parameters", "gates", "training step, torch's layer (ms)", "training step, cell in Python (ms)",
               "longest lag, torch's first weights", "longest lag, begun to keep", "best for"]  # fmt: skip
    best = best_for()
    return _told(grid(columns, [[*_costs(SIZES[0], kind), best[kind]] for kind in KINDS]), "cells", "longest_lag")


@table("equal-parameters")
def equal_parameters() -> str:
    columns = ["network", "units", "parameters", "training step, torch's layer (ms)", "training step, cell in Python (ms)",
               "longest lag, torch's first weights", "longest lag, begun to keep"]  # fmt: skip
    rows = []
    for kind in KINDS:
        name, parameters, _, *rest = _costs(SIZES[1], kind)
        rows.append([name, measured("cells", SIZES[1], f"{kind}, torch.nn")["units"], parameters, *rest])
    return _told(grid(columns, rows), "cells", "longest_lag")


def _costs(size: str, kind: str) -> list[object]:
    layer, own = (measured("cells", size, f"{kind}, {way}") for way in ("torch.nn", "own cell"))
    lags = [measured("longest_lag", size, name) for name in (kind, BEGUN[kind])]
    return [f"**{kind}**", f"{layer['parameters']:,}", gates(kind), cell(layer), cell(own),
            *(cell(lag, digits=0) for lag in lags)]  # fmt: skip


def gates(kind: str) -> int:
    """A gate is a block of weights besides the one for what is new: the blocks are counted by the parameters."""
    counts = [measured("cells", SIZES[0], f"{name}, torch.nn")["parameters"] for name in (kind, "RNN")]
    return counts[0] // counts[1] - 1


def best_for() -> dict[str, str]:
    """Who leads in which contest: all whose range of seeds or repeats meets that of the best median."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for what, entries, less_is_better in contests():
        leaders = level(entries, less_is_better)
        if len(leaders) < len(KINDS):
            for kind in leaders:
                found[kind].append(what)
    return {kind: "; ".join(entries) or "nothing that was measured here" for kind, entries in found.items()}


def contests() -> Iterator[tuple[str, dict, bool]]:
    """What it is about, the entry of each kind, and whether less is better."""
    yield (
        "a quick training step on a CPU",
        {kind: measured("cells", SIZES[0], f"{kind}, torch.nn") for kind in KINDS},
        True,
    )
    yield "handing every bit on (dense echo, lag 20)", _best_begun("memory_dense", "20"), False
    yield ("holding one marked bit, with few training steps",
           {kind: measured("longest_lag", SIZES[0], BEGUN[kind]) for kind in KINDS}, False)  # fmt: skip
    yield "holding one marked bit over 100 steps, in the fewest training steps", _steps_at_100(), True
    yield ("reading where one clause decides (synthetic reviews)",
           {kind: measured("reviews", SYNTHETIC, kind) for kind in KINDS}, False)  # fmt: skip
    yield "reading real reviews", {kind: measured("imdb_contest", REAL, kind) for kind in KINDS}, False


def _best_begun(name: str, lag: str) -> dict:
    """Of each kind the beginning that does best at this lag."""
    row = record(name)["rows"][lag]
    return {kind: max((entry for start, entry in row.items() if start.split(",")[0] == kind), key=lambda e: e["median"])
            for kind in KINDS}  # fmt: skip


def _steps_at_100() -> dict:
    """The training steps of those that solved lag 100 in every seed; the others are not in it."""
    row = record("memory_marked")["rows"]["100"]
    solved = {name.split(",")[0]: sorted(entry["steps"]) for name, entry in row.items() if None not in entry["steps"]}
    return {kind: {"median": steps[len(steps) // 2], "least": steps[0], "greatest": steps[-1]}
            for kind, steps in solved.items()}  # fmt: skip


@table("memory")
def memory() -> str:
    """Right answers by lag, for every way to begin."""
    tasks = {"dense": ("5", "10", "20", "40"), "marked": ("10", "25", "50", "100")}
    names = list(record("memory_marked")["rows"]["5"])
    columns = ["network"] + [f"{task}, lag {lag}" for task, lags in tasks.items() for lag in lags]
    rows = [
        [name, *(_share(f"memory_{task}", lag, name) for task, lags in tasks.items() for lag in lags)] for name in names
    ]
    return _told(grid(columns, rows), "memory_dense", "memory_marked")


def _share(name: str, lag: str, network: str) -> str:
    row = record(name)["rows"][lag]
    return cell(row[network], 100, 0) if network in row else "–"


@table("reading")
def reading() -> str:
    """The same networks as classifiers of reviews, beside linear models."""
    columns = [
        "model",
        "synthetic reviews (%)",
        "unseen combinations (%)",
        "training (s)",
        "real reviews (%)",
        "training (s)",
    ]
    rows = []
    for name, real in record("imdb_contest")["rows"][REAL].items():
        made = record("reviews")["rows"]
        synthetic = [cell(made[part][name], 100) if name in made[part] else "–" for part in ("test", "unseen")]
        rows.append([name, *synthetic, _seconds(made["test"].get(name, {})), cell(real, 100), _seconds(real)])
    return _told(grid(columns, rows), "reviews", "imdb_contest")


def _seconds(entry: dict) -> str:
    return f"{entry['seconds']['median']:.0f}" if "seconds" in entry else "–"


@table("transformer")
def transformer() -> str:
    """An LSTM and a Transformer of nearly the same size, on tiny Shakespeare."""
    kinds = ("LSTM", "Transformer")
    rows = [
        ["parameters", *(f"{measured('transformer_data', '1 %', kind)['parameters']:,}" for kind in kinds)],
        *(_both(f"training, chunks of {n:,} (ms per 1,000 characters)", "transformer_cost", f"training, chunks of {n}", 0)
          for n in (64, 512, 2048)),
        *(_both(f"writing, up to {n:,} characters (ms per 1,000)", "transformer_cost", f"writing, characters up to {n}", 0)
          for n in (100, 1000, 2000)),
        *([f"carried along after {n:,} characters (kB)",
           *(f"{_carried(n, kind) / 1000:,.0f}" for kind in kinds)] for n in (100, 2000)),
        *(_both(f"trained on {share} of the plays (bits per character)", "transformer_data", share, 2)
          for share in ("1 %", "10 %", "100 %")),
        ["training on 100 % of them (s)",
         *(cell(measured("transformer_data", "100 %", kind)["seconds"], digits=0) for kind in kinds)],
    ]  # fmt: skip
    return _told(grid(["", *kinds], rows), "transformer_cost", "transformer_data")


def _both(words: str, name: str, setting: str, digits: int) -> list[str]:
    return [words, *(cell(measured(name, setting, kind), digits=digits) for kind in ("LSTM", "Transformer"))]


def _carried(characters: int, kind: str) -> int:
    return measured("transformer_cost", f"writing, characters up to {characters}", kind)["bytes carried"]


def _told(markdown: str, *names: str) -> str:
    return f"{markdown}\n\n{source(*names)}"
