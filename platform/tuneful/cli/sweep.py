"""`platform sweep`: search a space of experiments."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, preparation, typed

if TYPE_CHECKING:
    from trainers.data.catalogue import Catalogue
    from tuneful.checks.subject import Finding
    from tuneful.space.sweep import Sweep
    from tuneful.sweep.driver import Outcome


def sweep(
    file: Annotated[str, typer.Argument(help="A sweep file, or the name of one such as `loss`.")],
    data: Annotated[str | None, typer.Option(help="Catalogue to run on, in place of the recipe's.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Recipe to start from, in place of the file's.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="path=value for every trial; repeatable.")] = None,
    trials: Annotated[int | None, typer.Option(help="How many trials, in place of the file's number.")] = None,
    max_hours: Annotated[float | None, typer.Option(help="Stop after so many hours; go on later.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the sweep, in place of the file's.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Code of a check whose error is no mistake here, such as TF004; repeatable."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Draw the space, predict the time, run nothing.")] = False,
    dashboard: Annotated[bool, typer.Option(help="Ray's dashboard, on loopback, with a token.")] = True,
) -> None:
    """Search a space of experiments on Ray. The same command again finishes what is missing."""
    from tuneful.space.locate import find_sweep_file
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import load_sweep

    path = find_sweep_file(file)
    asked = load_sweep(path, SweepOptions(data, recipe, tuple(set_ or ()), trials, max_hours, name, tuple(allow or ())))
    if dry_run:
        _draw(asked, results)
        return
    asked, catalogue, findings = _preflight(asked)
    # Only here: Ray takes a second, and a refused sweep must not wait for it.
    from tuneful.sweep.driver import SweepOptions as RunOptions
    from tuneful.sweep.driver import run_sweep

    with preparation() as report:
        options = RunOptions(results, console, typed(), dashboard, report, findings)
        outcome = run_sweep(asked, catalogue, options)
    _conclude(outcome, results)


def _preflight(asked: "Sweep") -> tuple["Sweep", "Catalogue", "list[Finding]"]:
    """Everything that can be refused before compute is spent or anything is written to the results."""
    from trainers.data.prepare import open_catalogue
    from tuneful.checks.registry import refuse_errors
    from tuneful.checks.sweeps import check_sweep, without_impossible_splits
    from tuneful.sweep.cluster import check_fit

    check_fit(asked.definition.resources.model_dump())
    base = asked.spec_for({})
    with preparation() as report:
        catalogue = open_catalogue(base.data.name, report)
    asked, left_out = without_impossible_splits(asked, catalogue)
    for line in left_out:
        console.print(f"Warning: {line}", style="yellow", markup=False, soft_wrap=True)
    findings = check_sweep(asked, catalogue)
    for finding in findings:
        if finding.severity == "warning" or finding.code in asked.definition.allow:
            console.print(str(finding), style="yellow", markup=False, soft_wrap=True)
    refuse_errors(findings, asked.definition.allow)
    return asked, catalogue, findings


def _draw(asked: "Sweep", results: Path) -> None:
    from tuneful.space.draw import draw_space
    from tuneful.sweep.estimate import estimate

    console.print(draw_space(asked))
    with preparation() as report:
        console.print(estimate(asked, results, report))


def _conclude(outcome: "Outcome", results: Path) -> None:
    from tuneful.cli.report import write_report
    from tuneful.cli.results import print_best

    counts = ", ".join(f"{number} {state}" for state, number in sorted(outcome.states.items()))
    console.print(f"{outcome.folder.name}: {counts or 'no trial has ended'}", highlight=False)
    if outcome.states:
        print_best(outcome.folder)
        page = write_report(outcome.folder, results)
        console.print(f"Report: {page}", highlight=False, soft_wrap=True)
    if outcome.unfinished:
        console.print(
            f"{outcome.unfinished} are left. To go on: {typed()}", highlight=False, markup=False, soft_wrap=True
        )
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
