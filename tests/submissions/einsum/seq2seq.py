"""A complete solution written with einsum, gates by hand and a softmax of its own."""

import contextlib
import math

import torch
from torch import nn

PAD, UNK, BOS, EOS = 0, 1, 2, 3


def source_mask(src, lengths):
    steps = torch.arange(src.size(1), device=src.device)
    return steps.expand_as(src) < lengths.to(src.device).unsqueeze(1)


def gru_step(gates, h, weight_hh, bias_hh):
    """A step from W_ih x + b_ih, the three gates below each other."""
    r, z, n = gates.chunk(3, dim=1)
    r_h, z_h, n_h = (torch.einsum("nh,gh->ng", h, weight_hh) + bias_hh).chunk(3, dim=1)
    r, z = (r + r_h).sigmoid(), (z + z_h).sigmoid()
    n = (n + r * n_h).tanh()
    return n + z * (h - n)


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, src, lengths):
        x, real = self.embedding(src), source_mask(src, lengths).unsqueeze(2)
        steps = range(src.size(1))
        read = [self.one_way(x, real, "l0", steps), self.one_way(x, real, "l0_reverse", reversed(steps))]
        return tuple(torch.cat(parts, dim=-1) for parts in zip(*read, strict=True))

    def one_way(self, x, real, layer, steps):
        """The states at real tokens, zeros elsewhere, and the last of them. At padding the state waits."""
        weight_ih, weight_hh, bias_ih, bias_hh = (
            getattr(self.rnn, f"{name}_{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        gates = torch.einsum("nse,ge->nsg", x, weight_ih) + bias_ih
        h, states = x.new_zeros(x.size(0), self.rnn.hidden_size), {}
        for t in steps:
            h = torch.where(real[:, t], gru_step(gates[:, t], h, weight_hh, bias_hh), h)
            states[t] = torch.where(real[:, t], h, 0)
        return torch.stack([states[t] for t in sorted(states)], dim=1), h


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, attention_size):
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(key_size, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)

    def forward(self, query, keys, mask):
        asked = torch.einsum("nq,aq->na", query, self.query.weight)
        offered = torch.einsum("nsk,ak->nsa", keys, self.key.weight)
        scores = torch.einsum("nsa,a->ns", (offered + asked[:, None]).tanh(), self.score.weight[0])
        highest = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).amax(dim=1, keepdim=True)
        shares = torch.where(mask, scores - highest, 0).exp() * mask
        weights = shares / (shares.sum(dim=1, keepdim=True) + ~mask.any(dim=1, keepdim=True))
        return torch.einsum("ns,nsk->nk", weights, keys), weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embedding_dim + hidden_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, vocab_size)

    def step(self, token, state, memory, mask):
        context, weights = self.attention(state, memory, mask)
        of_token, of_context = self.cell.weight_ih.tensor_split([self.embedding.embedding_dim], dim=1)
        gates = torch.einsum("ne,ge->ng", self.embedding.weight[token], of_token) + self.cell.bias_ih
        gates = gates + torch.einsum("nh,gh->ng", context, of_context)
        state = gru_step(gates, state, self.cell.weight_hh, self.cell.bias_hh)
        seen = torch.stack([state, context], dim=1)
        table = self.output.weight.unflatten(1, (2, -1))
        return torch.einsum("nih,vih->nv", seen, table) + self.output.bias, state, weights


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src, lengths, tgt, teacher_forcing=1.0, generator=None):
        where = tgt.device if generator is None else generator.device
        forced = torch.rand(tgt.shape, generator=generator, device=where).to(tgt.device) < teacher_forcing
        (memory, state), mask = self.encoder(src, lengths), source_mask(src, lengths)
        behind = torch.cat([torch.full_like(tgt[:, :1], BOS), tgt[:, :-1]], dim=1)  # what gold would feed
        scores = []
        for step, gold in enumerate(behind.T):
            won = forced[:, step - 1].long() if step else torch.ones_like(gold)
            own = scores[-1].argmax(1) if step else gold
            logits, state, _ = self.decoder.step(won * gold + (1 - won) * own, state, memory, mask)
            scores.append(logits)
        return torch.stack(scores).transpose(0, 1)


def masked_cross_entropy(logits, targets, pad=PAD):
    likely = logits - logits.logsumexp(dim=-1, keepdim=True)
    words = torch.arange(logits.shape[-1], device=logits.device)
    wanted = ((targets[..., None] == words) & (targets[..., None] != pad)).to(logits)  # one-hot, and zeros at padding
    return -torch.einsum("ntv,ntv->", likely, wanted) / wanted.sum().clamp(min=1)


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
