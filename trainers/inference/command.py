"""Recordings in, a table out: what `platform predict` and a bundle's `inference.py` both do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainers.errors import SpecError
from trainers.inference.audio import Ensemble, Scored, recordings
from trainers.inference.tables import FORMATS, birdclef_table, csv_table, read_sample, write_table

Tell = Callable[[int, int], None]
"""hears of (recordings done, in all)"""


@dataclass(frozen=True)
class Wanted:
    """What is to be predicted, and as what."""

    audio: tuple[Path, ...]
    """files and folders"""
    out: Path
    format: str = "csv"
    sample: Path | None = None


def check_wanted(wanted: Wanted) -> None:
    """Refuse before a network is loaded what can't be done.

    Raises:
        SpecError: another format, or a sample for one that has none.
    """
    if wanted.format not in FORMATS:
        raise SpecError(f"--format must be one of {', '.join(FORMATS)}, got {wanted.format!r}")
    if wanted.sample is not None and wanted.format != "birdclef":
        raise SpecError(f"--sample gives rows of --format birdclef, got {wanted.format}. Try: --format birdclef")
    if wanted.out.is_dir():
        raise SpecError(f"--out must be a file, got the folder {wanted.out}. Try: {wanted.out / 'submission.csv'}")


def predict_files(ensemble: Ensemble, wanted: Wanted, tell: Tell | None = None) -> int:
    """Predict recordings and write the table; returns the rows below its header.

    Raises:
        DataError: a recording or the sample can't be used; nothing is written.
    """
    check_wanted(wanted)
    sample = None if wanted.sample is None else read_sample(wanted.sample)
    scored = _scored(ensemble, recordings(wanted.audio), tell)
    if wanted.format == "csv":
        return write_table(wanted.out, csv_table(scored, ensemble.classes))
    return write_table(wanted.out, birdclef_table(scored, ensemble.classes, sample))


def _scored(ensemble: Ensemble, paths: Sequence[Path], tell: Tell | None) -> Iterator[Scored]:
    for number, path in enumerate(paths, 1):
        yield ensemble.score(path)
        if tell is not None:
            tell(number, len(paths))
