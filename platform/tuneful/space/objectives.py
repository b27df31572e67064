"""Checks of what a sweep optimises."""

from typing import TYPE_CHECKING

from trainers.config.agreement import not_measured
from tuneful.space.definition import SweepDefinition
from tuneful.space.extremes import values
from tuneful.space.objective_spec import COSTS, ObjectiveSpec, at_the_end_only
from tuneful.space.places import Places
from tuneful.space.schedulers import FifoSpec

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep

BESIDE = "objective: [{{metric: val/macro_auc}}, {{metric: {metric}}}]"


def objectives(definition: SweepDefinition) -> tuple[ObjectiveSpec, ...]:
    """All objectives, the one that schedulers and tables use first."""
    return (definition.objective, *definition.further_objectives)


def check_objectives(sweep: "Sweep", places: Places) -> None:
    """Every objective is measured by the sweep's runs, at the epochs where it is needed, and none is there twice.

    Raises:
        SpecError: the first that is not, with the setting that measures it.
    """
    found = objectives(sweep.definition)
    for number, objective in enumerate(found):
        keys = _keys(number, places)
        if refusal := not_measured(objective.metric, sweep.base):
            raise places.error(f"objective.metric {refusal}", *keys, hint="that setting under `set`")
        if objective.metric.startswith("val/") and "none" in values("data.split.scheme", sweep):
            text = f"objective.metric is {objective.metric}, but data.split.scheme=none validates on nothing"
            raise places.error(text, *keys, hint="a split with validation, then one run on all data")
        if objective.metric in [other.metric for other in found[:number]]:
            text = f"objective.metric {objective.metric} is there twice"
            raise places.error(text, *keys, hint="keep one of the two")
        if at_the_end_only(objective.metric) and objective.epoch != "last":
            text = f"objective.epoch must be last for {objective.metric}, which is known of the kept checkpoint only"
            raise places.error(text, *keys, hint="epoch: last")
    _check_first(sweep, places)
    _check_early_stop(sweep, places)


def _check_first(sweep: "Sweep", places: Places) -> None:
    """The first objective is a score that is there when it is looked at."""
    definition, metric = sweep.definition, sweep.definition.objective.metric
    if metric in COSTS:
        text = f"objective.metric {metric} alone finds the run that does least"
        raise places.error(text, *_keys(0, places), hint=BESIDE.format(metric=metric))
    waiting = definition.early_stop is not None or not isinstance(definition.scheduler, FifoSpec)
    if waiting and at_the_end_only(metric):
        text = f"objective.metric {metric} is known of the kept checkpoint only, scheduler and early_stop need a score "
        text += "after every epoch"
        raise places.error(
            text, *_keys(0, places), hint=f"scheduler: {{name: fifo}}, or {BESIDE.format(metric=metric)}"
        )


def _check_early_stop(sweep: "Sweep", places: Places) -> None:
    """What is measured after a run's last epoch is not there where a trial is ended before; its best epochs are."""
    if sweep.definition.early_stop is None or set(values("training.keep", sweep)) == {"best"}:
        return
    for number, objective in enumerate(objectives(sweep.definition)):
        if at_the_end_only(objective.metric):
            text = f"objective.metric {objective.metric} is measured after the last epoch, which early_stop leaves out"
            raise places.error(text, *_keys(number, places), hint="training.keep: best under `set`, or no early_stop")


def _keys(number: int, places: Places) -> tuple[str, ...]:
    """Where the metric of an objective stands, one of a list or the only one."""
    listed = ("objective", str(number), "metric")
    return listed if listed[:2] in places.document.lines else ("objective", "metric")
