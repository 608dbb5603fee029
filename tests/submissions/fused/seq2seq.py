"""A complete solution with fused products, sentences read one by one, and torch's own layers."""

import torch
import torch.nn.functional as F
from torch import nn

PAD, UNK, BOS, EOS = range(4)


def source_mask(src, lengths):
    steps = torch.arange(src.shape[1], device=src.device)
    return lengths.to(src.device)[:, None].gt(steps)


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.GRU(embedding_dim, hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, src, lengths):
        memory, states = [], []
        for x, length in zip(self.embedding(src), lengths.tolist(), strict=True):
            outputs, h_n = self.rnn(x[:length])  # one sentence, without an axis for the batch
            memory.append(F.pad(outputs, (0, 0, 0, len(x) - length)))
            states.append(h_n.flatten())
        return torch.stack(memory), torch.stack(states)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, attention_size):
        super().__init__()
        self.query = nn.Linear(query_size, attention_size, bias=False)
        self.key = nn.Linear(key_size, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)

    def forward(self, query, keys, mask):
        pairs = torch.cat([query[:, None].expand(-1, keys.shape[1], -1), keys], dim=2)
        hidden = F.linear(pairs, torch.cat([self.query.weight, self.key.weight], dim=1)).tanh()
        scores = self.score(hidden)[..., 0]
        lowest = torch.finfo(scores.dtype).min
        weights = F.softmax(scores.where(mask, lowest), dim=-1) * mask  # a row of lowest numbers alone has shares too
        return (keys.mT @ weights[..., None])[..., 0], weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embedding_dim + hidden_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, vocab_size)

    def step(self, token, state, memory, mask):
        context, weights = self.attention(query=state, keys=memory, mask=mask)
        read = torch.hstack((F.embedding(token, self.embedding.weight), context))
        h = torch.gru_cell(read, state, self.cell.weight_ih, self.cell.weight_hh, self.cell.bias_ih, self.cell.bias_hh)
        of_state, of_context = self.output.weight.chunk(2, dim=1)
        logits = torch.addmm(F.linear(context, of_context, self.output.bias), h, of_state.mT)
        return logits, h, weights


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src, lengths, tgt, teacher_forcing=1.0, generator=None):
        return torch.cat(list(self.scores(src, lengths, tgt, teacher_forcing, generator)), dim=1)

    def scores(self, src, lengths, tgt, share, generator):
        """The logits of one step after another, each (N, 1, V)."""
        memory, state = self.encoder(src, lengths)
        mask = source_mask(src, lengths)
        token = tgt.new_tensor([BOS]).expand(tgt.size(0))
        for gold in tgt.split(1, dim=1):
            logits, state, _ = self.decoder.step(token, state=state, memory=memory, mask=mask)
            yield logits[:, None]
            either = torch.cat([logits.argmax(dim=1, keepdim=True), gold], dim=1)  # (N, 2): own, gold
            token = either.gather(1, coins(gold, share, generator)).squeeze(1)


def coins(like, share, generator):
    """1 with this share and else 0, on the generator's device and then beside `like`."""
    device = generator.device if generator is not None else like.device
    return torch.bernoulli(torch.full(like.shape, float(share), device=device), generator=generator).to(like)


def masked_cross_entropy(logits, targets, pad=PAD):
    total = F.nll_loss(logits.log_softmax(dim=2).permute(0, 2, 1), targets, ignore_index=pad, reduction="sum")
    count = torch.count_nonzero(targets - pad)
    return total / torch.where(count == 0, 1, count)
