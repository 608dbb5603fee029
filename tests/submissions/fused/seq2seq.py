"""A complete solution with fused products, sentences read one by one, and torch's own layers."""

import heapq
import itertools

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
