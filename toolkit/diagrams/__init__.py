"""The schematic figures of the notebooks: what a recurrent network looks like, and what flows in it.

A `draw_` function returns one figure for `show`; what is to be seen on it, in words, stands in `ALT` under the
function's name without `draw_`. Letters and shapes are those of the notebooks. All figures speak one language, made in
`parts`: inputs are blue squares, states green circles, outputs orange pills, losses purple diamonds, weights light blue
hexagons, and gradients dashed vermilion.
"""

from types import MappingProxyType

from toolkit.diagrams import (
    attention,
    characters,
    decoding,
    descent,
    gates,
    memory,
    reading,
    sine_wave,
    streaming,
    text,
    translation,
    writing,
)
from toolkit.diagrams.attention import draw_additive_attention, draw_decoder_step, draw_stepped_or_at_once
from toolkit.diagrams.characters import CHARACTER_TASKS, draw_characters_pipeline, draw_many_to_many
from toolkit.diagrams.decoding import draw_beam, draw_teacher_forcing
from toolkit.diagrams.descent import draw_clipping, draw_filter_directions
from toolkit.diagrams.gates import draw_gru_cell, draw_lstm_cell, draw_states
from toolkit.diagrams.memory import MEMORY_TASKS, draw_echo_tasks, draw_gradient_paths, draw_memory_pipeline
from toolkit.diagrams.reading import draw_bidirectional, draw_last_step
from toolkit.diagrams.sine_wave import (
    PIPELINE_TASKS,
    draw_backward,
    draw_cell,
    draw_folded_and_unrolled,
    draw_forecast,
    draw_pipeline,
    draw_training_step,
    draw_variants,
    draw_window_shapes,
)
from toolkit.diagrams.streaming import draw_streams, draw_truncation
from toolkit.diagrams.text import TEXT_TASKS, draw_masked_mean, draw_one_hot, draw_text_pipeline
from toolkit.diagrams.translation import (
    TRANSLATION_TASKS,
    draw_alignment_error,
    draw_both_ways,
    draw_bottleneck,
    draw_translation_pipeline,
)
from toolkit.diagrams.writing import draw_cache, draw_generation

__all__ = ["ALT", "CHARACTER_TASKS", "MEMORY_TASKS", "PIPELINE_TASKS", "TEXT_TASKS", "TRANSLATION_TASKS",
           "draw_additive_attention", "draw_alignment_error", "draw_backward", "draw_beam",
           "draw_bidirectional", "draw_both_ways", "draw_bottleneck", "draw_cache", "draw_cell",
           "draw_characters_pipeline", "draw_clipping", "draw_decoder_step", "draw_echo_tasks",
           "draw_filter_directions", "draw_folded_and_unrolled", "draw_forecast", "draw_generation",
           "draw_gradient_paths", "draw_gru_cell", "draw_last_step", "draw_lstm_cell", "draw_many_to_many",
           "draw_masked_mean", "draw_memory_pipeline", "draw_one_hot", "draw_pipeline", "draw_states",
           "draw_stepped_or_at_once", "draw_streams", "draw_teacher_forcing", "draw_text_pipeline",
           "draw_training_step", "draw_translation_pipeline", "draw_truncation", "draw_variants",
           "draw_window_shapes"]  # fmt: skip

ALT = MappingProxyType({**sine_wave.ALT, **gates.ALT, **memory.ALT, **descent.ALT, **text.ALT, **reading.ALT,
                        **characters.ALT, **streaming.ALT, **writing.ALT, **translation.ALT, **attention.ALT,
                        **decoding.ALT})  # fmt: skip
