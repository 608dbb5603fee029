"""Batches of the echo task, judged by what has to hold whatever was drawn: targets and mask follow from the inputs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

import torch

from grader.checks.kit import Mismatch, agree, piece, shown
from grader.compare import same
from grader.engine.values import Array, Seen

__all__ = ["AXES", "Echo", "ask", "batch_of", "mask_agrees", "target_agrees", "well_formed"]

AXES = ("batch", "time")
ENOUGH = 24  # bits that agree by no chance
MANY = 150  # draws in which the first and the last of a few places turn up
VERY_MANY = 3000  # draws that tell which places are seldom drawn


@dataclass(frozen=True)
class Echo:
    """What one call gave, and what it was called with."""

    seen: Seen
    batch_size: int
    length: int
    lag: int
    marked: bool

    @property
    def bits(self) -> torch.Tensor:
        """(N, L), the first channel of the inputs."""
        return self._inputs()[:, :, 0]

    @property
    def markers(self) -> torch.Tensor:
        """(N, L), the second channel of the inputs."""
        return self._inputs()[:, :, 1]

    @property
    def places(self) -> torch.Tensor:
        """(N,), the marked position of each row, which has to have one that leaves room for its answer."""
        markers = self.markers
        self.expect(bool(((markers == 0) | (markers == 1)).all()), "the second channel of inputs holds more than 0 and 1: "
               "it marks positions")  # fmt: skip
        counts = markers.sum(dim=1)
        wrong = (counts != 1).nonzero().flatten().tolist()
        if wrong:
            row, count = wrong[0], int(counts[wrong[0]])
            self.expect(False, f"row {row} of the second channel of inputs marks {count} positions, expected 1")
        places = markers.argmax(dim=1)
        row, last = int(places.argmax()), int(places.max())
        room = self.length - self.lag
        self.expect(last < room, f"row {row} marks position {last}; with length {self.length} and lag {self.lag} the last "
               f"that leaves room is {room - 1}")  # fmt: skip
        return places

    def expect(self, condition: bool, otherwise: str) -> None:
        """Fail the check with a sentence, and with the call that it is about, unless the condition holds."""
        if not condition:
            raise Mismatch(otherwise, seen=self.seen)

    def _inputs(self) -> torch.Tensor:
        inputs, channels = piece(self.seen, 0), 2 if self.marked else 1
        _answered(self.seen)
        shape = (self.batch_size, self.length, channels)
        self.expect(
            isinstance(inputs.value, Array), f"inputs is {shown(inputs.value)}, expected a tensor of shape {shape}"
        )
        self.expect(inputs.value.shape == shape, f"inputs has shape {inputs.value.shape}, expected {shape}")
        return inputs.value.data.float()


def _answered(seen: Seen) -> None:
    """An exception fails the check as one."""
    agree(replace(seen, value=None), Seen())


def batch_of(impl, seed: int | object, *args) -> Echo:
    """A batch (batch_size, length, lag, and perhaps marked) from a fresh generator with this seed, or from this one."""
    generator = impl.new("props.generator", seed) if isinstance(seed, int) else seed
    *sizes, marked = (*args, False) if len(args) == 3 else args
    return Echo(impl.call("echo_batch", *sizes, generator, *([marked] if marked else [])), *sizes, marked)


def ask(impl, seed: int | object, *args, earlier: tuple[Echo, ...] = ()) -> Echo:
    """The same, and in the log stands a fingerprint of its facts, with whether it is the same as each of the `earlier` ones."""
    echo = batch_of(impl, seed, *args)
    same_as = [same(echo.seen.value, other.seen.value) for other in earlier]
    impl.remember_as(_fingerprint([_facts(echo.seen.value, echo.lag), same_as]))
    return echo


def well_formed(echo: Echo) -> None:
    """The inputs are float32, 0 and 1 alone, in their shape."""
    _answered(echo.seen)
    echo.expect(isinstance(echo.seen.value, tuple) and len(echo.seen.value) == 3,
           f"the result is {shown(echo.seen.value)}, expected the tuple (inputs, targets, mask)")  # fmt: skip
    bits = echo.bits
    dtype = echo.seen.value[0].dtype
    echo.expect(dtype == "torch.float32", f"inputs has dtype {dtype.removeprefix('torch.')}, expected float32")
    wrong = ((bits != 0) & (bits != 1)).nonzero().tolist()
    if wrong:
        row, step = wrong[0]
        echo.expect(False, f"inputs is {bits[row, step]:.6g} at [{row}, {step}, 0], expected a bit: 0 or 1")


def target_agrees(echo: Echo) -> None:
    """The targets are what the bits, and the markers, ask for."""
    got = piece(echo.seen, 1)
    agree(got, _beside(got, _answers(echo) * _asked(echo)), "targets", axes=AXES)


def mask_agrees(echo: Echo) -> None:
    """The mask is True where something is asked for, and nowhere else."""
    got = piece(echo.seen, 2)
    agree(got, _beside(got, _asked(echo)), "mask", axes=AXES)


def _answers(echo: Echo) -> torch.Tensor:
    """(N, L), the bit of `lag` steps ago, 0 where there is none."""
    blank = torch.zeros(echo.batch_size, echo.lag)
    return torch.cat([blank, echo.bits], dim=1)[:, : echo.length]


def _asked(echo: Echo) -> torch.Tensor:
    """(N, L), bool: where an answer is asked for."""
    steps = torch.arange(echo.length).expand(echo.batch_size, echo.length)
    return steps == echo.places[:, None] + echo.lag if echo.marked else steps >= echo.lag


def _beside(got: Seen, tensor: torch.Tensor) -> Seen:
    """An expected tensor, on the device on which one came."""
    device = got.value.device if isinstance(got.value, Array) else "cpu"
    return Seen(Array(tensor, tuple(tensor.shape), str(tensor.dtype), device))


# the facts by which a mistake is recognised: nothing in them depends on what was drawn


def _fingerprint(facts) -> str:
    """Facts in a few characters: a bank of mistakes holds thousands of them."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _facts(value, lag: int):
    if not isinstance(value, tuple) or len(value) != 3 or not all(isinstance(part, Array) for part in value):
        return shown(value)
    facts = {"kinds": [shown(part) for part in value]}
    if any(part.data is None for part in value):
        return facts
    inputs, targets, mask = (part.data.float() for part in value)
    inputs = inputs[:, :, None] if inputs.dim() == 2 else inputs
    if inputs.dim() != 3 or targets.shape != inputs.shape[:2] or mask.shape != targets.shape or not inputs.numel():
        return facts
    bits, marks = inputs[:, :, 0], inputs[:, :, -1]
    grids = {"bits": bits, "marks": marks, "targets": targets, "mask": mask}
    marked = inputs.shape[2] > 1
    alike = [name for name in ("bits", "marks") if bool((grids[name] == grids[name][0]).all())]
    if len(inputs) >= ENOUGH and alike:
        return facts | {"one row for all": alike, "mask": None if marked else _described(mask, bits)}
    facts |= {f"values of {name}": _values(grid) for name, grid in grids.items()}
    if len(inputs) >= ENOUGH:
        facts |= {name: _described(grid, bits, marked) for name, grid in grids.items()}
        facts |= _of_marks(bits, marks, targets, mask, lag)
    elif inputs.shape[1] - lag >= ENOUGH:
        facts["shifts"] = [_shifts(grid, bits, lag) for grid in (targets, mask)]
    share = float(bits.mean())
    return facts | (
        {"ones": "many" if share > 0.6 else "few" if share < 0.4 else "half"} if bits.numel() > 6000 else {}
    )


def _values(grid: torch.Tensor) -> object:
    """Which values there are, where it is no chance that one is missing."""
    values = sorted(set(grid.flatten().tolist()))
    return "too few to tell" if grid.numel() < ENOUGH else "many" if len(values) > 3 else values


def _described(grid: torch.Tensor, bits: torch.Tensor, drawn: bool = False) -> object:
    """How many are not zero in each row, and which column of the bits each column is; of one drawn row, that it is one."""
    if drawn and bool((grid == grid[0]).all()):
        return "one row for all"
    counts = sorted(set((grid != 0).sum(dim=1).tolist()))
    return [counts if len(counts) < 3 else "several", [_source(column, bits) for column in grid.T]]


def _source(column: torch.Tensor, bits: torch.Tensor) -> object:
    """The value of a constant column, or the columns of the bits that it is, or is the opposite of, or is one row later."""
    if bool((column == column[0]).all()):
        return f"all {float(column[0]):g}"
    if found := _among(column, bits):
        return found
    others = {"opposite": 1 - column, "of another row": column.roll(-1), "of the third row": column.roll(-3)}
    return {name: found for name, other in others.items() if (found := _among(other, bits))} or "other"


def _among(column: torch.Tensor, bits: torch.Tensor) -> list[int]:
    """Which columns of the bits this is."""
    return (bits == column[:, None]).all(dim=0).nonzero().flatten().tolist()


def _shifts(grid: torch.Tensor, bits: torch.Tensor, lag: int) -> object:
    """By how many steps this lies behind the bits, after the first bit, or its value where it is constant."""
    if bool((grid[:, lag + 1 :] == grid[:, -1:]).all()):
        return f"all {float(grid[0, -1]):g}"
    last = bits.shape[1]
    return [late for late in range(lag + 3) if bool((grid[:, late + 1 :] == bits[:, 1 : last - late]).all())]


def _of_marks(bits, markers, targets, mask, lag: int) -> dict:
    """Where one position of each row is marked and one asked for: how far apart they are, and what stands there."""
    facts: dict = {"only where asked": not bool(targets[mask == 0].any())}
    if bool(((markers != 0).sum(dim=1) != 1).any()):
        return facts
    rows, places = torch.arange(len(bits)), (markers != 0).int().argmax(dim=1)
    if len(rows) >= MANY and not bool((places == places[0]).all()):
        facts |= {
            "first and last": [int(places.min()), int(places.max())],
            "marked bit": _source(bits[rows, places], bits[:, :0]),
        }
    if len(rows) >= VERY_MANY:
        counts = torch.bincount(places).tolist()
        facts["seldom"] = [place for place, count in enumerate(counts) if count < 0.72 * len(rows) / len(counts)]
    if bool(((mask != 0).sum(dim=1) != 1).any()):
        return facts
    asked = (mask != 0).int().argmax(dim=1)
    apart = sorted(set((asked - places).tolist()))
    facts["apart"] = apart if len(apart) < 3 else "several"
    facts["answers"] = [shift for shift in range(-2, lag + 3) if _is_at(targets[rows, asked], bits, asked - shift)]
    facts["answers lie"] = [shift for shift in range(-2, lag + 3)
                            if _is_at(bits[rows, places], targets, places + shift)]  # fmt: skip
    return facts


def _is_at(wanted: torch.Tensor, grid: torch.Tensor, places: torch.Tensor) -> bool:
    """Whether these values stand at these places, one in each row, where enough of them are inside."""
    rows = ((places >= 0) & (places < grid.shape[1])).nonzero().flatten()
    return len(rows) >= ENOUGH and bool((grid[rows, places[rows]] == wanted[rows]).all())
