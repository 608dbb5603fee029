"""A complete solution written with str.translate, unfold, fused calls on the layers' weights and Gumbel's noise."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class CharVocabulary:
    def __init__(self, characters):
        self.characters = list(characters)
        self.index = {character: number for number, character in enumerate(self.characters)}

    def __len__(self):
        return len(self.characters)

    @classmethod
    def build(cls, text):
        return cls(map(chr, sorted({ord(character) for character in text})))

    def encode(self, text):
        try:
            return [*map(self.index.__getitem__, text)]
        except KeyError as missing:
            raise ValueError(f"the vocabulary lacks {missing}") from None

    def decode(self, ids):
        numbers = torch.as_tensor(ids, dtype=torch.int64).tolist()
        return "".join(map(chr, numbers)).translate(dict(enumerate(self.characters)))


def stream_batches(ids, batch_size, length):
    chunks = (ids.numel() - 1) // batch_size // length
    if chunks <= 0:
        raise ValueError("the text is too short for these sizes")
    x, y = (late.unfold(0, length, length)[: batch_size * chunks] for late in (ids[:-1], ids[1:]))
    return zip(*(part.unflatten(0, (batch_size, chunks)).transpose(0, 1) for part in (x, y)), strict=True)


class CharLM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers=1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids, state=None):
        if state is None:
            zeros = self.head.weight.new_zeros(self.rnn.num_layers, ids.size(0), self.rnn.hidden_size)
            state = zeros, zeros
        outputs, state = self.rnn(F.embedding(ids, self.embedding.weight), state)
        logits = torch.addmm(self.head.bias, outputs.reshape(-1, outputs.size(2)), self.head.weight.T)
        return logits.view(*ids.shape, -1), state


def train_chunk(model, optimizer, x, y, state, max_norm):
    match state:
        case (h, c):
            state = (h.detach(), c.detach())
    model.zero_grad()
    logits, (h, c) = model(x, state)
    loss = F.nll_loss(F.log_softmax(logits, dim=2).transpose(1, 2), y)
    loss.backward()
    with torch.no_grad():
        grads = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        total = math.sqrt(sum(grad.double().pow(2).sum().item() for grad in grads))
        if total > max_norm:
            torch._foreach_mul_(grads, max_norm / total)
    optimizer.step()
    return loss.detach().item(), (h.detach(), c.detach())


def sample(logits, temperature=1.0, top_k=None, generator=None):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"temperature {temperature} and top_k {top_k} leave nothing to draw")
    if temperature == 0:
        return logits.max(dim=-1).indices
    scores = logits.double()
    scores = (scores - scores.max(dim=-1, keepdim=True).values) / temperature
    if top_k is not None and top_k < scores.size(-1):
        least = scores.kthvalue(scores.size(-1) + 1 - top_k, dim=-1, keepdim=True).values
        scores = scores.masked_fill(scores < least, -math.inf)
    return (scores + gumbel(scores, generator)).argmax(dim=-1)


def gumbel(scores, generator):
    """Noise with which the largest sum falls on each id as often as its softmax says (Gumbel, 1954)."""
    device = scores.device if generator is None else generator.device
    uniform = torch.rand(scores.size(), dtype=scores.dtype, device=device, generator=generator)
    return -uniform.clamp(min=1e-300).log().neg().log().to(scores.device)


def generate(model, prompt_ids, length, temperature=1.0, generator=None):
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}")
    modes = [(part, part.training) for part in model.modules()]
    try:
        with torch.set_grad_enabled(False):
            return torch.tensor(list(spoken(model.eval(), prompt_ids, length, temperature, generator))).to(prompt_ids)
    finally:
        for part, training in modes:
            part.training = training


def spoken(model, prompt_ids, length, temperature, generator):
    """The ids of a text, drawn one after another without `sample`."""
    fed, state = prompt_ids.view(1, -1), None
    for _ in range(length):
        logits, state = model(fed, state)
        last = logits[0, -1]
        if temperature > 0:
            fed = torch.multinomial(F.softmax((last - last.max()) / temperature, dim=0), 1, generator=generator)[None]
        else:
            fed = last.argmax().view(1, 1)
        yield fed.item()


def bits_per_character(nats):
    return nats * math.log2(math.e)
