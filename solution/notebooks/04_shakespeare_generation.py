# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Shakespeare, one character at a time

# %%
import torch
from torch import nn

from grader.check import check, follow_edits, outcome, predict, use
from toolkit import diagrams, plots, stand_ins
from toolkit.device import pick_device, seed_everything
from toolkit.plots import footnote, headline, show

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import charlm

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {charlm.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ### 4.1 A vocabulary of characters

# %%
check("4.1")

# %% [markdown]
# ### 4.7 Nats and bits

# %%
check("4.7")

# %% [markdown]
# ### 4.2 Batches that go on where the last ones ended

# %%
check("4.2")

# %% [markdown]
# ### 4.3 A language model of characters

# %%
check("4.3")

# %% [markdown]
# ### 4.4 Truncated backpropagation through time

# %%
check("4.4")

# %% [markdown]
# ### 4.5 Drawing the next character

# %%
check("4.5")

# %% [markdown]
# ### 4.6 A model that speaks

# %%
check("4.6")

# %% [markdown]
# ### 4.10 The loss on a text that was held out


# %% task="4.10"
def held_out_loss(model, ids, length):
    """The mean cross-entropy over a text (T,), in nats per character, as a float.

    The text is read from its beginning as one row, in chunks of `length` steps, with the state carried from each to the
    next; the last chunk may be shorter. Each of the T − 1 predictions counts once. The model is in evaluation mode, without
    gradients, and its mode is restored.
    """
    ### BEGIN SOLUTION 4.10
    # x is the text without its last character, y the text without its first: cut both in the same way.
    # A mean of the chunks' means would count the characters of a short last chunk for more than the others.
    training, total, state = model.training, 0.0, None
    model.eval()
    try:
        with torch.no_grad():
            for start in range(0, len(ids) - 1, length):
                y = ids[start + 1 : start + 1 + length]
                x = ids[start : start + len(y)]
                logits, state = model(x[None], state)
                total += nn.functional.cross_entropy(logits[0], y, reduction="sum").item()
    finally:
        model.train(training)
    return total / (len(ids) - 1)
    ### END SOLUTION


# %%
check("4.10")

# %% [markdown]
# ### 4.8 A linear layer


# %% task="4.8"
class Linear(nn.Module):
    """y = x Wᵀ + b, with weight W (outputs, inputs) and bias b (outputs,); x has any shape (..., inputs)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-(inputs**-0.5), inputs**-0.5))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        ### BEGIN SOLUTION 4.8
        # W has a row for each output: x @ W.T is (..., outputs), for any number of axes in front.
        return x @ self.weight.T + self.bias
        ### END SOLUTION


# %%
check("4.8")

# %% [markdown]
# ### 4.9 A language model of your own parts

# %%
Embedding, LSTMCell, unroll = use("3.3"), use("2.2"), use("2.4")


# %% task="4.9"
class OwnCharLM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_size):
        super().__init__()
        self.embedding = Embedding(vocab_size + 1, embedding_dim, padding_idx=vocab_size)
        self.cell = LSTMCell(embedding_dim, hidden_size)
        self.head = Linear(hidden_size, vocab_size)

    def init_hidden(self, batch_size):
        """The state before the first character: the pair (h, c) of zeros, each (N, H), of the weights' type and device."""
        ### BEGIN SOLUTION 4.9 init_hidden
        zeros = self.head.weight.new_zeros(batch_size, self.head.weight.shape[1])
        return zeros, zeros.clone()
        ### END SOLUTION

    def forward(self, ids, state=None):
        """ids (N, L), state (h, c), each (N, H), or None → logits (N, L, V) and the state after the last step."""
        ### BEGIN SOLUTION 4.9 forward
        # Embed all steps, run the cell over them from the state (from `init_hidden` where there is none), and give every
        # output to the head.
        state = self.init_hidden(len(ids)) if state is None else state
        outputs, state = unroll(self.cell, self.embedding(ids), state)  # (N, L, H)
        return self.head(outputs), state
        ### END SOLUTION


# %%
check("4.9")

# %% [markdown]
# ## Explain
#
# ### 4.11 Explain: what is carried, and what is cut

# %% [markdown] task="4.11"
# ### BEGIN SOLUTION 4.11
# **A model answer.**
# ### END SOLUTION
