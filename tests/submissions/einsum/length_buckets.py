def length_buckets(lengths, batch_size, generator):
    ranked = torch.sort(lengths, descending=True).indices
    starts = torch.arange(0, len(ranked), batch_size)
    drawn = torch.rand(len(starts), generator=generator, dtype=torch.float64).argsort()
    return [ranked[start : start + batch_size] for start in starts[drawn].tolist()]
