"""Which clips to look at: those whose labels the predictions of runs that held them out speak against."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.label_quality import LabelQuality, label_quality
from trainers.data.catalogue import Catalogue, catalogue_folder, classes_of, load_catalogue
from trainers.data.layers.review import KEY, REVIEW
from trainers.data.layers.review_log import read_review
from trainers.data.prepare import open_catalogue
from tuneful.finished import FinishedRun
from tuneful.review.out_of_fold import OutOfFold, labelled_rows, out_of_fold

MOST_PROBABLE = 5
FACTS = ("path", "author", "site", "subject", "collection", "recorded_at", "rating")
LIKELY = 0.5
"""From this probability on, a secondary label counts as given."""


@dataclass(frozen=True)
class Doubt:
    """A label that is probably wrong, or one that is probably missing."""

    label: str
    given: bool
    probability: float


@dataclass(frozen=True)
class ReviewClip:
    """A clip with what the runs think of its labels."""

    row: dict[str, Any]
    """of the catalogue, labels as they were before any decision"""
    quality: float
    """0 to 1, `analysis.label_quality`"""
    probable: tuple[tuple[str, float], ...]
    """the most probable classes with their probabilities, the most probable first"""
    doubts: tuple[Doubt, ...]
    """at least one, the greatest first"""
    suspected: bool
    """confident learning takes it for an error"""

    def as_json(self) -> dict[str, Any]:
        """For the page and for other programs."""
        row = self.row
        return {
            "clip_id": row["clip_id"],
            "labels": list(row["labels"]),
            "secondary": [] if row["secondary_labels"] is None else list(row["secondary_labels"]),
            "quality": self.quality,
            "suspected": self.suspected,
            "probable": self.probable,
            "doubts": [asdict(doubt) for doubt in self.doubts],
            "facts": [[name, str(row[name])] for name in FACTS if pd.notna(row[name])],
        }


@dataclass(frozen=True)
class Queue:
    """The clips to look at, the most doubtful first."""

    catalogue: Catalogue
    """with the clips and labels as they were before any decision"""
    clips: tuple[ReviewClip, ...]
    ranked: int
    """clips that a run held out"""
    suspected: int
    """of these, how many confident learning takes for errors"""
    runs: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What a clip can be relabelled with: every label of the catalogue."""
        return classes_of(self.catalogue.clips)


def rank_clips(name: str, runs: Sequence[FinishedRun], most: int) -> Queue:
    """Rank the labelled training clips of a catalogue that runs held out.

    Args:
        name: of the catalogue.
        runs: trained on it; where several held out the same clip, their probabilities are averaged.
        most: how many undecided clips the queue has; clips that were decided about keep their places between them.

    Raises:
        DataError: runs that don't fit the catalogue or each other, or none of their clips is left.
        UserError: too few clips or classes (`label_quality`).
    """
    current = open_catalogue(name)
    catalogue = load_catalogue(name, without="review")
    predicted = out_of_fold(catalogue, runs)
    rows = labelled_rows(catalogue).loc[list(predicted.clip_ids)]
    quality = label_quality(_given(rows, predicted), predicted.probabilities)
    order = np.argsort(quality.clips, kind="stable")
    keys = list(rows.iloc[order][list(KEY)].itertuples(index=False, name=None))
    return Queue(
        catalogue,
        tuple(_review_clip(rows.iloc[i].to_dict(), i, predicted, quality) for i in order[: _enough(name, keys, most)]),
        ranked=len(rows),
        suspected=int(quality.suspected.any(axis=1).sum()),
        runs=tuple(run.key for run in runs),
        notes=tuple(_notes(catalogue, current, predicted, runs)),
    )


def _given(rows: pd.DataFrame, predicted: OutOfFold) -> np.ndarray:
    """(clips, classes) bool. A secondary label may be heard or not: it is taken as the runs have it, never doubted."""
    given = np.zeros(predicted.probabilities.shape, bool)
    column = {name: c for c, name in enumerate(predicted.classes)}
    for i, (labels, secondary) in enumerate(zip(rows["labels"], rows["secondary_labels"], strict=True)):
        for name in [*labels, *(() if secondary is None else secondary)]:
            if name in column:
                given[i, column[name]] = name in labels or predicted.probabilities[i, column[name]] >= LIKELY
    return given


def _enough(name: str, keys: list[tuple[str, str]], most: int) -> int:
    """How many clips of the ranking hold `most` undecided ones."""
    decided = read_review(catalogue_folder(name) / REVIEW).effective
    undecided = np.flatnonzero([key not in decided for key in keys])
    return len(keys) if len(undecided) <= most else int(undecided[most - 1]) + 1


def _review_clip(row: dict[str, Any], i: int, predicted: OutOfFold, quality: LabelQuality) -> ReviewClip:
    probabilities, labels = predicted.probabilities[i], set(row["labels"])
    best = np.argsort(-probabilities, kind="stable")[:MOST_PROBABLE]
    doubts = [(predicted.classes[c], float(probabilities[c])) for c in quality.suspects(i)]
    return ReviewClip(
        row,
        float(quality.clips[i]),
        tuple((predicted.classes[c], float(probabilities[c])) for c in best),
        tuple(Doubt(name, name in labels, probability) for name, probability in doubts),
        bool(quality.suspected[i].any()),
    )


def _notes(
    catalogue: Catalogue, current: Catalogue, predicted: OutOfFold, runs: Sequence[FinishedRun]
) -> Iterator[str]:
    """What a person should know about the ranking."""
    left = len(labelled_rows(catalogue)) - len(predicted.clip_ids)
    if left:
        yield f"{left} labelled clips are not ranked: none of the runs held them out. Try: --run of the other folds too"
    if predicted.gone:
        yield f"{predicted.gone} clips that the runs held out are not in {catalogue.name} any more"
    known = read_review(catalogue_folder(catalogue.name) / REVIEW).runs
    digests = {current.digest, catalogue.digest}
    for run in runs:
        if run.key not in known and not any(run.trained_on(digest) for digest in digests):
            yield f"{run.where} was trained on other data than {catalogue.name} holds now: clips may have changed"
