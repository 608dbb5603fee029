# This file is yours to edit: put your code in the place of the `raise` below each TODO.
# To see how a task stands, run check("5.1") in the notebook, or in a terminal: python -m grader check 5.1
"""From a sentence to a sentence: an encoder, attention, a decoder, a loss without padding, greedy and beam search.

Shapes: N batch, S source length, T target length, V vocabulary, E embedding size, H hidden size; Q, K and A the sizes of
queries, of keys and of what both are compared in. Batch first. A state is one tensor, (N, H).

Under Raises stands what the course's own version refuses. The checks ask for it where the exercise names the error.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

__all__ = [
    "BOS",
    "EOS",
    "PAD",
    "UNK",
    "AdditiveAttention",
    "Decoder",
    "Encoder",
    "Seq2Seq",
    "beam_search",
    "greedy_decode",
    "masked_cross_entropy",
    "source_mask",
]

PAD, UNK, BOS, EOS = 0, 1, 2, 3


def source_mask(src: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Where real tokens stand: (N, S), bool, as wide as src.

    Args:
        src: (N, S), int64.
        lengths: (N,), int64, how many tokens of each row are real.
    """
    return torch.arange(src.shape[1], device=src.device) < lengths.to(src.device)[:, None]


class Encoder(nn.Module):
    """Read a sentence in both directions.

    Args:
        vocab_size: V.
        embedding_dim: E.
        hidden_size: H, even: half of it for each direction.

    Attributes:
        embedding: `nn.Embedding` from V ids to E features.
        rnn: `nn.GRU` with H/2 units in each of two directions, batch first.

    Raises:
        ValueError: H is odd.
    """

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int):
        super().__init__()
        if hidden_size % 2:
            raise ValueError(f"hidden_size is {hidden_size}, expected an even number: half of it for each direction")
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, src: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read a batch of sentences.

        Args:
            src: (N, S), int64. What stands behind the end of a row is padding, whatever it is.
            lengths: (N,), int64, on the CPU, each at least 1, in any order. S may exceed them all.

        Returns:
            memory: (N, S, H), at each token the forward direction's state beside the backward direction's; 0 at padding.
            state: (N, H), the forward state after the last real token beside the backward state after the first.

        Raises:
            ValueError: the ids are no (N, S), or the lengths don't fit them.
        """
        _expect_source(src, lengths)
        # TODO 5.1: An encoder that reads both ways
        # Packed, so that the backward direction begins at the last real token and the forward one ends there, with rows
        # in any order. Unpacked as wide as src: padding comes back as zeros.
        # h_n is (2, N, H/2): the forward direction, then the backward one.
        raise NotImplementedError("Task 5.1: An encoder that reads both ways is still to do.")


class AdditiveAttention(nn.Module):
    """Attention whose scores come from a small network (Bahdanau et al., 2015).

    Args:
        query_size: Q.
        key_size: K.
        attention_size: A.

    Attributes:
        query, key: `nn.Linear` without bias from Q and from K features to A.
        score: `nn.Linear` without bias from A features to one number.
    """

    def __init__(self, query_size: int, key_size: int, attention_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(key_size, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)

    def forward(self, query: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Where to look, and what is seen there, in the dtype that comes in, float16 too.

        Args:
            query: (N, Q).
            keys: (N, S, K).
            mask: (N, S), bool, True where one may look; any places, not only a beginning.

        Returns:
            context: (N, K), the mean of the keys, weighted.
            weights: (N, S), of each row 1 together; exactly 0 where the mask is False. A row without any True gets
                zeros, and a context of zeros.

        Raises:
            ValueError: a shape doesn't fit the others.
            TypeError: the mask isn't bool.
        """
        _expect_attention(self, query, keys, mask)
        # TODO 5.2: Additive attention
        # score_s = v · tanh(W q + U k_s)
        # The query is the same for all S places: give it an axis to be added to the keys. Before the softmax a hidden
        # place gets a score of −∞; 0 would be a score like any other. A softmax over nothing but −∞ is NaN: put zeros
        # wherever the mask is False, afterwards.
        # context = Σ_s weight_s k_s
        raise NotImplementedError("Task 5.2: Additive attention is still to do.")


class Decoder(nn.Module):
    """Write a sentence, one token per step, with a look at the memory in each.

    Args:
        vocab_size: V, of the language that is written.
        embedding_dim: E.
        hidden_size: H, of states and memory alike.

    Attributes:
        embedding: `nn.Embedding` from V ids to E features.
        attention: `AdditiveAttention` with H queries, H keys, compared in H features.
        cell: `nn.GRUCell` from E + H features to H.
        output: `nn.Linear` from 2H features to V logits.
    """

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embedding_dim + hidden_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, vocab_size)

    def step(
        self, token: torch.Tensor, state: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Read one token, and say how likely every token is to come next.

        Args:
            token: (N,), int64, the last token that was written, BOS at the beginning.
            state: (N, H).
            memory: (N, S, H), as the encoder gave it.
            mask: (N, S), bool, True at real tokens.

        Returns:
            logits: (N, V), as they leave the output layer: no softmax.
            state: (N, H), the new one.
            weights: (N, S), where this step looked. Nothing is kept between calls.

        Raises:
            ValueError: a shape doesn't fit the others.
        """
        _expect_step(token, state, memory)
        # TODO 5.3: One step of a decoder
        # Attend with the state as it came in; then the cell reads the token and what was seen, side by side; the new
        # state, beside what was seen, says what comes next.
        raise NotImplementedError("Task 5.3: One step of a decoder is still to do.")


class Seq2Seq(nn.Module):
    """An encoder and a decoder, trained together.

    Args:
        encoder: `encoder(src, lengths)` gives the memory (N, S, H) and a state.
        decoder: `decoder.step(token, state, memory, mask)` gives logits (N, V), the next state and weights.

    Attributes:
        encoder, decoder: the same.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(
        self,
        src: torch.Tensor,
        lengths: torch.Tensor,
        tgt: torch.Tensor,
        teacher_forcing: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Score a translation that is known, token by token.

        Args:
            src: (N, S), int64.
            lengths: (N,), int64, on the CPU.
            tgt: (N, T), int64: words, EOS, padding; no BOS.
            teacher_forcing: how likely it is, in each row after each step, that the gold token is fed, and not the
                model's own best.
            generator: the source of random numbers, on whatever device; None takes torch's own.

        Returns:
            (N, T, V): `logits[:, t]` scores `tgt[:, t]`. The first step is fed BOS.

        Raises:
            ValueError: teacher_forcing is no probability, or tgt is no (N, T) for these rows.
        """
        _expect_target(src, tgt, teacher_forcing)
        # TODO 5.4: Teacher forcing
        # What is fed lies one step behind what is scored: BOS, then tgt[:, 0], and so on. After each step toss a coin
        # for each row; a row that loses is fed the argmax of its own logits. 1.0 and 0.0 need no coins.
        raise NotImplementedError("Task 5.4: Teacher forcing is still to do.")


def masked_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, pad: int = PAD) -> torch.Tensor:
    """The mean cross-entropy over all tokens that aren't padding.

    Args:
        logits: (N, T, V).
        targets: (N, T), int64.
        pad: the id of padding.

    Returns:
        A scalar, nats per token: the mean over the real tokens of the whole batch together, EOS among them; 0 where
        there are none.

    Raises:
        ValueError: the shapes don't fit each other.
    """
    _expect_scores(logits, targets)
    # TODO 5.5: A loss without padding
    # One mean over all real tokens, whatever row they stand in: the sum of their losses over their number. Where there
    # are none, don't divide by 0.
    raise NotImplementedError("Task 5.5: A loss without padding is still to do.")


def greedy_decode(
    model: Seq2Seq, src: torch.Tensor, lengths: torch.Tensor, max_length: int
) -> tuple[list[list[int]], list[torch.Tensor]]:
    """Translate by taking the likeliest token in each step.

    The model is asked in evaluation mode, without gradients, and its mode is restored.

    Args:
        model: with `model.encoder(src, lengths)` and `model.decoder.step(...)`.
        src: (N, S), int64.
        lengths: (N,), int64, on the CPU.
        max_length: how many steps at most, that of EOS among them; 1 or more.

    Returns:
        sentences: for each row the ids before its first EOS.
        maps: for each row (len(sentence), length of its source): row t holds where the step looked that chose token t.

    Raises:
        ValueError: max_length is below 1.
    """
    _expect_positive("max_length", max_length)
    # TODO 5.6: Greedy decoding
    # Evaluation mode and `torch.no_grad` first; afterwards the mode as it was, also if something goes wrong.
    # Each step is fed what the last one chose. A row that has chosen EOS is finished, the others go on; when all are
    # finished, stop. Then cut: each sentence at its first EOS, each map at its sentence and at its source's length.
    raise NotImplementedError("Task 5.6: Greedy decoding is still to do.")


def beam_search(
    model: Seq2Seq, src: torch.Tensor, lengths: torch.Tensor, max_length: int, beam_size: int
) -> tuple[list[list[int]], torch.Tensor]:
    """Translate by keeping the best beginnings of each sentence, not one alone.

    The model is asked in evaluation mode, without gradients, and its mode is restored.

    Args:
        model, src, lengths, max_length: as for `greedy_decode`.
        beam_size: how many beginnings are kept, 1 or more; it may exceed V.

    Returns:
        sentences: for each row the ids of its best hypothesis, before EOS, or all of them where it has not ended.
        scores: (N,), their scores: the sum of the log-probabilities of their tokens, EOS included, whatever their length.

    Raises:
        ValueError: max_length or beam_size is below 1.
    """
    _expect_positive("max_length", max_length)
    _expect_positive("beam_size", beam_size)
    # TODO 5.7: Beam search
    # A hypothesis is a beginning with its score, its state and its last token. In each step every open one grows by
    # every token; a finished one stays as it is, with its score. Of all of them together the best are kept.
    # Log-probabilities add up; the state has to follow the hypothesis that it belongs to.
    # A finished hypothesis has one way on: EOS again, at no cost.
    raise NotImplementedError("Task 5.7: Beam search is still to do.")


def _expect_source(src: torch.Tensor, lengths: torch.Tensor) -> None:
    if src.dim() != 2:
        raise ValueError(f"src has shape {tuple(src.shape)}, expected (N, S): a single sentence needs src[None]")
    if lengths.shape != src.shape[:1]:
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}, expected ({len(src)},): one for each row of src")
    if lengths.device.type == "meta" or not len(lengths):
        return
    if lengths.min() < 1 or lengths.max() > src.shape[1]:
        raise ValueError(
            f"lengths run from {int(lengths.min())} to {int(lengths.max())}, expected 1 to {src.shape[1]}, the width of "
            "src: an empty sentence still has its EOS"
        )


def _expect_attention(
    attention: AdditiveAttention, query: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor
) -> None:
    if mask.dtype != torch.bool:
        raise TypeError(f"mask is {mask.dtype}, expected torch.bool: True where one may look")
    if keys.dim() != 3 or query.shape != (len(keys), attention.query.in_features):
        raise ValueError(
            f"query has shape {tuple(query.shape)} and keys {tuple(keys.shape)}, expected (N, Q) and (N, S, K) with Q = "
            f"{attention.query.in_features}"
        )
    if keys.shape[2] != attention.key.in_features:
        raise ValueError(f"keys have {keys.shape[2]} features, expected {attention.key.in_features}: the key_size")
    if mask.shape != keys.shape[:2]:
        raise ValueError(f"mask has shape {tuple(mask.shape)}, expected {tuple(keys.shape[:2])}: (N, S) of the keys")


def _expect_step(token: torch.Tensor, state: torch.Tensor, memory: torch.Tensor) -> None:
    if token.dim() != 1:
        raise ValueError(f"token has shape {tuple(token.shape)}, expected (N,): one step at a time")
    if memory.dim() != 3 or state.shape != (len(token), memory.shape[2]):
        raise ValueError(
            f"state has shape {tuple(state.shape)} and memory {tuple(memory.shape)}, expected (N, H) and (N, S, H) with "
            f"N = {len(token)}, as many as there are tokens"
        )


def _expect_target(src: torch.Tensor, tgt: torch.Tensor, teacher_forcing: float) -> None:
    if not 0 <= teacher_forcing <= 1:
        raise ValueError(f"teacher_forcing is {teacher_forcing}, expected a probability, 0 to 1")
    if tgt.dim() != 2 or len(tgt) != len(src) or tgt.shape[1] < 1:
        raise ValueError(
            f"tgt has shape {tuple(tgt.shape)}, expected ({len(src)}, T) with T of 1 or more, as src has rows"
        )


def _expect_scores(logits: torch.Tensor, targets: torch.Tensor) -> None:
    if logits.dim() != 3 or logits.shape[:2] != targets.shape:
        raise ValueError(
            f"logits has shape {tuple(logits.shape)} and targets {tuple(targets.shape)}, expected (N, T, V) and (N, T)"
        )


def _expect_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} is {value}, expected 1 or more")
