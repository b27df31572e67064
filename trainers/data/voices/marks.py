"""The file of what was found: `voices.parquet` beside a catalogue's table, one row per recording looked at."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.records.files import write_atomically
from trainers.data.catalogue import VOICES_FILE, catalogue_folder
from trainers.data.voices.detect import Speech
from trainers.data.voices.settings import SpeechSettings
from trainers.errors import DataError

FILE = VOICES_FILE
TIMES = pa.list_(pa.float64())
SCHEMA = pa.schema(
    [
        ("content", pa.string()),  # SHA-256 of the recording's file
        ("start_s", TIMES),  # of its stretches with speech; []: looked at, none found
        ("end_s", TIMES),
        ("probability", TIMES),  # mean of each stretch
    ]
)
FOUND_WITH = b"tuneful.voices"


def model_version() -> str:
    """The detector, with its version: `silero-vad 6.2.3`."""
    return f"silero-vad {version('silero-vad')}"


def marks_path(name: str) -> Path:
    """Where the marks of a catalogue are kept."""
    return catalogue_folder(name) / FILE


def read_marks(path: Path, settings: SpeechSettings) -> dict[str, Speech]:
    """What was found before by this version of the detector with these settings, by content; else nothing.

    Raises:
        DataError: the file can't be read.
    """
    if not path.exists():
        return {}
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        if (table.schema.metadata or {}).get(FOUND_WITH) != _found_with(settings):
            return {}
        rows = table.cast(SCHEMA).to_pylist()
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: can't be read ({error}). Try: remove it, its recordings are looked at again"
        ) from None
    return {row.pop("content"): Speech(**{name: tuple(values) for name, values in row.items()}) for row in rows}


def write_marks(path: Path, found: Mapping[str, Speech], settings: SpeechSettings) -> None:
    """Publish the marks, whole or not at all.

    Raises:
        RecordsError: the disk is full, or the folder can't be written.
    """
    rows = [{"content": content, **vars(found[content])} for content in sorted(found)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA).replace_schema_metadata({FOUND_WITH: _found_with(settings)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True)
    write_atomically(path, sink.getvalue().to_pybytes())


def _found_with(settings: SpeechSettings) -> bytes:
    return json.dumps({"model": model_version(), **settings.as_dict()}, sort_keys=True).encode()
