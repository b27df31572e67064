"""Which runs of a sweep are checked, and which of its confirm splits the data can give."""

import dataclasses

from trainers.data.catalogue import Catalogue
from trainers.data.dataset import split_clips
from trainers.errors import DataError
from trainers.spec import RunSpec
from tuneful.space.sweep import Sweep


def specs_to_check(sweep: Sweep) -> list[RunSpec]:
    """One spec for each fold and split scheme of the search and of the confirm stage."""
    definition = sweep.definition
    base = sweep.spec_for({})
    parts = [(base.data.split.scheme, fold) for fold in definition.folds]
    if definition.confirm is not None:
        splits = definition.confirm.splits or (base.data.split.scheme,)
        parts += [(split, fold) for split in splits for fold in definition.confirm.folds]
    return [_spec(sweep, split, fold) for split, fold in dict.fromkeys(parts)]


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
