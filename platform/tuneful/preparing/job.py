"""Preparing a catalogue at one sample rate, wherever it is decoded, and what came of it."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from trainers.data.catalogue import Catalogue, catalogue_folder
from trainers.data.prepare import recordings
from trainers.data.store import DELETE, Decode, Store, refusal
from trainers.errors import DataError

Report = Callable[[str, int, int], None]
SHOWN = 20
"""Refused recordings that a message names; a file has all of more."""
REFUSED = "refused.txt"


@dataclass(frozen=True)
class Prepared:
    """What preparing came to."""

    recordings: int
    """of the catalogue, copies once"""
    decoded: int
    """in this call; the others were there"""
    hours: float
    """of audio decoded"""
    seconds: float
    """that took"""
    refused: tuple[str, ...]
    """path and reason of each recording that can't be decoded"""


def prepare(catalogue: Catalogue, sample_rate: int, decode: Decode, report: Report) -> Prepared:
    """Decode what of a catalogue isn't in the store yet. Stopped at any moment, what was decoded stays.

    Args:
        catalogue: whose recordings are wanted.
        sample_rate: Hz.
        decode: where: `trainers.data.store.local`, or of `tuneful.preparing.on_ray`.
        report: called with (what is being done, done, in all).

    Raises:
        RecordsError: the samples can't be written.
    """
    store, files = Store(sample_rate), recordings(catalogue)
    missing, begun = store.missing(files), time.monotonic()
    seconds, refused = 0.0, []
    with closing(store.decode(missing, decode)) as results:
        for done, result in enumerate(results, start=1):
            seconds += result.duration_s
            if result.reason:
                refused.append(result.reason)
            report(f"decoding {catalogue.name} at {sample_rate} Hz", done, len(missing))
    elapsed = time.monotonic() - begun
    return Prepared(len(files), len(missing) - len(refused), seconds / 3600, elapsed, tuple(sorted(refused)))


def refuse(name: str, refused: set[str]) -> None:
    """Raise DataError if recordings were refused; a file in the catalogue's folder lists them where they are many."""
    file = catalogue_folder(name) / REFUSED
    file.unlink(missing_ok=True)
    if not refused:
        return
    listed = ""
    if len(refused) > SHOWN:
        file.write_text("".join(f"{reason}\n" for reason in sorted(refused)))
        listed = f" (all of them: {file})"
    raise DataError(refusal(sorted(refused), SHOWN, f"{DELETE}{listed}"))
