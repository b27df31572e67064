"""`platform check`: look for mistakes before compute is spent."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import console, preparation

if TYPE_CHECKING:
    from trainers.data.catalogue import Catalogue
    from trainers.spec import RunSpec
    from tuneful.checks.subject import Finding
    from tuneful.space.sweep import Sweep


def check(
    file: Annotated[str, typer.Argument(help="A sweep file or a recipe: its name, or the path of a YAML file.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="path=value, such as loss.name=ce")] = None,
    data: Annotated[str | None, typer.Option(help="Catalogue to run on, in place of the recipe's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON, for other programs.")] = False,
) -> None:
    """Run the preflight checks on a sweep file or a recipe. Exit code 2 when one finds an error."""
    from tuneful.checks.registry import CHECKS, refuse_errors

    allowed: tuple[str, ...] = ()  # consent belongs to a sweep file, a recipe has none
    if _is_recipe(file):
        findings = _check_run(_run_of(file, overrides or (), data), as_json)
    else:
        sweep = _sweep_of(file, overrides or (), data)
        findings, allowed = _check_sweep(sweep, as_json), sweep.definition.allow
    if as_json:
        rows = [{**vars(finding), "allowed": finding.code in allowed} for finding in findings]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for finding in findings:
            if finding.severity == "warning" or finding.code in allowed:
                _say(str(finding))
    refuse_errors(findings, allowed)
    if not as_json:
        _say(f"{len(CHECKS)} checks: {len(findings)} findings, none stops a sweep.")


def _is_recipe(file: str) -> bool:
    """Whether a name is a recipe's, or a file has nothing to search."""
    from trainers.config.build import recipe_names
    from trainers.config.yamlfile import load_document

    path = Path(file)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return "search" not in load_document(path).data
    return file in recipe_names()


def _run_of(file: str, overrides: Sequence[str], data: str | None) -> "RunSpec":
    from trainers.config.build import Layer, build_spec, load_recipe, parse_overrides
    from trainers.errors import SpecError

    layer = parse_overrides(overrides)
    if data is not None and "data.name" in layer.values:
        raise SpecError("data.name is set twice on the command line. Try: --data alone")
    return build_spec(load_recipe(file), [Layer({"data.name": data} if data else {}), layer])


def _sweep_of(file: str, overrides: Sequence[str], data: str | None) -> "Sweep":
    from trainers.config.build import recipe_names
    from trainers.errors import SpecError
    from tuneful.space.locate import find_sweep_file
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import load_sweep

    try:
        path = find_sweep_file(file)
    except SpecError as error:
        raise SpecError(f"{error}, or a recipe: {', '.join(recipe_names())}") from None
    return load_sweep(path, SweepOptions(data=data, sets=tuple(overrides)))


def _check_run(spec: "RunSpec", quiet: bool) -> "list[Finding]":
    from tuneful.checks.registry import run_checks

    return run_checks([spec], _catalogue(spec, quiet))


def _check_sweep(sweep: "Sweep", quiet: bool) -> "list[Finding]":
    from tuneful.checks.sweeps import check_sweep, without_impossible_splits

    catalogue = _catalogue(sweep.spec_for({}), quiet)
    sweep, left_out = without_impossible_splits(sweep, catalogue)
    for line in () if quiet else left_out:
        _say(f"Warning: {line}")
    return check_sweep(sweep, catalogue)


def _catalogue(spec: "RunSpec", quiet: bool) -> "Catalogue":
    from trainers.data.prepare import open_catalogue

    if quiet:
        return open_catalogue(spec.data.name)
    with preparation() as report:
        return open_catalogue(spec.data.name, report)


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
