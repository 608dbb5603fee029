def held_out_loss(model, ids, length):
    # a running mean: each chunk moves it by its share of all that was predicted so far
    was_training, mean, count, state = model.training, 0.0, 0, None
    model.eval()
    try:
        while count < ids.numel() - 1:
            steps = min(length, ids.numel() - 1 - count)
            with torch.no_grad():
                logits, state = model(ids.narrow(0, count, steps).view(1, -1), state)
                loss = nn.functional.cross_entropy(logits.transpose(1, 2), ids.narrow(0, count + 1, steps).view(1, -1))
            count += steps
            mean += (float(loss) - mean) * steps / count
    finally:
        model.train(was_training)
    return mean
