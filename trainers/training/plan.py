"""The plan of an epoch: which segments in which order, followed by what, mixed with which."""

from dataclasses import dataclass

import numpy as np

from trainers.data.dataset import ClipSet, train_windows
from trainers.data.segments import Windows, train_starts
from trainers.mixing.partners import PartnerPool, draw_partners
from trainers.sampling.samplers import draw_order, epoch_length
from trainers.spec import RunSpec

NONE = -1


@dataclass(frozen=True)
class EpochPlan:
    """Segments in the order in which they are shown, as clip numbers and first samples."""

    clip: np.ndarray
    start: np.ndarray
    follower: np.ndarray
    """the clip that is joined to the segment's end, or NONE"""
    partner: np.ndarray | None
    """the clip that it is mixed with, where that is drawn from all training clips"""
    partner_start: np.ndarray | None

    def __len__(self) -> int:
        """Number of segments."""
        return len(self.clip)


def segments_per_epoch(spec: RunSpec, train: ClipSet) -> int:
    """Segments that the sampler shows in an epoch."""
    items = train_windows(spec, train)
    return epoch_length(train.targets[items.clip], spec.sampling, train.extra[items.clip])


def draw_plan(spec: RunSpec, train: ClipSet, rng: np.random.Generator) -> EpochPlan:
    """Draw an epoch. All workers draw the same from the same `rng` and take their share of each batch."""
    items = train_windows(spec, train)
    order = draw_order(train.targets[items.clip], spec.sampling, train.extra[items.clip], rng)
    clip = items.clip[order]
    start = items.start[order] if spec.segments.train_crop == "windows" else _starts(spec, train, clip, rng)
    follower = _followers(spec, train, order, _is_full(spec, train, clip, start), rng)
    kind = spec.mixing.partner if spec.mixing.name == "mixup" else "batch"
    if kind == "batch":
        return EpochPlan(clip, start, follower, None, None)
    partner = draw_partners(kind, PartnerPool(train.targets, train.codes("site"), train.hours), clip, rng)
    return EpochPlan(clip, start, follower, partner, _partner_starts(spec, train, items, partner, rng))


def _starts(spec: RunSpec, train: ClipSet, clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    lengths = np.array([len(samples) for samples in train.samples])
    return train_starts(lengths[clip], spec.segment_samples, spec.segments.train_crop, rng)


def _partner_starts(
    spec: RunSpec, train: ClipSet, items: Windows, partner: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    if spec.segments.train_crop != "windows":
        return _starts(spec, train, partner, rng)
    first = np.searchsorted(items.clip, np.arange(len(train)))  # windows are in clip order, each clip has some
    count = np.bincount(items.clip, minlength=len(train))
    return np.asarray(items.start[first[partner] + (rng.random(len(partner)) * count[partner]).astype(np.int64)])


def _is_full(spec: RunSpec, train: ClipSet, clip: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(len(clip),) bool: from its start on the clip fills a whole segment, so that nothing after it would be heard."""
    lengths = np.array([len(samples) for samples in train.samples])
    return np.asarray(lengths[clip] - start >= spec.segment_samples)


def _followers(
    spec: RunSpec, train: ClipSet, order: np.ndarray, full: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The second clip of each segment of `augmentation.concatenate` that isn't full: any clip, uniformly."""
    asked = spec.augmentation.concatenate
    none = np.full(len(order), NONE)
    if asked.p == 0:
        return none
    chosen = rng.random(len(order)) < asked.p
    if asked.on == "repeats":
        chosen &= _seen_before(order)
    return np.where(chosen & ~full, rng.integers(0, len(train), len(order)), none)


def _seen_before(order: np.ndarray) -> np.ndarray:
    """(len(order),) bool: false where an item is shown for the first time."""
    repeated = np.ones(len(order), bool)
    repeated[np.unique(order, return_index=True)[1]] = False
    return repeated
