"""How Tune is asked to run a stage: one Tuner, whose own state nobody reads."""

from collections.abc import Callable, Mapping
from typing import Any

from ray import tune

from tuneful.sweep.clusters.cluster import HEAD, Cluster
from tuneful.sweep.clusters.room import slots
from tuneful.sweep.clusters.watchdog import Watchdog
from tuneful.sweep.interrupt import Interrupt
from tuneful.sweep.schedulers.budgets import Halting
from tuneful.sweep.trials.trial import OneWorkerTrial


class Tuning:
    """Runs stages on a cluster, each trial with the same resources."""

    def __init__(
        self, cluster: Cluster, resources: Mapping[str, Any], interrupt: Interrupt, say: Callable[[str], None]
    ) -> None:
        self._cluster, self._resources, self._interrupt, self._say = cluster, resources, interrupt, say

    @property
    def slots(self) -> int:
        """Trials that run at once."""
        return slots(self._cluster.nodes, self._resources)

    def run(self, stage: str, searcher: Any, scheduler: Any, trials: int) -> None:
        """Run a stage of at most so many trials to its end, or until it is stopped."""
        interrupt = self._interrupt
        watchdog = Watchdog(need_of(self._resources), self._resources["workers"], self._say)
        interrupt.idle = lambda: watchdog.idle
        tune.Tuner(
            trainable_of(self._resources),
            tune_config=tune.TuneConfig(
                search_alg=Halting(searcher, lambda: interrupt.stopping),
                scheduler=scheduler,
                num_samples=trials,
                reuse_actors=True,
                max_concurrent_trials=self.slots,
            ),
            run_config=tune.RunConfig(
                name=stage,
                storage_path=str(self._cluster.folder / "tune"),
                stop=interrupt,
                failure_config=tune.FailureConfig(max_failures=1),  # a process that dies is started once more
                # Checkpoints are the ledger's: Tune starts a trial anew and its runs go on from there.
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[*interrupt.callbacks, watchdog],
                verbose=0,
            ),
        ).fit()


def trainable_of(resources: Mapping[str, Any]) -> Any:
    """What trains a trial, with what it reserves."""
    if resources["workers"] > 1:
        from tuneful.sweep.trials.distributed import DistributedTrial

        # The workers reserve their own resources; the trial itself costs none.
        return tune.with_resources(DistributedTrial, {HEAD: 0.001})
    return tune.with_resources(OneWorkerTrial, tune.PlacementGroupFactory([need_of(resources)]))


def need_of(resources: Mapping[str, Any]) -> dict[str, float]:
    """Of one worker, in Ray's words."""
    need = {"CPU": resources["cpus_per_worker"], "GPU": resources["gpus_per_worker"]}
    return {kind: float(amount) for kind, amount in need.items() if amount}
