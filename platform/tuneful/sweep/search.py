"""The searchers: Optuna with the ledger as its memory, and a plain list of trials."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from analysis.records.sweep import TrialEnd, TrialPlan
from tuneful.space.parameters import Space
from tuneful.space.sample import DefineByRun
from tuneful.sweep.recorder import FAILED, Recorder
from tuneful.sweep.unsaved import Unsaved

MakePlan = Callable[[int, dict[str, Any]], TrialPlan]
"""(trial number, Optuna's parameters) -> the trial"""
MakePayload = Callable[[TrialPlan], dict[str, Any]]


class LedgerOptunaSearch(Unsaved, OptunaSearch):  # type: ignore[misc]
    """Ray's OptunaSearch, corrected where it misleads the sampler, with its history from the ledger.

    - A trial stopped early or diverged is PRUNED with all its rungs (Ray says COMPLETE with the score of a few
      epochs); one that failed for other reasons is FAIL.
    - The sampler of each trial is seeded by the trial's number, so the sequence of suggestions depends on the seed and
      the history alone, also across a restart.
    - Trials that were interrupted are suggested again, under their old number, before new ones.
    """

    def __init__(
        self, space: Space, mode: str, sampler: "SamplerSpec", recorder: Recorder, make: tuple[MakePlan, MakePayload]
    ) -> None:
        draw = DefineByRun(space)
        super().__init__(space=draw, metric="score", mode=mode, sampler=sampler.build(0), study_name="sweep")
        self._parameters = space
        self._recorder, self._sampler_spec = recorder, sampler
        self._make_plan, self._make_payload = make
        self._resumed: list[TrialPlan | int] = []
        self._waiting: tuple[TrialPlan, optuna.Trial] | None = None

    def replay(self, trials: Sequence[tuple[TrialPlan, TrialEnd | None]]) -> None:
        """Fill the study with what is on record, in order, each under its number.

        Trials without an end are to be run on; a number whose record somebody removed is to be drawn anew.
        """
        on_record = {plan.number: (plan, end) for plan, end in trials}
        for number in range(max(on_record, default=-1) + 1):
            plan, end = on_record.get(number, (None, None))
            if plan is not None and end is not None:
                self._ot_study.add_trial(frozen_trial(self._parameters, plan, end))
            else:
                self._ot_study.enqueue_trial(plan.params if plan else {})  # takes the number; `ask` hands it out first
                self._resumed.append(plan or number)

    @property
    def study(self) -> optuna.Study:
        """The study as Optuna has it."""
        study: optuna.Study = self._ot_study
        return study

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """The next trial: an interrupted one, or a new one."""
        plan, trial = self._waiting or self._ask()
        # The same configuration may be running already: its second trial waits, and then reads the ledger.
        busy = {run.key for other in self._recorder.running.values() for run in other.runs}
        if busy & {run.key for run in plan.runs}:
            self._waiting = plan, trial
            return None
        self._waiting = None
        self._ot_trials[trial_id] = trial
        self._recorder.start(trial_id, plan)
        return self._make_payload(plan)

    def save(self, checkpoint_path: str) -> None:
        """An empty file: the ledger is the memory, Tune's state is never read back."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, see `save`."""

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Tell Optuna of an epoch."""
        if self._recorder.result(trial_id, result):
            self._ot_trials[trial_id].report(result["score"], result["epoch"])

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell Optuna of a trial's end, as what it was."""
        end = self._recorder.end(trial_id, result, error)
        trial = self._ot_trials.pop(trial_id)
        if end is None:
            return
        if end.state == "complete":
            self._ot_study.tell(trial, end.score)
        elif end.state == FAILED:
            self._ot_study.tell(trial, state=TrialState.FAIL)
        else:
            reported = self._ot_study.trials[trial.number].intermediate_values
            for epoch, score in end.scores:
                if epoch not in reported:
                    trial.report(score, epoch)
            self._ot_study.tell(trial, state=TrialState.PRUNED)

    def _ask(self) -> tuple[TrialPlan, optuna.Trial]:
        trial = self._ask_optuna()
        self._space(trial)
        resumed = self._resumed.pop(0) if self._resumed else None
        if isinstance(resumed, TrialPlan):
            return resumed, trial
        plan = self._make_plan(trial.number, dict(trial.params))
        self._recorder.folder.ask(plan)
        return plan, trial

    def _ask_optuna(self) -> optuna.Trial:
        first = self._resumed[0] if self._resumed else len(self._ot_study.trials)
        number = first.number if isinstance(first, TrialPlan) else first
        self._ot_study.sampler = self._sampler_spec.build(number)
        trial: optuna.Trial = self._ot_study.ask()
        return trial


class SamplerSpec:
    """A sampler by name, built anew for each trial from the sweep's seed and the trial's number."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed

    def build(self, number: int) -> optuna.samplers.BaseSampler:
        """The sampler that suggests trial `number`."""
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        if self.name == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        # group: a conditional space falls apart into groups that are each sampled jointly
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # `group`, by its authors' caution
            return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def frozen_trial(space: Space, plan: TrialPlan, end: TrialEnd) -> FrozenTrial:
    """A trial on record as Optuna's study holds it."""
    state = {"complete": TrialState.COMPLETE, FAILED: TrialState.FAIL}.get(end.state, TrialState.PRUNED)
    return create_trial(
        state=state,
        value=end.score if state == TrialState.COMPLETE else None,
        params=plan.params,
        distributions=space.distributions(plan.params),
        intermediate_values=dict(end.scores) if state != TrialState.FAIL else {},
    )


class PlannedTrials(Unsaved, Searcher):  # type: ignore[misc]
    """Runs a given list of trials, each once: the confirm stage."""

    def __init__(self, plans: Sequence[TrialPlan], recorder: Recorder, make_payload: MakePayload) -> None:
        super().__init__(metric="score", mode="max")
        self._plans, self._recorder, self._make_payload = list(plans), recorder, make_payload

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next trial of the list."""
        if not self._plans:
            return str(Searcher.FINISHED)
        plan = self._plans.pop(0)
        self._recorder.folder.ask(plan)
        self._recorder.start(trial_id, plan)
        return self._make_payload(plan)

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
