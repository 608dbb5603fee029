def alignment_error_rate(maps, links):
    # links as matrices of 0 and 1, so that the counts are sums of products
    both, sizes = 0.0, 0.0
    for weights, pairs in zip(maps, links, strict=True):
        rows = torch.arange(weights.shape[0])
        said, known = torch.zeros(weights.shape), torch.zeros(weights.shape)
        said[rows, weights.detach().cpu().max(dim=1).indices] = 1
        for source, target in pairs:
            if target < len(rows):
                known[target, source] = 1
        both += torch.einsum("ts,ts->", said, known).item()
        sizes += said.sum().item() + len(pairs)
    return (sizes - 2 * both) / sizes if sizes else 0.0
