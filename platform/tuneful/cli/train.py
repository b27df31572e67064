"""`platform train`: one run, without Ray, into the same ledger."""

from typing import Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, preparation


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's name or the path of a YAML file.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="path=value, such as loss.name=ce")] = None,
    name: Annotated[str | None, typer.Option(help="Name in the results; default: train-<recipe>.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Train one run. The same command again goes on where it was stopped, or says that it is done."""
    from trainers.config.build import build_spec, load_recipe, parse_overrides
    from tuneful.train import TrainOptions, train_run

    spec = build_spec(load_recipe(recipe), [parse_overrides(overrides or [])])
    with preparation() as report:
        options = TrainOptions(results, name, recipe, device, console, report)
        train_run(spec, options)
