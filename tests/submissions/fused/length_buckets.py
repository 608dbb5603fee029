def length_buckets(lengths, batch_size, generator):
    # shuffled first, so that sequences of one length change their company; what is left over are the shortest
    shuffled = torch.randperm(len(lengths), generator=generator)
    places = shuffled[lengths[shuffled].sort(stable=True).indices].tolist()
    batches = []
    while places:
        batches.append(torch.tensor(places[-batch_size:]))
        del places[-batch_size:]
    for last in range(len(batches) - 1, 0, -1):  # Fisher and Yates
        other = int(torch.randint(last + 1, (), generator=generator))
        batches[last], batches[other] = batches[other], batches[last]
    return batches
