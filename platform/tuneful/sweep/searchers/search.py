"""The searchers: Optuna with the ledger as its memory, and a plain list of trials."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan
from tuneful.space.parameters import Space
from tuneful.space.sample import DefineByRun
from tuneful.space.sweep import Sweep
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.searchers.first_points import points_by_number
from tuneful.sweep.searchers.samplers import SamplerSpec
from tuneful.sweep.searchers.study import NAME, SweepStudy, ended_in_order
from tuneful.sweep.unsaved import Unsaved

__all__ = ["LedgerOptunaSearch", "PlannedTrials", "SamplerSpec", "searcher_of"]
MakePlan = Callable[[int, dict[str, Any]], TrialPlan]
"""(trial number, Optuna's parameters) -> the trial"""
MakePayload = Callable[[TrialPlan], dict[str, Any]]
Asked = tuple[TrialPlan, optuna.Trial]


class LedgerOptunaSearch(Unsaved, OptunaSearch):  # type: ignore[misc]
    """Ray's OptunaSearch on a study that is made anew from the ledger (`SweepStudy` says how it differs).

    Trials that were interrupted are suggested again, under their old number, before new ones.
    """

    def __init__(
        self,
        space: Space,
        mode: str | Sequence[str],
        sampler: SamplerSpec,
        recorder: Recorder,
        make: tuple[MakePlan, MakePayload],
    ) -> None:
        modes = [mode] if isinstance(mode, str) else list(mode)
        self.trials = SweepStudy(space, modes, sampler)
        super().__init__(
            space=DefineByRun(space),
            metric="score",
            mode=modes[0],
            sampler=self.trials.study.sampler,
            study_name=NAME,
            storage=self.trials.storage,
        )
        self._recorder = recorder
        self._make_plan, self._make_payload = make
        self._resumed: list[tuple[TrialPlan | None, optuna.Trial]] = []
        self._points: dict[int, Mapping[str, Any]] = {}
        self._waiting: Asked | None = None

    def learn(self, past: Sequence[tuple[Mapping[str, Any] | None, TrialEnd]]) -> None:
        """Put the ended trials of other sweeps, as (parameters, end), before the own ones. Before `replay`."""
        self.trials.learn(past)

    def start_at(self, points: Mapping[int, Mapping[str, Any]]) -> None:
        """Let the trials of these numbers be at these points, given as Optuna's parameters."""
        self._points = dict(points)

    def replay(self, trials: Sequence[tuple[TrialPlan, TrialEnd | None]]) -> None:
        """Fill the study with what is on record, in order, each under its number.

        Trials without an end are to be run on; a number whose record somebody removed is drawn anew.
        """
        self.trials.take([plan for plan, _ in trials])
        for number, plan, end in ended_in_order(trials):
            if end is not None:
                self.trials.add(plan, end)
                continue
            trial = self.trials.ask_again(plan) if plan else self.trials.ask(self._points.get(number))
            if trial is not None:
                self._resumed.append((plan, trial))

    @property
    def study(self) -> optuna.Study:
        """The study as Optuna has it."""
        return self.trials.study

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next trial: an interrupted one, or a new one; FINISHED when every configuration is taken."""
        asked = self._waiting or self._ask()
        if asked is None:
            return str(Searcher.FINISHED)
        plan, trial = asked
        if self._recorder.shares_a_run(plan):
            self._waiting = asked
            return None
        self._waiting = None
        self._ot_trials[trial_id] = trial
        payload = self._make_payload(plan)
        self._recorder.start(trial_id, plan)
        return payload

    def draw(self, most: int) -> list[TrialPlan]:
        """The next trials, put on record and not suggested: interrupted ones, then new ones, as far as there are."""
        asked = [self._ask() for _ in range(most)]
        return [each[0] for each in asked if each is not None]

    def save(self, checkpoint_path: str) -> None:
        """An empty file: the ledger is the memory, Tune's state is never read back."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, see `save`."""

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Tell Optuna of an epoch."""
        if self._recorder.result(trial_id, result):
            self.trials.report(self._ot_trials[trial_id], result["epoch"], result["score"])

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell Optuna of a trial's end, as what it was."""
        end = self._recorder.end(trial_id, result, error)
        trial = self._ot_trials.pop(trial_id)
        if end is not None:
            self.trials.tell(trial, end)

    def _ask(self) -> Asked | None:
        if self._resumed:
            plan, trial = self._resumed.pop(0)
            return (plan, trial) if plan is not None else self._new(trial)
        new = self.trials.ask(self._points.get(self.trials.next_number))
        return None if new is None else self._new(new)

    def _new(self, trial: optuna.Trial) -> Asked:
        plan = self._make_plan(self.trials.number(trial), dict(trial.params))
        self._recorder.folder.ask(plan)
        return plan, trial


def searcher_of(sweep: Sweep, recorder: Recorder, make: tuple[MakePlan, MakePayload]) -> LedgerOptunaSearch:
    """The searcher that a sweep asks for, which still has to learn and to replay."""
    algorithm = sweep.definition.search_algorithm
    searcher = LedgerOptunaSearch(
        sweep.space,
        [objective.mode for objective in Objective.all_of(sweep.resolved())],
        SamplerSpec(algorithm.sampler, algorithm.seed, algorithm.population),
        recorder,
        make,
    )
    points = points_by_number(recorder.folder, sweep.published)
    searcher.start_at({number: sweep.space.params(point) for number, point in points.items()})
    return searcher


class PlannedTrials(Unsaved, Searcher):  # type: ignore[misc]
    """Runs a given list of trials, each once: the confirm stage. One whose run is under way lets others go first."""

    def __init__(self, plans: Sequence[TrialPlan], recorder: Recorder, make_payload: MakePayload) -> None:
        super().__init__(metric="score", mode="max")
        self._plans, self._recorder, self._make_payload = list(plans), recorder, make_payload

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next trial of the list that can begin; None where all that are left must wait."""
        if not self._plans:
            return str(Searcher.FINISHED)
        ready = (place for place, plan in enumerate(self._plans) if not self._recorder.shares_a_run(plan))
        if (place := next(ready, None)) is None:
            return None
        plan = self._plans.pop(place)
        self._recorder.folder.ask(plan)
        payload = self._make_payload(plan)
        self._recorder.start(trial_id, plan)
        return payload

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keep an epoch's score."""
        self._recorder.result(trial_id, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Put a trial's end on record."""
        self._recorder.end(trial_id, result, error)

    def save(self, checkpoint_path: str) -> None:
        """An empty file: the ledger is the memory, Tune's state is never read back."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, see `save`."""
