"""What a check draws: inputs and weights, from one seeded source, or as they were recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import torch

from grader.engine.values import Given

__all__ = ["Draw", "replayed", "seeded"]


def seeded(seed: int, name: str) -> tuple[Draw, list[torch.Tensor]]:
    """A fresh source for the check `name`, and the list in which its draws are noted."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
    noted: list[torch.Tensor] = []

    def draw(make: Callable[[torch.Generator], torch.Tensor]) -> torch.Tensor:
        noted.append(make(generator))
        return noted[-1].clone()

    return Draw(draw), noted


def replayed(noted: list[torch.Tensor]) -> Draw:
    """The same draws again, without drawing."""
    values: Iterator[torch.Tensor] = iter(noted)
    return Draw(lambda make: next(values).clone())


class Draw:
    """Draws for one check. Every method gives float32 on the CPU unless `dtype` says otherwise."""

    def __init__(self, draw: Callable[[Callable[[torch.Generator], torch.Tensor]], torch.Tensor]):
        self._draw = draw

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return self._draw(lambda source: torch.randn(shape, generator=source, dtype=dtype))

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Integers from low to high − 1, int64."""
        return self._draw(lambda source: torch.randint(low, high, shape, generator=source))

    def seed(self) -> int:
        return int(self.integers(0, 2**31, 1))

    def given(self, name: str, *shape: int, dtype: torch.dtype = torch.float32, grad: bool = False,
              strided: bool = False) -> Given:  # fmt: skip
        """A normal draw as an argument with a name, which may ask for its gradient or be non-contiguous."""
        return Given(self.normal(*shape, dtype=dtype), name, grad, strided)

    def weights(self, shapes: dict[str, tuple[int, ...]], dtype: torch.dtype = torch.float32) -> dict:
        """Normal weights of these shapes, scaled so that activations neither saturate nor vanish."""
        return {name: 0.6 * self.normal(*shape, dtype=dtype) for name, shape in shapes.items()}
