"""Samples without speech: joined with a crossfade, or silenced with fades."""

from collections.abc import Sequence

import numpy as np

FADE_S = 0.010
"""Long enough not to click, shorter than a note"""


def joined(samples: np.ndarray, pieces: Sequence[tuple[float, float]], rate: int) -> np.ndarray:
    """Pieces of a recording one after the other, each faded into the next with constant power.

    As "concatenated" in github.com/detkov/BirdCLEFplus_2025 (run 011-3).

    Args:
        samples: (samples,) int16.
        pieces: (start, end) in seconds, each longer than two fades.
        rate: Hz.

    Returns:
        (samples,) int16, one fade shorter per joint.
    """
    parts = [samples[round(a * rate) : round(b * rate)].astype(np.float64) for a, b in pieces]
    fade = _fade(rate)
    result = [parts[0]]
    for part in parts[1:]:
        last, n = result[-1], len(fade)
        overlap = last[len(last) - n :] * np.sqrt(1 - fade) + part[:n] * np.sqrt(fade)
        result[-1:] = [last[: len(last) - n], overlap, part[n:]]
    return _as_int16(np.concatenate(result))


def muted(samples: np.ndarray, stretches: Sequence[tuple[float, float]], rate: int) -> np.ndarray:
    """A recording with silence in place of stretches; the fades lie within them, all else stays as it is.

    Args:
        samples: (samples,) int16.
        stretches: (start, end) in seconds.
        rate: Hz.

    Returns:
        (samples,) int16, as many as before.
    """
    gain = np.ones(len(samples), np.float32)
    for start, end in stretches:
        part = gain[round(start * rate) : round(end * rate)]
        fade = _fade(rate)[: len(part) // 2]
        part[:] = 0
        part[: len(fade)] = 1 - fade
        part[len(part) - len(fade) :] = fade
    return _as_int16(samples * gain)


def _fade(rate: int) -> np.ndarray:
    """(samples,) from just above 0 to just below 1"""
    n = round(FADE_S * rate)
    return np.asarray((np.arange(n) + 0.5) / n)


def _as_int16(wave: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(np.rint(wave), -32_768, 32_767)
    return clipped.astype(np.int16)
