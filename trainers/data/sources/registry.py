"""The sources by name: datasets as published, and anyone's own recordings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainers.data.sources.anuraset import read_anuraset
from trainers.data.sources.assemble import SourceResult
from trainers.data.sources.birdclef import read_birdclef
from trainers.data.sources.csv import read_csv
from trainers.data.sources.folder import read_folder
from trainers.data.sources.fsdkaggle import read_fsdkaggle
from trainers.data.sources.icbhi import read_icbhi


@dataclass(frozen=True)
class Source:
    """A layout of data."""

    read: Callable[[Path, bool], SourceResult]
    """(path, skip_refused) -> clips; raises DataError"""
    path: str
    """what the path is: TABLE or FOLDER"""
    about: str


def _read_csv(table: Path, skip_refused: bool) -> SourceResult:
    return read_csv(table, table.parent, skip_refused)


SOURCES: dict[str, Source] = {
    "csv": Source(_read_csv, "TABLE", "a table of path, labels and more"),
    "folder": Source(read_folder, "FOLDER", "a folder per class"),
    "birdclef": Source(read_birdclef, "FOLDER", "BirdCLEF 2021 to 2026"),
    "anuraset": Source(read_anuraset, "FOLDER", "AnuraSet"),
    "icbhi": Source(read_icbhi, "FOLDER", "ICBHI 2017, by respiratory cycle"),
    "fsdkaggle": Source(read_fsdkaggle, "FOLDER", "FSDKaggle2018 or FSDKaggle2019"),
}
"""Sources by name, the general ones first."""
