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
# # 3 · IMDB sentiment

# %%
import torch
from torch import nn

from grader.check import check, follow_edits, use
from toolkit.device import pick_device, seed_everything

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import text

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {text.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ### 3.1 From a text to words
#
# *15 minutes · difficulty 1 of 3 · 2 points · edit `tokenize` in `starter/text.py`*

# %%
check("3.1")

# %% [markdown]
# ### 3.2 A vocabulary
#
# *20 minutes · difficulty 1 of 3 · 3 points · edit `Vocabulary` in `starter/text.py`*

# %%
check("3.2")

# %% [markdown]
# ### 3.3 An embedding from scratch
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `Embedding.forward` in `starter/text.py`*

# %%
check("3.3")

# %% [markdown]
# ### 3.4 A batch of unequal lengths
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `pad_batch` in `starter/text.py`*

# %%
check("3.4")

# %% [markdown]
# ### 3.5 A classifier that reads to the last real word
#
# *30 minutes · difficulty 3 of 3 · 4 points · edit `SentimentClassifier.forward` in `starter/text.py`*

# %%
check("3.5")

# %% [markdown]
# ### 3.6 A mean that leaves padding out
#
# *15 minutes · difficulty 2 of 3 · 1 point · edit `masked_mean` in `starter/text.py`*

# %%
check("3.6")

# %% [markdown]
# ### 3.7 Batches of similar length
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `length_buckets` in the next cell*
#
# Return a list of batches, each a tensor of places in `lengths`. Every place stands in one batch, batches are full but for
# one, no two of them overlap in length, and their order is drawn with `generator`.


# %% task="3.7"
def length_buckets(lengths, batch_size, generator):
    """Group sequences of similar length into batches, and shuffle the batches.

    Args:
        lengths: (N,), int64, on the CPU: the length of each sequence.
        batch_size: how many sequences a batch holds; one batch may hold fewer, what is left over.
        generator: a `torch.Generator`, which draws the order of the batches.

    Returns:
        A list of int64 tensors: the places in `lengths` that make up each batch. Every place stands in one of them.
        Sorted by length, the batches follow each other: no sequence is shorter than one of a batch before it.
    """
    ### BEGIN SOLUTION 3.7
    # Sort the places by length, and cut them into stretches. What is shuffled are the stretches, not what is in them.
    places = lengths.argsort()
    stretches = places.split(batch_size)
    order = torch.randperm(len(stretches), generator=generator)
    return [stretches[number] for number in order]
    ### END SOLUTION


# %%
check("3.7")

# %% [markdown]
# ### 3.8 An evaluation that counts every review once
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `evaluate` in the next cell*
#
# Return how often each label got each answer, as a 2 × 2 tensor of counts: a *confusion matrix*. Row 0 holds the reviews
# with label 0, row 1 those with label 1; column 1 holds those that the model takes for positive, which is a logit above 0.


# %% task="3.8"
def evaluate(model, batches):
    """Count how often each label gets each answer.

    Args:
        model: `model(ids, lengths)` gives logits (N,). It is asked in evaluation mode and left in the mode it was in.
        batches: any iterable of `(ids, lengths, labels)`, where labels (N,) are 0 or 1, as
            int64, floats or bool; all of them where the model is.

    Returns:
        (2, 2), int64, on the CPU: entry [i, j] counts the reviews with label i whose answer is j. The answer is 1 for a logit
        above 0. No gradients are recorded.
    """
    ### BEGIN SOLUTION 3.8
    # Remember the mode, and put it back at the end. Then count, batch by batch: sums of counts, not means of shares.
    was_training = model.training
    model.eval()
    counts = torch.zeros(2, 2, dtype=torch.int64)
    try:
        with torch.no_grad():
            for ids, lengths, labels in batches:
                answers = model(ids, lengths) > 0
                for label in (0, 1):
                    for answer in (0, 1):
                        counts[label, answer] += ((labels == label) & (answers == answer)).sum().cpu()
    finally:
        model.train(was_training)
    return counts
    ### END SOLUTION


# %%
check("3.8")

# %% [markdown]
# ## Explain
#
# ### 3.9 Explain: long reviews, and when a bag of words is enough
#
# *20 minutes · difficulty 2 of 3 · 3 points · write your answer in the next cell; a person marks it*

# %% [markdown] task="3.9"
# ### BEGIN SOLUTION 3.9
# **A model answer.** To come.
# ### END SOLUTION
