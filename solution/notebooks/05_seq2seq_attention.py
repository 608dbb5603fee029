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
# # 5 · English to French, with attention

# %%
import torch
from torch import nn

from grader.check import check, follow_edits, outcome, predict, use
from toolkit import diagrams, plots, stand_ins
from toolkit.device import pick_device, seed_everything
from toolkit.plots import footnote, headline, show
from toolkit.recorded import recorded
from toolkit.tables import show_table

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import seq2seq

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {seq2seq.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ### 5.1 An encoder that reads both ways
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `Encoder.forward` in `starter/seq2seq.py`*

# %%
check("5.1")

# %% [markdown]
# ### 5.2 Additive attention
#
# *25 minutes · difficulty 2 of 3 · 3 points · edit `AdditiveAttention.forward` in `starter/seq2seq.py`*

# %%
check("5.2")

# %% [markdown]
# ### 5.3 One step of a decoder
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `Decoder.step` in `starter/seq2seq.py`*

# %%
check("5.3")

# %% [markdown]
# ### 5.4 Teacher forcing
#
# *25 minutes · difficulty 2 of 3 · 2 points · edit `Seq2Seq.forward` in `starter/seq2seq.py`*

# %%
check("5.4")

# %% [markdown]
# ### 5.5 A loss without padding
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `masked_cross_entropy` in `starter/seq2seq.py`*

# %%
check("5.5")

# %% [markdown]
# ### 5.6 Greedy decoding
#
# *25 minutes · difficulty 2 of 3 · 2 points · edit `greedy_decode` in `starter/seq2seq.py`*

# %%
check("5.6")

# %% [markdown]
# ### 5.7 Beam search
#
# *45 minutes · difficulty 3 of 3 · 3 points · edit `beam_search` in `starter/seq2seq.py`*

# %%
check("5.7")

# %% [markdown]
# ### 5.8 The error of an alignment
#
# *15 minutes · difficulty 2 of 3 · 1 point · in the next cell*


# %% task="5.8"
def alignment_error_rate(maps, links):
    """1 − 2 |A ∩ S| / (|A| + |S|), counted over all sentences together; 0 where there is nothing to count.

    maps holds for each sentence the weights (T, S), a row for each word that was written; links holds for each the pairs
    (place in the source, place in the translation) that belong together, S. A, what the map says, is one pair for each
    row: its largest weight, and the row. Returns a float.
    """
    ### BEGIN SOLUTION 5.8
    # A pair names the source first. Count what is common, and what there is, over all sentences; divide once.
    right = total = 0
    for weights, known in zip(maps, links):
        said = {(source, target) for target, source in enumerate(weights.argmax(dim=1).tolist())}
        known = {tuple(link) for link in known}
        right += len(said & known)
        total += len(said) + len(known)
    return 1 - 2 * right / total if total else 0.0
    ### END SOLUTION


# %%
check("5.8")

# %% [markdown]
# ### 5.9 Self-attention
#
# *15 minutes · difficulty 2 of 3 · 1 point · in the next cell*


# %% task="5.9"
def self_attention(x, w_query, w_key, w_value, causal=False):
    """Every place of a sequence looks at every place, all at once.

    x (N, L, D), w_query and w_key (D, A), w_value (D, K) → outputs (N, L, K) and weights (N, L, L). Row l of the weights,
    of sum 1, is the softmax of q_l · k_s / √A over the places s; with `causal` over those up to l alone, exactly 0 beyond.
    """
    ### BEGIN SOLUTION 5.9
    # One product gives all scores, (N, L, L): queries are rows, keys columns. Divide by √A before the softmax. What lies
    # ahead gets −∞: `torch.ones(L, L).tril()` is 1 where it does not.
    query, key, value = x @ w_query, x @ w_key, x @ w_value
    scores = query @ key.transpose(1, 2) / w_query.shape[1] ** 0.5  # (N, L, L)
    if causal:
        seen = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        scores = scores.masked_fill(~seen, float("-inf"))
    weights = scores.softmax(dim=-1)
    return weights @ value, weights
    ### END SOLUTION


# %%
check("5.9")

# %% [markdown]
# ## Explain
#
# ### 5.10 Explain: what attention mends, and when an RNN still wins
#
# *20 minutes · difficulty 3 of 3 · 3 points · write your answer in the next cell; a person marks it*

# %% [markdown] task="5.10"
# ### BEGIN SOLUTION 5.10
# **A model answer.**
#
# **Marking: 3 points**
# ### END SOLUTION
