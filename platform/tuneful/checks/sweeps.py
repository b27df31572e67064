"""Which runs of a sweep are checked, and which of its confirm splits the data can give."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from trainers.data.catalogue import Catalogue
from trainers.data.dataset import split_clips
from trainers.errors import DataError
from trainers.spec import RunSpec
from tuneful.checks.registry import CHECKS, Examination, findings_of, once
from tuneful.checks.subject import Finding, SweepSubject
from tuneful.space.sweep import Sweep

MOST_CONFIGURATIONS = 200
"""How many corners of the space are looked at."""
MOST_VALUES = 3
"""How many values of each of two parameters are tried together."""


def check_sweep(sweep: Sweep, catalogue: Catalogue) -> list[Finding]:
    """Every finding about a sweep: its data and splits, the settings that its trials can have, and itself."""
    examination = Examination(catalogue)
    specs = specs_to_check(sweep)
    found = [finding for spec in specs for finding in examination.look(spec, "data")]
    found += [*examination.of_splits(specs), *_of_settings(sweep, examination)]
    subject = SweepSubject(sweep, tuple(examination.subject(spec) for spec in _searched(sweep)))
    return once([*found, *(f for c in CHECKS.values() if c.scope == "sweep" for f in findings_of(c, subject))])


def specs_to_check(sweep: Sweep) -> list[RunSpec]:
    """One spec for each fold and split of the search and of the confirm stage, searched splits included."""
    confirm = sweep.definition.confirm
    specs: dict[str, RunSpec] = {}
    for settings in _searched_splits(sweep):
        own = sweep.spec_for(settings).data.split.scheme
        parts = [(own, fold) for fold in sweep.definition.folds]
        if confirm is not None:
            parts += [(split, fold) for split in confirm.splits or (own,) for fold in confirm.folds]
        for split, fold in parts:
            spec = sweep.spec_for({**settings, "data.split.scheme": split, "data.fold": fold})
            specs.setdefault(spec.data.model_dump_json(), spec)
    return list(specs.values())


def configurations(sweep: Sweep) -> list[RunSpec]:
    """Specs of the corners of the search space on its first fold: all values of each parameter, some of each pair."""
    fold = {"data.fold": sweep.definition.folds[0]}
    specs = (sweep.spec_for({**settings, **fold}) for settings in islice(_corners(sweep), MOST_CONFIGURATIONS))
    distinct: dict[str, RunSpec] = {}
    for spec in specs:  # splits are looked at by themselves
        distinct.setdefault(spec.model_dump_json(exclude={"data": {"split", "fold"}, "seed": True}), spec)
    return list(distinct.values())


def _corners(sweep: Sweep) -> Iterator[dict[str, Any]]:
    space = sweep.space
    for path in space.order:
        yield from space.assignments({path, *space.ancestors(path)})
    for place, first in enumerate(space.order):
        for second in space.order[place + 1 :]:
            yield from space.assignments(
                {first, second} | space.ancestors(first) | space.ancestors(second), MOST_VALUES
            )


def _of_settings(sweep: Sweep, examination: Examination) -> list[Finding]:
    """Findings about settings, one of a kind, with how many of the configurations have it."""
    tried = configurations(sweep)
    first: dict[tuple[str, str], Finding] = {}
    times: Counter[tuple[str, str]] = Counter()
    for spec in tried:
        kinds = {(finding.code, finding.fix): finding for finding in examination.look(spec, "run")}
        first = {**kinds, **first}
        times.update(kinds.keys())
    return [_in_some(finding, times[kind], len(tried)) for kind, finding in first.items()]


def _in_some(finding: Finding, times: int, tried: int) -> Finding:
    if times == tried:
        return finding
    evidence = f"{finding.evidence}; in {times} of {tried} configurations that were tried of the space"
    return dataclasses.replace(finding, evidence=evidence)


def _searched(sweep: Sweep) -> list[RunSpec]:
    """One spec for each fold and split that trials are compared on."""
    settings = _searched_splits(sweep)
    return [sweep.spec_for({**chosen, "data.fold": fold}) for chosen in settings for fold in sweep.definition.folds]


def _searched_splits(sweep: Sweep) -> list[dict[str, Any]]:
    """The settings under `data.split` that trials can have; one without any where no split is searched."""
    space = sweep.space
    searched = [path for path in space.parameters if path.startswith("data.split.")]
    varied = {*searched, *(ancestor for path in searched for ancestor in space.ancestors(path))}
    found = ({path: whole[path] for path in searched if path in whole} for whole in space.assignments(varied))
    return list({json.dumps(settings): settings for settings in found}.values())


def without_impossible_splits(sweep: Sweep, catalogue: Catalogue) -> tuple[Sweep, list[str]]:
    """The sweep without confirm splits that the catalogue can't give, and what was left out and why.

    A sweep file that confirms by author is of use on recordings without authors too; the search's own split is never
    left out.

    Raises:
        DataError: the search's own split is impossible.
    """
    own = sweep.spec_for({})
    split_clips(catalogue, own.data)
    confirm = sweep.definition.confirm
    kept, left_out = [], []
    for scheme in confirm.splits if confirm else ():
        try:
            split_clips(catalogue, _spec(sweep, scheme, 0).data)
            kept.append(scheme)
        except DataError as error:
            left_out.append(f"confirm leaves out the split {scheme}: {error}")
    if confirm is None or not left_out:
        return sweep, []
    smaller = confirm.model_copy(update={"splits": tuple(kept) or (own.data.split.scheme,)})
    definition = sweep.definition.model_copy(update={"confirm": smaller})
    return dataclasses.replace(sweep, definition=definition), left_out


def _spec(sweep: Sweep, split: str, fold: int) -> RunSpec:
    return sweep.spec_for({}, **{"data.split.scheme": split, "data.fold": fold})
