"""A sweep's search as an Optuna study in a file, for optuna-dashboard and notebooks: derived, made anew each time."""

import contextlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.objective import Objective
from analysis.records.sweep import SEARCH, SweepFolder, TrialEnd, TrialPlan
from tuneful.space.parameters import Space
from tuneful.space.sweep import load_sweep

if TYPE_CHECKING:
    import optuna

FILE = "study.journal"


class StudyFile:
    """`runs/<sweep>/study.journal` below a results folder: the trials of a search, as of the last `update`."""

    def __init__(self, folder: SweepFolder, results: Path) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        definition = folder.definition() or {}
        self.folder, self.path = folder, results / "runs" / folder.name / FILE
        self._space = _space(folder, definition)
        self._next = 0
        self._running: dict[int, int] = {}
        """number to Optuna's id of those added that have not ended"""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        objectives = Objective.all_of(definition)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.storage = JournalStorage(JournalFileBackend(str(self.path)))
        self.study = optuna.create_study(
            storage=self.storage,
            study_name=folder.name,
            directions=["minimize" if one.mode == "min" else "maximize" for one in objectives],
        )
        self._study_id = self.storage.get_study_id_from_name(folder.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # names, by their authors' caution
            self.study.set_metric_names([one.metric for one in objectives])

    def update(self) -> int:
        """Add the trials that have ended since; returns how many.

        Optuna counts trials as they are added: one that has not ended, though a later one has, is added as running, to
        be filled in when it ends.
        """
        ended = {plan.number: (plan, end) for plan, end in self.folder.trials(SEARCH) if end is not None}
        new = sorted(number for number in ended if number >= self._next or number in self._running)
        for number in new:
            for gap in range(self._next, number):
                self._running[gap] = self.storage.create_new_trial(self._study_id)
            trial = self._frozen(*ended[number])
            if number in self._running:
                self._fill_in(self._running.pop(number), trial)
            else:
                self.study.add_trial(trial)
            self._next = max(self._next, number + 1)
        return len(new)

    def _fill_in(self, trial_id: int, trial: "optuna.trial.FrozenTrial") -> None:
        """Make a running trial of the study what `trial` is."""
        for name, distribution in trial.distributions.items():
            value = distribution.to_internal_repr(trial.params[name])
            self.storage.set_trial_param(trial_id, name, value, distribution)
        for step, score in trial.intermediate_values.items():
            self.storage.set_trial_intermediate_value(trial_id, step, score)
        for name, said in trial.user_attrs.items():
            self.storage.set_trial_user_attr(trial_id, name, said)
        self.storage.set_trial_state_values(trial_id, trial.state, trial.values)

    def _frozen(self, plan: TrialPlan, end: TrialEnd) -> "optuna.trial.FrozenTrial":
        from optuna.trial import TrialState, create_trial

        said = {"settings": dict(plan.settings), "state": end.state, "error": end.error}
        values = list(end.values_of(len(self.study.directions)))
        state = {"complete": TrialState.COMPLETE, "failed": TrialState.FAIL}.get(end.state, TrialState.PRUNED)
        one = len(values) == 1
        with contextlib.suppress(KeyError, ValueError):  # of a space that was changed since
            return create_trial(
                state=state,
                values=values if state == TrialState.COMPLETE else None,
                params=dict(plan.params),
                distributions=self._space.distributions(plan.params),
                intermediate_values=dict(end.scores) if one and state != TrialState.FAIL else {},
                user_attrs=said,
            )
        return create_trial(state=TrialState.FAIL, user_attrs=said)


def _space(folder: SweepFolder, definition: Mapping[str, Any]) -> Space:
    """The space of a sweep as resolved; empty for the runs of `platform train`."""
    return load_sweep(folder.path / "sweep.yaml").space if definition.get("search") else Space({})
