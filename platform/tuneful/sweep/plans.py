"""From a sweep and a trial's parameters to the runs it stands for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.objective import Objective
from analysis.pareto import pareto_front
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from trainers.spec import RunSpec
from tuneful.space.sweep import Sweep
from tuneful.sweep.race import Race


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
        settings = self.sweep.settings(params)
        base = self.sweep.spec_for(settings)
        runs = tuple(
            self._run(settings, {"data.fold": fold, "seed": base.seed + repeat}, repeat)
            for repeat in range(definition.repeats)
            for fold in definition.folds
        )
        return TrialPlan(SEARCH, number, params, settings, runs)

    def confirm_trials(self, candidates: Iterable[TrialPlan], repeats: Iterable[int] | None = None) -> list[TrialPlan]:
        """The candidates again on every split scheme and fold of the confirm stage, one run a trial.

        Their seeds are none of the search's: the runs that a candidate was chosen by were lucky ones, and say nothing
        about it that wasn't known.

        `repeats` are numbers of repeats, in place of those that every candidate gets.
        """
        confirm, searched = self.sweep.definition.confirm, self.sweep.definition.repeats
        if confirm is None:
            return []
        repeats = range(confirm.repeats) if repeats is None else tuple(repeats)
        plans: list[TrialPlan] = []
        for candidate in candidates:
            base = self.sweep.spec_for(candidate.settings)
            for split in confirm.splits or (base.data.split.scheme,):
                for repeat in repeats:
                    for fold in confirm.folds:
                        extra = {"data.split.scheme": split, "data.fold": fold, "seed": base.seed + searched + repeat}
                        run = self._run(candidate.settings, extra, repeat)
                        plans.append(
                            TrialPlan(
                                CONFIRM, len(plans), candidate.params, candidate.settings, (run,), candidate.number
                            )
                        )
        return plans

    def key_of(self, spec: RunSpec) -> str:
        """The key of a run on this sweep's data and workers."""
        precision = self.precision if spec.training.precision == "auto" else spec.training.precision
        return spec.key(self.data_digest, self.sweep.definition.resources.workers, precision)

    def _run(self, settings: dict[str, Any], extra: dict[str, Any], repeat: int) -> RunPlan:
        spec = self.sweep.spec_for({**settings, **extra})
        return RunPlan(self.key_of(spec), spec.resolved(), spec.data.fold, spec.seed, repeat, spec.data.split.scheme)


def best_trials(
    trials: Iterable[tuple[TrialPlan, TrialEnd | None]], objective: Objective, most: int
) -> list[TrialPlan]:
    """The best complete trials, best first; of trials with the same runs only one, and none without a score."""
    complete = [(plan, end) for plan, end in trials if end is not None and end.has_score]
    complete.sort(key=lambda item: item[1].score, reverse=objective.mode == "max")
    distinct = {tuple(run.key for run in plan.runs): plan for plan, _ in reversed(complete)}
    return [plan for plan, _ in complete if distinct[tuple(run.key for run in plan.runs)] is plan][:most]


def finalists(
    trials: Iterable[tuple[TrialPlan, TrialEnd | None]], objectives: Sequence[Objective], most: int
) -> list[TrialPlan]:
    """The trials to confirm: the best by the first objective; of several objectives the Pareto front's come first."""
    trials = list(trials)
    best = best_trials(trials, objectives[0], len(trials))
    if len(objectives) == 1:
        return best[:most]
    values = {plan.number: end.values_of(len(objectives)) for plan, end in trials if end is not None}
    front = pareto_front([values[plan.number] for plan in best], objectives)
    in_front = {plan.number for plan, there in zip(best, front, strict=True) if there}
    return sorted(best, key=lambda plan: plan.number not in in_front)[:most]


def confirm_left(folder: SweepFolder, definition: dict[str, Any]) -> int:
    """How many confirm runs of a resolved sweep are left; counted without their keys, which a worker must be asked."""
    confirm = definition.get("confirm")
    if not confirm:
        return 0
    best = finalists(folder.trials(SEARCH), Objective.all_of(definition), confirm["top"])
    confirmed = folder.trials(CONFIRM)
    asked = {
        (plan.number, split, fold, repeat)
        for plan in best
        for split in confirm["splits"] or (plan.runs[0].split,)
        for fold in confirm["folds"]
        for repeat in range(confirm["repeats"])
    }
    runs = [(plan.candidate, plan.runs[0]) for plan, end in confirmed if end is not None]
    left = len(asked - {(candidate, run.split, run.fold, run.repeat) for candidate, run in runs})
    race = Race.of(definition)
    heat = race.next_heat(confirmed, [plan.number for plan in best]) if race and left == 0 else None
    return race.runs * len(heat.finalists) if race and heat else left
