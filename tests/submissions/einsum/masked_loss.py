def masked_loss(logits, targets, mask):
    asked = torch.where(mask, logits, 0)
    each = torch.nn.functional.softplus(asked) - asked * targets  # −log σ(a) or −log(1 − σ(a))
    return torch.einsum("nl,nl->", each, mask.to(each.dtype)) / mask.sum().clamp(min=1)
