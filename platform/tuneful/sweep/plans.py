"""From a sweep and a trial's parameters to the runs it stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from analysis.entrants import Searched, asks_for, best_first, entrants
from analysis.objective import Objective
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
    plans = {plan.number: (plan, end) for plan, end in trials}
    best = best_first(_searched(plans.values(), 1), objective)
    return [plans[trial.number][0] for trial in best[:most]]


def finalists(folder: SweepFolder, definition: dict[str, Any]) -> list[TrialPlan]:
    """The trials that the confirm stage of a resolved sweep compares, see `analysis.entrants`."""
    confirm, search = definition.get("confirm"), folder.trials(SEARCH)
    if not confirm:
        return []
    objectives, plans = Objective.all_of(definition), {plan.number: plan for plan, _ in search}
    runs = [(plan.candidate, plan.runs[0]) for plan, _ in folder.trials(CONFIRM)]
    begun = {candidate for candidate, run in runs if candidate is not None and asks_for(confirm, run.fold, run.split)}
    return [plans[number] for number in entrants(_searched(search, len(objectives)), objectives, confirm["top"], begun)]


def _searched(trials: Iterable[tuple[TrialPlan, TrialEnd | None]], objectives: int) -> list[Searched]:
    return [
        Searched(plan.number, tuple(run.key for run in plan.runs), end.values_of(objectives))
        for plan, end in trials
        if end is not None and end.has_score
    ]


def confirm_left(folder: SweepFolder, definition: dict[str, Any]) -> int:
    """How many confirm runs of a resolved sweep are left; counted without their keys, which a worker must be asked."""
    confirm, candidates = definition.get("confirm"), finalists(folder, definition)
    if not confirm:
        return 0
    confirmed = folder.trials(CONFIRM)
    asked = {
        (plan.number, split, fold, repeat)
        for plan in candidates
        for split in confirm["splits"] or (plan.runs[0].split,)
        for fold in confirm["folds"]
        for repeat in range(confirm["repeats"])
    }
    runs = [(plan.candidate, plan.runs[0]) for plan, end in confirmed if end is not None]
    left = len(asked - {(candidate, run.split, run.fold, run.repeat) for candidate, run in runs})
    race = Race.of(definition)
    heat = race.next_heat(confirmed, [plan.number for plan in candidates]) if race and left == 0 else None
    return race.left(confirmed, heat) if race and heat else left
