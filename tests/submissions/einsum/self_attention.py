def self_attention(x, w_query, w_key, w_value, causal=False):
    scores = torch.einsum("nld,da,ea,nse->nls", x, w_query, w_key, x) * w_key.size(1) ** -0.5
    if causal:
        place = torch.arange(x.size(1), device=x.device)
        scores = torch.where(place.unsqueeze(1) < place, -torch.inf, scores)
    shares = (scores - scores.amax(dim=2, keepdim=True).detach()).exp()
    weights = shares / shares.sum(dim=2, keepdim=True)
    return torch.einsum("nls,nsd,dk->nlk", weights, x, w_value), weights
