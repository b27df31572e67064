"""The simulator decides what Tune decides: the same search on a real cluster, with processes that play the curves."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from analysis.records.sweep import SEARCH, SweepFolder
from tuneful.simulator.algorithms import Algorithm
from tuneful.simulator.curves import key_of
from tuneful.simulator.recorded import load_curves
from tuneful.simulator.world import Reality, World
from tuneful.space.sweep import load_sweep
from tuneful.sweep.clusters.cluster import local_cluster
from tuneful.sweep.folder import adopt
from tuneful.sweep.plans import Planner

pytestmark = pytest.mark.ray

TABLE = Path(__file__).with_name("curves.csv")
SPACE = """\
version: 1
recipe: chorus
set: {{training.epochs: 8}}
search:
  loss.name: {{choice: [bce, ce]}}
  mixing.name: {{choice: [none, mixup]}}
  optimizer.lr: {{choice: [1.0e-3, 3.0e-3, 1.0e-2, 3.0e-2]}}
search_algorithm: {{name: optuna, sampler: tpe, seed: 3}}
scheduler: {{name: asha, grace_period: 1, reduction_factor: 3}}
trials: 16
resources: {{cpus_per_worker: {cpus}}}
"""


def playing(scores):
    """A trainable that reports the recorded scores of its configuration, {key: scores}."""
    from ray import tune

    class Playing(tune.Trainable):
        def setup(self, config):
            spec, self.epoch = config["runs"][0]["spec"], 0
            chosen = {"loss.name": spec["loss"]["name"], "mixing.name": spec["mixing"]["name"]}
            self.scores = scores[key_of({**chosen, "optimizer.lr": spec["optimizer"]["lr"]})]

        def reset_config(self, new_config):
            self.setup(new_config)
            return True

        def step(self):
            self.epoch += 1
            done = self.epoch == len(self.scores)
            result = {"epoch": self.epoch, "score": self.scores[self.epoch - 1], "metrics": {}, "error": None}
            return {**result, "state": "finished" if done else "running", "done": done}

    return Playing


@pytest.mark.long
def test_tune_stops_the_same_trials_after_the_same_epochs(tmp_path, monkeypatch):
    """One slot, so that nothing depends on who is faster."""
    file = tmp_path / "played.yaml"
    file.write_text(SPACE.format(cpus=os.cpu_count()))
    sweep = load_sweep(file)
    reality = Reality(load_curves(str(TABLE), sweep, tmp_path), 1)
    world = World(reality, 3)
    scores = {key: world.curve(dict(curves[0].params)).scores for key, curves in reality.curves.by_key.items()}
    steps = Algorithm.of(sweep, "tpe", sweep.definition.scheduler).search(world, 3, 1, 16 * 8)
    simulated = [(step.trial.params, step.ends, step.epoch, step.score) for step in steps if step.ends]
    folder = SweepFolder(tmp_path / "sweeps" / "played")
    adopt(folder, sweep.resolved())
    with local_cluster(dashboard=False) as cluster:
        from ray import tune

        from tuneful.sweep.stages import Stages

        need = tune.PlacementGroupFactory([{"CPU": float(os.cpu_count() or 1)}])
        playing_back = tune.with_resources(playing(scores), need)
        monkeypatch.setattr("tuneful.sweep.tuning.trainable_of", lambda _: playing_back)
        stages = Stages(sweep, folder, Planner(sweep, "digest", "fp32"), cluster, Console(quiet=True))
        stages.search(sweep.definition.trials)
    real = [(plan.params, end.state, len(end.scores), end.score) for plan, end in folder.trials(SEARCH)]
    assert real == simulated
    assert {state for _, state, _, _ in real} == {"complete", "pruned"}
