"""How long a sweep will take and how much of the disk, from what is on record or one epoch trained here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from analysis.records.sweep import SEARCH, SweepFolder, sweep_folder
from tuneful.errors import ResourceError
from tuneful.space.plan import epochs_of, epochs_planned
from tuneful.space.sampler_limits import drawn_blindly
from tuneful.space.sweep import Sweep
from tuneful.sweep.clusters.room import check_fit, slots, this_machine
from tuneful.sweep.disk import checkpoint_bytes, needed
from tuneful.sweep.plans import confirm_left
from tuneful.sweep.remaining import missing_trials, runs_left

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Cost:
    """Of one run."""

    seconds: float
    """of an epoch, its evaluation included"""
    bytes: float
    """of the checkpoint that it keeps"""
    source: str


def estimate(sweep: Sweep, results: Path, report: Report) -> str:
    """The predicted wall time, what it rests on, and what the checkpoints take of the disk.

    Epochs on record are the better source; without any, one of the sweep's base configuration is timed.
    """
    folder = sweep_folder(results, sweep.name)
    expected, full = _epochs_left(sweep, folder)
    if not full:
        return "Predicted: nothing to run, everything of this sweep is on record."
    resources, machine = sweep.definition.resources.model_dump(), this_machine()
    try:
        check_fit(resources, machine)
    except ResourceError as error:  # it is meant for a cluster
        return f"Predicted: nothing, a trial can't be timed on this machine. {error}"
    room = slots(machine, resources)
    blind = None if folder.next_number(SEARCH) else drawn_blindly(sweep.definition, room)
    cost = _recorded(folder) or _measured(sweep, report)
    left = f"{full / epochs_planned(sweep).full:.0%} of the sweep is left, " if folder.next_number(SEARCH) else ""
    predicted = (
        f"Predicted: {left}{_hours(expected * cost.seconds / room)} on {room} {'slot' if room == 1 else 'slots'} "
        f"(at most {_hours(full * cost.seconds / room)}), from {cost.seconds:.2f} s an epoch, {cost.source}.\n"
        f"{needed(cost.bytes, runs_left(sweep, folder), results)}"
    )
    return f"{predicted}\n{blind}" if blind else predicted


def _epochs_left(sweep: Sweep, folder: SweepFolder) -> tuple[float, float]:
    """(expected, at most) epochs of runs that are not on record; a longer search may bring other finalists."""
    plan, missing = epochs_planned(sweep), missing_trials(sweep, folder)
    share = missing / sweep.definition.trials
    confirm = plan.confirm if missing else confirm_left(folder, sweep.resolved()) * epochs_of(sweep)
    return (plan.expected - plan.confirm) * share + confirm, (plan.full - plan.confirm) * share + confirm


def _recorded(folder: SweepFolder) -> Cost | None:
    """Medians of what the sweep has on record."""
    runs = [run for plan, _ in folder.trials(SEARCH) for run in plan.runs]
    epochs = [epoch["metrics"] for run in runs for epoch in folder.ledger(run.key).epochs()]
    if not epochs:
        return None
    seconds = [epoch["seconds"] + epoch.get("eval_seconds", 0) for epoch in epochs]
    sizes = [size for run in runs if (size := checkpoint_bytes(folder.ledger(run.key).folder))] or [0]
    return Cost(float(np.median(seconds)), float(np.median(sizes)), f"the median of {len(seconds)} epochs on record")


def _measured(sweep: Sweep, report: Report) -> Cost:
    """One epoch of the base configuration, trained and thrown away."""
    from trainers.data.prepare import open_catalogue, prepare_store

    spec = sweep.spec_for({}, **{"training.epochs": 1, "data.predict": []})
    catalogue = open_catalogue(spec.data.name, report)
    prepare_store(catalogue, spec.data.sample_rate, report)
    import torch  # only now: an unknown catalogue must not wait for it

    from trainers.data.dataset import load_run_data
    from trainers.fit import fit
    from trainers.training.device import pick_device
    from trainers.training.session import EpochReport, NoSession, SaveCheckpoint

    class Weighed(NoSession):
        """Writes a checkpoint only to see how large it is."""

        bytes = 0

        def report(self, report: EpochReport, save: SaveCheckpoint | None) -> None:  # noqa: ARG002, a Session
            with TemporaryDirectory() as folder:
                if save is not None:
                    save(Path(folder))
                self.bytes = sum(file.stat().st_size for file in Path(folder).iterdir())

    torch.set_num_threads(sweep.definition.resources.cpus_per_worker)
    device = pick_device("cuda" if sweep.definition.resources.gpus_per_worker else "cpu")
    session = Weighed(device)
    metrics = next(fit(spec, load_run_data(spec, catalogue), session)).metrics
    seconds = metrics["seconds"] + metrics["eval_seconds"]
    return Cost(seconds, session.bytes, "measured on one epoch of the base configuration")


def _hours(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
