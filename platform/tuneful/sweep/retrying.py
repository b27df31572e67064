"""`--retry-failed`: trials that failed are as if they had been interrupted."""

from analysis.errors import RecordsError
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan
from tuneful.sweep.populations.generations import recorded_generations
from tuneful.sweep.recorder import FAILED


def failed_trials(folder: SweepFolder) -> list[TrialPlan]:
    """The trials of both stages that failed; one that diverged has a result."""
    ends = [each for stage in (SEARCH, CONFIRM) for each in folder.trials(stage)]
    return [plan for plan, end in ends if end is not None and end.state == FAILED]


def retry_failed(folder: SweepFolder) -> int:
    """Let trials that failed go on under their numbers, from their newest checkpoints. As the holder of the lock.

    Returns:
        how many there are.

    Raises:
        RecordsError: of a population that was compared without them; they can't join it again.
    """
    failed = failed_trials(folder)
    if failed and recorded_generations(folder):
        raise RecordsError(
            f"{folder.path}: its population went on without the {len(failed)} trials that failed. "
            f"Try: it without --retry-failed, or --name {folder.name}-2"
        )
    for plan in failed:
        folder.reopen(plan)
    return len(failed)
