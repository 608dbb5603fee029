"""The claims of `folklore.md`: what is said, what was measured, and under which conditions it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from re import sub

from docs.tables.kit import cell, grid, measured, record, spread, table

__all__ = ["CLAIMS", "Claim"]

NOTEBOOKS = {1: "01_sine_wave_rnn", 2: "02_echo_memory", 3: "03_imdb_sentiment", 4: "04_shakespeare_generation",
             5: "05_seq2seq_attention"}  # fmt: skip
REAL, ALL = "22,500 training reviews", "25,000 training reviews"


@dataclass(frozen=True)
class Claim:
    """What is said, and what became of it.

    Attributes:
        said: the claim, as it is heard.
        verdict: a few words.
        measured: writes what was measured, with figures from the records.
        holds: under which conditions it holds, and how far the measurement reaches.
        records: their names.
        notebook: where one can see it.
    """

    said: str
    verdict: str
    measured: Callable[[], str]
    holds: str
    records: tuple[str, ...]
    notebook: int


def _percent(name: str, setting: str, contestant: str, digits: int = 1) -> str:
    return f"{cell(measured(name, setting, contestant), 100, digits)} %"


def _middle(name: str, setting: str, contestant: str, scale: float = 1, digits: int = 1) -> str:
    return f"{scale * measured(name, setting, contestant)['median']:,.{digits}f}"


def _steps(name: str, lag: str, contestant: str) -> str:
    """Training steps until it was solved, over the seeds."""
    steps = [step for step in measured(name, lag, contestant)["steps"] if step is not None]
    return f"{min(steps):,} to {max(steps):,}"


def _seconds(name: str, setting: str, contestant: str) -> str:
    return f"{measured(name, setting, contestant)['seconds']['median']:.0f} s"


# Remembering


def long_lags() -> str:
    return (f"On the dense echo, every bit 20 steps later, an RNN whose recurrent matrix begins as a rotation gets "
            f"{_percent('memory_dense', '20', 'RNN, orthogonal')} right, after {_steps('memory_dense', '20', 'RNN, orthogonal')} "
            f"training steps; an LSTM as torch draws it {_percent('memory_dense', '20', 'LSTM')} after 2,000. One marked bit 25 "
            f"steps later: {_percent('memory_marked', '25', 'RNN, orthogonal')} against {_percent('memory_marked', '25', 'LSTM')}. "
            f"At 50 steps that RNN is at chance as well, {_percent('memory_marked', '50', 'RNN, orthogonal')}.")  # fmt: skip


def vanishing() -> str:
    return (f"A marked bit 25 steps later: as torch draws it, the LSTM stays at {_percent('memory_marked', '25', 'LSTM')} in all "
            f"five seeds, and the plain RNN at {_percent('memory_marked', '25', 'RNN')}. With gates that begin open for as long as "
            f"the sequence may last (chrono) the LSTM gets {_percent('memory_marked', '100', 'LSTM, chrono')} at 100 steps, after "
            f"{_steps('memory_marked', '100', 'LSTM, chrono')} training steps.")  # fmt: skip


def forget_bias() -> str:
    return (f"A marked bit 25 steps later: {_percent('forget_bias', '25', 'LSTM, forget bias 0')} right with a bias of 0, "
            f"{_percent('forget_bias', '25', 'LSTM, forget bias 1')} with 1. At 50 steps a bias of 1 is at chance, "
            f"{_percent('forget_bias', '50', 'LSTM, forget bias 1')}, one of 4 solves it in four seeds of five, and at 100 it takes "
            f"biases that are spread (chrono): {_percent('forget_bias', '100', 'LSTM, chrono')}. On the dense echo, lag 10, an "
            f"open gate is in the way: {_percent('memory_dense', '10', 'LSTM, forget bias 2')} with a bias of 2, "
            f"{_percent('memory_dense', '10', 'LSTM')} without.")  # fmt: skip


def orthogonal() -> str:
    return (f"Dense echo, lag 40: {_percent('memory_dense', '40', 'RNN, orthogonal')} against "
            f"{_percent('memory_dense', '40', 'RNN')}; marked recall, lag 25: {_percent('memory_marked', '25', 'RNN, orthogonal')} "
            f"against {_percent('memory_marked', '25', 'RNN')}. Reading synthetic reviews: "
            f"{_percent('reviews', 'test', 'RNN, orthogonal')} against {_percent('reviews', 'test', 'RNN')}.")  # fmt: skip


def lstm_or_gru() -> str:
    size = "32 units each"
    lags = [_middle("longest_lag", size, name, digits=0) for name in ("GRU, update bias 2", "LSTM, forget bias 2")]
    return (f"Longest lag of marked recall in 1,000 training steps, both begun to keep: {lags[0]} for the GRU, {lags[1]} for the "
            f"LSTM. Real reviews: {_percent('imdb_contest', REAL, 'GRU')} against {_percent('imdb_contest', REAL, 'LSTM')}. Over 100 "
            f"steps, begun with chrono, the LSTM learns it in {_steps('memory_marked', '100', 'LSTM, chrono')} training steps, the "
            f"GRU with an update bias of 2 in {_steps('memory_marked', '100', 'GRU, update bias 2')}.")  # fmt: skip


# Training


def gru_is_faster() -> str:
    size = "32 units each"
    layer, own = ([f"{_middle('cells', size, f'{kind}, {way}')} ms" for kind in ("GRU", "LSTM")] for way in ("torch.nn", "own cell"))
    epoch = [f"{measured('imdb_contest', REAL, kind)['seconds per epoch']['median']:.1f} s" for kind in ("GRU", "LSTM")]
    return (f"A training step with torch's layers and 32 units: GRU {layer[0]}, LSTM {layer[1]}. As cells in Python: {own[0]} and "
            f"{own[1]}. An epoch of real reviews: {epoch[0]} and {epoch[1]}.")  # fmt: skip


def loops() -> str:
    told = [f"{setting.replace('L = ', '').replace(', H = ', ' steps, ')} units: {_middle('rnn_speed', setting, 'cell in a loop')} ms in "
            f"a loop, {_middle('rnn_speed', setting, 'torch.nn.RNN')} ms as torch's layer, "
            f"{_middle('rnn_speed', setting, 'input product first')} ms in a loop that multiplies all inputs beforehand"
            for setting in ("L = 50, H = 32", "L = 50, H = 256")]  # fmt: skip
    return f"A forward and a backward pass of a vanilla RNN. {'; '.join(told)}."


def always_clip() -> str:
    adam, sgd = "Adam, lr 0.01", "SGD, lr 0.2, momentum 0.9, W_hh × 2"
    name = "loss, last 20 steps"
    clipped, free = (measured("clipping", f"{sgd}: {way}", name) for way in ("clipped at 1", "not clipped"))
    return (f"Adam at 0.01: a loss of {_middle('clipping', f'{adam}: clipped at 1', name, digits=4)} clipped and "
            f"{_middle('clipping', f'{adam}: not clipped', name, digits=4)} not clipped. SGD with momentum, from larger weights: "
            f"{spread(clipped, digits=4)} clipped; not clipped, above {_power(free['least'])} in all five seeds.")  # fmt: skip


def _power(value: float) -> str:
    return f"10^{len(f'{value:.0f}') - 1}^".replace("10^", "10<sup>").replace("^", "</sup>")


def any_limit() -> str:
    rows = {limit: _percent("collapse", "Adam, rate 0.03", limit, 0)
            for limit in ("no clipping", "max_norm = 10", "max_norm = 1", "max_norm = 0.1")}  # fmt: skip
    return ("An RNN learns the dense echo, lag 10, with ten times the usual rate, and is trained on after that. Right after 400 "
            "steps: "
            + ", ".join(f"{limit} {share}" for limit, share in rows.items()) + ".")  # fmt: skip


def packing() -> str:
    made, real = record("packing")["rows"]
    parts = []
    for words, setting in (("synthetic", made), ("real", real)):
        padded, packed, sorted_ = (f"{_middle('packing', setting, way, digits=2)} s"
                                   for way in ("padded", "packed", "padded, by length"))  # fmt: skip
        parts.append(f"256 {words} reviews: padded {padded}, packed {packed}, padded in batches of similar length {sorted_}")
    return "A training step on each, LSTM of 64 units, one thread. " + "; ".join(parts) + "."


def carried() -> str:
    pairs = [f"{_middle('shakespeare_truncation', 'zeros in each chunk', length, digits=2)} against "
             f"{_middle('shakespeare_truncation', 'state carried', length, digits=2)}" for length in ("4", "16", "64", "256")]  # fmt: skip
    return ("Bits per character on held-out plays, zeros at the beginning of each chunk against the state carried: "
            f"{pairs[0]} with chunks of 4 characters, {pairs[1]} with 16, {pairs[2]} with 64, {pairs[3]} with 256.")  # fmt: skip


def truncation() -> str:
    short, long = (cell(measured("shakespeare_truncation", "state carried", length), digits=3) for length in ("4", "64"))
    return (f"With the state carried, chunks of 4 characters come to {short} bits per character, chunks of 64 to {long}: no more "
            "between them than between two seeds.")  # fmt: skip


# Reading


def skips_padding() -> str:
    return (f"The same LSTM on the same reviews, {100 * record('padding')['padding']:.0f} % of whose steps are padding: read after the "
            f"last real word it gets {_percent('padding', 'LSTM', 'after the last real word')}, by its very last output "
            f"{_percent('padding', 'LSTM', 'very last output')}.")  # fmt: skip


def both_directions() -> str:
    return (f"Synthetic reviews: {_percent('reviews', 'test', 'LSTM, both directions')} with two directions, "
            f"{_percent('reviews', 'test', 'LSTM')} with one. Real reviews: {_percent('imdb_contest', REAL, 'LSTM, both directions')} "
            f"against {_percent('imdb_contest', REAL, 'LSTM')}, for {_seconds('imdb_contest', REAL, 'LSTM, both directions')} of "
            f"training against {_seconds('imdb_contest', REAL, 'LSTM')}.")  # fmt: skip


def pooling() -> str:
    return (f"Real reviews: {_percent('imdb_contest', REAL, 'LSTM, mean and maximum')} with the mean and the maximum of all states, "
            f"{_percent('imdb_contest', REAL, 'LSTM')} with the last one.")  # fmt: skip


def bag_of_words() -> str:
    rows = {name: _percent("imdb_best", ALL, name) for name in ("linear, words", "linear, words and pairs", "GRU")}
    return (f"Real reviews, all 25,000 for training: linear on words {rows['linear, words']}, on words and pairs "
            f"{rows['linear, words and pairs']}, the best recurrent network, a GRU, {rows['GRU']}; the LSTM of the contest "
            f"{_percent('imdb_contest', REAL, 'LSTM')}. Synthetic reviews, in which order decides: linear "
            f"{_percent('reviews', 'test', 'linear, words')} and {_percent('reviews', 'test', 'linear, words and pairs')}, LSTM "
            f"{_percent('reviews', 'test', 'LSTM')}.")  # fmt: skip


def random_validation() -> str:
    films = measured("imdb_contest", REAL, "GRU")["validation"]
    held = [100 * seed[-1] for seed in films]
    return (f"The same GRU on real reviews: {_percent('imdb_split', 'drawn at random', 'validation reviews')} of validation reviews "
            f"drawn at random, {_percent('imdb_split', 'drawn at random', 'test reviews')} of the test reviews, which are of other "
            f"films. Held out by film, validation promised {min(held):.1f} to {max(held):.1f} %.")  # fmt: skip


# Writing and translating


def teacher_forcing() -> str:
    shares = {"with gold tokens alone": "1", "with half of them": "0.5", "with none": "0"}
    told = ", ".join(f"{cell(measured('forcing', 'on its own', share))} % {words}" for words, share in shares.items())
    return f"Sentences right when the translator writes on its own, by what it was fed in training: {told}."


def exposure() -> str:
    return (f"Trained with gold tokens alone: {cell(measured('forcing', 'gold tokens fed', '1'))} % of the words right while gold "
            f"tokens are fed, {cell(measured('forcing', 'on its own', '1'))} % of the sentences right on its own.")  # fmt: skip


def wider_beam() -> str:
    tests = {"2016": "test of 2016", "2017": "test of 2017"}
    told = "; ".join(f"captions of {year}: {cell(measured('multi30k_attention', test, 'beam 5'))} BLEU with a beam of 5, "
                     f"{cell(measured('multi30k_attention', test, 'greedy'))} greedy" for year, test in tests.items())  # fmt: skip
    tried = record("multi30k_attention")["beam on validation"]  # seed → [power of the length, BLEU]
    plain, best = ([seed[place][1] for seed in tried] for place in (0, -1))
    return (f"Real {told}. The scores are divided by the length; without that the same beam has {min(plain):.1f} to "
            f"{max(plain):.1f} on validation captions, with it {min(best):.1f} to {max(best):.1f}, greedy "
            f"{spread(measured('multi30k_attention', 'validation', 'greedy'))}.")  # fmt: skip


def maps_explain() -> str:
    entry = measured("interpreters", "test", "attention")
    errors = [100 * seed["all"] for seed in entry["alignment error"]["after"]]
    return ("Three trainings of one translator: " + ", ".join(f"{right:.1f} %" for right in entry["values"])
            + " of the sentences right, while "
            + ", ".join(f"{error:.0f} %" for error in errors) + " of what their maps say, or should say, is wrong.")  # fmt: skip


def any_length() -> str:
    known, longer = (measured("interpreters", test, "attention") for test in ("test", "long"))
    vector = measured("interpreters", "test", "one vector")
    return (f"Exact match on sentences of up to 20 words: {cell(known)} % with attention, {cell(vector)} % with one vector. On "
            f"sentences of 21 words and more, where training ended at 20: {cell(longer)} % with attention.")  # fmt: skip


def temperature() -> str:
    rows = record("shakespeare_speech")["rows"]
    held = rows["held-out text"]["held-out text"]
    told = [f"at {t} it is {_middle('shakespeare_speech', 'temperature', t)} %, with "
            f"{rows['temperature'][t]['repeats']['median']:.1f} % said twice" for t in ("0.2", "0.6", "1")]  # fmt: skip
    return (f"Of the words that the LSTM writes, the share that stands in the plays it read: {'; '.join(told)}. The likeliest "
            f"character alone: {rows['top k']['1']['repeats']['median']:.0f} % said twice. Shakespeare's own held-out text: "
            f"{held['median']:.1f} % and {held['repeats']['median']:.1f} %.")  # fmt: skip


def beats_counting() -> str:
    counts = {order: entry["median"] for order, entry in record("shakespeare_baselines")["rows"]["held out"].items()}
    order = min(counts, key=counts.get)
    best = measured("shakespeare_best", "tiny Shakespeare", "LSTM, 512 units")
    return (f"Bits per character on held-out plays: the best table, of {order} characters, {counts[order]:.2f}; an LSTM with 350,000 "
            f"parameters after two passes {_middle('transformer_data', '100 %', 'LSTM', digits=2)}; one with "
            f"{best['parameters'] / 1e6:.1f} million after eight {best['median'] / 0.6931472:.2f}.")  # fmt: skip


def transformers_win() -> str:
    told = [f"{_middle('transformer_data', share, 'Transformer', digits=2)} against {_middle('transformer_data', share, 'LSTM', digits=2)} "
            f"on {share}" for share in ("1 %", "10 %", "100 %")]  # fmt: skip
    return f"Bits per character on held-out plays, Transformer against LSTM, trained {', '.join(told)} of the plays."


# Forecasting


def order_matters() -> str:
    window, rnn = ("feed-forward, a window at once", "RNN, step by step")
    return (f"Squared error on a series in order: feed-forward {cell(measured('order', 'in order', window), digits=4)}, RNN "
            f"{cell(measured('order', 'in order', rnn), digits=4)}. With the places of the window swapped: "
            f"{_middle('order', 'places in the window swapped', window, digits=4)} and "
            f"{_middle('order', 'places in the window swapped', rnn, digits=4)}.")  # fmt: skip


def beats_linear() -> str:
    weather, sun = "real_series_temperatures", "real_series_sunspots"
    pair = lambda name, ahead, digits: (f"{cell(measured(name, ahead, 'RNN'), digits=digits)} against "  # noqa: E731
                                        f"{_middle(name, ahead, 'linear, 30 values', digits=digits)}")  # fmt: skip
    return (f"Error of an RNN against a linear model on 30 values: temperatures {pair(weather, '1 ahead', 2)} °C one day ahead, "
            f"{pair(weather, '14 ahead', 2)} fourteen days; sunspots {pair(sun, '1 ahead', 1)} one month ahead, "
            f"{pair(sun, '36 ahead', 1)} three years. The mean of each day of the year: "
            f"{_middle(weather, '14 ahead', 'seasonal mean', digits=2)} °C fourteen days ahead.")  # fmt: skip


def errors_grow() -> str:
    rows = record("rollouts")["rows"]
    height, period, loss, far = (rows[name]["RNN"] for name in ("height of the last 100 steps", "period", "training loss", "error 150 ahead"))
    return (f"Ten networks continue a sine wave of height 1 and period 25 on their own: heights of {spread(height, digits=2)} after "
            f"150 steps and more, periods of {spread(period)}. Their training losses are {spread(loss, digits=4)}, their errors 150 "
            f"steps ahead {spread(far, digits=2)}.")  # fmt: skip


CLAIMS = {
    "Remembering": (
        Claim("RNNs can't learn long lags", "not as it stands", long_lags,
              "It depends on the first weights, and on whether everything is to be handed on or one thing held. With a recurrent "
              "matrix as torch draws it, and from 50 steps on with any that was tried, a plain RNN learns no marked recall within "
              "2,000 training steps.", ("memory_dense", "memory_marked"), 2),
        Claim("LSTMs solve the vanishing gradient", "they make it solvable", vanishing,
              "The additive path carries the gradient if the forget gate is near 1. As torch draws it the gate is near one half. What "
              "mends it is a bias that opens the gate before training, and gates that learn to stay open.",
              ("memory_marked",), 2),
        Claim("Set the forget bias to 1", "right for short memories", forget_bias,
              "A gate that is open by σ(1) = 0.73 lets a memory fade over a few steps. The bias is a guess of how long it has to "
              "last, so it has to grow with that, and it costs where nothing should be kept.", ("forget_bias", "memory_dense"), 2),
        Claim("An orthogonal matrix is all that an RNN needs", "for keeping everything", orthogonal,
              "A rotation loses nothing, which is what an echo asks for. Reading asks to tell one clause from a hundred other words, "
              "and a rotation keeps those as well.", ("memory_dense", "memory_marked", "reviews"), 2),
        Claim("An LSTM is the stronger network, a GRU the cheaper one", "neither, here", lstm_or_gru,
              "Where both were begun to keep, each led somewhere. The first weights decided more than the gates.",
              ("longest_lag", "imdb_contest", "memory_marked"), 2),
    ),
    "Training": (
        Claim("A GRU is faster than an LSTM", "not on this CPU", gru_is_faster,
              "The GRU has three quarters of the multiply-adds. But on a CPU torch hands a whole LSTM to a library that has a quick "
              "path for it, and computes the GRU step by step. On another device the order may be another: time it where you train.",
              ("cells", "imdb_contest"), 2),
        Claim("A loop in Python is what makes an RNN slow", "by less than twice", loops,
              "The loop costs what each call costs, so it weighs most where a step has little to compute. On this CPU torch's RNN runs "
              "its steps one after the other as well. An LSTM, for which there is a quick path, gains more.", ("rnn_speed",), 1),
        Claim("Always clip gradients", "it costs nothing, and sometimes saves all", always_clip,
              "Where no gradient is ever long, clipping changes nothing. Where one is, a single step throws the weights to a place "
              "from which nothing comes back. The norms in the log say which of the two cases you have.", ("clipping",), 1),
        Claim("Any clipping limit will do", "not a high one", any_limit,
              "It has to cut the few that are far too long. A limit of 10 came too late for most seeds; one of 0.1, which cuts them "
              "all, is little more than a scale, which Adam divides out again, and was no better than 1. Print some hundred norms "
              "before you choose.", ("collapse",), 2),
        Claim("Packing saves time", "not on a CPU", packing,
              "Packed rows are computed step by step, without the layer's quick path, and on the way back each step fills a tensor of "
              "zeros as long as the batch. Batches of similar length save the padding and keep the quick path. On a GPU: measure.",
              ("packing",), 3),
        Claim("The state has to be carried from chunk to chunk", "with short chunks", carried,
              "All were read with the state carried when they were tested. What is lost with zeros is lost at the first few places of "
              "a chunk, so a long chunk hides it.", ("shakespeare_truncation",), 4),
        Claim("A network learns nothing beyond its truncation", "not if the state is carried", truncation,
              "What pays within four characters, to keep what one holds, works beyond them. That was an LSTM of 128 units and two "
              "passes over the plays, where a word or a line is worth remembering. Where cause and lesson lie far apart, as in "
              "marked recall, the gradient has to reach.", ("shakespeare_truncation",), 4),
    ),
    "Reading": (
        Claim("A network learns to skip padding", "it learns nothing at all", skips_padding,
              "The gradient of a loss at the last column has to come back through the padding. A network that was trained on the last "
              "real state and then read wrongly answers nearly all as before (in notebook 3 one of 300 answers changes), which hides the "
              "mistake.", ("padding",), 3),
        Claim("Two directions are always better", "not where the end is what is read", both_directions,
              "A verdict can be read from the front. Where every word needs what stands behind it, as in a translator's encoder, "
              "there is a reason for the second direction; that it helps there was not measured here.",
              ("reviews", "imdb_contest"), 3),
        Claim("A mean and a maximum beat the last state", "level", pooling,
              "Three epochs, 64 units, reviews of up to 400 words.", ("imdb_contest",), 3),
        Claim("Recurrent networks read reviews better than bags of words", "real ones, no; where order decides, yes", bag_of_words,
              "Whoever writes two hundred words about a film says it ten times, and a vote is enough. Where one clause decides and "
              "praise and blame stand in every text, counting is little better than a coin.",
              ("imdb_best", "imdb_contest", "reviews"), 3),
        Claim("Validation examples may be drawn at random", "only if they are independent", random_validation,
              "Reviews of one film share names and opinions. A random draw puts some into training and some into validation.",
              ("imdb_split", "imdb_contest"), 3),
    ),
    "Writing and translating": (
        Claim("Teacher forcing harms what a network writes on its own", "the contrary, here", teacher_forcing,
              "600 training steps, short sentences of a grammar in which a wrong word seldom leads astray. Fed its own words, a "
              "network that knows little learns from nonsense.", ("forcing",), 5),
        Claim("The loss with gold tokens tells how well it writes", "no", exposure,
              "One counts words after a right beginning, the other whole sentences that it began itself.", ("forcing",), 5),
        Claim("A wider beam is better", "as a rule, and not for sure", wider_beam,
              "On 1,000 random decoders notebook 5 finds 13 for which a beam of 2 ends with a *lower* score than greedy search: it "
              "dropped a beginning before its good end. And a sum of log-probabilities likes short sentences.",
              ("multi30k_attention",), 5),
        Claim("Attention maps explain the model", "they are evidence, no proof", maps_explain,
              "The links are known, since a grammar wrote the pairs. A state of the encoder knows its neighbours, so the network can "
              "look one place beside the word and find it.", ("interpreters",), 5),
        Claim("With attention a translator copes with any length", "with any that it was trained on", any_length,
              "It takes the bottleneck away, which is why long sentences come out right. It does not learn to count further than it "
              "was taught.", ("interpreters",), 5),
        Claim("A lower temperature writes better", "safer, and then in circles", temperature,
              "Known words and repeats are two measures of many. The share of known words is that of the real text somewhere between "
              "0.6 and 0.8, for this network; a little is said twice in real text, too.", ("shakespeare_speech",), 4),
        Claim("A neural language model beats counting", "with enough passes", beats_counting,
              "The table took no training. One has to know its figure before one praises a network.",
              ("shakespeare_baselines", "transformer_data", "shakespeare_best"), 4),
        Claim("Transformers win, whatever the data", "not small, on little text, on a CPU", transformers_win,
              "About 350,000 parameters each, 30, 10 and 2 passes, the better of two learning rates, the best epoch of each. Larger "
              "ones, with more text, on hardware that reads all places at once, are another matter, which was not measured here.",
              ("transformer_data",), 4),
    ),
    "Forecasting": (
        Claim("A series needs a network that knows about order", "a window will do", order_matters,
              "The feed-forward network of equal size has a weight for each place of its window, and doesn't mind their order. What "
              "the RNN has is that it reads series of any length with the same weights, a value at a time.", ("order",), 1),
        Claim("A network beats a linear forecast", "seldom, on one series", beats_linear,
              "Two series with little to learn beyond the last values and the season. Put the baselines beside it first.",
              ("real_series_temperatures", "real_series_sunspots"), 1),
        Claim("In a rollout errors pile up until it is noise", "the phase drifts, the rest holds", errors_grow,
              "A trained network is an oscillator of its own and pulls small errors back in, but for its period. The loss of one step "
              "is no guide to the error of many.", ("rollouts",), 1),
    ),
}  # fmt: skip


@table("verdicts")
def verdicts() -> str:
    """All claims in short, each with a link to its section."""
    return grid(["what is said", "here"], [[f"[{one.said}](#{_anchor(one.said)})", one.verdict]
                                           for claims in CLAIMS.values() for one in claims], words=2)  # fmt: skip


@table("claims")
def claims() -> str:
    """Each claim with what was measured, when it holds, and how to measure it again."""
    return "\n\n".join(f"## {theme}\n\n" + "\n\n".join(map(_section, found)) for theme, found in CLAIMS.items())


def _section(claim: Claim) -> str:
    commands = ", ".join(dict.fromkeys(f"`{record(name)['command']}`" for name in claim.records))
    book = f"[notebook {claim.notebook}](../notebooks/{NOTEBOOKS[claim.notebook]}.ipynb)"
    return (f"### {claim.said}\n\n**{claim.verdict[0].upper()}{claim.verdict[1:]}.** {claim.measured()}\n\n"
            f"*How far that goes.* {claim.holds}\n\n*Again:* {commands}; seen in {book}.")  # fmt: skip


def _anchor(heading: str) -> str:
    """What a heading is called in a link, as code hosts make it."""
    return sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
