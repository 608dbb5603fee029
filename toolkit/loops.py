"""The two loops of a translator whose gradients are written by hand: a GRU in both directions, and a GRU that attends.

Autograd notes every small operation of every step and adds up the gradient of every weight step by step. Here each step
keeps what its gradient needs, and a weight's gradient is one matrix product over all steps. Gates are in torch's order, r, z, n.
Steps come first, so that what belongs to one lies together: L steps of the source or T of the target, N sentences, S
places of the source, H units, A units of the attention.
"""

from __future__ import annotations

import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable

__all__ = ["attend", "attending_gru", "gru_step", "two_grus"]


def two_grus(driven: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """The states (L, 2, N, H) of two GRUs that begin with zeros and know nothing of each other.

    Args:
        driven: (L, 2, N, 3H), W_ih x + b_ih.
        weight, bias: W_hh (2, 3H, H) and b_hh (2, 3H).
    """
    return _TwoGRUs.apply(driven, weight, bias)


def attending_gru(driven, state, memory, keys, unseen, weight_context, weight_hh, bias_hh, query, score) -> tuple:
    """States (T, N, H) and contexts (T, N, K) of a GRU that attends with its old state and reads what it saw.

    Args:
        driven: (T, N, 3H), what the fed words and b_ih contribute.
        state: (N, H), before the first step.
        memory, keys: (N, S, K) and (N, S, A), the keys projected.
        unseen: (N, S), 0 at words, −∞ at padding.
        weight_context, weight_hh, bias_hh: (3H, K), (3H, H), (3H,), of the cell.
        query, score: (A, H) and (A,), of the attention.
    """
    return _AttendingGRU.apply(driven, state, memory, keys, unseen, weight_context, weight_hh, bias_hh, query, score)


def attend(query2, keys2, memory, unseen, score, out=None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Context (N, K), weights (N, S), and σ(2 (query + keys)) (N, S, A), from the projected query and keys times two.

    tanh(x) = 2 σ(2x) − 1, and a softmax doesn't see the 1. On a CPU torch's sigmoid takes a third of the time of its tanh.
    """
    felt = torch.add(keys2, query2[:, None], out=out).sigmoid_()
    weights = torch.add(unseen, felt @ score, alpha=2).softmax(1)
    return torch.bmm(weights[:, None], memory)[:, 0], weights, felt


def gru_step(driven: torch.Tensor, held: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The new state, and the gates: r and z side by side, n. `held` is W_hh h + b_hh."""
    units = h.shape[-1]
    rz = (driven[..., : 2 * units] + held[..., : 2 * units]).sigmoid_()
    n = torch.addcmul(driven[..., 2 * units :], rz[..., :units], held[..., 2 * units :]).tanh_()
    return torch.lerp(n, h, rz[..., units:]), rz, n


def _gru_step_back(grad, rz, n, held_n, h, out_driven, out_held) -> torch.Tensor:
    """Gradients of `driven` and `held`, written where they belong; what reaches h past the gates is returned."""
    units = h.shape[-1]
    r, z = rz[..., :units], rz[..., units:]
    direct = grad * z
    grad_n = (grad - direct) * (1 - n * n)
    torch.mul(grad_n, r, out=out_held[..., 2 * units :])
    out_driven[..., 2 * units :] = grad_n
    slope = rz * (1 - rz)
    torch.mul(grad_n * held_n, slope[..., :units], out=out_driven[..., :units])
    torch.mul(grad * (h - n), slope[..., units:], out=out_driven[..., units : 2 * units])
    out_held[..., : 2 * units] = out_driven[..., : 2 * units]
    return direct


class _TwoGRUs(Function):
    @staticmethod
    def forward(ctx, driven, weight, bias):
        steps, _, rows, wide = driven.shape
        units = wide // 3
        states, gates = driven.new_zeros(steps + 1, 2, rows, units), driven.new_empty(steps, 2, rows, 3 * units)
        held_n = driven.new_empty(steps, 2, rows, units)
        back, bias = weight.transpose(1, 2), bias[:, None]
        for t in range(steps):
            held = torch.baddbmm(bias, states[t], back)
            states[t + 1], gates[t, ..., : 2 * units], gates[t, ..., 2 * units :] = gru_step(driven[t], held, states[t])
            held_n[t] = held[..., 2 * units :]
        ctx.save_for_backward(states, gates, held_n, weight)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_states):
        states, gates, held_n, weight = ctx.saved_tensors
        steps, _, rows, units = grad_states.shape
        grad_driven, grad_held = torch.empty_like(gates), torch.empty_like(gates)
        grad = torch.zeros_like(states[0])
        for t in reversed(range(steps)):
            rz, n = gates[t, ..., : 2 * units], gates[t, ..., 2 * units :]
            grad = _gru_step_back(
                grad + grad_states[t], rz, n, held_n[t], states[t], grad_driven[t], grad_held[t]
            ).baddbmm_(grad_held[t], weight)
        flat = grad_held.transpose(0, 1).reshape(2, steps * rows, 3 * units)
        read = states[:-1].transpose(0, 1).reshape(2, steps * rows, units)
        return grad_driven, flat.transpose(1, 2) @ read, flat.sum(1)


class _AttendingGRU(Function):
    @staticmethod
    def forward(ctx, driven, state, memory, keys, unseen, weight_context, weight_hh, bias_hh, query, score):
        (steps, rows, wide), units = driven.shape, state.shape[1]
        both, bias = torch.cat([weight_hh, 2 * query]), torch.cat([bias_hh, bias_hh.new_zeros(len(query))])
        states, contexts = driven.new_empty(steps + 1, rows, units), driven.new_empty(steps, rows, memory.shape[2])
        gates, held_n = driven.new_empty(steps, rows, wide), driven.new_empty(steps, rows, units)
        weights, felt, keys2 = driven.new_empty(steps, *unseen.shape), driven.new_empty(steps, *keys.shape), 2 * keys
        states[0] = state
        for t in range(steps):
            held = torch.addmm(bias, states[t], both.T)  # W_hh h + b_hh, and twice the query behind it
            contexts[t], weights[t], _ = attend(held[:, wide:], keys2, memory, unseen, score, out=felt[t])
            read = torch.addmm(driven[t], contexts[t], weight_context.T)
            states[t + 1], gates[t, :, : 2 * units], gates[t, :, 2 * units :] = gru_step(
                read, held[:, :wide], states[t]
            )
            held_n[t] = held[:, 2 * units : wide]
        ctx.save_for_backward(states, contexts, gates, held_n, weights, felt, memory, weight_context, both, score)
        return states[1:], contexts

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_states, grad_contexts):
        states, contexts, gates, held_n, weights, felt, memory, weight_context, both, score = ctx.saved_tensors
        (steps, rows, units), wide = grad_states.shape, gates.shape[2]
        grad_read, grad_held = torch.empty_like(gates), gates.new_empty(steps, rows, len(both))
        grad_seen, grad_scores = torch.empty_like(contexts), torch.empty_like(weights)
        grad_keys = torch.zeros_like(felt[0])
        grad = torch.zeros_like(states[0])
        for t in reversed(range(steps)):
            rz, n = gates[t, :, : 2 * units], gates[t, :, 2 * units :]
            direct = _gru_step_back(
                grad + grad_states[t], rz, n, held_n[t], states[t], grad_read[t], grad_held[t, :, :wide]
            )
            torch.addmm(grad_contexts[t], grad_read[t], weight_context, out=grad_seen[t])
            # through the softmax, then through 2 score · σ
            # rows from the left: a batch of matrices times columns takes several times as long
            grad_weights = torch.bmm(grad_seen[t][:, None], memory.mT)[:, 0] * weights[t]
            grad_scores[t] = grad_weights - weights[t] * grad_weights.sum(1, keepdim=True)
            slope = torch.addcmul(felt[t], felt[t], felt[t], value=-1)
            grad_keys.addcmul_(slope, grad_scores[t][:, :, None])
            torch.mul(torch.bmm(grad_scores[t][:, None], slope)[:, 0], 2 * score, out=grad_held[t, :, wide:])
            grad = direct.addmm_(grad_held[t], both)
        grad_keys *= 4 * score
        grad_memory = torch.bmm(weights.permute(1, 2, 0), grad_seen.transpose(0, 1))
        flat = grad_held.flatten(0, 1)
        grad_both = flat.T @ states[:-1].flatten(0, 1)
        grad_context = grad_read.flatten(0, 1).T @ contexts.flatten(0, 1)
        grad_score = 2 * grad_scores.flatten() @ felt.flatten(0, 2)
        return (grad_read, grad, grad_memory, grad_keys, None, grad_context, grad_both[:wide],
                flat[:, :wide].sum(0), 2 * grad_both[wide:], grad_score)  # fmt: skip
