"""From a sweep and a trial's parameters to the runs it stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.space.sample import to_settings
from tuneful.space.sweep import Sweep


@dataclass(frozen=True)
class Planner:
    """Names the runs of a sweep's trials."""

    sweep: Sweep
    data_digest: str
    precision: str
    """what `training.precision: auto` means on the workers"""

    def search_trial(self, number: int, params: dict[str, Any]) -> TrialPlan:
        """A trial of the search: every fold times every repeat, advancing together."""
        definition = self.sweep.definition
        settings = to_settings(params)
        base = self.sweep.spec_for(settings)
        runs = tuple(
            self._run(settings, {"data.fold": fold, "seed": base.seed + repeat}, repeat)
            for repeat in range(definition.repeats)
            for fold in definition.folds
        )
        return TrialPlan(SEARCH, number, params, settings, runs)

    def confirm_trials(self, candidates: Iterable[TrialPlan]) -> list[TrialPlan]:
        """The candidates again on every split scheme, fold and repeat of the confirm stage, one run a trial."""
        confirm = self.sweep.definition.confirm
        if confirm is None:
            return []
        plans: list[TrialPlan] = []
        for candidate in candidates:
            base = self.sweep.spec_for(candidate.settings)
            for split in confirm.splits or (base.data.split.scheme,):
                for repeat in range(confirm.repeats):
                    for fold in confirm.folds:
                        extra = {"data.split.scheme": split, "data.fold": fold, "seed": base.seed + repeat}
                        run = self._run(candidate.settings, extra, repeat)
                        plans.append(
                            TrialPlan(
                                CONFIRM, len(plans), candidate.params, candidate.settings, (run,), candidate.number
                            )
                        )
        return plans

    def _run(self, settings: dict[str, Any], extra: dict[str, Any], repeat: int) -> RunPlan:
        spec = self.sweep.spec_for({**settings, **extra})
        precision = self.precision if spec.training.precision == "auto" else spec.training.precision
        key = spec.key(self.data_digest, self.sweep.definition.resources.workers, precision)
        return RunPlan(key, spec.resolved(), spec.data.fold, spec.seed, repeat, spec.data.split.scheme)


def best_trials(
    trials: Iterable[tuple[TrialPlan, TrialEnd | None]], objective: Objective, most: int
) -> list[TrialPlan]:
    """The best complete trials, best first; of trials with the same runs only one."""
    complete = [(plan, end) for plan, end in trials if end is not None and end.state == "complete"]
    complete.sort(key=lambda item: item[1].score, reverse=objective.mode == "max")
    distinct = {tuple(run.key for run in plan.runs): plan for plan, _ in reversed(complete)}
    return [plan for plan, _ in complete if distinct[tuple(run.key for run in plan.runs)] is plan][:most]


def confirm_left(folder: SweepFolder, definition: dict[str, Any]) -> int:
    """How many confirm runs of a resolved sweep are left; counted without their keys, which a worker must be asked."""
    confirm = definition.get("confirm")
    if not confirm:
        return 0
    best = best_trials(folder.trials(SEARCH), Objective.of(definition), confirm["top"])
    candidates = {plan.number for plan in best}
    each: int = len(confirm["splits"] or ("own",)) * len(confirm["folds"]) * confirm["repeats"]
    ended = sum(end is not None and plan.candidate in candidates for plan, end in folder.trials(CONFIRM))
    return each * len(candidates) - ended
