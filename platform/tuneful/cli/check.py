"""`platform check`: look for mistakes before compute is spent."""

from typing import Annotated

import typer

from tuneful.cli.shared import console, preparation


def check(
    file: Annotated[str, typer.Argument(help="A sweep file or its name, or a recipe's name.")],
    data: Annotated[str | None, typer.Option(help="Catalogue to run on, in place of the recipe's.")] = None,
) -> None:
    """Run the preflight checks on a sweep file or a recipe. Exit code 2 when one finds an error."""
    from trainers.config.build import Layer, build_spec, load_recipe, recipe_names
    from trainers.data.prepare import open_catalogue
    from tuneful.checks.registry import CHECKS, refuse_errors, run_checks
    from tuneful.checks.sweeps import specs_to_check, without_impossible_splits
    from tuneful.space.locate import find_sweep_file
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import load_sweep

    sweep = None if file in recipe_names() else load_sweep(find_sweep_file(file), SweepOptions(data=data))
    layer = Layer({"data.name": data} if data else {})
    spec = sweep.spec_for({}) if sweep else build_spec(load_recipe(file), [layer])
    with preparation() as report:
        catalogue = open_catalogue(spec.data.name, report)
    specs = [spec]
    allowed: tuple[str, ...] = ()
    if sweep is not None:
        sweep, left_out = without_impossible_splits(sweep, catalogue)
        specs, allowed = specs_to_check(sweep), sweep.definition.allow
        for line in left_out:
            console.print(f"Warning: {line}", markup=False, highlight=False, soft_wrap=True)
    findings = run_checks(specs, catalogue)
    for finding in findings:
        if finding.severity == "warning" or finding.code in allowed:
            console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
    refuse_errors(findings, allowed)
    console.print(f"{len(CHECKS)} checks on {len(specs)} splits: {len(findings)} findings, none stops a sweep.")
