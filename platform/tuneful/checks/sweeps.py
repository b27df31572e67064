"""Which runs of a sweep are checked: every split that any of its runs would use."""

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
    return [
        sweep.spec_for({}, **{"data.split.scheme": split, "data.fold": fold}) for split, fold in dict.fromkeys(parts)
    ]
