"""A trained language model in one file: its weights, its sizes, and the characters that its ids stand for."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

__all__ = ["load_model", "save_model"]


def save_model(path: Path | str, model: nn.Module, characters: Sequence[str], **sizes: int) -> None:
    """Write weights, characters in the order of their ids, and the sizes that the model was made with.

    The file is written whole or not at all: one that was there before stays where writing fails.
    """
    weights = {name: value.detach().contiguous().cpu() for name, value in model.state_dict().items()}
    notes = {"characters": json.dumps(list(characters)), "sizes": json.dumps(sizes)}
    _write_whole(Path(path), save(weights, notes))


def load_model(
    path: Path | str, make: Callable[..., nn.Module], characters: Sequence[str] | None = None
) -> tuple[nn.Module, list[str]]:
    """The model of a file, and its characters.

    Args:
        make: `make(vocab_size, **sizes)` gives a model of the same kind, such as the class of task 4.3.
        characters: those that it is to be used with; None takes what the file says.

    Raises:
        ValueError: the file is no such file, belongs to other characters, or to another kind of model.
    """
    weights, known, sizes = _read(Path(path))
    if characters is not None and list(characters) != known:
        raise ValueError(_difference(Path(path), known, list(characters)))
    try:
        model = make(len(known), **sizes)
    except TypeError as problem:
        raise ValueError(
            f"{path} holds a model that was made with the sizes {sizes}, and what was given can't be made with them "
            f"({problem}); give the function or class that it was made with"
        ) from problem
    own = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    saved = {name: tuple(value.shape) for name, value in weights.items()}
    if own != saved:
        name = next(name for name in sorted({*own, *saved}) if own.get(name) != saved.get(name))
        raise ValueError(
            f"{path} holds another kind of model: {name} is {saved.get(name, 'missing')} there, expected "
            f"{own.get(name, 'no such weight')}; give the function or class that it was made with"
        )
    model.load_state_dict(weights)
    return model, known


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside the path, then take its place."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _read(path: Path) -> tuple[dict, list[str], dict[str, int]]:
    if not path.is_file():
        raise ValueError(f"{path} is not there: save a model first, with save_model")
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (safe_open is no dict)
        characters, sizes = json.loads(notes["characters"]), json.loads(notes["sizes"])
        if not isinstance(characters, list) or not isinstance(sizes, dict):
            raise TypeError("its notes are not a list of characters and sizes by name")
        return weights, characters, sizes
    except (SafetensorError, KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{path} is no file of save_model's, or is damaged: {problem}") from problem


def _difference(path: Path, saved: list[str], wanted: list[str]) -> str:
    """What tells two vocabularies apart, in a sentence."""
    text = f"{path} was saved with {len(saved)} characters, and the vocabulary given has {len(wanted)}"
    missing, extra = sorted(set(saved) - set(wanted)), sorted(set(wanted) - set(saved))
    if missing:
        text += f"; {missing[0]!r} is in the file alone"
    if extra:
        text += f"; {extra[0]!r} is not in the file"
    if not missing and not extra:
        text += ", the same ones in another order"
    return text + ": ids would stand for other characters. Use the characters that load_model returns"
