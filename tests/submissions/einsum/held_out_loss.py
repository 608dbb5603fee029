@torch.no_grad()
def held_out_loss(model, ids, length):
    mode, state, losses = model.training, None, []
    try:
        model.train(False)
        for start in range(0, len(ids) - 1, length):
            piece = ids[start : start + length + 1]  # with the first character of the next chunk
            logits, state = model(piece[None, :-1], state)
            likely = logits.log_softmax(dim=-1).squeeze(0)
            losses.append(-torch.einsum("lv,lv->l", likely, torch.eye(likely.shape[1]).to(likely)[piece[1:]]))
    finally:
        model.train(mode)
    return torch.cat(losses).mean().item()
