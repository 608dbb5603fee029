"""A complete solution written with str.translate, packing by hand, running sums and a hook on the gradient."""

import heapq
import re
from itertools import zip_longest

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_sequence


class Separators(dict):
    """A table for str.translate: a letter or digit stays, an apostrophe is straightened, all else becomes a space."""

    def __missing__(self, code):
        character = chr(code)
        self[code] = character if character.isalnum() else "'" if character in "'’" else " "
        return self[code]


SEPARATORS = Separators()


def tokenize(text):
    without_breaks = re.sub("<[bB][rR](?:| ?/)>", "\n", text)
    tokens = []
    for run in without_breaks.lower().translate(SEPARATORS).split():
        # between two apostrophes in a row stands an empty piece: there a word ends as well
        word = []
        for piece in [*run.split("'"), ""]:
            if piece:
                word.append(piece)
            elif word:
                tokens.append("'".join(word))
                word = []
    return tokens


class Vocabulary:
    def __init__(self, words):
        self.words = ["<pad>", "<unk>"]
        self.words.extend(words)
        self.index = {}
        for word in self.words:
            self.index[word] = len(self.index)

    def __len__(self):
        return len(self.index)

    @classmethod
    def build(cls, token_lists, max_size=None, min_freq=1):
        counts = {}
        for tokens in token_lists:
            for token in tokens:
                counts[token] = counts.get(token, 0) + 1
        ranks = [(-count, word) for word, count in counts.items() if not count < min_freq]
        room = len(ranks) if max_size is None else max_size - 2
        return cls(word for _, word in heapq.nsmallest(room, ranks))

    def encode(self, tokens):
        known = self.index
        return [known[token] if token in known else known["<unk>"] for token in tokens]

    def decode(self, ids):
        numbers = torch.as_tensor(ids, dtype=torch.int64)
        return [self.words[number] for number in numbers[numbers.ne(0)].tolist()]


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=0):
        super().__init__()
        self.padding_idx = padding_idx
        keep = torch.ones(num_embeddings, 1).index_fill(0, torch.tensor([padding_idx]), 0.0)
        self.weight = nn.Parameter(torch.randn(num_embeddings, embedding_dim) * keep)

    def forward(self, ids):
        rows = self.weight.index_select(0, ids.flatten()).view(*ids.shape, self.weight.size(1))
        if rows.requires_grad:
            padding = ids.eq(self.padding_idx).unsqueeze(-1)
            rows.register_hook(lambda gradient: gradient.masked_fill(padding, 0))
        return rows


def pad_batch(sequences):
    columns = list(zip_longest(*sequences, fillvalue=0)) or [(0,) * len(sequences)]
    lengths = torch.tensor([*map(len, sequences)], dtype=torch.int64, device="cpu")
    return torch.tensor(columns, dtype=torch.int64).T, lengths


CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class SentimentClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, cell="lstm", bidirectional=False):
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"expected one of {list(CELLS)}, got {cell!r}")
        self.embedding = nn.Embedding(vocab_size, embedding_dim, 0)
        self.rnn = CELLS[cell](embedding_dim, hidden_size, 1, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(2 * hidden_size if bidirectional else hidden_size, 1)

    def forward(self, ids, lengths):
        # empty reviews are never read: they keep the state of zeros that everybody has here at first
        counts = lengths.tolist()
        falling = sorted((row for row, count in enumerate(counts) if count), key=lambda row: -counts[row])
        states = self.head.weight.new_zeros(len(counts), self.head.in_features)
        if falling:
            packed = pack_sequence([self.embedding(ids[row, : counts[row]]) for row in falling])
            match self.rnn(packed):
                case _, (h_n, _):
                    ends = h_n
                case _, h_n:
                    ends = h_n
            rows = torch.tensor(falling, device=states.device)
            states = states.index_copy(0, rows, ends.transpose(0, 1).flatten(start_dim=1))
        return F.linear(states, self.head.weight, self.head.bias).squeeze(-1)


def masked_mean(values, lengths):
    # the sum of the first t steps stands at t: what comes later, be it NaN, is not in it
    sums = F.pad(values, (0, 0, 1, 0)).cumsum(dim=1)
    ends = lengths.to(values.device).reshape(-1, 1, 1)
    total = sums.gather(1, ends.expand(-1, 1, values.size(2))).squeeze(1)
    return total / ends.squeeze(2).clamp(min=1)
