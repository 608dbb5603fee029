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
#
# What can a recurrent network remember, and for how long? The textbooks answer: a vanilla RNN forgets after ten steps or
# so, an LSTM does not. In this notebook you measure it, on two tasks that need nothing but memory. Half of what the
# textbooks say will hold. You build the LSTM and the GRU, follow gradients back through time, and find out which half, and
# why.
#
# All data are generated while the notebook runs, and nothing is downloaded.

# %%
import torch
from torch import nn

from grader.check import check, follow_edits, outcome, predict, use
from toolkit import diagrams, plots, stand_ins
from toolkit.contestants import CONTESTANTS, contestant
from toolkit.device import pick_device, seed_everything
from toolkit.memory import Reader, Task, Unrolled, accuracy, learn
from toolkit.plots import footnote, headline, show
from toolkit.reach import by_path, cell_of, singular_values
from toolkit.recorded import recorded

torch.set_num_threads(1)  # small networks: a second thread would only wait for the first
seed_everything(0)
device = pick_device()
from solution import gated

follow_edits()  # an edited module is brought up to date before each cell
print(f"You edit {gated.__file__}. The notebook runs on: {device}.")

# %% [markdown]
# ## Where this leads
#
# First, what you will have built; every part is torch's own for now. An LSTM with 32 units reads 50 random bits. One of
# them is marked, and 25 steps after the marker the network has to say which bit it was. A linear unit turns each hidden
# state into an answer. It begins at chance, stays between 55 and 72 % for some two hundred training steps, and then
# learns it within fifty. (`Task` draws the sequences, `Reader` is the network with the linear unit on it, and `learn`
# trains it until 99 % of the answers in a test are right, here in about 2 seconds.)

# %% tags=["experiment"]
recall = Task(lag=25, marked=True)
demo = contestant("LSTM, forget bias 2", recall).to(device)
demo_run = learn(demo, recall, steps=400, bar=True)
fig = plots.plot_learning({"LSTM, forget bias 2": demo_run})
show(
    fig,
    alt="Right answers over training steps: from 50 % to between 55 and 72 % for 200 steps, then a jump to 99 %.",
)

# %% [markdown]
# ## What you will build

# %% tags=["experiment"]
show(diagrams.draw_memory_pipeline(), alt=diagrams.ALT["memory_pipeline"])

# %% [markdown]
# The numbers are those of the exercises. Shapes are written with the same letters everywhere: `N` batch, `L` length of
# a sequence, `F` features, `H` hidden size. The batch comes first.
#
# **Afterwards you can**
#
# - write an LSTM and a GRU from their equations, and say what each gate is for;
# - say what a vanilla RNN can remember and what it can't, from your own measurement;
# - measure how far back a gradient reaches, by which path, and what the product of Jacobians has to do with it;
# - clip gradients, draw the loss around a solution, and find the cliff;
# - diagnose a training that ends in NaN, one that only seems to learn, and one that does not move;
# - choose first weights and biases for a memory task, and say what they cost.
#
# **You need** notebook 1, or the same knowledge: a recurrent cell, unrolling, backpropagation through time. **Time:** about
# five hours, three of them for the exercises.
#
# **How to work.** Open `starter/gated.py` beside this notebook. Seven exercises name a function or class there, two (2.8
# and 2.9) a cell of this notebook, and one (2.10) is a text; replace its `raise NotImplementedError`, save, and run the
# check below the exercise, which reads the file as it is on disk. If you get stuck, go on: the cells after an unsolved
# exercise take a stand-in built of `torch.nn`, and say so. When your work is graded, further checks of the same kind run:
# other sizes, other devices.
#
# **Predict first.** Eight experiments ask what you expect before they run. (They have numbers of their own: prediction
# 2.4 is not exercise 2.4.) Write it in the place of `None`. A wrong prediction costs nothing; it is the one that you
# remember.

# %% [markdown]
# ## A task that needs nothing but memory
#
# To find out what a network remembers, take away everything else. The inputs are fair coin tosses, so nothing can be
# guessed and nothing predicted. There are two tasks:
#
# - **dense echo**: repeat *every* bit `lag` steps later. The network has to hold `lag` bits at once, and let go of one at
#   every step;
# - **marked recall**: *one* bit of the sequence is marked by a 1 in a second feature; give that bit, `lag` steps later. One
#   bit has to be held, and all others must not disturb it.
#
# In both, chance is 50 %. A *mask* says where an answer is asked for; what the network says elsewhere counts for
# nothing.

# %% tags=["experiment"]
show(diagrams.draw_echo_tasks(), alt=diagrams.ALT["echo_tasks"])

# %% [markdown]
# ### 2.1 Sequences that have to be remembered
#
# *20 minutes · difficulty 2 of 3 · 2 points · edit `echo_batch` in `starter/gated.py`*
#
# Return `(inputs, targets, mask)`. All random numbers come from `generator`, so that the same generator gives the same
# batch. The marked position is uniform among those that leave room for the answer; a lag that leaves none is a
# `ValueError`.
#
# <details><summary>A nudge</summary>
#
# Write down one row with L = 6 and lag 2, bits and targets. Which slice of the bits appears in which slice of the targets?
# Then try lag 0 and lag 7 on it: `bits[:, :-0]` is not what it looks like.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Dense: the targets from step `lag` on are the first L − lag bits, and none if that is below 0. Marked: draw one place per
# row, `torch.randint` with `generator`, and use it as an index beside the row numbers: `tensor[rows, places]` picks one
# entry of each row.
#
# </details>

# %%
check("2.1")

# %% tags=["experiment"]
echo_batch = use("2.1")
source = torch.Generator().manual_seed(1)
batches = {
    "dense echo, lag 3": echo_batch(4, 20, 3, source),
    "marked recall, lag 8": echo_batch(4, 20, 8, source, marked=True),
}
fig = plots.plot_echo(batches)
footnote(fig, echo_batch)
show(fig, alt="One sequence of each task: each target is the bit of lag steps before; dots where nothing is asked for.")

# %% [markdown]
# ## What a vanilla RNN remembers
#
# Before any gate is built: how far does the plain cell of notebook 1 get? An RNN with 32 units is to repeat every bit
# 20 steps later, in sequences of 40 steps. It gets 250 training steps of 64 sequences, with two kinds of first
# weights: as torch draws them, and with an *orthogonal* $W_{hh}$, which turns the state and neither lengthens nor
# shortens it (Saxe et al., 2014). Both trainings together take about 2 seconds. Which of the two learns it? Put
# `"neither"`, `"orthogonal alone"` or `"both"` in the place of `None`.

# %%
guess = predict("2.1", "orthogonal alone")

# %% tags=["experiment"]
dense20 = Task(lag=20)
runs = {}
for name in ("RNN", "RNN, orthogonal"):
    runs[name] = learn(contestant(name, dense20).to(device), dense20, steps=250, draw=echo_batch)
solved = [name for name, run in runs.items() if run.solved]
said = outcome("2.1", {0: "neither", 1: "orthogonal alone", 2: "both"}[len(solved)])
fig = plots.plot_learning(runs)
headline(fig, said)
footnote(fig, echo_batch)
show(fig, alt="The orthogonal network reaches 99 % within 200 steps; the other one stays at chance for all 250.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# A vanilla RNN *can* repeat what it saw 20 steps ago, all of it, with 32 units: with an orthogonal matrix after some two
# hundred training steps. Such a matrix is a rotation. It moves what it holds on by one place at every step, as a shift
# register does, and 20 steps later the bit stands where the output looks. Nothing has to be decided, and nothing fades:
# dense echo is the memory task that a plain RNN is made for. With torch's own first weights, uniform in ±1/√H, the same
# network takes ten times as long or more: after 2,000 steps two of five seeds are there, and one is still at chance. What
# forgets is not the architecture; it is where it begins.
#
# </details>

# %% [markdown]
# ## A memory with gates
#
# A shift register forgets on schedule. To hold one bit as long as needed, a network has to *decide* what to write, what
# to keep and what to show. The LSTM (Hochreiter and Schmidhuber, 1997; with a forget gate since Gers et al., 2000) has a
# second state for that, the cell state $c$, and three gates, shares between 0 and 1 that depend on the input and the old
# state:
#
# $$\begin{aligned}
# i &= \sigma(W_{ii} x + b_{ii} + W_{hi} h + b_{hi}) &\quad& \text{input gate: what is written} \\
# f &= \sigma(W_{if} x + b_{if} + W_{hf} h + b_{hf}) && \text{forget gate: what is kept} \\
# g &= \tanh(W_{ig} x + b_{ig} + W_{hg} h + b_{hg}) && \text{candidate: what there is to write} \\
# o &= \sigma(W_{io} x + b_{io} + W_{ho} h + b_{ho}) && \text{output gate: what is shown}
# \end{aligned}$$
#
# $$c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c')$$
#
# The products of the four gates are one: torch stacks the four weights below each other, in the order i, f, g, o, so that
# `weight_ih` is (4H, F) and one matrix product gives all four gates side by side, (N, 4H).

# %% tags=["experiment"]
show(diagrams.draw_lstm_cell(), alt=diagrams.ALT["lstm_cell"])

# %% [markdown]
# ### 2.2 One step of an LSTM
#
# *25 minutes · difficulty 2 of 3 · 4 points · edit `LSTMCell.forward` in `starter/gated.py`*
#
# Return the pair `(h, c)` after the step; without a state both are zeros. The parameters are there already, under
# torch's names. Torch's own recurrent modules, cells and functions are off limits here: you are writing them.
#
# <details><summary>A nudge</summary>
#
# First the sum of all four gates' inputs, (N, 4H), as in task 1.2. Then cut it in four along the right axis. Which of the
# four pieces gets a tanh? And which c is it that h' shows, the old one or the new?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `chunk(4, dim=1)` gives the four pieces in torch's order: i, f, g, o. The new c is made of the old one and g, entry by
# entry; h' is made of the *new* c. Don't change the c that came in: make a new tensor.
#
# </details>

# %%
check("2.2")

# %% [markdown]
# ## The same with two gates
#
# The GRU (Cho et al., 2014) keeps one state, and ties writing to forgetting: what share is kept, $z$, the rest is
# written, $1 - z$. Its reset gate $r$ says how much of the old state the candidate may see.
#
# $$\begin{aligned}
# r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}) &\quad& \text{reset gate} \\
# z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}) && \text{update gate: what is kept} \\
# n &= \tanh\big(W_{in} x + b_{in} + r \odot (W_{hn} h + b_{hn})\big) && \text{candidate}
# \end{aligned}$$
#
# $$h' = (1 - z) \odot n + z \odot h$$
#
# There are two versions about. In the first paper $r$ acts on the state *before* the product, $W_{hn} (r \odot h)$; torch,
# and every fused implementation, lets it act *after* it, bias included. Weights trained with one are of no use to the other.
# Papers also swap the roles of $z$ and $1 - z$. Here, torch's version counts.

# %% tags=["experiment"]
show(diagrams.draw_gru_cell(), alt=diagrams.ALT["gru_cell"])

# %% [markdown]
# ### 2.3 One step of a GRU
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `GRUCell.forward` in `starter/gated.py`*
#
# Return the state after the step, (N, H); without `h` it starts from zeros. The rows of the weights are stacked in the
# order r, z, n.
#
# <details><summary>A nudge</summary>
#
# Why can't you add the input's part and the state's part first, as in the LSTM, and cut the sum in three?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Two products, (N, 3H) each, one of x and one of h, each with its own bias. Cut both in three. r and z are made of sums; in
# n the state's third is multiplied by r before it is added.
#
# </details>

# %%
check("2.3")

# %% [markdown]
# With cells alone you can set a memory **by hand**. Below are an LSTM and a GRU of a single unit, with weights that somebody
# thought out: at the marker the input gate opens and the forget gate shuts (in the GRU: z falls to 0), at all other
# steps it is the other way round. The candidate is about +1 for a bit of 1 and about −1 for a bit of 0.

# %% tags=["experiment"]
from toolkit.latch import latched_gru, latched_lstm

LSTMCell, GRUCell = use("2.2"), use("2.3")
inputs, _, _ = echo_batch(1, 60, 20, torch.Generator().manual_seed(4), marked=True)
inputs[0, 45] = 1 - inputs[0, inputs[0, :, 1].argmax()]  # a second marker, with the other bit
inputs[0, 45, 1] = 1
lstm, gru, pair, h, held = latched_lstm(LSTMCell), latched_gru(GRUCell), None, None, []
with torch.no_grad():
    for x_t in inputs[0]:
        pair, h = lstm(x_t[None], pair), gru(x_t[None], h)
        held.append(torch.cat([pair[1][0], h[0]]))
fig = plots.plot_held(inputs[0], {"c of the LSTM": torch.stack(held)[:, 0], "h of the GRU": torch.stack(held)[:, 1]})
footnote(fig, LSTMCell, GRUCell)
show(
    fig,
    alt="Both states are flat at 0, jump to the marked bit's side at the first marker, stay, and change at the second.",
)

# %% [markdown]
# One unit suffices to hold a bit through any noise for any time: its c in the LSTM, its h in the GRU. So a gated network
# *can* do marked recall, at every lag. Whether gradient descent finds such weights is another question, and the rest of
# this notebook.

# %% [markdown]
# ## Any cell, any state
#
# Three cells now, with two kinds of state: a tensor, and a pair. One loop can serve them all, if it treats the state as
# something that only the cell understands, and looks inside just for the `h` that becomes the output.

# %% tags=["experiment"]
show(diagrams.draw_states(), alt=diagrams.ALT["states"])

# %% [markdown]
# ### 2.4 Unrolling any cell
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `unroll` in `starter/gated.py`*
#
# Return `(outputs, state)`: the `h` of every step, (N, L, H), and the last state just as the cell gave it. `cell` can be
# any callable, so don't ask it for its sizes; a state can be a tensor, or a tuple of any length with h first.
#
# <details><summary>A nudge</summary>
#
# What the loop of task 1.3 replaced at every step was h. What is it here?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Hand on exactly what the cell returned. `isinstance(state, tuple)` tells the two kinds apart, once per step, where the
# output is collected.
#
# </details>

# %%
check("2.4")

# %% [markdown]
# If your cell computes what torch's layer computes, then the weights that the demo learnt must work in it: its answers on
# fresh sequences have to be the same.

# %% tags=["experiment"]
LSTMCell, unroll = use("2.2"), use("2.4")
mine = Reader(Unrolled(cell_of(LSTMCell, demo.rnn), unroll), 32).to(device)
mine.head.load_state_dict(demo.head.state_dict())
fresh = [part.to(device) for part in recall.batch(512, torch.Generator().manual_seed(9), use("2.1"))]
with torch.no_grad():
    print(f"largest difference of the logits: {(mine(fresh[0]) - demo(fresh[0])).abs().max():.1e}")
print(f"right answers: torch.nn.LSTM {accuracy(demo, *fresh):.1%}, your cell, unrolled, {accuracy(mine, *fresh):.1%}")

# %% [markdown]
# Since the two are interchangeable, long trainings below use torch's layers, which are faster (by how much, you measure at
# the end), and your cells are taken wherever we look inside. (For the RNN it is torch's layer with the backward pass written
# out as in task 1.4, `toolkit/swift.py`, which takes about two thirds of the time.)
#
# ## Gates against a shift register
#
# Now the contest. First the dense echo, where the RNN was good: every bit, 10 steps later, and 100 training steps for
# each of four networks, about 2 seconds in all: an RNN, an LSTM and a GRU as torch draws them, and the RNN that begins with
# an orthogonal matrix. Who needs the fewest steps: an `"RNN"`, an `"LSTM"` or a `"GRU"`?

# %%
guess = predict("2.3", "RNN")

# %% tags=["experiment"]
dense10, echo_batch = Task(lag=10), use("2.1")
runs, readers = {}, {}
for name in ("RNN", "RNN, orthogonal", "LSTM", "GRU"):
    readers[name] = contestant(name, dense10).to(device)
    runs[name] = learn(readers[name], dense10, steps=100, draw=echo_batch)
first = min(runs, key=lambda name: (-max(runs[name].accuracies), runs[name].steps))
said = outcome("2.3", first[:4].strip(","))
live = {"dense echo": {"10": {name: run.accuracies[-1] for name, run in runs.items()}}}
fig = plots.plot_learning(runs, steps=100)
headline(fig, said)
footnote(fig, echo_batch)
show(fig, alt="The orthogonal RNN reaches 99 % after 75 steps, the other one 78 % after 100; LSTM and GRU stay below 70 %.")

# %% [markdown]
# And marked recall, 25 steps later: 300 training steps, about 5 seconds in all, for the RNN that begins with the orthogonal
# matrix and for the LSTM as torch draws it. The demo's training is drawn beside them: its LSTM began with a forget gate that
# is open for keeping, by a bias of 2, since σ(2) = 0.88. Which of the first two will have more right answers at the end,
# the `"RNN"` or the `"LSTM"`, or is there `"no difference"`?

# %%
guess = predict("2.4", "RNN")

# %% tags=["experiment"]
runs = {"LSTM, forget bias 2": demo_run}
for name in ("RNN, orthogonal", "LSTM"):
    runs[name] = learn(contestant(name, recall).to(device), recall, steps=300, draw=echo_batch)
lead = runs["RNN, orthogonal"].accuracies[-1] - runs["LSTM"].accuracies[-1]
said = outcome("2.4", "RNN" if lead > 0.05 else "LSTM" if lead < -0.05 else "no difference")
live["marked recall"] = {"25": {name: run.accuracies[-1] for name, run in runs.items()}}
fig = plots.plot_learning(runs, steps=300)
headline(fig, said)
footnote(fig, echo_batch)
show(
    fig,
    alt="The LSTM with the open gate reaches 99 %, the orthogonal RNN about 60 %; the LSTM as torch draws it stays at chance.",
)

# %% [markdown]
# One seed says little. The next figure has five, and every lag: seven networks, at most 2,000 training steps each. Lines
# are means of the seeds, bands reach from the worst to the best. It was recorded; your own run stands in it as crosses,
# which lie lower where its 100 or 300 steps did not suffice. A line ends where a network is not tried any more, since it
# has solved the lag before in none of the seeds. Two you have not met: a GRU whose update gate begins open, by a bias of 2,
# and the LSTM called *chrono*, which is explained below. To measure it again, which keeps one core busy for more than half an
# hour: `python -m benchmarks.memory`.

# %% tags=["experiment"]
records = {task: recorded(f"memory_{task.split()[0]}") for task in ("dense echo", "marked recall")}
print(records["marked recall"].source)
fig = plots.plot_recall({task: record.scores for task, record in records.items()}, live)
show(
    fig,
    alt="Dense echo: the orthogonal RNN gets farthest. Marked recall: GRU, update bias 2, and chrono LSTM do.",
)

# %% [markdown]
# <details><summary>Compare with your predictions</summary>
#
# **Dense echo.** The vanilla RNN wins at every lag. (Percentages are medians of the seeds.) At lag 10 the orthogonal one
# needs about 75 training steps, torch's about 300, LSTM and GRU between 1,075 and 1,925, and in one seed the LSTM is not
# there after 2,000. At lag 20 the orthogonal RNN is there after 125 to 200 steps; the GRU stands at 79 % after 2,000, and
# the LSTM at chance. Opening the gates makes it *worse*: at lag 10 the LSTM gets to 94 % in place of 99 %, and the GRU is
# there in three seeds of five in place of all. A gate that keeps has to learn to let go, and here a bit has to go at every
# step. At lag 40 the orthogonal RNN stops at 93 %, probably because 40 bits don't fit into 32 units (32 right and 8
# guessed would be 90 %).
#
# **Marked recall.** Up to lag 10 all seven learn it, the plain RNN included. At lag 25 the RNN and the LSTM as torch
# draws them are at chance in all five seeds, and the GRU in three. The orthogonal RNN and the networks with open gates
# need 175 to 375 steps. At lag 50 two are left, the chrono LSTM and the GRU with an update bias of 2, and both solve lag
# 100 in every seed: the LSTM in 300 to 475 steps, the GRU in 800 to 1,225.
#
# So the sentence *an RNN forgets, an LSTM remembers* is true in none of these columns as it stands. At lag 25 an RNN with
# good first weights beats an LSTM with torch's. What decides is where the training begins, and then whether the task asks
# for a register that shifts or for a gate that holds. (Here one can't be sure of more than these conditions: 32 units,
# Adam with a rate of 0.003, 2,000 steps of 64 sequences.)
#
# </details>

# %% [markdown]
# ## Why: the gradient on its way back
#
# To learn that the bit at step 10 matters at step 35, a signal has to travel from the loss at step 35 back to step 10.
# In a vanilla RNN each step multiplies it by the step's *Jacobian*, $J_t = \mathrm{diag}(1 - h_t^2)\, W_{hh}$:
#
# $$\frac{\partial \mathcal{L}}{\partial h_t} = \frac{\partial \mathcal{L}}{\partial h_L}\; J_L\, J_{L-1} \cdots J_{t+1}.$$
#
# A product of many matrices grows or shrinks exponentially (Bengio et al., 1994). An LSTM has a second way back, along $c$,
# on which each step multiplies by the forget gate only, entry by entry: no matrix, and no derivative of a tanh.

# %% tags=["experiment"]
show(diagrams.draw_gradient_paths(), alt=diagrams.ALT["gradient_paths"])

# %% [markdown]
# ### 2.5 The gradient on its way back
#
# *20 minutes · difficulty 3 of 3 · 2 points · edit `gradient_norms` in `starter/gated.py`*
#
# Return (L,): entry t − 1 is the norm, over batch and units together, of the gradient of `outputs[:, -1].sum()` with
# respect to $h_t$. Autograd is allowed. What of an LSTM's $c_t$ is not in $h_t$ is held fixed. The `.grad` of the
# parameters stays as it was.
#
# <details><summary>A nudge</summary>
#
# `torch.autograd.grad(loss, tensors)` gives the gradients with respect to any tensors that the loss was computed *from*. Was
# the last output computed from the stacked `outputs`?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# It was computed from the states in your loop: keep those, each as the very tensor that entered the next step. All norms come
# out of one backward pass. `unroll` gives you the stack alone, so write the loop here again.
#
# </details>

# %%
check("2.5")

# %% [markdown]
# Before you look: at distance 40, in networks that nobody has trained yet, how long is the gradient in an LSTM, compared
# with a vanilla RNN? `"far longer"`, `"about the same"` or `"far shorter"`, where *far* means a hundred times.

# %%
guess = predict("2.5", "about the same")

# %% tags=["experiment"]
gradient_norms, cells = use("2.5"), {"RNN": use("1.2"), "LSTM": use("2.2"), "GRU": use("2.3")}
sequences = recall.batch(32, torch.Generator().manual_seed(5), echo_batch)[0].to(device)  # 50 steps
shares = {}
for name in (name for name in CONTESTANTS if name != "LSTM, chrono"):  # that one comes later
    untrained = contestant(name, recall).to(device)
    norms = gradient_norms(cell_of(cells[name[:4].strip(",")], untrained.rnn), sequences)
    shares[name] = (norms.flip(0)[1:] / norms[-1]).tolist()
ratio = shares["LSTM"][39] / shares["RNN"][39]
said = outcome("2.5", "far longer" if ratio > 100 else "far shorter" if ratio < 0.01 else "about the same")
fig = plots.plot_reach(shares, unit="share of the gradient\nthat arrives at h")
headline(fig, said)
footnote(fig, gradient_norms, *cells.values(), echo_batch)
show(
    fig,
    alt="Lines falling on a log axis: RNN, LSTM and GRU to about 1e-9 at distance 40, the other three to about 1e-2.",
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# As torch draws them, an LSTM and a GRU are as deaf to what lies 40 steps back as a vanilla RNN: of the gradient some
# billionths arrive. The gates are drawn around σ(0) = ½, so each step halves what $c$ carries, and $0.5^{40}$ is
# a trillionth. (The ways through $h$ add some; a billionth is what comes of all of them. In five seeds it was 0.2 to 4
# billionths in the LSTM, 5 to 21 in the GRU, and in the RNN 0.01 to 3.) The additive path is there, but nobody has opened
# it. What does open it is a bias.
#
# </details>
#
# That was the gradient at $h$. In the next figure you see the LSTM's other path as well, and what bounds both: the
# largest singular value of the product of the whole steps' Jacobians, the most that any direction of the state keeps.

# %% tags=["experiment"]
lines = {}
for name in ("RNN", "LSTM, forget bias 2"):
    cell = cell_of(cells[name[:4].strip(",")], contestant(name, recall).rnn)
    lines |= {f"{name}: at {part}": norms for part, norms in by_path(cell, sequences.cpu()).items()}
    lines[f"{name}: largest singular value"] = singular_values(cell.double(), sequences[0].cpu())["largest"]
fig = plots.plot_reach(lines, unit="share that arrives")
footnote(fig, *cells.values())
show(fig, alt="The RNN's gradient falls along its largest singular value; that of the LSTM's product stays near 1.")

# %% [markdown]
# The product of the RNN's Jacobians loses *all* directions, at the same rate as the gradient. That of the LSTM with open
# forget gates keeps some: its largest singular value stays near 1 over all 50 steps, and $c$ carries more of the gradient
# than $h$. (Its smallest ones are below 10⁻¹⁵: a memory is a few directions that last, among many that don't.)
#
# And **during training**? The gates learn. The demo kept its weights at every test: here are those before the first step,
# on the way, and where it had solved the task.

# %% tags=["experiment"]
along_c = {}
for step in sorted({0, 100, 200, demo_run.steps} & demo_run.weights.keys()):
    demo.load_state_dict(demo_run.weights[step])  # the last are those that it had already
    norms = by_path(cell_of(cells["LSTM"], demo.rnn), sequences)["c"]
    along_c[f"solved, after {step} steps" if step == demo_run.steps else f"after {step} steps"] = norms
fig = plots.plot_reach(along_c, unit="share of the gradient\nthat arrives at c")
footnote(fig, cells["LSTM"], echo_batch)
show(
    fig,
    alt="Lines on a log axis: at first the share falls to about 1 percent at distance 49; with training it rises, above 1.",
)

# %% [markdown]
# At the start the share falls, by about 0.93 per step: the gate alone would make it 0.88, and the ways through $h$ add to
# it. A hundred steps later it falls over the first ten steps alone. When the task is solved it *rises* with distance: a
# change of $c$ 40 steps back moves the last output more than one just before it. What comes in is not just kept, it is
# amplified (more on that below). The gates had a bias to begin with; what they now do, they have learnt, and they could
# learn it because at the start some hundredths of the gradient came through over 25 steps. Two millionths, as with
# torch's own first weights, are lost among the gradients of everything else that changes the loss.

# %% [markdown]
# ## Exploding gradients
#
# The same product can grow. Then one step of the optimiser, on one unlucky batch, throws the weights far away. The remedy
# is blunt and works: if the gradient is longer than `max_norm`, shorten it to that (Pascanu et al., 2013). *All*
# gradients are scaled by one factor, so that their direction stays.

# %% tags=["experiment"]
show(diagrams.draw_clipping(), alt=diagrams.ALT["clipping"])

# %% [markdown]
# ### 2.6 Clipping by the norm of all gradients
#
# *15 minutes · difficulty 2 of 3 · 2 points · edit `clip_gradient_norm_` in `starter/gated.py`*
#
# Multiply every gradient, in place, by $\min(1,\ \text{max\_norm} / (\text{total} + 10^{-6}))$, and return the total norm
# from before. `parameters` is one tensor or any iterable, a generator such as `model.parameters()` included. Torch's own
# helpers for clipping and norms are off limits.
#
# <details><summary>A nudge</summary>
#
# The norm of all gradients together is not the sum of their norms. What of each of them can be added up?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# The squares can. You go through the parameters twice, once to add up and once to scale, and a generator can be gone through
# once. Parameters without a gradient have `.grad` None.
#
# </details>

# %%
check("2.6")

# %% [markdown]
# The smallest network that explodes has one unit, two weights and no input: $h_t = \tanh(w h_{t-1} + b)$, fifty steps,
# and the loss is $(h_{50} - 0.7)^2$. Where the unit changes from settling low to settling high there is a **cliff**. Two
# descents begin at the same point of the plateau above it, with steps of 0.02 times the gradient: one as it is, one with
# your clipping.

# %% tags=["experiment"]
from toolkit.cliff import cliff, descend

clip, W, B = use("2.6"), (0.9, 2.0), (-0.7, 0.4)
paths = {"as it is": descend((1.4, -0.3), 0.02, 60), "clipped": descend((1.4, -0.3), 0.02, 60, clip)}
fig = plots.plot_cliff(cliff(W, B), W, B, paths)
footnote(fig, clip)
w, b = paths["as it is"].points[-1]
print(f"as it is: longest gradient {max(paths['as it is'].norms):.0f}, ends at w = {w:.1f}, b = {b:.1f}")
print(f"clipped: ends with a loss of {paths['clipped'].losses[-1]:.0e}")
show(
    fig,
    alt="Two descents reach a cliff's edge; one is thrown out of the picture, the other ends at its foot.",
)

# %% [markdown]
# On the plateau the gradient is about 1, and grows to 2.7; at the edge it is 333. One such step throws the weights to where the unit is
# saturated, at a loss of 0.09, and there the gradient is 0: nothing brings it back. Clipped, the step is 0.02 long, and
# the descent walks down at the cliff's foot.
#
# Does a real training meet such edges? Ten plain RNNs, equal but for their seeds, learn the dense echo with lag 10 for 400
# steps, with ten times the learning rate. That has been recorded, without clipping and with three limits, since one seed
# says nothing here (`python -m benchmarks.collapse`, about two minutes). Of the ten that are not clipped, how many end
# with fewer than 90 % of the answers right?

# %%
guess = predict("2.6", 5)

# %% tags=["experiment"]
record = recorded("collapse")
print(record.source)
unclipped = record.scores["Adam, rate 0.03"]["no clipping"]
said = outcome("2.6", sum(share < 0.9 for share in unclipped))
fig = plots.plot_scores(record.scores, "share of right answers after 400 steps")
headline(fig, said)
show(
    fig,
    alt="Ten seeds each. With the high rate and no clipping several end near one half; at max_norm = 1 nine are near 1.",
)

# %% [markdown]
# With the usual rate clipping at 1 changes next to nothing: no gradient ever leaps far. With ten times that rate and no
# clipping five of ten end between 50 and 63 %; clipped at 1, one does badly, with 74 %, and the median is at 100 %. A limit
# of 10 comes too late, and one of 0.1 is no better than 1: Adam divides every gradient by its own recent size, so a limit
# that cuts *each* of them changes nothing but a scale. Clipping helps where it cuts the few that are far too long. Print the
# norms of some hundred steps before you choose the limit.
#
# To watch one of them, with your clipping, takes about 2 seconds in a cell of your own:
# `run = learn(contestant("RNN", dense10), dense10, steps=400, rate=0.03, clip=clip, until_solved=False)`, and then
# `plots.plot_learning({"clipped": run})`. Without clipping it is `max_norm=float("inf")`.

# %% [markdown]
# ## The ground that a training walks on
#
# A cliff in two weights is easy to draw. Your networks have thousands. One can still look around a solution $\theta$:
# choose two random directions $d_1$, $d_2$ and draw the loss at $\theta + a\,d_1 + b\,d_2$. Only, how long is a step? A
# network with large weights hardly notices what ruins one with small weights. Li et al. (2018) scale each *filter* of the
# direction, here each row of a weight matrix, to the norm of the same row of $\theta$. Then $a = 1$ means: as much change
# as there is weight.

# %% tags=["experiment"]
show(diagrams.draw_filter_directions(), alt=diagrams.ALT["filter_directions"])

# %% [markdown]
# ### 2.7 The loss on a plane through a solution
#
# *30 minutes · difficulty 3 of 3 · 2 points · edit `loss_surface` in `starter/gated.py`*
#
# Return (steps, steps): `surface[i, j]` is `loss_fn(model)` at $\theta + a_i d_1 + b_j d_2$. Afterwards the model's
# parameters are bit for bit what they were, also when `loss_fn` raises an exception.
#
# <details><summary>A nudge</summary>
#
# What happens to the last bits of θ if you add a step and subtract it again? And who cleans up if the loss raises?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Keep a copy of each parameter, compute every point from the copies, and put them back in a `finally`. The row norms of a
# tensor with any number of axes are sums of squares over all axes but the first, with `keepdim=True`; a bias is one row
# as a whole.
#
# </details>

# %%
check("2.7")

# %% [markdown]
# Two solutions, side by side, in one scale of colours: the orthogonal RNN that repeats every bit 10 steps later, the winner
# of the contest, and the demo, the LSTM that recalls a marked one 25 steps later.

# %% tags=["experiment"]
loss_surface, register = use("2.7"), readers["RNN, orthogonal"]
surfaces = {}
for name, reader, task in (("RNN, every bit, lag 10", register, dense10), ("LSTM, marked bit, lag 25", demo, recall)):
    inputs, targets, mask = (part.to(device) for part in task.batch(32, torch.Generator().manual_seed(7), echo_batch))

    def loss_fn(model, inputs=inputs, targets=targets, mask=mask):
        return stand_ins.masked_loss(model(inputs), targets, mask)  # the loss of task 2.8, further down

    surfaces[name] = loss_surface(reader, loss_fn, 0.5, 21, torch.Generator().manual_seed(1))
    print(f"{name}: below half of the loss of guessing on {(surfaces[name] < 0.347).float().mean():.1%} of the plane")
fig = plots.plot_surfaces(surfaces, radius=0.5)
footnote(fig, loss_surface, echo_batch)
show(fig, alt="Left a wide bowl around the cross, right a narrow slit with walls close by, in a high plain.")

# %% [markdown]
# Around the RNN's solution the loss rises slowly: change every weight by a tenth, and 95 % or more of its answers are still
# right (we tried 18 directions, six each in three seeds). Around the LSTM's there is a slit a few hundredths wide, and
# beside it walls: a bit that is held for 25 steps has gone through the same weights 25 times, and so has every small change
# of them. Such walls are what makes gradients leap. One step of a descent that meets a wall leaves the slit, and outside of
# it lies a hilly plain, at the loss of guessing and above. That is the cliff of the small network again, and the reason to
# clip. (Two random directions of some thousands show a fraction of the truth. With other seeds the slit lies otherwise and
# is as narrow; we looked at three.)

# %% [markdown]
# ## Three trainings that fail
#
# **One that ends in NaN.** The loss is binary cross-entropy, typed in from the formula: $-y \log p - (1 - y) \log(1 - p)$ with
# $p = \sigma(\text{logit})$. The optimiser is SGD with momentum 0.9, with steps that are too large.

# %% tags=["experiment"]
from toolkit.diagnosis import formula_loss, stages, train_until_it_breaks

broken = contestant("RNN, orthogonal", dense10).to(device)
seen = train_until_it_breaks(broken, dense10, formula_loss, rate=2.0, steps=300)
print("losses:", *(f"{loss:.2f}" for loss in seen.losses))
for name, values in stages(broken, seen.batch).items():
    bad = (~values.isfinite()).sum().item()
    low, high = values.min().item(), values.max().item()
    print(f"{name:20} from {low:8.3g} to {high:8.3g}   {bad} of {values.numel()} not finite")

# %% [markdown]
# Read it from above. The first line that isn't finite is where it breaks, and all above it are innocent. All parameters
# and states are; so are the logits, but they are far from 0, here all of them above 35: steps this large have driven the
# units to ±1, and the network says 1 to everything, with full conviction. In float32, σ of anything above 17 is exactly
# 1, so 1 − p is 0 and its logarithm −inf. (With other seeds fewer of the logits are that large. One suffices.) Where the
# target is 1, the formula takes that 0 times, and 0 · (−inf) is nan. So there are two faults: a formula that can't bear a
# confident network, and steps that are too large. Mend one after the other:

# %% tags=["experiment"]
runs = {}
for name, loss, rate in (
    ("formula, rate 2", formula_loss, 2.0),
    ("from logits, rate 2", stand_ins.masked_loss, 2.0),
    ("from logits, rate 0.1", stand_ins.masked_loss, 0.1),
):
    reader = contestant("RNN, orthogonal", dense10).to(device)
    runs[name] = train_until_it_breaks(reader, dense10, loss, rate=rate, steps=100).losses
fig = plots.plot_runs(runs, "loss (nats)", {"guessing": 0.693})
show(
    fig,
    alt="The formula's line ends early. From logits it goes on, above guessing; with the small rate it falls to 0.002.",
)

# %% [markdown]
# Computed from the logits, the loss is finite at every step, since `binary_cross_entropy_with_logits` never leaves the
# logarithm. And the training is as broken as before: nan was the messenger. With steps twenty times smaller it learns.

# %% [markdown]
# **One that only seems to learn.** Marked recall asks for one answer in each sequence of 50 steps. All other targets are
# 0. What if the loss looks at every step? It falls nicely, from 0.69 to below 0.08 in 100 steps. Which share of the answers
# that are *asked for* will be right, in percent?

# %%
guess = predict("2.8", 50)

# %% tags=["experiment"]


def loss_over_all(logits, targets, mask):
    return nn.functional.binary_cross_entropy_with_logits(logits, targets)


fooled = contestant("LSTM, forget bias 2", recall).to(device)
run = learn(fooled, recall, steps=100, draw=echo_batch, loss=loss_over_all)
said = outcome("2.8", 100 * run.accuracies[-1])
fig = plots.plot_runs({"loss over all steps": run.losses}, "loss (nats)", {"guessing": 0.693})
headline(fig, said)
footnote(fig, echo_batch)
show(fig, alt="A loss that falls from 0.69 to below 0.1 within forty steps, and stays at about 0.08.")

# %% [markdown]
# Ninety-nine targets in a hundred are 0: the forty-nine of a sequence that nobody asks for, and half of the fiftieth. A
# network that always says 0, with 1 % of doubt, has a loss of 0.056, and has learnt nothing else. A loss that falls is no
# proof of learning: look at a number that means something. And keep what nobody asks for out of the loss.

# %% [markdown]
# ### 2.8 A loss that counts what was asked for
#
# *10 minutes · difficulty 1 of 3 · 1 point · edit `masked_loss` in the next cell*
#
# Return the mean binary cross-entropy over the steps where the mask is True, and 0 where there are none. Take it from the
# logits, not from a formula with `log`. The same function will keep padding out of the loss in notebooks 3 and 5.
#
# <details><summary>A nudge</summary>
#
# Two things go into a mean, a sum and a number. Which of them does the mask change?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `tensor[mask]` gives the entries where a mask of the same shape is True, as a tensor with one axis. The mean of none of
# them is nan, so think about an empty mask by itself.
#
# </details>


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
# **One that does not move.** With the right loss, an LSTM as torch draws it stays at 0.69 on the same task, which is ln
# 2, the loss of guessing. The learning rate? It was 0.003 in the contest; ten times more or less changes nothing. You know
# the cause already: two millionths of the gradient arrive where the bit came in. You also know the cure.

# %% tags=["experiment"]
masked_loss = use("2.8")
for rate in (0.0003, 0.03):
    still = contestant("LSTM", recall).to(device)
    run = learn(still, recall, steps=50, rate=rate, draw=echo_batch, loss=masked_loss)
    print(
        f"rate {rate:6g}: loss {sum(run.losses[-20:]) / 20:.3f} after {run.steps} steps, {run.accuracies[-1]:.0%} right"
    )
untrained = contestant("LSTM", recall).to(device)
share = by_path(cell_of(cells["LSTM"], untrained.rnn), sequences)["c"][24]
print(f"share of the gradient that arrives at c, 25 steps back, before training: {share:.0e}")

# %% [markdown]
# ### 2.9 A forget gate that begins open
#
# *10 minutes · difficulty 2 of 3 · 1 point · edit `open_forget_gate_` in the next cell*
#
# Set the biases of the forget gate so that `b_ih + b_hh` is `bias` in every unit, in place, and leave all else alone. The
# cell can be yours or torch's.
#
# <details><summary>A nudge</summary>
#
# Which rows of a bias of length 4H belong to the forget gate? And how often does a bias of 2 count if you write it into both?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# The order is i, f, g, o, with H rows each. A parameter is changed in place inside `with torch.no_grad():`.
#
# </details>


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
# Before any training: what share of a memory in $c$ is left after 25 steps of a forget gate that begins at 2? A number
# between 0 and 1.

# %%
guess = predict("2.9", 0.04)

# %% tags=["experiment"]
from toolkit.gates import gates_of, holders

open_forget_gate_, LSTMCell, kept = use("2.9"), use("2.2"), {}
for bias in (0, 1, 2, 4):
    seed_everything(0)
    cell = LSTMCell(2, 32)
    open_forget_gate_(cell, bias)
    kept[f"bias {bias}"] = gates_of(cell, sequences[0].cpu())["f"].cumprod(dim=0).mean(dim=1).tolist()
said = outcome("2.9", kept["bias 2"][24])
fig = plots.plot_reach(kept, unit="share of c that is kept,\nmean of the units", distance="steps")
headline(fig, said)
footnote(fig, open_forget_gate_, LSTMCell)
show(
    fig,
    alt="Straight lines on a log axis: after 25 steps about 3e-8 is left with bias 0, 0.04 with bias 2, 0.6 with bias 4.",
)

# %% [markdown]
# A bias of 2 leaves four hundredths of a memory after 25 steps, a bias of 0 three hundred-millionths. That is all the
# difference there is between the training that did not move and the demo at the top: the same network, the same task, 32
# numbers set.

# %% [markdown]
# ## Everything yours
#
# Now all of it is your own: the sequences, the cell, the loop, the loss, the clipping and the bias. It recalls a marked
# bit 10 steps later, in sequences of 20. The training takes about 3 seconds, since the loop over the steps runs in
# Python.

# %% tags=["experiment"]
LSTMCell, unroll, clip, recall10 = use("2.2"), use("2.4"), use("2.6"), Task(lag=10, marked=True)
seed_everything(0)
cell = LSTMCell(2, 32)
open_forget_gate_(cell, 2)
reader = Reader(Unrolled(cell, unroll), 32).to(device)
run = learn(reader, recall10, steps=300, draw=echo_batch, loss=masked_loss, clip=clip, bar=True)
fig = plots.plot_learning({"your LSTM, forget bias 2": run})
footnote(fig, LSTMCell, unroll, clip, echo_batch, masked_loss, open_forget_gate_)
show(fig, alt="Right answers over training steps: from 65 % at step 25 slowly to 81 % at step 150, then at once to 99 %.")

# %% [markdown]
# **Inside the gates.** How does a trained LSTM hold a bit, and how does it let go? Nobody has asked it to let go so far.
# So the sequences of this last training are two in one: a marked bit, its answer 15 steps later, then a second marked bit
# and its answer. (Torch's layer learns it in about 3 seconds; then your cell gets its weights.)

# %% tags=["experiment"]
from toolkit.memory import twice

recall15 = Task(lag=15, marked=True)
two = contestant("LSTM, forget bias 2", recall15).to(device)
run = learn(two, recall15, steps=300, draw=twice(echo_batch), until_solved=False)
print(f"{run.accuracies[-1]:.1%} right after {run.steps} steps")
cell = cell_of(LSTMCell, two.rnn)
pair = recall15.batch(1, torch.Generator().manual_seed(12), twice(echo_batch))
inputs, _, mask = (part[0].to(device) for part in pair)
marked, asked = inputs[:, 1].nonzero()[:, 0].tolist(), mask.nonzero()[:, 0].tolist()
states = []
for bit in (0, 1):  # the same sequence twice, but for the first marked bit
    changed = inputs.clone()
    changed[marked[0], 0] = bit
    states.append(gates_of(cell, changed))
units = holders(states[0]["c"], states[1]["c"], count=8)
marks = {"marked": marked[0], "answer": asked[0], "marked again": marked[1], "second answer": asked[1]}

# %% tags=["experiment"]
shown = states[1] | {"d": states[1]["c"] - states[0]["c"]}
fig = plots.plot_gates(shown, units, marks, shown="ifocd")
footnote(fig, LSTMCell, echo_batch)
show(
    fig,
    alt="Heat maps of eight units. The difference in c appears after the marker, is largest about the answer, and fades.",
)

# %% tags=["experiment"]
traces = {f"unit {unit}": shown["d"][:, unit].cpu() for unit in units[:4]}
fig = plots.plot_held(inputs, traces, asked, unit="difference in c")
footnote(fig, LSTMCell, echo_batch)
show(fig, alt="Four lines: 0 before the first marker, growing up to its answer, back near 0 before the second answer.")

# %% [markdown]
# Point at it in the lowest panel: before the marker there is nothing, at the marker a trace too faint to see; then it
# grows, is largest around the answer, and when the second marker comes little of it is left. (That little swings back
# once, to a sixth of what it was, and has faded by the second answer.) Held, and released. But nothing here looks like the
# latch that was set by hand. At the marker hardly a gate moves, by little more than a tenth at most, and no forget gate
# ever shuts: begun at 0.88, they stay between 0.6 and 1. What the network has learnt is a swing: a small push at the
# marker, which the weights amplify for fifteen steps and then let fade. The fifteen is in the weights. That is also why,
# in training, more and more of the gradient arrived from far back, in the end more than had set out.
#
# A textbook's picture of the LSTM, a gate that opens, a cell that holds, a gate that lets go, shows what it *can* do.
# What it does, one has to look up.

# %% [markdown]
# ## Farther: 50 and 100 steps
#
# With a forget bias of 2 a memory fades over seven steps or so; training stretched that to 25 and not to 50. So what bias
# for 100? Tallec and Ollivier (2018) turn it around: a gate that is open by $s/(1+s)$ lets a memory fade over about $s$
# steps, and that is $\sigma(\log s)$. Their *chrono* initialisation gives every unit a span of its own, uniform up to the
# sequence's length, with a forget bias of $\log s$, and an input bias of $-\log s$. The figure is recorded: five seeds,
# at most 2,000 steps (`python -m benchmarks.forget_bias`, about a quarter of an hour).

# %% tags=["experiment"]
record = recorded("forget_bias")
print(record.source)
fig = plots.plot_scores(
    {f"lag {lag}": row for lag, row in record.scores.items()}, "share of right answers", lines={"chance": 0.5}
)
show(fig, alt="By lag: larger biases get farther, and chrono alone solves every lag in every seed.")

# %% [markdown]
# With a bias of 0 the LSTM is at chance at lag 25 already. 1 and 2 carry it to 25, and 4 to 50, in four seeds of five and
# late, after 775 to 1,925 steps. At lag 100 a bias of 4 is at chance. *Chrono* solves all three lags in every seed, the
# last in 300 to 475 steps, on sequences of 200. So does, more slowly, a GRU with an update bias of 2, as the figure of
# all seven networks showed.
#
# **The price.** You have to know how long the memory has to last, or at least how long it may. And gates that begin
# nearly shut for writing and wide open for keeping are in the way where nothing should be kept: on the dense echo at lag
# 10 the chrono LSTM stands at 92 % after 2,000 steps, torch's own LSTM at 99 %.

# %% [markdown]
# ## What each of them costs
#
# An LSTM has four times the weights of a vanilla RNN, a GRU three times. What does that come to? Each of the three is run in
# three ways: *your* cell, unrolled in Python; a *fused* cell, which does the input's product for all steps at once and
# one product per step for all gates (`toolkit/fused.py`); and torch's own layer. Measured are parameters, multiply-adds
# for one step of one sequence, what autograd keeps for the backward pass, and the time of a training step on 64 sequences
# of 50 steps. That takes about 2 seconds. Of torch's own layers, with 32 units each: which takes longest, `"RNN"`,
# `"LSTM"` or `"GRU"`?

# %%
guess = predict("2.11", "GRU")

# %% tags=["experiment"]
from toolkit.comparison import COLUMNS, LAG_COLUMNS, comparison, with_longest_lag
from toolkit.tables import show_table

cells = {"RNN": use("1.2"), "GRU": use("2.3"), "LSTM": use("2.2")}
rows = comparison(cells, use("2.4"), repeats=4, device=device)
layers = {row["network"]: row["ms per training step"] for row in rows if row["way"] == "torch.nn"}
said = outcome("2.11", max(layers, key=layers.get))
show_table(rows, COLUMNS, "32 units each, measured here and now.", parts=[*cells.values()])

# %% tags=["experiment"]
fig = plots.plot_costs(rows)
headline(fig, said)
footnote(fig, *cells.values())
show(
    fig,
    alt="Time and memory by network and way: the cells in Python take longest or nearly so; of torch's layers the GRU does.",
)

# %% [markdown]
# And recorded, at equal hidden size and at equal parameters, with the longest lag of marked recall that each solves in
# 1,000 training steps, the median of five seeds: from torch's first weights, and begun to keep (an orthogonal matrix, an
# update or forget bias of 2). To measure again: `python -m benchmarks.cells`, a minute, and
# `python -m benchmarks.longest_lag`, a quarter of an hour.

# %% tags=["experiment"]
costs, lags = recorded("cells"), recorded("longest_lag")
print(costs.source)
for setting, lag in lags.scores.items():
    show_table(with_longest_lag(costs.entries[setting].values(), lag), COLUMNS | LAG_COLUMNS, f"{setting}.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# A GRU has three quarters of the LSTM's multiply-adds, and torch's GRU takes 2.4 times as long as torch's LSTM (recorded,
# on the CPU; 2.7 times at equal parameters). It isn't the equations, since the two cells in Python cost the same. On the
# CPU torch hands a whole LSTM layer to oneDNN, a library with a fast path for it, and computes the GRU and the RNN step
# by step. The fast path has a price as well: a work space of 2.0 KiB for each step of a sequence, where the cell in
# Python keeps 0.9. Multiply-adds predict neither time nor memory; on a GPU the order may be another.
#
# Taking the input's product out of the loop saves 30 % of the RNN's time and 11 % of the LSTM's, where most of
# the time goes into what is done unit by unit.
#
# And the last columns: at equal parameters the order is the same as at equal size. What a network recalls depends on its
# first weights: 10 steps for all three as torch draws them, 25 to 50 for those begun to keep.
#
# </details>

# %% [markdown]
# ## Explain
#
# ### 2.10 Explain: the additive cell state and the product of Jacobians
#
# *20 minutes · difficulty 3 of 3 · 3 points · write your answer in the next cell; a person marks it*
#
# You are asked in an interview: *"Why does the additive cell state cure what the product of Jacobians breaks, and when
# does it not?"*
#
# Answer in six to ten sentences. Derive $\partial c_t / \partial c_{t-1}$ along the cell state, hold it against the
# Jacobian of the vanilla RNN, and use what you measured: what first weights did to the LSTM, and where the vanilla RNN
# won.

# %% [markdown] task="2.10"
# ### BEGIN SOLUTION 2.10
# **A model answer.** In a vanilla RNN the gradient over $k$ steps is multiplied by $\prod J_t$ with
# $J_t = \mathrm{diag}(1 - h_t^2) W_{hh}$. The factors are matrices, and each has a tanh's derivative, at most 1, in
# front: unless $W_{hh}$ is close to a rotation and the units are not saturated, the product shrinks or grows
# exponentially in $k$, in all directions. In the LSTM, $c_t = f_t \odot c_{t-1} + i_t \odot g_t$. With the gates held
# fixed, $\partial c_t / \partial c_{t-1} = \mathrm{diag}(f_t)$: no matrix and no derivative of a squashing function, only
# the share that is kept, unit by unit. Over $k$ steps that is $\prod f_t$. A unit whose gate stays at 1 hands the
# gradient on undiminished, and a gate never exceeds 1, so along this path nothing explodes. The other paths, through $h$
# and the gates, are products of Jacobians as before; they can still vanish or explode, which is why LSTMs are clipped
# too. When it does not help: if $f_t$ is below 1. Torch's first weights put it near ½, $0.5^{40} \approx 10^{-12}$, and
# the LSTM I measured was as deaf at distance 40 as the RNN; it stayed at chance in marked recall. The cure has to be
# learnt, or put there by a bias: with 2 it reached 25 steps and, with spans drawn up to the length, 100. It also
# does not help where nothing should be kept: in the dense echo a rotation holds all bits, and the gates were slower by a
# factor of ten or more. And it does not make room: $c$ holds as many numbers as there are units.
#
# **Marking: 3 points**
#
# - 1 point: the product of Jacobians, with its factors (the matrix and the derivative of tanh), shrinks or grows exponentially.
#   "Gradients vanish in RNNs" alone earns nothing.
# - 1 point: $\partial c_t / \partial c_{t-1} = \mathrm{diag}(f_t)$ along the cell state, and what follows for $f_t$ near
#   1. Half without the derivation.
# - 1 point: at least one condition under which it fails, with a measurement or a number: gates that begin at ½, spans
#   longer than the bias allows, paths through h that still explode, tasks in which bits have to be let go. Half for a
#   condition without evidence.
# ### END SOLUTION

# %% [markdown]
# ## Common bugs, and how to see them
#
# - **The LSTM runs and is a little worse than torch's.** The gates may be in another order (Keras has i, f, c, o as well;
#   older code i, o, f, g). The shapes are right in any order. Load the same weights into `torch.nn.LSTMCell` and compare
#   one step.
# - **`too many values to unpack` or `'tuple' object has no attribute …`.** An LSTM's state is a pair; a GRU's is a
#   tensor. Print `type(state)` where the cell is called.
# - **The state isn't handed on.** Every step starts from zeros, and dense echo with lag 0 works while lag 1 stays at chance.
# - **`(h, c)` the wrong way round.** h lies between −1 and 1, c doesn't have to. Print the largest entry of each after a
#   long sequence.
# - **The loss falls and the answers are at chance.** The mask is missing, or the loss counts padding. Compute the
#   accuracy on what is asked for.
# - **The loss is ln 2, and stays.** Look at the gradient at the first steps (2.5) before you turn the learning rate. If
#   nothing arrives there, no rate will help.
# - **nan.** Stop at the first one, keep the batch, and go through the computation from the inputs on: the first value
#   that isn't finite is the place. `log`, `sqrt`, division and `exp` are the usual ones.
#   `torch.autograd.set_detect_anomaly(True)` does the same for the backward pass, slowly.
# - **Clipping changes nothing.** It stands before `backward`, or after `step`; or the generator `model.parameters()` was
#   used up by the first loop.
# - **After `loss_surface` the model is worse.** Its parameters weren't put back, or were put back by subtraction.
#
# ## Summary
#
# - An LSTM adds to its cell state what the input gate lets in, and keeps what the forget gate lets stay; a GRU does both
#   with one gate. Set by hand, either holds a bit for ever.
# - A vanilla RNN that begins as a rotation is a shift register, and the best of all at repeating everything.
# - A network learns to remember over a distance only if some gradient arrives over that distance *before* it has learnt.
#   Torch's first weights let a few billionths through over 40 steps, in an LSTM as in an RNN. A bias on the gate that keeps
#   changes that.
# - Along the cell state the gradient is multiplied by the forget gate alone. Everywhere else it meets products of
#   Jacobians, which vanish or explode.
# - A long memory lies in a narrow slit of the loss. Clipping keeps a training from being thrown out of it, if it clips
#   the rare long gradients.
# - nan, a loss that falls for the wrong reason, and a loss that stands still are found by looking at values in order:
#   inputs, states, logits, loss, gradients by distance.
#
# **Next.** Notebook 3 leaves bits for words: an embedding, padding and packing, and a classifier that has to read 200 of
# them before it may speak.
#
# **Further reading**
#
# - S. Hochreiter and J. Schmidhuber (1997), *Long short-term memory*, Neural Computation 9.
# - F. A. Gers, J. Schmidhuber and F. Cummins (2000), *Learning to forget: continual prediction with LSTM*, Neural
#   Computation 12: the forget gate.
# - K. Cho et al. (2014), *Learning phrase representations using RNN encoder-decoder for statistical machine translation*,
#   EMNLP: the GRU.
# - Y. Bengio, P. Simard and P. Frasconi (1994), *Learning long-term dependencies with gradient descent is difficult*,
#   IEEE Transactions on Neural Networks 5.
# - R. Pascanu, T. Mikolov and Y. Bengio (2013), *On the difficulty of training recurrent neural networks*, ICML: the
#   cliff, and clipping.
# - A. M. Saxe, J. L. McClelland and S. Ganguli (2014), *Exact solutions to the nonlinear dynamics of learning in deep
#   linear neural networks*, ICLR.
# - R. Jozefowicz, W. Zaremba and I. Sutskever (2015), *An empirical exploration of recurrent network architectures*,
#   ICML: the forget bias.
# - C. Tallec and Y. Ollivier (2018), *Can recurrent neural networks warp time?*, ICLR: chrono initialisation.
# - H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein (2018), *Visualizing the loss landscape of neural nets*, NeurIPS.
