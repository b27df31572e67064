"""The order of an epoch's clips.

Samplers hold no state: what they draw depends on the generator alone, so an epoch can be resumed and all workers
draw the same order; frequencies are those of the clips given, which are the training fold's. Clips with nothing
active are a group of their own, treated as one more class unless a sampler says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainers.errors import SpecError
from trainers.sampling.membership import Members, membership
from trainers.sampling.spec import (
    BalancedSpec,
    OversampleSpec,
    RareCombinationsSpec,
    SamplingSpec,
    ShuffleSpec,
    TemperatureSpec,
)


def draw_order(targets: np.ndarray, spec: SamplingSpec, extra: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the clips of one epoch.

    With `extra_share` s the sampler draws from the own clips, clips of `data.extra_train` are drawn uniformly with
    replacement until they are the share s of all, and both are shuffled together (so `balanced` then balances
    epochs, not stretches of them). Without it, all clips are alike.

    Args:
        targets: (clips, classes) of the training clips.
        spec: the sampler.
        extra: (clips,) bool: of `data.extra_train`.
        rng: the only source of randomness.

    Returns:
        (order,) int64 clip numbers, as many as `epoch_length` says.

    Raises:
        SpecError: `extra_share` is set and there are no extra clips.
    """
    draw = SAMPLERS[spec.name].draw
    if spec.extra_share is None:
        return draw(targets, spec, rng)
    own = np.flatnonzero(~extra)
    order = own[draw(targets[own], spec, rng)]
    drawn = rng.choice(np.flatnonzero(extra), epoch_length(targets, spec, extra) - len(order))
    return rng.permutation(np.concatenate([order, drawn]))


def epoch_length(targets: np.ndarray, spec: SamplingSpec, extra: np.ndarray) -> int:
    """How many clips an epoch shows, the same for every epoch; for arguments and errors see `draw_order`."""
    length = SAMPLERS[spec.name].length
    if spec.extra_share is None:
        return length(targets)
    if not extra.any():
        raise SpecError(
            f"sampling.extra_share needs clips of data.extra_train, got {spec.extra_share:g} and no such clip. "
            "Try: data.extra_train=[a subset with labels], or sampling.extra_share=null"
        )
    return round(length(targets[~extra]) / (1 - spec.extra_share))


def shuffle(targets: np.ndarray, spec: ShuffleSpec, rng: np.random.Generator) -> np.ndarray:
    """Every clip once, in random order."""
    del spec
    return rng.permutation(len(targets))


def temperature(targets: np.ndarray, spec: TemperatureSpec, rng: np.random.Generator) -> np.ndarray:
    """As many draws with replacement as clips, weights (n_c / N)^-T (BirdCLEF 2025; torch's WeightedRandomSampler)."""
    return _weighted(temperature_weights(targets, spec), rng)


def temperature_weights(targets: np.ndarray, spec: TemperatureSpec) -> np.ndarray:
    """The weight of each clip: (clips,) float64.

    Of its class, or by `multi_label` of its classes: rarest: the largest of their weights; mean: their mean; first:
    that of the class with the largest target, the first such. Clips with nothing active weigh (n_0 / N)^-T.
    """
    member = _with_nothing(membership(targets))
    count = member.sum(axis=0)
    of_class = (np.maximum(count, 1) / len(targets)) ** -spec.temperature
    if spec.multi_label == "first":
        nothing = targets.shape[1]
        return np.asarray(of_class[np.where(member[:, nothing], nothing, targets.argmax(axis=1))])
    if spec.multi_label == "mean":
        return np.asarray(member @ of_class / member.sum(axis=1))
    return np.asarray(np.where(member, of_class, 0.0).max(axis=1))


def balanced(targets: np.ndarray, spec: BalancedSpec, rng: np.random.Generator) -> np.ndarray:
    """Classes take turns in rounds of a new random order each, every turn a random clip of the class.

    As many draws as clips, with replacement; a batch of whole rounds is balanced (after the balanced generator of
    daisukelab/ml-sound-classifier). A clip of several classes is drawn in the turns of each.
    """
    del spec
    members = Members.of(_with_nothing(membership(targets)))
    classes = np.flatnonzero(members.count)
    rounds = -(-len(targets) // len(classes))
    turns = rng.permuted(np.tile(classes, (rounds, 1)), axis=1).ravel()
    return members.pick(turns[: len(targets)], rng)


def oversample(targets: np.ndarray, spec: OversampleSpec, rng: np.random.Generator) -> np.ndarray:
    """Every clip once, and for each class random repeats of its clips until it has as many as the largest.

    For clips of one label each, that is imbalanced-learn's RandomOverSampler. With several labels, what the repeats
    of one class add to others is not counted, so these end up larger. Clips with nothing active are not repeated.
    """
    del spec
    members = Members.of(membership(targets))
    repeated = np.repeat(np.arange(len(members.count)), _missing(members.count))
    return rng.permutation(np.concatenate([np.arange(len(targets)), members.pick(repeated, rng)]))


def rare_combinations(targets: np.ndarray, spec: RareCombinationsSpec, rng: np.random.Generator) -> np.ndarray:
    """As many draws with replacement as clips, weights (n_s / N)^-T by the clip's exact set of classes.

    After the over-sampling of rare label combinations that the authors of Mix2 tried. "Nothing" is a set like others.
    """
    _, which, count = np.unique(
        np.packbits(membership(targets), axis=1), axis=0, return_inverse=True, return_counts=True
    )
    return _weighted((count[which.ravel()] / len(targets)) ** -spec.temperature, rng)


def _with_nothing(member: np.ndarray) -> np.ndarray:
    """(clips, classes) -> (clips, classes + 1): clips with nothing active as one more class."""
    return np.column_stack([member, ~member.any(axis=1)])


def _missing(count: np.ndarray) -> np.ndarray:
    """(classes,) how many clips each class that has any lacks to the largest."""
    return np.where(count > 0, count.max() - count, 0)


def _oversampled_length(targets: np.ndarray) -> int:
    return len(targets) + int(_missing(membership(targets).sum(axis=0)).sum())


def _weighted(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(len(weights), len(weights), p=weights / weights.sum())


@dataclass(frozen=True)
class Sampler:
    """How an epoch is drawn, and how long it is: that must be known before anything is drawn."""

    draw: Callable[[np.ndarray, Any, np.random.Generator], np.ndarray]
    """(targets, spec, rng) -> (order,) int64"""
    length: Callable[[np.ndarray], int] = len
    """targets -> length of the order"""


SAMPLERS: dict[str, Sampler] = {
    "shuffle": Sampler(shuffle),
    "temperature": Sampler(temperature),
    "balanced": Sampler(balanced),
    "oversample": Sampler(oversample, _oversampled_length),
    "rare_combinations": Sampler(rare_combinations),
}
"""Samplers by name."""
