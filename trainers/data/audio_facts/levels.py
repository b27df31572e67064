"""Peak, level, clipping, silence and offset of samples."""

import numpy as np

FULL_SCALE = 32_766.5 / 32_768
"""Samples beyond are at the ends of 16 bits."""
CLIPPED_RUN = 3
"""So many neighbours at full scale are clipped; fewer are a peak that was normalised to full scale."""
SILENCE_DB = -80.0
"""RMS re full scale of a frame, its mean taken away, below which nothing was recorded: three steps of 16 bits."""
SILENCE_FRAME_S = 0.02


def decibels(amplitude: float) -> float:
    """20 log10, -inf of zero."""
    return float(20 * np.log10(amplitude)) if amplitude > 0 else float("-inf")


def clipped_samples(channels: np.ndarray) -> int:
    """How many samples of (samples, channels) are in a run of three or more at full scale of one sign."""
    return sum(_in_long_runs(sign * channel >= FULL_SCALE) for channel in channels.T for sign in (1, -1))


def silent_frames(mono: np.ndarray, rate: int) -> tuple[int, int]:
    """How many frames of 20 ms of (samples,) are silent, and how many there are."""
    n = max(1, round(SILENCE_FRAME_S * rate))
    frames = mono[: len(mono) // n * n].reshape(-1, n)
    levels = frames.std(axis=1)
    return int((levels < 10 ** (SILENCE_DB / 20)).sum()), len(frames)


def _in_long_runs(at_full_scale: np.ndarray) -> int:
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], at_full_scale, [False]]).astype(np.int8)))
    lengths = bounds[1::2] - bounds[::2]
    return int(lengths[lengths >= CLIPPED_RUN].sum())
