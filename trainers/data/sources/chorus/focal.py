"""Focal training clips: somebody points a microphone at one singer."""

from dataclasses import dataclass

import numpy as np

from trainers.data.sources.chorus.acoustics import (
    add_at,
    apply_gain,
    fast_length,
    loudness,
    through_microphone,
    to_peak,
    travel,
)
from trainers.data.sources.chorus.noise import coloured, frequencies, level_above
from trainers.data.sources.chorus.people import Author, Plan, make_author, plan_clips
from trainers.data.sources.chorus.songs import sing
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.sources.chorus.species import Species, draw_individual, make_species
from trainers.data.sources.chorus.streams import Audio, Stream, generator

Random = np.random.Generator


@dataclass(frozen=True)
class Focal:
    """A rendered focal clip and what its catalogue row says."""

    audio: Audio
    secondary_labels: tuple[str, ...]
    song_type: int
    snr_db: float


def clip_length_s(spec: ChorusSpec, rng: Random) -> float:
    """Draw the length of a clip, in steps of 10 ms."""
    length = min(spec.clip_max_s, spec.clip_min_s + rng.exponential() * spec.clip_extra_s)
    return round(length, 2)


def _foreground(spec: ChorusSpec, species: Species, length_s: float, rng: Random) -> tuple[Audio, int]:
    """Render the singer the clip is about, at unit loudness, and which type of song it sings."""
    kind, song = draw_individual(spec, species, spec.train_song_types, rng)
    lead = rng.uniform(0.05, 0.8)
    dry, _ = sing(song, length_s - lead, rng, spec.sample_rate)
    wet = travel(dry, 0.25 * rng.random() ** 2, spec.sample_rate, rng, 0.5 * spec.reverb)
    track = np.zeros(round(length_s * spec.sample_rate), np.float32)
    add_at(track, wet / np.float32(loudness(wet)), round(lead * spec.sample_rate))
    return track, kind


def _second_species(spec: ChorusSpec, first: int, n: int, rng: Random) -> tuple[Audio, tuple[str, ...]]:
    """Render, in some clips, a weaker second species, and its label where the author noticed it. Shape (n,)."""
    track = np.zeros(n, np.float32)
    if rng.random() >= spec.secondary_share:
        return track, ()
    other = make_species(spec)[int(rng.choice([i for i in range(spec.n_species) if i != first]))]
    _, song = draw_individual(spec, other, spec.train_song_types, rng)
    dry, _ = sing(song, rng.uniform(0.3, 0.9) * n / spec.sample_rate, rng, spec.sample_rate)
    wet = travel(dry, rng.uniform(0.2, 0.7), spec.sample_rate, rng, 0.7 * spec.reverb)
    level = 10 ** (-rng.uniform(8, 20) / 20) / loudness(wet)
    add_at(track, wet * np.float32(level), int(rng.uniform(0, 0.5) * n))
    return track, (other.code,) if rng.random() < spec.secondary_labelled_share else ()


def _original(spec: ChorusSpec, index: int, plan: Plan, author: Author) -> Focal:
    """Render a clip that is not another upload of an earlier one."""
    rng, rate = generator(spec, Stream.FOCAL, index), spec.sample_rate
    track, song_type = _foreground(spec, make_species(spec)[plan.species], clip_length_s(spec, rng), rng)
    second, labels = _second_species(spec, plan.species, len(track), rng)
    snr_db = float(rng.uniform(spec.focal_snr_min_db, spec.focal_snr_max_db))
    n = fast_length(len(track))
    noise = coloured(n, rate, author.noise_slope, rng)
    noise *= np.float32(10 ** (-snr_db / 20) / level_above(noise, rate))
    audio = through_microphone(track + second + noise[: len(track)], rate, author.microphone, spec.microphone)
    return Focal(to_peak(audio, -rng.uniform(1.0, 14.0)), labels, song_type, snr_db)


def _another_upload(spec: ChorusSpec, index: int, focal: Focal) -> Focal:
    """Return the same recording as somebody would upload it again: trimmed, filtered, at another level."""
    rng, rate = generator(spec, Stream.DUPLICATE, index), spec.sample_rate
    n = len(focal.audio)
    start = round(rng.uniform(0.0, 0.15) * n)
    length = max(round(4.5 * rate), round(rng.uniform(0.8, 1.0) * (n - start)))
    piece = focal.audio[start : start + length // 160 * 160]
    f = frequencies(fast_length(len(piece)), rate)
    gain = -6 * np.clip((f - rng.uniform(5000, 7500)) / 1000, 0, 6) - 6 * np.clip(rng.uniform(80, 400) / (f + 20), 0, 4)
    audio = to_peak(apply_gain(piece, gain), -rng.uniform(1.0, 14.0))
    return Focal(audio, focal.secondary_labels, focal.song_type, focal.snr_db)


def render_focal(spec: ChorusSpec, index: int) -> Focal:
    """Render training clip ``index``."""
    plan = plan_clips(spec)[index]
    author = make_author(spec, plan.author)
    if plan.original is None:
        return _original(spec, index, plan, author)
    return _another_upload(spec, index, _original(spec, plan.original, plan, author))
