class OwnCharLM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.embedding = Embedding(vocab_size + 1, embedding_dim, padding_idx=vocab_size)
        self.cell = LSTMCell(embedding_dim, hidden_size)
        self.head = Linear(hidden_size, vocab_size)

    def init_hidden(self, batch_size):
        bias = self.head.bias
        return torch.zeros(2, batch_size, self.hidden_size, dtype=bias.dtype, device=bias.device).unbind()

    def forward(self, ids, state=None):
        # without `unroll`: each step's logits as soon as the cell has read it
        logits = []
        for step in range(ids.shape[1]):
            state = self.cell(self.embedding(ids[:, step]), self.init_hidden(ids.shape[0]) if state is None else state)
            logits.append(self.head(state[0]))
        return torch.stack(logits, dim=1), state
