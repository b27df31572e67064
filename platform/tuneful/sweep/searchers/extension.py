"""`--extend N`: a sweep gone on with after its end."""

import dataclasses
from pathlib import Path

from analysis.records.sweep import SEARCH, sweep_folder
from trainers.errors import SpecError
from tuneful.space.sweep import Sweep


def extended(sweep: Sweep, results: Path, more: int) -> Sweep:
    """The sweep with `more` trials than it has on record.

    Raises:
        SpecError: nothing of it is on record, or its space doesn't hold so many configurations.
    """
    on_record = sweep_folder(results, sweep.name).next_number(SEARCH)
    if on_record == 0:
        raise SpecError(
            f"--extend {more}: no trial of {sweep.name} is on record in {results}. Try: the same command without it"
        )
    trials, size = on_record + more, sweep.space.size()
    if size is not None and trials > size:
        left = size - on_record
        fix = f"--extend {left}, or wider ranges" if left > 0 else "wider ranges"
        raise SpecError(
            f"--extend {more}: {on_record} of the {size} configurations of {sweep.name} are on record. Try: {fix}"
        )
    return dataclasses.replace(sweep, definition=sweep.definition.model_copy(update={"trials": trials}))
