"""Values of options that are refused before a command runs, in the words of sweep files."""

from typing import Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typer.core import TyperGroup


class Commands(TyperGroup):
    """A group whose commands refuse a value by rule, value and fix, where typer has pydantic's words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the line names.

        Raises:
            typer.BadParameter: a value that its option doesn't take.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError) and error.param is not None:
                error.message = _refusal(error.__cause__.errors()[0], error.param.opts[-1]) or error.message
            raise


def _refusal(error: ErrorDetails, option: str) -> str:
    """`must be a whole number, got 'abc'. Try: --trials 8`; '' where it is no number that is wanted."""
    # Only here: what this imports takes longer than typer, and a right command line must not wait for it.
    from trainers.config.yamlfile import as_yaml
    from tuneful.space.meant import is_number, meant
    from tuneful.space.refusals import rule_of

    value, bounds = error["input"], error.get("ctx", {})
    wanted: dict[str, Any] = {"int_parsing": 8, "float_parsing": 1.5}
    wanted |= {"greater_than_equal": bounds.get("ge"), "less_than_equal": bounds.get("le")}
    if error["type"] not in wanted:
        return ""
    kinds = int if error["type"] == "int_parsing" else int | float
    parsed = error["type"].endswith("parsing")
    found = meant(value, lambda read: isinstance(read, kinds) and is_number(read)) if parsed else ()
    better = found[0] if found else wanted[error["type"]]
    return f"{rule_of(error)}, got {value!r}. Try: {option} {as_yaml(better)}"
