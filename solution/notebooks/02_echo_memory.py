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
# # 2 · Echo and recall

# %%
import torch
from torch import nn

from grader.check import check, follow_edits
from toolkit.device import pick_device, seed_everything

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import gated

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {gated.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ### 2.1 Sequences that have to be remembered
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `echo_batch` in `starter/gated.py`*

# %%
check("2.1")

# %% [markdown]
# ### 2.2 One step of an LSTM
#
# *25 minutes · difficulty 2 of 3 · 4 points · edit `LSTMCell.forward` in `starter/gated.py`*

# %%
check("2.2")

# %% [markdown]
# ### 2.3 One step of a GRU
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `GRUCell.forward` in `starter/gated.py`*

# %%
check("2.3")

# %% [markdown]
# ### 2.4 Unrolling any cell
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `unroll` in `starter/gated.py`*

# %%
check("2.4")

# %% [markdown]
# ### 2.5 The gradient on its way back
#
# *20 minutes · difficulty 3 of 3 · 2 points · edit `gradient_norms` in `starter/gated.py`*

# %%
check("2.5")

# %% [markdown]
# ### 2.6 Clipping by the norm of all gradients
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `clip_gradient_norm_` in `starter/gated.py`*

# %%
check("2.6")

# %% [markdown]
# ### 2.7 The loss on a plane through a solution
#
# *30 minutes · difficulty 3 of 3 · 2 points · edit `loss_surface` in `starter/gated.py`*

# %%
check("2.7")

# %% [markdown]
# ### 2.8 A loss that counts what was asked for
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `masked_loss` in the next cell*


# %% task="2.8"
def masked_loss(logits, targets, mask):
    """The binary cross-entropy of the steps that are asked for.

    Args:
        logits: (N, L), what the network says before a sigmoid.
        targets: (N, L), 0 or 1, as floats.
        mask: (N, L), bool: True where a target counts.

    Returns:
        The mean over all steps where the mask is True, of the batch together, a tensor without axes; 0 if there are none.
    """
    ### BEGIN SOLUTION 2.8
    # What the mask leaves out has no share in the sum, nor in the number that the sum is divided by.
    if not mask.any():
        return logits.sum() * 0
    return nn.functional.binary_cross_entropy_with_logits(logits[mask], targets[mask])
    ### END SOLUTION


# %%
check("2.8")

# %% [markdown]
# ### 2.9 A forget gate that begins open
#
# *10 minutes · difficulty 2 of 3 · 1 point · edit `open_forget_gate_` in the next cell*


# %% task="2.9"
def open_forget_gate_(cell, bias):
    """Set the biases of a cell's forget gate, in place, so that the gate begins open.

    Args:
        cell: an `LSTMCell`, yours or torch's, with the rows of bias_ih and bias_hh in the order i, f, g, o.
        bias: b_ih + b_hh of the forget gate afterwards, for every unit. All other biases and weights stay.
    """
    ### BEGIN SOLUTION 2.9
    # The two biases are added up, so one of them takes the whole value and the other becomes 0.
    # Parameters are changed outside of the graph.
    rows = slice(cell.hidden_size, 2 * cell.hidden_size)
    with torch.no_grad():
        cell.bias_ih[rows] = bias
        cell.bias_hh[rows] = 0
    ### END SOLUTION


# %%
check("2.9")

# %% [markdown]
# ### 2.10 Explain: the additive cell state and the product of Jacobians

# %% [markdown] task="2.10"
# ### BEGIN SOLUTION 2.10
# A model answer.
# ### END SOLUTION
