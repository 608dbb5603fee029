"""A complete solution written with einsum on one-hot vectors, places of a text as index arithmetic and one uniform draw."""

import torch
from torch import nn


class CharVocabulary:
    def __init__(self, characters):
        self.characters = [*characters]
        self.index = dict(zip(self.characters, range(len(self.characters)), strict=True))

    def __len__(self):
        return len(self.index)

    @classmethod
    def build(cls, text):
        kept = []
        for character in sorted(text):
            if kept[-1:] != [character]:
                kept.append(character)
        return cls(kept)

    def encode(self, text):
        ids = []
        for character in text:
            number = self.index.get(character, -1)
            if number < 0:
                raise ValueError("no id for " + repr(character))
            ids.append(number)
        return ids

    def decode(self, ids):
        text = ""
        for number in ids:
            text += self.characters[int(number)]
        return text


def stream_batches(ids, batch_size, length):
    # the stretches may be longer than a whole number of chunks: what is over stays at the end of each
    stretch = (len(ids) - 1) // batch_size
    if stretch < length:
        raise ValueError(f"{len(ids)} ids have no room for {batch_size} rows of {length} steps")
    starts = torch.arange(batch_size, device=ids.device).unsqueeze(1) * stretch
    steps = torch.arange(length, device=ids.device)
    for first in range(0, stretch - length + 1, length):
        places = starts + steps + first
        yield ids[places], ids[places + 1]


class CharLM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers=1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids, state=None):
        table = self.embedding.weight
        one_hot = (ids.unsqueeze(-1) == torch.arange(len(table), device=ids.device)).to(table)
        outputs = []
        for x in torch.einsum("nlv,ve->lne", one_hot, table):
            output, state = self.rnn(x.unsqueeze(1), state)
            outputs.append(output)
        return torch.einsum("nlh,vh->nlv", torch.cat(outputs, 1), self.head.weight) + self.head.bias, state


def train_chunk(model, optimizer, x, y, state, max_norm):
    if state is not None:
        state = [part.detach().clone() for part in state]
    logits, (h, c) = model(x, state if state is None else tuple(state))
    likely = logits - logits.logsumexp(dim=-1, keepdim=True)
    loss = -likely.gather(-1, y.unsqueeze(-1)).mean()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    grads = torch.autograd.grad(loss, parameters, allow_unused=True)
    squares = sum(torch.einsum("...,...->", grad, grad) for grad in grads if grad is not None)
    factor = (max_norm / (squares**0.5 + 1e-6)).clamp(max=1)
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = None if grad is None else grad * factor
    optimizer.step()
    return float(loss), (h.detach(), c.detach())


def sample(logits, temperature=1.0, top_k=None, generator=None):
    if temperature < 0:
        raise ValueError("a temperature is not negative")
    if top_k is not None and top_k <= 0:
        raise ValueError("top_k leaves nothing to draw")
    ranked, places = logits.double().sort(dim=-1, descending=True, stable=True)
    ranked, places = ranked[..., :top_k], places[..., :top_k]
    if temperature == 0:
        return places[..., 0]
    return places.gather(-1, cut_by_chance((ranked - ranked[..., :1]) / temperature, generator))[..., 0]


def cut_by_chance(scores, generator):
    """One uniform number for each row falls into the stretch of one of the probabilities, laid end to end."""
    ends = scores.softmax(dim=-1).cumsum(dim=-1)
    device = scores.device if generator is None else generator.device
    fallen = torch.rand(*scores.shape[:-1], 1, generator=generator, device=device, dtype=scores.dtype)
    return (ends <= fallen.to(scores.device) * ends[..., -1:]).sum(dim=-1, keepdim=True)


@torch.no_grad()
def generate(model, prompt_ids, length, temperature=1.0, generator=None):
    mode = model.training
    model.train(False)
    try:
        logits, state = model(prompt_ids.unsqueeze(0), None)
        said = prompt_ids.new_empty(1, length)
        for step in range(length):
            if step:
                logits, state = model(said[:, step - 1 : step], state)
            said[:, step] = sample(logits[:, -1], temperature, None, generator)
    finally:
        model.train(mode)
    return said.squeeze(0)


LN_2 = 0.6931471805599453


def bits_per_character(nats):
    return nats / LN_2
