def self_attention(x, w_query, w_key, w_value, causal=False):
    size, places = w_query.shape[1], x.shape[1]
    projected = x @ torch.cat([w_query, w_key, w_value], dim=1)
    query, key, value = projected.split([size, size, w_value.shape[1]], dim=2)
    bias = x.new_zeros(places, places)
    if causal:
        bias = bias.masked_fill(torch.ones_like(bias).triu(1) > 0, -torch.inf)
    scores = torch.baddbmm(bias.expand(len(x), -1, -1), query, key.mT, alpha=size**-0.5)
    weights = torch.nn.functional.softmax(scores, dim=2)
    return torch.bmm(weights, value), weights
