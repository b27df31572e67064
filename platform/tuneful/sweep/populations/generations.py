"""The record of a population: what was decided at each comparison.

population/after-0004.json    the scores of all trials that were compared, and who takes over what from whom
"""

from dataclasses import asdict, dataclass
from typing import Any

from analysis.errors import RecordsError
from analysis.records.files import read_record, write_record
from analysis.records.sweep import SCHEMA_VERSION, SEARCH, SweepFolder

Scores = dict[int, dict[int, float]]
"""trial number -> epoch -> score"""


@dataclass(frozen=True)
class Exploit:
    """One trial takes over from another."""

    epoch: int
    trial: int
    donor: int
    score: float
    donor_score: float
    params: dict[str, Any]
    """Optuna's parameters that the trial goes on with"""
    how: dict[str, str]
    """what was done to a setting that was changed after it was taken over, by path"""


@dataclass(frozen=True)
class Generation:
    """What was decided at one epoch."""

    epoch: int
    scores: Scores
    """of every trial that was compared, all its epochs so far"""
    exploits: tuple[Exploit, ...]


def recorded_generations(folder: SweepFolder) -> list[Generation]:
    """What a population on record has decided, in order.

    Raises:
        RecordsError: a record that can't be read; what follows it would be wrong.
    """
    found = []
    for path in sorted((folder.path / "population").glob("after-*.json")):
        body = read_record(path)
        if body is None:
            raise RecordsError(f"{path}: damaged. Try: --name for a new sweep")
        scores = {int(n): {int(e): score for e, score in each.items()} for n, each in body["scores"].items()}
        found.append(Generation(body["epoch"], scores, tuple(Exploit(**each) for each in body["exploits"])))
    return found


def refuse_growth(folder: SweepFolder, before: int, now: int) -> None:
    """A population that has been compared can't be joined by new trials.

    Raises:
        RecordsError: more trials are asked for `now` than `before`.
    """
    if now > before and any((folder.path / "population").glob("after-*.json")):
        raise RecordsError(
            f"{folder.path}: its population of {len(folder.trials(SEARCH))} trials is on its way, no others can join "
            f"it. Try: --trials {before}, or --name {folder.name}-2"
        )


def write_generation(folder: SweepFolder, generation: Generation) -> None:
    """Put what was decided on record."""
    # Texts as keys: a record's checksum is of what is read back, and JSON has no others.
    scores = {str(n): {str(e): score for e, score in each.items()} for n, each in generation.scores.items()}
    path = folder.path / "population" / f"after-{generation.epoch:04d}.json"
    write_record(path, {"schema": SCHEMA_VERSION, **asdict(generation), "scores": scores})
