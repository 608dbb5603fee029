"""Stand-ins of notebook 4."""

from __future__ import annotations

import math

import torch
from torch import nn

__all__ = [
    "CharLM",
    "CharVocabulary",
    "Linear",
    "OwnCharLM",
    "bits_per_character",
    "generate",
    "held_out_loss",
    "sample",
    "stream_batches",
    "train_chunk",
]


class CharVocabulary:
    """Characters and ids, by `str.maketrans`."""

    def __init__(self, characters):
        self.characters = list(characters)
        self.index = {character: number for number, character in enumerate(self.characters)}

    def __len__(self):
        return len(self.characters)

    @classmethod
    def build(cls, text):
        return cls(sorted(dict.fromkeys(text)))

    def encode(self, text):
        if strange := set(text) - set(self.characters):
            raise ValueError(f"{min(strange)!r} is not in the vocabulary")
        return [*map(self.index.get, text)]

    def decode(self, ids):
        return "".join(self.characters[int(number)] for number in ids)


def stream_batches(ids, batch_size, length):
    """Chunks of long rows, by `Tensor.unfold`."""
    chunks = (len(ids) - 1) // (batch_size * length)
    if chunks < 1:
        raise ValueError(f"{len(ids)} characters are too few for {batch_size} rows of {length}")
    pairs = ids.unfold(0, length + 1, length)[: chunks * batch_size]  # each with the first character of the next
    pairs = pairs.unflatten(0, (batch_size, chunks))
    return [(pair[:, :-1], pair[:, 1:]) for pair in pairs.unbind(dim=1)]


class CharLM(nn.Module):
    """Embedding, LSTM and linear layer, by `torch.nn`."""

    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers=1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids, state=None):
        outputs, state = self.rnn(self.embedding(ids), state)
        return self.head(outputs), state


def train_chunk(model, optimizer, x, y, state, max_norm):
    """One step of truncated backpropagation, by `torch.nn.utils.clip_grad_norm_`."""
    optimizer.zero_grad()
    logits, state = model(x, None if state is None else tuple(part.detach() for part in state))
    loss = nn.functional.cross_entropy(logits.movedim(-1, 1), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item(), tuple(part.detach() for part in state)


def sample(logits, temperature=1.0, top_k=None, generator=None):
    """Ids drawn by `torch.multinomial`."""
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"temperature is {temperature} and top_k {top_k}")
    if temperature == 0:
        return logits.argmax(dim=-1)
    ranked, places = logits.sort(dim=-1, descending=True)
    shares = ((ranked - ranked[..., :1]) / temperature)[..., :top_k].softmax(dim=-1)
    drawn = torch.multinomial(shares.reshape(-1, shares.shape[-1]), 1, generator=generator)
    return places.gather(-1, drawn.reshape(*logits.shape[:-1], 1))[..., 0]


def generate(model, prompt_ids, length, temperature=1.0, generator=None):
    """A text, character after character, by `sample`."""
    training, spoken, fed, state = model.training, [], prompt_ids[None], None
    model.eval()
    try:
        with torch.no_grad():
            while len(spoken) < length:
                logits, state = model(fed, state)
                spoken.append(sample(logits[0, -1], temperature, generator=generator))
                fed = spoken[-1].reshape(1, 1)
    finally:
        model.train(training)
    return torch.stack(spoken) if spoken else prompt_ids.new_zeros(0)


def bits_per_character(nats):
    """Nats in bits, by `math.log2`."""
    return nats * math.log2(math.e)


class Linear(nn.Linear):
    """A linear layer, by `torch.nn.Linear`."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)

    def forward(self, x):
        return super().forward(x)


class OwnCharLM(nn.Module):
    """A language model whose state has no axis of layers, by `torch.nn`."""

    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size + 1, embedding_dim, padding_idx=vocab_size)
        self.cell = nn.LSTMCell(embedding_dim, hidden_size)
        self.head = nn.Linear(hidden_size, vocab_size)

    def init_hidden(self, batch_size):
        zeros = self.head.weight.new_zeros(batch_size, self.cell.hidden_size)
        return zeros, zeros.clone()

    def forward(self, ids, state=None):
        state, outputs = state or self.init_hidden(len(ids)), []
        for x in self.embedding(ids).unbind(dim=1):
            state = self.cell(x, state)
            outputs.append(state[0])
        return self.head(torch.stack(outputs, dim=1)), state


def held_out_loss(model, ids, length):
    """The mean loss over a text, by one `cross_entropy` of all its logits."""
    was_training, state, seen = model.training, None, []
    with torch.no_grad():
        try:
            for chunk in ids[None, :-1].split(length, dim=1):
                logits, state = model.eval()(chunk, state)
                seen.append(logits[0])
        finally:
            model.train(was_training)
    return nn.functional.cross_entropy(torch.cat(seen), ids[1:]).item()
