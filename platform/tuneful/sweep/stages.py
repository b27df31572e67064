"""The two stages of a sweep on a running cluster: the search, then the confirmation of its best."""

import contextlib
import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

import optuna
import ray
from ray import tune
from rich.console import Console

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan
from tuneful.space.plan import epochs_of
from tuneful.space.schedulers import PbtSpec
from tuneful.space.sweep import Sweep
from tuneful.sweep.clusters.cluster import Cluster
from tuneful.sweep.clusters.ray_metrics import RayMetrics
from tuneful.sweep.disk import DiskWatch
from tuneful.sweep.interrupt import Interrupt
from tuneful.sweep.lock import give_back
from tuneful.sweep.plans import Planner
from tuneful.sweep.populations.population import Population, Rules
from tuneful.sweep.populations.population_search import PopulationSearch
from tuneful.sweep.progress import Progress, ShownStage
from tuneful.sweep.race import Heat, Race
from tuneful.sweep.recorder import Listener, Recorder
from tuneful.sweep.remaining import runs_left, stalled_sweep, wanted_trials
from tuneful.sweep.requests import ByHand
from tuneful.sweep.schedulers.budgets import Until, budgets_of
from tuneful.sweep.schedulers.failures import FailuresInARow
from tuneful.sweep.schedulers.remembering import Scores
from tuneful.sweep.schedulers.scheduler import Ended, build_scheduler
from tuneful.sweep.searchers.reuse import Reuse
from tuneful.sweep.searchers.search import PlannedTrials, searcher_of
from tuneful.sweep.searchers.warm_start import learnt
from tuneful.sweep.trials.lockstep import decided_scores
from tuneful.sweep.trials.payload import Payloads
from tuneful.sweep.tuning import Tuning

optuna.logging.set_verbosity(optuna.logging.WARNING)
SHUTDOWN_S = 10.0
"""How long Ray is given to end."""


class Stages:
    """Runs a sweep's stages, one Tuner each."""

    def __init__(self, sweep: Sweep, folder: SweepFolder, planner: Planner, cluster: Cluster, console: Console) -> None:
        definition = sweep.definition
        self._sweep, self._folder, self._planner, self._console = sweep, folder, planner, console
        self._objective, *further = Objective.all_of(sweep.resolved())
        self._epochs = epochs_of(sweep)
        metrics = [one.metric for one in (self._objective, *further)]
        self._reuse = Reuse(folder, metrics, self._say) if definition.reuse else None
        self._payloads = Payloads(folder, planner, cluster.folder / "train")
        self._metrics, failures = RayMetrics(folder.name, self._objective), FailuresInARow()
        self._recorder = Recorder(folder)
        self._recorder.listeners += [self._metrics, DiskWatch(folder, runs_left(sweep, folder), self._say), failures]
        self.interrupt = Interrupt([*budgets_of(definition, folder), failures], self._stop, self._give_up)
        self.interrupt.by_hand = ByHand(folder, self._recorder)
        self._tuning = Tuning(cluster, definition.resources.model_dump(), self.interrupt, self._say)

    def listen(self, listener: Listener) -> None:
        """Let `listener` hear of every trial, such as a tracker."""
        self._recorder.listeners.append(listener)

    def search(self, missing: int) -> None:
        """Run the trials that are missing, interrupted ones first."""
        definition = self._sweep.definition
        on_record = self._folder.trials(SEARCH)
        if isinstance(definition.scheduler, PbtSpec):
            self._evolve(definition.scheduler, missing, on_record)
            return
        searcher = searcher_of(self._sweep, self._recorder, (self._planner.search_trial, self._begun))
        searcher.learn(learnt(self._planner, self._folder, self._console))
        searcher.replay(on_record)
        scheduler = build_scheduler(self._sweep.resolved(), self._epochs, on_record, self._decided)
        with self._shown(SEARCH, wanted_trials(self._sweep), on_record):
            interrupted = sum(end is None for _, end in on_record)
            until = Until(searcher, self._stalled, interrupted) if definition.stall else searcher
            self._tuning.run("search", until, scheduler, missing)

    def _evolve(self, spec: PbtSpec, missing: int, on_record: Ended) -> None:
        """Run a population: its trials are all there from the beginning, and none of their runs is another's."""
        seed = self._sweep.definition.search_algorithm.seed
        rules = Rules(self._sweep.space, spec, self._objective, seed)
        population = Population(self._folder, rules, self._planner.search_trial)
        drawing = searcher_of(self._sweep, self._recorder, (population.new_trial, self._payloads.of))
        drawing.learn(learnt(self._planner, self._folder, self._console))
        drawing.replay(on_record)
        plans = drawing.draw(missing)
        with self._shown(SEARCH, self._sweep.definition.trials, on_record):
            searcher = PopulationSearch(population, plans, self._recorder, self._payloads.of, self._say)
            legs = len(plans) * (self._epochs // spec.interval + 1)
            self._tuning.run("search", searcher, tune.schedulers.FIFOScheduler(), legs)

    def confirm(self, candidates: Sequence[TrialPlan]) -> None:
        """Run what is missing of the confirmation of `candidates`, and race those that it doesn't tell apart."""
        self._confirm(self._planner.confirm_trials(candidates))
        race = Race.of(self._sweep.resolved())
        numbers = [plan.number for plan in candidates]
        last: Heat | None = None
        while race and not self.interrupt.stopping:
            heat = race.next_heat(self._folder.trials(CONFIRM), numbers)
            if heat is None or heat == last:  # the same again: its runs could not be ended
                return
            last = heat
            racing = [plan for plan in candidates if plan.number in heat.finalists]
            self._confirm(self._planner.confirm_trials(racing, [heat.repeat]))

    def _confirm(self, plans: Sequence[TrialPlan]) -> None:
        on_record = {_place(plan): (plan, end) for plan, end in self._folder.trials(CONFIRM)}
        known = [on_record[_place(plan)] for plan in plans if _place(plan) in on_record]
        new = [plan for plan in plans if _place(plan) not in on_record]
        missing = [plan for plan, end in known if end is None]
        missing += [
            dataclasses.replace(plan, number=number)
            for number, plan in enumerate(new, self._folder.next_number(CONFIRM))
        ]
        if not missing:
            return
        trials = len({plan.candidate for plan in missing})
        self._console.print(f"Confirming {trials} trials with {len(missing)} runs.")
        with self._shown(CONFIRM, len(plans), known):
            searcher = PlannedTrials(missing, self._recorder, self._begun)
            self._tuning.run("confirm", searcher, tune.schedulers.FIFOScheduler(), len(missing))

    def _begun(self, plan: TrialPlan) -> dict[str, Any]:
        """What a trial's process needs; first takes over what other sweeps have of its runs."""
        source = self._reuse.take(plan) if self._reuse else None
        if source is not None:
            self._recorder.reused[plan.name] = source
            self._console.print(f"{plan.name}: taken from {source}, which trained it already", highlight=False)
        return self._payloads.of(plan)

    def _decided(self, plan: TrialPlan) -> Scores:
        return decided_scores(self._folder.path, plan.runs, self._objective)

    def _stalled(self) -> bool:
        return stalled_sweep(self._sweep, self._folder) is not None

    @contextlib.contextmanager
    def _shown(self, name: str, total: int, on_record: Ended) -> Any:
        stage = ShownStage(self._folder, name, self._objective, total, self._epochs, self._tuning.slots)
        progress = Progress(self._console, stage, self._recorder.reused)
        progress.already(on_record)
        with progress, self._metrics.repeating():
            self._recorder.listeners.append(progress)
            try:
                yield
            finally:
                self._recorder.listeners.remove(progress)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _stop(self, why: str) -> None:
        self._recorder.stopping = True
        self._console.print(why)

    def _give_up(self) -> None:
        """End Ray's processes before the lock is given back: whoever takes it next must find nobody training.

        A Ray that hangs is not waited for: its processes die with this one.
        """
        ending = threading.Thread(target=ray.shutdown, daemon=True)
        ending.start()
        ending.join(SHUTDOWN_S)
        give_back(self._folder.path)


def _place(plan: TrialPlan) -> tuple[int | None, str]:
    """What a confirm run is for: two candidates that differ in what the confirm stage replaces have the same runs."""
    return plan.candidate, plan.runs[0].key
