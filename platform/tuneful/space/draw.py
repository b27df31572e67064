"""A sweep as a page of text: what is searched under which conditions, what is fixed, how much work it is."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trainers.config.build import leaves
from trainers.config.paths import get_path
from tuneful.space.conditions import describe_when, show_value
from tuneful.space.entry import Entry
from tuneful.space.parameters import Parameter, Space
from tuneful.space.plan_text import plan_rows
from tuneful.space.sweep import Sweep

MOST_SHOWN = 6
"""How many values of a derived setting are listed."""


def draw_space(sweep: Sweep) -> RenderableType:
    """The sweep for `platform sweep FILE --dry-run`: at most 80 columns wide where the values allow it."""
    parts: list[RenderableType] = [_title(sweep), Text(), _heading("Searched"), _searched(sweep.space)]
    for heading, rows in (("Derived", _derived(sweep)), ("Fixed", _fixed(sweep)), ("Published", _published(sweep))):
        if rows:
            parts += [Text(), _heading(heading), _rows(rows)]
    parts += [Text(), _heading("Plan"), _rows(plan_rows(sweep))]
    warnings = [Text(f"warning: {text}", style="yellow") for text in sweep.warnings]
    return Group(*parts, *([Text(), *warnings] if warnings else []))


def _title(sweep: Sweep) -> Text:
    data = sweep.base.data.name
    size = sweep.space.size()
    many = "" if size is None else f", {size} configurations"
    extends = "".join(f", extends {file.stem}" for file in sweep.extended)
    return Text.assemble((sweep.name, "bold"), f": recipe {sweep.definition.recipe}, data {data}{many}{extends}")


def _heading(text: str) -> Text:
    return Text(text, style="bold underline")


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _searched(space: Space) -> Table:
    table = _grid()
    table.add_column(overflow="fold")
    for depth, parameter in _nested(space):
        indent = "  " * depth
        for index, entry in enumerate(parameter.entries):
            name = f"  {indent}{parameter.path}" if index == 0 else ""
            table.add_row(Text(name, style="cyan"), Text(entry.describe()), Text(_condition(entry), style="dim"))
    return table


def _nested(space: Space) -> Iterator[tuple[int, Parameter]]:
    """Parameters in the order of the file, conditional ones below the deepest of their parents."""
    order = {path: position for position, path in enumerate(space.order)}
    children: dict[str | None, list[Parameter]] = {}
    for parameter in space.parameters.values():
        parent = max(parameter.parents, key=order.__getitem__, default=None)
        children.setdefault(parent, []).append(parameter)

    def below(parent: str | None, depth: int) -> Iterator[tuple[int, Parameter]]:
        for parameter in children.get(parent, []):
            yield depth, parameter
            yield from below(parameter.path, depth + 1)

    return below(None, 0)


def _condition(entry: Entry) -> str:
    return f"when {describe_when(entry.when)}" if entry.when else ""


def _rows(rows: Iterable[tuple[str, str]]) -> Table:
    table = _grid()
    for name, text in rows:
        table.add_row(Text(f"  {name}", style="cyan"), Text(text))
    return table


def _derived(sweep: Sweep) -> list[tuple[str, str]]:
    """What is computed, how, and the values that come out."""
    foundation, base = sweep.foundation, sweep.foundation.base()
    rows = []
    for derivation in foundation.derivations.ordered:
        found = sorted(set(foundation.derivations.corners(derivation.path, sweep.space, base)))
        listed = len(found) <= MOST_SHOWN and _corners_are_all(sweep, derivation.path)
        values = ", ".join(map(show_value, found)) if listed else f"{found[0]:g} to {found[-1]:g}"
        rows.append((derivation.path, f"= {derivation.expression.text}: {values}"))
    return rows


def _corners_are_all(sweep: Sweep, path: str) -> bool:
    """Whether a derived setting has no values but those at the corners of what it is computed from."""
    space = sweep.space
    sources = sweep.foundation.derivations.sources_of(path) & space.parameters.keys()
    entries = [(source, entry) for source in sources for entry in space.parameters[source].entries]
    return all(entry.count() == len(space.values(source, entry)) for source, entry in entries)


def _fixed(sweep: Sweep) -> list[tuple[str, str]]:
    """What the file and the command line set, with the values that the spec ends up with."""
    spec = sweep.base.resolved()
    paths = dict.fromkeys(path for layer in sweep.foundation.layers for path, _ in leaves(layer.values))
    fields = [(path, show_value(get_path(spec, path))) for path in paths]
    return [*fields, *((path, show_value(value)) for path, value in sweep.foundation.variables.items())]


def _published(sweep: Sweep) -> list[tuple[str, str]]:
    points = (", ".join(f"{path} {show_value(value)}" for path, value in p.items()) for p in sweep.published)
    return [(str(number), text) for number, text in enumerate(points)]
