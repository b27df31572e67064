"""What a sweep file may derive, from what, and how variables are called."""

import re
from textwrap import shorten
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from trainers.config.build import FIELDS, unknown_field
from tuneful.space.arithmetic import as_arithmetic
from tuneful.space.expressions import Expression
from tuneful.space.places import Places
from tuneful.space.variables import is_variable, known_variables, name_problem

NOT_DERIVED = {
    "data.fold": ("it is each of `folds` in turn", "folds: [0, 1]"),
    "seed": ("it is that of each repeat in turn", "repeats: 3"),
    "data.sample_rate": (
        "recordings are decoded before the sweep, once for each rate",
        "search: {data.sample_rate: {choice: [16000, 32000]}}",
    ),
}
"""Fields that the sweep itself goes through -> why, and what to write instead."""


def kinds_of(path: str) -> set[type]:
    """The types that the values of a field have; none for a path that is no field."""
    return _kinds(FIELDS[path].info.annotation) if path in FIELDS else set()


def _kinds(annotation: Any) -> set[type]:
    """The types that a field takes: of `int | None`, int and NoneType."""
    if get_origin(annotation) is Literal:
        return {type(value) for value in get_args(annotation)}
    if get_origin(annotation) in (Union, UnionType):
        return {kind for inner in get_args(annotation) for kind in _kinds(inner)}
    return {annotation} if isinstance(annotation, type) else set()


def check_target(path: str, places: Places) -> None:
    """A derived path is a field that takes numbers.

    Raises:
        SpecError: with what to do instead.
    """
    problem, hint = unknown_field(path), "the dotted path of a field, such as optimizer.lr"
    if is_variable(path):
        problem, hint = f"{path} is a variable, only fields are derived", "search it, or write its expression out"
    elif path in NOT_DERIVED:
        why, hint = NOT_DERIVED[path]
        problem = f"{path} can't be derived: {why}"
    elif problem is None and not {int, float} & kinds_of(path):
        problem, hint = f"{path} is no number, it can't be derived", f"search: {{{path}: {{choice: [...]}}}}"
    if problem is not None:
        raise places.error(f"derive: {problem}", "derive", path, hint=hint)


def check_names(path: str, expression: Expression, variables: set[str], places: Places) -> None:
    """Every name in an expression is a field, or a variable that is searched or set.

    Raises:
        SpecError: with the names there are, or what an expression can hold.
    """
    try:
        names = expression.names
    except ValueError as error:
        text = f"derive: {path}: {shorten(expression.text, 80)!r} {error}"
        raise places.error(text, "derive", path, hint=_arithmetic(path, expression.text, variables)) from None
    for name in names:
        if is_variable(name) and name not in variables:
            text = f"derive: {path}: {name} is no variable of this sweep. {known_variables(variables)}"
            raise places.error(text, "derive", path)
        if not is_variable(name) and (problem := unknown_field(name)) is not None:
            raise places.error(f"derive: {path}: {problem}", "derive", path, hint="settings that are numbers")


def _arithmetic(path: str, text: str, variables: set[str]) -> str:
    """What an expression that is no arithmetic here can be instead."""
    if (same := as_arithmetic(text)) is not None:
        return f"{path}: {same}"
    if " if " in text:
        return f"{path} under `search`, as a list of entries that each have a `when`"
    names = re.findall(r"\$?[A-Za-z_][\w.]*", text)
    numbers = [name for name in names if name in variables or {int, float} & kinds_of(name)]
    return f"what is allowed, such as {(numbers or ['training.batch_size'])[0]} / 2"


def check_variable(path: str, section: str, places: Places) -> None:
    """The name of a variable under `search` or `set` is one.

    Raises:
        SpecError: with a name that is.
    """
    if problem := name_problem(path):
        raise places.error(problem[0], section, path, hint=problem[1])
