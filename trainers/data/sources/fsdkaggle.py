"""FSDKaggle2018 and FSDKaggle2019 (Freesound), as Kaggle or Zenodo publish them.

2018: `train.csv` (fname, label, manually_verified), `audio_train/`; `test_post_competition.csv` (fname, label, usage),
`audio_test/`. 2019: `train_curated.csv` and `train_noisy.csv` (fname, labels), folders of the same names; `test/`.
Zenodo puts the tables into `FSDKaggle2018.meta/` and adds `freesound_id` and `license`.

Of 2019, `collection` is curated or noisy, and curated clips are `verified`. The test clips are the subset `test`; where
their labels have been published they keep them, with `usage` (Public or Private) as `fold`. Clips that filled up
the test of 2018 (usage Ignored) have no labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainers.data.sources.assemble import Row, SourceResult, assemble
from trainers.data.sources.class_lists import class_notes, submission_classes
from trainers.data.sources.layout import check_folder, first_of, need, recordings_below
from trainers.data.sources.table import extras, read_table
from trainers.errors import DataError

TRUTHS = {"0": False, "1": True, "": None}
IGNORED = "Ignored"
TAKEN = ("fname", "label", "labels", "manually_verified", "usage")


@dataclass(frozen=True)
class Part:
    """A table of clips and the folder of their recordings, by their names in Kaggle's and Zenodo's layout."""

    tables: Sequence[str]
    folders: Sequence[str]
    subset: str = "train"
    collection: str | None = None
    verified: bool | None = None


def _tables(year: int, *names: str) -> tuple[str, ...]:
    """Names of a table: Zenodo's first, as they have more columns."""
    return (*(f"FSDKaggle{year}.meta/{name}" for name in names), *names)


TRAIN_2018 = Part(
    _tables(2018, "train_post_competition.csv", "train.csv"), ("audio_train", "FSDKaggle2018.audio_train")
)
TEST_2018 = Part(
    _tables(2018, "test_post_competition_scoring_clips.csv", "test_post_competition.csv"),
    ("audio_test", "FSDKaggle2018.audio_test"),
    subset="test",
)
CURATED_2019 = Part(
    _tables(2019, "train_curated_post_competition.csv", "train_curated.csv"),
    ("train_curated", "FSDKaggle2019.audio_train_curated"),
    collection="curated",
    verified=True,
)
NOISY_2019 = Part(
    _tables(2019, "train_noisy_post_competition.csv", "train_noisy.csv"),
    ("train_noisy", "FSDKaggle2019.audio_train_noisy"),
    collection="noisy",
    verified=False,
)
TEST_2019 = Part(_tables(2019, "test_post_competition.csv"), ("test", "FSDKaggle2019.audio_test"), subset="test")


def read_fsdkaggle(path: Path, skip_refused: bool = False) -> SourceResult:
    """Read FSDKaggle2018 or FSDKaggle2019, whichever the folder holds.

    Args:
        path: its folder.
        skip_refused: leave recordings out that can't be used instead of refusing the dataset.

    Raises:
        DataError: not such a folder, or what is wrong with FILE:LINE.
    """
    check_folder(path, "FSDKaggle")
    if first_of(path, CURATED_2019.tables):
        need(path, "FSDKaggle2019", (CURATED_2019.tables, CURATED_2019.folders))
        parts: Sequence[Part] = (CURATED_2019, NOISY_2019, TEST_2019)
    else:
        need(path, "FSDKaggle", ((*TRAIN_2018.tables, *CURATED_2019.tables), TRAIN_2018.folders))
        parts = (TRAIN_2018, TEST_2018)
    rows, notes = [], []
    for part in parts:
        found, noticed = _part(path, part)
        rows += found
        notes += noticed
    result = assemble(rows, path, path, skip_refused)
    listed = submission_classes(path / "sample_submission.csv")
    return replace(result, notes=[*class_notes(listed, "sample_submission.csv", result.clips), *notes, *result.notes])


def _part(path: Path, part: Part) -> tuple[list[Row], list[str]]:
    table, folder = first_of(path, part.tables), first_of(path, part.folders)
    if folder is None:
        return [], [f"{table.name} is left alone: no folder {part.folders[0]}"] if table else []
    if table is None:
        if part.subset == "train":
            return [], [f"{folder.name} is left alone: no table {part.tables[-1]}"]
        return _unlabelled(folder, part.subset), []
    read = read_table(table, ("fname",))
    labels = _single if "label" in read.header else _several
    return [Row(place, _clip(cells, place, folder.name, part, labels)) for place, cells in read.records()], []


def _unlabelled(folder: Path, subset: str) -> list[Row]:
    return [
        Row(str(folder / name), {"path": f"{folder.name}/{name}", "labels": None, "subset": subset})
        for name in recordings_below(folder)[0]
    ]


def _clip(
    row: dict[str, str], place: str, folder: str, part: Part, labels: Callable[[dict[str, str], str], list[str]]
) -> dict[str, Any]:
    fname, usage = row["fname"].strip(), row.get("usage", "").strip()
    if not fname:
        raise DataError(f"{place}: fname is empty. Try: remove the row")
    return {
        "path": f"{folder}/{fname}",
        "labels": None if usage == IGNORED else labels(row, place),
        "subset": part.subset,
        "collection": part.collection,
        "verified": _verified(row, place) if "manually_verified" in row else part.verified,
        "fold": usage or None,
        **extras(row, TAKEN),
    }


def _single(row: dict[str, str], place: str) -> list[str]:
    """2018: one label, whatever it holds."""
    label = row["label"].strip()
    if not label:
        raise DataError(f"{place}: label is empty. Try: remove the row")
    return [label]


def _several(row: dict[str, str], place: str) -> list[str]:
    """2019: labels separated by commas."""
    if "labels" not in row:
        raise DataError(f"{place}: the table has neither a column label nor labels. Known: {', '.join(row)}")
    labels = list(dict.fromkeys(name.strip() for name in row["labels"].split(",") if name.strip()))
    if not labels:
        raise DataError(f"{place}: labels is empty. Try: remove the row")
    return labels


def _verified(row: dict[str, str], place: str) -> bool | None:
    text = row["manually_verified"].strip().removesuffix(".0")
    if text not in TRUTHS:
        raise DataError(f"{place}: manually_verified is {text!r}. Try: 0 or 1")
    return TRUTHS[text]
