"""Renders the competition into a folder."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from trainers.data.sources.chorus.focal import render_focal
from trainers.data.sources.chorus.rows import (
    COLUMNS,
    Item,
    Row,
    focal_row,
    hidden_rows,
    public_files,
    soundscape_row,
)
from trainers.data.sources.chorus.soundscapes import render_soundscape
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.sources.chorus.species import make_species
from trainers.data.sources.chorus.streams import Audio, Stream

Rendered = tuple[Row, list[Row]]


def _write(path: Path, audio: Audio, rate: int) -> None:
    """Write 16-bit FLAC."""
    samples = np.clip(np.rint(audio * 32767), -32767, 32767).astype(np.int16)
    soundfile.write(path, samples, rate, format="FLAC", subtype="PCM_16")


def render(spec: ChorusSpec, folder: Path, item: Item) -> Rendered:
    """Render one file; return its catalogue row and the hidden labels of its windows (none for a training clip)."""
    if item.subset == "train":
        focal = render_focal(spec, item.index)
        _write(folder / item.path, focal.audio, spec.sample_rate)
        return focal_row(spec, item, focal), []
    stream = Stream.TEST if item.subset == "test" else Stream.TARGET
    soundscape = render_soundscape(spec, stream, item.index)
    _write(folder / item.path, soundscape.audio, spec.sample_rate)
    return soundscape_row(spec, item, soundscape), hidden_rows(spec, item, soundscape.windows)


def items(spec: ChorusSpec) -> list[Item]:
    """Return all files of the competition, in the order of the catalogue."""
    counts = {"train": spec.n_clips, "target": spec.n_target_files, "test": spec.n_test_files}
    return [Item(subset, index) for subset, count in counts.items() for index in range(count)]


def _render_all(spec: ChorusSpec, folder: Path, todo: list[Item], workers: int) -> Iterator[Rendered]:
    """Render in this process, or in fresh ones (spawned, because the caller may hold threads)."""
    task = partial(render, spec, folder)
    if workers <= 1:
        yield from map(task, todo)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(task, todo, chunksize=4)


def _write_hidden(spec: ChorusSpec, folder: Path, hidden: Sequence[Row]) -> None:
    """Write the judge's tables: labels of the test with their part, and those of the target."""
    public = {Item("test", index).name for index in public_files(spec)}
    table = pd.DataFrame(hidden, columns=["clip_id", "start_s", "labels"])
    test = table["clip_id"].str.startswith("test-")
    labels = table[test].reset_index(drop=True)
    labels["part"] = ["public" if clip in public else "private" for clip in labels["clip_id"]]
    labels.to_parquet(folder / "judge" / "labels.parquet", index=False)
    table[~test].reset_index(drop=True).to_parquet(folder / "judge" / "target_labels.parquet", index=False)


def _write_taxonomy(spec: ChorusSpec, path: Path) -> None:
    """Write the names of the classes, as competitions do."""
    species = sorted(make_species(spec), key=lambda one: one.code)
    rows = [{"code": one.code, "common_name": one.name, "song": one.kind} for one in species]
    pd.DataFrame(rows).to_csv(path, index=False, lineterminator="\n")


def make_chorus(
    spec: ChorusSpec, folder: Path, workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Render the competition into ``folder`` and return its catalogue, one row per clip.

    Writes ``audio/{train,target,test}/*.flac`` (16 bit), ``taxonomy.csv``, and what only the leaderboard may read:
    ``judge/labels.parquet`` (test windows, with their part: public or private) and ``judge/target_labels.parquet``.
    The files are the same bytes whatever ``workers`` is. ``progress`` is told (done, total) after each file.
    """
    todo = items(spec)
    for name in ("audio/train", "audio/target", "audio/test", "judge"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    hidden: list[Row] = []
    for row, windows in _render_all(spec, folder, todo, workers):
        rows.append(row)
        hidden.extend(windows)
        if progress is not None:
            progress(len(rows), len(todo))
    _write_taxonomy(spec, folder / "taxonomy.csv")
    _write_hidden(spec, folder, hidden)
    return pd.DataFrame(rows, columns=COLUMNS)
