"""Embeddings of a frozen network in place of samples."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainers.data.segments import Windows


@dataclass(frozen=True)
class Embeddings:
    """What a frozen network makes of the windows of a clip set."""

    windows: Windows
    values: np.ndarray
    """(windows, ...) float32"""

    def at(self, clip: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The embeddings of windows by clip and first sample: (len(clip), ...)."""
        rows = [self._rows[key] for key in zip(clip.tolist(), start.tolist(), strict=True)]
        return np.asarray(self.values[rows])

    @cached_property
    def _rows(self) -> dict[tuple[int, int], int]:
        keys = zip(self.windows.clip.tolist(), self.windows.start.tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}
