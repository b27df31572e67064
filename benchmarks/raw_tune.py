"""What does a sweep cost beside raw `ray.tune` with `OptunaSearch`? The same trivial trainable under both.

    OMP_NUM_THREADS=1 python benchmarks/raw_tune.py [--trials 40] [--results 1000] [--rounds 3] [--json FILE]

The trainable does nothing, so all that is measured is orchestration, on one cluster, the two sides in turns: many
trials of one epoch (seconds per trial), and two trials of many epochs (results per second). Both sides draw one
learning rate with Optuna's TPE, run every trial to its end and reuse their processes. Ours is the search stage of a
sweep as `platform sweep` runs it: each trial is put on record before it starts and when it ends, every epoch is shown.
"""

import io
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from harness import Comparison, Goal, Side, Verdict, conclude, measure, parser
from ray import tune
from ray.tune.search.optuna import OptunaSearch
from rich.console import Console

from analysis.records.sweep import sweep_folder
from tuneful.space.sweep import load_sweep
from tuneful.sweep.clusters.cluster import Cluster, local_cluster
from tuneful.sweep.plans import Planner
from tuneful.sweep.stages import Stages

SWEEP = """\
version: 1
recipe: chorus
set: {{training.epochs: {epochs}}}
search:
  optimizer.lr: {{loguniform: [1.0e-4, 1.0e-2]}}
search_algorithm: {{name: optuna, sampler: tpe, seed: 0}}
scheduler: {{name: fifo}}
trials: {trials}
"""
RAW, OURS = "ray.tune + OptunaSearch", "platform sweep"


class Nothing(tune.Trainable):  # type: ignore[misc]
    """Reports a score after each epoch and does nothing else."""

    epochs = 1

    def setup(self, config: dict[str, Any]) -> None:
        """A new trial."""
        del config
        self.epoch = 0

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """The next trial in this process."""
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """The next epoch."""
        self.epoch += 1
        done = self.epoch == self.epochs
        state = "finished" if done else "running"
        return {"epoch": self.epoch, "score": 0.5, "state": state, "metrics": {}, "error": None, "done": done}


def of_epochs(epochs: int) -> type[Nothing]:
    """The trainable with so many epochs."""
    return type("Nothing", (Nothing,), {"epochs": epochs})


def raw(folder: Path, trials: int, epochs: int, slots: int) -> None:
    """Ray Tune as its documentation has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        searcher = OptunaSearch(metric="score", mode="max", seed=0)
    tune.Tuner(
        tune.with_resources(of_epochs(epochs), tune.PlacementGroupFactory([{"CPU": 1.0}])),
        param_space={"optimizer.lr": tune.loguniform(1e-4, 1e-2)},
        tune_config=tune.TuneConfig(
            search_alg=searcher, num_samples=trials, reuse_actors=True, max_concurrent_trials=slots
        ),
        run_config=tune.RunConfig(name="raw", storage_path=str(folder), verbose=0),
    ).fit()


def ours(folder: Path, trials: int, epochs: int, cluster: Cluster) -> None:
    """The search stage of a sweep."""
    file = folder / "raw.yaml"
    file.write_text(SWEEP.format(trials=trials, epochs=epochs))
    sweep = load_sweep(file)
    console = Console(file=io.StringIO(), width=120)
    stages = Stages(sweep, sweep_folder(folder, "raw"), Planner(sweep, "digest", "fp32"), cluster, console)
    nothing = tune.with_resources(of_epochs(epochs), tune.PlacementGroupFactory([{"CPU": 1.0}]))
    with patch("tuneful.sweep.tuning.trainable_of", lambda resources: nothing):  # noqa: ARG005
        stages.search(trials)


def sides(cluster: Cluster, trials: int, epochs: int, units: int) -> list[Side]:
    """Both, each in an empty folder; `units` of work are timed together."""
    slots = int(sum(node.cpus for node in cluster.nodes))
    return [
        Side(RAW, _in_empty_folder(lambda folder: raw(folder, trials, epochs, slots)), units),
        Side(OURS, _in_empty_folder(lambda folder: ours(folder, trials, epochs, cluster)), units),
    ]


def _in_empty_folder(call: Callable[[Path], None]) -> Callable[[], None]:
    def run() -> None:
        folder = Path(tempfile.mkdtemp(prefix="raw-tune-"))
        try:
            call(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return run


def verdicts(trials: Comparison, results: Comparison) -> list[Verdict]:
    """Ours against theirs, and the figures themselves."""
    found = [trials.ratio(OURS, RAW, Goal.at_most(1.15)), results.ratio(OURS, RAW, Goal.at_most(1.15))]
    for name in (RAW, OURS):
        found.append(trials.seconds(name))
        seconds = results.seconds(name)
        assert seconds.low is not None and seconds.high is not None
        found.append(
            Verdict(f"results per second of {name}", 1 / seconds.value, None, 1 / seconds.high, 1 / seconds.low)
        )
    return found


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--trials", type=int, default=40, help="of one epoch each")
    options.add_argument("--results", type=int, default=1000, help="epochs of two trials together")
    asked = options.parse_args()
    with local_cluster(dashboard=False) as cluster:
        trials = measure("a trial", sides(cluster, asked.trials, 1, asked.trials), asked.rounds, "wall")
        epochs = asked.results // 2
        results = measure("a result", sides(cluster, 2, epochs, 2 * epochs), asked.rounds, "wall", warmup=0)
    conclude([trials, results], verdicts(trials, results), asked.json)


if __name__ == "__main__":
    main()
