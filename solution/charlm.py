"""A language model of characters: a vocabulary, batches that go on where the last ones ended, training, and speaking.

Shapes: N batch, L length of a chunk, T length of a text, P length of a prompt, V vocabulary, E embedding size, H hidden
size. Batch first.

Under Raises stands what the course's own version refuses. The checks ask for it where the exercise names the error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

__all__ = [
    "CharLM",
    "CharVocabulary",
    "bits_per_character",
    "generate",
    "sample",
    "stream_batches",
    "train_chunk",
]  # fmt: skip

State = tuple[torch.Tensor, torch.Tensor]  # (h, c), each (num_layers, N, H)


class CharVocabulary:
    """Characters and their ids. There is no padding and no unknown: a text is nothing but its characters.

    Args:
        characters: the character of each id, each once.

    Attributes:
        characters: the same as a list.
        index: the id of each character.

    Raises:
        ValueError: there is no character, one stands there twice, or an entry is longer than one.
    """

    def __init__(self, characters: Iterable[str]):
        self.characters = list(characters)
        self.index = {character: number for number, character in enumerate(self.characters)}
        if not self.characters:
            raise ValueError("there are no characters, expected at least one: is the text empty?")
        if len(self.index) < len(self.characters) or any(len(entry) != 1 for entry in self.characters):
            raise ValueError(f"expected single characters, each once, came {self.characters}")

    def __len__(self) -> int:
        return len(self.characters)

    @classmethod
    def build(cls, text: str) -> CharVocabulary:
        """Make a vocabulary of all characters of a text, in the order of `sorted`.

        Raises:
            ValueError: the text is empty.
        """
        ### BEGIN SOLUTION 4.1 build
        # Each character once, sorted, so that the same text always gives the same ids.
        return cls(sorted(set(text)))
        ### END SOLUTION

    def encode(self, text: str) -> list[int]:
        """The id of each character: a list as long as the text.

        Raises:
            ValueError: a character is not in the vocabulary; the message holds it as `repr` writes it.
        """
        ### BEGIN SOLUTION 4.1 encode
        # There is no <unk> here: a character that was never seen is an error, and the message says which it is. `repr`
        # makes one visible that can't be seen, such as a tab.
        for character in text:
            if character not in self.index:
                raise ValueError(
                    f"{character!r} is not among the {len(self)} characters of the vocabulary: leave it out, or build "
                    "the vocabulary of a text that holds it"
                )
        return [self.index[character] for character in text]
        ### END SOLUTION

    def decode(self, ids: Iterable[int] | torch.Tensor) -> str:
        """The text of a list of ids, or of a tensor (T,).

        Raises:
            ValueError: an id lies outside of the vocabulary.
        """
        ### BEGIN SOLUTION 4.1 decode
        # A tensor's entries are tensors: .tolist() makes Python's own numbers of them.
        ids = ids.tolist() if isinstance(ids, torch.Tensor) else list(ids)
        for number in ids:
            if not 0 <= number < len(self):
                raise ValueError(f"id {number} lies outside of the vocabulary: expected 0 to {len(self) - 1}")
        return "".join(self.characters[number] for number in ids)
        ### END SOLUTION


def stream_batches(ids: torch.Tensor, batch_size: int, length: int) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    """Cut a long text into chunks such that each row of a batch goes on where it ended in the batch before.

    Args:
        ids: (T,), int64, the whole text.
        batch_size: N, how many places of the text are read at once.
        length: L, the steps of one chunk.

    Returns:
        (T − 1) // (N · L) pairs (x, y) in order, both (N, L), int64. Row i of x holds a stretch of the text, which row i
        of the next pair continues; no two rows share a place of the text. y holds the ids that come one later. What is
        left over at the end of a stretch or of the text is dropped.

    Raises:
        ValueError: the text is too short for a single pair, a size is below 1, or the ids are no (T,).
    """
    _expect_text(ids, batch_size, length)
    ### BEGIN SOLUTION 4.2
    # How many chunks are there, if each takes N · L characters, and the last target lies one place further?
    # A row is a long stretch: all chunks of row 0 come before those of row 1 in the text. Make the rows first, then cut
    # across them. The targets are the same stretches, one place later in the text.
    chunks = (len(ids) - 1) // (batch_size * length)
    if chunks < 1:
        raise ValueError(
            f"the text has {len(ids)} characters, expected at least {batch_size * length + 1} for a batch of {batch_size} "
            f"rows with {length} steps: take a smaller batch or shorter chunks"
        )
    used = batch_size * chunks * length
    x, y = (ids[start : start + used].reshape(batch_size, chunks * length) for start in (0, 1))
    return list(zip(x.split(length, dim=1), y.split(length, dim=1), strict=True))
    ### END SOLUTION


class CharLM(nn.Module):
    """A language model of characters: after each one it says how likely every character is to come next.

    Args:
        vocab_size: V.
        embedding_dim: E.
        hidden_size: H.
        num_layers: LSTM layers on top of each other.

    Attributes:
        embedding: `nn.Embedding` from V ids to E features.
        rnn: `nn.LSTM`, batch first.
        head: `nn.Linear` from H features to V logits.
    """

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """Read characters, and say after each which comes next.

        Args:
            ids: (N, L), int64.
            state: the pair (h, c), each (num_layers, N, H), as the chunk before left it; None means zeros.

        Returns:
            logits: (N, L, V), as they leave the head: no softmax. `logits[:, t]` is about the character after `ids[:, t]`.
            state: the pair (h, c) after the last step, with its graph.

        Raises:
            ValueError: the ids are no (N, L) of whole numbers, or the state doesn't fit them.
        """
        _expect_ids(ids)
        _expect_state(self.rnn, ids, state)
        ### BEGIN SOLUTION 4.3
        # Notebook 3 kept the last state alone; here every step has something to answer. The state goes in and comes
        # out: whoever calls decides what becomes of it.
        outputs, state = self.rnn(self.embedding(ids), state)  # (N, L, H)
        return self.head(outputs), state  # (N, L, V)
        ### END SOLUTION


def train_chunk(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: torch.Tensor,
    y: torch.Tensor,
    state: State | None,
    max_norm: float,
) -> tuple[float, State]:
    """Take one step of truncated backpropagation through time: the state comes from before, the gradient stays in the chunk.

    Args:
        model: `model(ids, state)` gives logits (N, L, V) and the next state.
        optimizer: of the model's parameters.
        x: (N, L), int64, what is read.
        y: (N, L), int64, what comes next after each.
        state: the pair (h, c) that the chunk before returned, None at the beginning of a text.
        max_norm: the gradients of all parameters together are clipped to this norm.

    Returns:
        loss: the mean cross-entropy before the step, in nats per character, a float.
        state: the pair (h, c) after the chunk, without a graph.

    Raises:
        ValueError: x and y differ in shape, or max_norm is not above 0.
    """
    _expect_chunk(x, y, max_norm)
    ### BEGIN SOLUTION 4.4
    # Cut the state off from the chunk that it came from, or the gradient would go back through the whole text.
    # Then the usual: logits, loss over all N · L predictions, old gradients away, backward, clip, step.
    # What is returned has to let go of its graph too: a loss that is a tensor, or a state that was not detached, keeps
    # every activation of this chunk alive.
    if state is not None:
        state = tuple(part.detach() for part in state)
    logits, state = model(x, state)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item(), tuple(part.detach() for part in state)
    ### END SOLUTION


def sample(
    logits: torch.Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Draw an id from softmax(logits / temperature), perhaps from the `top_k` most likely ones alone.

    Args:
        logits: (..., V).
        temperature: below 1 it favours what is likely, above 1 it evens out; 0 takes the most likely id, always.
        top_k: how many of the most likely ids may be drawn; None or V and more: all.
        generator: the source of random numbers; None takes torch's own.

    Returns:
        (...), int64: one id for each row of logits.

    Raises:
        ValueError: the temperature is negative or not finite, top_k is below 1, or the logits of a row are NaN, infinite,
            or all −∞.
    """
    _expect_logits(logits)
    ### BEGIN SOLUTION 4.5
    # Refuse a temperature below 0 and a top_k below 1. A temperature of 0 can't be divided by: it means the largest.
    # p = softmax(z / T): the division comes before the softmax. All ids but the k most likely get −∞ and with it
    # probability 0. `torch.multinomial` takes rows (M, V) and gives (M, 1).
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature is {temperature}, expected 0 or a positive number; 0 takes the most likely id")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}, expected 1 or more, or None for all ids")
    if temperature == 0:
        return logits.argmax(dim=-1)
    scaled = (logits - logits.amax(dim=-1, keepdim=True)) / temperature  # the largest is 0, so that nothing overflows
    if top_k is not None and top_k < logits.shape[-1]:
        values, places = scaled.topk(top_k, dim=-1)
        scaled = torch.full_like(scaled, -math.inf).scatter(-1, places, values)
    rows = scaled.softmax(dim=-1).flatten(end_dim=-2) if scaled.dim() > 1 else scaled.softmax(dim=-1)[None]
    return torch.multinomial(rows, 1, generator=generator).reshape(logits.shape[:-1])
    ### END SOLUTION


def generate(
    model: nn.Module,
    prompt_ids: torch.Tensor,
    length: int,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Let the model speak: read the prompt, then draw an id, feed it back, and so on.

    Args:
        model: `model(ids, state)` gives logits (N, L, V) and the next state.
        prompt_ids: (P,), int64, at least one id.
        length: how many ids are wanted, 0 or more.
        temperature, generator: as for `sample`.

    Returns:
        (length,), int64: the new ids, without the prompt. The model is read in evaluation mode, without gradients, and
        its mode is restored. The prompt is read in one call, each new id in one more.

    Raises:
        ValueError: the prompt is empty or has another rank, or the length is negative.
    """
    _expect_prompt(prompt_ids, length)
    ### BEGIN SOLUTION 4.6
    # The prompt goes through the model at once, as a batch of one row, and leaves a state behind. From then on that
    # state is all the model knows of the past: feed one id, draw the next from the last step's logits.
    # Evaluation mode and `torch.no_grad` first; afterwards the mode as it was, also if something goes wrong.
    training = model.training
    model.eval()
    ids, state, drawn = prompt_ids[None], None, []
    try:
        with torch.no_grad():
            for _ in range(length):
                logits, state = model(ids, state)
                ids = sample(logits[:, -1], temperature, generator=generator)[:, None]  # (1, 1)
                drawn.append(ids[0])
    finally:
        model.train(training)
    return torch.cat(drawn) if drawn else prompt_ids[:0].clone()
    ### END SOLUTION


def bits_per_character(nats: float | torch.Tensor) -> float | torch.Tensor:
    """Turn nats, which torch's losses are in, into bits.

    Args:
        nats: a mean loss, or a tensor of losses.

    Returns:
        The same in bits: a float for a float, a tensor for a tensor.
    """
    ### BEGIN SOLUTION 4.7
    # A nat is the information in an event of probability 1/e, a bit that of one of 1/2: how many nats are one bit?
    return nats / math.log(2)
    ### END SOLUTION


def _expect_text(ids: torch.Tensor, batch_size: int, length: int) -> None:
    if ids.dim() != 1:
        raise ValueError(f"ids has shape {tuple(ids.shape)}, expected (T,): one text in one row")
    if batch_size < 1 or length < 1:
        raise ValueError(f"batch_size is {batch_size} and length {length}, expected 1 or more of both")


def _expect_ids(ids: torch.Tensor) -> None:
    if ids.dim() != 2:
        raise ValueError(f"ids has shape {tuple(ids.shape)}, expected (N, L): a single text needs ids[None]")
    if ids.is_floating_point() or ids.dtype == torch.bool:
        raise TypeError(f"ids are {ids.dtype}, expected whole numbers (torch.int64): they name rows of a table")


def _expect_state(rnn: nn.LSTM, ids: torch.Tensor, state: State | None) -> None:
    if state is None:
        return
    if not isinstance(state, tuple | list) or len(state) != 2:
        raise TypeError(f"state is a {type(state).__name__}, expected the pair (h, c) that the last call returned")
    expected = (rnn.num_layers, len(ids), rnn.hidden_size)
    for name, part in zip("hc", state, strict=True):
        if tuple(part.shape) != expected:
            raise ValueError(
                f"{name} has shape {tuple(part.shape)}, expected {expected}: (num_layers, N, H) for {len(ids)} rows of ids"
            )


def _expect_chunk(x: torch.Tensor, y: torch.Tensor, max_norm: float) -> None:
    if x.shape != y.shape:
        raise ValueError(f"x has shape {tuple(x.shape)} and y {tuple(y.shape)}, expected the same (N, L) of both")
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected a number above 0: no step would be left")


def _expect_logits(logits: torch.Tensor) -> None:
    if logits.dim() < 1 or logits.shape[-1] < 1:
        raise ValueError(f"logits has shape {tuple(logits.shape)}, expected (..., V) with V of 1 or more")
    if logits.device.type == "meta" or logits.numel() == 0:
        return
    if logits.isnan().any():
        raise ValueError("the logits hold NaN: the model diverged, or was fed NaN; look at its loss and its weights")
    if logits.amax(dim=-1).isinf().any():
        raise ValueError("a row of logits holds +∞, or nothing but −∞: expected at least one finite logit in each row")


def _expect_prompt(prompt_ids: torch.Tensor, length: int) -> None:
    if prompt_ids.dim() != 1 or len(prompt_ids) < 1:
        raise ValueError(
            f"prompt_ids has shape {tuple(prompt_ids.shape)}, expected (P,) with at least one id: the first draw needs "
            "something to follow"
        )
    if length < 0:
        raise ValueError(f"length is {length}, expected 0 or more")
