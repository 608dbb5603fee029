"""Values to bytes and back: a JSON tree, and the tensors beside it as safetensors. Nothing is ever unpickled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from itertools import islice
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from safetensors import TensorSpec, serialize

from grader.engine.values import WIRE_TYPES

__all__ = ["CodecError", "decode", "encode", "from_file", "plain", "to_file"]

MAX_DEPTH = 60
MAX_NODES = 200_000
MAX_INT = 2**63
MAX_TOKENS = 5 * MAX_NODES  # of the JSON of that many parts
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)
MAX_HEADER = 4 * 2**20  # bytes of a safetensors header, which names each tensor


class CodecError(ValueError):
    """Bytes that are not a value of the wire, or a value that can't travel."""


def encode(value) -> tuple[bytes, bytes]:
    """A value as (tree, tensors)."""
    tensors: dict[str, torch.Tensor] = {}
    tree = json.dumps(_to_tree(value, tensors, MAX_DEPTH, [MAX_NODES]), separators=(",", ":")).encode()
    blob = _packed(tensors) if tensors else b""
    _hold_bounds(tree, blob)
    return tree, blob


def decode(tree: bytes, blob: bytes):
    """The value that `encode` was given; CodecError for anything else, whatever it is."""
    try:
        _hold_bounds(tree, blob)
        tensors = safetensors.torch.load(blob) if blob else {}
        return _from_tree(json.loads(tree), tensors, MAX_DEPTH, [MAX_NODES])
    except CodecError:
        raise
    except Exception as problem:  # any malformed input ends here, whatever the parsers make of it
        raise CodecError(f"not a value of the wire: {type(problem).__name__}: {problem}") from problem


def to_file(values: Mapping[str, object]) -> bytes:
    """Values by name as the bytes of one safetensors file, their trees in its metadata."""
    tensors: dict[str, torch.Tensor] = {}
    trees = {name: json.dumps(_to_tree(value, tensors, MAX_DEPTH, [MAX_NODES]), separators=(",", ":"))
             for name, value in values.items()}  # fmt: skip
    return _packed(tensors, trees)


def from_file(path: Path, *names: str) -> dict[str, object]:
    """The values of these names, or all, in a file that `to_file` made; of the others nothing is read but their text."""
    with safetensors.safe_open(path, framework="pt") as file:
        trees, tensors = file.metadata(), _Tensors(file)
        return {name: _from_tree(json.loads(trees[name]), tensors, MAX_DEPTH, [MAX_NODES]) for name in names or trees}


class _Tensors(dict):
    """The tensors of an open file, each read when it is asked for."""

    def __init__(self, file):
        super().__init__()
        self._file = file

    def __missing__(self, name: str) -> torch.Tensor:
        self[name] = self._file.get_tensor(name)
        return self[name]


def _packed(tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """What safetensors.torch.save gives, without its search for tensors that share memory: these are copies, and many."""
    specs = {name: TensorSpec(dtype=str(tensor.dtype).removeprefix("torch."), shape=tensor.shape,
                              data_ptr=tensor.data_ptr(), data_len=tensor.nbytes)
             for name, tensor in tensors.items()}  # fmt: skip
    return bytes(serialize(specs, metadata=metadata))


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """A contiguous CPU copy that shares nothing and carries no graph."""
    return tensor.detach().as_subclass(torch.Tensor).to("cpu").resolve_neg().contiguous().clone()


def _hold_bounds(tree: bytes, blob: bytes) -> None:
    """Refuse what would take far more memory than its bytes once it is built: a list takes 28 times its two brackets."""
    if next(islice(TOKEN.finditer(tree), MAX_TOKENS, None), None) or int.from_bytes(blob[:8], "little") > MAX_HEADER:
        raise CodecError("a value has too many parts")


def _to_tree(value, tensors, depth, left):
    _count(depth, left)
    if value is None or type(value) in (bool, float, str):
        return value
    if type(value) is int:
        return _whole(value)
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = plain(value)
        return {"T": name}
    if type(value) is list:
        return [_to_tree(item, tensors, depth - 1, left) for item in value]
    if type(value) is tuple:
        return {"t": [_to_tree(item, tensors, depth - 1, left) for item in value]}
    if type(value) is dict:
        return {"d": [[_to_tree(part, tensors, depth - 1, left) for part in entry] for entry in value.items()]}
    if WIRE_TYPES.get(type(value).__name__) is type(value):
        return {"c": type(value).__name__,
                "f": [_to_tree(getattr(value, f.name), tensors, depth - 1, left) for f in fields(value)]}  # fmt: skip
    raise CodecError(f"a {type(value).__name__} can't travel on the wire")


def _from_tree(tree, tensors, depth, left):
    _count(depth, left)
    if isinstance(tree, list):
        return [_from_tree(item, tensors, depth - 1, left) for item in tree]
    if type(tree) is int:
        return _whole(tree)
    if not isinstance(tree, dict):
        return tree
    if "T" in tree:
        return tensors[tree["T"]]
    if "t" in tree:
        return tuple(_from_tree(item, tensors, depth - 1, left) for item in tree["t"])
    if "d" in tree:
        return {_from_tree(key, tensors, depth - 1, left): _from_tree(item, tensors, depth - 1, left)
                for key, item in tree["d"]}  # fmt: skip
    return WIRE_TYPES[tree["c"]](*(_from_tree(item, tensors, depth - 1, left) for item in tree["f"]))


def _count(depth: int, left: list[int]) -> None:
    """Hold a value to its depth, and to the number of its parts."""
    left[0] -= 1
    if depth == 0:
        raise CodecError("a value is nested too deeply")
    if left[0] < 0:
        raise CodecError("a value has too many parts")


def _whole(number: int) -> int:
    if abs(number) >= MAX_INT:
        raise CodecError("an integer does not fit in 64 bits")
    return number
