"""Learning curves out of a sweep of the results folder."""

from pathlib import Path

import numpy as np

from analysis.objective import Objective
from analysis.records.sweep import SEARCH, SweepFolder, TrialEnd, TrialPlan, sweep_folder, sweep_names
from trainers.config.paths import get_path
from tuneful.errors import SimulationError
from tuneful.simulator.curves import Curve, Curves, params_of
from tuneful.simulator.tables import curves_of_table
from tuneful.space.sweep import Sweep
from tuneful.space.variables import is_variable


def load_curves(source: str, sweep: Sweep, results: Path) -> Curves:
    """What `--from` names: a sweep of the results folder, or a table.

    Raises:
        SimulationError: neither, or without a curve of the sweep's space that ran to its end.
    """
    if source in sweep_names(results):
        return curves_of_sweep(sweep_folder(results, source), sweep)
    return curves_of_table(Path(source), sweep.space, Objective.of(sweep.resolved()))


def curves_of_sweep(folder: SweepFolder, sweep: Sweep) -> Curves:
    """The trials of a sweep's search, each with the mean of its runs as its scheduler saw it.

    Failed trials say nothing.

    Raises:
        SimulationError: a population's sweep, whose settings changed under way; no curve that ran to its end.
    """
    if ((folder.definition() or {}).get("scheduler") or {}).get("name") == "pbt":
        raise SimulationError(f"--from {folder.name}: its trials changed their settings (pbt). Try: another sweep")
    curves, outside = [], 0
    for plan, end in folder.trials(SEARCH):
        if end is None or end.state == "failed" or not end.scores:
            continue
        params = params_of(sweep.space, lambda path, plan=plan: plan.settings.get(path))  # type: ignore[misc]
        if params is not None and _is_of(sweep, params, plan):
            curves.append(_curve(folder, params, plan, end))
        else:
            outside += 1
    return Curves(sweep.space, tuple(curves), f"sweep {folder.name}", outside, of_trials=True)


def _is_of(sweep: Sweep, params: dict[str, object], plan: TrialPlan) -> bool:
    """Whether what was recorded is a trial of `sweep` also in the settings that this one has fixed."""
    fixed = plan.settings.keys() - sweep.space.parameters.keys()
    spec = sweep.spec_for(params).resolved() if fixed else {}
    return all(get_path(spec, path) == plan.settings[path] for path in fixed if not is_variable(path))


def _curve(folder: SweepFolder, params: dict[str, object], plan: TrialPlan, end: TrialEnd) -> Curve:
    scores = tuple(score for _, score in end.scores)
    return Curve(params, scores, _seconds(folder, plan, len(scores)), end.state != "pruned")


def _seconds(folder: SweepFolder, plan: TrialPlan, epochs: int) -> tuple[float, ...]:
    """Of each epoch of a trial: its runs share a process, so their seconds add up."""
    total = np.zeros(epochs)
    for run in plan.runs:
        for epoch in folder.ledger(run.key).epochs()[:epochs]:
            metrics = epoch["metrics"]
            total[epoch["epoch"] - 1] += metrics["seconds"] + metrics.get("eval_seconds", 0.0)
    if not total.all():
        raise SimulationError(
            f"{folder.path}: trial {plan.name} has no seconds on record for all of its epochs. "
            "Try: --from another sweep, or a table"
        )
    return tuple(map(float, total))
