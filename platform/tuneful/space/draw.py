"""A sweep as a page of text: what is searched under which conditions, what is fixed, how much work it is."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trainers.config.build import leaves
from trainers.config.paths import get_path
from tuneful.space.conditions import describe_when, show_value
from tuneful.space.definition import AshaSpec
from tuneful.space.parameters import Parameter, Space
from tuneful.space.plan import confirm_runs, epochs_of, epochs_planned, rungs, runs_per_trial, total_runs
from tuneful.space.ranges import Entry
from tuneful.space.sweep import Sweep


def draw_space(sweep: Sweep) -> RenderableType:
    """The sweep for `platform sweep FILE --dry-run`: at most 80 columns wide where the values allow it."""
    parts: list[RenderableType] = [_title(sweep), Text(), _heading("Searched"), _searched(sweep.space)]
    fixed = _fixed(sweep)
    if fixed.row_count:
        parts += [Text(), _heading("Fixed"), fixed]
    parts += [Text(), _heading("Plan"), _plan(sweep)]
    warnings = [Text(f"warning: {text}", style="yellow") for text in sweep.warnings]
    return Group(*parts, *([Text(), *warnings] if warnings else []))


def _title(sweep: Sweep) -> Text:
    data = sweep.spec_for({}).data.name
    size = sweep.space.size()
    many = "" if size is None else f", {size} configurations"
    return Text.assemble((sweep.name, "bold"), f": recipe {sweep.definition.recipe}, data {data}{many}")


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


def _fixed(sweep: Sweep) -> Table:
    """What the file and the command line set, with the values that the spec ends up with."""
    table = _grid()
    spec = sweep.spec_for({}).resolved()
    for layer in sweep.layers:
        for path, _ in leaves(layer.values):
            table.add_row(Text(f"  {path}", style="cyan"), Text(show_value(get_path(spec, path))))
    return table


def _plan(sweep: Sweep) -> Table:
    definition, plan = sweep.definition, epochs_planned(sweep)
    objective, algorithm = definition.objective, definition.search_algorithm
    searched = definition.trials * runs_per_trial(sweep)
    rule = {"last": "the last epoch", "best": "the best epoch", "mean_last_3": "the mean of the last 3 epochs"}
    rows = {
        "objective": f"{objective.mode} {objective.metric}, {rule[objective.epoch]}",
        "algorithm": f"{algorithm.name}, {algorithm.sampler} sampler, seed {algorithm.seed}",
        "scheduler": _scheduler(sweep),
        "search": f"{definition.trials} trials x {_runs(definition.folds, definition.repeats)} = {searched} runs",
        "confirm": _confirm(sweep),
        "resources": _resources(sweep),
        "runs": f"{total_runs(sweep)} in all, {epochs_of(sweep)} epochs each when not stopped",
        "epochs": f"about {plan.expected} expected, {plan.full} at most",
        "time": "no limit" if definition.max_hours is None else f"no new trial after {definition.max_hours:g} h",
    }
    table = _grid()
    for name, text in rows.items():
        table.add_row(Text(f"  {name}", style="cyan"), Text(text))
    return table


def _runs(folds: tuple[int, ...], repeats: int) -> str:
    fold = "fold" if len(folds) == 1 else "folds"
    return f"{fold} {', '.join(map(str, folds))} x {repeats} {'repeat' if repeats == 1 else 'repeats'}"


def _scheduler(sweep: Sweep) -> str:
    scheduler = sweep.definition.scheduler
    steps = rungs(sweep)
    if not isinstance(scheduler, AshaSpec) or not steps:
        return f"{scheduler.name}, every trial runs to its end"
    past = ", ".join(f"about {rung.trials:.0f} past epoch {rung.epoch}" for rung in steps)
    return f"asha: of {sweep.definition.trials} trials {past} (1 in {scheduler.reduction_factor} each time)"


def _confirm(sweep: Sweep) -> str:
    confirm = sweep.definition.confirm
    if confirm is None:
        return "none"
    splits = f" x splits {', '.join(confirm.splits)}" if confirm.splits else ""
    return f"top {confirm.top} x {_runs(confirm.folds, confirm.repeats)}{splits} = {confirm_runs(sweep)} runs"


def _resources(sweep: Sweep) -> str:
    resources = sweep.definition.resources
    workers = f"{resources.workers} {'worker' if resources.workers == 1 else 'workers'}"
    gpus = f"{resources.gpus_per_worker:g} GPU" if resources.gpus_per_worker else "no GPU"
    return f"{workers} a trial, {resources.cpus_per_worker:g} CPU and {gpus} each"
