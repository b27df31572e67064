"""The layer of near-duplicates: which recordings are copies of one sound, by content."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trainers.data.splits.groups import DUPLICATES
from trainers.errors import DataError

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
