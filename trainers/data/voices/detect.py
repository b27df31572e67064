"""From a recording to its stretches with speech."""

from dataclasses import dataclass

import numpy as np

from trainers.data.voices.network import FRAME, SAMPLE_RATE, speech_network
from trainers.data.voices.settings import SpeechSettings


@dataclass(frozen=True)
class Speech:
    """The stretches of a recording with speech, in order, without overlap; none: there is no speech in it."""

    start_s: tuple[float, ...]
    end_s: tuple[float, ...]
    probability: tuple[float, ...]
    """mean over the frames of each stretch"""

    @property
    def stretches(self) -> list[tuple[float, float]]:
        """(start, end) of each, in seconds."""
        return list(zip(self.start_s, self.end_s, strict=True))


def find_speech(samples: np.ndarray, settings: SpeechSettings) -> Speech:
    """Look for speech in a recording of any length.

    Args:
        samples: (samples,) int16 at 16 kHz.
        settings: what counts.
    """
    return stretches_of(speech_network().probabilities(samples), len(samples), settings)


def stretches_of(probabilities: np.ndarray, n_samples: int, settings: SpeechSettings) -> Speech:
    """Join frames to stretches, as silero_vad does it.

    Args:
        probabilities: (frames,) of 512 samples each.
        n_samples: of the recording, at 16 kHz.
        settings: what counts.
    """
    # Imported where it runs: importing silero_vad sets the number of torch's threads to 1.
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    found = get_speech_timestamps_from_probs(
        probabilities.tolist(), sampling_rate=SAMPLE_RATE, audio_length_samples=n_samples, **settings.as_dict()
    )
    means = [float(probabilities[row["start"] // FRAME : -(-row["end"] // FRAME)].mean()) for row in found]
    starts, ends = (tuple(row[name] / SAMPLE_RATE for row in found) for name in ("start", "end"))
    return Speech(starts, ends, tuple(means))
