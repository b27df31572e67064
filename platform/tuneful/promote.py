"""Promotion: one run trained on from its checkpoint, for more epochs and by more workers, as a sweep of one trial."""

from collections.abc import Mapping
from typing import Any

from trainers.errors import SpecError
from tuneful.finished import FinishedRun


def promotion(run: FinishedRun, epochs: int, resources: Mapping[str, Any]) -> dict[str, Any]:
    """The sweep file that trains a finished run on.

    The new run starts from the weights of the kept checkpoint, with an epoch of linear warm-up (`start.schedule:
    rewarm`) and a schedule of its own over the further epochs. It has a key of its own: the old run stays as it is.

    Args:
        run: the one that is trained on.
        epochs: further ones.
        resources: of the new run, as in a sweep file; the global batch is shared out among its workers.

    Raises:
        SpecError: the batch can't be shared out among so many workers.
    """
    batch, workers = run.spec.training.batch_size, resources["workers"]
    if batch % workers:
        raise SpecError(
            f"--workers {workers} don't share a batch of {batch} evenly. Try: --workers {_divisor(batch, workers)}"
        )
    definition = run.folder.definition() or {}
    return {
        "version": 1,
        "recipe": definition.get("recipe", "chorus"),
        "recipe_data": run.spec.resolved(),
        "set": {"start": {"checkpoint": str(run.checkpoint.absolute()), "part": "whole", "schedule": "rewarm"}},
        "search": {"training.epochs": {"choice": [epochs]}},
        "objective": definition.get("objective", {}),
        "search_algorithm": {"name": "optuna", "sampler": "random", "seed": 0},
        "trials": 1,
        "folds": [run.spec.data.fold],
        "resources": dict(resources),
    }


def _divisor(batch: int, workers: int) -> int:
    """The largest number of workers, at most as many as asked, that share a batch evenly."""
    return next(number for number in range(min(batch, workers), 0, -1) if batch % number == 0)
