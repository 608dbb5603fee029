"""A complete solution written with einsum on one-hot vectors, a loop over characters and index arithmetic."""

from collections import Counter
from itertools import chain

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def tokenize(text):
    text = text.lower()
    for line_break in ("<br>", "<br/>", "<br />"):
        text = text.replace(line_break, " ")
    tokens, word, apostrophe = [], "", False
    for character in chain(text, " "):  # the space ends the last word
        if character.isalnum():
            word += "'" + character if apostrophe else character
            apostrophe = False
        elif character in "'’" and word and not apostrophe:
            apostrophe = True  # part of the word, if it goes on
        elif word:
            tokens.append(word)
            word, apostrophe = "", False
    return tokens


class Vocabulary:
    def __init__(self, words):
        self.words = ["<pad>", "<unk>", *words]
        self.index = dict(zip(self.words, range(len(self.words)), strict=True))

    def __len__(self):
        return len(self.words)

    @classmethod
    def build(cls, token_lists, max_size=None, min_freq=1):
        ranked = sorted(Counter(chain.from_iterable(token_lists)).items())
        ranked.sort(key=lambda entry: entry[1], reverse=True)  # stable: ties stay alphabetical
        kept = [word for word, count in ranked if count >= min_freq]
        return cls(kept if max_size is None else kept[: max_size - 2])

    def encode(self, tokens):
        ids = []
        for token in tokens:
            ids.append(self.index.get(token, 1))
        return ids

    def decode(self, ids):
        words = []
        for number in map(int, ids):
            if number != 0:
                words.append(self.words[number])
        return words


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=0):
        super().__init__()
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(torch.randn(num_embeddings, embedding_dim))
        with torch.no_grad():
            self.weight[padding_idx].zero_()

    def forward(self, ids):
        numbers = torch.arange(len(self.weight), device=ids.device)
        one_hot = (ids.unsqueeze(-1) == numbers).to(self.weight.dtype)
        # the row of the padding is put in as a number, so no gradient finds its way back
        fixed = torch.where((numbers == self.padding_idx)[:, None], self.weight.detach(), self.weight)
        return torch.einsum("...v,ve->...e", one_hot, fixed)


def pad_batch(sequences):
    counts = [len(sequence) for sequence in sequences]
    width = max([1, *counts])
    places = [row * width + column for row, count in enumerate(counts) for column in range(count)]
    flat = [number for sequence in sequences for number in sequence]
    ids = torch.zeros(len(counts) * width, dtype=torch.int64)
    ids[torch.tensor(places, dtype=torch.int64)] = torch.tensor(flat, dtype=torch.int64)
    return ids.view(len(counts), width), torch.tensor(counts, dtype=torch.int64, device="cpu")


class SentimentClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, cell="lstm", bidirectional=False):
        super().__init__()
        if cell not in ("rnn", "lstm", "gru"):
            raise ValueError(f"no such cell: {cell}")
        layer = getattr(nn, cell.upper())
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.rnn = layer(embedding_dim, hidden_size, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear((1 + bidirectional) * hidden_size, 1)

    def forward(self, ids, lengths):
        lengths = lengths.to("cpu")
        steps = torch.maximum(lengths, torch.ones_like(lengths))
        packed = pack_padded_sequence(self.embedding(ids), steps, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # (N, L, H) or (N, L, 2H)
        rows = torch.arange(len(steps), device=outputs.device)
        front = outputs[rows, steps.to(outputs.device) - 1, : self.hidden_size]
        back = outputs[:, 0, self.hidden_size :]  # no columns where there is one direction
        read = (lengths > 0).to(outputs)
        return torch.einsum("nh,oh,n->n", torch.cat([front, back], 1), self.head.weight, read) + self.head.bias


def masked_mean(values, lengths):
    lengths = lengths.to(values.device)
    steps = torch.arange(values.size(1), device=values.device).expand(values.size(0), -1)
    behind = steps >= lengths.unsqueeze(1)
    share = (~behind).to(values.dtype) / lengths.clamp(min=1).unsqueeze(1)
    return torch.einsum("nlf,nl->nf", values.masked_fill(behind.unsqueeze(2), 0.0), share)
