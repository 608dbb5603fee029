"""Writes a call as a student would: its name, and its arguments by name and shape."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from grader.engine.values import Call, Given, Handle

__all__ = ["label_of", "written"]

# what is built for a check; the others are models
PROPS = {
    "KeyedDecoder": "decoder",
    "KeyedEncoder": "encoder",
    "cell": "cell",
    "generator": "generator",
    "generator_beside": "generator",
    "item": "one parameter",
    "kept": "lists",
    "on_the_cpu": "lengths on the CPU",
    "one_by_one": "a generator",
    "optimizer": "optimizer",
    "pairs_as": "links",
    "parameters_with_gradients": "parameters",
    "squares": "loss_fn",
    "state_of": "state",
    "stream": "a generator of texts",
}
MAX_TEXT = 240


def written(call: Call, labels: Mapping[int, str]) -> str:
    """A call in one line, kept objects by their labels; "" for a call to what a check only builds on."""
    if call.space == "props":
        return ""
    target = call.name
    if call.of is not None:
        target = labels.get(call.of.id, "it") + (f".{call.name}" if call.name else "")
    if call.name == "__len__":
        return _cut(f"len({labels.get(call.of.id, 'it')})")
    target = target.removesuffix(".__get__")  # of a function that is kept with its first argument
    text = f"{target}({', '.join(_argument(arg, labels) for arg in call.args)})"
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def label_of(call: Call, labels: Mapping[int, str]) -> str:
    """What an object that is kept goes by in later calls."""
    return PROPS.get(call.name, "model") if call.space == "props" else written(call, labels)


def _argument(value, labels: Mapping[int, str]) -> str:
    match value:
        case Given():
            return _tensor(value.tensor, value.name)
        case torch.Tensor():
            return _tensor(value, "a tensor")
        case Handle():
            return labels.get(value.id, "an object")
        case list() | tuple():
            inside = ", ".join(_argument(item, labels) for item in value[:6]) + (", …" if len(value) > 6 else "")
            return f"[{inside}]" if isinstance(value, list) else f"({inside})"
        case float():
            return f"{value:g}"
        case _ if callable(value):
            return "a function"
    return repr(value)[:60]


def _tensor(tensor: torch.Tensor, name: str) -> str:
    size = f"{len(tensor)} values" if tensor.dim() == 1 else f"shape {tuple(tensor.shape)}"
    dtype = "" if tensor.dtype in (torch.float32, torch.int64) else f" in {str(tensor.dtype).removeprefix('torch.')}"
    return f"{name} of {size}{dtype}"
