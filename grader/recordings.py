"""What a check drew and what the reference and the wrong variants answered: made live, or read from a release.

Checks are judged against a recording in either case. Grading makes one per check and run, with the run's own seed;
a student's self-check reads the one that the release saved.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from grader.checks.kit import Check, Part
from grader.compare import Mismatch
from grader.draw import Draw, replayed, seeded
from grader.engine.codec import from_file, to_file
from grader.engine.values import Array, Seen
from grader.engine.workbench import Workbench
from grader.subject import Subject, Unusable, replaying
from grader.tasks import Course

__all__ = ["Live", "Recording", "Saved", "moved", "packed", "unpacked"]

CASES = Path(__file__).parent / "cases"
RECORDED = ("checks", "parts")
SECTIONS = ("hints", *RECORDED)  # of a task's file, beside one for each check with the answers of the wrong variants
OF_VARIANTS = "variants of "


@dataclass
class Recording:
    """One check or part, recorded. `passing` names the wrong variants that this check does not find out."""

    draws: list[torch.Tensor]
    reference: list[Seen]
    variants: dict[str, list[Seen]] = field(default_factory=dict)
    passing: list[str] = field(default_factory=list)

    def fixtures(self, space: str) -> tuple[Subject, Draw]:
        """The reference and the source of draws, as a check takes them."""
        return Subject(replaying(self.reference), space), replayed(self.draws)


class Live:
    """Records each check, and each part, when it is first asked for, from the reference in this process."""

    def __init__(self, course: Course, seed: int, device: str = "cpu"):
        from grader import references

        self._references = references
        self._course = course
        self._seed = seed
        self._device = device
        # two of them, so that the handles of the two sides stay apart
        self._sides = [references.reference_bench(course, device) for _ in range(2)]
        self._made: dict[str, Recording] = {}

    def get(self, check: Check | Part) -> Recording:
        key = f"{check.task}/{check.name}"
        if key not in self._made:
            self._made[key] = self._record(check, key)
        return self._made[key]

    def variants(self, check: Check, names: Collection[str] | None = None) -> dict[str, list[Seen]]:
        """What each wrong variant, or each of these, answers to this check, up to where it fails."""
        recording, task = self.get(check), self._course.tasks[check.task]
        chosen = [each for each in self._references.variants_of(check.task) if names is None or each.name in names]
        for variant in chosen:
            if variant.name not in recording.variants:
                bench = self._references.variant_bench(task, variant, self._device)
                with warnings.catch_warnings():  # a mistake may well be one that torch warns of
                    warnings.simplefilter("ignore")
                    recording.variants[variant.name], passed = run_logged(check, bench, recording, task.space)
                recording.passing += [variant.name] * passed
        return {variant.name: recording.variants[variant.name] for variant in chosen}

    def hints(self, task: str) -> dict[str, str]:
        return {variant.name: variant.hint for variant in self._references.variants_of(task)}

    def _record(self, check: Check | Part, key: str) -> Recording:
        """Run the check with the reference on both sides: the reference must pass its own checks."""
        space = self._course.tasks[check.task].space
        draw, draws = seeded(self._seed, key)
        student, reference = (Subject(bench.perform, space) for bench in self._sides)
        check.function(student=student, reference=reference, draw=draw)
        return Recording(draws, reference.log)


def run_logged(check: Check, bench: Workbench, recording: Recording, space: str) -> tuple[list[Seen], bool]:
    """Run a check on our own code; what was seen up to its end, and whether it passed."""
    student = Subject(bench.perform, space)
    reference, draw = recording.fixtures(space)
    try:
        check.function(student=student, reference=reference, draw=draw)
    except (Mismatch, Unusable):
        return student.log, False
    return student.log, True


class Saved:
    """The recordings of a release, one file per task, with the hints of the bank.

    They were made on the CPU; on another device the same is expected there.
    """

    def __init__(self, folder: Path = CASES, device: str = "cpu"):
        self._folder = folder
        self._device = device
        self._read: dict[tuple[str, ...], dict] = {}

    def get(self, check: Check | Part) -> Recording:
        """Its recording, without what wrong variants answered: most code is right, and needs none of that."""
        try:
            return self._case(check.task)["parts" if isinstance(check, Part) else "checks"][check.name]
        except KeyError:
            raise LookupError(f"no recorded case for {check.task}/{check.name}: run `make release`") from None

    def variants(self, check: Check, names: Collection[str] | None = None) -> dict[str, list[Seen]]:
        section = f"{OF_VARIANTS}{check.name}"
        found = self._sections(check.task, section)[section]
        return {name: log for name, log in found.items() if names is None or name in names}

    def hints(self, task: str) -> dict[str, str]:
        return self._case(task)["hints"]

    def _case(self, task: str) -> dict:
        return self._sections(task, *SECTIONS)

    def _sections(self, task: str, *names: str) -> dict:
        if (task, *names) not in self._read:
            path = self._folder / f"{task}.safetensors"
            if not path.is_file():
                raise LookupError(f"{path} is missing: run `make release`, or unpack the course again")
            self._read[task, *names] = {
                name: moved(value, self._device) for name, value in unpacked(path, *names).items()
            }
        return self._read[task, *names]


def moved(value, device: str):
    """A value of the wire, or a recording, with every array that says it lies on the CPU said to lie on `device`."""
    if device == "cpu":
        return value
    match value:
        case Recording():
            return replace(value, reference=moved(value.reference, device))
        case Array(device="cpu"):
            return replace(value, device=device)
        case Seen():
            return replace(value, value=moved(value.value, device), gradients=moved(value.gradients, device))
        case list() | tuple():
            return type(value)(moved(item, device) for item in value)
        case dict():
            return {key: moved(item, device) for key, item in value.items()}
    return value


def packed(hints: dict[str, str], recordings: dict[str, Recording], parts: dict[str, Recording]) -> bytes:
    """One task's recordings as the bytes of a safetensors file; what wrong variants answered to a check lies by itself."""
    of_variants = {f"{OF_VARIANTS}{name}": recording.variants for name, recording in recordings.items()}
    return to_file({"hints": hints, "checks": _as_fields(recordings), "parts": _as_fields(parts)} | of_variants)


def unpacked(path: Path, *names: str) -> dict:
    """These sections, or all, of a file that `packed` made: hints, recordings, and the answers of the variants."""
    found = from_file(path, *names)
    return {name: _recordings(value) if name in RECORDED else value for name, value in found.items()}


def _as_fields(recordings: dict[str, Recording]) -> dict[str, dict]:
    return {name: vars(replace(recording, variants={})) for name, recording in recordings.items()}


def _recordings(entries: dict[str, dict]) -> dict[str, Recording]:
    return {name: Recording(**fields) for name, fields in entries.items()}
