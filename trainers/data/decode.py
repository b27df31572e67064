"""From a recording in any format libsndfile reads to mono int16 at the wanted rate, a block at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from trainers.data.ogg import is_cut
from trainers.errors import DataError

DECODER_VERSION = 1
"""Part of the store's keys; raised when the same file would decode to other samples."""
MAX_CHANNELS = 32
MAX_RATE_HZ = 768_000
MAX_DURATION_S = 6 * 3600
UNKNOWN_LENGTH = 2**63 - 1
"""libsndfile's number of frames of a FLAC stream whose encoder couldn't go back to the header."""
BLOCK_VALUES = 2**19
"""Samples of all channels that are in memory at once, before resampling: 2 MiB of float32, however long the file."""
CHUNK_SIZE = re.compile(r"^ *(?:RIFF|RF64|FORM|riff|Riff size|data|Data Size|SSND) *: (\d+) \(should be (\d+)\)", re.M)
"""What libsndfile's log says of a WAV, AIFF and their kin whose end is missing."""


@dataclass(frozen=True)
class AudioInfo:
    """What a recording's header says."""

    sample_rate: int
    """Hz"""
    duration_s: float


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read from its beginning to its end.

    soundfile seeks after every read. In MP3 the decoder's memory of earlier frames is lost with that: within a frame
    after the seek, samples were wrong by up to 0.26 of full scale.
    """

    def seekable(self) -> bool:
        return False


def probe(path: Path) -> AudioInfo:
    """Read a recording's header and look for a cut end.

    Raises:
        DataError: not a regular file, not audio, implausible, empty or cut short.
    """
    with _opened(path) as file:
        return AudioInfo(file.samplerate, file.frames / file.samplerate)


def decode(path: Path, sample_rate: int) -> np.ndarray:
    """Decode a recording to mono int16 at `sample_rate` Hz, whole: (samples,). As `decoded` otherwise."""
    return np.concatenate(list(decoded(path, sample_rate)))


def decoded(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Decode a recording to mono int16 at `sample_rate` Hz, resampled by soxr in its HQ quality.

    Blocks change no sample: what soxr's stream makes of them is bit for bit what it makes of the whole.

    Yields:
        (samples,) int16, one after the other. Channels are averaged; values beyond full scale are clipped.

    Raises:
        DataError: as `probe`, or the file ends before its header says it does, or holds NaN. What was yielded before
            must not be used.
    """
    with _opened(path) as file:
        blocks = _mono_blocks(path, file)
        if file.samplerate != sample_rate:
            blocks = _resampled(blocks, file.samplerate, sample_rate)
        for block in blocks:
            block *= 32_768
            np.rint(block, out=block)
            yield np.clip(block, -32_768, 32_767, out=block).astype(np.int16)


def decode_into(path: Path, sample_rate: int, shard: Path, offset: int) -> int:
    """Decode a recording to the end of a file of int16 samples; returns how many.

    Args:
        path: the recording.
        sample_rate: Hz.
        shard: the file; exists.
        offset: where its samples end so far; what lies behind is of a decoding that failed, and is dropped.

    Raises:
        DataError: as `decoded`.
        OSError: the samples can't be written.
    """
    written = 0
    with shard.open("r+b") as file:
        file.truncate(2 * offset)
        file.seek(2 * offset)
        for block in decoded(path, sample_rate):
            file.write(block.astype("<i2").tobytes())
            written += len(block)
    return written


def _opened(path: Path) -> _Forward:
    """A file that is worth decoding."""
    if not path.is_file():  # before it is opened: to open a FIFO waits for a writer
        raise DataError(f"{path}: no such recording" if not path.exists() else f"{path}: not a regular file")
    try:
        file = _Forward(path)
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path}: not readable as audio ({_said(error)})") from None
    try:
        _check_end(path, file)
        _check_header(path, file)
    except BaseException:
        file.close()
        raise
    return file


def _check_header(path: Path, file: _Forward) -> None:
    if file.channels > MAX_CHANNELS or not 0 < file.samplerate <= MAX_RATE_HZ:
        raise DataError(f"{path}: implausible header: {file.channels} channels at {file.samplerate} Hz")
    if file.frames <= 0:
        raise DataError(f"{path}: holds no samples")
    if file.frames == UNKNOWN_LENGTH:
        raise DataError(f"{path}: its header doesn't say how long it is. Try: encode it again to a file, not a pipe")
    if file.frames / file.samplerate > MAX_DURATION_S:
        raise DataError(f"{path}: {file.frames / file.samplerate:.0f} s long, more than {MAX_DURATION_S} s")


def _check_end(path: Path, file: _Forward) -> None:
    if file.format == "OGG":
        cut = is_cut(path)
    else:  # one byte of padding is often promised and not there; more after the end than promised does no harm
        cut = any(int(promised) > int(there) + 1 for promised, there in CHUNK_SIZE.findall(file.extra_info))
    if cut:
        raise DataError(f"{path}: cut short: the end that its header or stream promises is missing")


def _mono_blocks(path: Path, file: _Forward) -> Iterator[np.ndarray]:
    """The mean of the channels: (frames,) float32, finite, as many frames in all as the header says."""
    frames, size = 0, BLOCK_VALUES // file.channels
    while frames < file.frames:
        try:
            block = file.read(min(size, file.frames - frames), dtype="float32")
        except soundfile.LibsndfileError as error:
            raise DataError(f"{path}: decoding failed ({_said(error)})") from None
        if not len(block):
            raise DataError(f"{path}: cut short: {frames} of {file.frames} frames can be decoded")
        mono = block if block.ndim == 1 else block.mean(axis=1)
        if not np.isfinite(mono).all():
            raise DataError(f"{path}: holds samples that are not finite numbers")
        frames += len(block)
        yield mono


def _resampled(blocks: Iterator[np.ndarray], rate: int, wanted: int) -> Iterator[np.ndarray]:
    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _said(error: soundfile.LibsndfileError) -> str:
    return error.error_string or f"libsndfile's error {error.code}"
