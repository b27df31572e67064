"""How long a sweep will take, from epochs on record or one timed on this machine."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from analysis.records.sweep import SEARCH, sweep_folder
from tuneful.space.plan import epochs_planned
from tuneful.space.sweep import Sweep

Report = Callable[[str, int, int], None]


def estimate(sweep: Sweep, results: Path, report: Report) -> str:
    """A sentence with the predicted wall time and what it rests on.

    Epochs on record are the better source; without any, one of the sweep's base configuration is timed.
    """
    resources = sweep.definition.resources
    slots = max(1, int((os.cpu_count() or 1) // (resources.workers * resources.cpus_per_worker)))
    seconds, source = _recorded(sweep, results) or _measured(sweep, report)
    plan = epochs_planned(sweep)
    return (
        f"Predicted: {_hours(plan.expected * seconds / slots)} on {slots} slots "
        f"(at most {_hours(plan.full * seconds / slots)}), from {seconds:.2f} s an epoch, {source}."
    )


def _recorded(sweep: Sweep, results: Path) -> tuple[float, str] | None:
    """Median seconds of the epochs that this sweep has on record."""
    folder = sweep_folder(results, sweep.name)
    runs = [run for plan, _ in folder.trials(SEARCH) for run in plan.runs]
    epochs = [epoch["metrics"] for run in runs for epoch in folder.ledger(run.key).epochs()]
    if not epochs:
        return None
    seconds = [epoch["seconds"] + epoch.get("eval_seconds", 0) for epoch in epochs]
    return float(np.median(seconds)), f"the median of {len(seconds)} epochs on record"


def _measured(sweep: Sweep, report: Report) -> tuple[float, str]:
    """One epoch of the base configuration, trained and thrown away."""
    from trainers.data.prepare import open_catalogue, prepare_store

    spec = sweep.spec_for({}, **{"training.epochs": 1, "data.predict": []})
    catalogue = open_catalogue(spec.data.name, report)
    prepare_store(catalogue, spec.data.sample_rate, report)
    import torch  # only now: an unknown catalogue must not wait for it

    from trainers.data.dataset import load_run_data
    from trainers.fit import fit
    from trainers.training.device import pick_device
    from trainers.training.session import NoSession

    torch.set_num_threads(sweep.definition.resources.cpus_per_worker)
    device = pick_device("cuda" if sweep.definition.resources.gpus_per_worker else "cpu")
    metrics = next(fit(spec, load_run_data(spec, catalogue), NoSession(device))).metrics
    return metrics["seconds"] + metrics["eval_seconds"], "measured on one epoch of the base configuration"


def _hours(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
