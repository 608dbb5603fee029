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
#
# A sentence goes in, another comes out: of another length, in another order, in another language. You build the network
# that first did this well (Bahdanau et al., 2015), out of parts that you know by now and one new one, *attention*. You
# take the new part away and see what breaks, look where the network looks, and hold that against the truth. At the end
# the recurrence itself goes, and what is left is the core of a Transformer.
#
# The sentences come from a small **grammar of English and French** that was written for this course. It knows which
# words of a pair belong together, which no real corpus does. One section near the end tells of real sentences, and
# trains on them where they have been fetched.

# %%
import torch

from grader.check import check, follow_edits, outcome, predict, use
from toolkit import diagrams, plots, stand_ins
from toolkit.answering import bins, exact, forced_maps, interpret, share_by_length, translations
from toolkit.bleu import bleu
from toolkit.device import pick_device, seed_everything
from toolkit.forcing import Setting, own_translator, short_pairs, train_steps
from toolkit.live_pairs import SIZES, load_trained, material
from toolkit.pairs import batch_of
from toolkit.plots import footnote, headline, show
from toolkit.recorded import recorded
from toolkit.sentences import detokenize, tokenize
from toolkit.tables import show_table

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import seq2seq

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {seq2seq.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ## Where this leads
#
# First, what you will have built; every part is torch's own for now. This translator has read the 20,000 training pairs
# of the grammar ten times, which took four minutes on one core; its weights were kept
# (`python -m benchmarks.interpreting translators` makes them again). Here it translates three sentences that it has
# never seen, a word at a time. While it writes each French word, it looks at the English ones; the darker, the harder.

# %% tags=["experiment"]
found = material()  # the pairs of the grammar, and the words of both languages: a few seconds
english, french = found.english, found.french
sizes = (SIZES.embedding, SIZES.hidden)
demo = stand_ins.Seq2Seq(stand_ins.Encoder(len(english), *sizes), stand_ins.Decoder(len(french), *sizes)).to(device)
demo.load_state_dict(load_trained("interpreter"))
for text in (
    "The old man never gives her the red flowers.",
    "Did the young nurse see the French singers?",
    "The baker's old cat sleeps under the table.",
):
    words, said, look, sentence = interpret(text, demo, stand_ins.greedy_decode, english, french)
    print(f"{text}  →  {sentence}")

# %% tags=["experiment"]
first = "The old man never gives her the red flowers."
words, said, look, _ = interpret(first, demo, stand_ins.greedy_decode, english, french)
fig = plots.plot_map(look, [*words, "<eos>"], said, title="Where the translator looked")
show(
    fig,
    alt="A grid with a row for each French word and a column for each English one. Most rows have one dark cell. The darkest "
    "cells run down and to the right, and jump where French puts her before the verb and red behind the noun.",
)

# %% [markdown]
# ## What you will build

# %% tags=["experiment"]
show(diagrams.draw_translation_pipeline(), alt=diagrams.ALT["translation_pipeline"])

# %% [markdown]
# The numbers are those of the exercises. Shapes are written with the same letters everywhere: `N` batch, `S` length of
# the source, `T` length of the target, `V` vocabulary, `E` embedding size, `H` hidden size. The batch comes first, and a
# state is one tensor, (N, H).
#
# **Afterwards you can**
#
# - build an encoder, a decoder and additive attention, and say what each hands to the others;
# - handle padding on both sides: in the encoder, in attention, in the loss, and while sentences end at different steps;
# - train with teacher forcing, and say what it hides;
# - decode greedily and with a beam, and say what a wider beam costs, gains, and doesn't promise;
# - measure a translation: word for word, with BLEU, by length, by kind of mistake;
# - hold an attention map against the truth;
# - say what is lost with the recurrence and what is gained, and when an RNN is still right.
#
# **You need** notebooks 2 and 3, or the same knowledge: GRU cells, embeddings, padding and packing. **Time:** about five
# hours, three and a half of them for the exercises.
#
# **How to work.** Open `starter/seq2seq.py` beside this notebook. Seven exercises name a function or class there, two
# (5.8 and 5.9) a cell of this notebook, and one (5.10) is a text; replace its `raise NotImplementedError`, save, and run
# the check below the exercise, which reads the file as it is on disk. If you get stuck, go on: the cells after an
# unsolved exercise take a stand-in built of `torch.nn`, and say so. When your work is graded, further checks of the
# same kind run: other sizes, other masks, other devices.
#
# **Predict first.** Eight experiments ask what you expect before they run. (They have numbers of their own: prediction
# 5.6 is not exercise 5.6.) Write it in the place of `None`. A wrong prediction costs nothing; it is the one that you
# remember.

# %% [markdown]
# ## Pairs of sentences
#
# A pair is two lists of words. French cuts at the apostrophe (`l'` and `école` are two), punctuation marks are words too,
# and all is lower-case. The grammar knows which words say the same: these are the *links* of a pair. Where they cross,
# French turns the order around. The splits: 20,000 pairs to learn from; 1,000 to test, with new sentences of known
# combinations; 1,000 in which an adjective meets a noun, or a verb an object, that it met nowhere else (*unseen*); and 500
# *long* ones, of 21 words and more, where training ends at 20.

# %% tags=["experiment"]
shown = next(pair for pair in found.pairs("test") if pair.english[:3] == ("the", "white", "cat"))
fig = plots.plot_links(shown)
show(
    fig,
    alt="The white cat is not happy, above le chat blanc n'est pas heureux. The curves of white and cat cross, and "
    "so do those of is and not.",
)

# %% [markdown]
# As ids, each sentence ends with `EOS` (3), and rows are padded with `PAD` (0). The target has no `BOS` (2): that is
# what the decoder is fed at its first step, and nobody has to predict it. Words that the training pairs don't have are
# `UNK` (1). `source_mask(src, lengths)` is given in the module: (N, S), True at real tokens.

# %% tags=["experiment"]
three = found.pairs("test")[:3]
batch = batch_of(three, english, french, device)
print(batch.src, batch.lengths, batch.tgt, seq2seq.source_mask(batch.src, batch.lengths).int(), sep="\n")

# %% [markdown]
# ## Reading
#
# A word means something by what stands before it *and* behind it. So the encoder reads in both directions, with half of
# its units in each, and keeps for every word both states side by side: what has been read up to here from the left, and
# up to here from the right. All of them together are the **memory**, (N, S, H). The two states at which each direction
# *ends* are put together as the decoder's first state.

# %% tags=["experiment"]
show(diagrams.draw_both_ways(), alt=diagrams.ALT["both_ways"])

# %% [markdown]
# ### 5.1 An encoder that reads both ways
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `Encoder.forward` in `starter/seq2seq.py`*
#
# Return `(memory, state)`: memory (N, S, H), zeros at padding and as wide as `src`; state (N, H), the forward direction's
# after the last real token beside the backward direction's after the first. Rows come in any order, `lengths` alone says
# what is padding, and S may be larger than every length.
#
# <details><summary>A nudge</summary>
#
# Where does the backward direction end, and what would it have read first if nobody told it about the padding? And why
# isn't `memory[:, -1]` the state that is asked for?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# As in 3.5: `pack_padded_sequence(..., enforce_sorted=False)`. `nn.GRU` returns the outputs and h_n; with two directions
# h_n is (2, N, H/2), forward first. `pad_packed_sequence` takes a `total_length`, without which it cuts the width to the
# longest row.
#
# </details>

# %%
check("5.1")

# %% tags=["experiment"]
Encoder = use("5.1")
encoder = Encoder(len(english), *sizes).to(device)
encoder.load_state_dict({name[8:]: value for name, value in load_trained("interpreter").items() if name.startswith("encoder.")})
five = batch_of(found.pairs("test")[:5], english, french, device)
memory, _ = encoder(five.src, five.lengths)
fig = plots.plot_memory(memory.detach().cpu(), five.lengths)
footnote(fig, encoder)
show(
    fig,
    alt="Five rows of a batch: norms between 7 and 10 at every real place, and 0 at each place behind the end of a "
    "row.",
)

# %% [markdown]
# ## One vector, or all of them
#
# The first translators of this kind (Sutskever et al., 2014; Cho et al., 2014) handed the decoder the last state and
# nothing else: whatever the sentence says has to pass through H numbers, be it three words or thirty. **Attention**
# keeps the whole memory, and lets the decoder look at it anew before each word.

# %% tags=["experiment"]
show(diagrams.draw_bottleneck(), alt=diagrams.ALT["bottleneck"])

# %% [markdown]
# Looking means: compare what you want to know, the *query*, with what each place offers, its *key*; turn the scores into
# weights that sum to 1; take the weighted mean. In additive attention the comparison is a small network:
#
# $$e_s = v^\top \tanh(W q + U k_s), \qquad a_s = \frac{\exp e_s}{\sum_{s'} \exp e_{s'}}, \qquad
# \text{context} = \sum_s a_s k_s$$
#
# Everything in it can be differentiated. Nobody tells the network where to look; it finds out, since looking at the
# right place makes the right word likelier.

# %% tags=["experiment"]
show(diagrams.draw_additive_attention(), alt=diagrams.ALT["additive_attention"])

# %% [markdown]
# ### 5.2 Additive attention
#
# *25 minutes · difficulty 2 of 3 · 3 points · edit `AdditiveAttention.forward` in `starter/seq2seq.py`*
#
# Return `(context, weights)`: context (N, K) and weights (N, S). Where the mask is False the weight is exactly 0; the mask
# may be any pattern. A row in which nothing may be looked at gets zeros, not NaN, in the weights and in the context.
#
# <details><summary>A nudge</summary>
#
# $e^0 = 1$: what does a score of 0 at a hidden place do to the others? What is the softmax of three times −∞?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `self.query(query)` is (N, A) and `self.key(keys)` (N, S, A): one of them needs another axis. `masked_fill(~mask, -inf)`
# goes before the softmax over S, `masked_fill(~mask, 0)` behind it. The weighted mean is a batched product,
# (N, 1, S) by (N, S, K).
#
# </details>

# %%
check("5.2")

# %% [markdown]
# An attention that has learnt nothing: random queries, ten random keys, first weights as torch draws them. If it looked
# at all places alike, each weight would be 0.1; if it knew what it wanted, one would be near 1. How large is the
# largest of the ten, on average?

# %%
guess = predict("5.2", 0.14)

# %% tags=["experiment"]
AdditiveAttention = use("5.2")
attention = AdditiveAttention(128, 128, 128).to(device)
source = torch.Generator().manual_seed(5)
query, keys = (torch.randn(*shape, generator=source).to(device) for shape in ((500, 128), (500, 10, 128)))
everywhere = torch.ones(500, 10, dtype=torch.bool, device=device)
with torch.no_grad():
    _, weights = attention(query, keys, everywhere)
largest = weights.max(dim=1).values.cpu()
said_so = outcome("5.2", largest.mean().item())
patterns = torch.ones(12, 10, dtype=torch.bool, device=device)  # eight rows see everything
patterns[8, 6:], patterns[9, ::2], patterns[10, :7], patterns[11] = False, False, False, False
with torch.no_grad():
    _, shown_weights = attention(query[:12], keys[:12], patterns)
names = [*["sees all"] * 8, "first six", "every second", "last three", "nothing"]
fig = plots.plot_map(shown_weights.cpu(), [str(place) for place in range(10)], names, title="An attention that has learnt nothing")
headline(fig, said_so)
footnote(fig, attention)
show(
    fig,
    alt="Twelve rows of weights over ten places: eight are pale all over, the others are white where the mask hides "
    "a place, and the last is white throughout.",
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 0.14 on average, where 0.10 would be quite flat. At the beginning attention is a mean over the sentence, a bag of words. That is a good place
# to begin from: every place gets some gradient. The rows at the bottom are masked in several ways; where nothing may be
# looked at, there is nothing, and no NaN that would eat the whole batch.
#
# </details>

# %% [markdown]
# ## Writing
#
# One step of the decoder: look at the memory with the state as it is; let the GRU cell read the last word and what was
# seen, side by side; let the new state and what was seen say what comes next. What was seen goes *into the cell*, so
# that the next state knows where this step looked.

# %% tags=["experiment"]
show(diagrams.draw_decoder_step(), alt=diagrams.ALT["decoder_step"])

# %% [markdown]
# ### 5.3 One step of a decoder
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `Decoder.step` in `starter/seq2seq.py`*
#
# Return `(logits, state, weights)`: logits (N, V), raw, the new state (N, H) and the attention's weights (N, S). Attend
# with the old state; the cell reads [embedded; context]; the output layer reads [new state; context]. Keep nothing between
# calls: whoever calls holds the state.
#
# <details><summary>A nudge</summary>
#
# Three sizes must fit: what the cell was made for, E + H, and what the output layer was made for, 2H. Which state is
# there when the step looks, and which when it speaks?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `self.attention(state, memory, mask)` gives context and weights. `torch.cat([...], dim=1)` puts two (N, ·) side by
# side. `nn.GRUCell` takes the input and the old state and returns the new one.
#
# </details>

# %%
check("5.3")

# %% tags=["experiment"]
Decoder = use("5.3")
pair = shown
maps = {}
for name in ("untrained", "trained"):
    parts = own_translator((Encoder, Decoder, stand_ins.Seq2Seq), english, french, seed=1).to(device)
    if name == "trained":
        parts.load_state_dict(load_trained("interpreter"))
    (look,) = forced_maps(parts, [pair], english, french)
    maps[name] = (look, [*pair.english, "<eos>"], pair.french, pair.links)
fig = plots.plot_maps(maps)
footnote(fig, encoder, parts.decoder)
show(
    fig,
    alt="Untrained, all places of the map are equally pale. Trained, each row has a dark cell, most of them on a "
    "known link; le looks at cat.",
)

# %% [markdown]
# Both maps were made with the known translation fed, word by word; outlined are the links of the grammar. Nobody has
# shown those to the network. What it learnt, it learnt from pairs of sentences alone. How well, you will measure in
# 5.8.
#
# ## Learning to write
#
# What does the decoder read while it learns? If it reads the *right* words, however wrong its own are, every step is
# learnt at once, from where it should have been: **teacher forcing** (Williams and Zipser, 1989). If it reads its own, it
# learns to go on from its own mistakes, and at first it makes nothing else. In between one can toss a coin (scheduled
# sampling; Bengio et al., 2015).

# %% tags=["experiment"]
show(diagrams.draw_teacher_forcing(), alt=diagrams.ALT["teacher_forcing"])

# %% [markdown]
# ### 5.4 Teacher forcing
#
# *25 minutes · difficulty 2 of 3 · 2 points · edit `Seq2Seq.forward` in `starter/seq2seq.py`*
#
# Return logits (N, T, V): `logits[:, t]` scores `tgt[:, t]`. Step 0 is fed BOS. After each step, in each row on its own,
# the gold token is fed with probability `teacher_forcing`, else the argmax of the row's logits. All randomness comes from
# `generator`.
#
# <details><summary>A nudge</summary>
#
# For the target `le chat EOS`: write down what is fed and what is scored at each of the three steps. Is EOS ever fed?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `torch.rand(N, generator=generator) < teacher_forcing` is a coin for each row, and always False at 0, always True at 1.
# A generator draws on its own device alone (`device=generator.device`); bring the coins to that of `tgt`.
# `torch.where(coins, gold, own)` picks. Append the logits of each step and stack them along dim 1.
#
# </details>

# %%
check("5.4")

# %% tags=["experiment"]
Seq2Seq = use("5.4")
fed_gold, read = {}, {}
few = batch_of(short_pairs(found.pairs("test"))[:5], english, french, device)
for ratio in (1.0, 0.5, 0.0):
    spy, tokens = own_translator((Encoder, Decoder, Seq2Seq), english, french, seed=1).to(device), []
    step = spy.decoder.step
    spy.decoder.step = lambda token, *rest, step=step, tokens=tokens: (tokens.append(token.cpu()), step(token, *rest))[1]
    spy(few.src, few.lengths, few.tgt, ratio, torch.Generator().manual_seed(3))
    fed = torch.stack(tokens, dim=1)
    fed_gold[f"ratio {ratio:g}"] = fed == torch.cat([fed[:, :1], few.tgt.cpu()[:, :-1]], dim=1)
    read[f"ratio {ratio:g}"] = [[french.words[number] for number in row[: int((gold > 0).sum())]] for row, gold in zip(fed, few.tgt)]
fig = plots.plot_fed(fed_gold, read)
footnote(fig, Seq2Seq, Encoder, Decoder)
show(
    fig,
    alt="Three grids of what five rows are fed: all gold at ratio 1, gold and own words mixed at 0.5, nothing but "
    "own words at 0.",
)

# %% [markdown]
# An untrained network, asked with three ratios. Blue is gold, orange its own: at 0.5 each row tosses its own coins, and at
# 0 the network reads nothing but itself.
#
# ### 5.5 A loss without padding
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `masked_cross_entropy` in `starter/seq2seq.py`*
#
# Return the mean cross-entropy over all real tokens of the batch together, EOS included; 0 where there are none.
#
# <details><summary>A nudge</summary>
#
# A row with two words and a row with twenty: does each *row* count once, or each *word*? And what is 0 / 0?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `nn.functional.cross_entropy` wants (M, V) and (M,), and knows `ignore_index` and `reduction="sum"`.
#
# </details>

# %%
check("5.5")

# %% [markdown]
# All that is needed to train is there. Your encoder, decoder, forcing and loss learn from scratch, on the short sentences
# of the training pairs (8 words at most in either language), for 120 steps of 64 sentences: some ten seconds. The short
# sentences of the test are then translated: how many per cent of them will be right, word for word?

# %%
guess = predict("5.5", 57)

# %% tags=["experiment"]
loss = use("5.5")
own = own_translator((Encoder, Decoder, Seq2Seq), english, french).to(device)
seen, held = short_pairs(found.pairs("train")), short_pairs(found.pairs("test"))
steps = train_steps(own, seen, english, french, Setting(steps=120, rate=0.018), loss=loss, bar=True)
said, _ = translations(own, stand_ins.greedy_decode, [pair.english for pair in held], english, french)
said_so = outcome("5.5", 100 * exact(said, held).float().mean().item())
fig = plots.plot_lines({"your parts": steps.losses}, range(1, 121), "loss (nats per token)", "training steps")
headline(fig, said_so)
footnote(fig, Encoder, Decoder, Seq2Seq, loss)
show(fig, alt="The loss falls from 6 nats per token to 0.3 in ninety steps, and to 0.2 after 120.")

# %% tags=["experiment"]
for pair, words in list(zip(held, said))[:6]:
    print(f"{detokenize(pair.english, 'en')}  →  {detokenize(words, 'fr')}   ({detokenize(pair.french, 'fr')})")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 56 to 58 % with three seeds, after 120 steps from nothing. Short sentences hold little but words and their forms, and there are few of
# both. What is still wrong is mostly a gender, a number or a rare word. On sentences of all lengths the rest takes
# patience: the weights of the demo had ten passes over all pairs, 26 times as many steps. Your parts take them over,
# and the rest of the notebook runs on those.
#
# </details>

# %% [markdown]
# ## Translating
#
# ### 5.6 Greedy decoding
#
# *25 minutes · difficulty 2 of 3 · 2 points · edit `greedy_decode` in `starter/seq2seq.py`*
#
# Return `(sentences, maps)`: for each row the ids before its first EOS as a list, and where it looked,
# (len(sentence), length of its source), row t from the step that chose token t. At most `max_length` steps, that of EOS
# among them. No gradients, evaluation mode, and afterwards the mode as it was.
#
# <details><summary>A nudge</summary>
#
# Five sentences of different lengths in one batch: what do you feed to the row that has ended, and when may the loop stop?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Let finished rows run on, and cut at the end: of a list, `row.index(EOS)` finds the first one; a row that never chose EOS
# stays whole. Keep a `done` of (N,) that EOS makes True and nothing makes False again. `try … finally` brings the mode back
# whatever happens.
#
# </details>

# %%
check("5.6")

# %% [markdown]
# Your parts take over two sets of trained weights: with attention, and with *one vector*, a translator that was trained
# in the same way, except that its memory holds the encoder's last state at every place, so that wherever it looks it
# sees the same. Both have the same number of weights. Your `greedy_decode` lets both translate the 1,000 test sentences
# and 200 of the long ones, in some seconds. With
# attention 94 % of the test sentences come out right, word for word. With one vector?

# %%
guess = predict("5.6", 51)

# %% tags=["experiment"]
greedy_decode = use("5.6")


class OneVector(torch.nn.Module):
    """An encoder that hands over its last state, at every place."""

    def __init__(self, encoder):
        super().__init__()
        self.inner = encoder

    def forward(self, src, lengths):
        memory, state = self.inner(src, lengths)
        return state[:, None].expand_as(memory), state


model = own_translator((Encoder, Decoder, Seq2Seq), english, french).to(device)
model.load_state_dict(load_trained("interpreter"))
vector = own_translator((Encoder, Decoder, Seq2Seq), english, french).to(device)
vector.load_state_dict(load_trained("interpreter_vector"))
vector.encoder = OneVector(vector.encoder)
asked = found.pairs("test") + found.pairs("long")[:200]
answers = {name: translations(one, greedy_decode, [pair.english for pair in asked], english, french)[0]
           for name, one in {"attention": model, "one vector": vector}.items()}
right = {name: exact(said, asked) for name, said in answers.items()}
said_so = outcome("5.6", 100 * right["one vector"][:1000].float().mean().item())

# %% tags=["experiment"]
series = {name: share_by_length(one, asked) for name, one in right.items()}
fig = plots.plot_score_by_length(series, "exact match (%)", counts={name: len(places) for name, places in bins(asked).items()})
headline(fig, said_so)
footnote(fig, greedy_decode, Encoder, Decoder)
show(
    fig,
    alt="By length: both lines begin above 90 %. One vector falls below half at 10 words and to 0 at 16; attention "
    "stays above 80 % up to 20 words, and falls to 16 % beyond.",
)

# %% [markdown]
# BLEU (Papineni et al., 2002) counts which runs of one to four words of the translation stand in the reference as well,
# and punishes what is too short. It doesn't know what words mean: a wrong *not* costs as much as a wrong article. On
# these sentences, where there is one right answer, word for word is the stricter and the clearer measure. On real
# ones, where a sentence can be said in many ways, BLEU is what one has.
#
# One training of each says little about the method. Recorded, three seeds each: exact match by length, then exact match
# and BLEU on known combinations, on unseen ones, and on long sentences.

# %% tags=["experiment"]
record = recorded("interpreters")
print(record.source)
memories = record.entries["test"]
fig = plots.plot_score_by_length({name: entry["by length"] for name, entry in memories.items()}, "exact match (%)")
show(
    fig,
    alt="By length, three seeds each. Attention falls from 99 to 85 % at up to 20 words, and to between 19 and 30 % beyond. "
    "One vector falls from 93 % at 6 words to 51 at 10 and near 0 at 16 and more.",
)

# %% tags=["experiment"]
rows = [{"split": split, "memory": name, "exact match": entry["median"], "BLEU": entry["bleu"]["median"]}
        for split, row in record.entries.items() for name, entry in row.items()]
show_table(rows, {"split": "", "memory": "", "exact match": ".1f", "BLEU": ".1f"}, "Medians of three seeds, in per cent.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# About half: 51 to 53 % in three seeds, where attention has 94 to 95 %. The average hides where it is lost. Up to six
# words both are good, 93 and 99 %. With every word more one vector loses ground, and from 16 words on it has next to
# nothing right, while attention still has 84 of 100. The vector has 128 numbers whatever it has to hold. And it learns no
# rule from which the unseen combinations would follow: 31 to 32 % against 87 to 91 %.
#
# On sentences that are longer than any in training, attention fails as well: 19 to 30 % are right, although its BLEU is
# still above 70. What it says there is mostly right and now and then loses its place. It has learnt to look, not to count.
#
# </details>

# %% [markdown]
# ### 5.7 Beam search
#
# Greedy search takes the likeliest *word* at each step, which doesn't make the likeliest *sentence*: a first word that looks
# a little worse may lead to a much better end. Beam search keeps the `beam_size` best beginnings, lets each grow by every
# word, and keeps the best of all of those.

# %% tags=["experiment"]
show(diagrams.draw_beam(), alt=diagrams.ALT["beam"])

# %% [markdown]
# *45 minutes · difficulty 3 of 3 · 3 points · edit `beam_search` in `starter/seq2seq.py`*
#
# Return `(sentences, scores)`. A *hypothesis* is a beginning that is kept; once it has chosen EOS it is finished. Its score is
# the sum of the log-probabilities of its tokens, EOS included, and not divided by its length. A finished one keeps its score
# and its place in the beam as long as it is among the best; one that falls out is gone. At `max_length` the unfinished ones
# compete as they stand. `beam_size` may exceed the vocabulary. As in 5.6: no gradients, evaluation mode, and afterwards the
# mode as it was.
#
# <details><summary>A nudge</summary>
#
# On paper: vocabulary {a, EOS}, beam 2, three steps. How many hypotheses are there after each step, and which of them may
# still grow? Which state belongs to which?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# For one sentence after another: a list of (score, words, state, last token). Each step makes all successors of the open
# ones, puts the finished ones beside them, sorts by score and cuts at `beam_size`. That is right, and enough. For a whole
# batch at once: scores (N, B), which begin as 0 in the first column and −∞ in the others; a finished hypothesis that
# may only go on with EOS, at a log-probability of 0; `topk` over B · V, and `parent = place // V`. Words, states and what is
# finished have to be gathered by `parent` too.
#
# </details>

# %%
check("5.7")

# %% [markdown]
# Does a wider beam find a better sentence, by its own measure? Here are 1,000 decoders that draw their probabilities at
# random (8 words, up to 8 steps). On how many does a beam of 2 end with a *lower* score than greedy search, a beam of 1?

# %%
guess = predict("5.7", 13)

# %% tags=["experiment"]
from toolkit.widths import RandomDecoders, ends_lower, width_by_width

beam_search = use("5.7")
decoders = RandomDecoders(count=1000, steps=8, words=8, spread=2.0)
lower = ends_lower(beam_search, decoders, narrow=1, wide=2, max_length=8)
said_so = outcome("5.7", len(lower))
rows = [{"widths": f"{narrow} and {wide}", "ends lower": len(ends_lower(beam_search, decoders, narrow, wide, 8))}
        for narrow, wide in ((1, 2), (1, 3), (1, 5), (2, 3), (3, 5))]
show_table(rows, {"widths": "", "ends lower": ","}, f"Of 1,000 random decoders. {said_so}", parts=[beam_search])

# %% tags=["experiment"]
number, one, one_score, two, two_score = lower[0]
letters = lambda ids: " ".join("pad unk bos eos a b c d".split()[number] for number in ids)
print(f"Decoder {number}. Beam 1: {letters(one)} ({one_score:.2f}). Beam 2: {letters(two)} ({two_score:.2f}).")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 13 of 1,000. The beam of 2 kept two beginnings that looked better than the one that greedy search was on, and dropped
# it before its good end. Nothing promises that a wider beam ends higher; only the widest, which keeps everything, is
# sure. Wider ones are so more seldom, as the table shows.
#
# </details>
#
# And on the translator? 50 long sentences, with several widths.

# %% tags=["experiment"]
rows = width_by_width(model, beam_search, found.pairs("long")[:50], english, french, (1, 2, 4))
fig = plots.plot_widths(rows, "BLEU, 50 long sentences")
footnote(fig, beam_search, Encoder, Decoder)
show(
    fig,
    alt="Above, BLEU by beam width: it rises by two from 1 to 4. Below, the seconds, which grow with the width.",
)

# %% tags=["experiment"]
show_table(rows, {"width": "", "log-probability": ".3f", "lower": "", "exact match": ".1f", "score": ".1f", "seconds": ".2f"},
           "lower: sentences whose score is below that of the width before. score: BLEU.", parts=[beam_search])

# %% [markdown]
# The beam finds likelier sentences, and slightly better ones, one or two points of BLEU up to a width of 4, at four times
# the price or more. This translator is sure of most of its words, so the second best beginning is seldom worth keeping. On
# real sentences, further down, it gains more.
#
# ## Does it look at the right words?
#
# An attention map looks like an explanation. Here one can check it: the grammar knows which words belong together. Take
# the largest weight of each row as a link (the set $A$), and compare with the known links (the set $S$). The **alignment
# error rate** (Och and Ney, 2003) counts what is not common:
#
# $$\text{AER} = 1 - \frac{2\,|A \cap S|}{|A| + |S|}$$

# %% tags=["experiment"]
show(diagrams.draw_alignment_error(), alt=diagrams.ALT["alignment_error"])

# %% [markdown]
# ### 5.8 The error of an alignment
#
# *15 minutes · difficulty 2 of 3 · 1 point · in the next cell*
#
# Count over all sentences together, then divide once: a short sentence has few links and should count for few. A link
# is a pair (place in the source, place in the translation).
#
# <details><summary>A nudge</summary>
#
# The map (T, S) has a row for each word that was *written*. Along which axis do you look for the largest weight, and which
# number of the pair is the row?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `weights.argmax(dim=1).tolist()` and `enumerate`. Python's sets know `&` and `len`. Make tuples of the known links, so
# that they compare equal.
#
# </details>


# %% task="5.8"
def alignment_error_rate(maps, links):
    """1 − 2 |A ∩ S| / (|A| + |S|), counted over all sentences together; 0 where there is nothing to count.

    maps holds for each sentence the weights (T, S), a row for each word that was written; links holds for each the pairs
    (place in the source, place in the translation) that belong together, S, maybe of places that the map has no row for.
    A, what the map says, is one pair for each row: its largest weight, and the row. Returns a float.
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
# The trained translator reads the 1,000 test pairs, with the known translation fed. It was never told a link. Which
# per cent is its alignment error? (Untrained ones had 89 to 98 % in three seeds.)

# %%
guess = predict("5.8", 29)

# %% tags=["experiment"]
measure = use("5.8")
drafts = found.drafts["test"]
tested = [draft.pair for draft in drafts]
fresh = own_translator((Encoder, Decoder, Seq2Seq), english, french, seed=1).to(device)
looks = {name: forced_maps(one, tested, english, french) for name, one in {"untrained": fresh, "trained": model}.items()}
errors = {name: 100 * measure(maps, [pair.links for pair in tested]) for name, maps in looks.items()}
said_so = outcome("5.8", errors["trained"])

# %% tags=["experiment"]
from toolkit.bilingual.grammar import KINDS

by_kind, counts = {}, {}
for kind in KINDS:
    places = [place for place, draft in enumerate(drafts) if kind in draft.kinds]
    links = [tested[place].links for place in places]
    counts[kind] = len(places)
    by_kind[kind] = {name: 100 * measure([maps[place] for place in places], links) for name, maps in looks.items()}
fig = plots.plot_kinds(by_kind, "alignment error (%)", counts=counts, lines={"trained, all": errors["trained"]})
headline(fig, said_so)
footnote(fig, measure, Encoder, Decoder)
show(
    fig,
    alt="Bars for each construction: untrained 93 % and more, trained 25 to 39 %, least for joined clauses and most "
    "for questions.",
)

# %% tags=["experiment"]
turned = {}
for kind in ("adjective after the noun", "object pronoun", "negation"):
    place = next(place for place, draft in enumerate(drafts) if kind in draft.kinds and len(draft.pair.english) in (6, 7))
    turned[kind] = (looks["trained"][place], [*tested[place].english, "<eos>"], tested[place].french, tested[place].links)
fig = plots.plot_maps(turned)
footnote(fig, Encoder, Decoder)
show(
    fig,
    alt="Three maps. In the first the adjective's row looks to the left of the noun's; in the second the pronoun's "
    "row looks behind the verb's; in the third two French words look about the same place.",
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 29 % of what it says, or should say, is wrong, in this seed; 27 and 19 % in two others, which translate as well as this
# one: 94 to 95 % right in all three. So the map is evidence of what is used, and not the whole of it. A state of the
# encoder knows its neighbours: the network can find the noun's gender one place beside the noun, or read *looks at* from
# the *at*. Articles are looked up at the noun, since the noun decides between *le* and *la*; the grammar links them to
# *the*. And a row has one largest weight where a *ne* belongs to two words.
#
# The first two pictures show what attention was made for: the adjective that waits behind its noun, the pronoun that jumps
# in front of the verb, off the diagonal and back.
#
# </details>
#
# ## What teacher forcing hides
#
# In training every step was fed the right word; now each is fed what the network wrote, right or wrong. It has never seen
# its own mistakes. Does it help to feed it its own words in training? Recorded, three seeds: translators of the
# course's own parts, 600 steps on short sentences, with three shares of gold tokens
# (`python -m benchmarks.interpreting forcing`). Which share gives the most right sentences when the translator writes
# on its own: `"1"`, `"0.5"` or `"0"`?

# %%
guess = predict("5.10", "1")

# %% tags=["experiment"]
record = recorded("forcing")
print(record.source)
alone, fed = record.scores["on its own"], record.scores["gold tokens fed"]
middle = {ratio: sorted(alone[ratio])[len(alone[ratio]) // 2] for ratio in ("1", "0.5", "0")}
said_so = outcome("5.10", max(middle, key=middle.get))
fig = plots.plot_forcing({
    "sentences right, on its own": {float(ratio): values for ratio, values in alone.items()},
    "words right, gold tokens fed": {float(ratio): values for ratio, values in fed.items()},
}, "right (%)")
headline(fig, said_so)
show(
    fig,
    alt="Two lines over the share of gold tokens, three seeds each. Sentences right on its own rise from 79 % at 0 to 82 at a "
    "half and 85 at 1; words right with gold tokens fed rise from 96 to 97 %.",
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# All of them: 85 % with gold tokens alone, 82 with half of them, 79 with none, and the seeds hardly overlap. So here
# feeding a network its own words doesn't teach it to recover; it costs steps in which it learns from nonsense. That
# holds for 600 steps, for short sentences, and for a grammar in which a wrong word seldom leads astray. What forcing does
# hide is seen in the upper line: 97 % of the words right with the gold ones fed sounds far better than 85 % of the
# sentences. It is the second number that a reader meets.
#
# </details>
#
# ## Reading its mistakes
#
# A number says how much is wrong, not what. Each translation of 500 *unseen* sentences is compared with the right one and
# put into one of seven kinds (`toolkit/mistakes.py`): right; the same words in another *order*; a wrong *form* (gender,
# number, person, tense); a wrong *word*; something *left out* or *added*; or *several* of these.

# %% tags=["experiment"]
from toolkit.mistakes import tally

unseen = found.pairs("unseen")[:500]
known = [pair.french for pair in unseen]
rows = []
for name, one in {"attention": model, "one vector": vector}.items():
    said, _ = translations(one, greedy_decode, [pair.english for pair in unseen], english, french)
    kinds = tally(said, known)
    rows.append({"memory": name} | {kind: len(places) for kind, places in kinds.items()})
    if name == "attention":
        wrong = [(kind, place) for kind, places in kinds.items() if kind != "right" for place in places[:2]]
        mistakes = [(kind, unseen[place], said[place]) for kind, place in wrong]
show_table(rows, {"memory": ""} | dict.fromkeys(kinds, ","), "500 sentences with unseen combinations.", parts=[greedy_decode])

# %% tags=["experiment"]
for kind, pair, words in mistakes:
    print(f"{kind}: {detokenize(pair.english, 'en')}\n    said   {detokenize(words, 'fr')}\n    right  {detokenize(pair.french, 'fr')}")

# %% [markdown]
# The commonest mistake with attention is a *form*: the right word, in the gender or number of another noun. French marks
# in every article and adjective what English doesn't say at all, so the decoder has to look it up at the noun, and
# sometimes looks at the wrong one. Wrong words and lost ones are few. With one vector about half of the sentences go wrong in
# several ways at once: it begins well, and then tells of something else.
#
# **Your own sentence.** The grammar's words are all it knows; try `sorted(english.words)`. Of a word that it doesn't know
# it is told `<unk>`, and you are told which.

# %% tags=["experiment"]
yours = "The new singer never looks at the tired penguin."
words, said, look, sentence = interpret(yours, model, greedy_decode, english, french)
print(sentence)
fig = plots.plot_map(look, [*words, "<eos>"], said)
footnote(fig, greedy_decode, Encoder, Decoder)
show(
    fig,
    alt="The map of a sentence with penguin in it: the French word in its place looks at penguin, whatever it says.",
)

# %% [markdown]
# ## Step by step, or all at once
#
# Your decoder can't know where to look at step 7 before step 6 is done: what was seen goes into the state, and the state
# asks the next question. So its steps wait for each other, and no hardware helps. If the questions came from somewhere
# else, from the words alone, all could be asked at once. That is **self-attention**: each place of a sequence makes a
# query, a key and a value, and looks at all places (Vaswani et al., 2017). The recurrence is gone.

# %% tags=["experiment"]
show(diagrams.draw_stepped_or_at_once(), alt=diagrams.ALT["stepped_or_at_once"])

# %% [markdown]
# ### 5.9 Self-attention
#
# *15 minutes · difficulty 2 of 3 · 1 point · in the next cell*
#
# Ten lines at most, and no loop. With `causal` a place looks at itself and at what came before, as a language model has to.
#
# <details><summary>A nudge</summary>
#
# `query @ key.transpose(1, 2)` is (N, L, L). Which axis holds what a place *asks*, and over which one does the softmax go?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Divide by √A before the softmax. `torch.ones(L, L, dtype=torch.bool).tril()` is True at and below the diagonal; what isn't
# gets −∞.
#
# </details>


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
# Three ways through the same sequence: your additive attention, step by step; your self-attention, all at once; and a
# GRU that looks at nothing but its state. A forward and a backward pass each, 4 rows, 64 features, one core, about 4
# seconds. If the sequence is twice as long, 128 places and not 64: how many times as much does stepped attention keep for
# its backward pass?

# %%
guess = predict("5.9", 3.8)

# %% tags=["experiment"]
from toolkit.attention_cost import attention_costs

at_once = use("5.9")
costs = attention_costs(AdditiveAttention(64, 64, 64), at_once, 64, (16, 32, 64, 128))
kept = {row["length"]: row["MiB"] for row in costs if row["way"] == "additive, stepped"}
said_so = outcome("5.9", kept[128] / kept[64])
fig = plots.plot_attention_cost(costs)
headline(fig, said_so)
footnote(fig, AdditiveAttention, at_once)
show(
    fig,
    alt="Against the length, on logarithmic axes: stepped attention is the slowest and keeps most, and grows with "
    "the square; self-attention is fastest; the GRU keeps what grows with the length.",
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 3.8 times: each of twice as many steps compares itself with twice as many places, and keeps the comparison. Self-attention
# has the same square in it, (N, L, L), with a far smaller factor, and is computed in a few large products: thirty to sixty times
# as fast at 128 places, in four runs. The GRU keeps its states, and grows with the length alone.
#
# That is in training. While it *writes*, a Transformer keeps the keys and values of all that it has written, and each new
# word looks at all of them; an RNN carries H numbers, whatever it has read. Notebook 4 measured that on a real text. Hence
# the rule that this course's figures support: where a sequence is read whole, on hardware with many cores, with much data,
# attention alone; where it streams in without an end, on a small device, or with little data, recurrence.
#
# </details>
#
# ## Real sentences
#
# Multi30k (Elliott et al., 2016) has 29,000 captions of photographs, with translations by people. The same architecture,
# with 224 units and five and a half passes, was trained on them on two CPU cores, with attention and with one vector, in six
# and a half minutes each (`python -m benchmarks.multi30k`). Tested on the 1,000 captions of 2016: how many BLEU is
# attention ahead, greedy search?

# %%
guess = predict("5.11", 18)

# %% tags=["experiment"]
real = {name: recorded(f"multi30k_{part}") for name, part in {"attention": "attention", "one vector": "vector"}.items()}
print(real["attention"].source)
scores = {test: {f"{name}, {way}": one.scores[test][way] for name, one in real.items() for way in ("greedy", "beam 5")}
          for test in ("test of 2016", "test of 2017")}
middle = {name: sorted(values)[len(values) // 2] for name, values in scores["test of 2016"].items()}
said_so = outcome("5.11", middle["attention, greedy"] - middle["one vector, greedy"])
fig = plots.plot_scores(scores, "BLEU (sacrebleu, with case, raw references)", start=0)
headline(fig, said_so)
show(
    fig,
    alt="BLEU on two tests: attention about 46 with greedy search and 50 with a beam on the captions of 2016, one vector "
    "28 and 30.5; all are lower on those of 2017, in the same order.",
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 18: 46.3 BLEU with attention (three seeds: 46.5, 45.4, 46.3) and 27.9 with one vector (27.2, 27.9, 28.3). On the
# captions of 2017, of other photographs, 37.5 and 22.3. The beam of 5, whose scores are divided by a power of the
# length that was chosen on validation pairs, gains more here than on the grammar, where nearly every word is sure: 49.8
# and 30.5. Words that stand only once in the training pairs are unknown; putting the English word in their place that was
# looked at makes 46.6 of 46.3, which is what one gets for knowing where the network looks.
#
# </details>
#
# Where the pairs have been fetched (`python -m toolkit.data fetch multi30k`, 1.3 MB), the next cell trains on 3,000 of them
# for a minute, and says so where they have not. It won't be good; it will be real.

# %% tags=["experiment"]
from toolkit.multi30k import fetched_pairs

captions = fetched_pairs()
if captions:
    from toolkit.interpreters import interpreter, lexicons
    from toolkit.translation import Recipe, greedy, train

    some = captions.train.pairs[:3000]
    real_english, real_french = lexicons(some)
    small = interpreter(real_english, real_french).to(device)
    train(small, some, real_english, real_french, Recipe(epochs=3, batch_size=32, words=600), bar=True)
    said = [one.words for one in greedy(small, [pair.english for pair in captions.validation.pairs[:200]], real_english, real_french)]
    print(f"BLEU on 200 validation captions: {bleu(said, captions.validation.references[:200]).bleu:.1f}")

# %% [markdown]
# ## Explain
#
# ### 5.10 Explain: what attention mends, and when an RNN still wins
#
# *20 minutes · difficulty 3 of 3 · 3 points · write your answer in the next cell; a person marks it*
#
# You are asked in an interview: *"Why does a translator with one vector fail on long sentences, and what exactly does
# attention change? And once there is attention, why keep the recurrence at all?"*
#
# Answer in six to ten sentences. Say what passes through the vector and what through the memory, forward and backward;
# use what you measured, by length; say what the map is evidence of and what it isn't; and name a case for either
# architecture, with a figure.

# %% [markdown] task="5.10"
# ### BEGIN SOLUTION 5.10
# **A model answer.** With one vector, all that the sentence says has to fit into H numbers, 128 here, whatever its length;
# and the gradient from a late French word to an early English one goes through every step of the decoder and of the
# encoder in between. With attention each step takes a weighted mean of the states at all places. Forward, a word is one
# step away from any source word; backward, the gradient goes straight from the word that was written to the states that
# were looked at, in shares given by the weights. I measured it by length: up to six words the two are close, 99 and 93 %
# right; at 9 to 10 words 94 against 51; from 16 words on 84 against nothing to speak of. Nothing else was different,
# not even the number of weights. On sentences longer than any in training attention fails as well, with 19 to 30 %
# right. The map is evidence of which states were used. It isn't proof of why: in three trainings that translate
# equally well its alignment error was 19, 27 and 29 %, since a state knows its neighbours, and *le* looks at the noun.
# Once there is attention, the recurrence costs time: step t has to wait for step t − 1. Self-attention computes all
# places in a few products, and was thirty to sixty times as fast at 128 places. What it gives up is the constant state. A
# Transformer that writes keeps something of every word that it has written, 2.3 kB a character in notebook 4, and an
# LSTM 2 kB in all. I would take recurrence for a stream without an end, for a small device, and where there is little
# text: notebook 4's LSTM led by half a bit on 1 and 10 % of the plays. With much data, a GPU, and whole sentences to
# read, I would take attention alone.
#
# **Marking: 3 points**
#
# - 1 point: one vector has a fixed number of entries for a sentence of any length, and the gradient from a late word to an
#   early one goes through all steps in between; attention gives each step a path of length one to each source word, forward
#   and backward. "The vector is too small" alone earns half.
# - 1 point: a measurement of one's own by length, or on unseen combinations, held against it; and what the map shows, with
#   its alignment error. Half without a number.
# - 1 point: conditions under which either architecture is the better choice, with at least one figure for cost: stepped
#   against at once, memory against length, a state that stays the same. Half for conditions without figures.
# ### END SOLUTION

# %% [markdown]
# ## Common bugs, and how to see them
#
# - **The loss is lower than it should be, and decoding gives nonsense.** The target is fed one step too early: step t reads
#   the word that it has to predict. Print what is fed beside what is scored, for one sentence.
# - **Sentences never end.** EOS is missing from the targets, or is masked out of the loss with the padding. Count: a target
#   of four words and EOS has five losses.
# - **It works in training and not on its own.** Teacher forcing is still on where it is tested: the loss of a forced pass
#   says little about a sentence that was written.
# - **NaN after a few batches.** A row whose mask is all False, and a softmax over nothing. Or a mask that was multiplied with:
#   NaN · 0 and −∞ · 0 are NaN. Fill with 0 after the softmax, as in 5.2.
# - **Attention on padding.** The mask is inverted (`True` where padding is, as in some libraries), or a score of 0 was taken
#   for "no". Sum the weights behind `lengths`: it must be 0.
# - **Every sentence of a batch ends with the first.** `if token == EOS: break` in a batch of more than one.
# - **A beam that is no better than greedy, ever.** All of its hypotheses are the same one: it began with `beam_size` copies
#   of BOS. Or the states were not gathered with their parents.
# - **A beam that likes short sentences.** It does: every word costs. Here nothing is divided by the length; where it is, say
#   so beside the figure.
# - **Another batch size gives other translations.** Something knows about the neighbours: a maximum over the batch, a
#   length that isn't the row's own.
#
# ## Summary
#
# - An encoder keeps a state for every word, with what stands before it and behind it. Padding is nobody's word: it must
#   not be read, looked at, or counted in a loss.
# - One vector for the whole sentence is enough for six words, and not for sixteen. Attention takes away the bottleneck, and
#   makes every source word one step away, forward and backward.
# - A softmax over nothing is NaN. Whoever masks has to say what happens where everything is masked.
# - Teacher forcing learns all steps at once from the right past. What it says of a model is not what the model does on its
#   own; test it on its own.
# - Greedy search is a beam of 1. A wider beam finds likelier sentences as a rule, and neither better ones for sure nor even
#   likelier ones for sure.
# - An attention map can be scored, where the truth is known. Models that translate equally well look at quite different
#   places.
# - Where a step's look goes into the state, the next has to wait for it. Self-attention doesn't wait, and keeps everything.
#   Which one is right depends on length, hardware, data, and on whether the sequence ever ends.
#
# **Where to go from here.** This was the last notebook, and every part you built is yours. Put `self_attention` (5.9), causal,
# in the place of the cell in `OwnCharLM` (4.9), and you have the core of a small Transformer. To it the characters before a
# place are a bag, so add an embedding of the place to that of the character. What else a Transformer has is in
# `toolkit/transformer.py`: several heads, sums around each part, normalisation, and two linear layers at each place.
#
# **Further reading**
#
# - D. Bahdanau, K. Cho and Y. Bengio (2015), *Neural machine translation by jointly learning to align and translate*, ICLR.
# - I. Sutskever, O. Vinyals and Q. V. Le (2014), *Sequence to sequence learning with neural networks*, NeurIPS.
# - K. Cho et al. (2014), *On the properties of neural machine translation: encoder-decoder approaches*, SSST: what length does.
# - M.-T. Luong, H. Pham and C. D. Manning (2015), *Effective approaches to attention-based neural machine translation*, EMNLP.
# - R. J. Williams and D. Zipser (1989), *A learning algorithm for continually running fully recurrent neural networks*,
#   Neural Computation 1: teacher forcing.
# - S. Bengio, O. Vinyals, N. Jaitly and N. Shazeer (2015), *Scheduled sampling for sequence prediction with recurrent neural
#   networks*, NeurIPS.
# - K. Papineni, S. Roukos, T. Ward and W.-J. Zhu (2002), *BLEU: a method for automatic evaluation of machine translation*, ACL;
#   M. Post (2018), *A call for clarity in reporting BLEU scores*, WMT: why the signature is printed.
# - F. J. Och and H. Ney (2003), *A systematic comparison of various statistical alignment models*, Computational Linguistics 29.
# - S. Jain and B. C. Wallace (2019), *Attention is not explanation*, NAACL; S. Wiegreffe and Y. Pinter (2019), *Attention is
#   not not explanation*, EMNLP.
# - F. Stahlberg and B. Byrne (2019), *On NMT search errors and model errors: cat got your tongue?*, EMNLP: exact search.
# - A. Vaswani et al. (2017), *Attention is all you need*, NeurIPS.
# - D. Elliott, S. Frank, K. Sima'an and L. Specia (2016), *Multi30K: multilingual English-German image descriptions*, VL.
