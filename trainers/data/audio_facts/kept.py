"""Measurements on disk, by the content of the recordings: `$TUNEFUL_HOME/audio_facts/<version>/<id>.parquet`.

Each file holds what one process measured in a while, and appears whole. Two processes at once lose nothing of each
other's; what both measured is in two files and the same.
"""

import io
import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.records.files import write_atomically
from trainers.data.audio_facts.measure import VERSION
from trainers.home import home

SCHEMA = pa.schema(
    [
        ("content", pa.string()),
        ("sample_rate", pa.int64()),
        ("channels", pa.int64()),
        ("format", pa.string()),
        *[
            (name, pa.float64())
            for name in (
                "length_s", "measured_s", "peak_db", "rms_db", "dc_offset", "clipped_share", "silent_share",
                "bandwidth_hz", "floor_db",
            )
        ],
    ]
)  # fmt: skip
"""The columns that `measure` returns, and the SHA-256 of the file."""


def keep(rows: list[dict[str, Any]]) -> None:
    """Write measurements; nothing where there are none.

    Raises:
        RecordsError: the disk is full or the folder can't be written.
    """
    if not rows:
        return
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer, write_page_checksum=True)
    write_atomically(_folder() / f"{uuid.uuid4().hex}.parquet", buffer.getvalue())


def kept() -> pd.DataFrame:
    """All measurements of this version, one row per content. A file that can't be read is measured again."""
    tables = [table for path in sorted(_folder().glob("*.parquet")) if (table := _read(path)) is not None]
    rows: pd.DataFrame = pa.concat_tables([SCHEMA.empty_table(), *tables]).to_pandas()
    return rows.drop_duplicates("content")


def _folder() -> Path:
    return home() / "audio_facts" / str(VERSION)


def _read(path: Path) -> pa.Table | None:
    try:
        return pq.read_table(path, schema=SCHEMA, page_checksum_verification=True)
    except (OSError, ValueError):
        return None
