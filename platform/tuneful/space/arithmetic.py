"""Expressions in other languages' words, in those of a sweep file: `2 ^ $n`, `int(x)`, `math.ceil(x)`."""

import ast
import re

from tuneful.space.expressions import FUNCTIONS, Expression

SAME = {
    "int": "floor({0})",
    "ceil": "-floor(-({0}))",
    "abs": "max({0}, -({0}))",
    "pow": "({0}) ** ({1})",
    "log": "log2({0}) / log2(exp(1))",
    "log10": "log2({0}) / log2(10)",
}
"""Functions that sweep files don't have -> the same in those that they have; `int` of what is not below 0."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_STAND_IN = "VARIABLE_"
"""What `$` is for Python's parser."""


def as_arithmetic(text: str) -> str | None:
    """The same arithmetic as a sweep file writes it; None where `text` is none, or is written so already."""
    try:
        tree = ast.parse(_VARIABLE.sub(rf"{_STAND_IN}\1", text.replace("^", "**").strip()), mode="eval")
        same = ast.unparse(ast.fix_missing_locations(_Rewriting().visit(tree))).replace(_STAND_IN, "$")
        _ = Expression(same).names
    except (SyntaxError, ValueError, IndexError, MemoryError, RecursionError):
        return None
    return same if same != text else None


class _Rewriting(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:  # ast's name
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in SAME and len(node.args) == len(set(re.findall(r"\{\d\}", SAME[name]))):
            return ast.parse(SAME[name].format(*map(ast.unparse, node.args)), mode="eval").body
        return ast.Call(ast.Name(name), node.args, node.keywords) if name in FUNCTIONS else node
