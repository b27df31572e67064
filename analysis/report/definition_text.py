"""The definition of a sweep as YAML that can be run again."""

import io
import json
import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import has_invisible


def definition_text(definition: Mapping[str, Any]) -> str:
    """Return the definition as YAML 1.2, innermost lists and mappings on one line."""
    plain = _plain(definition)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = not has_invisible(json.dumps(plain, ensure_ascii=False))  # escapes read back the same
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(plain, stream)
    return stream.getvalue()


def repeat_command(tables: SweepTables) -> str:
    """Return the shell command that runs the sweep again."""
    return tables.command or f"platform sweep {shlex.quote(str(tables.definition.get('name', 'sweep')) + '.yaml')}"


def _plain(value: Any) -> Any:
    """Turn numpy scalars, tuples and foreign mappings into what YAML knows."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
