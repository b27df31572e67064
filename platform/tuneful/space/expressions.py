"""Arithmetic of a sweep file: numbers, names of settings and a few functions. Nothing else is ever evaluated."""

import ast
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_LENGTH = 500
"""Characters of an expression; what is longer is no arithmetic between settings."""

OPERATORS: dict[type[ast.operator], Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "round": round,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "exp": math.exp,
}
ALLOWED = f"numbers, settings, $variables, + - * / // % **, {', '.join(FUNCTIONS)}"
_VARIABLE = re.compile(r"(?<![\w.$])\$([A-Za-z_]\w*)")
_STAND_IN = "VARIABLE_"
"""What `$` is for Python's parser; no field begins with it."""

Lookup = Callable[[str], Any]
"""Name -> its value; KeyError where it has none."""


@dataclass(frozen=True)
class Expression:
    """An expression such as `$base_lr * training.batch_size / 256`. All arithmetic is in floating point."""

    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The settings and variables that it names, in order.

        Raises:
            ValueError: not an expression, or one of something else than arithmetic.
        """
        return _parsed(self.text)[1]

    def value(self, known: Lookup) -> float:
        """The value.

        Raises:
            ValueError: a name without a number, a division by zero, a result that is no finite real number; what is
            wrong, and for some the fix.
        """
        try:
            value = _value(_parsed(self.text)[0], known)
        except ZeroDivisionError:
            raise ValueError("divides by zero") from None
        except OverflowError:
            raise ValueError("is too large") from None
        if isinstance(value, complex) or not math.isfinite(value):
            raise ValueError("is no finite real number")
        return float(value)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[ast.expr, tuple[str, ...]]:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"has {len(text)} characters, at most {MAX_LENGTH} are allowed")
    try:
        tree = ast.parse(_VARIABLE.sub(rf"{_STAND_IN}\1", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"is no expression. Allowed: {ALLOWED}") from None
    return tree, tuple(dict.fromkeys(_names(tree)))


def _names(node: ast.expr) -> list[str]:
    """The names in a tree of arithmetic; what is none is refused."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return []
    if isinstance(node, ast.Name | ast.Attribute):
        return [_dotted(node)]
    return [name for part in _parts(node) for name in _names(part)]


def _parts(node: ast.expr) -> list[ast.expr]:
    """The operands of an operation or function."""
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return [node.operand]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args and not node.keywords:
        if node.func.id not in FUNCTIONS:
            raise ValueError(f"calls {node.func.id}, which is no function here. Allowed: {', '.join(FUNCTIONS)}")
        return node.args
    raise ValueError(f"has {_shown(node)}, which is no arithmetic. Allowed: {ALLOWED}")


def _shown(node: ast.expr) -> str:
    return ast.unparse(node).replace(_STAND_IN, "$")


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id.replace(_STAND_IN, "$", 1) if node.id.startswith(_STAND_IN) else node.id
    raise ValueError(f"has {_shown(node)}, which is no arithmetic. Allowed: {ALLOWED}")


def _value(node: ast.expr, known: Lookup) -> Any:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]  # `_names` lets int and float pass only
    if isinstance(node, ast.Name | ast.Attribute):
        return _number(_dotted(node), known)
    parts = [_value(part, known) for part in _parts(node)]
    if any(isinstance(part, complex) for part in parts):
        raise ValueError("is no finite real number")
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](*parts)
    if isinstance(node, ast.UnaryOp):
        return -parts[0] if isinstance(node.op, ast.USub) else parts[0]
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return _called(node.func.id, parts)


def _called(name: str, arguments: list[float]) -> float:
    try:
        if name == "round" and len(arguments) == 2:
            return round(arguments[0], int(arguments[1]))
        return FUNCTIONS[name](*arguments)
    except ValueError:
        raise ValueError(f"takes {name} of {arguments[0]:g}, which has none") from None
    except TypeError:
        raise ValueError(f"gives {name} {len(arguments)} numbers, which it does not take") from None


def _number(name: str, known: Lookup) -> float:
    try:
        value = known(name)
    except KeyError:
        raise ValueError(f"needs {name}, which has no value there", f"{name} without conditions") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = "null" if value is None else repr(value)
        raise ValueError(f"needs {name} as a number, it is {kind}", f"a number for {name}, or another expression")
    return float(value)
