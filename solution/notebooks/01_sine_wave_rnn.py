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
# # 1 · Sine waves
#
# A recurrent network reads a series one step at a time and keeps what it needs in a small vector, its *hidden state*.
# In this notebook you build one from its equation, work out its gradients by hand, and let it continue a wave on its
# own.
#
# The data are generated: sine waves with a period of 25 steps and a little noise. Nothing is downloaded.

# %%
# %load_ext autoreload
# %autoreload 2
import torch
from torch import nn

from grader.check import check, outcome, predict, use
from toolkit import stand_ins
from toolkit.device import pick_device, seed_everything
from toolkit.forecaster import Forecaster
from toolkit.plots import footnote, plot_forecast, plot_reach, plot_traces, plot_training, plot_windows, show
from toolkit.series import noisy, period_of, sine
from toolkit.training import fit

seed_everything(0)
device = pick_device()
from solution import rnn

print(f"You edit {rnn.__file__}. The notebook runs on: {device}. Its data are generated sine waves.")

# %% [markdown]
# ## Where this leads
#
# Here is the end of the notebook, first. Every part is torch's own for now: `torch.nn.RNN` reads the wave, a linear
# layer predicts the next value from each hidden state, and 300 training steps fit the two. That takes about 2 seconds
# on two CPU cores. Then the network reads 100 steps of the wave and continues it: each forecast becomes its next input.

# %%
wave = sine(1200).to(device)
series = noisy(wave, scale=0.05, seed=1)  # what an instrument would record; the first 500 steps are for training

# %% tags=["experiment"]
seed_everything(0)
inputs, targets = stand_ins.make_windows(series[:500], length=50)
demo = Forecaster(nn.RNN(1, 32, batch_first=True), hidden_size=32).to(device)
adam = torch.optim.Adam(demo.parameters(), lr=0.01)
fit(stand_ins.train_step, demo, adam, inputs, targets, steps=300)

context = series[400:500]
with torch.no_grad():
    rollout = stand_ins.forecast(demo, context[None, :, None], steps=75)[0, :, 0]
fig = plot_forecast(context, rollout, truth=series[500:575], start=400)
show(fig, alt="A noisy wave of four periods, and three more periods that the network adds, close to what came.")

# %% [markdown]
# ## What you will build
#
# ```text
#  series ──▶ windows ──▶ a cell, unrolled ──▶ linear layer ──▶ next value
#   (T,)      (N, L, F)      (N, L, H)          (N, L, F)           │
#               1.1           1.2, 1.3                              │
#                                ▲                                  │
#                                └───────── fed back: 1.5 ──────────┘
#
#  gradients through time: 1.4      a training step: 1.6
# ```
#
# Shapes are written with the same letters everywhere: `N` batch, `T` length of the whole series, `L` length of a
# window, `F` features, `H` hidden size. The batch comes first.
#
# **Afterwards you can**
#
# - turn a series into training pairs, and say how many there are;
# - write a recurrent cell and unroll it over a sequence, matching `torch.nn.RNN` to the last digits;
# - implement backpropagation through time, and measure how far back a gradient reaches;
# - tell a one-step prediction from a rollout, and say what goes wrong in each.
#
# **You need** PyTorch tensors and modules, matrix products, the chain rule. **Time:** about three hours, two of them
# for the exercises.
#
# **How to work.** Open `starter/rnn.py` beside this notebook. Each exercise names a function or class there; replace
# its `raise NotImplementedError`, save, and run the check below the exercise, which reads the file as it is on disk.
# If you get stuck, go on: the cells after an unsolved exercise take a stand-in built of `torch.nn`, and say so. When your
# work is graded, further checks of the same kind run: other sizes, other devices.

# %% [markdown]
# ## A series becomes windows
#
# A series is one long row of numbers, without inputs and without labels. But every stretch of it has a natural label:
# the same stretch, a little later. So we cut out *windows*. If $s_0, \dots, s_{T-1}$ is the series, then window $i$
# of the inputs and of the targets is
#
# $$x^{(i)}_k = s_{i+k}, \qquad y^{(i)}_k = s_{i+k+\text{horizon}}, \qquad k = 0, \dots, L-1 .$$
#
# The target is a window too, not one value: a recurrent network predicts at *every* step, so every step can teach it
# something. A window has to end early enough for its target to fit, which leaves $T - L - \text{horizon} + 1$ starts.
#
# ```text
#  series       s0  s1  s2  s3  s4  s5            (T,) or (T, F)
#  inputs[0]    s0  s1  s2  s3                    inputs   (N, L, F)
#  targets[0]       s1  s2  s3  s4                targets  (N, L, F), horizon 1
#  inputs[1]        s1  s2  s3  s4
#  targets[1]           s2  s3  s4  s5
# ```

# %% [markdown]
# ### 1.1 Windows over a series
#
# *10 minutes · difficulty 1 of 3 · 2 points · edit `make_windows` in `starter/rnn.py`*
#
# Return `(inputs, targets)` for a series of shape `(T,)` or `(T, F)`. A series that is too short for one window, or
# that has another number of axes, is a `ValueError`.
#
# <details><summary>A nudge</summary>
#
# Write down the starts for T = 6, L = 4 and horizon 1, as in the picture above. How many are there, and which value
# would the next one need?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Give a plain series its feature axis first, so that there is only one case left. Then each window is a slice, and a
# list of slices of equal length can be stacked into one tensor.
#
# </details>

# %%
check("1.1")

# %% tags=["experiment"]
make_windows = use("1.1")
few = series[:30]
fig = plot_windows(few, *make_windows(few, length=12), picks=[0, 6, 17])
footnote(fig, make_windows)
show(fig, alt="Thirty steps of the wave. Below it three windows: each target lies one step to the right of its input.")

# %% [markdown]
# Window 17 is the last one: its last target is the last value of the series. In the windows of the picture each ring
# without a dot is a value that the network has to predict without having seen it, and each ring around a dot is one
# that it is shown at the next step.

# %% [markdown]
# ## One step
#
# A recurrent cell has a state $h$, and reads one step $x$ of the input. It mixes the two and squashes the result:
#
# $$h' = \tanh(W_{ih}\, x + b_{ih} + W_{hh}\, h + b_{hh})$$
#
# That is all there is to it (Elman, 1990). $W_{ih}$ says what of the input enters the state, $W_{hh}$ says what of
# the old state survives and how it turns, and $\tanh$ keeps every unit between −1 and 1. The two biases do the work
# of one; torch has both, and so do we, so that weights can be exchanged.
#
# ```text
#  x  (N, F) ──▶ weight_ih (H, F), bias_ih (H,) ──┐
#                                                 +──▶ tanh ──▶ h' (N, H)
#  h  (N, H) ──▶ weight_hh (H, H), bias_hh (H,) ──┘
# ```

# %% [markdown]
# ### 1.2 One step of a recurrent network
#
# *15 minutes · difficulty 1 of 3 · 3 points · edit `RNNCell.forward` in `starter/rnn.py`*
#
# The parameters are there already, under torch's names. Torch's own recurrent modules and cells are off limits here:
# you are writing them.
#
# <details><summary>A nudge</summary>
#
# Write the shape behind each term. In the equation $x$ is a column; in a batch each example is a *row*. What does a
# matrix have to become in order to act on rows?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# $W x$ for every row of a batch is the batch times $W^\top$, (N, F) times (F, H). A missing state is zeros: make them
# from `x`, so that they have its dtype and lie on its device. With zeros $W_{hh} h$ is gone, but $b_{hh}$ is not.
#
# </details>

# %%
check("1.2")

# %% [markdown]
# With a cell alone we can watch memory fade. The cell below is untrained. It gets zeros, one pulse at step 20, and
# zeros again. **Before you run it, write down** for how many steps the pulse will be visible.

# %% tags=["experiment"]
RNNCell = use("1.2")
seed_everything(2)
cell = RNNCell(1, 32).to(device)
pulse = torch.zeros(50, device=device)
pulse[20] = 3.0
h, states = None, []
with torch.no_grad():
    for x_t in pulse:
        h = cell(x_t.reshape(1, 1), h)
        states.append(h[0])
fig = plot_traces(torch.stack(states), drive=pulse)
footnote(fig, RNNCell)
show(fig, alt="Five units settle, jump when the pulse comes at step 20, and are back at rest some ten steps later.")

# %% [markdown]
# ## A sequence
#
# To read a sequence, apply the same cell again and again, and hand its state on:
#
# $$h_t = \text{cell}(x_t, h_{t-1}), \qquad t = 1, \dots, L .$$
#
# The weights are the same at every step. That is why the network can read sequences of any length, and why what it
# learns about step 3 also holds at step 30.
#
# ```text
#        x[:, 0]      x[:, 1]            x[:, L−1]        x        (N, L, F)
#           ▼            ▼                   ▼
#  h0 ──▶ cell ──h──▶ cell ──h──▶  …  ──▶ cell ──▶ h_n    h0, h_n  (N, H)
#           ▼            ▼                   ▼
#      outputs[:, 0] outputs[:, 1]    outputs[:, L−1]     outputs  (N, L, H)
# ```

# %% [markdown]
# ### 1.3 Unrolling the cell over a sequence
#
# *15 minutes · difficulty 1 of 3 · 2 points · edit `RNN.forward` in `starter/rnn.py`*
#
# Return all states and the last one, `(outputs, h_n)`. Torch's `h_n` has an axis for layers in front; here there is
# one layer and no such axis.
#
# <details><summary>A nudge</summary>
#
# Two things live through the loop: the state, which is replaced at every step, and the list of states so far.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Time is axis 1, so a step is the slice of `x` at one index of that axis, and the collected states belong on a new
# axis in the same place. Stacking on axis 0 gives (L, N, H), which goes unnoticed where N happens to equal L.
#
# </details>

# %%
check("1.3")

# %% [markdown]
# If your unrolled cell computes what `torch.nn.RNN` computes, then the trained weights of the demo must give the same
# states in it. Below they are loaded into your network, which then reads three periods of the wave.

# %% tags=["experiment"]
RNN = use("1.3")
mine = RNN(1, 32).to(device)
mine.cell.load_state_dict({name.removesuffix("_l0"): part for name, part in demo.rnn.state_dict().items()})
x = series[None, :75, None]
with torch.no_grad():
    outputs, _ = mine(x)
    print(f"largest difference from torch.nn.RNN: {(outputs - demo.rnn(x)[0]).abs().max():.0e}")
fig = plot_traces(outputs[0], drive=series[:75])
footnote(fig, RNN)
show(fig, alt="The wave, and below it five hidden units that swing with its period, each with its own phase and shape.")

# %% [markdown]
# No unit copies the wave. Each follows it with a delay, a height and a sign of its own, and from several delayed copies
# a linear layer can read off both where the wave is and where it is heading.

# %% [markdown]
# ## Gradients through time
#
# Unrolled, the network is a deep one: as many layers as there are steps, all with the same weights. The chain rule
# goes through it from its end to its beginning (Werbos, 1990). Let $a_t$ be what $\tanh$ is applied to,
# $\mathcal{L}$ the loss and $g_t$ the gradient that enters at output $t$. A state acts on the loss in two ways:
# through its own output, and through the next state.
#
# $$\frac{\partial \mathcal{L}}{\partial h_t} = g_t + W_{hh}^\top \frac{\partial \mathcal{L}}{\partial a_{t+1}},
# \qquad
# \frac{\partial \mathcal{L}}{\partial a_t} = \frac{\partial \mathcal{L}}{\partial h_t} \odot (1 - h_t^2)$$
#
# Every step used the same weights, so each weight collects a share from every step:
#
# $$\frac{\partial \mathcal{L}}{\partial W_{ih}} = \sum_t \frac{\partial \mathcal{L}}{\partial a_t}\, x_t^\top,
# \qquad
# \frac{\partial \mathcal{L}}{\partial W_{hh}} = \sum_t \frac{\partial \mathcal{L}}{\partial a_t}\, h_{t-1}^\top,
# \qquad
# \frac{\partial \mathcal{L}}{\partial b_{ih}} = \frac{\partial \mathcal{L}}{\partial b_{hh}}
# = \sum_t \frac{\partial \mathcal{L}}{\partial a_t}$$
#
# ```text
#               g_1            g_2                 g_L        grad_outputs  (N, L, H)
#                ▼              ▼                   ▼
#  "h0" ◀──── ∂ℒ/∂h_1 ◀──── ∂ℒ/∂h_2 ◀──── … ◀──── ∂ℒ/∂h_L     each          (N, H)
#                └── shares of weight_ih, weight_hh, bias_ih, bias_hh, added up over t and N
# ```

# %% [markdown]
# ### 1.4 Backpropagation through time by hand
#
# *40 minutes · difficulty 3 of 3 · 4 points · edit `bptt` in `starter/rnn.py`*
#
# Return the gradients of `(outputs * grad_outputs).sum()` as a dict with the names of the cell's parameters and
# `"h0"`. Autograd has no part in it: no `backward`, no `torch.autograd`, no `torch.func`.
#
# <details><summary>A nudge</summary>
#
# Do it on paper for L = 2 first. Which values from the way forward do you need on the way back? Keep those.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# The states are h_0 to h_L, one more than there are steps; draw the list and write under it which entry is h_{t−1}
# and which is h_t. On the way back one tensor of shape (N, H) travels from step to step. In the order of one step:
# add this step's own gradient to it, take it through tanh, add the four shares, send it through W_hh. What arrives
# before the first step is the gradient of h0. For rows, W_hh^T v becomes v times W_hh, without a transpose.
#
# </details>

# %%
check("1.4")

# %% [markdown]
# Now you can measure something that a loss curve doesn't show: how strongly the last output depends on the state
# $d$ steps before it. The cell after next draws that for the trained network of the demo, for the same network before
# its training, and for two whose $W_{hh}$ starts larger. **Predict first**, and write it down: what part of the
# gradient at distance 1 is left at distance 25, one period of the wave? Before training? After it?

# %% tags=["experiment"]
bptt, RNNCell, RNN = use("1.4"), use("1.2"), use("1.3")


def reach(cell, x):
    """The norm of the gradient of the last output's sum with respect to the state 1 to 40 steps before."""
    norms = []
    for distance in range(1, 41):
        grad_outputs = torch.zeros(1, distance, 32, device=x.device)
        grad_outputs[:, -1] = 1.0
        norms.append(bptt(cell, x[:, -distance:], grad_outputs)["h0"].norm().item())
    return norms


# %% tags=["experiment"]
x = series[None, :40, None]
norms = {"trained": reach(mine.cell, x)}
for gain in (1.0, 1.5, 2.0):
    seed_everything(0)  # the demo's
    cell = RNNCell(1, 32).to(device)
    with torch.no_grad():
        cell.weight_hh *= gain
    norms[f"untrained, W_hh × {gain:g}"] = reach(cell, x)
for name, values in norms.items():
    print(f"{name:22}: at distance 25 it is {values[24] / values[0]:.0e} of what it is at distance 1")
fig = plot_reach(norms)
footnote(fig, bptt, RNNCell, RNN)
show(fig, alt="Gradient norm over distance, on a log scale. Three lines fall; the one with W_hh doubled does not.")

# %% [markdown]
# A straight line on this scale is a constant factor at every step: before training the gradient *vanishes*
# exponentially, and where $W_{hh}$ is large enough it doesn't (Bengio, Simard and Frasconi, 1994). Training lifts the
# line here, but what is left at the distance of one period is still next to nothing. And yet the demo continued the
# wave. How can it, if it can hardly see one period back?
#
# It doesn't have to. A sine wave with period $P$ obeys $s_{t+1} = 2\cos(2\pi/P)\, s_t - s_{t-1}$: two values are all
# it takes. That a network forecasts a series with a long period says nothing about how far back it remembers.
# Notebook 2 measures memory with a task that can't be done without it.

# %% [markdown]
# ## A forecast
#
# A trained model $f$ predicts one step ahead. For a longer forecast it reads the *context*, the known steps, once;
# what it predicts after the last of them is the first forecast. From there it lives on its own output:
#
# $$\hat{s}_{t+1},\; h_{t+1} = f(\hat{s}_t,\; h_t)$$
#
# The state carries all that the context said, so nothing has to be read twice.
#
# ```text
#  context (N, L, F) ──▶ model ──▶ y (N, L, F), its last step is the first forecast (N, 1, F)
#                          │ state                                     │
#                          ▼                                           ▼
#                        model ◀─────────────────────────────── (N, 1, F)     … until (N, steps, F)
# ```

# %% [markdown]
# ### 1.5 A forecast that feeds on itself
#
# *15 minutes · difficulty 2 of 3 · 3 points · edit `forecast` in `starter/rnn.py`*
#
# `model(x, state)` returns `(y, state)`; `y[:, t]` predicts the step after `x[:, t]`. Leave the training mode as you
# find it.
#
# <details><summary>A nudge</summary>
#
# How often is the model called for 1 forecast? For 3? The first call already gives one.
#
# </details>
# <details><summary>A stronger hint</summary>
#
# Of the first call's predictions only the last counts. Cut it out so that the axis of time stays, with length 1: then
# it can be the next input as it is. Each later call needs the state of the call before it.
#
# </details>

# %%
check("1.5")

# %% tags=["experiment"]
forecast = use("1.5")
with torch.no_grad():
    rollout = forecast(demo, context[None, :, None], 150)[0, :, 0]
    one_step, _ = demo(series[None, 400:649, None])
truth = series[500:650]
errors = {"one step ahead": one_step[0, 99:, 0] - truth, "rollout": rollout - truth}
for name, error in errors.items():
    print(f"{name:15}: mean squared error {error.square().mean():.4f} over 150 steps")
fig = plot_forecast(context, rollout, truth, start=400)
footnote(fig, forecast)
show(fig, alt="A hundred steps of context and a rollout of six periods, drawn over what came.")

# %% [markdown]
# The two errors come from the same weights on the same stretch. Only the input differs: one was told the truth after
# every step, the other had to believe itself. A small loss in training promises the first and says little about the
# second.

# %% [markdown]
# ## A training step
#
# The loss is the mean squared error over all windows, steps and features. Gradients through time can grow as well as
# vanish, and a single step that is far too long can undo many before it. *Clipping by the global norm* (Pascanu,
# Mikolov and Bengio, 2013) scales all gradients together when they are too long:
#
# $$g \leftarrow g \cdot \min\!\left(1, \frac{\text{max\_norm}}{\lVert g \rVert}\right)$$
#
# where $\lVert g \rVert$ is the norm of all gradients taken as one vector. The direction stays, the length is bounded.

# %% [markdown]
# ### 1.6 A training step with gradient clipping
#
# *15 minutes · difficulty 2 of 3 · 3 points · edit `train_step` in the next cell*
#
# `torch.nn.utils.clip_grad_norm_` is allowed here; in notebook 2 you write it yourself.
#
# <details><summary>A nudge</summary>
#
# Five things happen: forget the old gradients, compute the loss, go backward, clip, step. In which order, and why can
# clipping stand in only one place?
#
# </details>
# <details><summary>A stronger hint</summary>
#
# `backward` adds to the gradients that are there; it doesn't replace them. The model returns a pair. The loss to
# return is the one from before the step, as a plain number: a tensor would keep its whole graph alive.
#
# </details>


# %% task="1.6"
def train_step(model, optimizer, x, y, max_norm):
    """One training step on a batch.

    Args:
        model: `model(x) -> (y_hat, state)`, y_hat shaped like y; its training mode is left as it is.
        optimizer: any of `torch.optim` that steps without a closure, over the model's parameters.
        x, y: (N, L, F), inputs and targets.
        max_norm: the gradients of the model's parameters are clipped to this global norm.

    Returns:
        The mean squared error before the step, as a Python float.
    """
    ### BEGIN SOLUTION 1.6
    # Old gradients are cleared, since backward adds to what is there; clipping comes between backward and the step.
    y_hat, _ = model(x)
    if y_hat.shape != y.shape:
        raise ValueError(f"y has shape {tuple(y.shape)}, expected {tuple(y_hat.shape)}, as the model gives")
    loss = nn.functional.mse_loss(y_hat, y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %%
check("1.6")

# %% [markdown]
# Now every part is yours. Training takes about 2 seconds on two CPU cores. For comparison: repeating the last value
# gives an error that is printed first, and nothing predicts the noise, whose variance is 0.05² = 0.0025. The network
# can't come down to that on average over a window: at a window's first steps it has seen next to nothing yet.

# %% tags=["experiment"]
make_windows, RNN, step = use("1.1"), use("1.3"), use("1.6")
lr, max_norm, seed = 0.01, 1.0, 0
inputs, targets = make_windows(series[:500], 50)
print(f"repeating the last value: {(inputs - targets).square().mean():.4f}")
seed_everything(seed)
model = Forecaster(RNN(1, 32), hidden_size=32).to(device)
adam = torch.optim.Adam(model.parameters(), lr=lr)
history = fit(step, model, adam, inputs, targets, steps=300, max_norm=max_norm, seed=seed)
clipped = sum(norm > max_norm for norm in history.norms)
print(f"your network: {sum(history.losses[-20:]) / 20:.4f}; {clipped} of 300 steps were clipped")
fig = plot_training(history.losses, history.norms, max_norm=max_norm)
footnote(fig, make_windows, RNN, step)
show(fig, alt="The loss falls from about 0.5 to below 0.01. The gradient norm lies below the line at 1 nearly always.")

# %% [markdown]
# Clipping hardly ever acts here: with a short window and a small learning rate there is nothing to clip. Does it help
# where it does act? Write down what you expect, then set `lr = 0.1` in the first line of the cell above and compare
# `max_norm = 1.0` with `max_norm = 1e9`, for three seeds.
#
# <details><summary>What to look for</summary>
#
# At this learning rate the order in which sums are rounded is enough to send two runs of the same seed apart, so your
# losses won't be your neighbour's, and three seeds settle nothing. Don't expect clipping to win: Adam already divides
# each gradient by its own recent size, so that a step is never as long as its gradient. Look at the norms first, and see
# whether you have the disease that clipping is a remedy for.
#
# </details>

# %% [markdown]
# ## Experiment
#
# ### 1.8 Left alone for ten periods
#
# Three networks, equal but for their seeds, read 100 steps and then continue for 250 on their own. Nothing corrects
# them. **Put your prediction in the place of `None` before you go on**: will the wave
#
# - `"fades"`: fade away, since errors add up and the state decays;
# - `"grows"`: grow without bound, since errors add up and are fed back;
# - `"drifts"`: stay a wave, and fall out of step?
#
# And will the network with the lowest training loss make the best rollout? The second cell trains three networks, which
# takes about 5 seconds on two CPU cores.

# %%
guess = predict("1.8", "drifts")

# %% tags=["experiment"]
forecast, step = use("1.5"), use("1.6")
rollouts = []
for seed in (1, 2, 3):
    seed_everything(seed)
    network = Forecaster(RNN(1, 32), hidden_size=32).to(device)
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    history = fit(step, network, adam, inputs, targets, steps=300, seed=seed)
    with torch.no_grad():
        rollouts.append(forecast(network, context[None, :, None], 250)[0, :, 0])
    loss, height = sum(history.losses[-20:]) / 20, rollouts[-1][-100:].abs().max()
    print(f"seed {seed}: loss {loss:.4f}, height at the end {height:.2f}, period {period_of(rollouts[-1]):.2f}")
print("the wave itself: height 1.00, period 25.00")

# %% tags=["experiment"]
worst = max(rollouts, key=lambda rollout: abs(period_of(rollout) - 25))
height = worst[-100:].abs().max()
said = outcome("1.8", "fades" if height < 0.5 else "grows" if height > 2 else "drifts")
fig = plot_forecast(context, worst, truth=wave[500:750], start=400)
fig.suptitle(said, fontsize="medium")
footnote(fig, make_windows, RNN, forecast, step)
show(fig, alt=f"{said} A rollout of 250 steps. It keeps its height, but drifts out of step with the true wave.")

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# The height stays close to 1 to the end: nothing fades and nothing explodes. The trained network has become an
# oscillator of its own, which pulls small errors back in. What it doesn't have is exactly the right *period*. A period
# that is wrong by a few percent is invisible at the next step, which is all that the loss looks at. But it adds up: at
# 4 % the rollout is a quarter of a period early or late after six periods, and soon it says the opposite of the truth.
#
# So "errors accumulate" is true here of the phase alone. And the loss was no guide to it where we ran this: the three
# losses hardly differ, and the three periods do.
#
# </details>

# %% [markdown]
# ## Explain
#
# ### 1.9 Explain: why the hidden state needs a loop
#
# *15 minutes · difficulty 2 of 3 · 3 points · write your answer in the next cell; a person marks it*
#
# You are asked in an interview: *"A linear layer handles a sequence of 10,000 steps in one matrix product. Why does
# your RNN need a loop over the steps, and is there a part of it that doesn't? What would you have to change in the
# equation so that all steps could be computed in parallel, and what would you give up?"*
#
# Answer in five to eight sentences, with the equation of 1.2 at hand.

# %% [markdown] task="1.9"
# ### BEGIN SOLUTION 1.9
# **A model answer.** In $h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})$ the state at step $t$ needs the
# state at step $t-1$, which needs the one before it: $L$ applications of the cell, each waiting for the last, whatever
# the number of processors. The term $W_{ih} x_t + b_{ih}$ holds no state. For all steps and all sequences of a batch it
# is one matrix product, which fast implementations do before the loop; the sequences of a batch don't wait for each
# other either. What stays in the loop is the product with $W_{hh}$ and the tanh. The obstacle is the tanh *between*
# two products with $W_{hh}$: nested nonlinear functions can't be regrouped. Without it,
# $h_t = W_{hh} h_{t-1} + u_t$ is linear, $h_t = \sum_{k \le t} W_{hh}^{t-k} u_k$, and since composing such steps is
# associative, all states come out of a parallel scan in about $\log_2 L$ rounds. The price is that the state can then
# only add up and fade: the nonlinearity has to move out of the recurrence, into layers between such linear ones. (The
# backward pass has the same loop, in the other direction.)
#
# **Marking: 3 points**
#
# - 1 point: names the dependence of $h_t$ on $h_{t-1}$ as the reason, so that the chain of $L$ steps can't be shortened
#   by more hardware. "Because it is a sequence" alone earns nothing.
# - 1 point: names a part that is parallel: the input term for all steps at once. The batch axis alone earns half.
# - 1 point: a change that makes it parallel, with its price: a linear recurrence (by scan or as a convolution), which
#   loses the nonlinearity between steps; or attention, or a convolution with a limited view. Half for the change
#   without its price.
# ### END SOLUTION

# %% [markdown]
# ## Common bugs, and how to see them
#
# - **The loss is close to zero within a hundred steps.** The targets may be the inputs: the shift by `horizon` is
#   missing, and copying is easy. Print `rnn.make_windows(torch.arange(6.0), 4)`: inputs and targets must
#   differ by one step.
# - **The loss stops at the error of repeating the last value.** The state doesn't reach the next step: every step
#   starts from the first state. Set `weight_hh` to zero and see whether anything changes.
# - **The loss falls, then comes back and never settles.** Gradients pile up: `zero_grad` is missing. Print the norm
#   over a few steps; without clipping it grows into the hundreds.
# - **A row's result changes when other rows of the batch do.** Time and batch are mixed up, `x[t]` for `x[:, t]`. Try
#   it with N = 2, L = 3, F = 4, H = 5: no two axes alike.
# - **The forecast drifts slowly, without a wave.** The state isn't handed on between calls, so that each step sees one
#   value and no past.
# - **Memory grows with every training step.** A loss or a state is kept with its graph. Keep `loss.item()`, and
#   `state.detach()`.
#
# ## Summary
#
# - A recurrent network is one small equation, applied at every step with the same weights.
# - Backpropagation through time is the chain rule along the steps; each weight adds up a share from every step.
# - In this network the gradient's reach falls off exponentially with distance. A task with a long period
#   doesn't prove a long memory.
# - One-step error and rollout error are two different things. Here the rollout keeps its height and loses its phase.
#
# **Next.** Notebook 2 asks what this network can *remember*: it must repeat what it saw 40 or 100 steps ago, and there
# the LSTM and the GRU have to show what their gates are worth.
#
# **Further reading**
#
# - J. L. Elman (1990), *Finding structure in time*, Cognitive Science 14.
# - P. J. Werbos (1990), *Backpropagation through time: what it does and how to do it*, Proceedings of the IEEE 78.
# - Y. Bengio, P. Simard and P. Frasconi (1994), *Learning long-term dependencies with gradient descent is difficult*,
#   IEEE Transactions on Neural Networks 5.
# - R. Pascanu, T. Mikolov and Y. Bengio (2013), *On the difficulty of training recurrent neural networks*, ICML.
