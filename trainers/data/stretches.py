"""The stretch of a recording that a clip is heard in: its own, or with its neighbours as context."""

import numpy as np
import pandas as pd


def extended(clips: pd.DataFrame, neighbours: pd.DataFrame, context: int) -> list[tuple[float, float]]:
    """From where to where each clip is cut, in seconds of its recording.

    With context a clip of an annotated recording (a respiratory cycle of ICBHI 2017) begins where its `context`-th
    predecessor in the same recording does and ends where its `context`-th successor does; its labels stay its own.

    Args:
        clips: rows of a catalogue.
        neighbours: the rows among which predecessors and successors are looked for; those of other subsets aren't any.
        context: number of clips on each side.

    Returns:
        (start, end) per clip.
    """
    own = list(zip(clips["start_s"], clips["start_s"] + clips["duration_s"], strict=True))
    if context == 0:
        return own
    known = {place: _bounds(rows) for place, rows in neighbours.groupby(_places(neighbours))}
    return [
        _with_neighbours(known[place], start, end, context)
        for place, (start, end) in zip(_places(clips), own, strict=True)
    ]


def _places(clips: pd.DataFrame) -> pd.Series:
    """Recording and subset of each clip."""
    return clips["content"] + " " + clips["subset"].fillna("train")


def _bounds(rows: pd.DataFrame) -> np.ndarray:
    """(clips, 2) starts and ends of a recording's clips, in order."""
    bounds = np.stack([rows["start_s"], rows["start_s"] + rows["duration_s"]], axis=1)
    return np.unique(bounds, axis=0)


def _with_neighbours(bounds: np.ndarray, start: float, end: float, context: int) -> tuple[float, float]:
    place = int(np.flatnonzero((bounds == (start, end)).all(1))[0])
    first, last = max(0, place - context), min(len(bounds) - 1, place + context)
    return float(bounds[first, 0]), float(bounds[first : last + 1, 1].max())
