"""An ensemble of trials: which clips belong together, what kind a member is, and the answer as text."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.ensemble import Judged, Members, by_kind, judge_ensembles, rank_correlations, read_members
from analysis.ensemble.judged import GREEDY, SINGLE
from analysis.records.stored_trials import StoredTrial
from trainers.data.catalogue import load_catalogue
from trainers.data.splits.groups import group_ids
from trainers.errors import DataError, SpecError

MOST_PAIRS = 3


@dataclass(frozen=True)
class Ensemble:
    """What was asked, and what was found."""

    members: Members
    metric: str
    combination: str
    groups: int
    judged: Judged
    errors: pd.DataFrame
    """(members, members) rank correlation of their errors"""
    kinds: pd.DataFrame | None
    """(kinds, kinds) its means, where kinds were asked for"""

    def as_json(self) -> dict[str, Any]:
        """Every number for other programs; None where one is not defined."""
        chosen = dict(Counter(self.judged.selection.chosen))
        facts = {"metric": self.metric, "combination": self.combination, "clips": len(self.members.clip_ids)}
        tables = {"ways": self.judged.table, "error_correlation": self.errors, "kinds": self.kinds}
        plain = {name: None if table is None else _plain(table) for name, table in tables.items()}
        return {**facts, "groups": self.groups, "parts": self.judged.parts, "greedy": chosen, **plain}


def ensemble_of(
    trials: Sequence[StoredTrial], metric: str, combination: str, by: Sequence[str], alone: bool
) -> Ensemble:
    """Judge the ensembles of some trials.

    Args:
        trials: the members.
        metric: of `analysis.metrics`.
        combination: of `analysis.ensemble.COMBINATIONS`.
        by: dotted paths of RunSpec that say what kind a member is.
        alone: each clip by itself; else clips stay together as in the members' split.

    Raises:
        UserError: members that can't be combined, a catalogue that isn't there, a path that no trial has.
    """
    kinds = {trial.name: ", ".join(_setting(trial, path) for path in by) for trial in trials}
    members = read_members({trial.name: trial.files for trial in trials})
    groups = members.clip_ids if alone else clip_groups(trials[0], members.clip_ids)
    judged = judge_ensembles(members, metric, combination, groups)
    errors = rank_correlations(members, errors=True)
    return Ensemble(
        members, metric, combination, len(set(groups)), judged, errors, by_kind(errors, kinds) if by else None
    )


def clip_groups(trial: StoredTrial, clip_ids: Sequence[str]) -> list[str]:
    """(clips,) the groups that the trial's split kept whole: recordings, near-duplicates, `data.split.group_by`.

    Raises:
        DataError: the catalogue isn't on this machine, or lost clips since.
    """
    data = trial.spec["data"]
    try:
        clips = load_catalogue(data["name"]).clips
    except DataError as error:
        raise DataError(f"{error}. Or: --ungrouped, which takes each clip by itself") from error
    own = clips[clips["clip_id"].isin(clip_ids)].set_index("clip_id")
    missing = sorted(set(clip_ids) - set(own.index))
    if missing:
        raise DataError(f"the catalogue {data['name']} has no clip {missing[0]} any more. Try: --ungrouped")
    ordered = own.loc[list(clip_ids)].reset_index()
    return [str(group) for group in group_ids(ordered, tuple(data["split"]["group_by"]))]


def lines(found: Ensemble) -> Iterator[str]:
    """The answer, then the numbers."""
    members, judged = found.members, found.judged
    yield f"{_answer(found)}."
    yield ""
    yield f"  {'':<12}  {found.metric:>9}  {'gain':>7}  95 % interval       on the clips that chose"
    for way, row in judged.table.iterrows():
        gain = "" if way == SINGLE else f"{row['gain']:+.4f}"
        interval = "" if way == SINGLE else f"{row['low']:+.4f} to {row['high']:+.4f}"
        yield f"  {way:<12}  {row['score']:>9.4f}  {gain:>7}  {interval:<18}  {row['chosen_on']:.4f}".rstrip()
    yield ""
    chosen = Counter(judged.selection.chosen).most_common()
    yield "Greedy on all clips: " + ", ".join(f"{n} x {name}" for name, n in chosen)
    yield from _diversity(found)
    clips = f"{len(members.clip_ids)} clips in {found.groups} groups"
    yield f"{len(members.names)} members, {found.combination} mean, {clips}, {judged.parts} held-out parts."


def _answer(found: Ensemble) -> str:
    greedy = found.judged.table.loc[GREEDY]
    gain = f"Greedy selection gains {greedy['gain']:+.4f} {found.metric} over the best single member"
    if greedy["low"] > 0:
        return f"{gain}, on clips that chose nothing"
    if greedy["high"] < 0:
        return f"{gain}: it is worse on clips that chose nothing"
    return f"{gain}; the interval holds 0, so these clips don't say whether it helps"


def _diversity(found: Ensemble) -> Iterator[str]:
    if found.kinds is not None:
        yield "Rank correlation of errors, pairs of members of two kinds (of one kind on the diagonal):"
        yield from (f"  {line}" for line in found.kinds.round(2).to_string(na_rep="").splitlines())
        return
    names, values = found.members.names, found.errors.to_numpy(float)
    both = itertools.combinations(range(len(names)), 2)
    pairs = sorted((values[j, k], names[j], names[k]) for j, k in both if not np.isnan(values[j, k]))
    told = ", ".join(f"{one} and {other} {value:.2f}" for value, one, other in pairs[:MOST_PAIRS])
    yield f"Least alike in their errors (rank correlation): {told}"


def _setting(trial: StoredTrial, path: str) -> str:
    value: Any = trial.spec
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise SpecError(f"--by: {trial.name} has no setting {path!r}. Try: a field of RunSpec such as loss.name")
        value = value[name]
    return str(value)


def _plain(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    rows = {str(name): row.items() for name, row in table.iterrows()}
    return {name: {str(k): None if pd.isna(v) else float(v) for k, v in items} for name, items in rows.items()}
