"""A checkpoint handed from one run to another, which goes on from it with settings of its own. Needs no torch."""

import json
import shutil
from pathlib import Path

from trainers.training.checkpoint_files import STATE


def hand_over(source: Path, target: Path, epoch: int, value: float) -> None:
    """Copy a checkpoint's files into the empty folder `target`.

    Weights, moments and the counters of plateau and early stopping are the giver's. Its best epoch is not: that
    checkpoint is none of the taker's, so the epoch that is handed over is the best one that there is.

    Args:
        source: the checkpoint.
        target: where the taker's is written.
        epoch: that the checkpoint was made after.
        value: of `training.monitor` then.
    """
    from analysis.records.files import MANIFEST  # only here: a bundle that predicts has no records

    for file in source.iterdir():
        if file.name not in (MANIFEST, STATE):
            shutil.copy2(file, target / file.name)
    state = {**json.loads((source / STATE).read_text()), "best_value": value, "best_epoch": epoch}
    (target / STATE).write_text(json.dumps(state))
