def train_step(model, optimizer, x, y, max_norm):
    predicted, _ = model(x)
    loss = torch.einsum("nlf,nlf->", predicted - y, predicted - y) / y.numel()
    optimizer.zero_grad(set_to_none=False)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        parameter.grad = gradient
    torch.nn.utils.clip_grad_norm_(list(model.parameters()), max_norm, foreach=False)
    optimizer.step()
    return loss.detach().item()
