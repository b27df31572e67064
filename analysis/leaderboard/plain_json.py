"""Results as JSON has them."""

import dataclasses
import math
from typing import Any


def plain_json(value: Any) -> Any:
    """Dataclasses as objects, tuples as lists, and null for a number that isn't defined."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain_json(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
