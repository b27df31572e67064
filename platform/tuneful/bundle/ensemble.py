"""Finished runs as networks that score recordings."""

from collections.abc import Sequence

from trainers.inference.audio import Ensemble
from trainers.inference.predictor import Predictor
from trainers.training.device import pick_device
from tuneful.leaderboard.chosen import ChosenRun


def classes_of_run(one: ChosenRun) -> tuple[str, ...]:
    """The classes of a run, in the order of its logits: they are stored with its predictions."""
    return one.run.predictions()[1]


def ensemble_of(chosen: Sequence[ChosenRun], device: str) -> Ensemble:
    """The runs with their weights loaded.

    Raises:
        SpecError: they differ in classes or windows, or an epoch's weights are not kept.
        DeviceError: there is no such device.
    """
    where = pick_device(device)
    return Ensemble([Predictor(one.run.spec, classes_of_run(one), one.checkpoint, where) for one in chosen])
