"""A complete solution written with einsum, gates by hand and a softmax of its own."""

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
