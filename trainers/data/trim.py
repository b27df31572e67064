"""Cutting off silence at both ends of a clip."""

import numpy as np

FRAME, HOP = 2048, 512
"""Samples; those of librosa.effects.trim, which Freesound 2018's systems use"""


def loud_stretch(samples: np.ndarray, top_db: float) -> tuple[int, int]:
    """From the first to the last frame that is less than `top_db` dB below the loudest.

    Frames are centred, as in librosa.effects.trim. A silent clip stays whole.

    Args:
        samples: (samples,) int16
        top_db: dB

    Returns:
        The first sample, and the one after the last.
    """
    power = _frame_power(samples)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-top_db / 10))
    if not len(loud):
        return 0, len(samples)
    return int(loud[0]) * HOP, min(len(samples), (int(loud[-1]) + 1) * HOP)


def _frame_power(samples: np.ndarray) -> np.ndarray:
    """Mean square of centred frames, (1 + samples // HOP,) float64, zeros beyond the ends."""
    total = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    centres = np.arange(0, len(samples) + 1, HOP)
    first = np.clip(centres - FRAME // 2, 0, len(samples))
    last = np.clip(centres + FRAME // 2, 0, len(samples))
    return np.asarray((total[last] - total[first]) / FRAME)
