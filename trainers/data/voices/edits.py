"""Recordings written anew without speech: files of their own, the originals stay as they are."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from trainers.data.decode import DECODER_VERSION, decode, probe
from trainers.data.prepare import Report
from trainers.data.store import content_hash
from trainers.data.voices.audio import joined, muted
from trainers.data.voices.pool import processes

VERSION = 1
"""Raised when the same edit would write other samples"""
MAX_FLAC_HZ = 655_350
CHANGES = {"join": joined, "mute": muted}


@dataclass(frozen=True)
class Edit:
    """What becomes of a recording."""

    content: str
    """of the original, SHA-256"""
    change: str
    """of CHANGES"""
    stretches: tuple[tuple[float, float], ...]
    """seconds: the pieces to join, or those to silence"""

    @property
    def stem(self) -> str:
        """Name of the new file, without its suffix: the same for the same edit."""
        text = json.dumps([VERSION, DECODER_VERSION, asdict(self)])
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Edited:
    """A recording that was written anew."""

    path: Path
    content: str
    duration_s: float


def write_edits(edits: Sequence[tuple[Edit, Path]], folder: Path, report: Report | None = None) -> dict[Edit, Edited]:
    """Write what isn't there yet: mono 16-bit FLAC at the recording's own rate (WAV above 655,350 Hz).

    That is what the store would hold of it: nothing more is lost. A file appears when all of it is written.

    Args:
        edits: each with its original's path.
        folder: where the new files go.
        report: called with (what is being done, done, in all).

    Raises:
        DataError: a recording can't be decoded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[Edit, Edited] = {}
    with processes(len(edits)) as pool:
        jobs = {pool.submit(write_edit, edit, original, folder): edit for edit, original in edits}
        for job in as_completed(jobs):
            written[jobs[job]] = job.result()
            if report is not None:
                report("writing recordings without voices", len(written), len(jobs))
    return written


def write_edit(edit: Edit, original: Path, folder: Path) -> Edited:
    """Write one; in a process of its own."""
    rate = probe(original).sample_rate
    path = folder / f"{edit.stem}.{'flac' if rate <= MAX_FLAC_HZ else 'wav'}"
    if not path.exists():
        _write(path, CHANGES[edit.change](decode(original, rate), edit.stretches, rate), rate)
    return Edited(path, content_hash(path), probe(path).duration_s)


def _write(path: Path, samples: np.ndarray, rate: int) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        soundfile.write(temporary, samples, rate, format=path.suffix[1:].upper(), subtype="PCM_16")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
