"""What a check can ask a worker to build besides the student's own code: generators, optimisers, stand-in models.

Built of torch alone, so that a worker never holds a line of the reference. A check reaches them as "props.NAME".
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from grader.engine.props_decoding import Translator
from grader.engine.props_forcing import KeyedDecoder, KeyedEncoder, calls_made, pairs_as

__all__ = [
    "CharLM",
    "ChunkLM",
    "Critic",
    "Filters",
    "Forecaster",
    "KeyedDecoder",
    "KeyedEncoder",
    "Speaker",
    "Translator",
    "but_the_forget_gate",
    "calls_made",
    "cell",
    "fill_gradients",
    "generator",
    "generator_beside",
    "generator_state",
    "gradients",
    "gradients_in_single",
    "gradients_of",
    "greedy",
    "has_graph",
    "how_asked",
    "in_a_list",
    "in_training",
    "item",
    "kept",
    "kind",
    "learned",
    "linear",
    "load",
    "noted",
    "number",
    "on_the_cpu",
    "one_by_one",
    "optimizer",
    "pairs_as",
    "parameter_list",
    "parameters",
    "parameters_with_gradients",
    "plain_cell",
    "plain_numbers",
    "shapes_seen",
    "squares",
    "state_of",
    "stream",
    "summed_biases",
    "train",
    "under_default_device",
    "with_graphs",
]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def generator_beside(tensor: torch.Tensor, seed: int) -> torch.Generator:
    """A generator on the device of a tensor: one draws nowhere else."""
    return torch.Generator(tensor.device).manual_seed(seed)


def generator_state(source: torch.Generator) -> torch.Tensor:
    return source.get_state()


def optimizer(name: str, module: nn.Module, options: dict) -> torch.optim.Optimizer:
    """`torch.optim.<name>` over all parameters of the module."""
    return getattr(torch.optim, name)(module.parameters(), **options)


def parameters(module: nn.Module) -> dict[str, torch.Tensor]:
    return dict(module.named_parameters())


def plain_numbers(values: object) -> object:
    """A dict with numbers of torch and NumPy as Python's own; whatever else came, as it came."""
    if not isinstance(values, dict):
        return values
    return {name: value.item() if _is_number(value) else value for name, value in values.items()}


def number(value: object) -> object:
    """One number of torch, NumPy or Python as Python's float; whatever else came, as it came."""
    plain = value.item() if _is_number(value) else value
    return float(plain) if type(plain) in (int, float) else value


def _is_number(value: object) -> bool:
    return isinstance(value, np.generic) or (isinstance(value, torch.Tensor) and value.dim() == 0)


def load(module: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Load exactly these parameters; a missing, unknown or misshapen one is an error that says which."""
    own = dict(module.named_parameters())
    if own.keys() != weights.keys():
        raise ValueError(f"its parameters are {sorted(own)}, expected {sorted(weights)}")
    for name, value in weights.items():
        if own[name].shape != value.shape:
            raise ValueError(f"its {name} has shape {tuple(own[name].shape)}, expected {tuple(value.shape)}")
    module.load_state_dict(weights, strict=False)


def fill_gradients(module: nn.Module) -> None:
    """Leave gradients behind, as an earlier step may have."""
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)


def gradients(module: nn.Module) -> dict[str, torch.Tensor | None]:
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def parameter_list(module: nn.Module) -> list[nn.Parameter]:
    """The parameters themselves: what an optimiser holds that was made now."""
    return list(module.parameters())


def parameters_with_gradients(values: list, gradients: list) -> list[nn.Parameter]:
    """Parameters with these values and gradients; None is a gradient that was never made."""
    made = [nn.Parameter(value) for value in values]
    for parameter, gradient in zip(made, gradients, strict=True):
        parameter.grad = gradient
    return made


def gradients_of(tensors: list) -> list[torch.Tensor | None]:
    return [tensor.grad for tensor in tensors]


def gradients_in_single(tensors: list) -> list[tuple]:
    """The type of each gradient, and its values in single precision."""
    return [(str(tensor.grad.dtype), tensor.grad.float()) for tensor in tensors]


def has_graph(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad


def with_graphs(values: tuple) -> list[int]:
    """The places of what has a graph behind it; a leaf that only asks for its gradient has none."""
    return [
        place for place, value in enumerate(values) if isinstance(value, torch.Tensor) and value.grad_fn is not None
    ]


def one_by_one(items: list):
    """A generator over them, which is gone after one pass."""
    return (item for item in items)


def stream(items: list):
    """The same for texts, which messages call so."""
    return one_by_one(items)


def kept(value):
    """The value itself, where it is to be seen later whether it was changed."""
    return value


def kind(value: object) -> str:
    """The type of a value, and of what is in it where it is a list."""
    inside = sorted({type(item).__name__ for item in value}) if isinstance(value, list) else []
    return type(value).__name__ + (f" of {', '.join(inside)}" if inside else "")


def under_default_device(device: str, function: Callable):
    """What a function gives where tensors are made on this device unless it is told otherwise."""
    with torch.device(device):
        return function()


def noted(value):
    """The value itself: a note of the judge's in what was seen, so that runs that come to the same look the same."""
    return value


def on_the_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """The same, which stays there when a check asks on another device."""
    return tensor.cpu()


def linear(features: int, outputs: int) -> nn.Linear:
    return nn.Linear(features, outputs)


def cell(kind: str, features: int, hidden_size: int) -> nn.Module:
    """One of torch's cells: rnn, gru, or lstm, whose state is the pair (h, c)."""
    return {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}[kind](features, hidden_size)


def summed_biases(cell: nn.Module) -> torch.Tensor:
    """b_ih + b_hh, gate below gate."""
    return (cell.bias_ih + cell.bias_hh).detach()


def but_the_forget_gate(cell: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters of an LSTM's cell, with zeros for the biases of the forget gate."""
    found = {name: part.detach().clone() for name, part in cell.named_parameters()}
    for name in ("bias_ih", "bias_hh"):
        found[name].chunk(4)[1].zero_()
    return found


class Running(NamedTuple):
    """The state of a plain cell in three parts."""

    h: torch.Tensor
    total: torch.Tensor
    steps: int


def plain_cell(parts: int) -> Callable:
    """A cell that is a plain function, with h' = x + h / 2 + the sum of all x before; it notes what it was fed.

    Its state is h and no sum, the pair of both, or the two and the number of steps under names, a `Running`.
    """

    def step(x, state=None):
        step.shapes.append((*x.shape, state is not None))
        now = Running(torch.zeros_like(x), torch.zeros_like(x), 0)
        if state is not None:
            now = now._replace(h=state) if parts == 1 else Running(*state, 0) if parts == 2 else state
        new = Running(x + now.h / 2 + now.total, now.total + x, now.steps + 1)
        return {1: x + now.h / 2, 2: (new.h, new.total), 3: new}[parts]

    step.shapes = []
    return step


def item(values, index):
    return values[index]


def train(module: nn.Module, mode: bool) -> None:
    module.train(mode)


def in_a_list(items) -> list:
    """What a loop over something gives, as a list; of what has no end, only the beginning."""
    return list(islice(iter(items), 1000))


def in_training(module: nn.Module) -> bool | None:
    """The mode of the module and all its parts; None where they differ."""
    modes = {part.training for part in module.modules()}
    return modes.pop() if len(modes) == 1 else None


class Filters(nn.Module):
    """Parameters of these shapes, and nothing to do with them."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]):
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))


def squares():
    """A loss of a model, with a graph: the sum of the squares of all parameters."""
    return lambda model: sum(parameter.square().sum() for parameter in model.parameters())


class Forecaster(nn.Module):
    """A recurrent forecaster, `forward(x (N, L, F), state=None) -> (y (N, L, F), state)`; notes what it was fed.

    `thinned` drops every second unit in training, always the same ones: dropout that draws nothing.
    """

    def __init__(self, features: int, hidden_size: int, cell: str = "gru", thinned: bool = False):
        super().__init__()
        self.thinned = thinned
        self.rnn = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](features, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, features)
        self.shapes = []

    def forward(self, x, state=None):
        self.shapes.append((*x.shape, state is not None))
        outputs, state = self.rnn(x, state)
        if self.thinned and self.training:
            outputs = 2 * outputs * (torch.arange(outputs.shape[-1], device=outputs.device) % 2)
        return self.head(outputs), state


def shapes_seen(model: Forecaster | Speaker | Callable) -> list[tuple]:
    """For every call so far: the shape of x, and whether a state came with it."""
    return list(model.shapes)


class Critic(nn.Module):
    """A classifier whose logit is the mean of what a table says of each real word: `model(ids, lengths) -> logits (N,)`.

    In training it skips the first word: dropout that draws nothing, in a part of its own, as dropout has it. It notes how it
    was asked, and raises a FloatingPointError at call number `breaks_at`.
    """

    def __init__(self, words: int, breaks_at: int = 0):
        super().__init__()
        self.dropout = nn.Identity()
        self.weight = nn.Parameter(torch.zeros(words))
        self.breaks_at = breaks_at
        self.asked = []

    def forward(self, ids, lengths):
        self.asked.append((self.training, torch.is_grad_enabled()))
        if len(self.asked) == self.breaks_at:
            raise FloatingPointError("the model broke off")
        steps = torch.arange(ids.shape[1], device=ids.device)
        kept = (steps < lengths[:, None]) & ((steps > 0) | (not self.dropout.training))
        return (self.weight[ids] * kept).sum(dim=1) / lengths


def how_asked(model: Critic | Speaker | Translator) -> list[tuple[bool, ...]]:
    """For every call so far: whether it was in training mode, and whether gradients were recorded; perhaps more."""
    return list(model.asked)


class CharLM(nn.Module):
    """A character language model, `forward(ids (N, L), state=None) -> (logits (N, L, V), state)`."""

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids, state=None):
        outputs, state = self.rnn(self.embedding(ids), state)
        return self.head(outputs), state


class ChunkLM(CharLM):
    """The same for chunks of a text: `thinned` as in `Forecaster`; `flat` has states (N, H), as a cell's, not (1, N, H)."""

    def __init__(
        self, vocab_size: int, embedding_dim: int, hidden_size: int, thinned: bool = False, flat: bool = False
    ):
        super().__init__(vocab_size, embedding_dim, hidden_size)
        self.thinned, self.flat = thinned, flat

    def forward(self, ids, state=None):
        if self.flat and state is not None:
            state = tuple(part.unsqueeze(0) for part in state)
        outputs, state = self.rnn(self.embedding(ids), state)
        if self.thinned and self.training:
            outputs = 2 * outputs * (torch.arange(outputs.shape[-1], device=outputs.device) % 2)
        if self.flat:
            state = tuple(part[0].clone() for part in state)  # no views: these can't be detached in place
        return self.head(outputs), state


def state_of(result: tuple) -> object:
    """The state that came back with something else: the second of the pair."""
    return result[1]


class Speaker(nn.Module):
    """A language model that reads its logits off a table: `model(ids (N, L), state=None) -> (logits (N, L, V), state)`.

    After each id a row has key = 5 · key + id + 1 over all that it was fed, and its logits are `table[key % K]`: they depend on
    every id and on the state. In training it takes the next row of the table: dropout that draws nothing, in a part of its
    own. It notes what it was fed and how it was asked, and raises a FloatingPointError at call number `breaks_at`.

    The state is the pair (h, c), each (1, N, 1), with `form` "pair" each (N, 1); with "tensor" it is one tensor (1, N, 1).
    """

    def __init__(self, keys: int, vocab_size: int, form: str = "layers", breaks_at: int = 0):
        super().__init__()
        self.dropout = nn.Identity()
        self.table = nn.Parameter(torch.zeros(keys, vocab_size))
        self.form = form
        self.breaks_at = breaks_at
        self.shapes = []
        self.asked = []

    def forward(self, ids, state=None):
        self.shapes.append((*ids.shape, state is not None))
        self.asked.append((self.training, torch.is_grad_enabled()))
        if len(self.asked) == self.breaks_at:
            raise FloatingPointError("the model broke off")
        if ids.dim() != 2:
            raise ValueError(f"ids has shape {tuple(ids.shape)}, expected (N, L)")
        key = self._key_of(state, len(ids))
        keys = []
        for column in ids.unbind(dim=1):
            key = (5 * key + column + 1) % len(self.table)
            keys.append(key)
        keys = torch.stack(keys, dim=1)
        logits = self.table[(keys + 1) % len(self.table) if self.dropout.training else keys]
        return logits, self._state_of(key)

    def _key_of(self, state, rows: int):
        shape = (rows, 1) if self.form == "pair" else (1, rows, 1)
        if state is None:
            return torch.zeros(rows, dtype=torch.int64, device=self.table.device)
        parts = [state] if self.form == "tensor" else list(state)
        if len(parts) != (1 if self.form == "tensor" else 2):
            raise ValueError(f"the state has {len(parts)} parts, expected the pair (h, c)")
        for part in parts:
            if part.shape != shape:
                raise ValueError(f"the state holds a tensor of shape {tuple(part.shape)}, expected {shape}")
        return sum(part.detach().reshape(rows) for part in parts).round().long()

    def _state_of(self, key):
        h = key.to(self.table.dtype)[:, None]  # with the graph of the parameters, as a network's state has it
        h = h + 0 * self.table.sum()
        h = h if self.form == "pair" else h[None]
        return h if self.form == "tensor" else (h, torch.zeros_like(h))


def greedy(model: nn.Module, prompt: torch.Tensor, length: int) -> torch.Tensor:
    """What a language model says if the likeliest id is taken each time: (length,)."""
    fed, state, said = prompt[None], None, []
    with torch.no_grad():
        for _ in range(length):
            logits, state = model(fed, state)
            fed = logits[:, -1].argmax(dim=-1, keepdim=True)
            said.append(fed[0])
    return torch.cat(said)


def learned(model: nn.Module, ids: torch.Tensor, length: int, rate: float, max_norm: float) -> list[float]:
    """The losses of plain, clipped gradient descent over a text (N, T), in chunks of `length` with the state carried."""
    state, losses = None, []
    for start in range(0, ids.shape[1] - length, length):
        x, y = (ids[:, start + late : start + late + length] for late in (0, 1))
        logits, state = model(x, state)
        state = tuple(map(torch.Tensor.detach, state))
        loss = nn.functional.cross_entropy(logits.movedim(-1, 1), y)
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(model.parameters()), max_norm)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter.sub_(rate * parameter.grad)
        losses.append(loss.item())
    return losses
