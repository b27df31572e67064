"""From a recording in any format libsndfile reads to mono int16 at the wanted rate."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from trainers.errors import DataError

DECODER_VERSION = 1
"""Part of the store's keys; raised when the same file would decode to other samples."""
MAX_CHANNELS = 32
MAX_RATE_HZ = 768_000
MAX_DURATION_S = 6 * 3600
NO_END = "lacks an end-of-stream bit"
CHUNK_SIZE = re.compile(r"^ *(?:RIFF|RF64|FORM|riff|Riff size|data|Data Size|SSND) *: (\d+) \(should be (\d+)\)", re.M)
"""What libsndfile's log says of a file whose end is missing: of Ogg, and of WAV, AIFF and their kin."""


@dataclass(frozen=True)
class AudioInfo:
    """What a recording's header says."""

    sample_rate: int
    """Hz"""
    duration_s: float


def probe(path: Path) -> AudioInfo:
    """Read a recording's header and look for a cut end.

    Raises:
        DataError: not a regular file, not audio, implausible, empty or cut short.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such recording" if not path.exists() else f"{path}: not a regular file")
    try:
        with soundfile.SoundFile(path) as file:
            _check_header(path, file)
            return AudioInfo(file.samplerate, file.frames / file.samplerate)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path}: not readable as audio ({error.error_string})") from None


def decode(path: Path, sample_rate: int) -> np.ndarray:
    """Decode a recording to mono int16 at `sample_rate` Hz, resampled by soxr in its HQ quality.

    Returns:
        (samples,) int16. Channels are averaged; values beyond full scale are clipped.

    Raises:
        DataError: as `probe`, or the file ends before its header says it does, or holds NaN.
    """
    info = probe(path)
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path}: decoding failed ({error.error_string})") from None
    expected = round(info.duration_s * rate)
    if len(audio) < expected:
        raise DataError(f"{path}: cut short: {len(audio)} of {expected} frames can be decoded")
    mono = audio.mean(axis=1)
    if not np.isfinite(mono).all():
        raise DataError(f"{path}: holds samples that are not finite numbers")
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate, quality="HQ")
    scaled: np.ndarray = np.clip(np.rint(mono * 32_768), -32_768, 32_767)
    return scaled.astype(np.int16)


def _check_header(path: Path, file: soundfile.SoundFile) -> None:
    if file.channels > MAX_CHANNELS or not 0 < file.samplerate <= MAX_RATE_HZ:
        raise DataError(f"{path}: implausible header: {file.channels} channels at {file.samplerate} Hz")
    if file.frames <= 0:
        raise DataError(f"{path}: holds no samples")
    if file.frames / file.samplerate > MAX_DURATION_S:
        raise DataError(f"{path}: {file.frames / file.samplerate:.0f} s long, more than {MAX_DURATION_S} s")
    log = file.extra_info
    # one byte of padding is often promised and not there; more after the end than promised does no harm
    if NO_END in log or any(int(promised) > int(there) + 1 for promised, there in CHUNK_SIZE.findall(log)):
        raise DataError(f"{path}: cut short: the end that its header or stream promises is missing")
