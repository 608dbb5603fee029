def train_step(model, optimizer, x, y, max_norm):
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None
    error = model(x)[0] - y
    loss = torch.mean(error * error)
    loss.backward()
    grads = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    total = torch.sqrt(sum((grad**2).sum() for grad in grads))
    scale = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    for grad in grads:
        grad.mul_(scale)
    optimizer.step()
    return float(loss)
