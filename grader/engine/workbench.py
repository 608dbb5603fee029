"""Performs requests on code: the student's in a worker or in their own session, the reference's in the judge.

The same lines run in all three, so that a check sees no difference. A workbench holds spaces (what a module or a
notebook's cells define) and things (objects kept between requests), and answers every request with a `Seen`.
"""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import nn

from grader.engine import props
from grader.engine.codec import plain
from grader.engine.values import (
    DENSE,
    Answer,
    Array,
    Ask,
    Call,
    Callback,
    Failure,
    Given,
    Handle,
    Load,
    Opaque,
    Seen,
    Substitute,
)
from grader.engine.watch import Watch, scratch_random_state, standard_settings, unwritten_memory_is_nan

__all__ = ["STOPPED_CELLS", "Workbench", "failure_of"]

STOPPED_CELLS = "__stopped_cells__"  # in the space of a notebook: the cells that raised, as (name, Failure)
MAX_ITEMS = 10_000
MAX_BYTES = 8 * 2**20  # of a tensor that is handed over: no check asks for a tenth of it
MAX_CHARACTERS = 4 * 2**20
MAX_TEXT = 2_000


class Workbench:
    """`loaders` maps a space to a function that runs its source and returns its namespace (a dict).

    `stand_ins` maps symbols to the torch.nn stand-ins that may take their place. `files` maps the files whose lines
    are the student's own to the names under which messages show them.
    """

    def __init__(self, loaders: Mapping[str, Callable[[], dict]], *, stand_ins: Mapping[str, object] | None = None,
                 files: Mapping[str, str] | None = None, device: str = "cpu"):  # fmt: skip
        self._loaders = loaders
        self._stand_ins = stand_ins or {}
        self._files = files or {}
        self._device = device
        self._spaces: dict[str, dict] = {"props": vars(props)}
        self._own: dict[tuple[str, str], object] = {}
        self._things: dict[int, object] = {}

    def perform(self, request, ask: Callable[[Ask], Answer] | None = None) -> Seen:
        """Carry out one request. Whatever the code does short of ending the process is told in the answer."""
        try:
            with standard_settings(), scratch_random_state(), unwritten_memory_is_nan(self._device):
                return self._perform(request, ask)
        except KeyboardInterrupt:
            raise
        except BaseException as problem:  # SystemExit, and whatever else a class of the student's derives from
            return Seen(failure=self._with_stopped_cells(failure_of(problem, self._files)))

    def _with_stopped_cells(self, failure: Failure) -> Failure:
        """A name that is not defined may be missing because a cell stopped before: then that is told too."""
        if failure.kind != "NameError":
            return failure
        stopped = [space[STOPPED_CELLS] for space in self._spaces.values() if STOPPED_CELLS in space]
        try:
            return replace(failure, message=_text(f"{failure.message}; {_stop(*stopped[0][0])}"))
        except Exception:  # no cell stopped, or the list is no longer what was put there
            return failure

    def _perform(self, request, ask) -> Seen:
        match request:
            case Load():
                self._space(request.space)
                return Seen()
            case Substitute():
                self._substitute(request)
                return Seen()
            case Call():
                return self._call(request, ask)
        raise TypeError(f"{type(request).__name__} is not a request")

    def _space(self, name: str) -> dict:
        if name not in self._spaces:
            self._spaces[name] = self._loaders[name]()
        return self._spaces[name]

    def _substitute(self, request: Substitute) -> None:
        space = self._space(request.space)
        for (name, symbol), own in list(self._own.items()):
            if name == request.space:
                space[symbol] = own
                del self._own[name, symbol]
                if own is None:
                    space.pop(symbol)
        for symbol in request.names:
            self._own[request.space, symbol] = space.get(symbol)
            space[symbol] = self._stand_ins[symbol]

    def _call(self, call: Call, ask) -> Seen:
        device = torch.device(call.device or self._device)
        given: dict[str, torch.Tensor] = {}
        args = [self._argument(arg, device, given, ask) for arg in call.args]
        function = self._function(call)
        modules = [part for part in (function, getattr(function, "__self__", None), *args)
                   if isinstance(part, nn.Module)]  # fmt: skip
        watch = Watch(given, modules)
        result = function(*args)
        if call.keep is not None:
            return Seen(value=self._keep(call, result, device))
        if isinstance(result, Iterator):
            result = _drain(result)
        gradients = self._gradients(call, result, given, modules) if call.gradients else None
        return Seen(value=_describe(result), gradients=gradients, effects=watch.effects())

    def _function(self, call: Call):
        if call.of is not None:
            thing = self._things[call.of.id]
            return getattr(thing, call.name) if call.name else thing
        space = self._space(call.space)
        first, *rest = call.name.split(".")
        if first not in space:
            raise LookupError(_missing(first, call.space, space))
        function = space[first]
        for part in rest:
            function = getattr(function, part)
        return function

    def _argument(self, value, device, given, ask):
        """A value of the wire as the object that the code is called with."""
        match value:
            case Handle():
                return self._things[value.id]
            case Callback():
                return lambda *args: _ask(ask, value.id, args, device)
            case Given():
                tensor = _moved(value.tensor, device)
                tensor = torch.stack([tensor, tensor], dim=-1)[..., 0] if value.strided else tensor
                given[value.name] = tensor.requires_grad_(value.grad)
                return given[value.name]
            case torch.Tensor():
                name = f"argument {len(given) + 1}"
                given[name] = _moved(value, device)
                return given[name]
            case list() | tuple():
                return type(value)(self._argument(item, device, given, ask) for item in value)
            case dict():
                return {key: self._argument(item, device, given, ask) for key, item in value.items()}
        return value

    def _keep(self, call: Call, result, device) -> Handle:
        if call.weights is not None and not isinstance(result, nn.Module):
            raise TypeError(f"{call.name} gives a {type(result).__name__}, expected a torch.nn.Module")
        if isinstance(result, nn.Module):
            weights = call.weights or {}
            dtype = next((value.dtype for value in weights.values()), None)
            result.to(dtype=dtype)
            if call.weights is not None:
                props.load(result, weights)
            result.to(device=device)
        self._things[call.keep] = result
        return Handle(call.keep)

    def _gradients(self, call: Call, result, given, modules) -> dict[str, Array | None]:
        """Gradients of Σ output · probe(output), for the given tensors and the parameters of what was called."""
        inputs = {name: tensor for name, tensor in given.items() if tensor.requires_grad}
        if call.of is not None and modules:
            inputs |= dict(modules[0].named_parameters())
        outputs = [leaf for leaf in _leaves(result) if leaf.requires_grad]
        if not outputs or not inputs:
            return dict.fromkeys(inputs)
        total = sum((leaf * _probe(leaf, place)).sum() for place, leaf in enumerate(outputs))
        grads = torch.autograd.grad(total, list(inputs.values()), allow_unused=True)
        return {name: None if grad is None else _array(grad) for name, grad in zip(inputs, grads, strict=True)}


def failure_of(problem: BaseException, files: Mapping[str, str]) -> Failure:
    """An exception with the last line of the student's own that it passed."""
    try:
        return _told(problem, files)
    except Exception:  # of a class that lies about itself
        return Failure("Exception", "(what it says can't be had)")


def _told(problem: BaseException, files: Mapping[str, str]) -> Failure:
    kind, message, place = _text(type(problem).__name__), _text(problem), (None, None, None)
    lines = [entry for entry in traceback.extract_tb(problem.__traceback__) if entry.filename in files]
    if isinstance(problem, SyntaxError) and problem.filename in files:
        message, place = _text(problem.msg), (files[problem.filename], problem.lineno, _text(problem.text or ""))
    elif lines:
        place = files[lines[-1].filename], lines[-1].lineno, _text(lines[-1].line or "")
    kinds = tuple(_text(parent.__name__) for parent in type(problem).__mro__)
    return Failure(kind, message, *place, kinds, _through(problem, files))


def _through(problem: BaseException, files: Mapping[str, str]) -> str | None:
    """Where the line lies in a helper: the helper, and the function and line that the code was entered by."""
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(problem.__traceback__)]
    own = [
        (code.co_qualname, line) for code, line in frames if code.co_filename in files and code.co_name != "<module>"
    ]
    if len(own) < 2 or own[0][0] == own[-1][0]:
        return None
    return _text(f"in {own[-1][0]}, which {own[0][0]} came to from line {own[0][1]}")


def _missing(symbol: str, name: str, space: dict) -> str:
    stopped = space.get(STOPPED_CELLS)
    if not stopped:
        return f"{symbol} is not defined" + ("" if name.startswith("cells") else f" in starter/{name}.py")
    word = re.compile(rf"\b{re.escape(symbol)}\b")
    naming = [entry for entry in stopped if word.search("".join(linecache.getlines(entry[0])))]
    return f"{symbol} is not defined; {_stop(*(naming or stopped)[0])}"


def _stop(name: str, failure: Failure) -> str:
    line = f" (line {failure.line})" if "SyntaxError" in failure.kinds else ""
    return f"{name} stopped with {failure.kind}: {failure.message}{line}"


def _text(value: object) -> str:
    try:
        return str.__str__(str(value))[:MAX_TEXT]  # which may be of a class derived from str
    except KeyboardInterrupt:
        raise
    except BaseException:  # a __str__ of the student's own
        return "(its text can't be had)"


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    return tensor.to(device) if tensor.device != device else tensor.clone()


def _ask(ask, number: int, args: tuple, device: torch.device):
    """What the judge's function answers; a tensor comes on the device of the call."""
    answer = ask(Ask(number, tuple(_describe_argument(arg) for arg in args)))
    if answer.error is not None:
        raise RuntimeError(answer.error)
    return _moved(answer.value, device) if isinstance(answer.value, torch.Tensor) else answer.value


def _describe_argument(value):
    """What the judge sees of a callback's argument: of a module, its parameters by name."""
    if isinstance(value, nn.Module):
        return {name: _array(parameter) for name, parameter in value.named_parameters()}
    return _describe(value)


def _drain(values: Iterator) -> list:
    items = []
    for item in values:
        items.append(item)
        if len(items) > MAX_ITEMS:
            raise ValueError(f"an iterator that gave more than {MAX_ITEMS:,} items")
    return items


def _describe(value):
    """A result as a value of the wire; what is neither plain nor a tensor is told by its type alone."""
    if isinstance(value, torch.Tensor):
        return _array(value)
    if value is None or type(value) is bool:
        return value
    if isinstance(value, str):
        return str.__str__(value)[:MAX_CHARACTERS]
    if type(value) is int and abs(value) < 2**63:
        return value
    if isinstance(value, float):  # NumPy's float64 is one
        return float.__pos__(value)
    if isinstance(value, tuple):
        return tuple(_describe(item) for item in value)
    if isinstance(value, list):
        return [_describe(item) for item in value]
    if isinstance(value, dict):
        return {_describe(key): _describe(item) for key, item in value.items()}
    return Opaque(f"{type(value).__module__}.{type(value).__qualname__}"[:200])


def _array(tensor: torch.Tensor) -> Array | Opaque:
    if tensor.layout != torch.strided or tensor.dtype not in DENSE:
        return Opaque(f"a tensor of layout {tensor.layout} and type {tensor.dtype}")
    if tensor.numel() * tensor.element_size() > MAX_BYTES:
        return Opaque(f"a tensor of shape {tuple(tensor.shape)}, larger than {MAX_BYTES // 2**20} MiB")
    data = None if tensor.device.type == "meta" else plain(tensor)
    return Array(data, tuple(tensor.shape), str(tensor.dtype), tensor.device.type, tensor.requires_grad)


def _leaves(value) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)


def _probe(leaf: torch.Tensor, place: int) -> torch.Tensor:
    """A fixed direction to project an output on: cos(k + place + 1) for entry k."""
    steps = torch.arange(leaf.numel(), dtype=torch.float64) + place + 1
    return torch.cos(steps).reshape(leaf.shape).to(leaf.device, leaf.dtype)
