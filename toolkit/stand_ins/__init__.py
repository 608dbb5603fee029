"""Parts built of `torch.nn`, under the tasks' names: what a notebook goes on with while one is not solved.

They never earn a point, and a figure that was drawn with one says so.
"""

from __future__ import annotations

from toolkit.stand_ins.charlm import (
    CharLM,
    CharVocabulary,
    Linear,
    OwnCharLM,
    bits_per_character,
    generate,
    held_out_loss,
    sample,
    stream_batches,
    train_chunk,
)
from toolkit.stand_ins.gated import (
    GRUCell,
    LSTMCell,
    clip_gradient_norm_,
    echo_batch,
    gradient_norms,
    loss_surface,
    masked_loss,
    open_forget_gate_,
    unroll,
)
from toolkit.stand_ins.rnn import RNN, RNNCell, bptt, configuration, forecast, make_windows, train_step
from toolkit.stand_ins.text import (
    Embedding,
    SentimentClassifier,
    Vocabulary,
    evaluate,
    length_buckets,
    masked_mean,
    pad_batch,
    tokenize,
)

__all__ = [
    "RNN",
    "STAND_INS",
    "CharLM",
    "CharVocabulary",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "Linear",
    "OwnCharLM",
    "RNNCell",
    "SentimentClassifier",
    "Vocabulary",
    "bits_per_character",
    "bptt",
    "clip_gradient_norm_",
    "configuration",
    "echo_batch",
    "evaluate",
    "forecast",
    "generate",
    "gradient_norms",
    "held_out_loss",
    "is_stand_in",
    "length_buckets",
    "loss_surface",
    "make_windows",
    "masked_loss",
    "masked_mean",
    "open_forget_gate_",
    "pad_batch",
    "sample",
    "stream_batches",
    "tokenize",
    "train_chunk",
    "train_step",
    "unroll",
]

STAND_INS: dict[str, object] = {
    "1.1": make_windows,
    "1.2": RNNCell,
    "1.3": RNN,
    "1.4": bptt,
    "1.5": forecast,
    "1.6": train_step,
    "1.7": configuration,
    "2.1": echo_batch,
    "2.2": LSTMCell,
    "2.3": GRUCell,
    "2.4": unroll,
    "2.5": gradient_norms,
    "2.6": clip_gradient_norm_,
    "2.7": loss_surface,
    "2.8": masked_loss,
    "2.9": open_forget_gate_,
    "3.1": tokenize,
    "3.2": Vocabulary,
    "3.3": Embedding,
    "3.4": pad_batch,
    "3.5": SentimentClassifier,
    "3.6": masked_mean,
    "3.7": length_buckets,
    "3.8": evaluate,
    "4.1": CharVocabulary,
    "4.2": stream_batches,
    "4.3": CharLM,
    "4.4": train_chunk,
    "4.5": sample,
    "4.6": generate,
    "4.7": bits_per_character,
    "4.8": Linear,
    "4.9": OwnCharLM,
    "4.10": held_out_loss,
}


def is_stand_in(part: object) -> bool:
    """Whether a function, a class or an object of a class is one of these."""
    return str(getattr(part, "__module__", None)).startswith(f"{__name__}.")
