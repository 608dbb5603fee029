"""The devices of a grading: which there are, a queue for each, and a job that sees no other than its own."""

from __future__ import annotations

import os

__all__ = ["DeviceError", "bind", "places_for"]

VISIBLE = "CUDA_VISIBLE_DEVICES"


class DeviceError(ValueError):
    """A device that can't be graded on; the message says what was asked, what there is and what to do."""


def places_for(wanted: str, jobs: int | None = None) -> tuple[str, ...]:
    """A place for each job: the devices that are named, or so many of them; the CPU as often as there are jobs."""
    found = _named(wanted)
    return found * (jobs or 1) if found == ("cpu",) else found[:jobs]


def bind(place: str) -> None:
    """Let this process, and what it starts, see this CUDA device alone. To be called before CUDA is used.

    It is `cuda:0` there, whatever its number: code that names a number, or none, runs alike on each device.
    """
    kind, _, number = place.partition(":")
    if kind == "cuda":
        listed = os.environ.get(VISIBLE)
        os.environ[VISIBLE] = listed.split(",")[int(number or 0)] if listed else number or "0"


def _named(wanted: str) -> tuple[str, ...]:
    """The devices in a list such as cuda:0,cuda:1."""
    found = [_one(name.strip()) for name in wanted.split(",")]
    kinds = sorted({place.partition(":")[0] for place in found})
    if len(kinds) > 1:
        raise DeviceError(f"--device names {' and '.join(kinds)}: a class is graded on devices of one kind, "
                          "so that one student's verdicts mean what another's do. Name one kind")  # fmt: skip
    twice = next((place for place in found if place != "cpu" and found.count(place) > 1), None)
    if twice:
        raise DeviceError(f"--device names {twice} twice: a device has one submission at a time. Name it once")
    return tuple(found)


def _one(name: str) -> str:
    """A device by its full name: cuda:0 for cuda."""
    from toolkit.device import pick_device

    try:
        device = pick_device(name or "none")
    except ValueError:
        there = ", ".join(_here())
        raise DeviceError(f"--device asks for {name!r}; this machine has {there}. Name one of these, or several of a "
                          "kind; without --device the CPU grades") from None  # fmt: skip
    return f"cuda:{device.index or 0}" if device.type == "cuda" else device.type


def _here() -> list[str]:
    import torch

    cuda = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    return ["cpu", *(f"cuda:{number}" for number in cuda), *["mps"][: torch.backends.mps.is_available()]]
