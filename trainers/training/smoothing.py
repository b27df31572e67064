"""From the probabilities of windows to those of clips: smoothing over the consecutive windows of a recording
(te1ord/BirdCLEF2025, `temp_smoother`), then aggregation over each clip."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import convolve1d, median_filter
from scipy.signal import savgol_filter

ALPHA = 0.3
"""weight of the newest window in exponential smoothing"""

Smooth = Callable[[np.ndarray, int], np.ndarray]
"""(windows, classes) probabilities in order of time, and a width in windows -> the same shape"""


def neighbor_average(values: np.ndarray, width: int) -> np.ndarray:
    """.1 of the window before, .8 of itself, .1 of the one after; at the ends .8 and .2 of the only neighbour."""
    del width
    if len(values) < 2:
        return values
    smooth = 0.8 * values
    smooth[1:-1] += 0.1 * (values[:-2] + values[2:])
    smooth[0] += 0.2 * values[1]
    smooth[-1] += 0.2 * values[-2]
    return smooth


def moving(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over `width` windows; the first and last window stand for what lies beyond."""
    return np.asarray(convolve1d(values, np.full(width, 1 / width), axis=0, mode="nearest"))


def triangular(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over `width` windows with weights that fall linearly to both sides."""
    weights = 1 - np.abs(np.linspace(-1, 1, width + 2)[1:-1])
    return np.asarray(convolve1d(values, weights / weights.sum(), axis=0, mode="nearest"))


def savitzky_golay(values: np.ndarray, width: int) -> np.ndarray:
    """A parabola fitted to `width` windows (Savitzky & Golay 1964), kept within [0, 1]; a line where width is 3.
    Recordings with fewer windows than that stay as they are."""
    if len(values) < width:
        return values
    return np.asarray(np.clip(savgol_filter(values, width, min(2, width - 2), axis=0), 0, 1))


def median(values: np.ndarray, width: int) -> np.ndarray:
    """Median of `width` windows; the first and last window stand for what lies beyond."""
    return np.asarray(median_filter(values, size=(width, 1), mode="nearest"))


def exponential(values: np.ndarray, width: int) -> np.ndarray:
    """s[t] = .3 p[t] + .7 s[t - 1], s[0] = p[0]."""
    del width
    smooth = values.copy()
    for now in range(1, len(values)):
        smooth[now] = ALPHA * values[now] + (1 - ALPHA) * smooth[now - 1]
    return smooth


SMOOTHINGS: dict[str, Smooth] = {
    "neighbor_average": neighbor_average,
    "moving": moving,
    "triangular": triangular,
    "savitzky_golay": savitzky_golay,
    "median": median,
    "exponential": exponential,
}
"""By the names of `segments.smoothing`; `none` is none of them."""


def smooth_recordings(values: np.ndarray, recording: np.ndarray, start: np.ndarray, how: str, width: int) -> np.ndarray:
    """Smooth every recording by itself.

    Args:
        values: (windows, classes) probabilities.
        recording: (windows,) which recording a window is of.
        start: (windows,) where in it; windows need not be in order.
        how: a name of `SMOOTHINGS`, or none.
        width: windows.

    Returns:
        (windows, classes), in the order given.
    """
    if how == "none":
        return values
    order = np.lexsort((start, recording))
    borders = np.flatnonzero(np.diff(recording[order])) + 1
    smooth = np.empty_like(values)
    for rows in np.split(order, borders):
        smooth[rows] = SMOOTHINGS[how](values[rows], width)
    return smooth


def per_clip(values: np.ndarray, clip_of: np.ndarray, how: str) -> np.ndarray:
    """(windows, classes) probabilities -> (clips, classes), by mean, max or geometric mean over each clip's windows.

    The geometric mean has its root: Freesound 2018's kernel multiplied without one, so that long clips got less.
    """
    first = np.flatnonzero(np.diff(clip_of, prepend=-1))
    if how == "max":
        return np.maximum.reduceat(values, first)
    if how == "geometric":
        tiny = np.finfo(values.dtype).tiny
        return np.asarray(np.exp(per_clip(np.log(np.maximum(values, tiny)), clip_of, "mean")))
    return np.add.reduceat(values, first) / np.bincount(clip_of)[:, None]
