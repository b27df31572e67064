"""What was found out about a catalogue lies beside its table, and can be taken away again."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainers.data.catalogue import catalogue_folder, load_catalogue, save_catalogue
from trainers.data.layers.duplicates import SCHEMA
from trainers.data.spec import SplitSpec
from trainers.data.splits import parts_of
from trainers.errors import DataError


def add() -> str:
    """Six recordings by nobody in particular; returns the catalogue's digest."""
    clips = pd.DataFrame(
        {
            "clip_id": list("abcdef"),
            "path": [f"{name}.wav" for name in "abcdef"],
            "recording_id": list("abcdef"),
            "start_s": 0.0,
            "duration_s": 1.0,
            "labels": [["wren"], ["owl"]] * 3,
            "content": [name * 64 for name in "abcdef"],
        }
    )
    return save_catalogue("birds", "csv", Path("/nowhere"), clips).digest


def mark(groups: dict[str, str]) -> Path:
    path = catalogue_folder("birds") / "duplicates.parquet"
    contents = [name * 64 for name in groups]
    pq.write_table(pa.table([contents, list(groups.values())], schema=SCHEMA), path, write_page_checksum=True)
    return path


def test_copies_are_one_group_of_the_split_and_another_digest(home: Path) -> None:
    plain = add()
    path = mark({"a": "1", "f": "1"})
    catalogue = load_catalogue("birds")
    assert catalogue.digest != plain
    for fold in range(3):
        split = SplitSpec(scheme="group", n_folds=3, group_by=("recording_id",))
        held_out = parts_of(catalogue.clips, split, fold).val
        assert held_out[0] == held_out[5]
    path.unlink()
    assert load_catalogue("birds").digest == plain


def test_adding_the_data_again_keeps_what_was_found_out(home: Path) -> None:
    add()
    mark({"a": "1", "f": "1"})
    marked = load_catalogue("birds").digest
    assert add() == marked


def test_a_torn_layer_is_said(home: Path) -> None:
    add()
    path = mark({"a": "1"})
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"duplicates\.parquet: can't be read"):
        load_catalogue("birds")
