from collections import Counter
from contextlib import contextmanager


@contextmanager
def asking(model):
    was_training = model.training
    with torch.inference_mode():
        try:
            yield model.eval()
        finally:
            model.train(was_training)


def evaluate(model, batches):
    seen = Counter()
    with asking(model) as asked:
        for ids, lengths, labels in batches:
            positive = asked(ids, lengths).gt(0)
            seen.update(zip(labels.tolist(), positive.tolist(), strict=True))
    return torch.tensor([[seen[label, answer] for answer in (False, True)] for label in (0, 1)], dtype=torch.int64)
