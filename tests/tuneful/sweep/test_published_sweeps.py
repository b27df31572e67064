"""Each dataset, from its published layout to a finished sweep with its recipe, by the commands that a user types.

Networks are tiny and an epoch is all. The sweeps share a Ray cluster: most of their time is the start of a worker.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.records.predictions import read_predictions
from tests.trainers.data.sources.miniatures import (
    BIRDS,
    FROGS,
    NOT_SCORED,
    ONLY_SECONDARY,
    SOUNDS_2018,
    SOUNDS_2019,
    make_anuraset,
    make_birdclef,
    make_fsdkaggle2018,
    make_fsdkaggle2019,
    make_icbhi,
)
from tuneful.sweep.clusters.cluster import local_cluster

pytestmark = pytest.mark.ray

TRIALS = 2
SWEEP = {
    "version": 1,
    "search": {"optimizer.lr": {"choice": [1.0e-4, 1.0e-3]}},
    "scheduler": {"name": "fifo"},
    "trials": TRIALS,
    "resources": {"cpus_per_worker": 2},  # one process runs both trials
}
TINY_TIMM = {
    "model": {"name": "timm", "backbone": "test_resnet", "pretrained": False, "dropout": 0.0, "out_indices": None},
    "pooling": {"name": "avg"},
}
TINY_TRAINING = {"training": {"epochs": 1, "batch_size": 4}}


@dataclass(frozen=True)
class Published:
    """A dataset in miniature with its recipe, and what its sweep leaves behind."""

    source: str
    make: Callable[[Path], Path]
    recipe: str
    classes: tuple[str, ...]
    objective: str
    validated: int
    """clips of fold 0"""
    settings: dict[str, Any] = field(default_factory=dict)


BIRDCLEF = ("birdclef", make_birdclef)
BIRD_CLASSES = tuple(sorted((*BIRDS, ONLY_SECONDARY, NOT_SCORED)))
FREESOUND = ("fsdkaggle", make_fsdkaggle2018)
SHORT = {"segments": {"duration_s": 0.8}}
DATASETS = {
    "birdclef": Published(*BIRDCLEF, "birdclef2025", BIRD_CLASSES, "val/macro_auc", 4, SHORT),
    "birdclef_nfnet": Published(*BIRDCLEF, "birdclef2025_nfnet", BIRD_CLASSES, "val/macro_auc", 4, SHORT),
    "anuraset": Published("anuraset", make_anuraset, "anuraset_mix2", FROGS, "val/macro_f1", 8),
    "icbhi": Published("icbhi", make_icbhi, "icbhi2017_ast", ("crackle", "wheeze"), "val/icbhi_score", 8),
    "freesound_lh": Published(*FREESOUND, "fsdkaggle2018_lh", SOUNDS_2018, "val/map_at_3", 1, SHORT),
    "freesound_x": Published(*FREESOUND, "fsdkaggle2018_x", SOUNDS_2018, "val/map_at_3", 5, SHORT),
    "freesound_2019": Published(
        "fsdkaggle", make_fsdkaggle2019, "fsdkaggle2018_lh", SOUNDS_2019, "val/lwlrap", 3, SHORT
    ),
}
IN_EVERY_TEST_RUN = ("birdclef",)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A TUNEFUL_HOME of its own, empty."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tiny_ast(tmp_path_factory):
    """A folder with an Audio Spectrogram Transformer of two tiny layers: nothing is asked of a hub."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("ast")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    transformers.ASTConfig(**sizes, max_length=64).save_pretrained(folder)
    transformers.ASTFeatureExtractor(max_length=64).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cluster(home):
    old = dict(os.environ)
    os.environ["TUNEFUL_HOME"] = str(home)
    with local_cluster(dashboard=False) as running:
        yield running
    os.environ.clear()
    os.environ.update(old)


@pytest.fixture
def one_cluster(cluster, monkeypatch):
    """Lets every sweep find the cluster running."""
    monkeypatch.setattr("tuneful.sweep.driver.local_cluster", lambda _: contextlib.nullcontext(cluster))


@pytest.mark.parametrize(
    "name", [name if name in IN_EVERY_TEST_RUN else pytest.param(name, marks=pytest.mark.long) for name in DATASETS]
)
def test_a_dataset_as_published_comes_to_a_finished_sweep(name, platform, one_cluster, tiny_ast, tmp_path):
    dataset = DATASETS[name]
    done = platform("data", "add", dataset.source, str(dataset.make(tmp_path / "published")), "--name", name)
    assert done.returncode == 0, done.stderr
    file = write_sweep(tmp_path / f"{name}.yaml", dataset, tiny_ast)
    done = platform("sweep", str(file), "--data", name, "--no-dashboard")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{name}: {TRIALS} complete" in done.stdout
    check_tables(tmp_path / "results", name, dataset)
    page = (tmp_path / "results" / "reports" / f"{name}.html").read_text()
    assert dataset.objective in page
    assert "optimizer.lr" in page


def write_sweep(path, dataset, tiny_ast):
    """The recipe with a tiny network; AST stays AST."""
    ast = {"model": {"checkpoint": str(tiny_ast), "pretrained": False}, "segments": {"duration_s": 0.6}}
    network = ast if dataset.recipe == "icbhi2017_ast" else TINY_TIMM
    settings = {**network, **TINY_TRAINING, **dataset.settings}
    objective = {"metric": dataset.objective, "mode": "max"}
    path.write_text(yaml.safe_dump({**SWEEP, "recipe": dataset.recipe, "set": settings, "objective": objective}))
    return path


def check_tables(results, name, dataset):
    """Two trials of one epoch each with a score, and the logits of what was validated."""
    trials = pd.read_parquet(results / "runs" / name / "trials.parquet")
    epochs = pd.read_parquet(results / "runs" / name / "epochs.parquet")
    assert list(trials["state"]) == ["complete"] * TRIALS
    assert len(epochs) == TRIALS
    assert np.isfinite(trials["score"]).all()
    assert np.isfinite(epochs["val/loss"]).all()
    for key in epochs["run"]:
        parts, classes = read_predictions(results / "predictions" / name / f"{key}.parquet")
        assert classes == tuple(sorted(dataset.classes))
        assert len(set(parts[0].clip_ids)) == dataset.validated
