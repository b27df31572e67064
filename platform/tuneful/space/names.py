"""Names of sweeps: they become folders, so only names that stay inside the results are allowed."""

import re

from trainers.errors import SpecError
from tuneful.space.places import COMMAND_LINE, as_option

ALLOWED = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


def check_name(name: str, place: str) -> str:
    """`name` itself where it is a sweep's name.

    Raises:
        SpecError: empty, longer than 100 characters, a leading dot, or anything but letters, digits, `.`, `_`, `-`.
    """
    if ALLOWED.fullmatch(name):
        return name
    shown = name if len(name) <= 100 else f"{name[:20]}... ({len(name)} characters)"
    better = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "loss"
    on_command_line = place == COMMAND_LINE or place.startswith("--")
    hint = as_option(f"name: {better}") if on_command_line else f"name: {better}"
    raise SpecError(
        f"{place}: {shown!r} is no name of a sweep (want 1 to 100 letters, digits, `.`, `_`, `-`, "
        f"the first no dot). Try: {hint}"
    )
