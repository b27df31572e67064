"""How much of a sweep is left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd, TrialPlan
from trainers.config.yamlfile import Document
from trainers.errors import SpecError
from tuneful.space.definition import SweepDefinition
from tuneful.space.parameters import Space
from tuneful.space.places import Places
from tuneful.space.plan import total_runs
from tuneful.space.reading import read_definition
from tuneful.space.sweep import Sweep
from tuneful.sweep.plans import confirm_left
from tuneful.sweep.schedulers.spent import budget_spent, stalled

Trials = Sequence[tuple[TrialPlan, TrialEnd | None]]


class Question(Protocol):
    """What decides when a sweep is over: a checked `Sweep` has it, and so has what is on record of one."""

    @property
    def definition(self) -> SweepDefinition:
        """The sweep file with every default."""

    @property
    def space(self) -> Space:
        """What is searched."""


@dataclass(frozen=True)
class Recorded:
    """A sweep as its folder has it: not checked again, which takes a second for a large space."""

    definition: SweepDefinition
    space: Space

    @classmethod
    def of(cls, definition: dict[str, Any]) -> "Recorded | None":
        """None for the runs of `platform train`, and for what another version of tuneful wrote and this can't read."""
        places = Places(Document(definition))
        try:
            read = read_definition(places, {})
        except SpecError:
            return None
        return cls(read, Space.of(read.search, places))


@dataclass(frozen=True)
class Rest:
    """What is left of a sweep on which nobody works, by its records."""

    left: int
    """trials of the search, then confirm runs, that still have to end"""
    why: str | None = None
    """what ended it before its trials were used up, in words"""

    @property
    def state(self) -> str:
        """`finished` where the same command would run nothing more, else `stopped`."""
        return "finished" if self.why or not self.left else "stopped"

    def __str__(self) -> str:
        return f"{self.state}, as {self.why}" if self.why else self.state


def rest_of(folder: SweepFolder) -> Rest:
    """What is left of a sweep.

    Raises:
        RecordsError: a record that can't be read.
    """
    definition = folder.definition() or {}
    asked = Recorded.of(definition)
    if asked is None:
        missing = wanted_on_record(definition) - _ended(folder.trials(SEARCH))
        return Rest(max(0, missing) or confirm_left(folder, definition))
    left = missing_trials(asked, folder) or confirm_left(folder, definition)
    why = budget_spent(asked.definition, folder) if left else _cut_short(asked, folder)
    return Rest(left, why and why[0].lower() + why[1:].rstrip("."))


def wanted_on_record(definition: dict[str, Any]) -> int:
    """`wanted_trials` of a sweep as resolved."""
    asked = Recorded.of(definition)
    return int(definition.get("trials", 1)) if asked is None else wanted_trials(asked)


def confirm_wanted(folder: SweepFolder, definition: dict[str, Any]) -> int:
    """The runs of a confirm stage that has begun: those that are on record and those that are left; 0 before."""
    trials = folder.trials(CONFIRM)
    return max(len(trials), _ended(trials) + confirm_left(folder, definition)) if trials else 0


def wanted_trials(sweep: Question) -> int:
    """The trials of the search: as many as the file says, but no more than there are configurations."""
    size = sweep.space.size()
    return sweep.definition.trials if size is None else min(size, sweep.definition.trials)


def missing_trials(sweep: Question, folder: SweepFolder) -> int:
    """How many trials of the search still have to end; of a search that has stalled those that had begun."""
    trials = folder.trials(SEARCH)
    missing = max(0, wanted_trials(sweep) - _ended(trials))
    return min(missing, len(trials) - _ended(trials)) if _stall(sweep, trials) else missing


def stalled_sweep(sweep: Question, folder: SweepFolder) -> str | None:
    """That the search has stalled, in words, or None."""
    return _stall(sweep, folder.trials(SEARCH))


def _cut_short(sweep: Question, folder: SweepFolder) -> str | None:
    """Why a search with nothing left has fewer trials than it asked for, or None."""
    trials = folder.trials(SEARCH)
    return _stall(sweep, trials) if _ended(trials) < wanted_trials(sweep) else None


def _stall(sweep: Question, trials: Trials) -> str | None:
    objective = Objective.of({"objective": sweep.definition.objective.model_dump()})
    return stalled(trials, objective, sweep.definition.stall)


def _ended(trials: Trials) -> int:
    return sum(end is not None for _, end in trials)


def runs_left(sweep: Sweep, folder: SweepFolder) -> int:
    """Runs of both stages that still have to end, when no trial is stopped or left out."""
    ended = [plan for stage in (SEARCH, CONFIRM) for plan, end in folder.trials(stage) if end is not None]
    return max(0, total_runs(sweep) - sum(len(plan.runs) for plan in ended))
