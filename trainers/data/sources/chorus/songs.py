"""Songs: eight kinds, how one is drawn, how an individual varies it, and how its notes sound."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainers.data.sources.chorus.streams import Audio, to_audio

Random = np.random.Generator


@dataclass(frozen=True)
class Song:
    """A bout of notes. Frequencies of a note: f0 * 2^(slope*u + curve*(u^2-.08) + vibrato), u in [-.5, .5]."""

    kind: str
    f0_hz: float
    note_s: float
    period_s: float  # from one note to the next
    notes: tuple[int, int]  # fewest and most notes of a bout
    slope_oct: float = 0.0
    curve_oct: float = 0.0
    vibrato_oct: float = 0.0
    vibrato_hz: float = 0.0
    pulse_hz: float = 0.0  # amplitude pulses of a buzz
    step_oct: float = 0.0  # notes alternate by plus and minus half of this
    drift_oct: float = 0.0  # from the first to the last note of a bout
    harmonics: int = 1
    decay: float = 0.0  # amplitude of a harmonic relative to the one below


@dataclass(frozen=True)
class Note:
    """When a note sounds, in seconds from the start of the recording."""

    start_s: float
    end_s: float


def _sign(rng: Random, low: float, high: float) -> float:
    """Draw a size in [low, high] with a random sign."""
    return float(rng.uniform(low, high) * rng.choice([-1.0, 1.0]))


def _whistle(f0_hz: float, rng: Random) -> Song:
    """A pure, nearly level tone."""
    note = rng.uniform(0.25, 0.6)
    return Song("whistle", f0_hz, note, note + rng.uniform(0.2, 0.5), (1, 4), slope_oct=_sign(rng, 0.0, 0.12))


def _chirp(f0_hz: float, rng: Random) -> Song:
    """Short, steep notes in quick succession."""
    shape: dict[str, Any] = {"slope_oct": _sign(rng, 0.4, 0.9), "curve_oct": float(rng.uniform(-1, 1))}
    return Song("chirp", f0_hz, rng.uniform(0.05, 0.12), rng.uniform(0.18, 0.35), (4, 10), **shape)


def _trill(f0_hz: float, rng: Random) -> Song:
    """The same short note, 9 to 24 times a second."""
    rate, length = rng.uniform(9, 24), rng.uniform(0.8, 1.8)
    count = max(6, round(rate * length))
    shape: dict[str, Any] = {"slope_oct": _sign(rng, 0.1, 0.35), "drift_oct": float(rng.uniform(-0.15, 0.15))}
    return Song("trill", f0_hz, 0.65 / rate, 1 / rate, (int(0.8 * count), int(1.2 * count)), **shape)


def _stack(f0_hz: float, rng: Random) -> Song:
    """Low, arched notes with many harmonics."""
    low, note = min(f0_hz * rng.uniform(0.4, 0.8), 1700.0), rng.uniform(0.25, 0.55)
    shape: dict[str, Any] = {"curve_oct": -float(rng.uniform(0.6, 1.6)), "decay": float(rng.uniform(0.55, 0.85))}
    return Song("stack", low, note, note + rng.uniform(0.15, 0.5), (2, 5), harmonics=6, **shape)


def _sweep(f0_hz: float, rng: Random) -> Song:
    """A long glide over about an octave."""
    note = rng.uniform(0.3, 0.7)
    shape: dict[str, Any] = {
        "slope_oct": _sign(rng, 0.6, 1.2),
        "curve_oct": float(rng.uniform(-0.6, 0.6)),
        "decay": 0.25,
    }
    return Song("sweep", f0_hz, note, note + rng.uniform(0.2, 0.6), (1, 4), harmonics=2, **shape)


def _buzz(f0_hz: float, rng: Random) -> Song:
    """A rasping band: a slightly unsteady tone in pulses, 55 to 130 a second."""
    note = rng.uniform(0.25, 0.7)
    shape: dict[str, Any] = {"pulse_hz": float(rng.uniform(55, 130)), "slope_oct": _sign(rng, 0.0, 0.15)}
    return Song("buzz", f0_hz, note, note + rng.uniform(0.2, 0.6), (1, 4), **shape)


def _two_note(f0_hz: float, rng: Random) -> Song:
    """Two pitches in turn, like a cuckoo or a tit."""
    note = rng.uniform(0.18, 0.35)
    shape: dict[str, Any] = {"step_oct": _sign(rng, 0.2, 0.5), "harmonics": 2, "decay": 0.15}
    return Song("two-note", f0_hz, note, note * rng.uniform(1.2, 1.5), (4, 8), **shape)


def _warble(f0_hz: float, rng: Random) -> Song:
    """A long note with a deep vibrato."""
    note = rng.uniform(0.6, 1.3)
    shape: dict[str, Any] = {"vibrato_oct": float(rng.uniform(0.12, 0.3)), "vibrato_hz": float(rng.uniform(6, 18))}
    return Song("warble", f0_hz, note, note + rng.uniform(0.3, 0.7), (1, 3), slope_oct=_sign(rng, 0.0, 0.3), **shape)


KINDS: dict[str, Callable[[float, Random], Song]] = {
    "whistle": _whistle,
    "chirp": _chirp,
    "trill": _trill,
    "stack": _stack,
    "sweep": _sweep,
    "buzz": _buzz,
    "two-note": _two_note,
    "warble": _warble,
}


def draw_song(kind: str, rng: Random) -> Song:
    """Draw a song of a kind, its pitch log-uniform between 1.1 and 5.2 kHz."""
    return KINDS[kind](float(1100 * (5200 / 1100) ** rng.random()), rng)


def vary(song: Song, pitch_oct: float, tempo_oct: float) -> Song:
    """Return the song higher by ``pitch_oct`` octaves and faster by a factor 2^``tempo_oct``."""
    faster = 2.0**tempo_oct
    return replace(
        song,
        f0_hz=song.f0_hz * 2.0**pitch_oct,
        note_s=song.note_s / faster,
        period_s=song.period_s / faster,
        vibrato_hz=song.vibrato_hz * faster,
        pulse_hz=song.pulse_hz * faster,
    )


def _smooth_noise(n: int, step: int, rng: Random) -> np.ndarray:
    """Return noise of unit size that changes over about ``step`` samples. Shape (n,)."""
    knots = rng.standard_normal(n // step + 2)
    return np.interp(np.arange(n), np.arange(len(knots)) * step, knots)


def _envelope(song: Song, u: np.ndarray) -> np.ndarray:
    """Return the loudness of a note: soft edges, fading from the middle, pulses for a buzz. Shape (n,)."""
    edge = min(0.02, 0.3 * song.note_s)
    t = (u + 0.5) * song.note_s
    ramp = np.clip(np.minimum(t, song.note_s - t) / edge, 0, 1)
    loudness: np.ndarray = np.sin(0.5 * np.pi * ramp) ** 2 * (1 - 0.6 * np.abs(u))
    if song.pulse_hz:
        loudness = loudness * (0.05 + 0.95 * (0.5 - 0.5 * np.cos(2 * np.pi * song.pulse_hz * t)) ** 1.5)
    return loudness


def render_note(song: Song, shift_oct: float, rng: Random, rate: int) -> Audio:
    """Render one note, its pitch moved by ``shift_oct``. Shape (samples,)."""
    n = max(32, round(song.note_s * rate))
    u = np.linspace(-0.5, 0.5, n)
    octaves = shift_oct + song.slope_oct * u + song.curve_oct * (u**2 - 0.08)
    if song.vibrato_oct:
        octaves += song.vibrato_oct * np.sin(2 * np.pi * (song.vibrato_hz * (u + 0.5) * song.note_s + rng.random()))
    if song.pulse_hz:
        octaves += 0.012 * _smooth_noise(n, max(1, rate // 250), rng)
    pitch = song.f0_hz * 2.0**octaves
    phase = 2 * np.pi * (np.cumsum(pitch) / rate + rng.random())
    note = np.zeros(n)
    for h in range(1, song.harmonics + 1):
        note += song.decay ** (h - 1) * np.sin(h * phase) * np.clip((0.475 * rate - h * pitch) / 250, 0, 1)
    return to_audio(note * _envelope(song, u))


def _bout(song: Song, rng: Random) -> list[tuple[float, float]]:
    """Return start (s) and pitch shift (octaves) of each note of one bout."""
    count = int(rng.integers(song.notes[0], song.notes[1] + 1))
    if song.step_oct:
        count += count % 2
    level = np.linspace(-0.5, 0.5, count) * song.drift_oct
    side = np.where(np.arange(count) % 2 == 0, 0.5, -0.5) * song.step_oct
    shift = level + side + 0.012 * rng.standard_normal(count)
    start = (np.arange(count) + 0.02 * rng.standard_normal(count).clip(-2, 2)) * song.period_s
    return list(zip(start.clip(0).tolist(), shift.tolist(), strict=True))


def sing(song: Song, length_s: float, rng: Random, rate: int, gap: float = 1.0) -> tuple[Audio, list[Note]]:
    """Sing for ``length_s``: bouts, with pauses of .5-2.5 s * Exp(1) * ``gap``.

    Returns the samples, shape (samples,), and when each note sounds. The first bout begins at once, so that there is
    always at least one note.
    """
    audio = np.zeros(round(length_s * rate), np.float32)
    notes: list[Note] = []
    begin = 0.0
    while begin < length_s:
        loud = 10 ** (rng.normal(0, 1.5) / 20)
        for start, shift in _bout(song, rng):
            wave = render_note(song, shift, rng, rate)
            at = round((begin + start) * rate)
            if at + len(wave) > len(audio) and notes:
                return audio, notes
            wave = wave[: len(audio) - at]
            audio[at : at + len(wave)] += loud * wave
            notes.append(Note(at / rate, (at + len(wave)) / rate))
        begin = notes[-1].end_s + gap * rng.uniform(0.5, 2.5) * rng.exponential()
    return audio, notes
