"""Looking for speech in all recordings of a catalogue, on all cores, resumable."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from trainers.data.catalogue import Catalogue
from trainers.data.prepare import Report
from trainers.data.store import refusal
from trainers.data.voices.detect import Speech
from trainers.data.voices.marks import marks_path, read_marks, write_marks
from trainers.data.voices.pool import processes
from trainers.data.voices.settings import SpeechSettings
from trainers.errors import DataError

BATCH = 8
"""Recordings per job: what a killed search does again, per core"""
SAVE_EVERY_S = 10.0

Found = dict[str, tuple[Speech, float]]
"""speech and seconds of each recording, by content"""


@dataclass(frozen=True)
class Search:
    """What a search found, now and before."""

    speech: dict[str, Speech]
    """by content hash of the recording, of all recordings of the catalogue"""
    looked_at: int
    """recordings that had not been looked at before"""
    audio_s: float
    """their length"""
    seconds: float
    """what it took"""


def search_voices(catalogue: Catalogue, settings: SpeechSettings, report: Report | None = None) -> Search:
    """Find the stretches with speech in every recording that hasn't been looked at with these settings.

    What is found is on disk every ten seconds: a search that was stopped goes on where it was.

    Raises:
        DataError: recordings that can't be decoded, all of them with their reasons; the others are kept.
    """
    path = marks_path(catalogue.name)
    wanted = dict(zip(catalogue.clips["content"], catalogue.paths(catalogue.clips), strict=True))
    known = {content: one for content, one in read_marks(path, settings).items() if content in wanted}
    missing = [(content, file) for content, file in wanted.items() if content not in known]
    began, saved, audio_s, refused = time.monotonic(), time.monotonic(), 0.0, list[str]()
    done, before = 0, len(known)
    try:
        for tried, found, reasons in _search_all(missing, settings):
            done += tried
            refused += reasons
            known |= {content: speech for content, (speech, _) in found.items()}
            audio_s += sum(seconds for _, seconds in found.values())
            if time.monotonic() - saved > SAVE_EVERY_S:
                write_marks(path, known, settings)
                saved = time.monotonic()
            if report is not None:
                report(f"listening for voices in {catalogue.name}", done, len(missing))
    finally:
        if len(known) > before:
            write_marks(path, known, settings)
    if refused:
        raise DataError(refusal(refused))
    return Search(known, len(missing), audio_s, time.monotonic() - began)


def _search_all(files: Sequence[tuple[str, Path]], settings: SpeechSettings) -> Iterator[tuple[int, Found, list[str]]]:
    """Per batch: recordings tried, what was found in them, the reasons of those refused."""
    if not files:
        return
    batches = [files[first : first + BATCH] for first in range(0, len(files), BATCH)]
    with processes(len(batches)) as pool:
        for job in as_completed([pool.submit(search_batch, batch, settings) for batch in batches]):
            yield job.result()


def search_batch(batch: Sequence[tuple[str, Path]], settings: SpeechSettings) -> tuple[int, Found, list[str]]:
    """Decode a few recordings and look for speech in them; in a process of its own."""
    import torch

    from trainers.data.decode import decode
    from trainers.data.voices.detect import find_speech
    from trainers.data.voices.network import SAMPLE_RATE

    torch.set_num_threads(1)  # the cores are taken by the other processes
    found, refused = Found(), []
    for content, path in batch:
        try:
            samples = decode(path, SAMPLE_RATE)
        except DataError as error:
            refused.append(str(error))
        else:
            found[content] = find_speech(samples, settings), len(samples) / SAMPLE_RATE
    return len(batch), found, refused
