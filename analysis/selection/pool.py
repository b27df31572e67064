"""The runs that a rule chooses among."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.records.predictions import as_probabilities, read_activation, read_predictions


@dataclass(frozen=True)
class Windows:
    """What one run predicts of one subset."""

    clip_ids: tuple[str, ...]
    """(windows,)"""
    start_s: np.ndarray
    """(windows,)"""
    probabilities: np.ndarray
    """(windows, classes) float32"""
    targets: np.ndarray | None
    """(windows, classes) 0 or 1"""


@dataclass(frozen=True)
class Pool:
    """Runs that predict the same data, each with its scores at home and its stored predictions."""

    scores: pd.DataFrame
    """one row per run; columns are candidate scores, turned so that higher is better"""
    files: Mapping[str, Path] = field(default_factory=dict)
    """run -> its stored predictions"""
    activations: Mapping[str, str] = field(default_factory=dict)
    """run -> sigmoid or softmax, for files that do not say it"""

    @property
    def runs(self) -> tuple[str, ...]:
        """Their names, in the order of `scores`."""
        return tuple(map(str, self.scores.index))

    def windows(self, subset: str) -> dict[str, Windows]:
        """The predictions of a subset by run; runs without them are missing."""
        return {run: parts[subset] for run, parts in self._parts.items() if subset in parts}

    def ranks(self, subset: str) -> dict[str, np.ndarray]:
        """(windows, classes) midranks of windows by each class's probability, by run: halves, whose sums are exact."""
        if subset not in self._ranks:
            found = {run: own.probabilities for run, own in self.windows(subset).items()}
            self._ranks[subset] = {run: rankdata(p, axis=0) for run, p in found.items()}
        return self._ranks[subset]

    @cached_property
    def _ranks(self) -> dict[str, dict[str, np.ndarray]]:
        return {}

    @cached_property
    def _parts(self) -> dict[str, dict[str, Windows]]:
        return {run: self._read(run) for run in self.runs if run in self.files}

    def _read(self, run: str) -> dict[str, Windows]:
        path = self.files[run]
        activation = read_activation(path) or self.activations[run]
        return {
            part.subset: Windows(part.clip_ids, part.start_s, as_probabilities(part.logits, activation), part.targets)
            for part in read_predictions(path)[0]
        }
