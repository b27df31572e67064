"""Where a run goes wrong: by class, by group, which class is taken for which, the hardest clips.

Everything is a function of ``ClipScores`` (`analysis.records.clip_scores`) and returns a table with its counts:
``by_class(read_clip_scores(paths))``. What the stored predictions do not hold (site, author, device) comes as a table
by clip_id, such as a catalogue's clips.
"""

from analysis.mistakes.confusions import co_activation, top_confusions
from analysis.mistakes.figures import class_figure, co_activation_figure, group_figure
from analysis.mistakes.hardest import hardest_clips
from analysis.mistakes.parts import by_class, by_column, by_polyphony
from analysis.mistakes.spectrograms import spectrogram_figure

__all__ = [
    "by_class",
    "by_column",
    "by_polyphony",
    "class_figure",
    "co_activation",
    "co_activation_figure",
    "group_figure",
    "hardest_clips",
    "spectrogram_figure",
    "top_confusions",
]
