"""Stand-ins of notebook 3."""

from __future__ import annotations

import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

__all__ = [
    "Embedding",
    "SentimentClassifier",
    "Vocabulary",
    "evaluate",
    "length_buckets",
    "masked_mean",
    "pad_batch",
    "tokenize",
]


def tokenize(text):
    """Words of a text, by `re.split`."""
    text = re.sub(r"<br ?/?>", " ", text, flags=re.IGNORECASE).lower().replace("’", "'")
    runs = (run.strip("'") for run in re.split(r"[^\w']+|_+|''+", text))
    return [run for run in runs if run]


class Vocabulary:
    """Words and ids, by `collections.Counter`."""

    def __init__(self, words):
        self.words = ["<pad>", "<unk>", *words]
        self.index = {word: number for number, word in enumerate(self.words)}

    def __len__(self):
        return len(self.words)

    @classmethod
    def build(cls, token_lists, max_size=None, min_freq=1):
        counts = Counter()
        for tokens in token_lists:
            counts.update(tokens)
        ranked = sorted(sorted(counts), key=counts.get, reverse=True)
        return cls([word for word in ranked if counts[word] >= min_freq][: None if max_size is None else max_size - 2])

    def encode(self, tokens):
        return [self.index.get(token, 1) for token in tokens]

    def decode(self, ids):
        return [self.words[int(number)] for number in ids if int(number)]


class Embedding(nn.Embedding):
    """A table of vectors, by `torch.nn.Embedding`."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx=0):
        super().__init__(num_embeddings, embedding_dim, padding_idx)

    def forward(self, ids):
        return super().forward(ids)


def pad_batch(sequences):
    """A padded batch, by `torch.nn.utils.rnn.pad_sequence`."""
    lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.int64, device="cpu")
    rows = [torch.tensor([*sequence], dtype=torch.int64) for sequence in sequences]
    wide = pad_sequence(
        [*rows, torch.zeros(1, dtype=torch.int64)], batch_first=True
    )  # one more row, so L is at least 1
    return wide[:-1], lengths


class SentimentClassifier(nn.Module):
    """Embedding, recurrent layer and linear unit, by `torch.nn`."""

    def __init__(self, vocab_size, embedding_dim, hidden_size, cell="lstm", bidirectional=False):
        super().__init__()
        layers = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
        if cell not in layers:
            raise ValueError(f"cell is {cell!r}, expected one of {', '.join(layers)}")
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.rnn = layers[cell](embedding_dim, hidden_size, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), 1)

    def forward(self, ids, lengths):
        lengths, device = lengths.cpu(), ids.device
        packed = pack_padded_sequence(self.embedding(ids), lengths.clamp(min=1), batch_first=True, enforce_sorted=False)
        _, state = self.rnn(packed)
        ends = (state[0] if isinstance(state, tuple) else state).transpose(0, 1).flatten(1)  # (N, directions · H)
        return self.head(ends.masked_fill((lengths == 0)[:, None].to(device), 0))[:, 0]


def masked_mean(values, lengths):
    """The mean over real steps, by `Tensor.masked_fill`."""
    steps = torch.arange(values.shape[1], device=values.device)
    padding = steps >= lengths.to(values.device)[:, None]
    return values.masked_fill(padding[:, :, None], 0).sum(dim=1) / (~padding).sum(dim=1, keepdim=True).clamp(min=1)


def length_buckets(lengths, batch_size, generator):
    """Batches of similar length, by `Tensor.split` of the sorted places."""
    stretches = torch.as_tensor(lengths).argsort().split(batch_size)
    return [stretches[place] for place in torch.randperm(len(stretches), generator=generator).tolist()]


def evaluate(model, batches):
    """Counts by label and answer, by `torch.bincount`."""
    training, counts = model.training, torch.zeros(4, dtype=torch.int64)
    model.eval()
    try:
        with torch.no_grad():
            for ids, lengths, labels in batches:
                said = model(ids, lengths) > 0
                counts += torch.bincount(2 * labels.long() + said.long(), minlength=4).cpu()
    finally:
        model.train(training)
    return counts.reshape(2, 2)
