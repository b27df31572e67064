"""What checks look at and what they find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import pandas as pd

from trainers.data.catalogue import SCHEMA, Catalogue, of_subset
from trainers.data.dataset import split_clips
from trainers.data.decode import probe
from trainers.data.label_maps import apply_labels
from trainers.data.spec import DataSpec
from trainers.errors import DataError
from trainers.spec import RunSpec
from trainers.targets.encode import encode_labels

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep

T = TypeVar("T")

SHOWN = 5
"""How many names evidence gives; it says how many there are, too."""
PROBED = 200
"""How many recordings' headers are read at most."""

Found = list[tuple[str, str]]
"""(evidence, fix) of each instance of a mistake."""


class CatalogueFacts:
    """A catalogue with what several checks ask of it, found out once."""

    def __init__(self, catalogue: Catalogue) -> None:
        missing = [name for name in SCHEMA.names if name not in catalogue.clips]
        self.catalogue = replace(catalogue, clips=catalogue.clips.assign(**dict.fromkeys(missing)))

    @cached_property
    def rates_hz(self) -> np.ndarray:
        """Sampling rates as published, by the headers of up to PROBED recordings, evenly spread; unreadable ones are
        left out (preparing the data names them)."""
        paths = sorted(set(self.catalogue.clips["path"]))
        chosen = [paths[place] for place in np.unique(np.linspace(0, len(paths) - 1, PROBED).astype(int))]
        return np.array([rate for path in chosen if (rate := self._rate(path))])

    def _rate(self, path: str) -> int | None:
        try:
            return probe(self.catalogue.folder / path).sample_rate
        except (DataError, OSError, ValueError):
            return None


class SplitFacts:
    """The two sides of a split with what several checks ask of them, found out once.

    Raises:
        DataError: the catalogue can't be split so.
    """

    def __init__(self, catalogue: Catalogue, data: DataSpec) -> None:
        split = split_clips(catalogue, data)
        self.train, self.val = split.train, split.val
        self.classes = split.classes
        """of the run"""
        self._catalogue, self._data = catalogue, data
        self._known: dict[Hashable, Any] = {}

    def known(self, key: Hashable, find_out: Callable[[], T]) -> T:
        """What `find_out` says, asked once per key: the configurations of a sweep share most of it."""
        if key not in self._known:
            self._known[key] = find_out()
        return cast("T", self._known[key])

    @cached_property
    def extra(self) -> pd.DataFrame:
        """The labelled clips of `data.extra_train`; subsets that don't exist give none."""
        mapped = apply_labels(self._catalogue.clips, self._data)
        clips = pd.concat([of_subset(mapped, name) for name in self._data.extra_train] or [mapped.iloc[:0]])
        return clips[clips["labels"].notna()].reset_index(drop=True)

    @cached_property
    def learnt(self) -> pd.DataFrame:
        """Everything that is trained on."""
        return pd.concat([self.train, self.extra], ignore_index=True) if len(self.extra) else self.train

    @cached_property
    def targets(self) -> np.ndarray:
        """(learnt, classes) float32, 1 for every label; labels that the run doesn't know are left out."""
        known = set(self.classes)
        return encode_labels([[name for name in own if name in known] for own in self.learnt["labels"]], self.classes)

    @cached_property
    def train_counts(self) -> Counter[str]:
        """Clips trained on by label."""
        return Counter(self.learnt["labels"].explode().dropna())

    @cached_property
    def val_counts(self) -> Counter[str]:
        """Validation clips by label."""
        return Counter(self.val["labels"].explode().dropna())

    @cached_property
    def secondary_clips(self) -> int:
        """Clips trained on that have secondary labels beside their own."""
        lists = zip(self.learnt["labels"], self.learnt["secondary_labels"], strict=True)
        return sum(not set(_names(others)) <= set(own) for own, others in lists)


@dataclass(frozen=True)
class Subject:
    """A run with its data, split as the run would split it."""

    spec: RunSpec
    data: CatalogueFacts
    split: SplitFacts

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the run."""
        return self.data.catalogue

    @property
    def where(self) -> str:
        """Which split is meant, for evidence."""
        data = self.spec.data
        return f"{data.name}, {data.split.scheme} fold {data.fold}"


@dataclass(frozen=True)
class SweepSubject:
    """A sweep with the runs of its search, one for each fold and searched split."""

    sweep: Sweep
    searched: tuple[Subject, ...]


@dataclass(frozen=True)
class Finding:
    """A mistake that was found, with what shows it and what mends it."""

    code: str
    severity: str
    title: str
    evidence: str
    fix: str

    def __str__(self) -> str:
        """`TF001 error: ...: evidence. Try: fix`."""
        return f"{self.code} {self.severity}: {self.title}: {self.evidence}. Try: {self.fix}"


def some(names: Iterable[object]) -> str:
    """The first few names, and that there are more."""
    listed = list(map(str, names))
    return ", ".join(listed[:SHOWN]) + (", ..." if len(listed) > SHOWN else "")


def share(part: int, whole: int) -> str:
    """`12 of 480 (2.5 %)`."""
    percent = 100 * part / max(1, whole)
    return f"{part} of {whole} ({percent:.0f} %)" if percent >= 10 else f"{part} of {whole} ({percent:.2g} %)"


def _names(names: Sequence[str] | None) -> Sequence[str]:
    return () if names is None else names
