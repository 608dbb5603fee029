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
#
# Until now a network read numbers. Here it reads words: reviews of films, from which it has to tell whether their writer liked
# the film. On the way from a text to one number you build what every model of language stands on: a tokeniser, a
# vocabulary, an embedding, batches of texts of unequal length, and a classifier that doesn't mistake padding for words.
# Then you hold it against a model that knows nothing of order, and find out by measuring when that one is enough.
#
# Everything runs on **synthetic reviews**, which a grammar of this course wrote; nothing is downloaded. One section at the
# end takes the real reviews that the notebook is named after, where they have been fetched.

# %%
import torch
from torch import nn

from grader.check import check, follow_edits, outcome, predict, use
from toolkit import diagrams, plots, stand_ins
from toolkit.corpus import encoded, in_batches
from toolkit.device import pick_device, seed_everything
from toolkit.plots import footnote, headline, show
from toolkit.readers import BINS, ENDS, RECIPE, reader
from toolkit.reading import after_each_word, where
from toolkit.recorded import recorded
from toolkit.review_reader import as_packed
from toolkit.reviews import synthetic_reviews
from toolkit.sentiment import accuracy, by_length, logits_of, train

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import text

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {text.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ## Where this leads
#
# First, what you will have built; every part is torch's own for now. An LSTM with 32 units is trained on 4,000 reviews,
# which takes about @@ seconds. Then it reads one that it has not seen, and says after each word how likely it is that the
# writer liked the film.

# %% tags=["experiment"]
reviews = synthetic_reviews()
words = stand_ins.Vocabulary.build(map(stand_ins.tokenize, reviews["train"].texts))
corpora = {part: encoded(reviews[part], stand_ins.tokenize, words) for part in reviews}
lstm = reader("LSTM", len(words)).to(device)
untrained = lstm.embedding.weight.detach().clone()
run = train(lstm, corpora["train"], RECIPE, corpora["validation"], bar=True)
print(f"{len(words)} words; right on validation reviews: {run.accuracies[-1]:.1%}")

# %% tags=["experiment"]
tokens = stand_ins.tokenize("The acting is superb and the music is a joy, but the film as a whole is a bore.")
fig = plots.plot_reading(tokens, after_each_word(lstm, words.encode(tokens)), "A review, word by word")
show(fig, alt="@@")

# %% [markdown]
# ## What you will build

# %% tags=["experiment"]
show(diagrams.draw_text_pipeline(), alt=diagrams.ALT["text_pipeline"])

# %% [markdown]
# The numbers are those of the exercises. Shapes are written with the same letters everywhere: `N` batch, `L` length of
# the longest sequence of a batch, `V` vocabulary, `E` embedding size, `H` hidden size. The batch comes first.
#
# **Afterwards you can**
#
# - turn any text into ids, and back, in the same way every time;
# - build an embedding, and say what it has to do with a one-hot vector;
# - pad and pack a batch, draw what a packed sequence is, and say what each costs;
# - take the right state from a recurrent layer, in both directions, whatever stands in the padding;
# - compare a recurrent network fairly with a linear model, over seeds, by length, and read where they differ;
# - say when a bag of words is enough.
#
# **You need** notebooks 1 and 2, or the same knowledge: recurrent layers, their states, a training loop. **Time:** about
# five hours, two and a half of them for the exercises.
#
# **How to work.** Open `starter/text.py` beside this notebook. Six exercises name a function or class there, two (3.7 and
# 3.8) a cell of this notebook, and one (3.9) is a text; replace its `raise NotImplementedError`, save, and run the check
# below the exercise, which reads the file as it is on disk. If you get stuck, go on: the cells after an unsolved exercise
# take a stand-in built of `torch.nn`, and say so. When your work is graded, further checks of the same kind run: other
# words, other sizes, other devices.
#
# **Predict first.** Eight experiments ask what you expect before they run. (They have numbers of their own: prediction
# 3.3 is not exercise 3.3.) Write it in the place of `None`. A wrong prediction costs nothing; it is the one that you
# remember.

# %% [markdown]
# ## Reviews in which order decides
#
# The reviews come from a seeded grammar: @@. Each says in one clause what its writer thinks of the film; all else is the
# plot, single actors, what others say, what was expected. They are made so that the words alone tell little: praise and blame
# stand in nearly every review, and it is *not*, *but*, *although* and the order of words that decide. They are synthetic,
# and wherever they are used the notebook says so. There are 4,000 for training, 1,000 for validation, 1,000 for testing,
# and 1,000 *unseen* ones, in which every word is known but stands in a kind of sentence where the training never showed it.

# %% tags=["experiment"]
short = sorted(range(200), key=lambda place: len(reviews["test"].texts[place]))[20:140:20]
for place in short:
    print("liked   " if reviews["test"].labels[place] else "disliked", "·", reviews["test"].texts[place], "\n")

# %% [markdown]
# ### 3.1 From a text to words
#
# *15 minutes · difficulty 1 of 3 · 2 points · edit `tokenize` in `starter/text.py`*
#
# Return the words of a text as a list, in lower case. A word is a run of letters and digits of any alphabet, with single
# apostrophes inside; `’` counts as `'`. HTML's line breaks, of which real reviews are full, separate words, and so does all
# else.
#
# <details><summary>A nudge</summary>
#
# Write down by hand what becomes of `Well-made?<BR />Isn’t it 'odd'…` Which of its characters are part of a word only in
# certain company?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `re.findall` gives all matches of a pattern. The pattern is: some letters or digits, and then, any number of times, an
# apostrophe with letters or digits behind it. `\w` would be nearly right for a letter or digit, but for the underscore.
#
# </details>

# %%
check("3.1")

# %% tags=["experiment"]
tokenize = use("3.1")
lengths = {
    "synthetic reviews, training": [len(tokenize(text)) for text in reviews["train"].texts],
}
fig = plots.plot_lengths(lengths)
footnote(fig, tokenize)
show(fig, alt="@@")

# %% [markdown]
# Most reviews are short and a few are very long: so it is with real ones, whose median is 174 words, and whose longest has
# 2,473. A network has to cope with both in the same batch.
#
# ### 3.2 A vocabulary
#
# *20 minutes · difficulty 1 of 3 · 3 points · edit `build`, `encode` and `decode` of `Vocabulary` in `starter/text.py`*
#
# A network wants numbers. Id 0 is kept for padding and id 1 for all words that the vocabulary doesn't know; from 2 on come
# the words, the most frequent first, those that are equally frequent in alphabetical order. That last rule sounds pedantic.
# Without it the ids depend on the order in which texts were read, and a model that was saved yesterday reads other words
# today.
#
# <details><summary>A nudge</summary>
#
# What goes through your `build` if `max_size` is 10: how many words of the texts does the vocabulary hold then?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `collections.Counter` counts. `sorted` takes a `key`, and a key can be a pair: it sorts by the first entry, and where those
# are equal by the second. A tensor's `.tolist()` gives plain numbers.
#
# </details>

# %%
check("3.2")

# %% [markdown]
# How large does a vocabulary have to be? The vocabulary is built on the *training* reviews alone: what the test reviews
# hold must not be known beforehand. The 100 most frequent words of the training reviews: which share of all words in the
# test reviews do they cover, in percent?

# %%
guess = predict("3.2", 60)

# %% tags=["experiment"]
Vocabulary = use("3.2")
training = [tokenize(text) for text in reviews["train"].texts]
tested = [token for text in reviews["test"].texts for token in tokenize(text)]
sizes, covered = [10, 20, 50, 100, 200, 500, 1000], []
for size in sizes:
    known = Vocabulary.build(training, max_size=size + 2)
    covered.append(100 * sum(number != 1 for number in known.encode(tested)) / len(tested))
said = outcome("3.2", covered[3])
fig = plots.plot_lines({"test reviews": covered}, sizes, "words covered (%)", "words in the vocabulary", log=True)
headline(fig, said)
footnote(fig, tokenize, Vocabulary)
show(fig, alt="@@")

# %% [markdown]
# @@ In natural language the line is the same at its beginning, and never quite reaches the end: of the real test
# reviews' words, a vocabulary of 30,000 training words covers @@ %, and about @@ of the words that occur there stand in no
# training review at all (Zipf, 1935, found the rule: a word's frequency falls as one over its rank). Those are what
# `<unk>` is for.

# %% [markdown]
# ## A vector for each word
#
# An id is a name, not a quantity: word 7 is not greater than word 5. The honest code for it is a **one-hot** vector, V long,
# with a single 1. A linear layer on it multiplies with a matrix (V, E). The product of a one-hot vector and a matrix is
# one row of the matrix, so nobody makes the product: one looks the row up. That is all an **embedding** is, a linear layer
# whose input is known to be one-hot:
#
# $$\mathrm{onehot}(i)\, W = W_{i,:}$$
#
# Row 0 belongs to the padding. It stays zero: padding has nothing to say, and must not learn to.

# %% tags=["experiment"]
show(diagrams.draw_one_hot(), alt=diagrams.ALT["one_hot"])

# %% [markdown]
# ### 3.3 An embedding from scratch
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `Embedding.forward` in `starter/text.py`*
#
# Return the rows of `weight` for ids of any shape: `ids.shape + (E,)`. The row `padding_idx` may be looked up like any other,
# but no gradient reaches it. Torch's own embedding is off limits here: you are writing it.
#
# <details><summary>A nudge</summary>
#
# Indexing a tensor with a tensor of ids does most of it, backward pass included. What happens in the backward pass to a
# row that was looked up three times? And what may not happen to the padding's?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# The values that come out for padding are right; only their gradient isn't wanted. `detach()` gives the same values without
# a past. `torch.where(condition, a, b)` takes from `a` where a condition holds, and from `b` elsewhere; the condition
# needs one more axis at the end.
#
# </details>

# %%
check("3.3")

# %% [markdown]
# The product with one-hot vectors gives the same numbers. How many times longer does it take, for a batch of 32 reviews of 50
# words, with @@ words in the vocabulary and 32 features?

# %%
guess = predict("3.3", 20)

# %% tags=["experiment"]
from toolkit.timing import side_by_side

Embedding = use("3.3")
embedding, some = Embedding(len(words), 32), torch.randint(len(words), (32, 50))
one_hot = lambda: nn.functional.one_hot(some, len(words)).float() @ embedding.weight  # noqa: E731
assert torch.allclose(one_hot(), embedding(some))
seconds = side_by_side({"one-hot times weight": one_hot, "looked up": lambda: embedding(some)})
product, lookup = (sorted(times)[len(times) // 2] for times in seconds.values())
said = outcome("3.3", product / lookup)
milliseconds = {name: {"": [1000 * one for one in times]} for name, times in seconds.items()}
fig = plots.plot_scores(
    {"32 × 50 ids": {name: row[""] for name, row in milliseconds.items()}}, "milliseconds", log=True
)
headline(fig, said)
footnote(fig, embedding)
show(fig, alt="@@")

# %% [markdown]
# @@

# %% [markdown]
# ## A batch of texts
#
# A tensor is a rectangle, and texts are not. The shorter ones are **padded** at the end, and their lengths kept, since
# nobody can tell afterwards what is padding and what is not.
#
# ### 3.4 A batch of unequal lengths
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `pad_batch` in `starter/text.py`*
#
# Return `(ids, lengths)`: ids (N, L), padded at the end with 0, and lengths (N,), which stay on the CPU.
#
# <details><summary>A nudge</summary>
#
# What is L for a batch of one empty list? A tensor without columns would be trouble later on.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Begin with a tensor of zeros of the right shape and type, and write each sequence to the beginning of its row. The type
# of ids and lengths is `torch.int64`. `device="cpu"` says where a tensor is made, whatever the default device is.
#
# </details>

# %%
check("3.4")

# %% [markdown]
# **What a packed sequence is.** Torch has a second form for such a batch. `pack_padded_sequence` sorts the rows by length and
# writes the columns one after another into a single vector, without the padding; `batch_sizes` says how many rows are
# still going at each step. A recurrent layer that is given such an object stops each row after its last real step. Here is
# a batch from your own functions, padded and packed. Read the long vector at the bottom against the two grids.

# %% tags=["experiment"]
pad_batch = use("3.4")
sample = ["Not bad at all.", "A bore.", "I expected a bore and got a triumph.", "The music is dull, but I loved it."]
known = Vocabulary.build(map(tokenize, sample))
ids, lengths = pad_batch([known.encode(tokenize(one)) for one in sample])
fig = plots.plot_packed(ids, lengths, known.words)
footnote(fig, tokenize, known, pad_batch)
show(fig, alt="@@")

# %% [markdown]
# ## Reading to the last real word
#
# The classifier is the many-to-one network of notebook 1: embeddings, a recurrent layer, and a linear unit on its last
# state. But on its last *real* state. A padded row goes on after the review's end, the layer goes on with it, and what it
# holds at the last column has read padding since. With two directions it gets worse: the backward layer begins at the end
# of the row, in the padding, and its last state stands at the *first* word.

# %% tags=["experiment"]
show(diagrams.draw_last_step(), alt=diagrams.ALT["last_step"])

# %% [markdown]
# Two directions are two layers: one reads from the front, one from the back, and what they found is put side by side.
# Packed, the backward one begins at each row's own last word.

# %% tags=["experiment"]
show(diagrams.draw_bidirectional(), alt=diagrams.ALT["bidirectional"])

# %% [markdown]
# ### 3.5 A classifier that reads to the last real word
#
# *30 minutes · difficulty 3 of 3 · 4 points · edit `SentimentClassifier.forward` in `starter/text.py`*
#
# Return the logits (N,): `head` of the last real hidden state; with two directions, of the forward state after the last word
# and, behind it, the backward state after the first. Go through `pack_padded_sequence`. The lengths come in any order
# and perhaps from another device, and one may be 0: such a review gets a finite logit, the same in every batch.
#
# <details><summary>A nudge</summary>
#
# A recurrent layer returns two things. With packed input, which of the two has the last real states already, whatever the
# lengths? Print its shape for one and for two directions; `batch_first` doesn't concern it.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Packing refuses lengths of 0: give it 1 for them, and put zeros in the place of the state afterwards. `enforce_sorted=False`
# lets the rows stand in any order, and gives the states back in yours. The LSTM returns `(h_n, c_n)`, the other two `h_n`
# alone.
#
# </details>

# %%
check("3.5")

# %% [markdown]
# The LSTM of the demo can now move into your classifier, weight by weight: they are the same network. It reads the test
# reviews in the way in which it was trained, and in the careless way, which takes `outputs[:, -1]`. Then 50 steps of
# padding are put behind every batch, as if one much longer review had got into it. How many of the reviews change their
# answer when they are read in the careless way, in percent?

# %%
guess = predict("3.5", 30)

# %% tags=["experiment"]
from toolkit.packing import last_output
from toolkit.reading import with_more_padding

SentimentClassifier = use("3.5")
classifier = as_packed(lstm, SentimentClassifier)  # the demo's network, in your class
careless = last_output(classifier)
ids, lengths = pad_batch(corpora["test"].only(range(300)).ids)
with torch.no_grad():
    packed, last = (read(ids.to(device), lengths).cpu() for read in (classifier, careless))
print(f"The demo's own answers: at most {(packed - logits_of(lstm, corpora['test'])[:300]).abs().max():.0e} away.")
said = outcome("3.5", 100 * ((packed > 0) != (last > 0)).float().mean().item())

# %% tags=["experiment"]
short = [place for place in range(300) if lengths[place] == 12][:3]
ids, twelve = pad_batch(corpora["test"].only(short).ids)
amounts = range(0, 61, 2)
lines = {}
for name, read in {"packed": classifier, "last output": careless}.items():
    logits = with_more_padding(read, ids.to(device), twelve, amounts)
    lines |= {f"review {number + 1}, {name}": logits[:, number] for number in range(len(short))}
fig = plots.plot_lines(lines, amounts, "logit (above 0: liked)", "steps of padding behind the review")
headline(fig, said)
footnote(fig, pad_batch, classifier)
show(fig, alt="@@")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# @@
#
# </details>

# %% [markdown]
# ### 3.6 A mean that leaves padding out
#
# *15 minutes · difficulty 2 of 3 · 1 point · edit `masked_mean` in `starter/text.py`*
#
# The last state is not the only thing that one can take. A mean over all states is short-sighted in no direction, and
# trains faster on long texts; but a mean has to know what to leave out. Return the mean over the real steps of each row,
# (N, F), and zeros for a row without any. What stands in the padding may be anything, NaN too.

# %% tags=["experiment"]
show(diagrams.draw_masked_mean(), alt=diagrams.ALT["masked_mean"])

# %% [markdown]
# <details><summary>A nudge</summary>
#
# `torch.arange(L)` beside the lengths, with axes that broadcast, gives a mask (N, L). Multiplying by a mask of 0 and 1
# removes padding. Does it remove NaN?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# NaN times 0 is NaN. `torch.where` chooses without multiplying, in the forward pass and in the backward pass. And divide by
# something that is never 0.
#
# </details>

# %%
check("3.6")

# %% tags=["experiment"]
masked_mean = use("3.6")
with torch.no_grad():
    outputs, _ = classifier.rnn(classifier.embedding(nn.functional.pad(ids, (0, 60)).to(device)))  # (3, 72, 32)
lines = {"mean over the real steps": [], "mean over all": []}
for amount in amounts:
    wide = outputs[:1, : 12 + amount]
    lines["mean over the real steps"].append(masked_mean(wide, twelve[:1])[0, 0].item())
    lines["mean over all"].append(wide.mean(dim=1)[0, 0].item())
fig = plots.plot_lines(lines, amounts, "mean of unit 0", "steps of padding behind the review")
footnote(fig, masked_mean, classifier)
show(fig, alt="@@")

# %% [markdown]
# ## What padding costs, and what packing costs
#
# Padding is computed like everything else, and then thrown away. A batch is as wide as its longest review, so one review of 400
# words makes 31 short ones wait. Two cures: to pack, or to put reviews of similar length together.
#
# ### 3.7 Batches of similar length
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `length_buckets` in the next cell*
#
# Return a list of batches, each a tensor of places in `lengths`. Every place stands in one batch, all batches but one are full,
# and sorted by length they follow each other without overlap. The order of the batches is random: a network that always
# reads the short reviews first would forget them over the long ones.
#
# <details><summary>A nudge</summary>
#
# What has to be sorted, and what shuffled? If you shuffle last, what exactly?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `argsort` gives places in the order of the lengths, and `split` cuts a tensor into pieces. `torch.randperm(n,
# generator=generator)` is a random order of n things.
#
# </details>


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

# %% tags=["experiment"]
length_buckets = use("3.7")
source = torch.Generator().manual_seed(0)
train_lengths = corpora["train"].lengths
batches = {
    "as they come": torch.randperm(len(train_lengths), generator=source).split(32),
    "by length": length_buckets(train_lengths, 32, source),
}
fig = plots.plot_padding(train_lengths, batches)
footnote(fig, length_buckets)
show(fig, alt="@@")

# %% [markdown]
# Now the clock. A pass over @@ reviews, forward and backward, with an LSTM of 32 units: padded as they come, packed as they
# come, padded by length, packed by length. That takes about @@ seconds. Which one takes longest? One of `"padded"`,
# `"packed"`, `"padded, by length"` and `"packed, by length"`.

# %%
guess = predict("3.7", "packed")

# %% tags=["experiment"]
from toolkit.packing import share_of_padding, ways_to_read

some = corpora["train"].only(range(256))
ways = ways_to_read(
    some,
    len(words),
    32,
    32,
    batch_size=32,
    classifier=SentimentClassifier,
    length_buckets=length_buckets,
    device=device,
)
seconds = side_by_side(ways, repeats=5, warmups=1)
said = outcome("3.7", max(seconds, key=lambda way: sorted(seconds[way])[2]))
fig = plots.plot_scores({"256 reviews": seconds}, "seconds", log=True)
headline(fig, said)
footnote(fig, SentimentClassifier, length_buckets)
show(fig, alt="@@")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# @@
#
# </details>

# %% [markdown]
# ## Who reads best?
#
# ### 3.8 An evaluation that counts every review once
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `evaluate` in the next cell*
#
# Return how often each label got each answer, as a 2 × 2 tensor of counts: a *confusion matrix*. Row 0 holds the reviews
# with label 0, row 1 those with label 1; column 1 holds those that the model takes for positive, which is a logit above 0.
#
# <details><summary>A nudge</summary>
#
# The last batch is smaller than the others. What would a mean of the batches' shares make of it? And who switches dropout
# off, and on again afterwards?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `model.training` says in which mode a model is, and `model.train(mode)` sets it. A `try` with `finally` puts it back even
# where the model raises. `(a == 1) & (b == 0)` compares entry by entry, and the sum of a tensor of bool is a count.
#
# </details>


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
# **A rival that knows no order.** Count which words occur in a review, weigh each by how rare it is, and draw a plane between
# the liked and the disliked ones: a logistic regression on a **bag of words** (`toolkit/bag_of_words.py`). It can't tell
# *not bad, but dull* from *not dull, but bad*. With pairs of neighbouring words besides, it can tell *not bad* from
# *bad*. What share of the test reviews does the one with single words get right, in percent? Chance is 50.

# %%
guess = predict("3.8", 57)

# %% tags=["experiment"]
from toolkit.bag_of_words import OnBatches, fitted

evaluate, test = use("3.8"), corpora["test"]
pairs = {"linear, words": False, "linear, words and pairs": True}
rivals = {name: fitted(corpora["train"], corpora["validation"], both) for name, both in pairs.items()}
models = {name: OnBatches(linear) for name, linear in rivals.items()} | {"LSTM": classifier}
counts = {}
for name, model in models.items():
    place = device if model is classifier else "cpu"
    counts[name] = evaluate(model, in_batches(test, torch.arange(len(test)).split(64), pad_batch, place))
right = {name: (matrix.trace() / matrix.sum()).item() for name, matrix in counts.items()}
said = outcome("3.8", 100 * right["linear, words"])
fig = plots.plot_confusion(counts)
headline(fig, said)
footnote(fig, evaluate, pad_batch, classifier)
show(fig, alt="@@")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# @57T
#
# </details>
#
# Recurrence alone isn't it, though. The same data, the same number of epochs, the same size, and a *vanilla RNN* in the place
# of the LSTM (about 12 seconds): which share of the reviews with more than 100 words does it get right, in percent?

# %%
guess = predict("3.9", 54)

# %% tags=["experiment"]
rnn = reader("RNN", len(words)).to(device)
run = train(rnn, corpora["train"], RECIPE, length_buckets=length_buckets, pad_batch=pad_batch, bar=True)
logits = {name: logits_of(linear, test) for name, linear in rivals.items()}
logits |= {"RNN": logits_of(rnn, test), "LSTM": logits_of(lstm, test)}
said = outcome("3.9", 100 * accuracy(logits["RNN"][test.lengths > 100], test.labels[test.lengths > 100]))
fig = plots.plot_by_length(
    {name: by_length(given, test, ENDS) for name, given in logits.items()},
    BINS,
    torch.bucketize(test.lengths, torch.tensor(ENDS)).bincount(minlength=len(BINS)).tolist(),
)
headline(fig, said)
footnote(fig, length_buckets, pad_batch)
show(fig, alt="@@")

# %% [markdown]
# One seed proves little. Recorded: five seeds, on the test reviews, and on the *unseen* ones, whose words are known but
# stand where the training never showed them (`python -m benchmarks.reviews`, about @@ minutes).

# %% tags=["experiment"]
record = recorded("reviews")
print(record.source)
fig = plots.plot_scores(record.scores, "share of right answers", lines={"chance": 0.5})
show(fig, alt="@@")

# %% [markdown]
# @@REC

# %% [markdown]
# ## Reading where they differ
#
# Numbers say that models differ. Where, one has to read. Three reviews that the linear model with pairs gets wrong and the LSTM
# right, and under them what the LSTM thinks while it reads the last one. The shaded words are those that decide,
# as the grammar knows.

# %% tags=["experiment"]
said_by = {name: given > 0 for name, given in logits.items()}
differ = (said_by["LSTM"] == test.labels) & (said_by["linear, words and pairs"] != test.labels)
found = [place for place in differ.nonzero()[:, 0].tolist() if 35 <= test.lengths[place] <= 60][:3]
for place in found:
    print("liked   " if test.labels[place] else "disliked", "·", reviews["test"].texts[place], "\n")
tokens, decisive = (tokenize(given[found[-1]]) for given in (reviews["test"].texts, reviews["test"].decisive))
fig = plots.plot_reading(
    tokens, after_each_word(classifier, words.encode(tokens), pad_batch), decisive=where(tokens, decisive)
)
footnote(fig, tokenize, classifier)
show(fig, alt="@@")

# %% [markdown]
# And a long one, as a line: the verdict stands early, and the network has to hold it through the plot.

# %% tags=["experiment"]
early = []
for place in range(len(test)):
    tokens = tokenize(reviews["test"].texts[place])
    span = where(tokens, tokenize(reviews["test"].decisive[place]))
    if span and len(tokens) > 150 and span[1] < 40:
        early.append((tokens, span))
tokens, span = early[0]
fig = plots.plot_reading(tokens, after_each_word(classifier, words.encode(tokens), pad_batch), decisive=span, line=True)
footnote(fig, tokenize, classifier)
show(fig, alt="@@")

# %% [markdown]
# Now yours. Write a review in the words of the synthetic ones (words that it doesn't know become `<unk>`), run the cell,
# change one word, and run it again.

# %% tags=["experiment"]
mine = "Critics called it a masterpiece. The music is splendid, and yet I was bored from beginning to end."
tokens = tokenize(mine)
print("Unknown words:", [token for token, number in zip(tokens, words.encode(tokens)) if number == 1])
fig = plots.plot_reading(tokens, after_each_word(classifier, words.encode(tokens), pad_batch))
footnote(fig, tokenize, classifier)
show(fig, alt="Your review, word by word, with the probability of liked after each.")

# %% [markdown]
# ## What the embedding has learnt
#
# The network was told nothing about words, only which reviews were for the film. Of the five words that lie nearest to
# *superb* in the embedding after training (by the cosine of the angle between their vectors), how many are words of praise?

# %%
guess = predict("3.10", 4)

# %% tags=["experiment"]
from toolkit.neighbours import flat, nearest_words, show_neighbours
from toolkit.reviews.lexicon import EVALUATIVE

blame, praise = ({word for pair in EVALUATIVE.values() for word in pair[side]} for side in (0, 1))
learnt = lstm.embedding.weight
near = nearest_words(learnt, words.words, "superb", 5)
said = outcome("3.10", sum(word in praise for word, _ in near))
print(said)
caption = "Nearest words by cosine, in the LSTM's embedding, trained on synthetic reviews."
show_neighbours(untrained, learnt, words.words, ["superb", "dull", "triumph", "not", "film"], caption)

# %% tags=["experiment"]
groups = {
    "praise": [word for word in words.words if word in praise][:16],
    "blame": [word for word in words.words if word in blame][:16],
    "turns a sentence": [
        word for word in ("not", "but", "although", "isn't", "hardly", "never") if word in words.index
    ],
    "of the plot": ["goose", "teacup", "landlady", "station"],
}
chosen = [word for group in groups.values() for word in group if word in words.index]
numbers = words.encode(chosen)
(before, kept_before), (after, kept_after) = flat(untrained, numbers), flat(learnt, numbers)
fig = plots.plot_words(
    {f"before training ({kept_before:.0%})": before, f"after ({kept_after:.0%})": after}, chosen, groups
)
show(fig, alt="@@")

# %% [markdown]
# @@EMB

# %% [markdown]
# ## The real reviews
#
# @@REALINTRO
#
# On the 25,000 real test reviews, who gets most right: `"linear, words"`, `"linear, words and pairs"`, or
# the best recurrent network, `"recurrent"`?

# %%
guess = predict("3.11", "linear, words and pairs")

# %% tags=["experiment"]
best = recorded("imdb_best")
print(best.source)
(real,) = best.scores.values()
winner = max(real, key=lambda name: sum(real[name]) / len(real[name]))
said = outcome("3.11", winner if winner.startswith("linear") else "recurrent")
fig = plots.plot_scores(best.scores, "share of the 25,000 test reviews that are answered right")
headline(fig, said)
show(fig, alt="@@")

# %% tags=["experiment"]
contest = recorded("imdb_contest")
print(contest.source)
(rows,) = contest.entries.values()
None

# %% [markdown]
# @@REALTEXT

# %% [markdown]
# ## Explain
#
# ### 3.9 Explain: long reviews, and when a bag of words is enough
#
# *20 minutes · difficulty 2 of 3 · 3 points · write your answer in the next cell; a person marks it*
#
# You are asked in an interview: *"Why do LSTMs beat vanilla RNNs on long reviews, and when is a bag of words enough?"*
#
# Answer in six to ten sentences. Say what has to be carried from where to where, and what stands in its way; hold against
# it what you measured, on synthetic reviews and on real ones; and name what a linear model needs to be the better choice.

# %% [markdown] task="3.9"
# ### BEGIN SOLUTION 3.9
# @@ANSWER
# ### END SOLUTION
