"""The mean of trained networks over recordings, one recording in memory at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainers.data.decode import decode
from trainers.errors import DataError, SpecError
from trainers.inference.predictor import Predictor

ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".caf", ".w64"})


@dataclass(frozen=True)
class Scored:
    """The windows of one recording."""

    path: Path
    start_s: np.ndarray
    """(windows,)"""
    end_s: np.ndarray
    """(windows,) a window of a recording that is shorter than it ends after it"""
    probabilities: np.ndarray
    """(windows, classes)"""


class Ensemble:
    """Networks whose probabilities are averaged.

    Args:
        members: at least one; of the same classes and windows, at any sample rates.

    Raises:
        SpecError: they differ in classes or windows.
    """

    def __init__(self, members: Sequence[Predictor]) -> None:
        first = members[0]
        self.members, self.classes = tuple(members), first.classes
        for one in members[1:]:
            if one.classes != first.classes:
                other = sorted(set(one.classes) ^ set(first.classes))
                raise SpecError(f"the runs know other classes: {', '.join(other[:5])}. Try: runs of one catalogue")
            if _windows_of(one) != _windows_of(first):
                raise SpecError(
                    f"the runs have other windows (segments: {_windows_of(first)} and {_windows_of(one)}). "
                    "Try: runs with the same segments"
                )

    def score(self, path: Path) -> Scored:
        """The windows of a recording.

        Raises:
            DataError: it can't be decoded.
        """
        samples: dict[int, np.ndarray] = {}
        total, start_s = np.zeros(0), np.zeros(0)
        for one in self.members:
            rate = one.spec.data.sample_rate
            if rate not in samples:
                samples[rate] = decode(path, rate)
            starts, values = one.probabilities(samples[rate])
            if len(total) and len(total) != len(values):  # a rest that rounds to a window at one rate only
                raise DataError(f"{path}: {len(total)} windows at one sample rate, {len(values)} at {rate} Hz")
            total, start_s = (total + values, start_s) if len(total) else (values.astype(np.float64), starts)
        duration_s = self.members[0].spec.segments.duration_s
        return Scored(path, start_s, start_s + duration_s, total / len(self.members))


def recordings(paths: Sequence[Path]) -> list[Path]:
    """The recordings meant by files and folders, each once, those of a folder sorted.

    Raises:
        DataError: one is not there, or a folder holds none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: no such recording or folder. Try: a path of audio")
        own = sorted(file for file in path.rglob("*") if _is_audio(file)) if path.is_dir() else [path]
        if not own:
            raise DataError(f"{path}: no recordings in this folder. Try: one with {', '.join(sorted(ENDINGS))}")
        found |= dict.fromkeys(own)
    return list(found)


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith(".")


def _windows_of(one: Predictor) -> str:
    names = {"duration_s", "stride", "min_rest", "padding", "padding_side"}
    return one.spec.segments.model_dump_json(include=names)
