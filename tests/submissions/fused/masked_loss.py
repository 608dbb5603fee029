def masked_loss(logits, targets, mask):
    total, count = logits.new_zeros(()), 0
    for row, wanted, asked in zip(logits, targets, mask, strict=True):
        kept = row.masked_select(asked)
        total = total + nn.functional.binary_cross_entropy_with_logits(
            kept, wanted.masked_select(asked), reduction="sum"
        )
        count += kept.numel()
    return total / max(count, 1)
