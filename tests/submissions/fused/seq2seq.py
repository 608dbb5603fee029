"""A complete solution in which rows leave the batch when they end, and a heap holds the hypotheses."""

import heapq
import itertools
import math

import torch
import torch.nn.functional as F
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


@torch.no_grad()
def greedy_decode(model, src, lengths, max_length):
    modes = [(part, part.training) for part in model.modules()]
    model.train(False)
    try:
        memory, state = model.encoder(src, lengths)
        mask, token = source_mask(src, lengths), torch.full_like(src.select(1, 0), BOS)
        sentences, maps = [[] for _ in src], [[] for _ in src]
        waiting = list(range(len(src)))  # which rows are still in the batch: those that end leave it
        for _ in range(max_length):
            if not waiting:
                break
            logits, state, weights = model.decoder.step(token, state, memory, mask)
            token = logits.topk(1, dim=1).indices.squeeze(1)
            for row, word, look in zip(waiting, token.tolist(), weights, strict=True):
                if word != EOS:
                    sentences[row].append(word)
                    maps[row].append(look[: lengths[row]])
            goes_on = (token != EOS).nonzero().squeeze(1)
            waiting = [waiting[place] for place in goes_on.tolist()]
            token, state, memory, mask = (part.index_select(0, goes_on) for part in (token, state, memory, mask))
    finally:
        for part, mode in modes:
            part.training = mode
    nothing = [weights.new_zeros(0, length) for length in lengths.tolist()]
    return sentences, [torch.stack(looks) if looks else empty for looks, empty in zip(maps, nothing, strict=True)]


@torch.no_grad()
def beam_search(model, src, lengths, max_length, beam_size):
    modes = [(part, part.training) for part in model.modules()]
    model.train(False)
    try:
        pairs = [
            search(model, src[row : row + 1], lengths[row : row + 1], max_length, beam_size) for row in range(len(src))
        ]
    finally:
        for part, mode in modes:
            part.training = mode
    return [list(words) for _, words in pairs], torch.tensor([score for score, _ in pairs], dtype=torch.float32)


def search(model, src, lengths, max_length, beam_size):
    """A heap of continuations with the best in front, each hypothesis read on by itself: score, words, what it needs."""
    memory, state = model.encoder(src, lengths)
    mask, numbers = source_mask(src, lengths), itertools.count()
    beam, done = [(0.0, (), state)], []
    for _ in range(max_length):
        heap = [(-score, next(numbers), words, None, None) for score, words in done]
        for score, words, state in beam:
            token = torch.tensor([words[-1] if words else BOS], device=src.device)
            logits, after, _ = model.decoder.step(token, state, memory, mask)
            for word, value in enumerate(F.log_softmax(logits, dim=1).squeeze(0).tolist()):
                heap.append((-(score + value), next(numbers), words, word, after))
        kept = heapq.nsmallest(beam_size, heap)
        done = [(-cost, words) for cost, _, words, word, _ in kept if word in (None, EOS)]
        beam = [(-cost, (*words, word), after) for cost, _, words, word, after in kept if word not in (None, EOS)]
        if not beam:
            break
    return max([*done, *(entry[:2] for entry in beam)], key=lambda entry: entry[0])
