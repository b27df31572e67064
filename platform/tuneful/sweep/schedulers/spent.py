"""What a sweep has spent and gained, from its record alone. Imports no Ray."""

from collections.abc import Sequence

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd, TrialPlan
from tuneful.space.definition import ResourcesSpec, StallSpec, SweepDefinition
from tuneful.sweep.recorder import FAILED
from tuneful.sweep.searchers.reuse import reused_from


def stalled(
    trials: Sequence[tuple[TrialPlan, TrialEnd | None]], objective: Objective, rule: StallSpec | None
) -> str | None:
    """Whether the last trials brought nothing: a sentence that says so, or None.

    The last are those of the highest numbers that have ended, which no clock decides. Trials that failed say nothing
    about the search and don't count; without a complete trial before the last ones there is nothing to compare with.
    """
    ended = [end for _, end in trials if end is not None and end.state != FAILED]
    if rule is None or len(ended) <= rule.trials:
        return None
    complete = [objective.sign * end.score if end.has_score else -float("inf") for end in ended]
    before, now = max(complete[: -rule.trials]), max(complete)
    if before == -float("inf") or now - before > rule.gain:
        return None
    gained = f"gained {now - before:.4g}" if now > before else "gained nothing"
    return f"The search has stalled: its last {rule.trials} trials {gained}."


def gpus_of_trial(resources: ResourcesSpec) -> float:
    """How many GPUs a running trial occupies."""
    return resources.workers * resources.gpus_per_worker


def recorded_seconds(folder: SweepFolder) -> float:
    """How long the runs on record trained and were evaluated; those taken from other sweeps cost nothing here."""
    plans = [plan for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage)]
    keys = {run.key for plan in plans for run in plan.runs}
    metrics = [
        epoch["metrics"] for key in keys if reused_from(folder, key) is None for epoch in folder.ledger(key).epochs()
    ]
    return float(sum(each["seconds"] + each.get("eval_seconds", 0) for each in metrics))


def out_of_gpu_hours(used: float, most: float) -> str | None:
    """That the GPU hours are used up, in words, or None."""
    return None if used < most else f"max_gpu_hours is reached ({used:.2f} of {most:g} GPU hours)"


def budget_spent(definition: SweepDefinition, folder: SweepFolder) -> str | None:
    """Why the same command would run nothing more, though trials are left; None where it would go on."""
    if definition.max_gpu_hours is None:
        return None
    used = gpus_of_trial(definition.resources) * recorded_seconds(folder) / 3600
    why = out_of_gpu_hours(used, definition.max_gpu_hours)
    return why and f"{why}: to go on, raise it in the sweep file."
