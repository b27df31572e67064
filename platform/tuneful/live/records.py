"""The view of a sweep from its records alone: for a shell in which it doesn't run."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd, TrialPlan
from tuneful.live.pace_file import LiveStage, read_live
from tuneful.live.view import INTERRUPTED, RUNNING, WAITING, TrialRow, View, ended_row, settings_of
from tuneful.sweep.lock import holder
from tuneful.sweep.remaining import Rest, confirm_wanted, rest_of, wanted_on_record

Trials = Sequence[tuple[TrialPlan, TrialEnd | None]]


class RecordsView:
    """Looks at a sweep's folder again and again. A record can't be read: RecordsError."""

    def __init__(self, folder: SweepFolder) -> None:
        self.folder = folder

    def look(self) -> View:
        """The stage under way, or the last one that there is, and who works on it or how it was left."""
        who = holder(self.folder.path)
        live = read_live(self.folder.path) if who else None
        last = CONFIRM if self.folder.next_number(CONFIRM) else SEARCH
        view = self.stage(live.stage if live else last)
        return dataclasses.replace(view, owner=f"{who} works on it" if who else str(self.rest()))

    def stage(self, stage: str) -> View:
        """One of the stages as it stands."""
        definition = self.folder.definition() or {}
        objective = Objective.of(definition)
        who, live = holder(self.folder.path), read_live(self.folder.path)
        live = live if who and live and live.stage == stage else None
        trials = self.folder.trials(stage)
        rows = tuple(self._row(objective, plan, end, _unfinished(plan, bool(who), live)) for plan, end in trials)
        planned = wanted_on_record(definition) if stage == SEARCH else confirm_wanted(self.folder, definition)
        view = View(self.folder.name, stage, objective, _epochs(trials), planned, rows)
        if live is None:
            return view
        return dataclasses.replace(view, epochs=live.epochs, total=live.total, pace=live.pace)

    def rest(self) -> Rest:
        """How a sweep was left on which nobody works."""
        return rest_of(self.folder)

    def _row(self, objective: Objective, plan: TrialPlan, end: TrialEnd | None, unfinished: str) -> TrialRow:
        if end is not None:
            return ended_row(plan, end)
        histories = [_history(objective, self.folder.ledger(run.key).epochs()) for run in plan.runs]
        epochs = min(map(len, histories), default=0)
        scores = [objective.score(history[:epochs]) for history in histories]
        score = sum(scores) / len(scores) if epochs else math.nan
        return TrialRow(plan.name, unfinished, epochs, score, settings_of(plan))


def _history(objective: Objective, epochs: list[dict[str, Any]]) -> list[float]:
    return [float(epoch["metrics"].get(objective.metric, math.nan)) for epoch in epochs]


def _unfinished(plan: TrialPlan, owned: bool, live: LiveStage | None) -> str:
    """What a trial without an end is."""
    if not owned:
        return INTERRUPTED
    return RUNNING if live is None or plan.name in live.pace.running else WAITING


def _epochs(trials: Trials) -> int:
    """Of a full trial, by what its runs were asked for."""
    specs = (run.spec for plan, _ in trials for run in plan.runs)
    return max((int(spec.get("training", {}).get("epochs", 0)) for spec in specs), default=0)
