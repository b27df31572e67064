"""A clip for ears and eyes: WAV for the player, a spectrogram on the mel scale as PNG."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from trainers.errors import DataError

MOST_S = 600.0
"""Longer clips are cut for the page."""
PEAK_DB, MOST_GAIN_DB = -3.0, 40.0
"""Clips are played at one peak level, so that nobody turns the volume up and down for an hour."""
WINDOW_S = 0.032
BANDS, COLUMNS = 128, 1200
F_MIN_HZ = 50.0
RANGE_DB = 75.0
BLOCK_COLUMNS = 64
TICKS_HZ = (250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000)
PALETTE = ((8, 8, 24), (60, 18, 98), (130, 37, 113), (198, 60, 92), (242, 118, 70), (252, 192, 110), (252, 250, 215))
"""Dark to light, evenly in lightness: legible in greys and by colour-blind readers."""


@dataclass(frozen=True)
class Sound:
    """A clip as it is played."""

    samples: np.ndarray
    """(samples,) float32 mono"""
    rate: int
    """Hz, of the recording as published"""
    gain_db: float
    """how much louder than in the recording"""
    cut: bool
    """only the first `MOST_S` seconds"""

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate


def read_sound(path: Path, start_s: float, duration_s: float) -> Sound:
    """Read a stretch of a recording.

    Raises:
        DataError: the recording is gone or can't be read.
    """
    seconds = min(duration_s, MOST_S)
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(min(round(start_s * file.samplerate), file.frames))
            samples = file.read(round(seconds * file.samplerate), dtype="float32", always_2d=True).mean(axis=1)
            rate = file.samplerate
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"{path}: can't be read ({error}). Try: put the recording back") from None
    if not len(samples):
        raise DataError(f"{path}: holds nothing from {start_s:g} s on. Try: add the data again")
    peak_db = 20 * np.log10(max(float(np.abs(samples).max()), 1e-9))
    gain_db = min(PEAK_DB - peak_db, MOST_GAIN_DB)
    return Sound(samples * np.float32(10 ** (gain_db / 20)), rate, gain_db, duration_s > MOST_S)


def wav(sound: Sound) -> bytes:
    """The sound as 16-bit WAV."""
    file = io.BytesIO()
    soundfile.write(file, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def spectrogram_png(sound: Sound) -> bytes:
    """Its spectrogram, low frequencies at the bottom: `BANDS` pixels high, at most `COLUMNS` wide."""
    levels = spectrogram(sound.samples, sound.rate)
    image = Image.fromarray(levels[::-1], mode="P")
    image.putpalette(_palette().tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def spectrogram(samples: np.ndarray, rate: int) -> np.ndarray:
    """Levels on the mel scale, the loudest 255: (bands, columns) uint8, low frequencies first.

    A pixel is the loudest of what falls into it, so that a short call is seen in a long recording.
    """
    window = max(int(WINDOW_S * rate), 16)
    n_fft = 4 << (window - 1).bit_length()  # padded, so that every band has a bin of its own
    edges = np.round(mel_edges(rate) * n_fft / rate).astype(int)
    hop = window // 4
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, window // 2), window)[::hop]
    pooled = -(-len(frames) // COLUMNS)
    size = pooled * BLOCK_COLUMNS
    blocks = [_loudest(frames[i : i + size], n_fft, edges, pooled) for i in range(0, len(frames), size)]
    level_db = 20 * np.log10(np.maximum(np.concatenate(blocks, axis=1), 1e-9))
    floor = max(level_db.max() - RANGE_DB, float(np.quantile(level_db, 0.2)))
    scaled = np.clip((level_db - floor) / max(level_db.max() - floor, 1e-9), 0, 1)
    return np.asarray(255 * scaled, np.uint8)


def mel_edges(rate: int) -> np.ndarray:
    """(bands + 1,) Hz, evenly spaced on the mel scale (O'Shaughnessy 1987) up to half the rate."""
    return np.asarray(_hz(np.linspace(_mel(F_MIN_HZ), _mel(rate / 2), BANDS + 1)))


def frequency_ticks(rate: int) -> list[tuple[float, str]]:
    """Where the axis is labelled: (place from the bottom in [0, 1], text)."""
    low, high = _mel(F_MIN_HZ), _mel(rate / 2)
    shown = [hz for hz in TICKS_HZ if hz < rate / 2 * 0.95]
    return [((_mel(hz) - low) / (high - low), f"{hz} Hz" if hz < 1000 else f"{hz / 1000:g} kHz") for hz in shown]


def _loudest(frames: np.ndarray, n_fft: int, edges: np.ndarray, pooled: int) -> np.ndarray:
    """(frames, window) samples -> (bands, columns) magnitudes, the largest of each band and `pooled` frames."""
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), n_fft, axis=1))
    bands = np.maximum.reduceat(magnitude, edges[:-1], axis=1)
    return np.asarray(np.maximum.reduceat(bands, np.arange(0, len(bands), pooled), axis=0).T)


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _hz(mel: np.ndarray) -> np.ndarray:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


def _palette() -> np.ndarray:
    """(256, 3) uint8"""
    anchors = np.array(PALETTE, float)
    places = np.linspace(0, len(anchors) - 1, 256)
    return np.stack([np.interp(places, np.arange(len(anchors)), c) for c in anchors.T], axis=1).astype(np.uint8)
