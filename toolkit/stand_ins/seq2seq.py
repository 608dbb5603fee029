"""Stand-ins of notebook 5."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

__all__ = [
    "AdditiveAttention",
    "Decoder",
    "Encoder",
    "Seq2Seq",
    "alignment_error_rate",
    "beam_search",
    "greedy_decode",
    "masked_cross_entropy",
    "self_attention",
]

PAD, BOS, EOS = 0, 2, 3


def mask_of(src, lengths):
    return torch.arange(src.shape[1], device=src.device).expand(src.shape) < lengths.to(src.device).unsqueeze(1)


class Encoder(nn.Module):
    """A bidirectional GRU, packed, by `torch.nn`."""

    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, src, lengths):
        packed = pack_padded_sequence(self.embedding(src), lengths, batch_first=True, enforce_sorted=False)
        packed, last = self.rnn(packed)
        return pad_packed_sequence(packed, batch_first=True, total_length=src.shape[1])[0], last.movedim(0, 1).flatten(
            1
        )


class AdditiveAttention(nn.Module):
    """Scores by three linear layers, and a softmax over what is shown."""

    def __init__(self, query_size, key_size, attention_size):
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(key_size, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)

    def forward(self, query, keys, mask):
        scores = self.score((self.query(query).unsqueeze(1) + self.key(keys)).tanh())[..., 0]
        weights = torch.where(mask, scores, -torch.inf).softmax(-1)
        weights = torch.where(mask, weights, 0)
        return torch.einsum("ns,nsk->nk", weights, keys), weights


class Decoder(nn.Module):
    """A GRU cell that is fed what was looked at, by `torch.nn`."""

    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embedding_dim + hidden_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, vocab_size)

    def step(self, token, state, memory, mask):
        context, weights = self.attention(state, memory, mask)
        state = self.cell(torch.hstack([self.embedding(token), context]), state)
        return self.output(torch.hstack([state, context])), state, weights


class Seq2Seq(nn.Module):
    """Encoder and decoder, with coins for teacher forcing."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src, lengths, tgt, teacher_forcing=1.0, generator=None):
        memory, state = self.encoder(src, lengths)
        mask, token, found = mask_of(src, lengths), tgt.new_full((len(tgt),), BOS), []
        for gold in tgt.unbind(dim=1):
            logits, state, _ = self.decoder.step(token, state, memory, mask)
            found.append(logits)
            token = gold
            if teacher_forcing < 1:
                own = torch.rand(len(gold), generator=generator).to(gold.device) >= teacher_forcing
                token = gold.where(~own, logits.argmax(-1))
        return torch.stack(found, dim=1)


def masked_cross_entropy(logits, targets, pad=PAD):
    """The mean over real tokens, picked out first."""
    real = targets != pad
    if not real.any():
        return logits.sum() * 0
    return nn.functional.cross_entropy(logits[real], targets[real])


def greedy_decode(model, src, lengths, max_length):
    """The likeliest token in each step, until every row has ended."""
    training, said, looks = model.training, [], []
    model.eval()
    try:
        with torch.no_grad():
            memory, state = model.encoder(src, lengths)
            mask, token = mask_of(src, lengths), src.new_full((len(src),), BOS)
            for _ in range(max_length):
                logits, state, weights = model.decoder.step(token, state, memory, mask)
                token = logits.argmax(-1)
                said.append(token)
                looks.append(weights)
                if (torch.stack(said) == EOS).any(0).all():
                    break
    finally:
        model.train(training)
    sentences, maps = [], []
    for row, (ids, look) in enumerate(zip(torch.stack(said, 1).tolist(), torch.stack(looks, 1), strict=True)):
        end = ids.index(EOS) if EOS in ids else len(ids)
        sentences.append(ids[:end])
        maps.append(look[:end, : int(lengths[row])])
    return sentences, maps


def beam_search(model, src, lengths, max_length, beam_size):
    """One sentence after another, with a list of hypotheses."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            memory, state = model.encoder(src, lengths)
            mask = mask_of(src, lengths)
            found = [
                _beam(model, state[row : row + 1], memory[row : row + 1], mask[row : row + 1], max_length, beam_size)
                for row in range(len(src))
            ]
    finally:
        model.train(training)
    return [words for words, _ in found], torch.stack([score for _, score in found])


def _beam(model, state, memory, mask, max_length, beam_size):
    beam = [((), memory.new_zeros(()), state, BOS)]  # words, score, state, the last token
    for _ in range(max_length):
        if all(last == EOS for *_, last in beam):
            break
        grown = [entry for entry in beam if entry[-1] == EOS]
        open_ = [entry for entry in beam if entry[-1] != EOS]
        tokens = torch.tensor([last for *_, last in open_], device=memory.device)
        states = torch.cat([kept for _, _, kept, _ in open_])
        rows = len(open_)
        logits, states, _ = model.decoder.step(tokens, states, memory.expand(rows, -1, -1), mask.expand(rows, -1))
        logp = logits.log_softmax(-1)
        for place, (words, score, _, _) in enumerate(open_):
            best = logp[place].topk(min(beam_size, logp.shape[1]))
            for value, token in zip(best.values, best.indices.tolist(), strict=True):
                ended = words if token == EOS else (*words, token)
                grown.append((ended, score + value, states[place : place + 1], token))
        beam = sorted(grown, key=lambda entry: -float(entry[1]))[:beam_size]
    words, score, *_ = beam[0]
    return list(words), score


def alignment_error_rate(maps, links):
    """The largest weight of each row against the links, counted over all sentences."""
    right = given = 0
    for weights, pairs in zip(maps, links, strict=True):
        said = {(place, row) for row, place in enumerate(weights.argmax(dim=1).tolist())} if len(weights) else set()
        known = {tuple(link) for link in pairs}
        right += len(said & known)
        given += len(said) + len(known)
    return 1 - 2 * right / given if given else 0.0


def self_attention(x, w_query, w_key, w_value, causal=False):
    """Scaled dot-product attention of a sequence to itself, by `scaled_dot_product_attention` for the outputs."""
    query, key, value = x @ w_query, x @ w_key, x @ w_value
    places = torch.arange(x.shape[1], device=x.device)
    seen = places[:, None] >= places if causal else torch.ones(len(places), len(places), device=x.device).bool()
    scores = torch.einsum("nla,nsa->nls", query, key) / query.shape[-1] ** 0.5
    weights = torch.where(seen, scores, -torch.inf).softmax(dim=-1)
    return nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=seen), weights
