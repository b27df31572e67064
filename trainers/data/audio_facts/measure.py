"""One recording measured at its own sampling rate, with all its channels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from trainers.data.audio_facts.levels import clipped_samples, decibels, silent_frames
from trainers.data.audio_facts.spectrum import spectrum
from trainers.data.decode import probe
from trainers.errors import DataError

VERSION = 1
"""Raised when the same recording would be measured otherwise: what is kept of older versions isn't read."""
STRETCH_S = 5.0
MOST_STRETCHES = 24
"""A recording of more than two minutes is measured in 24 stretches of five seconds, evenly spaced."""


def measure(path: Path) -> dict[str, Any]:
    """Measure a recording: header, levels (dB re full scale), shares of samples and frames, bandwidth.

    Returns:
        ``sample_rate`` (Hz), ``channels``, ``format``, ``length_s``; ``measured_s``, how much was read; ``peak_db``,
        ``rms_db`` and ``dc_offset`` (share of full scale) of the mean of the channels; ``clipped_share`` of the samples
        of all channels; ``silent_share`` of frames of 20 ms; ``bandwidth_hz`` and ``floor_db`` (`Spectrum`).

    Raises:
        DataError: as `probe`, or it can't be decoded, or holds NaN.
    """
    probe(path)
    try:
        with soundfile.SoundFile(path) as file:
            stretches = list(_stretches(file))
            header = _header(file)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path}: decoding failed ({error.error_string})") from None
    if not all(np.isfinite(stretch).all() for stretch in stretches):
        raise DataError(f"{path}: holds samples that are not finite numbers")
    return {**header, **_levels(stretches, file.samplerate)}


def _header(file: soundfile.SoundFile) -> dict[str, Any]:
    kind = file.format if file.subtype in ("VORBIS", "MPEG_LAYER_III") else f"{file.format} {file.subtype}"
    length = file.frames / file.samplerate
    return {"sample_rate": file.samplerate, "channels": file.channels, "format": kind, "length_s": length}


def _stretches(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """(frames, channels) float32 each."""
    size = round(STRETCH_S * file.samplerate)
    wanted = -(-file.frames // size)
    if wanted <= MOST_STRETCHES:
        starts = np.arange(wanted) * size
    else:
        starts = np.linspace(0, file.frames - size, MOST_STRETCHES).round().astype(int)
    for start in starts:
        file.seek(int(start))
        yield file.read(size, dtype="float32", always_2d=True)


def _levels(stretches: list[np.ndarray], rate: int) -> dict[str, float]:
    mono = [stretch.mean(axis=1) for stretch in stretches]
    samples = sum(len(each) for each in mono)
    silent, frames = np.sum([silent_frames(each, rate) for each in mono], axis=0)
    found = spectrum(mono, rate)
    return {
        "measured_s": samples / rate,
        "peak_db": decibels(max(float(np.abs(each).max(initial=0)) for each in mono)),
        "rms_db": decibels(float(np.sqrt(sum(np.square(each, dtype=np.float64).sum() for each in mono) / samples))),
        "dc_offset": float(sum(each.sum(dtype=np.float64) for each in mono) / samples),
        "clipped_share": sum(map(clipped_samples, stretches)) / sum(each.size for each in stretches),
        "silent_share": float(silent / frames) if frames else 0.0,
        "bandwidth_hz": found.bandwidth_hz,
        "floor_db": found.floor_db,
    }
