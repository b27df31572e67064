"""Which mel bands hold an FFT bin, without torch."""

from functools import cache

import numpy as np

from trainers.front_end.spec import MelSpec

SLANEY_LINEAR_HZ, SLANEY_KNEE_HZ, SLANEY_LOG_STEP = 200.0 / 3, 1000.0, np.log(6.4) / 27.0
"""Slaney's scale (Auditory Toolbox, 1998): linear up to the knee, logarithmic above."""


def empty_bands(mel: MelSpec, sample_rate: int) -> list[int]:
    """The bands of torchaudio's mel filter bank that hold no FFT bin: triangles with no bin strictly inside.

    Args:
        mel: n_fft, n_mels, f_min, f_max, mel_scale.
        sample_rate: Hz.
    """
    edges = (mel.f_min, mel.f_max or sample_rate // 2)
    return list(_empty(sample_rate, mel.n_fft, mel.n_mels, edges, mel.mel_scale))


@cache
def _empty(sample_rate: int, n_fft: int, n_mels: int, edges: tuple[float, float], mel_scale: str) -> tuple[int, ...]:
    bins = np.linspace(0, sample_rate // 2, n_fft // 2 + 1)
    low, high = (_to_mel(hz, mel_scale) for hz in edges)
    points = _to_hz(np.linspace(low, high, n_mels + 2), mel_scale)
    first_inside = np.searchsorted(bins, points[:-2], side="right")
    first_beyond = np.searchsorted(bins, points[2:], side="left")
    return tuple(np.flatnonzero(first_inside >= first_beyond).tolist())


def _to_mel(hz: float, mel_scale: str) -> float:
    if mel_scale == "htk":
        return float(2595.0 * np.log10(1.0 + hz / 700.0))
    if hz < SLANEY_KNEE_HZ:
        return hz / SLANEY_LINEAR_HZ
    return float(SLANEY_KNEE_HZ / SLANEY_LINEAR_HZ + np.log(hz / SLANEY_KNEE_HZ) / SLANEY_LOG_STEP)


def _to_hz(mels: np.ndarray, mel_scale: str) -> np.ndarray:
    if mel_scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    knee = SLANEY_KNEE_HZ / SLANEY_LINEAR_HZ
    above = SLANEY_KNEE_HZ * np.exp(SLANEY_LOG_STEP * (np.maximum(mels, knee) - knee))
    return np.asarray(np.where(mels < knee, mels * SLANEY_LINEAR_HZ, above))
