"""Checks of losses and the targets that they get."""

import numpy as np
import pandas as pd

from tuneful.checks.subject import Found, Subject, share, some

MASS = 1e-6
"""Rounding of sums of label weights."""
UNHEARD = 0.05
"""Least share of clips that is worth a word."""


def focal_on_halves(subject: Subject) -> Found:
    """TF016: at a target of .5, p_t is .5 for every prediction: the focal factor is a constant."""
    loss, mixing, spec = subject.spec.loss, subject.spec.mixing, subject.spec
    if loss.name not in ("focal", "focal_bce") or spec.targets.mode != "soft":
        return []
    if mixing.name not in ("mixup", "manifold_mixup") or mixing.alpha is not None or mixing.p == 0:
        return []
    evidence = (
        f"loss.name={loss.name} with mixing.alpha=null and targets.mode=soft: {100 * mixing.p:g} % of the samples have "
        f"targets of .5, where the focal factor is {0.5**loss.gamma:.3g} whatever is predicted"
    )
    return [(evidence, "targets.mode=hard, or mixing.alpha=0.4")]


def soft_mass_not_one(subject: Subject) -> Found:
    """TF017: cross-entropy over a softmax wants shares that sum to 1; another sum is another learning rate for some
    clips. Hard unions are published that way, and clips with nothing active are TF018's."""
    spec = subject.spec
    if spec.loss.name != "ce" or spec.targets.mode != "soft":
        return []
    mass = _masses(subject)
    odd = mass[(np.abs(mass - 1) > MASS) & (mass > 0)]
    if not len(odd):
        return []
    low, high = f"{odd.min():.3g}", f"{odd.max():.3g}"
    evidence = (
        f"loss.name=ce with targets.mode=soft: the targets of {share(len(odd), len(mass))} training clips sum to "
        f"{low if low == high else f'{low} to {high}'} in place of 1"
    )
    return [(evidence, "loss.name=bce, or targets.mode=hard")]


def empty_clips_without_target(subject: Subject) -> Found:
    """TF018: a softmax has no way to say nothing; clips with nothing active have a loss of 0."""
    spec = subject.spec
    if spec.loss.name != "ce" or spec.targets.smoothing > 0:
        return []
    empty = int((_masses(subject) == 0).sum())
    if not empty:
        return []
    evidence = (
        f"loss.name=ce: {share(empty, len(subject.split.learnt))} training clips have no target and teach nothing"
    )
    return [(evidence, "data.drop_empty=true, or loss.name=bce")]


def class_weights_as_they_are(subject: Subject) -> Found:
    """TF019: (n_c / N)^-T is 5 to 119 in BirdCLEF 2025: the loss, not only its balance, changes."""
    loss, split = subject.spec.loss, subject.split
    if loss.class_weight_temperature == 0 or loss.class_weight_scale != "none":
        return []
    counts = np.array([max(1, split.train_counts[name]) for name in split.classes])
    weights = (counts / len(split.learnt)) ** -loss.class_weight_temperature
    evidence = (
        f"loss.class_weight_temperature={loss.class_weight_temperature:g}: weights of {weights.min():.3g} to "
        f"{weights.max():.3g} ({weights.max() / weights.min():.3g} times), {weights.mean():.3g} on average, as if the "
        "learning rate (with Adam and its kin: grad_clip and L2 decay) were changed by that"
    )
    return [(evidence, "loss.class_weight_scale=mean_one")]


def labels_of_unheard_followers(subject: Subject) -> Found:
    """TF020: what follows a clip that fills its segment is cut off, and its labels count all the same."""
    asked, clips = subject.spec.augmentation.concatenate, subject.split.learnt
    seconds = subject.spec.segments.duration_s
    if asked.p == 0:
        return []
    full = clips[clips["duration_s"] >= seconds]
    if len(full) < UNHEARD * len(clips):
        return []
    evidence = (
        f"augmentation.concatenate.p={asked.p:g}: {share(len(full), len(clips))} training clips are no shorter than "
        f"segments.duration_s={seconds:g} ({some(full['clip_id'])}): the second clip isn't heard, its labels count"
    )
    return [(evidence, f"segments.duration_s={float(clips['duration_s'].quantile(0.95)) * 2:.3g}")]


def _masses(subject: Subject) -> np.ndarray:
    """(learnt,) the sum of each clip's targets before smoothing and mixing."""
    weight = subject.spec.targets.secondary_weight
    return subject.split.known(("masses", weight), lambda: _sums(subject.split.learnt, weight))


def _sums(clips: pd.DataFrame, weight: float) -> np.ndarray:
    lists = zip(clips["labels"], clips["secondary_labels"], clips["label_weights"], strict=True)
    sums = []
    for labels, others, certainty in lists:
        left = weight if weight and set(() if others is None else others) - set(labels) else 0.0
        own = float(len(labels)) if certainty is None else float(np.sum(certainty))
        sums.append(left + (1 - left) * own)
    return np.array(sums)
