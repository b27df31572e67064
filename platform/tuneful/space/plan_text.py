"""The plan of a sweep in words: what is optimised, how, how much work it is and what ends it."""

from tuneful.space.objectives import objectives
from tuneful.space.plan import brackets, confirm_runs, epochs_of, epochs_planned, rungs, runs_per_trial, total_runs
from tuneful.space.schedulers import AshaSpec, HyperBandSpec, MedianSpec, PbtSpec
from tuneful.space.sweep import Sweep

RULES = {"last": "the last epoch", "best": "the best epoch", "mean_last_3": "the mean of the last 3 epochs"}


def plan_rows(sweep: Sweep) -> list[tuple[str, str]]:
    """(name, text) of each line of the plan."""
    definition, plan = sweep.definition, epochs_planned(sweep)
    algorithm, searched = definition.search_algorithm, definition.trials * runs_per_trial(sweep)
    found = [
        ("objective" if n == 0 else "and", f"{o.mode} {o.metric}, {RULES[o.epoch]}")
        for n, o in enumerate(objectives(definition))
    ]
    found += [
        ("algorithm", f"{algorithm.name}, {algorithm.sampler} sampler, seed {algorithm.seed}"),
        ("scheduler", _scheduler(sweep)),
        ("search", f"{definition.trials} trials x {_runs(definition.folds, definition.repeats)} = {searched} runs"),
        ("confirm", _confirm(sweep)),
        ("resources", _resources(sweep)),
        ("runs", f"{total_runs(sweep)} in all, {epochs_of(sweep)} epochs each when not stopped"),
        ("epochs", f"about {plan.expected} expected, {plan.full} at most"),
        ("ends", _ends(sweep)),
    ]
    if definition.warm_start:
        found.append(("warm start", f"learns from {', '.join(definition.warm_start)}"))
    return found


def _runs(folds: tuple[int, ...], repeats: int) -> str:
    fold = "fold" if len(folds) == 1 else "folds"
    return f"{fold} {', '.join(map(str, folds))} x {repeats} {'repeat' if repeats == 1 else 'repeats'}"


def _scheduler(sweep: Sweep) -> str:
    scheduler, early = sweep.definition.scheduler, sweep.definition.early_stop
    if isinstance(scheduler, AshaSpec | HyperBandSpec):
        text = _halving(sweep, scheduler)
    elif isinstance(scheduler, MedianSpec):
        text = f"median: from epoch {scheduler.grace_period} on, what is below the median of others stops"
    elif isinstance(scheduler, PbtSpec):
        text = f"pbt: every {scheduler.interval} epochs the worst {scheduler.quantile:.0%} copy the best and change "
        text += ", ".join(scheduler.mutate)
    else:
        text = f"{scheduler.name}, every trial runs to its end"
    if early is None:
        return text
    return f"{text}; a trial without a gain of more than {early.min_gain:g} in {early.patience} epochs ends"


def _halving(sweep: Sweep, scheduler: AshaSpec | HyperBandSpec) -> str:
    steps, trials = rungs(sweep), sweep.definition.trials
    if not steps:
        return f"{scheduler.name}, every trial runs to its end"
    past = ", ".join(f"about {rung.trials:.0f} past epoch {rung.epoch}" for rung in steps)
    several = f", {len(brackets(sweep))} brackets" if isinstance(scheduler, HyperBandSpec) else ""
    return f"{scheduler.name}: of {trials} trials {past} (1 in {scheduler.reduction_factor} each time{several})"


def _confirm(sweep: Sweep) -> str:
    confirm = sweep.definition.confirm
    if confirm is None:
        return "none"
    splits = f" x splits {', '.join(confirm.splits)}" if confirm.splits else ""
    race = f"; up to {confirm.race.max_repeats} repeats where it is undecided" if confirm.race else ""
    return f"top {confirm.top} x {_runs(confirm.folds, confirm.repeats)}{splits} = {confirm_runs(sweep)} runs{race}"


def _resources(sweep: Sweep) -> str:
    resources = sweep.definition.resources
    workers = f"{resources.workers} {'worker' if resources.workers == 1 else 'workers'}"
    gpus = f"{resources.gpus_per_worker:g} GPU" if resources.gpus_per_worker else "no GPU"
    most = resources.max_concurrent_trials
    at_once = "" if most is None else f", at most {most} {'trial' if most == 1 else 'trials'} at once"
    return f"{workers} a trial, {resources.cpus_per_worker:g} CPU and {gpus} each{at_once}"


def _ends(sweep: Sweep) -> str:
    """What ends the search, whichever comes first."""
    definition, found = sweep.definition, [f"after {sweep.definition.trials} trials"]
    if definition.max_hours is not None:
        found.append(f"after {definition.max_hours:g} h")
    if definition.max_gpu_hours is not None:
        found.append(f"after {definition.max_gpu_hours:g} GPU hours")
    if definition.stall is not None:
        stall = definition.stall
        found.append(f"when {stall.trials} trials in a row gained no more than {stall.gain:g}")
    return ", ".join(found)
