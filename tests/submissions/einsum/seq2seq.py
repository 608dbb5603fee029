"""A complete solution written with einsum, tensors that are there from the start, and one beam after another."""

import contextlib
import math

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PAD, UNK, BOS, EOS = 0, 1, 2, 3


def source_mask(src, lengths):
    return torch.arange(src.shape[1], device=src.device) < lengths.to(src.device)[:, None]


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, src, lengths):
        packed = pack_padded_sequence(self.embedding(src), lengths, batch_first=True, enforce_sorted=False)
        outputs, h_n = self.rnn(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=src.shape[1])
        return memory, torch.cat([h_n[0], h_n[1]], dim=1)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, attention_size):
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(key_size, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)

    def forward(self, query, keys, mask):
        scores = self.score(torch.tanh(self.query(query)[:, None] + self.key(keys))).squeeze(-1)
        weights = scores.masked_fill(~mask, -math.inf).softmax(dim=1).masked_fill(~mask, 0.0)
        context = torch.bmm(weights[:, None], keys).squeeze(1)
        return context, weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embedding_dim + hidden_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, vocab_size)

    def step(self, token, state, memory, mask):
        context, weights = self.attention(state, memory, mask)
        state = self.cell(torch.cat([self.embedding(token), context], dim=1), state)
        return self.output(torch.cat([state, context], dim=1)), state, weights


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src, lengths, tgt, teacher_forcing=1.0, generator=None):
        if teacher_forcing in (0, 1):
            coins = torch.full(tgt.shape, 1.0 - teacher_forcing)
        else:
            coins = torch.rand(tgt.shape, generator=generator, device=generator.device if generator else None)
        forced = (coins < teacher_forcing).to(tgt.device)
        memory, state = self.encoder(src, lengths)
        mask = source_mask(src, lengths)
        token, logits = (torch.full_like(tgt[:, 0], BOS), [])
        for t in range(tgt.shape[1]):
            scores, state, _ = self.decoder.step(token, state, memory, mask)
            logits.append(scores)
            token = torch.where(forced[:, t], tgt[:, t], scores.argmax(dim=1))
        return torch.stack(logits, dim=1)


def masked_cross_entropy(logits, targets, pad=PAD):
    real = targets != pad
    losses = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
    return losses / real.sum().clamp(min=1)


def greedy_decode(model, src, lengths, max_length):
    with asked_quietly(model):
        memory, state = model.encoder(src, lengths)
        mask = torch.arange(src.shape[1], device=src.device) < lengths.to(src.device).unsqueeze(1)
        words = src.new_full((len(src), max_length + 1), EOS)
        words[:, 0] = BOS
        looks = memory.new_zeros(len(src), max_length, src.shape[1])
        for step in range(max_length):
            logits, state, looks[:, step] = model.decoder.step(words[:, step], state, memory, mask)
            words[:, step + 1] = logits.max(dim=-1).indices
        words = words[:, 1:]
        spoken = ((words == EOS).cumsum(dim=1) == 0).sum(dim=1)  # tokens before the first EOS
    sentences = [row[:count].tolist() for row, count in zip(words, spoken, strict=True)]
    return sentences, [look[:count, :length] for look, count, length in zip(looks, spoken, lengths, strict=True)]


def beam_search(model, src, lengths, max_length, beam_size):
    with asked_quietly(model):
        memory, state = model.encoder(src, lengths)
        mask = torch.arange(src.shape[1], device=src.device) < lengths.to(src.device).unsqueeze(1)
        found = [
            best_of(model, memory[row, :length], state[row], mask[row, :length], max_length, beam_size)
            for row, length in enumerate(lengths.tolist())
        ]
    return [words for words, _ in found], torch.stack([score for _, score in found])


def best_of(model, memory, state, mask, max_length, beam_size):
    """One sentence: a beam of open hypotheses, and the best of those that have ended, which is all that matters of them."""
    open_words, scores, states = [[]], memory.new_zeros(1), state[None]
    best, best_score = [], memory.new_tensor(-math.inf)
    token = torch.full((1,), BOS, dtype=torch.int64, device=memory.device)
    for _ in range(max_length):
        count = len(open_words)
        ones = memory.new_ones(count)
        sources = torch.einsum("b,sh->bsh", ones, memory), torch.einsum("b,s->bs", ones, mask.to(ones)) > 0
        logits, states, _ = model.decoder.step(token, states, *sources)
        grown = scores[:, None] + logits - logits.logsumexp(dim=1, keepdim=True)
        order = grown.flatten().argsort(descending=True)[:beam_size].tolist()
        places = [divmod(place, grown.shape[1]) for place in order]
        for parent, word in places:
            if word == EOS and grown[parent, EOS] > best_score:
                best, best_score = open_words[parent], grown[parent, EOS]
        going_on = [(parent, word) for parent, word in places if word != EOS and grown[parent, word] > best_score]
        if not going_on:  # scores only fall
            return best, best_score
        parents, words = (torch.tensor(part, device=memory.device) for part in zip(*going_on, strict=True))
        open_words = [[*open_words[parent], word] for parent, word in going_on]
        scores, states, token = grown[parents, words], states[parents], words
    return open_words[0], scores[0]


@contextlib.contextmanager
def asked_quietly(model):
    mode = model.training
    try:
        with torch.no_grad():
            yield model.eval()
    finally:
        model.train(mode)
