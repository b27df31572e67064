"""pydantic's errors about a sweep file in our words: what is wrong, what was got, what is allowed, the fix.

A fix is made of the file's own values: see `mending`.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from trainers.config.build import FIELDS as RUN_FIELDS
from trainers.config.build import SECTIONS as RUN_SECTIONS
from trainers.config.paths import nearest_path, set_path
from trainers.config.yamlfile import as_yaml
from trainers.errors import SpecError
from tuneful.space.definition import SweepDefinition
from tuneful.space.meant_entries import KEYS
from tuneful.space.meant_settings import placed, searched
from tuneful.space.mending import (
    EXAMPLES,
    FIELDS,
    SCHEDULERS,
    SECTIONS,
    Keys,
    Mending,
    dotted,
    file_keys,
    mended_search,
    nearest_part,
    part_meant,
    value_at,
)
from tuneful.space.places import Places
from tuneful.space.ranges import kind_of

KNOWN = tuple(name for name in (*SweepDefinition.model_fields, "extends") if name != "further_objectives")
"""What a sweep file can hold."""
WANDB = {"parameters": "search", "method": "search_algorithm", "metric": "objective", "early_terminate": "scheduler"}
"""Parts of a sweep file of Weights & Biases -> ours."""
RENAME = "remove the line or correct the name"
RULES = {
    "greater_than": "must be > {gt:.10g}",
    "greater_than_equal": "must be >= {ge:.10g}",
    "less_than": "must be < {lt:.10g}",
    "less_than_equal": "must be <= {le:.10g}",
    "literal_error": "must be one of {expected}",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "too_long": "must hold {max_length} values",
    "entry_kind": "needs exactly one of choice, uniform, loguniform, quniform, int",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
}


@dataclass(frozen=True)
class Refusal:
    """Says what is wrong with the data of a sweep file."""

    data: Mapping[str, Any]
    places: Places
    errors: Callable[[Mapping[str, Any]], list[ErrorDetails]]
    """What is wrong with other data; for trying what would be right."""

    def of(self, errors: Sequence[ErrorDetails]) -> SpecError:
        """The error to raise for pydantic's.

        It is the first that explains the others: `serach` is why `search` is missing. So unknown names come first.
        """
        error = min(errors, key=lambda error: (error["loc"] != ("parameters",), error["type"] != "extra_forbidden"))
        keys = file_keys(error["loc"], self.data)
        if keys[0] == "search" and len(keys) > 1:
            return self._entry(error, keys)
        name = dotted(keys) or keys[0]
        if error["type"] == "value_error":  # a validator's own words, with its own hint
            rule, _, hint = str(error["ctx"]["error"]).partition(". Try: ")
            return self.places.error(rule, *keys, hint=hint)
        if error["type"] == "extra_forbidden":
            return self._unknown(name, keys)
        example = f"{keys[0]}: {as_yaml(EXAMPLES[keys[0]])}" if keys[0] in EXAMPLES else ""
        hint = Mending(self.errors).section(self.data, keys[0]) or example
        return self.places.error(_rule(error, name), *keys, hint=hint)

    def _entry(self, error: ErrorDetails, keys: Keys) -> SpecError:
        """An error below `search`: the parameter's path, then the entry's key."""
        path, *inner = keys[1:]
        in_file = keys if keys[:3] in self.places.document.lines else (*keys[:2], *keys[3:])
        key = next((part for part in inner if not part.isdigit()), "")
        name = f"{path}: {key}" if key else path
        if error["type"] == "value_error":
            rule = f"{path}: {str(error['ctx']['error']).partition('. Try: ')[0]}"
        elif error["type"] == "missing":  # of two bounds
            rule = f"{name} holds too few values"
        elif error["type"] == "extra_forbidden":
            entry = value_at(self.data, keys[:2])
            entry = value_at(entry, keys[2:3]) if isinstance(entry, list) else entry
            rule = _unknown_key(path, key, entry)
        elif error["type"] == "entry_kind" and error["input"] not in (value := value_at(self.data, keys[:2]), None):
            rule = _rule({**error, "input": value}, name)
        else:
            rule = _rule(error, name)
        return self.places.error(rule, *in_file, hint=mended_search(path, value_at(self.data, keys[:2])))

    def _unknown(self, name: str, keys: Keys) -> SpecError:
        """An unknown field, by what it may have been meant for."""
        section = name.rpartition(".")[0] if len(keys) > 1 else ""
        text, hint = f"{name} is no field of a sweep file", ""
        if name in FIELDS and not section:
            text, hint = f"{name} is dotted, want it nested", self._nested(name)
        elif name in FIELDS:  # of another variant
            text = f"{name} belongs to {section}.name={' or '.join(FIELDS[name].tags)}"
            hint = Mending(self.errors).section(self.data, keys[0])
        elif section:
            near = part_meant(name, value_at(self.data, keys))
            known = ", ".join(path for path in FIELDS if path.startswith(f"{section}."))
            text += f". Did you mean {near}?" if near else f". Known: {known}"
            hint = Mending(self.errors).section(self.data, keys[0]) or RENAME
        elif name in WANDB:
            text, hint = f"{name} is of a sweep file of Weights & Biases, and no field of ours", self._translated(name)
        elif (near := _part(name, self.data[name])) is None:
            text, hint = f"{text}. Known: {', '.join(KNOWN)}", RENAME
        elif near in RUN_FIELDS or near in RUN_SECTIONS:
            text, hint = f"{text}, a run has {near}", placed(near, self.data[name], self.data)
        else:
            text += f". Did you mean {near}?"
        return self.places.error(text, *keys, hint=hint)

    def _nested(self, path: str) -> str:
        """The section that a dotted path at the top of the file is meant for, with its value."""
        data = deepcopy({name: value for name, value in self.data.items() if name != path})
        set_path(data, path, self.data[path])
        return Mending(self.errors).section(data, path.partition(".")[0]) or RENAME

    def _translated(self, word: str) -> str:
        """A part of a sweep file of Weights & Biases as one of ours."""
        value, name = self.data[word], WANDB[word]
        if name != "search" or not isinstance(value, dict):
            return f"{name}: {as_yaml(EXAMPLES.get(name, {'sampler': 'tpe'}))}"
        return searched(value, self.data)


def _part(name: str, value: Any) -> str | None:
    """The part of a sweep file or of a run that was probably meant by an unknown name beside `search`."""
    if name in RUN_SECTIONS:
        return name
    section, dot, _ = name.rpartition(".")
    if dot:
        paths = (*FIELDS, *RUN_FIELDS)
        inside = [path for path in paths if path.startswith(f"{section}.")]
        return nearest_path(name, inside) or nearest_path(name, paths)
    ending = [path for path in FIELDS if path.endswith(f".{name}")]
    fields = next(filter(None, (nearest_path(name, paths) for paths in (KNOWN, ending, RUN_FIELDS))), None)
    return nearest_part(name, value, SECTIONS | RUN_SECTIONS, [fields] if fields else [])


def _unknown_key(path: str, key: str, entry: Any) -> str:
    kind = kind_of(entry)
    near = nearest_path(key, [known for known in KEYS if known not in entry])
    if key in KEYS:
        return f"{path}: {key} has no meaning beside {kind}"
    return f"{path}: {key} has no meaning here" + (f". Did you mean {near}?" if near else "")


def _rule(error: ErrorDetails, name: str) -> str:
    kind, value = error["type"], error.get("input")
    if kind == "missing":
        return f"{name} is missing"
    if kind.startswith("union_tag"):
        tag = value.get("name") if isinstance(value, dict) else value
        return f"{name}.name must be one of {', '.join(SCHEDULERS)}, got {quoted(tag)}"
    if name == "objective" and value == []:
        return "objective must not be empty"
    return f"{name} {rule_of(error)}, got {quoted(value)}"


def rule_of(error: ErrorDetails) -> str:
    """The rule that a value breaks: `must be >= 1`."""
    return RULES.get(error["type"], _lower(error["msg"])).format(**error.get("ctx", {}))


def quoted(value: Any) -> str:
    """A value as a file has it; texts in quotes, so that '8' is not taken for 8."""
    return repr(value) if isinstance(value, str) else as_yaml(value)


def _lower(message: str) -> str:
    message = message.removeprefix("Input ")
    return message[0].lower() + message[1:].replace("{", "(").replace("}", ")")
