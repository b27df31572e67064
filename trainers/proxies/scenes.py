"""Validation re-rendered as the target: held-out clips in the background of unlabelled soundscapes.

The idea of scoring on synthetic copies of the target domain is that of Deng & Zheng 2021 (AutoEval); scenes with
several calls over field noise are those of scaper (Salamon et al. 2017). What of it ranked well: CHORUS in
docs/findings.md. A scene's draws depend on the proxy's seed and its number alone: all runs of a fold see the same.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from trainers.data.dataset import ClipSet
from trainers.errors import DataError
from trainers.proxies.sound import LOUD_SHARE, equalized, equalizer, heard_from, level
from trainers.proxies.spec import RerenderSpec, RobustnessSpec
from trainers.spec import RunSpec

FULL_SCALE = 32_768.0
FADE_S = 0.02
SHORTEST_S = 1.0
SILENCE = 1e-6
"""Below the rounding of 16 bits: a background or call that is digital silence has this level."""
DISTANCE_POWER = 0.7
"""Distances are U^.7: more are far than near, as on a plane."""
MOST_FOR_SPECTRUM = 60


@dataclass(frozen=True)
class Source:
    """Where the sounds of scenes come from."""

    calls: tuple[np.ndarray, ...]
    """(samples,) int16 each: the validation clips"""
    targets: np.ndarray
    """(calls, classes) 0 or 1"""
    background: tuple[np.ndarray, ...]
    """(samples,) int16 each: the target's clips, at least a segment long"""
    rate: int
    samples: int
    """of a scene"""

    @classmethod
    def of(cls, spec: RunSpec, val: ClipSet, target: ClipSet) -> "Source":
        """Raises DataError where no clip of the target is as long as a segment."""
        long = tuple(clip for clip in target.samples if len(clip) >= spec.segment_samples)
        if not long:
            raise DataError(
                f"proxies: no clip of the target is as long as a segment ({spec.segments.duration_s:g} s). "
                "Try: a shorter segments.duration_s, or proxies without rerender and robustness"
            )
        labels = (val.targets > 0).astype(np.float32)
        return cls(val.samples, labels, long, spec.data.sample_rate, spec.segment_samples)

    @cached_property
    def gain_db(self) -> np.ndarray:
        """Of the filter from the calls' mean spectrum to the background's."""
        return equalizer(_some(self.calls), _some(self.background), self.rate)


def render(proxy: RerenderSpec, source: Source) -> ClipSet:
    """Scenes with up to `max_sources` clips, near and far, and some with none."""
    low, high = proxy.snr_db

    def scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        count = 0 if rng.random() < proxy.empty_share else int(rng.integers(1, proxy.max_sources + 1))
        distances = rng.random(count) ** DISTANCE_POWER
        return _scene(source, proxy, [(d, high - (high - low) * d) for d in distances], rng)

    return _clip_set(proxy.name, [scene(_stream(proxy.seed, number)) for number in range(proxy.scenes)], source)


def render_at(proxy: RobustnessSpec, snr_db: float, source: Source) -> ClipSet:
    """Scenes with one clip each, all at the same SNR; the same clips, places and backgrounds for every SNR."""

    def scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return _scene(source, proxy, [(rng.random() ** DISTANCE_POWER, snr_db)], rng)

    return _clip_set(proxy.name, [scene(_stream(proxy.seed, number)) for number in range(proxy.scenes)], source)


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, number])


def _scene(
    source: Source, proxy: RerenderSpec | RobustnessSpec, sounds: list[tuple[float, float]], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(samples,) int16 and (classes,) labels of a scene with sounds given as (distance, SNR in dB)."""
    track = _background(source, rng)
    floor = max(level(track, source.rate, 1.0), SILENCE)
    labels = np.zeros(source.targets.shape[1], np.float32)
    for distance, snr_db in sounds:
        call, own = _call(source, rng)
        if proxy.equalize:
            call = equalized(call, source.gain_db, source.rate)
        if proxy.far:
            call = heard_from(call, source.rate, distance, rng)
        loudness = max(level(call, source.rate, LOUD_SHARE), SILENCE)
        at = int(rng.integers(source.samples - len(call) + 1))
        track[at : at + len(call)] += call * np.float32(floor * 10 ** (snr_db / 20) / loudness)
        labels = np.maximum(labels, own)
    return np.clip(np.rint(track * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16), labels


def _background(source: Source, rng: np.random.Generator) -> np.ndarray:
    """The quietest of three random segments: the others hold more unlabelled calls."""
    picks = []
    for _ in range(3):
        clip = source.background[rng.integers(len(source.background))]
        first = int(rng.integers(len(clip) - source.samples + 1))
        picks.append(clip[first : first + source.samples].astype(np.float32) / np.float32(FULL_SCALE))
    return min(picks, key=lambda piece: level(piece, source.rate, LOUD_SHARE))


def _call(source: Source, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A stretch of a clip of a uniformly drawn class, cut to 1 s or more and faded, with its labels."""
    classes = np.flatnonzero(source.targets.any(0))
    clips = np.flatnonzero(source.targets[:, classes[rng.integers(len(classes))]])
    clip = clips[rng.integers(len(clips))]
    samples = source.calls[clip]
    most = min(len(samples), source.samples)
    length = int(rng.integers(min(most, round(SHORTEST_S * source.rate)), most + 1))
    first = int(rng.integers(len(samples) - length + 1))
    call = samples[first : first + length].astype(np.float32) / np.float32(FULL_SCALE)
    fade = np.linspace(0, 1, min(length // 2, round(FADE_S * source.rate)), dtype=np.float32)
    call[: len(fade)] *= fade
    call[len(call) - len(fade) :] *= fade[::-1]
    return call, source.targets[clip]


def _some(sounds: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    chosen = np.linspace(0, len(sounds) - 1, min(len(sounds), MOST_FOR_SPECTRUM)).round().astype(int)
    return [sounds[number].astype(np.float32) / np.float32(FULL_SCALE) for number in chosen]


def _clip_set(name: str, scenes: list[tuple[np.ndarray, np.ndarray]], source: Source) -> ClipSet:
    """Scenes as clips of a segment each, recordings of their own."""
    ids = [f"{name}-{number:05d}" for number in range(len(scenes))]
    seconds = source.samples / source.rate
    clips = pd.DataFrame({"clip_id": ids, "recording_id": ids, "start_s": 0.0, "duration_s": seconds})
    targets, n = np.stack([labels for _, labels in scenes]), len(scenes)
    return ClipSet(clips, tuple(samples for samples, _ in scenes), targets, np.ones(n, np.float32), np.zeros(n))
