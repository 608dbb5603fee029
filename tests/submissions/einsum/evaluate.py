@torch.no_grad()
def evaluate(model, batches):
    mode = model.training
    counts, sides = torch.zeros(2, 2, dtype=torch.int64), torch.arange(2)
    try:
        model.train(False)
        for ids, lengths, labels in batches:
            answers = (model(ids, lengths) > 0).cpu()
            asked = (labels.cpu()[:, None] == sides).long()
            said = (answers[:, None] == sides).long()
            counts += torch.einsum("ni,nj->ij", asked, said)
    finally:
        model.train(mode)
    return counts
