# This file is yours to edit: put your code in the place of the `raise` below each TODO.
# To see how a task stands, run check("2.1") in the notebook, or in a terminal: python -m grader check 2.1
"""Memory and gates: echo tasks, LSTM and GRU from their equations, and what their gradients do on the way back.

Shapes: N batch, L length of a sequence, F features, H hidden size. Batch first.

Under Raises stands what the course's own version refuses. The checks ask for it in `echo_batch` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn

__all__ = [
    "GRUCell",
    "LSTMCell",
    "clip_gradient_norm_",
    "echo_batch",
    "gradient_norms",
    "loss_surface",
    "unroll",
]  # fmt: skip


def echo_batch(
    batch_size: int, length: int, lag: int, generator: torch.Generator, marked: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw sequences of fair bits that have to be repeated `lag` steps later: all of them, or the marked one.

    Args:
        batch_size: N.
        length: L, the steps in one sequence.
        lag: how many steps later a bit is asked for, 0 or more.
        generator: the only source of random numbers.
        marked: whether one bit of each sequence is marked and alone asked for.

    Returns:
        inputs: (N, L, 1), the bits, 0 or 1 in float32; marked: (N, L, 2), the bits and the markers, 1 at the marked
            position and 0 elsewhere.
        targets: (N, L), float32; `targets[:, t]` is the bit of step t − lag. Marked: the marked bit, `lag` steps after
            it. 0 where nothing is asked for.
        mask: (N, L), bool: True where a bit is asked for. That is from step `lag` on; marked: at one step of each
            sequence. The marked position is uniform among those that leave room for the answer, 0 to L − lag − 1.

    Raises:
        ValueError: marked, and lag leaves no room in the length; or a size below 1, or a lag below 0.
    """
    # TODO 2.1: Sequences that have to be remembered
    # Every bit is 0 or 1 with equal chance; the answer to the bit at step t stands at step t + lag, in the same row.
    # Dense: the first `lag` steps have no answer. A lag of 0 asks for the bit at once, a lag of L or more for nothing.
    # Marked: one position for each row, drawn among the L − lag positions whose answer still lies inside.
    raise NotImplementedError("Task 2.1: Sequences that have to be remembered is still to do.")


class LSTMCell(nn.Module):
    """One step of a long short-term memory (Hochreiter and Schmidhuber, 1997), with a forget gate (Gers et al., 2000).

    It has the parameters of `torch.nn.LSTMCell`: those of its four gates stand below each other, input gate i, forget
    gate f, candidate g, output gate o, with H rows each.

    Args:
        input_size: F, the features of one step.
        hidden_size: H, the units of h and of c.

    Parameters: weight_ih (4H, F), weight_hh (4H, H), bias_ih (4H,) and bias_hh (4H,), drawn uniformly from ±1/√H.

    Raises:
        ValueError: a size is below 1.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        _add_parameters(self, input_size, hidden_size, gates=4)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Read one step of the input and give the next state.

        Args:
            x: (N, F), one step of each sequence in the batch.
            state: the pair (h, c), each (N, H), the state before the step; None means zeros.

        Returns:
            The pair (h, c) after the step, each (N, H).

        Raises:
            ValueError: x, h or c has another shape than the cell's sizes ask for.
            TypeError: the state is no pair of tensors, or x is not of a floating-point type.
        """
        _expect_input(self, x)
        _expect_pair(self, x, state)
        # TODO 2.2: One step of an LSTM
        # a = W_ih x + b_ih + W_hh h + b_hh, (N, 4H): four gates side by side, in the order i, f, g, o.
        # i, f and o are shares between 0 and 1, by the logistic sigmoid; g is what may be written, by tanh.
        #   c' = f ⊙ c + i ⊙ g          keep a share of the old memory, add a share of the new
        #   h' = o ⊙ tanh(c')           show a share of it
        # c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g)
        # h' = σ(o) ⊙ tanh(c')
        raise NotImplementedError("Task 2.2: One step of an LSTM is still to do.")


class GRUCell(nn.Module):
    """One step of a gated recurrent unit (Cho et al., 2014), with the parameters and equations of `torch.nn.GRUCell`.

    The rows of its gates stand below each other: reset gate r, update gate z, candidate n, with H rows each.

    Args:
        input_size: F, the features of one step.
        hidden_size: H, the units of the hidden state.

    Parameters: weight_ih (3H, F), weight_hh (3H, H), bias_ih (3H,) and bias_hh (3H,), drawn uniformly from ±1/√H.

    Raises:
        ValueError: a size is below 1.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        _add_parameters(self, input_size, hidden_size, gates=3)

    def forward(self, x: torch.Tensor, h: torch.Tensor | None = None) -> torch.Tensor:
        """Read one step of the input and give the next hidden state.

        Args:
            x: (N, F), one step of each sequence in the batch.
            h: (N, H), the state before the step; None means zeros.

        Returns:
            (N, H), the state after the step.

        Raises:
            ValueError: x or h has another shape than the cell's sizes ask for.
            TypeError: h is no tensor, or x is not of a floating-point type.
        """
        _expect_input(self, x)
        _expect_state(self, x, h)
        # TODO 2.3: One step of a GRU
        # r = σ(W_ir x + b_ir + W_hr h + b_hr)
        # z = σ(W_iz x + b_iz + W_hz h + b_hz)
        # n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))    r acts on the product, its bias included
        # h' = (1 − z) ⊙ n + z ⊙ h                         z says what is kept
        raise NotImplementedError("Task 2.3: One step of a GRU is still to do.")


def unroll(cell: Callable, x: torch.Tensor, state=None) -> tuple[torch.Tensor, object]:
    """Apply a cell to every step of a batch of sequences.

    Args:
        cell: `cell(x_t (N, F), state) -> state`, a module or any other callable. A state is a tensor h (N, H), or a
            tuple that begins with h; None means the start.
        x: (N, L, F), with L at least 1.
        state: the state before the first step, of the cell's kind.

    Returns:
        outputs (N, L, H), the h of every step, and the last state as the cell gave it.

    Raises:
        ValueError: x has another shape.
        TypeError: the cell gives something that is neither a tensor nor a tuple with a tensor first.
    """
    # TODO 2.4: Unrolling any cell
    # state_t = cell(x_t, state_{t−1}) for t = 1, …, L: the cell alone knows what a state is made of.
    # outputs holds the h_t side by side on the time axis: the state itself, or its first part.
    raise NotImplementedError("Task 2.4: Unrolling any cell is still to do.")


def gradient_norms(cell: Callable, x: torch.Tensor) -> torch.Tensor:
    """How long the gradient of the last output is when it arrives at each state, going back through time.

    Args:
        cell: as in `unroll`.
        x: (N, L, F), with L at least 1; the first state is None.

    Returns:
        (L,), in the dtype of x and without a graph. Entry t − 1 is the Euclidean norm, over batch and units together, of
        the gradient of `outputs[:, -1].sum()` with respect to h_t. Other parts of the state, such as an LSTM's c_t, are
        held fixed: what flows back through them alone doesn't count. So the last entry is √(N·H). The `.grad` of
        parameters is left alone.

    Raises:
        ValueError: x has another shape.
    """
    # TODO 2.5: The gradient on its way back
    # Keep every h_t just as it enters the next step: a copy of it, or a stack of them, is not on the way.
    # One backward pass gives the gradients with respect to all of them at once.
    # torch.autograd.grad returns gradients; backward() would write into the parameters' .grad.
    # ∂(Σ h_L) / ∂h_t for every t; zeros where nothing leads from h_t to the end
    raise NotImplementedError("Task 2.5: The gradient on its way back is still to do.")


def clip_gradient_norm_(parameters: torch.Tensor | Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
    """Scale gradients down together, so that their joint Euclidean norm is at most max_norm (Pascanu et al., 2013).

    Args:
        parameters: one tensor, or any iterable of tensors, which is gone through once. Those without a gradient are
            skipped.
        max_norm: the longest norm allowed, above 0.

    Returns:
        The norm of all gradients together before the clipping, a tensor without axes; 0 where there are none.

    Raises:
        ValueError: max_norm is not above 0.
        TypeError: something in `parameters` is no tensor.
    """
    # TODO 2.6: Clipping by the norm of all gradients
    # total = √(the sum of the squares of all entries of all gradients): one norm, one factor for all of them.
    # Every gradient is multiplied in place by min(1, max_norm / (total + 1e-6)): it gets shorter or stays as it is.
    # A generator is gone after one pass, and the gradients are needed twice.
    raise NotImplementedError("Task 2.6: Clipping by the norm of all gradients is still to do.")


def loss_surface(
    model: nn.Module, loss_fn: Callable, radius: float, steps: int, generator: torch.Generator
) -> torch.Tensor:
    """The loss on a plane through the model's parameters θ, along two directions with its filters' norms (Li et al., 2018).

    Args:
        model: holds θ; after the call its parameters are bit for bit as before, also where loss_fn raises.
        loss_fn: `loss_fn(model) -> scalar`, called with the parameters of the model moved.
        radius: how far the plane reaches, in units of θ itself.
        steps: how many points lie along each direction, 2 or more.
        generator: the source of the directions d1 and d2. Each is drawn from a normal distribution, independently, in
            the parameters' shapes. Then every row (dim 0) of a parameter with two or more axes is scaled to the norm
            of the same row of θ; a parameter with one axis is scaled as a whole.

    Returns:
        (steps, steps), without a graph, in the dtype and on the device of the parameters: entry [i, j] is the loss at
        θ + a_i d1 + b_j d2, a and b evenly spaced from −radius to radius.

    Raises:
        ValueError: steps is below 2, radius is not above 0, or the model has no parameters.
    """
    # TODO 2.7: The loss on a plane through a solution
    # Keep copies of θ first, and put them back at the end whatever happens: try … finally.
    # d ← d ‖θ_row‖ / ‖d_row‖, row by row: a step of 1 is then as large as the row itself.
    # Move from the copies each time, θ + a d1 + b d2: adding and subtracting again leaves rounding behind.
    raise NotImplementedError("Task 2.7: The loss on a plane through a solution is still to do.")


def _add_parameters(cell: nn.Module, input_size: int, hidden_size: int, gates: int) -> None:
    """The sizes and parameters of a gated cell, under torch's names, drawn uniformly from ±1/√H."""
    if input_size < 1 or hidden_size < 1:
        raise ValueError(f"the sizes are {input_size} and {hidden_size}, expected 1 or more of both")
    cell.input_size = input_size
    cell.hidden_size = hidden_size
    cell.weight_ih = nn.Parameter(torch.empty(gates * hidden_size, input_size))
    cell.weight_hh = nn.Parameter(torch.empty(gates * hidden_size, hidden_size))
    cell.bias_ih = nn.Parameter(torch.empty(gates * hidden_size))
    cell.bias_hh = nn.Parameter(torch.empty(gates * hidden_size))
    bound = hidden_size**-0.5
    for parameter in cell.parameters():
        nn.init.uniform_(parameter, -bound, bound)


def _expect_input(cell: nn.Module, x: torch.Tensor) -> None:
    """Refuse an input that the cell can't read."""
    if x.dim() != 2 or x.shape[1] != cell.input_size:
        raise ValueError(f"x has shape {tuple(x.shape)}, expected (N, F): input_size, which is F, is {cell.input_size}")
    if not x.is_floating_point():
        raise TypeError(f"x has dtype {x.dtype}, expected a floating-point one: {cell.weight_ih.dtype}")


def _expect_state(cell: nn.Module, x: torch.Tensor, h: torch.Tensor | None) -> None:
    """Refuse a GRU's state that doesn't go with the input and the cell."""
    if h is not None:
        _expect_part(cell, x, h, "h")


def _expect_part(cell: nn.Module, x: torch.Tensor, h: torch.Tensor, name: str) -> None:
    """Refuse a part of a state that doesn't go with the input and the cell."""
    if not isinstance(h, torch.Tensor):
        raise TypeError(f"{name} is a {type(h).__name__}, expected a tensor of shape {(len(x), cell.hidden_size)}")
    if h.shape != (len(x), cell.hidden_size):
        raise ValueError(
            f"{name} has shape {tuple(h.shape)}, expected {(len(x), cell.hidden_size)}: "
            f"x has {len(x)} rows, hidden_size is {cell.hidden_size}"
        )


def _expect_pair(cell: nn.Module, x: torch.Tensor, state: tuple | None) -> None:
    """Refuse an LSTM's state that is not the pair (h, c)."""
    if state is None:
        return
    if isinstance(state, torch.Tensor):
        raise TypeError(f"state is one tensor of shape {tuple(state.shape)}, expected the pair (h, c): hand both on")
    if not isinstance(state, tuple | list) or len(state) != 2:
        came = f"a {type(state).__name__}" + (f" of {len(state)}" if isinstance(state, tuple | list) else "")
        raise TypeError(f"state is {came}, expected the pair (h, c), each of shape {(len(x), cell.hidden_size)}")
    for name, part in zip("hc", state, strict=True):
        _expect_part(cell, x, part, name)
