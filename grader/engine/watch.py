"""What a call leaves changed behind it: arguments, gradients, training mode, random state, defaults."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["Watch", "scratch_random_state", "standard_settings", "unwritten_memory_is_nan"]

STANDARD = torch.float32, torch.device("cpu"), 1  # default dtype and device, threads


@contextmanager
def scratch_random_state(seed: int = 1_020_407) -> Iterator[None]:
    """Seed every global generator for the time of a call, and put back what was there: unseeded draws repeat.

    The seed is one that nobody takes, so that code that seeds a generator leaves another state behind than it found.
    """
    kept = torch.get_rng_state(), random.getstate(), np.random.get_state()
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(kept[0])
        random.setstate(kept[1])
        np.random.set_state(kept[2])


@contextmanager
def unwritten_memory_is_nan(device: str = "cpu") -> Iterator[None]:
    """For the time of a call let memory that nobody wrote to, as `torch.empty` gives it, hold NaN, not zeros by luck.

    On the CPU alone: the setting that does it makes torch warn at every matrix product on CUDA.
    """
    kept = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("warn" if device == "cpu" else kept)
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(kept)


@contextmanager
def standard_settings() -> Iterator[None]:
    """For the time of a call have torch's settings as a fresh process has them, on one thread; then put back what was there.

    So what one call changes reaches no other, and a student's own session keeps what they chose for it.
    """
    kept = torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads()
    _set(*STANDARD)
    try:
        with torch.inference_mode(False):  # brings gradients too, and puts back whether there were any
            yield
    finally:
        _set(*kept)


def _set(dtype: torch.dtype, device: torch.device, threads: int) -> None:
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    if torch.get_default_device() != device:
        torch.set_default_device(None if device == STANDARD[1] else device)  # "cpu" would slow every later call down


class Watch:
    """Remembers tensors and modules before a call and names the differences after it, as "kind:name"."""

    def __init__(self, tensors: dict[str, torch.Tensor], modules: list[torch.nn.Module]):
        self._tensors = {name: (tensor, _copy(tensor)) for name, tensor in tensors.items()}
        self._wanting = {name: tensor.requires_grad for name, tensor in tensors.items()}
        self._values = {name: (value, _copy(value)) for name, value in _states(modules)}
        self._grads = {name: (p, _copy(p.grad)) for name, p in _parameters(modules)}
        self._modes = [(part, part.training) for module in modules for part in module.modules()]
        self._random = _random_state()
        self._defaults = _defaults()

    def effects(self) -> list[str]:
        """The sorted list of changes since."""
        found = [f"argument:{n}" for n, (now, before) in self._tensors.items() if not _same(now, before)]
        found += [f"wanting:{n}" for n, (now, _) in self._tensors.items()
                  if now.is_leaf and now.requires_grad and not self._wanting[n]]  # fmt: skip
        found += [f"grad:{n}" for n, (now, _) in self._tensors.items() if now.is_leaf and now.grad is not None]
        found += [f"parameter:{n}" for n, (now, before) in self._values.items() if not _same(now, before)]
        found += [f"grad:{n}" for n, (p, before) in self._grads.items() if not _same(p.grad, before)]
        found += ["mode:training"] if any(part.training != mode for part, mode in self._modes) else []
        random_now = _random_state()
        found += [f"random:{n}" for n, before in self._random.items() if not _equal(random_now[n], before)]
        found += ["default:settings"] if _defaults() != self._defaults else []
        return sorted(found)


def _copy(tensor):
    return None if tensor is None else tensor.detach().clone()


def _same(now, before) -> bool:
    if now is None or before is None:
        return now is before
    if now.shape != before.shape or now.dtype != before.dtype or now.device != before.device:
        return False
    if now.device.type == "meta":
        return True
    equal = (now.detach() == before) | (now.detach().isnan() & before.isnan())
    return bool(equal.all())


def _parameters(modules):
    return [item for module in modules for item in module.named_parameters()]


def _states(modules):
    return [item for module in modules for item in (*module.named_parameters(), *module.named_buffers())]


def _random_state() -> dict[str, object]:
    return {"torch": torch.get_rng_state(), "python": random.getstate(), "numpy": np.random.get_state()[1].copy()}


def _equal(now, before) -> bool:
    return bool((now == before).all()) if hasattr(now, "all") else now == before


def _defaults() -> tuple:
    return torch.get_default_dtype(), torch.is_grad_enabled()
