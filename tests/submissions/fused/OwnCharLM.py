class OwnCharLM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = Embedding(vocab_size + 1, embedding_dim, padding_idx=vocab_size)
        self.cell = LSTMCell(embedding_dim, hidden_size)
        self.head = Linear(hidden_size, vocab_size)

    def init_hidden(self, batch_size):
        h = next(self.head.parameters()).new_zeros((batch_size, self.head.weight.size(1)))
        return h, torch.zeros_like(h)

    def forward(self, ids, state=None):
        h, c = state or self.init_hidden(ids.size(0))
        outputs, state = unroll(self.cell, self.embedding(ids.flatten()).view(*ids.shape, -1), (h, c))
        return self.head(outputs.flatten(0, 1)).unflatten(0, ids.shape), state
