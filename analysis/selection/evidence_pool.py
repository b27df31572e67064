"""Submissions as a pool of runs, so that every rule of `RULES` can be asked about them."""

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from analysis.leaderboard.evidence import Evidence
from analysis.records.predictions import read_activation
from analysis.selection.pool import Pool, Windows

H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class EvidencePool(Pool):
    """Submissions; the predictions of an ensemble are the mean of its members' probabilities."""

    members: Pool
    """the stored runs"""
    of: Mapping[str, tuple[str, ...]]
    """submission -> its runs among `members`"""
    classes: tuple[str, ...]
    """columns of the predictions"""

    def windows(self, subset: str) -> dict[str, Windows]:
        """The predictions of a subset by submission.

        Missing is a submission with a member that stored none, or that predicts other windows than most do: ranks of
        different windows can't be set side by side. Validation without labels counts as not there.
        """
        known = self.members.windows(subset)
        known = {run: own for run, own in known.items() if subset != "val" or own.targets is not None}
        usual = _most_common(_identity(own) for own in known.values())
        alike = {run: own for run, own in known.items() if _identity(own) == usual}
        whole = {name: runs for name, runs in self.of.items() if runs and all(run in alike for run in runs)}
        return {name: _mean([alike[run] for run in runs]) for name, runs in whole.items()}


def evidence_pool(evidence: Evidence) -> EvidencePool:
    """The submissions of `evidence` with their scores, higher is better, and what their runs predict.

    Files of versions that did not store the activation, and files with other classes than most, are not used.
    """
    paths = {path for stored in evidence.predictions.values() for path in stored}
    classes = {path: _classes(path) for path in sorted(paths) if read_activation(path)}
    usual = _most_common(classes.values()) or ()
    files = {str(path): path for path, own in classes.items() if own == usual}
    counts = dict(zip(map(str, evidence.table.index), evidence.table["members"], strict=True))
    of = {
        str(name): tuple(map(str, stored))
        for name, stored in evidence.predictions.items()
        if len(stored) == counts[str(name)]
    }
    scores = pd.DataFrame({name: evidence.score(name) for name in evidence.scores}, index=evidence.table.index)
    members = Pool(pd.DataFrame(index=list(files)), files)
    return EvidencePool(scores, members=members, of=of, classes=usual)


def _classes(path: Path) -> tuple[str, ...]:
    return tuple(json.loads(pq.read_schema(path).metadata[b"classes"]))


def _most_common(values: Iterable[H]) -> H | None:
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None


def _identity(own: Windows) -> tuple[Hashable, ...]:
    return own.clip_ids, np.asarray(own.start_s, dtype=np.float32).tobytes()


def _mean(own: list[Windows]) -> Windows:
    first = own[0]
    probabilities = np.mean([one.probabilities for one in own], axis=0) if len(own) > 1 else first.probabilities
    return Windows(first.clip_ids, first.start_s, probabilities, first.targets)
