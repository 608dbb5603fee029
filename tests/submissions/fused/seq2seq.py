"""A complete solution written with gather, torch.bernoulli and generators of Python's."""

import torch
import torch.nn.functional as F
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
