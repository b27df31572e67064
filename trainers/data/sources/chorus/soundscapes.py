"""Soundscapes: an unattended recorder hears several singers at once, far away, among wind, rain and insects."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from trainers.data.sources.chorus.acoustics import add_at, loudness, through_microphone, travel
from trainers.data.sources.chorus.link import through_telephone, with_gaps
from trainers.data.sources.chorus.noise import coloured, insect, level_above, rain, wind
from trainers.data.sources.chorus.people import Site, make_site
from trainers.data.sources.chorus.songs import Note, Song, sing, vary
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.sources.chorus.species import draw_individual, make_species
from trainers.data.sources.chorus.streams import Audio, Stream, generator

Random = np.random.Generator

MAX_PEAK = 0.89  # of full scale; louder files are turned down as a whole


@dataclass(frozen=True)
class Soundscape:
    """A rendered soundscape, its site, and the true species of each window."""

    audio: Audio
    site: int
    windows: tuple[tuple[str, ...], ...]


@cache
def dialect(spec: ChorusSpec, species: int, song_type: int) -> tuple[float, float]:
    """Return how the region of the soundscapes sings a song: pitch (octaves) and tempo (log2) against the training."""
    pitch, tempo = generator(spec, Stream.DIALECT, species, song_type).normal(0, 1, 2).tolist()
    return pitch * spec.dialect_pitch_sd_oct, tempo * spec.dialect_tempo_sd_oct


@cache
def confuser(spec: ChorusSpec) -> Song:
    """Return the song of an unlisted species that resembles a listed one."""
    rng = generator(spec, Stream.DIALECT, spec.n_species)
    like = make_species(spec)[int(rng.integers(spec.n_species))].songs[0]
    return vary(like, 0.12 * float(rng.choice([-1.0, 1.0])), 0.0)


def _background(spec: ChorusSpec, site: Site, n: int, rng: Random) -> Audio:
    """Render what is there without any singer; its rms above 700 Hz is one. Shape (n,)."""
    rate = spec.sample_rate
    audio = coloured(n, rate, site.noise_slope, rng)
    audio /= np.float32(level_above(audio, rate))
    for band in site.insects:
        level_db = spec.insect_db + rng.uniform(-9, 3)
        audio += insect(n, rate, band, rng) * np.float32(10 ** (level_db / 20))
    if rng.random() < spec.wind_share:
        audio += wind(n, rate, rng) * np.float32(10 ** (rng.uniform(0, 14) / 20))
    if rng.random() < spec.rain_share:
        audio += rain(n, rate, rng) * np.float32(10 ** (rng.uniform(-6, 3) / 20))
    return audio / np.float32(level_above(audio, rate))


def _add_confuser(spec: ChorusSpec, track: Audio, rng: Random) -> None:
    """Let the unlisted look-alike sing through much of the file, almost without pauses."""
    length_s = rng.uniform(0.4, 1.0) * spec.soundscape_s
    dry, _ = sing(confuser(spec), length_s, rng, spec.sample_rate, gap=0.25)
    wet = travel(dry, rng.random() ** 0.7, spec.sample_rate, rng, spec.reverb)
    level = 10 ** (rng.uniform(-6, 9) / 20) / loudness(wet)
    at = int(rng.uniform(0, spec.soundscape_s - length_s) * spec.sample_rate)
    add_at(track, wet * np.float32(level), at)


def _add_singer(spec: ChorusSpec, site: Site, track: Audio, rng: Random) -> tuple[int, list[Note]]:
    """Add one individual to the track; return its species and when its notes sound."""
    rate = spec.sample_rate
    species = int(rng.choice(spec.n_species, p=site.prevalence))
    kind, song = draw_individual(spec, make_species(spec)[species], spec.test_song_types, rng)
    song = vary(song, *dialect(spec, species, kind))
    stay_s = rng.uniform(spec.singing_min_s, min(spec.singing_max_s, spec.soundscape_s))
    start_s = max(0.0, rng.uniform(-0.5 * stay_s, spec.soundscape_s - 0.5 * stay_s))
    distance = float(rng.random() ** 0.7)
    snr_db = spec.near_snr_db - spec.distance_loss_db * distance + rng.normal(0, 1.5)
    dry, notes = sing(song, min(stay_s, spec.soundscape_s - start_s), rng, rate)
    wet = travel(dry, distance, rate, rng, spec.reverb)
    add_at(track, wet * np.float32(10 ** (snr_db / 20) / loudness(wet)), round(start_s * rate))
    return species, [Note(start_s + note.start_s, start_s + note.end_s) for note in notes]


def _window_labels(spec: ChorusSpec, singers: list[tuple[int, list[Note]]]) -> tuple[tuple[str, ...], ...]:
    """Return the species of each window: those with the middle of a note in it."""
    windows: list[set[str]] = [set() for _ in range(round(spec.soundscape_s / spec.window_s))]
    for species, notes in singers:
        for note in notes:
            window = int((note.start_s + note.end_s) / 2 / spec.window_s)
            windows[min(window, len(windows) - 1)].add(make_species(spec)[species].code)
    return tuple(tuple(sorted(window)) for window in windows)


def render_soundscape(spec: ChorusSpec, stream: Stream, index: int) -> Soundscape:
    """Render soundscape ``index`` of the hidden test or of the unlabelled target.

    Background, look-alike and each singer draw from their own stream: changing one setting leaves the others as they
    were, so that two specs can be compared file by file.
    """
    rng, rate = generator(spec, stream, index), spec.sample_rate
    number = int(rng.integers(spec.n_sites))
    with_confuser = rng.random() < spec.confuser_share
    count = int(rng.poisson(spec.singers_per_30_s * spec.soundscape_s / 30))
    background, alike, *individuals = rng.spawn(2 + count)
    site, n = make_site(spec, number), round(spec.soundscape_s * rate)
    track = _background(spec, site, n, background)
    if with_confuser:
        _add_confuser(spec, track, alike)
    singers = [_add_singer(spec, site, track, individual) for individual in individuals]
    audio = through_microphone(track, rate, site.microphone, spec.microphone)
    if spec.telephone:
        audio = through_telephone(audio, rate, spec.telephone)
    gain = min(10 ** (site.level_db / 20), MAX_PEAK / max(float(np.abs(audio).max()), 1e-9))
    audio = audio * np.float32(gain)
    if spec.gap_share:
        audio = with_gaps(audio, rate, spec.gap_share, generator(spec, Stream.GAPS, int(stream), index))
    return Soundscape(audio, number, _window_labels(spec, singers))
