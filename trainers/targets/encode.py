"""Labels as `(clips, classes)` float targets, and what each clip counts."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trainers.errors import DataError
from trainers.targets.spec import TargetsSpec

if TYPE_CHECKING:  # the checks of a configuration read targets, too, and need no torch
    from torch import Tensor

CONFIDENT = 0.5
"""Least weight with which a pseudo-label counts in hard targets."""


def encode_targets(
    labels: Iterable[Sequence[str]],
    secondary: Iterable[Sequence[str]],
    classes: Sequence[str],
    spec: TargetsSpec,
    label_weights: Iterable[Sequence[float] | None] | None = None,
) -> np.ndarray:
    """Targets of unmixed clips, before smoothing.

    Soft targets give a clip's secondary labels the share `secondary_weight` together and each of its labels
    1 - secondary_weight (BirdCLEF 2025's scheme); hard ones are 1 for every label, secondary ones too when they count.
    A label with a weight (a pseudo-label) gets so much of that; in hard targets it counts from a weight of 0.5 on.

    Args:
        labels: of each clip.
        secondary: further labels of each clip, weaker ones.
        classes: the columns; every label must be among them.
        spec: soft or hard, and the share of secondary labels.
        label_weights: of each clip, a weight in [0, 1] for each of its labels, or None where all weigh 1.

    Returns:
        (clips, classes) float32.

    Raises:
        DataError: a clip has another number of weights than of labels, or one outside [0, 1].
    """
    labels = list(labels)
    weights: Iterable[Sequence[float] | None] = [None] * len(labels) if label_weights is None else label_weights
    column = {name: i for i, name in enumerate(classes)}
    targets = np.zeros((len(labels), len(classes)), np.float32)
    for row, primary, others, own in zip(targets, labels, secondary, weights, strict=True):
        others = [name for name in others if name not in primary] if spec.secondary_weight > 0 else []
        shared = spec.secondary_weight if spec.mode == "soft" and others else 0.0
        row[[column[name] for name in others]] = shared / len(others) if shared else 1.0
        row[[column[name] for name in primary]] = (1.0 - shared) * _certainty(primary, own, spec)
    return targets


def encode_labels(labels: Iterable[Sequence[str]], classes: Sequence[str]) -> np.ndarray:
    """What evaluation asks for: 1 for every label, secondary ones don't count. (clips, classes) float32."""
    labels = list(labels)
    return encode_targets(labels, [()] * len(labels), classes, TargetsSpec(mode="hard"))


def smooth(targets: "Tensor", smoothing: float) -> "Tensor":
    """Label smoothing (Szegedy et al. 2016): (1 - e) t + e / classes. (batch, classes) -> the same."""
    return (1 - smoothing) * targets + smoothing / targets.shape[1]


def sample_weights(ratings: Sequence[float | None], spec: TargetsSpec) -> np.ndarray:
    """What each training clip counts in the loss, on average 1.

    By rating: its rating over the highest, at least `rating_floor`. A rating that is missing, NaN or 0 (BirdCLEF's
    mark of a recording that nobody has rated) says nothing about the clip: it weighs as much as the highest.

    Returns:
        (clips,) float32.
    """
    rating = np.array([np.nan if value is None else value for value in ratings], np.float64)
    rated = rating > 0
    weights = np.ones(len(rating))
    if spec.sample_weight == "rating" and rated.any():
        weights[rated] = np.maximum(spec.rating_floor, rating[rated] / rating[rated].max())
        weights /= weights.mean()
    return weights.astype(np.float32)


def _certainty(labels: Sequence[str], weights: Sequence[float] | None, spec: TargetsSpec) -> np.ndarray:
    """(labels,) what each label of a clip weighs."""
    if weights is None:
        return np.ones(len(labels))
    certainty = np.asarray(weights, np.float64)
    if len(certainty) != len(labels) or not ((certainty >= 0) & (certainty <= 1)).all():
        raise DataError(
            f"label_weights must be a number from 0 to 1 for each label, got {certainty.tolist()} for {list(labels)}. "
            "Try: as many weights as labels, or none"
        )
    return (certainty >= CONFIDENT).astype(np.float64) if spec.mode == "hard" else certainty
