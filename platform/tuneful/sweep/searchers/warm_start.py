"""Warm start: what earlier sweeps found, for the sampler to learn from before the first own trial.

A trial of another sweep is taken where it is one that this sweep could have drawn: under the same objective and the
same protocol (data, folds, repeats, epochs, and every setting that isn't searched; seeds aside), with searched values
inside this space; where an objective is a time, measured on the same kind of machine and resources. What was taken is
kept in `warm_start.json` of the sweep's folder, so that the sequence of trials stays the same however the other sweeps
go on.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from analysis.errors import RecordsError
from analysis.objective import Objective
from analysis.records.files import read_record, write_record
from analysis.records.sweep import SCHEMA_VERSION, SEARCH, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from trainers.config.build import leaves
from trainers.config.paths import get_path
from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.parameters import Space
from tuneful.space.variables import is_variable
from tuneful.sweep.ground import timed_on_record
from tuneful.sweep.plans import Planner
from tuneful.sweep.recorder import FAILED
from tuneful.sweep.searchers.points import MisfitError, params_in, point_in

FILE = "warm_start.json"
Past = list[tuple[dict[str, Any] | None, TrialEnd]]
"""(Optuna's parameters, end) of each trial that was taken; None where the space doesn't hold them any more"""


@dataclass(frozen=True)
class Found:
    """What a warm start found in one sweep."""

    sweep: str
    taken: tuple[tuple[dict[str, Any], TrialEnd], ...]
    """(settings by path, end)"""
    reasons: Counter[str]
    """why the others were left out"""

    def __str__(self) -> str:
        left = sum(self.reasons.values())
        why = "; ".join(f"{number} left out: {reason}" for reason, number in self.reasons.most_common())
        return (
            f"Warm start from {self.sweep}: {len(self.taken)} of {len(self.taken) + left} trials{why and f' ({why})'}"
        )


def learnt(planner: Planner, folder: SweepFolder, console: Console) -> Past:
    """What a sweep starts from: what was kept, or what its earlier sweeps hold now, which is then kept and said."""
    past = kept(folder, planner.sweep.space)
    if past is None:
        if not planner.sweep.definition.warm_start:
            return []
        found = gather(planner, folder)
        for one in found:
            console.print(str(one), markup=False, highlight=False, soft_wrap=True)
        keep(folder, found)
        past = kept(folder, planner.sweep.space)
    assert past is not None, "it was written just now"
    return past


def gather(planner: Planner, folder: SweepFolder) -> list[Found]:
    """What the sweeps that the sweep of `folder` starts from hold for it."""
    results, timed_on = folder.path.parent.parent, timed_on_record(folder)
    return [_search(planner, sweep_folder(results, name), timed_on) for name in planner.sweep.definition.warm_start]


def keep(folder: SweepFolder, found: Sequence[Found]) -> None:
    """Keep what was found, for every later start of the sweep."""
    rows = [
        {"sweep": one.sweep, "settings": settings, "end": vars(end)} for one in found for settings, end in one.taken
    ]
    write_record(folder.path / FILE, {"schema": SCHEMA_VERSION, "trials": rows})


def kept(folder: SweepFolder, space: Space) -> Past | None:
    """What was kept, as parameters of the space; None where nothing was kept yet.

    Raises:
        RecordsError: the file is damaged; without it the sequence of trials would be another one.
    """
    path = folder.path / FILE
    if not path.exists():
        return None
    body = read_record(path)
    if body is None:
        raise RecordsError(f"{path}: damaged. Try: remove it; the earlier sweeps are then read again")
    return [(_params(space, row["settings"]), _end(row["end"])) for row in body["trials"]]


def _params(space: Space, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return params_in(space, settings)
    except MisfitError:
        return None


def _end(row: dict[str, Any]) -> TrialEnd:
    scores = tuple((epoch, score) for epoch, score in row["scores"])
    return TrialEnd(row["state"], scores, row["error"], tuple(row["values"]))


def _search(planner: Planner, folder: SweepFolder, timed_on: str | None) -> Found:
    taken, reasons = [], Counter[str]()
    refusal = _other_question(planner, folder.definition() or {})
    if refusal is None and timed_on_record(folder) != timed_on:
        refusal = "times of another machine or other resources"
    for plan, end in folder.trials(SEARCH):
        try:
            if refusal is not None:
                raise MisfitError(refusal)
            if end is None or end.state == FAILED:
                raise MisfitError(FAILED if end else "not finished")
            taken.append((_fitting(planner, plan), end))
        except (MisfitError, SpecError) as error:
            reasons[str(error)] += 1
    return Found(folder.name, tuple(taken), reasons)


def _other_question(planner: Planner, definition: Mapping[str, Any]) -> str | None:
    """Why none of a sweep's trials can be taken."""
    mine = planner.sweep.resolved()
    if Objective.all_of(definition) != Objective.all_of(mine):
        return "another objective"
    if (definition.get("scheduler") or {}).get("name") == "pbt":
        return "settings that changed while a trial trained (pbt)"
    return None


def _fitting(planner: Planner, plan: TrialPlan) -> dict[str, Any]:
    """The settings of another sweep's trial as one of this sweep.

    Raises:
        MisfitError: it is none of this sweep's; says why.
        SpecError: RunSpec refuses the settings by now.
    """
    space, theirs = planner.sweep.space, plan.runs[0].spec

    def value(path: str) -> Any:
        if path in plan.settings:
            return plan.settings[path]
        if is_variable(path):
            raise MisfitError(f"no value of {path}")
        return get_path(theirs, path)

    settings = point_in(space, value)
    mine = planner.search_trial(plan.number, space.params(settings))
    _check_protocol(mine, plan)
    spec = RunSpec.model_validate_json(json.dumps(theirs))
    different = next(_differences(mine.runs[0].spec, spec.resolved()), None)
    if different is not None:
        raise MisfitError(different)
    if planner.key_of(spec) != plan.runs[0].key:
        raise MisfitError("other data of that name, another number of workers or another precision")
    return settings


def _check_protocol(mine: TrialPlan, theirs: TrialPlan) -> None:
    def folds(plan: TrialPlan) -> list[tuple[int, int]]:
        return sorted((run.fold, run.repeat) for run in plan.runs)

    if folds(mine) != folds(theirs):
        raise MisfitError("other folds or repeats")


def _differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """`training.epochs differs` for every setting that isn't the same; seeds and folds are compared elsewhere."""
    left, right = dict(leaves(mine)), dict(leaves(theirs))
    for path in [*left, *(path for path in right if path not in left)]:
        there = path in left and path in right
        if path not in ("seed", "data.fold") and not (there and _alike(left[path], right[path])):
            yield f"{path} differs"


def _alike(one: Any, other: Any) -> bool:
    """Equality, also of 0.3 and the 0.30000000000000004 that such a step was drawn as in earlier versions."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return bool(one == other)
