"""Listening to a language model while it is trained."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from torch import nn

from toolkit.speech import speak
from toolkit.streaming import Run

__all__ = ["Rehearsal"]


@dataclass
class Rehearsal:
    """Lets the model write after some steps, prints it at once, and keeps it; `train` calls it after every step.

    Attributes:
        steps: after which the model writes.
        samples: step → what it wrote then.
    """

    model: nn.Module
    vocabulary: object
    steps: Collection[int]
    prompt: str = "\n\n"
    length: int = 120
    temperature: float = 0.7
    samples: dict[int, str] = field(default_factory=dict)

    def __call__(self, step: int, run: Run) -> None:
        if step not in self.steps:
            return
        spoken = speak(self.model, self.vocabulary, self.prompt, self.length, temperature=self.temperature)
        self.samples[step] = spoken.texts[0].strip("\n")
        print(f"· after {step} steps, {run.losses[-1]:.2f} nats per character\n{self.samples[step]}\n")
