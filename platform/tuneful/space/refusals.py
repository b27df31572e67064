"""pydantic's errors about a sweep file in our words: what is wrong, what was got, what is allowed, the fix."""

import difflib
from typing import Any

from pydantic_core import ErrorDetails, PydanticUndefined

from trainers.config.paths import FieldPath, field_paths, nearest
from trainers.errors import SpecError
from tuneful.space.conditions import show_value
from tuneful.space.definition import SweepDefinition
from tuneful.space.places import Places
from tuneful.space.ranges import KINDS

FIELDS: dict[str, FieldPath] = {
    path: found for path, found in field_paths(SweepDefinition).items() if not path.startswith("further_objectives")
}
SCHEDULERS = FIELDS["scheduler.name"].tags
SCHEDULER = "scheduler: {name: asha, grace_period: 2, reduction_factor: 3}"
EXAMPLE = "{optimizer.lr: {loguniform: [1.0e-4, 1.0e-2]}}"
EXAMPLES = {
    "scheduler.mutate": "[optimizer.lr]",
    "tracking.wandb.project": "loss",
    "derive": "{front_end.hop_length: front_end.n_fft / 4}",
    "published": "[recipe, {optimizer.lr: 1.0e-3}]",
    "objective": "{metric: val/macro_auc}",
}
"""What can stand where there is no default."""
ENTRIES = {
    "choice": "[a, b]",
    "uniform": "[lo, hi]",
    "loguniform": "[lo, hi]",
    "quniform": "[lo, hi, step]",
    "int": "[lo, hi]",
    "when": "{path: [value]}",
}
RULES = {
    "greater_than": "must be > {gt:.10g}",
    "greater_than_equal": "must be >= {ge:.10g}",
    "less_than": "must be < {lt:.10g}",
    "less_than_equal": "must be <= {le:.10g}",
    "literal_error": "must be one of {expected}",
    "too_short": "must not be empty",
    "too_long": "must hold {max_length} values",
    "entry_kind": "needs exactly one of choice, uniform, loguniform, quniform, int",
}


def refusal(error: ErrorDetails, places: Places) -> SpecError:
    """The error to raise for one of pydantic's."""
    keys = _keys(error["loc"])
    if keys[0] == "search":
        return _entry_refusal(error, keys, places)
    name = ".".join(key for key in keys if not key.isdigit())
    if error["type"] == "value_error":  # a validator's own words, with its own hint
        return places.error(str(error["ctx"]["error"]), *keys)
    return places.error(_rule(error, name), *keys, hint=_hint(error, name))


def _keys(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """pydantic's location without the tags of unions: `('search', 'loss.gamma', '0', 'uniform', '1')`."""
    keys = [str(part) for part in location]
    if keys[0] == "search" and len(keys) > 3 and keys[3] in KINDS:
        del keys[3]
    if keys[0] == "scheduler" and len(keys) > 1 and keys[1] in SCHEDULERS:
        del keys[1]
    if keys[0] == "further_objectives":  # those after the first of a list
        keys = ["objective", *([str(int(keys[1]) + 1), *keys[2:]] if len(keys) > 1 else [])]
    return tuple(keys)


def _entry_refusal(error: ErrorDetails, keys: tuple[str, ...], places: Places) -> SpecError:
    """An error below `search`: the parameter's path, then the entry's key."""
    path, *inner = keys[1:] or [""]
    in_file = keys if keys[:3] in places.document.lines else (*keys[:2], *keys[3:])
    if error["type"] == "value_error":
        return places.error(f"{path}: {error['ctx']['error']}", *in_file)
    key = next((part for part in inner if not part.isdigit()), "")
    name = ": ".join(part for part in (path or "search", key) if part)
    if error["type"] == "missing" and path:  # of two bounds
        rule = f"{name} holds too few values"
    elif error["type"] == "extra_forbidden":
        rule = f"{path}: {key} has no meaning here. {nearest(key, [*ENTRIES, 'log', 'step'])}"
    else:
        rule = _rule(error, name)
    key = key if key in ENTRIES else "uniform"
    hint = f"{path}: {{{key}: {ENTRIES[key]}}}" if path else f"search: {EXAMPLE}"
    return places.error(rule, *in_file, hint=hint)


def _rule(error: ErrorDetails, name: str) -> str:
    kind, value = error["type"], error.get("input")
    if kind == "extra_forbidden":
        return _unknown(name)
    if kind == "missing":
        return f"{name} is missing"
    if kind.startswith("union_tag"):
        tag = value.get("name") if isinstance(value, dict) else value
        return f"{name}.name must be one of {', '.join(SCHEDULERS)}, got {_got(tag)}"
    if name == "objective" and value == []:
        return "objective must not be empty"
    rule = RULES.get(kind, _lower(error["msg"])).format(**error.get("ctx", {}))
    return f"{name} {rule}, got {_got(value)}"


def _unknown(name: str) -> str:
    if name in FIELDS:  # of another variant
        section = name.rpartition(".")[0]
        return f"{name} belongs to {section}.name={' or '.join(FIELDS[name].tags)}"
    return f"{name} is no field of a sweep file. {nearest(name, [*FIELDS, 'extends'])}"


def _got(value: Any) -> str:
    """A value as the file has it; texts in quotes, so that '8' is not taken for 8."""
    return repr(value) if isinstance(value, str) else show_value(value)


def _lower(message: str) -> str:
    message = message.removeprefix("Input ")
    return message[0].lower() + message[1:].replace("{", "(").replace("}", ")")


def _hint(error: ErrorDetails, name: str) -> str:
    """A setting that would be taken: the nearest of the allowed values, the bound, or the default."""
    kind, context = error["type"], error.get("ctx", {})
    if name == "search":
        return f"search: {EXAMPLE}"
    if kind == "extra_forbidden":
        return "remove the line or correct the name"
    if kind.startswith("union_tag"):
        return SCHEDULER
    if kind == "literal_error":
        allowed = [value.strip(" '") for value in str(context["expected"]).replace(" or ", ",").split(",")]
        best = difflib.get_close_matches(str(error.get("input")), allowed, n=1, cutoff=0.0)
        return f"{name}: {best[0] if best else allowed[0]}"
    section = name.partition(".")[0]
    return f"{section if section in ('derive', 'published') else name}: {_default(name)}"


def _default(name: str) -> str:
    section = name.partition(".")[0]
    if name in EXAMPLES or section in ("derive", "published"):
        return EXAMPLES.get(name, EXAMPLES.get(section, ""))
    known = FIELDS.get(name)
    value: Any = known.info.default if known is not None else None
    if known is None or value is PydanticUndefined:  # a whole section
        inner = {path.removeprefix(f"{name}."): f for path, f in FIELDS.items() if path.startswith(f"{name}.")}
        return "{" + ", ".join(f"{path}: {show_value(f.info.default)}" for path, f in inner.items()) + "}"
    return show_value(value)
