"""`platform check`: look for mistakes before compute is spent."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import preparation, say
from tuneful.cli.sweep_options import (
    Allow,
    CpusPerWorker,
    Data,
    GpusPerWorker,
    Recipe,
    Set,
    Trials,
    Workers,
    resources,
)

if TYPE_CHECKING:
    from trainers.data.catalogue import Catalogue
    from trainers.spec import RunSpec
    from tuneful.checks.subject import Finding
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import Sweep


def check(
    file: Annotated[str, typer.Argument(help="A sweep file or a recipe: its name, or the path of a YAML file.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="path=value, such as loss.name=ce")] = None,
    data: Data = None,
    recipe: Recipe = None,
    set_: Set = None,
    trials: Trials = None,
    workers: Workers = None,
    cpus_per_worker: CpusPerWorker = None,
    gpus_per_worker: GpusPerWorker = None,
    allow: Allow = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON, for other programs.")] = False,
) -> None:
    """Run the preflight checks on a sweep file or a recipe. Exit code 2 when one finds an error."""
    from tuneful.checks.registry import CHECKS, refuse_errors
    from tuneful.space.options import SweepOptions

    options = SweepOptions(
        data=data,
        recipe=recipe,
        sets=(*(overrides or ()), *(set_ or ())),
        trials=trials,
        allow=tuple(allow or ()),
        resources=resources(workers, cpus_per_worker, gpus_per_worker),
    )
    if _is_recipe(file):
        findings, allowed = _check_run(_run_of(file, options), as_json), options.allow
    else:
        sweep = _sweep_of(file, options)
        findings, allowed = _check_sweep(sweep, as_json), sweep.definition.allow
    if as_json:
        rows = [{**vars(finding), "allowed": finding.code in allowed} for finding in findings]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for finding in findings:
            if finding.severity == "warning" or finding.code in allowed:
                say(str(finding))
    refuse_errors(findings, allowed)
    if not as_json:
        say(f"{len(CHECKS)} checks: {len(findings)} findings, none stops a sweep.")


def _is_recipe(file: str) -> bool:
    """Whether a name is a recipe's, or a file has nothing that only a sweep file has."""
    from trainers.config.build import recipe_names
    from trainers.config.yamlfile import load_document
    from tuneful.space.definition import SweepDefinition

    path = Path(file)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return load_document(path).data.keys().isdisjoint(("extends", *SweepDefinition.model_fields))
    return file in recipe_names()


def _run_of(file: str, options: "SweepOptions") -> "RunSpec":
    from trainers.config.build import build_spec, load_recipe
    from trainers.errors import SpecError
    from tuneful.space.options import command_line

    if options.recipe is not None or options.trials is not None or options.resources:
        raise SpecError(f"{file} is a recipe: --recipe, --trials and resources go with a sweep file. Try: without them")
    return build_spec(load_recipe(file), [command_line(options.sets, options.data)])


def _sweep_of(file: str, options: "SweepOptions") -> "Sweep":
    from trainers.config.build import recipe_names
    from trainers.errors import SpecError
    from tuneful.space.locate import find_sweep_file
    from tuneful.space.sweep import load_sweep

    try:
        path = find_sweep_file(file)
    except SpecError as error:
        raise SpecError(f"{error}, or a recipe: {', '.join(recipe_names())}") from None
    return load_sweep(path, options)


def _check_run(spec: "RunSpec", quiet: bool) -> "list[Finding]":
    from tuneful.checks.registry import run_checks

    return run_checks([spec], _catalogue(spec, quiet))


def _check_sweep(sweep: "Sweep", quiet: bool) -> "list[Finding]":
    from tuneful.checks.sweeps import check_sweep, without_impossible_splits

    catalogue = _catalogue(sweep.spec_for({}), quiet)
    sweep, left_out = without_impossible_splits(sweep, catalogue)
    for line in () if quiet else left_out:
        say(f"Warning: {line}")
    return check_sweep(sweep, catalogue)


def _catalogue(spec: "RunSpec", quiet: bool) -> "Catalogue":
    from trainers.data.prepare import open_catalogue

    if quiet:
        return open_catalogue(spec.data.name)
    with preparation() as report:
        return open_catalogue(spec.data.name, report)
