"""Promotion: the same experiment, from the checkpoint on, with more epochs and workers."""

import json
from pathlib import Path

import pytest

from analysis.errors import RecordsError
from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialPlan
from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.errors import SpecError
from trainers.training.checkpoint_files import WEIGHTS
from tuneful.cli.promote import _single
from tuneful.finished import FinishedRun
from tuneful.promote import promotion
from tuneful.space.options import SweepOptions
from tuneful.space.sweep import load_sweep

RESOURCES = {"workers": 1, "cpus_per_worker": 1, "gpus_per_worker": 0}


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    """A finished run on fold 1 whose settings differ from its recipe's."""
    folder = SweepFolder(tmp_path / "results" / "sweeps" / "loss")
    folder.write_definition({"recipe": "chorus", "objective": {"metric": "val/map", "mode": "max", "epoch": "best"}})
    layer = parse_overrides(["loss.name=focal", "loss.gamma=1.5", "seed=3", "data.fold=1", "training.epochs=4"])
    spec = build_spec(load_recipe("chorus"), [layer])
    plan = TrialPlan(SEARCH, 7, {}, {}, (RunPlan("key", spec.resolved(), 1, 3, 0, "stratified"),))
    checkpoint = tmp_path / "checkpoint-0004"
    checkpoint.mkdir()
    (checkpoint / WEIGHTS).touch()
    return FinishedRun(folder, plan, "key", spec, checkpoint)


def test_pruned_weights_are_not_gone_on_from(run: FinishedRun) -> None:
    (run.checkpoint / WEIGHTS).unlink()
    with pytest.raises(RecordsError, match="its weights were removed"):
        promotion(run, 9, RESOURCES)


def test_only_epochs_and_start_differ_from_the_run(run: FinishedRun, tmp_path: Path) -> None:
    path = tmp_path / "promotion.yaml"
    path.write_text(json.dumps(promotion(run, 9, RESOURCES)))
    sweep = load_sweep(path, SweepOptions(name="promoted-loss"))
    assert (sweep.definition.trials, sweep.definition.folds) == (1, (1,))
    assert sweep.definition.objective.metric == "val/map"
    promoted = sweep.spec_for({"training.epochs": 9}, **{"data.fold": 1})
    assert promoted.training.epochs == 9
    assert promoted.start.checkpoint == str(tmp_path / "checkpoint-0004")
    assert promoted.start.schedule == "rewarm"
    same = {"training": run.spec.training, "start": run.spec.start}
    assert promoted.model_copy(update=same) == run.spec


def test_a_setting_can_change_on_the_way(run: FinishedRun, tmp_path: Path) -> None:
    path = tmp_path / "promotion.yaml"
    path.write_text(json.dumps(promotion(run, 9, RESOURCES)))
    sweep = load_sweep(path, SweepOptions(sets=("optimizer.lr=0.0001",), name="promoted-loss"))
    assert sweep.spec_for({"training.epochs": 9}).optimizer.lr == 0.0001


def test_workers_must_share_the_batch_evenly(run: FinishedRun) -> None:
    batch = run.spec.training.batch_size
    with pytest.raises(SpecError, match=rf"--workers 3 don't share a batch of {batch} evenly\. Try: --workers 2"):
        promotion(run, 9, {**RESOURCES, "workers": 3})


def test_one_run_is_promoted_at_a_time(run: FinishedRun) -> None:
    with pytest.raises(SpecError, match=r"the trial has 2 runs.*key \(fold 1, seed 3\).*Try: loss:key"):
        _single([run, run])
