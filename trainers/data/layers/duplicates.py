"""The layer of near-duplicates: which recordings are copies of one sound, by content."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.records.files import write_atomically
from trainers.errors import DataError

DUPLICATES = "extra_duplicate_group"
"""The column of near-duplicates found by content; a catalogue that was never searched for them lacks it."""

FILE = "duplicates.parquet"
SCHEMA = pa.schema([("content", pa.string()), ("group", pa.string())])
"""SHA-256 of a recording's file, and a name for the recordings that are copies of each other."""


def with_duplicates(clips: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The clips with the column that splits and checks read; missing where a recording is a copy of no other.

    Raises:
        DataError: the file can't be read.
    """
    try:
        rows = pq.read_table(path, schema=SCHEMA, page_checksum_verification=True).to_pydict()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: can't be read ({error}). Try: platform data duplicates again") from None
    groups = dict(zip(rows["content"], rows["group"], strict=True))
    return clips.assign(**{DUPLICATES: clips["content"].map(groups).astype(object)})


def write_duplicates(groups: pd.Series, folder: Path) -> None:
    """Write the layer of a catalogue, whole or not at all.

    Args:
        groups: content hash -> name of its group.
        folder: the catalogue's.

    Raises:
        RecordsError: the disk is full or the folder can't be written.
    """
    table = pa.table([list(groups.index), list(groups)], schema=SCHEMA)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True)
    write_atomically(folder / FILE, sink.getvalue().to_pybytes())


def forget_duplicates(folder: Path) -> bool:
    """Remove the layer from a catalogue's folder; whether there was one."""
    there = (folder / FILE).exists()
    (folder / FILE).unlink(missing_ok=True)
    return there
