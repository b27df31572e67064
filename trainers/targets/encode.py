"""Labels as `(clips, classes)` float targets."""

from collections.abc import Iterable, Sequence

import numpy as np

from trainers.targets.spec import TargetsSpec


def encode_targets(
    labels: Iterable[Sequence[str]], secondary: Iterable[Sequence[str]], classes: Sequence[str], spec: TargetsSpec
) -> np.ndarray:
    """Targets of unmixed clips, before smoothing.

    Soft targets give a clip's secondary labels the share `secondary_weight` together and each of its labels
    1 - secondary_weight (BirdCLEF 2025's scheme); hard ones are 1 for every label, secondary ones too when they count.

    Returns:
        (clips, classes) float32.
    """
    column = {name: i for i, name in enumerate(classes)}
    rows = []
    for primary, others in zip(labels, secondary, strict=True):
        row = np.zeros(len(classes), np.float32)
        others = [name for name in others if name not in primary] if spec.secondary_weight > 0 else []
        shared = spec.secondary_weight if spec.mode == "soft" and others else 0.0
        row[[column[name] for name in others]] = shared / len(others) if shared else 1.0
        row[[column[name] for name in primary]] = 1.0 - shared
        rows.append(row)
    return np.stack(rows) if rows else np.zeros((0, len(classes)), np.float32)


def encode_labels(labels: Iterable[Sequence[str]], classes: Sequence[str]) -> np.ndarray:
    """What evaluation asks for: 1 for every label, secondary ones don't count. (clips, classes) float32."""
    labels = list(labels)
    return encode_targets(labels, [()] * len(labels), classes, TargetsSpec(mode="hard"))
