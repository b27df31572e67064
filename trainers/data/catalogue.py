"""A catalogue: the table of clips of a dataset, one row per labelled stretch of a recording."""

import hashlib
import json
import re
import shutil
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trainers.config.paths import nearest
from trainers.data.layers import LAYERS, apply_layers
from trainers.data.sources.chorus.spec import PRESETS
from trainers.errors import DataError
from trainers.home import home

TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("path", pa.string()),
        ("recording_id", pa.string()),
        ("start_s", pa.float64()),
        ("duration_s", pa.float64()),
        ("labels", TEXTS),  # null: not labelled; []: nothing active
        ("label_weights", pa.list_(pa.float64())),
        ("secondary_labels", TEXTS),
        ("author", pa.string()),
        ("site", pa.string()),
        ("subject", pa.string()),
        ("recorded_at", pa.string()),
        ("rating", pa.float64()),
        ("collection", pa.string()),
        ("subset", pa.string()),
        ("verified", pa.bool_()),
        ("fold", pa.string()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
        ("content", pa.string()),  # SHA-256 of the recording's file
    ]
)
"""Columns of a catalogue; a source may add `extra_*` columns of any type."""
SPLITS_FOLDER = "splits"
VOICES_FILE = "voices.parquet"
"""Splits on record, by their digests (`trainers.data.splits.record`)."""


@dataclass(frozen=True)
class Catalogue:
    """The clips of a dataset. `folder` is what the `path` column is relative to."""

    name: str
    source: str
    folder: Path
    clips: pd.DataFrame
    digest: str
    """Identifies clips, labels, metadata and the content of the recordings; not where they lie."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels of the training clips, secondary ones too, sorted."""
        return classes_of(self.subset("train"))

    def subset(self, name: str) -> pd.DataFrame:
        """The clips of one subset; clips without a subset are training clips."""
        return of_subset(self.clips, name)

    def paths(self, clips: pd.DataFrame) -> list[Path]:
        """The recordings of `clips`, row by row."""
        return [self.folder / path for path in clips["path"]]


def of_subset(clips: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one subset; rows without a subset are training clips."""
    return clips[clips["subset"].fillna("train") == name].reset_index(drop=True)


def classes_of(clips: pd.DataFrame) -> tuple[str, ...]:
    """The labels of clips, secondary ones too, sorted."""
    return tuple(sorted(set(clips["labels"].explode().dropna()) | set(clips["secondary_labels"].explode().dropna())))


def check_name(name: str) -> None:
    """Raise DataError unless `name` can be a folder of ours: letters, digits, `._-`."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
        raise DataError(
            f"the name {name[:80]!r} can't be used. Try: up to 80 letters, digits and ._- such as birds-2025"
        )


def catalogue_folder(name: str) -> Path:
    """Where the catalogue called `name` is kept."""
    check_name(name)
    return home() / "catalogues" / name


def catalogue_names() -> list[str]:
    """The catalogues on this machine and the built-in ones."""
    made = {path.parent.name for path in (home() / "catalogues").glob("*/catalogue.json")}
    return sorted(made | set(PRESETS))


def save_catalogue(name: str, source: str, folder: Path, clips: pd.DataFrame) -> Catalogue:
    """Write a catalogue whole: the folder appears under its name when all of it is there.

    Layers (`trainers.data.layers`), marked voices and recorded splits of a catalogue of that name stay: adding the
    data again loses no work done by hand, and results go on naming splits that are there.

    Args:
        name: what `data.name` will call it.
        source: the source that made it.
        folder: what the paths in `clips` are relative to.
        clips: the rows; missing columns of `SCHEMA` are filled with nulls.
    """
    table = _to_table(clips)
    final = catalogue_folder(name)
    temporary = final.with_name(f".{name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir(parents=True)
    try:
        pq.write_table(table, temporary / "catalogue.parquet", write_page_checksum=True)
        info = {"source": source, "folder": str(folder.absolute()), "digest": _digest(table)}
        (temporary / "catalogue.json").write_text(json.dumps(info, indent=1))
        _keep_found_out(final, temporary)
        shutil.rmtree(final, ignore_errors=True)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return load_catalogue(name)


def load_catalogue(name: str, without: str | None = None) -> Catalogue:
    """Open a catalogue that was added before.

    Args:
        name: as in `data.name`.
        without: a layer that is not applied (`trainers.data.layers`).

    Raises:
        DataError: there is none of that name (the known ones are listed).
    """
    folder = catalogue_folder(name)
    try:
        info: dict[str, Any] = json.loads((folder / "catalogue.json").read_text())
        table = pq.read_table(folder / "catalogue.parquet", page_checksum_verification=True)
    except FileNotFoundError:
        hint = nearest(name, catalogue_names())
        raise DataError(
            f"no catalogue is called {name!r}. Try: platform data add csv TABLE --name {name}. {hint}"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: the catalogue can't be read ({error}). Try: platform data add ... again") from None
    return _layered(Catalogue(name, info["source"], Path(info["folder"]), table.to_pandas(), info["digest"]), without)


def _layered(added: Catalogue, without: str | None) -> Catalogue:
    clips = apply_layers(added.clips, catalogue_folder(added.name), without)
    return added if clips is None else replace(added, clips=clips, digest=_digest(_to_table(clips)))


def _keep_found_out(old: Path, new: Path) -> None:
    for file in (*(layer.file for layer in LAYERS.values()), VOICES_FILE):
        if (old / file).exists():
            shutil.copy2(old / file, new / file)
    if (old / SPLITS_FOLDER).is_dir():
        shutil.copytree(old / SPLITS_FOLDER, new / SPLITS_FOLDER)


def _to_table(clips: pd.DataFrame) -> pa.Table:
    columns = {name: clips[name] if name in clips else pd.Series([None] * len(clips)) for name in SCHEMA.names}
    columns |= {name: clips[name] for name in clips if str(name).startswith("extra_")}
    arrays = [
        pa.array(list(values), type=SCHEMA.field(name).type if name in SCHEMA.names else None, from_pandas=True)
        for name, values in columns.items()
    ]
    return pa.table(arrays, names=list(columns))


def _digest(table: pa.Table) -> str:
    """Of the rows in a canonical order, so that the same data added twice is the same data."""
    rows = table.sort_by("clip_id").to_pylist()
    text = json.dumps(rows, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
