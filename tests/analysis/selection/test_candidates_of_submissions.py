"""Candidates of made submissions: what is tried, what is merged, and numbers against loops and scikit-learn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from analysis.leaderboard.evidence import SCORE, Evidence
from analysis.records.predictions import Predictions, write_predictions
from analysis.selection.candidates import candidates, merged
from analysis.selection.evidence_pool import evidence_pool

CLASSES = ("a", "b", "c")
POSITIVES = (12, 7, 3)
NOISE = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
NAMES = [f"{number} s" for number in range(len(NOISE))]


def parts(noise: float, seed: int) -> list[Predictions]:
    """Two windows of each of 22 validation clips, one scene per class and its absence, 30 windows of the target."""
    rng = np.random.default_rng(seed)
    clips = np.repeat(np.eye(3, dtype=int), POSITIVES, axis=0)
    val, scenes = np.repeat(clips, 2, axis=0), np.eye(3, dtype=int)[[0, 1] * 6]
    target = np.eye(3, dtype=int)[np.arange(30) % 3]

    def part(subset: str, truth: np.ndarray, per_clip: int, labelled: bool) -> Predictions:
        ids = tuple(f"{subset}{row // per_clip}" for row in range(len(truth)))
        logits = (2 * truth - 1 + noise * rng.normal(size=truth.shape)).astype(np.float16).astype(np.float32)
        return Predictions(subset, ids, np.arange(len(truth)) % per_clip * 5.0, logits, truth if labelled else None)

    return [part("val", val, 2, True), part("rerender", scenes, 1, True), part("target", target, 6, False)]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Six submissions, the last an ensemble of the first two runs."""
    folder = tmp_path_factory.mktemp("runs")
    paths = [folder / f"{number}.parquet" for number in range(len(NOISE))]
    for number, (path, noise) in enumerate(zip(paths, NOISE, strict=True)):
        write_predictions(path, parts(noise, number), CLASSES)
    table = pd.DataFrame({"members": [1] * 5 + [2], "public": 0.5, "protocol": "p"}, index=NAMES)
    table[SCORE + "val/macro_auc"] = [0.9, 0.8, 0.85, 0.7, 0.6, 0.95]
    table[SCORE + "val/loss"] = [0.1, 0.3, 0.2, 0.4, 0.6, 0.05]
    table[SCORE + "rerender/macro_auc"] = [0.5, 0.6, 0.7, 0.65, 0.55, 0.8]
    table[SCORE + "val/absent"] = 0.0
    files = {name: (path,) for name, path in zip(NAMES[:5], paths, strict=False)} | {NAMES[5]: tuple(paths[:2])}
    return Evidence("birds", table, {"val/loss": "min"}, files)


def test_scores_rules_composites_and_subsets_are_tried(evidence):
    found = candidates(evidence)
    everything = {*found.table, *(name for names in found.same_as.values() for name in names)}
    assert {"val/macro_auc", "val/loss", "rerender/macro_auc", "consensus"} <= everything
    assert "ranks of val/macro_auc + rerender/macro_auc" in everything
    assert "val/absent" in found.left_out


def test_what_orders_submissions_alike_is_one_candidate_under_the_first_name(evidence):
    """A loss turned so that higher is better; a reversed column stays."""
    table = pd.DataFrame({"a": [1, 2, 3, np.nan], "b": [1, 4, 9, np.nan], "c": [3, 2, 1, np.nan], "d": [1, 2, 3, 4]})
    found = merged(table)
    assert list(found.table) == ["a", "c", "d"]
    assert found.same_as == {"a": ("b",)}
    assert "val/loss" in candidates(evidence).same_as["val/macro_auc"]


def test_composites_are_means_of_ranks_and_of_classes(evidence):
    found = candidates(evidence).table
    val, scenes = evidence.score("val/macro_auc"), evidence.score("rerender/macro_auc")
    ranks = (val.rank() + scenes.rank()) / 2
    assert list(found["ranks of val/macro_auc + rerender/macro_auc"]) == list(ranks)
    weighted = found["classes of val/macro_auc + rerender/macro_auc"]  # three classes in val, two in the scenes
    assert list(weighted) == pytest.approx(list((3 * val + 2 * scenes) / 5))


def test_subsets_of_classes_are_scored_by_clip_over_those_with_enough_positives(evidence):
    name = "val/macro_auc, classes of 5+ clips"
    pool = evidence_pool(evidence)
    own = parts(NOISE[3], 3)[0]
    clips = expit(own.logits).reshape(-1, 2, 3).mean(axis=1)
    expected = np.mean([roc_auc_score(own.targets[::2, k], clips[:, k]) for k in (0, 1)])
    assert candidates(evidence, pool=pool).table[name][NAMES[3]] == pytest.approx(expected, abs=1e-6)


def test_an_ensemble_predicts_the_mean_of_its_members(evidence):
    windows = evidence_pool(evidence).windows("target")
    both = (windows[NAMES[0]].probabilities + windows[NAMES[1]].probabilities) / 2
    np.testing.assert_allclose(windows[NAMES[5]].probabilities, both, rtol=1e-6)


def test_predictions_of_other_windows_or_classes_take_no_part(evidence, tmp_path: Path):
    """Nor do ensembles of which a member's file is gone."""
    shorter = [Predictions(p.subset, p.clip_ids[:6], p.start_s[:6], p.logits[:6], None) for p in parts(1.0, 9)]
    write_predictions(tmp_path / "short.parquet", shorter, CLASSES)
    write_predictions(tmp_path / "other.parquet", parts(1.0, 9), ("x", "y", "z"))
    files = {
        **evidence.predictions,
        NAMES[3]: (tmp_path / "short.parquet",),
        NAMES[4]: (tmp_path / "other.parquet",),
        NAMES[5]: evidence.predictions[NAMES[5]][:1],
    }
    pool = evidence_pool(Evidence("birds", evidence.table, evidence.directions, files))
    assert list(pool.windows("target")) == NAMES[:3]
    assert pool.classes == CLASSES
