"""Fields that only some variants of a section have: set, searched and derived where they exist."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trainers.config.build import FIELDS, Layer
from trainers.config.paths import get_path
from trainers.errors import SpecError
from tuneful.space.checking import tag_of
from tuneful.space.conditions import show_value
from tuneful.space.extremes import values
from tuneful.space.parameters import Space
from tuneful.space.places import Places

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep


def check_settings(layer: Layer, space: Space, fixed_tags: Mapping[str, Any]) -> None:
    """No field is set of a section whose variant is searched: the trials that switch it would drop the value.

    Raises:
        SpecError: with the entry to search instead.
    """
    for path, value in layer.values.items():
        tag = tag_of(path)
        if tag is None or tag not in space.parameters or tag in fixed_tags or path in space.parameters:
            continue
        owners = ", ".join(owner for owner in FIELDS[path].tags)
        entry = f"{path}: {{choice: [{show_value(value)}], when: {{{tag}: [{owners}]}}}}"
        raise SpecError(
            f"{layer.places[path]}: {path} is set while {tag} is searched, trials that switch it would lose the value. "
            f"Try: search: {{{entry}}}"
        )


def check_extras(sweep: "Sweep", places: Places) -> None:
    """Networks of transformers are searched only where that is installed.

    Raises:
        SpecError: with how to install it.
    """
    asked = sorted({*values("model.name", sweep)} & {"ast", "encoder"})
    if asked and find_spec("transformers") is None:
        keys = ("search" if "model.name" in sweep.space.parameters else "set", "model.name")
        text = f"model.name={asked[0]} needs transformers, which is not installed"
        raise places.error(text, *keys, hint="pip install 'tuneful[encoders]'")


def check_variants(sweep: "Sweep") -> None:
    """No field is searched or derived that the fixed variant of its section hasn't got.

    Raises:
        SpecError: with the variants that have it.
    """
    space, base = sweep.space, sweep.foundation.base()
    places = {path: parameter.place(0) for path, parameter in space.parameters.items()}
    places |= {derivation.path: derivation.place for derivation in sweep.foundation.derivations.ordered}
    for path, place in places.items():
        tag = tag_of(path)
        if tag is None or tag in space.parameters:
            continue
        variant, owners = get_path(base, tag), FIELDS[path].tags
        if variant not in owners:
            raise SpecError(
                f"{place}: {path} does not exist for {tag}={variant}, it belongs to {', '.join(owners)}. "
                f"Try: set: {{{tag}: {owners[0]}}}"
            )
