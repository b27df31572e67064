"""A small results folder and a catalogue, as a sweep would leave them: 6 trials x 2 folds, 3 classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from analysis.records.predictions import Predictions, write_predictions
from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from analysis.records.tables import collect, write_tables

CLASSES = ("owl", "<b>wren</b>", "=1+1")
CLIPS = 40
DEFINITION = {
    "name": "small",
    "recipe": "chorus",
    "objective": {"metric": "val/map", "mode": "max", "epoch": "last"},
    "search": {"optimizer.lr": {"loguniform": [1e-4, 0.01]}, "loss.name": {"choice": ["bce", "ce"]}},
    "trials": 6,
}


def labels() -> np.ndarray:
    """(clips, classes) 0 or 1: at least one label each."""
    rng = np.random.default_rng(1)
    found = rng.random((CLIPS, len(CLASSES))) < 0.3
    found[np.arange(CLIPS), np.arange(CLIPS) % len(CLASSES)] = True
    return found.astype(float)


def catalogue() -> pd.DataFrame:
    """The clips with the columns of a catalogue."""
    names = [[name for name, on in zip(CLASSES, row, strict=True) if on] for row in labels()]
    empty = ("subject", "site", "verified", "fold", "label_weights")
    return pd.DataFrame(
        {
            "clip_id": [f"clip-{i:02}" for i in range(CLIPS)],
            "path": [f"{i}.wav" for i in range(CLIPS)],
            "recording_id": [f"r{i // 2}" for i in range(CLIPS)],
            "content": [f"h{i // 2}" for i in range(CLIPS)],
            "start_s": 0.0,
            "duration_s": np.linspace(1, 9, CLIPS),
            "labels": names,
            "secondary_labels": [[] for _ in range(CLIPS)],
            "author": [f"author {i % 5}" if i % 7 else None for i in range(CLIPS)],
            "recorded_at": [f"2024-05-{1 + i % 28:02}T06:00:00" for i in range(CLIPS)],
            "rating": [float(i % 5) for i in range(CLIPS)],
            "collection": "XC",
            "subset": "train",
            "latitude": 1.0,
            "longitude": 2.0,
            **dict.fromkeys(empty),
        }
    )


def make_recordings(folder: Path) -> None:
    """A second of noise for each clip."""
    for i, path in enumerate(catalogue()["path"]):
        soundfile.write(folder / path, np.random.default_rng(i).normal(0, 0.1, 8000), 8000)


def make_results(results: Path) -> None:
    """A sweep called `small`."""
    folder = sweep_folder(results, "small")
    folder.write_definition(DEFINITION)
    for number in range(6):
        keys = [f"{number}{fold:015x}" for fold in range(2)]
        settings = {"optimizer.lr": 10 ** (-4 + number / 3), "loss.name": ("bce", "ce")[number % 2]}
        spec = {"loss": {"name": settings["loss.name"]}, "data": {"name": "small"}}
        runs = tuple(RunPlan(key, spec, fold, 0, 0, "stratified") for fold, key in enumerate(keys))
        plan = TrialPlan(SEARCH, number, dict(settings), settings, runs)
        folder.ask(plan)
        values = [_train(folder, key, fold, number) for fold, key in enumerate(keys)]
        folder.end(plan, TrialEnd("complete", ((2, float(np.mean(values))),)))
    write_tables(results, "small", collect(folder, "interrupted"), folder)


def _train(folder: SweepFolder, key: str, fold: int, number: int) -> float:
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    for epoch in (1, 2):
        value = 0.5 + 0.05 * number + 0.02 * epoch + 0.01 * fold
        metrics = {"val/map": value, "train/loss": 1.0, "seconds": 2.0, "eval_seconds": 0.5}
        record = {"epoch": epoch, "metrics": metrics, "protocol": "p", "kept_epoch": epoch}
        state: dict[str, Any] = {"state": "finished" if epoch == 2 else "running"}
        ledger.publish(record | state, lambda path: _save(path, fold, number))
    ledger.finish("finished", 2)
    return value


def _save(path: Path, fold: int, number: int) -> None:
    """Two windows per clip; better with the trial's number."""
    rows = np.repeat(np.arange(fold, CLIPS, 2), 2)
    truth = labels()[rows]
    noise = np.random.default_rng(100 * number + fold).normal(0, 3, truth.shape)
    logits = ((2 * truth - 1) * (0.5 + 0.4 * number) + noise).astype(np.float32)
    ids = tuple(f"clip-{row:02}" for row in rows)
    part = Predictions("val", ids, np.tile([0.0, 5.0], len(rows) // 2), logits, truth)
    write_predictions(path / "predictions.parquet", [part], CLASSES)
