"""Finished runs on record, without training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.records.predictions import Predictions, write_predictions
from analysis.records.sweep import SEARCH, RunPlan, TrialEnd, TrialPlan, sweep_folder
from trainers.config.build import Layer, build_spec, load_recipe
from trainers.data.catalogue import save_catalogue

CLASSES = ("bat", "owl")
OBJECTIVE = {"metric": "val/macro_auc", "mode": "max", "epoch": "last"}


class Lab:
    """Writes sweeps as the platform does; every trial has one run of three epochs, the second is kept."""

    def __init__(self, results: Path, digest: str) -> None:
        self.results, self.digest = results, digest

    def run(self, sweep: str = "loss", seed: int = 0, parts: tuple[Predictions, ...] = (), **settings) -> str:
        """Put a finished run on record; returns its key."""
        base = {"data.name": "birds", "data.sample_rate": 8000, "segments.duration_s": 2.0, "seed": seed}
        spec = build_spec(load_recipe("chorus"), [Layer(base), Layer(settings)])
        folder = sweep_folder(self.results, sweep)
        folder.write_definition({"name": sweep, "recipe": "chorus", "objective": OBJECTIVE})
        run = RunPlan(spec.key(self.digest, 1, "fp32"), spec.resolved(), 0, seed, 0, "stratified")
        plan = TrialPlan(SEARCH, folder.next_number(SEARCH), {}, {}, (run,))
        folder.ask(plan)
        ledger = folder.ledger(run.key)
        ledger.begin({"key": run.key}, 0)
        for epoch, state in enumerate(("running", "running", "finished"), 1):
            record = {"epoch": epoch, "state": state, "metrics": {}, "protocol": "p", "kept_epoch": min(epoch, 2)}
            ledger.publish(record, lambda path: self._save(path, parts))
        ledger.finish("finished", 2)
        folder.end(plan, TrialEnd("complete", ((3, 0.5 + seed / 100),)))
        return run.key

    @staticmethod
    def _save(path: Path, parts: tuple[Predictions, ...]) -> None:
        val = Predictions("val", ("a",), np.zeros(1), np.zeros((1, len(CLASSES)), np.float32))
        write_predictions(path / "predictions.parquet", [val, *parts], CLASSES)


@pytest.fixture
def lab(platform, tmp_path, monkeypatch) -> Lab:
    """Results below the working folder, and a catalogue `birds` with four test recordings; there is no audio."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    monkeypatch.delenv("TUNEFUL_RESULTS", raising=False)
    ids = ["a", "b", "t0", "t1", "t2", "t3"]
    table = {
        "clip_id": ids,
        "path": [f"{name}.wav" for name in ids],
        "recording_id": ids,
        "start_s": 0.0,
        "duration_s": 4.0,
        "labels": [["bat"], ["owl"], *[None] * 4],
        "secondary_labels": [[]] * 6,
        "subset": ["train", "train", *["test"] * 4],
        "content": ids,
    }
    folder = tmp_path / "birds"
    catalogue = save_catalogue("birds", "chorus", folder, pd.DataFrame(table))
    return Lab(tmp_path / "results", catalogue.digest)
