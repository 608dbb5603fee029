"""A complete solution written with einsum on one-hot vectors, and with all coins tossed before the first step."""

import torch
from torch import nn

PAD, UNK, BOS, EOS = 0, 1, 2, 3


def source_mask(src, lengths):
    return torch.arange(src.shape[1], device=src.device) < lengths.to(src.device)[:, None]


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
