"""What the README's picture shows: what the demo of each notebook says, on embedded data, from the same seeds. About a minute.

    python -m benchmarks.front_page

The share of bits that networks recall is not measured here: it is the record `memory_marked`.
"""

from __future__ import annotations

import torch
from rich.console import Console
from torch import nn

from benchmarks.recording import save
from toolkit import stand_ins
from toolkit.answering import interpret
from toolkit.corpus import encoded
from toolkit.device import seed_everything
from toolkit.forecaster import Forecaster
from toolkit.live_pairs import SIZES, load_trained, material
from toolkit.readers import RECIPE, reader
from toolkit.reading import after_each_word
from toolkit.reviews import synthetic_reviews
from toolkit.sentiment import train as train_reader
from toolkit.series import noisy, sine
from toolkit.speech import speak
from toolkit.streaming import train as train_writer
from toolkit.texts import lost_fathom
from toolkit.training import fit
from toolkit.units import activations, closest_units, in_play
from toolkit.writers import LIVE, live_writer

REVIEW = "The film isn't dreadful, and it isn't lifeless either."  # of the synthetic test reviews
SENTENCE = "The old man never gives her the red flowers."
FOLLOWED = "place in the line"
PROMPT, CHARACTERS, TEMPERATURE = "\n\n", 400, 0.5
DIGITS = 3  # more than a picture shows, and less than another processor rounds otherwise


def main() -> None:
    torch.set_num_threads(1)
    rows = {"forecast": forecast(), "review": review(), "play": play(), "attention": attention()}
    record = save("front_page", "python -m benchmarks.front_page", [0], rows, unit="as the notebooks print it")
    console = Console()
    console.print(record["rows"]["play"]["unit"]["text"], "→".join(record["rows"]["attention"]["weights"]["said"]))


def forecast() -> dict[str, dict]:
    """The rollout of notebook 1's demo, what it read before, and what came."""
    series = noisy(sine(1200), scale=0.05, seed=1)
    seed_everything(0)
    windows = stand_ins.make_windows(series[:500], length=50)
    model = Forecaster(nn.RNN(1, 32, batch_first=True), hidden_size=32)
    fit(stand_ins.train_step, model, torch.optim.Adam(model.parameters(), lr=0.01), *windows, steps=300)
    with torch.no_grad():
        rollout = stand_ins.forecast(model, series[None, 400:500, None], steps=75)[0, :, 0]
    return {"read": _values(series[440:500]), "rollout": _values(rollout), "what came": _values(series[500:575])}


def review() -> dict[str, dict]:
    """What notebook 3's demo thinks after each word."""
    reviews = synthetic_reviews()
    words = stand_ins.Vocabulary.build(map(stand_ins.tokenize, reviews["train"].texts))
    if not any(text == REVIEW for text in reviews["test"].texts):
        raise ValueError(f"{REVIEW!r} is none of the test reviews: choose another")
    lstm = reader("LSTM", len(words))
    train_reader(lstm, encoded(reviews["train"], stand_ins.tokenize, words), RECIPE)
    tokens = stand_ins.tokenize(REVIEW)
    return {"liked": _values(after_each_word(lstm, words.encode(tokens))) | {"words": tokens}}


def play() -> dict[str, dict]:
    """What notebook 4's demo writes, and the unit that follows the place in the line most closely on held-out text."""
    text = lost_fathom()
    characters = stand_ins.CharVocabulary.build(text.whole)
    seed_everything(0)
    lstm = live_writer(len(characters))
    train_writer(lstm, text.ids(characters)[0], LIVE)
    excerpt = text.held_out[:3000]
    seen = activations(lstm, torch.tensor(characters.encode(excerpt)))
    unit, together = closest_units(seen, in_play(excerpt))[FOLLOWED]
    written = speak(lstm, characters, PROMPT, CHARACTERS, temperature=TEMPERATURE).texts[0]
    states = activations(lstm, torch.tensor(characters.encode(PROMPT + written)))[len(PROMPT) :, unit]
    return {"unit": _values(states) | {"text": written, "number": unit, "correlation": round(float(together), 2)}}


def attention() -> dict[str, dict]:
    """Where the trained translator of notebook 5 looks."""
    found, sizes = material(), (SIZES.embedding, SIZES.hidden)
    english, french = found.english, found.french
    model = stand_ins.Seq2Seq(stand_ins.Encoder(len(english), *sizes), stand_ins.Decoder(len(french), *sizes))
    model.load_state_dict(load_trained("interpreter"))
    words, said, look, _ = interpret(SENTENCE, model, stand_ins.greedy_decode, english, french)
    values = [[round(value, DIGITS) for value in row] for row in look.tolist()]
    return {"weights": {"values": values, "words": [*words, "<eos>"], "said": said}}


def _values(tensor: torch.Tensor) -> dict:
    return {"values": [round(value, DIGITS) for value in tensor.tolist()]}


if __name__ == "__main__":
    main()
