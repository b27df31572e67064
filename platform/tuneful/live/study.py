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
    """`runs/<sweep>/study.journal` below a results folder: the ended trials of a search, as of the last `update`."""

    def __init__(self, folder: SweepFolder, results: Path) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        definition = folder.definition() or {}
        self.folder, self.path = folder, results / "runs" / folder.name / FILE
        self._space = _space(folder, definition)
        self._next = 0
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # names, by their authors' caution
            self.study.set_metric_names([one.metric for one in objectives])

    def update(self) -> int:
        """Add the trials that have ended since, in the order of their numbers; returns how many."""
        before = self._next
        ended = {plan.number: (plan, end) for plan, end in self.folder.trials(SEARCH) if end is not None}
        while self._next in ended:
            self.study.add_trial(self._frozen(*ended[self._next]))
            self._next += 1
        return self._next - before

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
