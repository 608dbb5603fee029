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
#
# A network reads a play, letter by letter, and after each says which comes next. Nobody tells it what a word is, or a
# verse, or a person who speaks. It finds out, because it helps. Then it writes a play of its own. On the way you
# learn what makes such training work: a state that is carried through a text far longer than any gradient, a cut
# that keeps this affordable, and an honest answer to the question of how good the result is.
#
# Everything runs on **The Lost Fathom**, a verse play in early modern English that was written for this course, in the
# layout of Shakespeare's; and on the source code of your own Python. One section near the end takes Shakespeare's real
# plays, where they have been fetched.

# %%
import math

import torch
from torch import nn

from grader.check import check, follow_edits, outcome, predict, use
from toolkit import diagrams, plots, stand_ins
from toolkit.device import pick_device, seed_everything
from toolkit.plots import footnote, headline, show
from toolkit.recorded import recorded
from toolkit.rehearsal import Rehearsal
from toolkit.speech import copied_runs, speak, variety, words_of
from toolkit.streaming import Recipe, losses_by_position, mean_loss, train
from toolkit.tables import show_table
from toolkit.texts import fetched_plays, library_source, lost_fathom
from toolkit.writers import LIVE, live_writer

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import charlm

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {charlm.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ## Where this leads
#
# First, what you will have built; every part is torch's own for now. An LSTM with 128 units reads nine tenths of the
# play six times, which takes about 10 seconds. Now and then it is asked to write. Watch: at first it knows which
# letters there are, then where the spaces go, then short words, then that a name and a colon begin a speech.

# %% tags=["experiment"]
play = lost_fathom()
characters = stand_ins.CharVocabulary.build(play.whole)
ids, held_out = (part.to(device) for part in play.ids(characters))
lstm = live_writer(len(characters)).to(device)
listen = Rehearsal(lstm, characters, steps=(5, 40, 150, 400, 790))
run = train(lstm, ids, LIVE, after_step=listen)
print(f"{len(ids):,} characters, {len(characters)} different ones; {run.seconds:.0f} s of training")

# %% tags=["experiment"]
bits = [loss / math.log(2) for loss in run.losses]
fig = plots.plot_sample_over_training(range(1, len(bits) + 1), bits, listen.samples)
show(
    fig,
    alt="The training loss falls from 6 to below 2 bits per character. Below it five samples: letters at random, then spaces, "
    "short words, and at last names with a colon and lines of English words.",
)

# %% [markdown]
# ## What you will build

# %% tags=["experiment"]
show(diagrams.draw_characters_pipeline(), alt=diagrams.ALT["characters_pipeline"])

# %% [markdown]
# The numbers are those of the exercises. Shapes are written with the same letters everywhere: `N` batch, `L` length
# of a chunk, `T` length of a text, `P` length of a prompt, `V` vocabulary, `E` embedding size, `H` hidden size. The
# batch comes first.
#
# **Afterwards you can**
#
# - cut a long text into batches through which a state can be carried;
# - train with truncated backpropagation through time, and say what is cut and what isn't;
# - draw from a model, with a temperature and from the likeliest characters alone, and measure what that does;
# - put a language model together from nothing but your own parts;
# - say how good a language model is: in bits per character, on text that was held out, beside what counting achieves;
# - tell writing from copying;
# - say when an LSTM is still the right choice beside a Transformer.
#
# **You need** notebooks 1 to 3, or the same knowledge: recurrent layers, LSTM cells, embeddings, gradient clipping.
# **Time:** about five hours, three of them for the exercises.
#
# **How to work.** Open `starter/charlm.py` beside this notebook. Seven exercises name a function or class there, three
# (4.8 to 4.10) a cell of this notebook, and one (4.11) is a text; replace its `raise NotImplementedError`, save, and
# run the check below the exercise, which reads the file as it is on disk. If you get stuck, go on: the cells after an
# unsolved exercise take a stand-in built of `torch.nn`, and say so. When your work is graded, further checks of the
# same kind run: other texts, other sizes, other devices.
#
# **Predict first.** Nine experiments ask what you expect before they run. (They have numbers of their own: prediction
# 4.5 is not exercise 4.5.) Write it in the place of `None`. A wrong prediction costs nothing; it is the one that you
# remember.

# %% [markdown]
# ## A text as numbers
#
# The people of Thole keep no books. What is worth keeping is knotted into a cord, a hundred fathoms long, which is read
# aloud once a year, by hand. A fathom is missing from it. Here its blind keeper teaches her granddaughter to read; you
# may find that she explains hidden states rather well.

# %% tags=["experiment"]
print(play.whole[play.whole.index("ALDITH:\nHow many hands?") : play.whole.index("WENNA:\nThe year of the two")])

# %% [markdown]
# ### 4.1 A vocabulary of characters
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `build`, `encode` and `decode` of `CharVocabulary` in
# `starter/charlm.py`*
#
# `build` makes a vocabulary of all characters of a text, in the order of `sorted`; `encode` gives the ids of a text,
# `decode` the text of a list or tensor of ids. In notebook 3 words were unknown and rows padded. Here nothing is lost:
# line breaks and spaces are characters like all others, and what comes back from `decode(encode(text))` is the text.
# A character that the vocabulary doesn't have is an error, a `ValueError` whose message shows it as `repr` does.
#
# <details><summary>A nudge</summary>
#
# How many different characters are in `"a\ta"`, and which of them can't you see when it is printed?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# A `set` has each character once and in no order that one may rely on. A dict that lacks a key raises `KeyError`; what
# is asked for is `ValueError`, and an f-string writes the repr of `x` as `{x!r}`.
#
# </details>

# %%
check("4.1")

# %% tags=["experiment"]
CharVocabulary = use("4.1")
vocabulary = CharVocabulary.build(play.whole)
counts = torch.bincount(torch.tensor(vocabulary.encode(play.training)), minlength=len(vocabulary))
shares = 100 * counts.sort(descending=True).values.cumsum(0) / counts.sum()
fig = plots.plot_lines(
    {"training text": shares.tolist()}, range(1, len(shares) + 1), "text covered (%)", "most frequent characters"
)
footnote(fig, vocabulary)
show(fig, alt="The share of the text that the most frequent characters cover: 18 % the space alone, 75 % the first twelve.")

# %% [markdown]
# ## From many-to-one to many-to-many
#
# The classifier of notebook 3 read a whole review and gave one answer: many-to-one. A language model gives an answer
# after every character, a distribution over the one that comes next. So the text is its own label. Nobody has to
# write one, and a chunk of 64 characters holds 64 lessons in the place of one.

# %% tags=["experiment"]
show(diagrams.draw_many_to_many(), alt=diagrams.ALT["many_to_many"])

# %% [markdown]
# What changes: the head stands behind *every* output, not behind the last. The targets are the inputs, one place later.
# There are no lengths and no padding, since a text without an end can be cut into pieces of equal size. And the state
# at the end of a piece is worth something: the text goes on.
#
# ### 4.2 Batches that go on where the last ones ended
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `stream_batches` in `starter/charlm.py`*
#
# Return the pairs `(x, y)` in order, both (N, L). Row i of x is a stretch of the text; row i of the next pair goes on
# exactly where it ended. No two rows share a place. y holds the ids that come one place later. There are
# (T − 1) // (N · L) pairs; what is left over is dropped; if there is none, that is a `ValueError`.

# %% tags=["experiment"]
show(diagrams.draw_streams(), alt=diagrams.ALT["streams"])

# %% [markdown]
# <details><summary>A nudge</summary>
#
# With `ids = torch.arange(25)`, two rows and chunks of 4: write down all pairs by hand. Which place is the last target
# of row 0, and which the first input of row 1?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `view(N, -1)` of a text whose length is a multiple of N makes N rows, each a stretch of its own. (`view(-1, N)`
# doesn't: look at what it does to `arange`.) Make one such matrix for the inputs and one, from the text a place later,
# for the targets; `split` along the right axis cuts both into chunks.
#
# </details>

# %%
check("4.2")

# %% tags=["experiment"]
stream_batches = use("4.2")
places = [x for x, _ in stream_batches(torch.arange(721), 4, 30)]
fig = plots.plot_stretches(places, play.training)
footnote(fig, stream_batches)
show(
    fig,
    alt="Four rows of six blocks. Along each row the colour, the place in the text, goes on without a jump; row 2 begins where "
    "row 1 ends.",
)

# %% [markdown]
# Read along row 1: the play, word for word, through all chunks. The careless way, a reshape into chunks first, gives
# rows that jump at every border, and a state that is carried into a place it doesn't belong to. The loss still falls,
# which makes this a bug that can live for years.
#
# ### 4.3 A language model of characters
#
# *15 minutes · difficulty 1 of 3 · 1 point · edit `CharLM.forward` in `starter/charlm.py`*
#
# Return `(logits, state)`: logits (N, L, V), raw, and the state (h, c) after the last step. The state that comes in is
# where the LSTM begins. Nothing is detached here: whoever calls decides what is cut.
#
# <details><summary>A nudge</summary>
#
# `nn.Linear` works on the last axis and leaves the others alone.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Three calls: `self.embedding`, `self.rnn`, `self.head`. `nn.LSTM` takes `(input, state)`, where a state of `None`
# means zeros, and returns `(outputs, state)`.
#
# </details>

# %%
check("4.3")

# %% [markdown]
# The LSTM of the demo moves into your class, weight by weight. After `PERRAN:` and a line break: which character does
# it expect? Beside it, a model with the same sizes that has learnt nothing.

# %% tags=["experiment"]
CharLM = use("4.3")
model = CharLM(len(characters), 64, 128).to(device)
prompt = "PERRAN:\n"
asked = torch.tensor([characters.encode(prompt)], device=device)
untrained = model(asked)[0][0, -1].softmax(-1).detach()
model.load_state_dict(lstm.state_dict())
trained = model(asked)[0][0, -1].softmax(-1).detach()
fig = plots.plot_distributions(characters.characters, {"untrained": untrained, "trained": trained}, prompt=prompt)
footnote(fig, model)
show(fig, alt="Untrained, all characters are about equally likely. Trained, the capitals that begin a line are: T and I first, then W, H, A, Y and others.")

# %% [markdown]
# ## A text without an end
#
# How far back should the gradient go? Through the whole text: 68,000 steps for one update, and all their activations in
# memory. So one cuts. A chunk is read, the loss of its characters goes back to the chunk's beginning and no further, a
# step is taken, and the next chunk begins with the **state** that the last one ended with, as a plain value without a
# past. What is carried is the memory; what is cut is the blame. This is **truncated backpropagation through time**
# (Williams and Peng, 1990).

# %% tags=["experiment"]
show(diagrams.draw_truncation(), alt=diagrams.ALT["truncation"])

# %% [markdown]
# ### 4.4 Truncated backpropagation through time
#
# *25 minutes · difficulty 3 of 3 · 3 points · edit `train_chunk` in `starter/charlm.py`*
#
# Take one step of training on a chunk: detach the state that comes in, read, compute the mean cross-entropy over all
# N · L predictions, go backward, clip the norm of all gradients together to `max_norm`, step. Return the loss before
# the step as a float, and the state after the chunk without a graph. Leave the model's mode as it is.
#
# <details><summary>A nudge</summary>
#
# Which two of the things that you hold at the end of the call still know where they came from?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `nn.functional.cross_entropy` wants (M, V) and (M,): flatten batch and time together. The state is a pair, and a tuple
# has no `detach`; its parts have. Old gradients stay until somebody takes them away. `loss.item()` is a float.
#
# </details>

# %%
check("4.4")

# %% [markdown]
# What if one forgets the cut? Torch complains at the second chunk: *Trying to backward through the graph a second
# time*. The advice in the message, `retain_graph=True`, is a trap here. It works for as long as no step is taken in
# between, and what is kept is this. Ten chunks of 64 characters and 16 rows are read, with the cut and without. How
# many times as much memory is held after the tenth?

# %%
guess = predict("4.2", 10)

# %% tags=["experiment"]
from toolkit.held_graphs import read_chunks

chunks = list(stream_batches(ids, 16, 64))[:10]
held = {name: read_chunks(lstm, chunks, detach=name == "with the cut") for name in ("with the cut", "without")}
said = outcome("4.2", held["without"].megabytes[-1] / held["with the cut"].megabytes[-1])
fig = plots.plot_lines({name: one.megabytes for name, one in held.items()}, range(1, 11), "held (MB)", "chunks read")
headline(fig, said)
footnote(fig, stream_batches)
show(fig, alt="With the cut the same few megabytes after every chunk; without it as much more with each chunk, a straight line.")

# %% tags=["experiment"]
milliseconds = {name: [1000 * one for one in held[name].seconds] for name in held}
fig = plots.plot_lines(milliseconds, range(1, 11), "backward pass (ms)", "chunks read")
footnote(fig, stream_batches)
show(fig, alt="The backward pass takes the same time for every chunk with the cut, and longer with each chunk without it.")

# %% [markdown]
# Memory and time grow with every chunk, on the way to the beginning of the text. (Take an optimiser's step in between,
# and there is another complaint: *modified by an inplace operation*. The old chunks were computed with weights that are
# no longer there.)
#
# ## Does the state matter?
#
# One could also begin every chunk with zeros: that is simpler, and chunks may then come in any order. Two LSTMs with
# 64 units, your `train_chunk`, the same chunks of 32 characters in the same order; one carries its state, the other
# doesn't. Both are then asked about the held-out text in both ways, place by place in the chunk.
#
# First the one that was trained *with* the state, when it is taken away at each chunk's beginning. By how many bits
# does its loss at the first place of a chunk rise? (A bit is a factor of two: a loss of one bit more means that the
# right character is half as likely.)

# %%
guess = predict("4.4", 2)

# %% tags=["experiment"]
train_chunk, curves = use("4.4"), {}
for carried in (True, False):
    writer = live_writer(len(characters), hidden_size=64).to(device)
    recipe = Recipe(epochs=2, batch_size=16, length=32, rate=0.02, stateful=carried)
    train(writer, ids, recipe, stream_batches=stream_batches, train_chunk=train_chunk, bar=True)
    for read in (True, False):
        name = f"trained {'with' if carried else 'without'} the state, read {'with' if read else 'without'} it"
        losses = losses_by_position(writer, held_out, 32, read)
        curves[name] = [[loss / math.log(2) for loss in losses]]
first = [curves[name][0][0] for name in curves]
said = outcome("4.4", first[1] - first[0])
fig = plots.plot_by_position(curves)
headline(fig, said)
footnote(fig, stream_batches, train_chunk)
show(fig, alt="Read without the state, both losses begin high and reach the others' after six characters; read with it, both are level.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# By a bit and a half: taken by surprise, the network finds the right character a third as likely. Six characters later
# nothing is left to be seen; a few letters of the new chunk tell what the state would have told. Over all 32 places
# that makes a tenth of a bit. With long chunks one hardly notices, with short ones one does.
#
# The other two lines are those of the network that always began with zeros. It has learnt to begin with nothing, and
# is a bit better at it. And then look at its line when the state *is* carried, which never happened in its training: it
# lies on the first one's. A state that is useful within a chunk is useful beyond it, too. So what one loses with zeros
# is mostly lost while *reading*, and one can have it back.
#
# </details>
#
# How long does a chunk have to be? A short one lets the gradient see nothing but the last few characters. This was
# measured on Shakespeare's real plays: an LSTM with 128 units, 2,048 characters in every step whatever the chunk's
# length, twice over the text, three seeds. With chunks of 4 characters no gradient ever reached further back than 4
# characters. With the state carried, by how many bits is its loss higher than that with chunks of 64?

# %%
guess = predict("4.5", 0.3)

# %% tags=["experiment"]
truncation = recorded("shakespeare_truncation")
print(truncation.source)
by_length = {f"{length} characters": {way: row[length] for way, row in truncation.scores.items()}
             for length in truncation.scores["state carried"]}  # fmt: skip
medians = {length: entry["median"] for length, entry in truncation.entries["state carried"].items()}
said = outcome("4.5", medians["4"] - medians["64"])
fig = plots.plot_scores(by_length, "bits per character on held-out text, read with the state carried")
headline(fig, said)
show(fig, alt="With the state carried, 2.54 to 2.61 bits at every length. With zeros in each chunk 2.71 at 4 characters, 2.61 at 8, and level with the others from 64 on.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# By 0.02 bits, no more than lies between two seeds: 2.568 against 2.550. With the state carried it made hardly any
# difference here how far a gradient reached. Longest chunks, of 256 characters in only 8 rows, came out last (2.599).
# With zeros at the beginning of each chunk it matters: 2.705 bits at 4 characters, 2.609 at 8, and from 64 on as
# good as with the state, which then is missed at few places.
#
# How can that be, if the gradient never saw more than four characters? In the forward pass the state goes on, and a
# cell that keeps what it holds is useful within four characters already; what it keeps is there for later ones to
# use. This holds for what was measured: a small LSTM, two times over the text, in which a word or a line is what is
# worth remembering. Where a lesson lies far away from its cause, as in the marked recall of notebook 2, the gradient
# has to reach it.
#
# </details>

# %% [markdown]
# ## Letting it speak
#
# The model gives logits; what it writes is a matter of choice. Divide them by a **temperature** before the softmax:
#
# $$p_i = \frac{e^{z_i / \tau}}{\sum_j e^{z_j / \tau}}$$
#
# Below 1 the likely becomes likelier, at 0 the likeliest is all that is left; above 1 everything becomes possible.
# **Top-k** cuts instead: only the k likeliest may be drawn.
#
# ### 4.5 Drawing the next character
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `sample` in `starter/charlm.py`*
#
# Return one id (int64) for each row of logits (..., V). A temperature of 0 takes the largest logit, a negative one is a
# `ValueError`; so is a `top_k` below 1, and one of V or more has no effect. All randomness comes from `generator`.
#
# <details><summary>A nudge</summary>
#
# What does a temperature of 0.5 do to the ratio of two probabilities, 0.6 and 0.3?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# A logit of −∞ is a probability of 0. `topk` gives the k-th largest value of each row, or the places of the k largest.
# `torch.multinomial` takes probabilities in one or two axes; flatten all axes in front into one, and put them back
# afterwards. Logits may be negative: draw from probabilities, not from them.
#
# </details>

# %%
check("4.5")

# %% [markdown]
# After `PERRAN:` and a line break again: 4,000 characters are drawn at each of four temperatures, and counted.

# %% tags=["experiment"]
sample = use("4.5")
drawn = {}
for temperature in (0.3, 0.7, 1.0, 1.5):
    source = torch.Generator(device).manual_seed(0)
    logits = lstm(asked)[0][:, -1].detach().expand(4000, -1)
    chosen = sample(logits, temperature, generator=source)
    drawn[temperature] = torch.bincount(chosen.cpu(), minlength=len(characters)) / 4000
fig = plots.plot_distributions(characters.characters, drawn, prompt=prompt)
footnote(fig, sample)
show(fig, alt="At temperature 0.3 two letters take nearly all draws; with rising temperature the bars level out, and the rest grows.")

# %% [markdown]
# ### 4.6 A model that speaks
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `generate` in `starter/charlm.py`*
#
# Read the prompt in one call, draw an id from the last step's logits, feed it back as (1, 1) with the state, and so on;
# return the new ids (length,), without the prompt. Evaluation mode and no gradients while it speaks; afterwards the
# model's mode is as it was.

# %% tags=["experiment"]
show(diagrams.draw_generation(), alt=diagrams.ALT["generation"])

# %% [markdown]
# <details><summary>A nudge</summary>
#
# After the prompt has been read, what does the model need to know of it?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Two things change from turn to turn: what is fed, the whole prompt at first and one id from then on, and the state.
# With `try` and `finally` the mode is restored even if something goes wrong on the way.
#
# </details>

# %%
check("4.6")

# %% tags=["experiment"]
generate = use("4.6")
for temperature in (0.0, 0.5, 1.0, 1.5):
    source = torch.Generator(device).manual_seed(4)
    spoken = generate(lstm, torch.tensor(characters.encode("\n\n"), device=device), 180, temperature, source)
    print(f"· temperature {temperature:g}\n{characters.decode(spoken).strip()}\n")

# %% [markdown]
# **What is gained and what is lost** can be measured. From how wide a choice is each character drawn (the entropy of
# the distribution, in bits)? How many of the words that are written stand in the training part of the play? How much
# is said twice, counted as the share of places from which 20 characters stand earlier in the same text?
#
# Sixteen texts of 300 characters for each temperature. At temperature 1, where the model draws from what it believes:
# which share of its words, in percent, stands in the training part?

# %%
guess = predict("4.6", 85)

# %% tags=["experiment"]
words = words_of(play.training)
measures = {"entropy (bits per character)": {}, "known words (%)": {}, "repeats (%)": {}}
for temperature in (0.2, 0.4, 0.6, 0.8, 1.0, 1.5):
    seen = variety(speak(lstm, characters, "\n\n", 300, 16, temperature, sample=sample), words)
    for measure, value in zip(measures.values(), seen.values(), strict=True):
        measure[temperature] = [value]
said = outcome("4.6", *measures["known words (%)"][1.0])
pieces = [play.held_out[start : start + 300] for start in range(0, 7200, 300)]
from toolkit.speech import known_words, repeats

real = {"known words (%)": 100 * known_words(pieces, words), "repeats (%)": 100 * repeats(pieces)}
fig = plots.plot_trade(measures, real)
headline(fig, said)
footnote(fig, sample)
show(fig, alt="Over temperatures from 0.2 to 1.5 the entropy rises from 0.4 to 3 bits; the share of known words falls from 99 to 44 %, and meets that of held-out text, 95 %, near 0.6; repeats are 3 to 5 % at 0.2 and next to none from 0.4 on.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Under 80 %. The held-out tenth of the play has 95 %, since it has words of its own, too. Near a temperature of 0.6 the
# model writes as many known words as the play does, at 0.2 hardly any others; but there it begins to say the same thing
# again and again. Without any chance at all, at 0, it walked into a circle above, and stayed in it. There is no
# temperature that is right: what is safe is dull, and what is bold has misprints.
#
# One figure deserves a second look. At temperature 1 the model chooses from 2.0 bits per character, and its loss on the
# held-out text is 1.95 bits, nearly the same. It is about as uncertain of itself as the play makes it: it knows what it
# doesn't know.
#
# </details>

# %% [markdown]
# ## How good is it?
#
# A sample can charm. A number is harder to fool. The loss that you train with is a mean of −ln p, in **nats** per
# character. In **bits**, with the logarithm to base 2, it can be read: a model with a loss of 2 bits is as uncertain
# as if it had to choose among 2² = 4 equally likely characters. That number of choices, 2 to the power of the bits or
# e to the power of the nats, is the **perplexity**. And a coder that knows the model needs that many bits for each
# character, so that a language model is a compressor.
#
# ### 4.7 Nats and bits
#
# *5 minutes · difficulty 1 of 3 · 1 point · edit `bits_per_character` in `starter/charlm.py`*
#
# Return the same loss in bits: a float for a float, a tensor for a tensor.
#
# <details><summary>A nudge</summary>
#
# A fair coin has one bit. How many nats are that, −ln ½?
#
# </details>

# %%
check("4.7")

# %% [markdown]
# **A table to beat.** Before one praises a network one asks what counting achieves. The *uniform* guess knows only
# how many characters there are. The *unigram* counts them. An *n-gram* looks the last n − 1 characters up in a table
# and says what followed them; where it saw little it gives part of its say to the table that is one character shorter
# (after Witten and Bell, 1991). Longer tables know more, and saw each of their entries less often.
#
# Which order is the best on the held-out tenth of the play? (Order 1 counts single characters, order 2 looks at one
# before, and so on.)

# %%
guess = predict("4.7", 4)

# %% tags=["experiment"]
from toolkit.ngrams import NGrams, bits_of

bits_per_character, orders, tables = use("4.7"), range(8), {}
longest = NGrams(play.training, max(orders), characters.characters)
for order in orders:
    table = longest.shorter(order)
    tables[order] = (bits_of(table, play.training[: len(play.held_out)]), bits_of(table, play.held_out))
best = min(orders, key=lambda order: tables[order][1])
said = outcome("4.7", best)
training, tested = zip(*tables.values(), strict=True)
fig = plots.plot_orders(orders, training, tested, {"the LSTM, held out": bits_per_character(mean_loss(lstm, held_out))})
headline(fig, said)
footnote(fig, bits_per_character)
show(fig, alt="Bits per character over the order: on the training text falling all the way to 0.8 at order 7; on held-out text falling to 2.05 at order 5 and rising after it. The LSTM's line lies just below, at 1.95.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Order 5. On the text that was counted each longer table is better; of seven characters it has nearly all by heart. On
# the held-out text longer ones get worse: most of their entries were seen once. Tables overfit as networks do, and it
# takes text that was held out to notice.
#
# The best table has 2.05 bits, a perplexity of 4: as if there were four characters to choose from, in the place of 59.
# It was counted in a fifth of a second.
#
# </details>

# %% [markdown]
# ## The milestone: nothing but your own parts
#
# You have written an embedding (3.3), an LSTM's cell (2.2), a loop that runs any cell over a sequence (2.4), clipping,
# batches, training and sampling. One layer is missing, the smallest. Then they make a language model.
#
# ### 4.8 A linear layer
#
# *5 minutes · difficulty 1 of 3 · 1 point · in the cell below*
#
# x has any number of axes, and its last one is multiplied: (..., inputs) → (..., outputs). Torch's own linear layer and
# function are off limits.


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
#
# *20 minutes · difficulty 2 of 3 · 2 points · in the second cell below*
#
# The parts are made for you; write `init_hidden` and `forward`. The state of your cell is a pair of (N, H): there is no
# axis for layers. One trap was stepped around: your embedding keeps the row `padding_idx` free of gradients. A text has
# no padding, and id 0 is a character like any other, here the line break. So the table has one row more than there are
# characters, and that one is the padding's.
#
# The first cell brings your own parts; for those that you have not solved, torch's, so that you can practise.
#
# <details><summary>A nudge</summary>
#
# In which order do the parts meet the ids? Write down the shape after each.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `unroll(cell, x, state)` returns the outputs (N, L, H) and the last state as the cell gave it. Zeros of the right type
# on the right device: `tensor.new_zeros(…)` of any of the weights.
#
# </details>

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
# It trains, with your `train_chunk` on your batches, and it speaks, with your `sample`. No layer of torch's is left in
# it but `nn.Module` and `nn.Parameter`. It reads the play once.

# %% tags=["experiment"]
Own = use("4.9")
own = Own(len(characters), 64, 128).to(device)
listen_to_own = Rehearsal(own, characters, steps=(5, 60, 130))
brief = Recipe(epochs=1, batch_size=32, length=16, rate=0.02, warm_up=30)
own_run = train(
    own, ids, brief, stream_batches=stream_batches, train_chunk=train_chunk, after_step=listen_to_own, bar=True
)

# %% tags=["experiment"]
own_bits = [bits_per_character(loss) for loss in own_run.losses]
fig = plots.plot_sample_over_training(range(1, len(own_bits) + 1), own_bits, listen_to_own.samples)
footnote(fig, own, stream_batches, train_chunk, bits_per_character)
show(fig, alt="The loss of the model of own parts falls from 6 to below 3 bits per character; three samples, the last with words and lines.")

# %% [markdown]
# What does it cost that Python runs your loop? A training step on the same chunk of 16 rows and 32 characters, with
# your parts and with torch's LSTM of the same size: how many times as long does yours take?

# %%
guess = predict("4.9", 4)

# %% tags=["experiment"]
from toolkit.timing import side_by_side

twin = live_writer(len(characters)).to(device)
x, y = next(iter(stream_batches(ids, 16, 32)))
steps = {}
for name, one in (("your parts", own), ("torch.nn.LSTM", twin)):
    adam = torch.optim.AdamW(one.parameters())
    steps[name] = lambda one=one, adam=adam: train_chunk(one, adam, x, y, None, 1.0)
seconds = side_by_side(steps, repeats=15)
yours, torchs = (sorted(times)[7] for times in seconds.values())
said = outcome("4.9", yours / torchs)
fig = plots.plot_scores(
    {"a training step": {name: [1000 * one for one in times] for name, times in seconds.items()}}, "milliseconds", log=True
)
headline(fig, said)
footnote(fig, own, train_chunk)
show(fig, alt="Fifteen times each on a logarithmic axis: your parts take more than twice as long as torch's layer.")

# %% [markdown]
# ## On text that was held out
#
# ### 4.10 The loss on a text that was held out
#
# *20 minutes · difficulty 2 of 3 · 2 points · in the cell below*
#
# Training batches drop what is left over. A measurement may not: every one of the T − 1 predictions counts, once, and
# the result is the same for chunks of any length.
#
# <details><summary>A nudge</summary>
#
# 100 predictions in chunks of 64: two chunks, of 64 and of 36. What is wrong with the mean of their two means?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Cut the inputs `ids[:-1]` and the targets `ids[1:]` in the same way, and no prediction at a border is lost. Sum the
# losses, and divide once, at the end.
#
# </details>


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
            for x, y in zip(ids[:-1].split(length), ids[1:].split(length)):
                logits, state = model(x[None], state)
                total += nn.functional.cross_entropy(logits[0], y, reduction="sum").item()
    finally:
        model.train(training)
    return total / (len(ids) - 1)
    ### END SOLUTION


# %%
check("4.10")

# %% [markdown]
# Everybody at the same test, the held-out tenth of the play: the counts, your own model, the LSTM of the demo. Is the
# LSTM, after some ten seconds on 68,000 characters, ahead of the best table by more than a twentieth of a bit
# (`"network"`), behind it by more than that (`"table"`), or are they `"level"`?

# %%
guess = predict("4.8", "level")

# %% tags=["experiment"]
loss_of = use("4.10")
rows = {"uniform": tables[0][1], "unigram": tables[1][1], "2-gram": tables[2][1], "3-gram": tables[3][1]}
rows[f"{best}-gram"] = tables[best][1]
rows["your own parts, 1 epoch"] = bits_per_character(loss_of(own, held_out, 200))
rows["LSTM, 6 epochs"] = bits_per_character(loss_of(lstm, held_out, 200))
lead = tables[best][1] - rows["LSTM, 6 epochs"]
said = outcome("4.8", "network" if lead > 0.05 else "table" if lead < -0.05 else "level")
kinds = {name: "network" if "epoch" in name else "counts" for name in rows}
fig = plots.plot_bits(rows, kinds)
headline(fig, said)
footnote(fig, own, loss_of, bits_per_character)
show(fig, alt="Bars of bits per character: uniform 5.88, unigram 4.68, 2-gram 3.27, 3-gram 2.46, 5-gram 2.05, the model of own parts after 1 epoch 2.5 to 2.6, the LSTM after 6 epochs 1.95. The axis above gives the perplexity.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# The network leads, by a tenth of a bit: what takes it ten seconds, a table nearly has in a fifth of one. After one
# epoch, as with the model of your own parts, the table of three characters is still ahead. On so little text there
# isn't much for a network to know that five characters don't tell. The lead grows with the text: on Shakespeare's
# plays, sixteen times as long, it is a third of a bit (further down).
#
# </details>

# %% [markdown]
# ### Writing or copying?
#
# A model that had learnt its text by heart would write beautifully. So hold what it writes against what it read: from
# each place of a text, how many characters on stand word for word in the training part? Real verse copies too, since
# people say *I do not know* again and again. So the held-out tenth is measured as well.
#
# At temperature 0.5 the LSTM writes 2,000 characters. How long is the longest run of them that is copied?

# %%
guess = predict("4.10", 40)

# %% tags=["experiment"]
spoken = {temperature: speak(lstm, characters, "\n\n", 250, 8, temperature).texts for temperature in (0.5, 1.0)}
runs = {
    f"temperature {temperature:g}": [one for text in texts for one in copied_runs(text, play.training)]
    for temperature, texts in spoken.items()
}
said = outcome("4.10", max(runs["temperature 0.5"]))
runs["held-out text"] = copied_runs(play.held_out, play.training)
fig = plots.plot_overlap(runs)
headline(fig, said)
show(fig, alt="The share of places with a copied run of at least n characters. All three curves fall alike: half the places at 5 to 8 characters, next to none at 20. The one of the held-out text ends last, at 117.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Some 25 characters: a line at most. At temperature 0.5 it copies a little more than the play's own last tenth does, at
# 1 a little less, and none of the three curves stays up. The longest copy of all is the play's: a lullaby is sung there
# twice. A model that recites would show a curve that doesn't come down.
#
# </details>

# %% [markdown]
# ## What single units follow
#
# Nobody asked the network to count, or to know whether a name is being written. Does any unit of its cell state do so
# anyway? For each character of the held-out text we know how far the line has come, and whether we are in a speaker's
# name. The unit whose activation goes with that most closely (the largest correlation, of either sign) is drawn: each
# character on the colour that the unit has *after* it.

# %% tags=["experiment"]
from toolkit.units import activations, closest_units, in_code, in_play

excerpt = play.held_out[:3000]
states = activations(lstm, torch.tensor(characters.encode(excerpt)))
found = closest_units(states, in_play(excerpt))
for track, (unit, together) in found.items():
    print(f"{track}: unit {unit}, correlation {together:+.2f}")
start = excerpt.index("\n\n") + 2
for track in ("speaker's name", "place in the line"):
    unit, together = found[track]
    title = f"Unit {unit}, which goes with: {track} (correlation {together:+.2f})"
    fig = plots.plot_coloured_text(excerpt[start : start + 320], states[start : start + 320, unit], title=title)
    show(fig, alt=f"Verse whose colour changes with the {track}.")

# %% [markdown]
# Nobody asked for it, and yet there is a unit that tells names from verse, and one that rises or fades as a line gets
# long and begins anew with the next: the network needs to know that a line will have to end. These are the best of 128.
# Most units follow nothing that has a name; what a network knows is spread over many of them (Karpathy, Johnson and
# Fei-Fei, 2016, drew the first such pictures).
#
# **A second corpus: the library of your Python.** The same network, with 96 units, on some modules of the standard
# library that runs this notebook, twice over. About 4 seconds. Code has structures that verse doesn't: indentation,
# and brackets and quotes that have to be closed.

# %% tags=["experiment"]
from dataclasses import replace

library = library_source()
signs = stand_ins.CharVocabulary.build(library.whole)
code_ids, code_held_out = (part.to(device) for part in library.ids(signs))
coder = live_writer(len(signs), hidden_size=96).to(device)
train(coder, code_ids, replace(LIVE, epochs=2), bar=True)
print(f"{library.name}: {len(code_ids):,} characters, {bits_per_character(mean_loss(coder, code_held_out)):.2f} bits on held-out code")
print(speak(coder, signs, "\n\ndef ", 500, temperature=0.7, sample=sample).texts[0])

# %% tags=["experiment"]
excerpt = library.held_out[:5000]
states = activations(coder, torch.tensor(signs.encode(excerpt)))
found = closest_units(states, in_code(excerpt))
for track, (unit, together) in found.items():
    print(f"{track}: unit {unit}, correlation {together:+.2f}")
start = excerpt.index("\n    ") + 1
unit, together = found["in the indentation"]
title = f"Unit {unit}, which goes with: in the indentation (correlation {together:+.2f})"
fig = plots.plot_coloured_text(excerpt[start : start + 320], states[start : start + 320, unit], title=title)
show(fig, alt="Source code; the spaces that begin each line stand on one colour, the rest on the other.")

# %% [markdown]
# Within seconds it has learnt that lines are indented, which words Python is made of, and that brackets belong to it.
# One unit knows very well whether the line has begun yet. None of them follows *how deep* it is indented: the best has
# a correlation of 0.3 to 0.4. What the network writes agrees: lines are indented, but seldom as deep as their block
# asks for.

# %% [markdown]
# ## Beside a Transformer
#
# Since 2017 most models of language are Transformers. They have no state: each character looks at all the others
# before it, and to write one more, the keys and values of all of them have to be kept. That is the **cache**.

# %% tags=["experiment"]
show(diagrams.draw_cache(), alt=diagrams.ALT["cache"])

# %% [markdown]
# A small one is given in `toolkit/transformer.py`. It has nearly as many parameters as an LSTM with 256 units:
# 360,000, with room for 128 characters, against 350,000. Weights don't matter for what they cost, so these are
# untrained. Each writes 400 characters.

# %% tags=["experiment"]
from toolkit.endurance import seconds_to_write
from toolkit.writers import rivals

carried = {}
for name, rival in rivals(len(characters), context=512).items():
    seconds, carried_bytes = seconds_to_write(rival, 400, 20)
    carried[name] = [count / 1000 for count in carried_bytes]
    print(f"{name}: {1000 * sorted(seconds)[len(seconds) // 2]:.2f} ms for each character")
fig = plots.plot_lines(carried, range(20, 401, 20), "carried along (kB)", "characters written")
show(fig, alt="The LSTM carries 2 kB, always. The Transformer's cache grows by 2.3 kB with each character, to 920 kB at 400.")

# %% [markdown]
# And for training? The same number of characters, in chunks of different lengths. A Transformer's attention compares
# each place with all before it, so its work for one character grows with the chunk. An LSTM's doesn't, but its steps
# have to come one after the other, which a GPU, made to read all places of a long chunk at once, likes less than a
# CPU does. Recorded on one core of a CPU, for chunks of up to 2,048 characters; and below it, the time for writing:

# %% tags=["experiment"]
cost = recorded("transformer_cost")
print(cost.source)
training_cost = {
    name.removeprefix("training, "): row for name, row in cost.scores.items() if name.startswith("training")
}
fig = plots.plot_scores(training_cost, "milliseconds for 1,000 characters, forward and backward", start=0)
show(fig, alt="Milliseconds for 1,000 characters by length of chunk. LSTM about 34 at 64 and 44 at 2,048; Transformer 54 at 64 and 150 at 2,048.")

# %% tags=["experiment"]
writing = {name.split()[-1]: row for name, row in cost.entries.items() if name.startswith("writing")}
per_thousand = {name: [row[name]["median"] for row in writing.values()] for name in ("LSTM", "Transformer")}
fig = plots.plot_lines(per_thousand, list(map(int, writing)), "ms for 1,000 characters", "characters written so far")
show(fig, alt="Milliseconds for 1,000 characters, by how many were written before: the LSTM stays near 314, the Transformer rises from 1048 to 2270.")

# %% [markdown]
# What do they *learn*? Both were trained on 1, 10 and 100 % of Shakespeare's plays, equally often over the text, with
# the same choice of learning rates, three seeds, and the best epoch counts. On 1 % of the plays, 10,000 characters,
# who has the lower loss on held-out text: the `"LSTM"`, the `"Transformer"`, or `"neither"` (less than 0.05 bits
# between them)?

# %%
guess = predict("4.11", "LSTM")

# %% tags=["experiment"]
shares = recorded("transformer_data")
print(shares.source)
medians = {name: entry["median"] for name, entry in shares.entries["1 %"].items()}
gap = medians["Transformer"] - medians["LSTM"]
said = outcome("4.11", "neither" if abs(gap) < 0.05 else "LSTM" if gap > 0 else "Transformer")
fig = plots.plot_scores(shares.scores, "bits per character on held-out text")
headline(fig, said)
show(fig, alt="Bits per character on held-out text. 1 %: LSTM 3.56, Transformer 4.06. 10 %: 3.02 and 3.50. 100 %: 2.55 and 2.90.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# The LSTM, by half a bit: 3.56 against 4.06. With 10 % of the text it is 3.02 against 3.50, with all of it 2.55 against
# 2.90. An LSTM is built to expect that what came just before matters most; a Transformer has to learn from the
# data even that neighbours are neighbours.
#
# Don't read more into it than was measured: 350,000 parameters, 30, 10 and 2 times over the text, minutes on one core
# of a CPU, where each pass takes the Transformer about twice as long as the LSTM. (And after two passes the table of
# five characters, with 2.41 bits, is still ahead of both.) A Transformer of 10 million parameters with minutes on a
# fast GPU reached 2.1 bits on this text. With more text, more parameters and hardware that reads all places at once,
# the Transformer wins, and that is where the world has gone.
#
# </details>

# %% [markdown]
# ## Keeping what was learnt
#
# Weights alone are not a language model: without the characters that its ids stand for, it talks nonsense in perfect
# order. So both go into one file (safetensors, which holds tensors and text and runs no code when it is read).

# %% tags=["experiment"]
import tempfile
from pathlib import Path

from toolkit.checkpoint import load_model, save_model

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "thole.safetensors"
    save_model(file, lstm, characters.characters, embedding_dim=64, hidden_size=128)
    again, saved_characters = load_model(file, CharLM)
    print(f"{file.stat().st_size:,} bytes; the loss is the same: {mean_loss(again.to(device), held_out) == mean_loss(lstm, held_out)}")
    try:
        load_model(file, CharLM, signs.characters)
    except ValueError as problem:
        print("With the vocabulary of the code:", str(problem).replace(str(folder), "…"))

# %% [markdown]
# ## The real plays
#
# Tiny Shakespeare (Karpathy, 2015) has 1,115,394 characters of the plays, sixteen times as many as ours; the last
# tenth is held out. It is a real text, so it isn't part of this course's files: `python -m toolkit.data fetch
# shakespeare` brings it. What is drawn here was recorded.

# %% tags=["experiment"]
best_run = recorded("shakespeare_best")
print(best_run.source)
((name, row),) = best_run.entries["tiny Shakespeare"].items()
print(f"{name}: {row['parameters']:,} parameters, {row['seconds']['median']:.0f} s, "
      f"{row['characters per second']['median']:,.0f} characters per second")  # fmt: skip
curves = {name: [list(zip(*seed, strict=True)) for seed in row["by epoch"]]}
published = {"4-layer Transformer, CPU": (180, 1.88), "6-layer Transformer, A100 GPU": (180, 1.47)}
fig = plots.plot_loss_against_time(curves, published)
show(fig, alt="Validation loss in nats per character against seconds: three seeds fall from 1.75 after 36 s to 1.44 after 260 s. Marks: 1.88 after 180 s for a Transformer on a CPU, 1.47 after 180 s on an A100.")

# %% [markdown]
# One LSTM with 512 units, eight times over the text, reaches 1.440, 1.443 and 1.443 nats per character in three seeds
# (2.08 bits), after 252 to 264 seconds on two cores of a CPU, at 31,000 characters per second. Published for three
# minutes: 1.88 from a small Transformer on a CPU, 1.47 from a larger one on an A100. Like those, its recipe was
# chosen on the same held-out tenth that it is measured on, so all three flatter themselves a little. Two things
# bought the speed: products in bfloat16, which this processor has instructions for, and a C library that keeps the
# memory it frees (`toolkit/allocator.py`).
#
# What it wrote, asked now and then, after two line breaks and at a temperature of 0.8:

# %% tags=["experiment"]
for step, seconds, text in row["samples"]:
    print(f"· after {step} steps, {seconds:.0f} s\n{text.strip()[:200]}\n")

# %% tags=["experiment"]
counted = recorded("shakespeare_baselines")
bits = {("uniform", "unigram")[int(n)] if int(n) < 2 else f"{n}-gram": values
        for n, values in counted.scores["held out"].items() if int(n) < 7}  # fmt: skip
bits[name] = [bits_per_character(loss) for loss in row["values"]]
fig = plots.plot_bits(bits, {one: "network" if one == name else "counts" for one in bits})
footnote(fig, bits_per_character)
show(fig, alt="Bars of bits per character: uniform 6.02, unigram 4.83, 2-gram 3.59, 3-gram 2.96, 4-gram 2.56, 6-gram 2.45, 5-gram 2.41, the LSTM 2.08.")

# %% [markdown]
# **Creativity against coherence**, on the real plays: temperature, and top-k at a temperature of 1.

# %% tags=["experiment"]
speech = recorded("shakespeare_speech")
table = [
    {
        "drawn with": f"{setting} {value}",
        "entropy, bits": entry["entropy"]["median"],
        "known words, %": entry["median"],
        "repeats, %": entry["repeats"]["median"],
        "longest copied": entry["longest copied"],
    }
    for setting in ("temperature", "top k")
    for value, entry in speech.entries[setting].items()
]
(held,) = speech.entries["held-out text"].values()
caption = (
    "The LSTM of 512 units, medians of three seeds, ten texts of 1,000 characters for each. Held-out text: known words "
    f"{held['median']:.1f} %, repeats {held['repeats']['median']:.2f} %, longest copied run {held['longest copied']} characters."
)
show_table(
    table,
    {"drawn with": "", "entropy, bits": ".2f", "known words, %": ".1f", "repeats, %": ".1f", "longest copied": ""},
    caption,
)

# %% [markdown]
# Again the known words come level with real text, 96 %, below a temperature of 0.8, and at 1 the model chooses from
# 1.86 bits, a little less than its loss of 2.08: it is somewhat surer of itself than it should be. Top-k does what a
# temperature does, with a sharper edge; the likeliest character alone (k = 1) ends in a circle, with 87 % said twice.
# And copying: the longest run at any setting is 36 characters, less than a line; real text has one of 24 with the
# rest of Shakespeare.

# %% [markdown]
# **With your own parts.** If the real plays are there, the next cell trains the same network with *your*
# `stream_batches` and `train_chunk`, once over the text: one to two minutes on one core. If not, it says how to bring
# them (1 MB), and the notebook goes on.

# %% tags=["experiment"]
plays = fetched_plays()
if plays:
    from toolkit.writers import BEST_RECIPE, best_writer, half_pays

    letters = stand_ins.CharVocabulary.build(plays.whole)
    real_ids, real_held_out = (part.to(device) for part in plays.ids(letters))
    bard = best_writer(len(letters)).to(device)
    recipe = replace(BEST_RECIPE, epochs=1, half=half_pays(device))
    train(bard, real_ids, recipe, stream_batches=stream_batches, train_chunk=train_chunk, bar=True)
    print(f"{loss_of(bard, real_held_out, 512):.3f} nats per character on the last tenth\n")
    print(speak(bard, letters, "\n\n", 400, temperature=0.7, sample=sample).texts[0])

# %% [markdown]
# ## Explain
#
# ### 4.11 Explain: what is carried, and what is cut
#
# *20 minutes · difficulty 3 of 3 · 3 points · write your answer in the next cell; a person marks it*
#
# You are asked in an interview: *"You train a character model with chunks of 64. Can it learn anything that is
# further apart than 64 characters? And when would you still take it instead of a Transformer?"*
#
# Answer in six to ten sentences. Say what passes the border between two chunks and what doesn't, in the forward pass
# and in the backward pass; hold against it what you measured; and name what decides between the two architectures,
# with figures.

# %% [markdown] task="4.11"
# ### BEGIN SOLUTION 4.11
# **A model answer.** It can, but it isn't taught to. In the forward pass the state crosses the border between two
# chunks as a value: what the cell holds at the end of one is where the next begins, and nothing limits how long it is
# kept. In the backward pass the border is a wall: detach ends the gradient there, so no step ever says that something
# should have been noted 100 characters earlier. What already pays within a chunk, to keep what one holds, works
# beyond it; what never pays within 64 characters is not learnt. I measured that on real plays with the state carried
# chunks of 4 characters cost 0.02 bits against chunks of 64, no more than another seed does, while zeros at the
# beginning of each chunk of 4 cost 0.14 bits more. Taken away from the trained network, the state was missed at the
# first places of a chunk, by a bit and a half at the first one, and not at all after six. Without the cut, ten chunks held
# ten times the memory of one. I would take the LSTM where a text has no end and memory is small: it carries 2 kB
# whatever it has read, and a Transformer of the same size 2.3 kB more for each character; where there is a CPU, on
# which long chunks cost the Transformer several times as much; and where there is little text or little time: with 1
# % and 10 % of the plays it led by half a bit. With much text and a GPU that reads all places at once, or where
# something has to be looked up exactly, far back, I would take the Transformer.
#
# **Marking: 3 points**
#
# - 1 point: what passes the border (the state, as a value, forward) and what doesn't (the gradient, backward). "Yes" or "no" alone earns
#   nothing.
# - 1 point: a measurement of one's own held against it (chunk lengths, the loss at a chunk's first place, memory without the cut).
#   Half without a number.
# - 1 point: conditions under which either architecture is the better choice, with at least one figure for cost and one for
#   what was learnt. Half for conditions without figures.
# ### END SOLUTION

# %% [markdown]
# ## Common bugs, and how to see them
#
# - **`Trying to backward through the graph a second time`.** The state that came in was not detached. `retain_graph=True` makes
#   the message go, and memory grow with every chunk.
# - **`modified by an inplace operation`.** The same, with an optimiser's step in between.
# - **Memory grows from epoch to epoch.** Something that is kept has a graph: losses in a list without `.item()`, a state.
# - **The loss is suspiciously low, far below 1 bit.** The targets are the inputs themselves, not the ones that come next: the
#   model learns to copy.
# - **The loss falls, the samples stay poor.** The rows of a batch don't go on from chunk to chunk: print `x[0]` of two
#   chunks as text. Or the state is zeroed at every chunk, and the model was never asked to use one.
# - **All samples are alike.** A temperature of 0, or a generator that is seeded anew before every draw.
# - **The samples are noise, though the loss is good.** Temperature multiplied instead of divided; drawn from logits, or from
#   a softmax of a softmax; a vocabulary that isn't the one of the training.
# - **The first letters after a prompt don't fit it.** Only its last character was fed, or the state was not kept.
# - **The same prompt gives other probabilities each time.** Dropout is on: `model.eval()`, and back afterwards.
# - **The loss becomes NaN.** Print the norm of the gradients before clipping; lower the rate; begin with a few steps of warm-up. A
#   NaN in the weights stays, so go back to a saved model.
# - **Bits and nats mixed up.** A factor of 1.44 between two papers is not an improvement.
#
# ## Summary
#
# - A language model answers at every step, and its text is its own label.
# - What is carried from chunk to chunk is the state; what is cut is the gradient. With the state carried, chunks of 4
#   characters were as good as chunks of 64, within the spread of seeds. Without the cut, ten chunks held ten times the
#   memory.
# - Taken away, the state costs a bit and a half at the first place of a chunk and nothing six characters later.
# - Temperature trades misprints for repeats. At 1, the entropy of what the model chooses from was its loss on held-out text, to a
#   tenth of a bit.
# - A sample charms, a number holds: bits per character, on text that was held out, beside a table that was counted.
# - An embedding, a cell, a loop and a linear layer are a language model. You wrote all four.
# - An LSTM writes without end from 2 kB of state, and learnt faster than a Transformer of its size from what two cores could read
#   in minutes. With much text and a large machine it is the other way round.
#
# **Next.** Notebook 5 translates: one network reads an English sentence, another writes the French one, and between
# them stands the idea that the Transformer is made of.
#
# **Further reading**
#
# - R. J. Williams and J. Peng (1990), *An efficient gradient-based algorithm for on-line training of recurrent network
#   trajectories*, Neural Computation 2: truncated backpropagation through time.
# - I. Sutskever, J. Martens and G. Hinton (2011), *Generating text with recurrent neural networks*, ICML: characters.
# - A. Graves (2013), *Generating sequences with recurrent neural networks*, arXiv:1308.0850.
# - A. Karpathy (2015), *The unreasonable effectiveness of recurrent neural networks*: tiny Shakespeare, and units as
#   coloured text.
# - A. Karpathy, J. Johnson and L. Fei-Fei (2016), *Visualizing and understanding recurrent networks*, ICLR workshop.
# - I. H. Witten and T. C. Bell (1991), *The zero-frequency problem*, IEEE Transactions on Information Theory 37: tables.
# - C. E. Shannon (1951), *Prediction and entropy of printed English*, Bell System Technical Journal 30: what people achieve.
# - A. Holtzman et al. (2020), *The curious case of neural text degeneration*, ICLR: why the likeliest text is a dull one.
# - A. Vaswani et al. (2017), *Attention is all you need*, NeurIPS.
