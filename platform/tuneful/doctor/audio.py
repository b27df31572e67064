"""The formats of recordings that libsndfile really writes and reads here."""

from collections.abc import Iterator
from io import BytesIO

from tuneful.doctor.finding import Finding, Place, ok, problem, warning

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
NEEDED = frozenset({"wav", "flac"})
"""Without these chorus can't be rendered."""
RATE_HZ = 48_000
FIX = "pip install --upgrade soundfile: its wheels bring a libsndfile with all of them"


def audio_formats(place: Place) -> Iterator[Finding]:
    """Encode a tenth of a second in each format, and decode it again."""
    del place
    import soundfile

    missing = {name: reason for name, how in FORMATS.items() if (reason := _refusal(*how))}
    for name, reason in missing.items():
        yield (problem if name in NEEDED else warning)(name, reason, FIX)
    working = ", ".join(name for name in FORMATS if name not in missing)
    yield ok("formats", f"{working} (soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__})")


def _refusal(container: str, codec: str) -> str | None:
    """Why a format doesn't work, or None."""
    import numpy as np
    import soundfile

    file, samples = BytesIO(), 0.5 * np.sin(np.arange(RATE_HZ // 10) / 10)
    try:
        soundfile.write(file, samples, RATE_HZ, format=container, subtype=codec)
        file.seek(0)
        read, rate = soundfile.read(file)
    except (soundfile.LibsndfileError, ValueError) as error:
        return str(error)
    return None if rate == RATE_HZ and len(read) >= len(samples) else f"{len(read)} of {len(samples)} samples read back"
