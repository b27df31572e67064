"""Which runs of a sweep are checked, and which of its confirm splits the data can give."""

import dataclasses
import json
from typing import Any

from trainers.data.catalogue import Catalogue
from trainers.data.dataset import split_clips
from trainers.errors import DataError
from trainers.spec import RunSpec
from tuneful.space.sweep import Sweep


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
