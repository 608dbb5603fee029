"""Which device a notebook runs on, and one seed for every source of chance."""

from __future__ import annotations

import os
import random

import numpy as np
import torch

__all__ = ["pick_device", "seed_everything"]

VARIABLE = "UNROLLED_DEVICE"


def pick_device(name: str | None = None) -> torch.device:
    """The device named by the argument, or else by UNROLLED_DEVICE, or else the first there is of cuda, mps, cpu.

    Raises:
        ValueError: the device is unknown, or this machine doesn't have it.
    """
    wanted, source = (name, "the argument") if name else (os.environ.get(VARIABLE), VARIABLE)
    available = _available()
    if not wanted:
        return torch.device(available[0])
    device = _parsed(wanted, source)
    if device.type not in available:
        raise ValueError(f"{source} asks for {wanted!r}, not available here: use {' or '.join(available)}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"{source} asks for {wanted!r}, but CUDA devices here: {torch.cuda.device_count()}")
    return device


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and torch's own generators, on every device."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed}, expected 0 to 2³² − 1: NumPy takes no other")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _available() -> list[str]:
    """What this machine has, the fastest first."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [name for name, there in has.items() if there]


def _parsed(wanted: str, source: str) -> torch.device:
    try:
        device = torch.device(wanted)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cuda", "mps", "cpu"):
        raise ValueError(f"{source} asks for {wanted!r}, an unknown device: use cuda, mps or cpu")
    return device
