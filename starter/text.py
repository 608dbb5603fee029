# This file is yours to edit: put your code in the place of the `raise` below each TODO.
# To see how a task stands, run check("3.1") in the notebook, or in a terminal: python -m grader check 3.1
"""Text for a network: words, a vocabulary, embeddings, padding, and a classifier that reads to the last real word.

Shapes: N batch, L length of the longest sequence, V vocabulary, E embedding size, H hidden size, F features.
Batch first. Id 0 is padding, id 1 stands for every unknown word.

Under Raises stands what the course's own version refuses. No check asks for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

__all__ = [
    "PAD",
    "UNK",
    "Embedding",
    "SentimentClassifier",
    "Vocabulary",
    "masked_mean",
    "pad_batch",
    "tokenize",
]  # fmt: skip

PAD, UNK = 0, 1  # ids
SPECIAL = ("<pad>", "<unk>")  # their names
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def tokenize(text: str) -> list[str]:
    """Cut a text into words, in lower case.

    Args:
        text: any text. HTML's line breaks, `<br>`, `<br/>` and `<br />` in any case, separate words.

    Returns:
        The tokens in order: runs of letters and digits of any alphabet, with single apostrophes inside, such as `don't`
        and `1980's`. The curly apostrophe ’ counts as '. All else separates, also hyphens and underscores. No token is
        empty; a text without any gives an empty list.

    Raises:
        TypeError: the text is no str.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"text is a {type(text).__name__}, expected a str; decode bytes first, as in data.decode('utf-8')"
        )
    # TODO 3.1: From a text to words
    # Line breaks go first, while one can still tell them from words; then lower case, and one kind of apostrophe.
    # In a regular expression [^\W_] is a letter or digit of any alphabet: \w is that, or an underscore.
    # An apostrophe belongs to a word only where letters or digits stand on both sides of it.
    raise NotImplementedError("Task 3.1: From a text to words is still to do.")


class Vocabulary:
    """Words and their ids: 0 is `<pad>`, 1 is `<unk>`, from 2 on the words in their order.

    Args:
        words: the words from id 2 on, each once.

    Attributes:
        words: the word of each id, the two special ones included.
        index: the id of each word.

    Raises:
        ValueError: a word stands there twice, or is one of the special ones.
    """

    def __init__(self, words: Iterable[str]):
        self.words = [*SPECIAL, *words]
        self.index = {word: number for number, word in enumerate(self.words)}
        if len(self.index) < len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ValueError(f"{twice!r} stands in the vocabulary twice: give each word once, without {SPECIAL}")

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def build(cls, token_lists: Iterable[Sequence[str]], max_size: int | None = None, min_freq: int = 1) -> Vocabulary:
        """Make a vocabulary of the words that occur most often. Give it the training texts alone.

        Args:
            token_lists: the texts, each as a list of words. They may come one by one, from a generator.
            max_size: no more entries than this, `<pad>` and `<unk>` included; None means no limit.
            min_freq: words that occur less often are left out.

        Returns:
            A vocabulary with the words by falling count; those with the same count in alphabetical order.

        Raises:
            ValueError: max_size leaves no room for the two special entries, or a text is a str and not a list of words.
        """
        if max_size is not None and max_size < len(SPECIAL):
            raise ValueError(f"max_size is {max_size}, expected at least {len(SPECIAL)}: {SPECIAL} are always there")
        # TODO 3.2 (build): A vocabulary
        # Count every word in all texts together. Sort by two things at once: by falling count, then by the word itself,
        # so that the same texts always give the same ids.
        raise NotImplementedError("Task 3.2: A vocabulary is still to do.")

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The id of each word, 1 for those that are not in the vocabulary: a list as long as `tokens`."""
        # TODO 3.2 (encode): A vocabulary
        # One id for each word, in their order. None is left out: an unknown word has the id of <unk>.
        raise NotImplementedError("Task 3.2: A vocabulary is still to do.")

    def decode(self, ids: Iterable[int] | torch.Tensor) -> list[str]:
        """The word of each id, padding left out, `<unk>` for 1.

        Args:
            ids: a list of int, or a tensor (L,).

        Raises:
            ValueError: an id lies outside of the vocabulary.
        """
        # TODO 3.2 (decode): A vocabulary
        # A tensor's entries are tensors: .tolist() makes Python's own numbers of them. Padding is no word.
        raise NotImplementedError("Task 3.2: A vocabulary is still to do.")


class Embedding(nn.Module):
    """A vector for each id, learnt.

    Args:
        num_embeddings: V, how many ids there are.
        embedding_dim: E, the size of a vector.
        padding_idx: the id whose vector is zero at the start and never learns.

    Parameters: weight (V, E), normal with a standard deviation of 1, but for the row of the padding.

    Raises:
        ValueError: a size is below 1, or padding_idx is no id.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int = PAD):
        super().__init__()
        if num_embeddings < 1 or embedding_dim < 1 or not 0 <= padding_idx < num_embeddings:
            raise ValueError(
                f"num_embeddings is {num_embeddings}, embedding_dim {embedding_dim}, padding_idx {padding_idx}: expected "
                "sizes of 1 or more, and an id below num_embeddings"
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        weight = torch.randn(num_embeddings, embedding_dim)
        weight[padding_idx] = 0
        self.weight = nn.Parameter(weight)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Look the vectors up: the product of one-hot vectors with the weight, without making the one-hot vectors.

        Args:
            ids: (...), int64, of any shape.

        Returns:
            (..., E), each the row of its id. The row of `padding_idx` is looked up like any other, also if it should hold
            something, but gets no gradient.

        Raises:
            TypeError: the ids are no whole numbers.
            ValueError: an id lies outside of 0 to V − 1.
        """
        _expect_ids(ids, self.num_embeddings)
        # TODO 3.3: An embedding from scratch
        # one_hot(ids) @ weight picks the row of each id, and indexing picks the same rows without the product.
        # Padding: what is looked up may pass, its gradient may not. `detach` cuts one off, `torch.where` chooses.
        raise NotImplementedError("Task 3.3: An embedding from scratch is still to do.")


def pad_batch(sequences: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Put sequences of different length into one tensor, padded at the end with 0.

    Args:
        sequences: N lists of ids. One may be empty, and so may the batch.

    Returns:
        ids: (N, L), int64, in the order of the sequences. L is the length of the longest, and at least 1.
        lengths: (N,), int64, how many ids of each row are real; on the CPU, where packing wants them, whatever torch's
            default device is.

    Raises:
        TypeError: a sequence is no list of whole numbers.
    """
    # TODO 3.4: A batch of unequal lengths
    # The lengths first: they say how wide the batch is. Then zeros, and each sequence at the start of its row.
    raise NotImplementedError("Task 3.4: A batch of unequal lengths is still to do.")


class SentimentClassifier(nn.Module):
    """A review in, one logit out: embeddings, a recurrent layer, and a linear unit on its last real state.

    Args:
        vocab_size: V.
        embedding_dim: E.
        hidden_size: H, the units of each direction.
        cell: "rnn", "lstm" or "gru".
        bidirectional: whether a second layer reads each review from its end.

    Attributes:
        embedding: `nn.Embedding`, with padding at id 0.
        rnn: `nn.RNN`, `nn.LSTM` or `nn.GRU` with one layer, batch first.
        head: `nn.Linear`, from H features, or 2H with two directions, to 1.

    Raises:
        ValueError: there is no such cell.
    """

    def __init__(
        self, vocab_size: int, embedding_dim: int, hidden_size: int, cell: str = "lstm", bidirectional: bool = False
    ):
        super().__init__()
        if cell not in LAYERS:
            raise ValueError(f"cell is {cell!r}, expected one of {', '.join(LAYERS)}")
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=PAD)
        self.rnn = LAYERS[cell](embedding_dim, hidden_size, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), 1)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Read each review to its last real word and say how positive it is.

        Args:
            ids: (N, L), int64, padded at the end.
            lengths: (N,), int64, in any order, on any device; 0 for an empty review.

        Returns:
            (N,), logits: above 0 speaks for a positive review. They are `head` of the hidden state after the last real
            word; with two directions, of the forward state after the last word and, behind it, the backward state
            after the first. An empty review gets a finite logit, the same in every batch.

        Raises:
            ValueError: the lengths don't fit the ids.
        """
        _expect_lengths(ids, lengths)
        # TODO 3.5: A classifier that reads to the last real word
        # Pack, so that the layer stops each row after its last real word; then its last state h_n is what is wanted.
        # `pack_padded_sequence` wants the lengths on the CPU, sorted unless it is told otherwise, and none of them 0.
        # h_n is (directions, N, H), whatever batch_first says; an LSTM gives it in a pair with c_n.
        raise NotImplementedError("Task 3.5: A classifier that reads to the last real word is still to do.")


def masked_mean(values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The mean over the real steps of each sequence.

    Args:
        values: (N, L, F). What stands behind a sequence's end counts for nothing, be it NaN.
        lengths: (N,), int64, how many steps of each row are real.

    Returns:
        (N, F), zeros for a sequence of length 0.

    Raises:
        ValueError: the lengths don't fit the values.
    """
    _expect_lengths(values, lengths)
    # TODO 3.6: A mean that leaves padding out
    # A mask (N, L): True at the steps below each row's length. Multiplying by it keeps a NaN, since NaN times 0 is NaN;
    # `torch.where` leaves it out, and its gradient too. Then divide by the lengths, but never by 0.
    raise NotImplementedError("Task 3.6: A mean that leaves padding out is still to do.")


def _words(tokens: Sequence[str]) -> Sequence[str]:
    """The words of a text, which must not be a text that was never cut."""
    if isinstance(tokens, str):
        raise ValueError(f"{tokens[:40]!r} is a str, expected a list of words: cut texts with tokenize first")
    return tokens


def _row_of(sequence: Sequence[int]) -> torch.Tensor:
    """A sequence of ids as a tensor, (length,), int64."""
    row = torch.as_tensor(sequence)
    if len(row) and (row.is_floating_point() or row.dim() != 1):
        raise TypeError(f"a sequence holds {row.dtype} of shape {tuple(row.shape)}, expected a list of ids")
    return row.to(torch.int64)


def _expect_ids(ids: torch.Tensor, number: int) -> None:
    if ids.is_floating_point() or ids.dtype == torch.bool:
        raise TypeError(f"ids are {ids.dtype}, expected torch.int64: an id is a whole number")
    if ids.device.type != "meta" and ids.numel() and not 0 <= ids.min() <= ids.max() < number:
        raise ValueError(
            f"ids run from {ids.min()} to {ids.max()}, expected 0 to {number - 1}: num_embeddings is {number}"
        )


def _expect_lengths(rows: torch.Tensor, lengths: torch.Tensor) -> None:
    """The lengths have to be one for each row, and none greater than a row is long."""
    if lengths.shape != rows.shape[:1] or lengths.is_floating_point():
        raise ValueError(
            f"lengths has shape {tuple(lengths.shape)} and type {lengths.dtype}, expected ({len(rows)},) and torch.int64: one "
            "for each row"
        )
    if lengths.device.type != "meta" and len(lengths) and not 0 <= lengths.min() <= lengths.max() <= rows.shape[1]:
        raise ValueError(
            f"lengths run from {lengths.min()} to {lengths.max()}, expected 0 to {rows.shape[1]}, as long as the rows are"
        )
