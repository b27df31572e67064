"""The two stages of a sweep on a running cluster: the search, then the confirmation of its best."""

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import ray
from ray import tune
from rich.console import Console

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan
from tuneful.space.plan import epochs_of
from tuneful.space.sweep import Sweep
from tuneful.sweep.cluster import Cluster, slots
from tuneful.sweep.interrupt import Interrupt
from tuneful.sweep.plans import Planner
from tuneful.sweep.progress import Progress
from tuneful.sweep.recorder import Listener, Recorder
from tuneful.sweep.scheduler import Ended, build_scheduler
from tuneful.sweep.search import LedgerOptunaSearch, PlannedTrials, SamplerSpec
from tuneful.sweep.trial import OneWorkerTrial, payload

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Stages:
    """Runs a sweep's stages, one Tuner each."""

    def __init__(self, sweep: Sweep, folder: SweepFolder, planner: Planner, cluster: Cluster, console: Console) -> None:
        self._sweep, self._folder, self._planner, self._cluster, self._console = (
            sweep,
            folder,
            planner,
            cluster,
            console,
        )
        self._objective = Objective.of(sweep.resolved())
        self._resources = sweep.definition.resources.model_dump()
        self._epochs = epochs_of(sweep)
        self._recorder = Recorder(folder)
        self.interrupt = Interrupt(sweep.definition.max_hours, self._stop, self._give_up)

    def listen(self, listener: Listener) -> None:
        """Let `listener` hear of every trial, such as a tracker."""
        self._recorder.listeners.append(listener)

    def search(self, missing: int) -> None:
        """Run the trials that are missing, interrupted ones first."""
        definition = self._sweep.definition
        on_record = self._folder.trials(SEARCH)
        algorithm = definition.search_algorithm
        searcher = LedgerOptunaSearch(
            self._sweep.space,
            self._objective.mode,
            SamplerSpec(algorithm.sampler, algorithm.seed),
            self._recorder,
            (self._planner.search_trial, self._payload),
        )
        searcher.replay(on_record)
        scheduler = build_scheduler(self._sweep.resolved(), self._epochs, on_record)
        with self._shown(definition.trials, on_record):
            self._tune("search", searcher, scheduler, missing)

    def confirm(self, candidates: Sequence[TrialPlan]) -> None:
        """Run what is missing of the confirmation of `candidates`."""
        plans = self._planner.confirm_trials(candidates)
        on_record = {plan.runs[0].key: (plan, end) for plan, end in self._folder.trials(CONFIRM)}
        known = [on_record[plan.runs[0].key] for plan in plans if plan.runs[0].key in on_record]
        new = [plan for plan in plans if plan.runs[0].key not in on_record]
        missing = [plan for plan, end in known if end is None]
        missing += [
            dataclasses.replace(plan, number=number)
            for number, plan in enumerate(new, self._folder.next_number(CONFIRM))
        ]
        if not missing:
            return
        self._console.print(f"Confirming {len(candidates)} trials with {len(missing)} runs.")
        with self._shown(len(plans), known):
            searcher = PlannedTrials(missing, self._recorder, self._payload)
            self._tune("confirm", searcher, tune.schedulers.FIFOScheduler(), len(missing))

    def _tune(self, stage: str, searcher: Any, scheduler: Any, trials: int) -> None:
        tuner = tune.Tuner(
            self._trainable(),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=scheduler,
                num_samples=trials,
                reuse_actors=True,
                max_concurrent_trials=slots(self._cluster, self._resources),
            ),
            run_config=tune.RunConfig(
                name=stage,
                storage_path=str(self._disposable("tune")),
                stop=self.interrupt,
                failure_config=tune.FailureConfig(max_failures=1),  # a process that dies is started once more
                # Checkpoints are the ledger's: Tune starts a trial anew and its runs go on from there.
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        )
        tuner.fit()

    def _trainable(self) -> Any:
        if self._resources["workers"] > 1:
            from tuneful.sweep.distributed import DistributedTrial

            # The workers reserve their own resources; the trial itself costs none.
            return tune.with_resources(DistributedTrial, {"node:__internal_head__": 0.001})
        need = {"CPU": self._resources["cpus_per_worker"], "GPU": self._resources["gpus_per_worker"]}
        return tune.with_resources(OneWorkerTrial, tune.PlacementGroupFactory([{k: v for k, v in need.items() if v}]))

    def _payload(self, plan: TrialPlan) -> dict[str, Any]:
        content = payload(self._folder.path.absolute(), plan, self._objective, self._resources)
        return {**content, "train_storage": str(self._disposable("train"))}

    def _disposable(self, name: str) -> Path:
        """Ray's own files: local, and gone with the cluster."""
        return self._cluster.token_file.parent / name

    @contextlib.contextmanager
    def _shown(self, total: int, on_record: Ended) -> Any:
        progress = Progress(self._console, self._objective, total, self._epochs)
        progress.already(on_record)
        with progress:
            self._recorder.listeners.append(progress)
            try:
                yield
            finally:
                self._recorder.listeners.remove(progress)

    def _stop(self, why: str) -> None:
        self._recorder.stopping = True
        self._console.print(why)

    def _give_up(self) -> None:
        """End Ray's processes: they die with this one, but their trials should not outlive the lock."""
        (self._folder.path / "lock.json").unlink(missing_ok=True)
        ray.shutdown()
