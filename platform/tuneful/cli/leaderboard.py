"""`platform leaderboard`: what was submitted, and which validation score the leaderboard agrees with."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.leaderboard_effects import effects
from tuneful.cli.leaderboard_ledger import add, import_file, score, show_list, submit
from tuneful.cli.leaderboard_select import select
from tuneful.cli.leaderboard_suggest import suggest
from tuneful.cli.shared import console

if TYPE_CHECKING:
    from analysis.correlation import Analysis

WIDTH = 80
"""Most columns of a line of prose."""

leaderboard = typer.Typer(help="Submissions and their scores: which validation score can be trusted.")


@leaderboard.callback()
def about() -> None:
    """Submissions and their scores: which validation score can be trusted."""


@leaderboard.command()
def analyse(
    table: Annotated[str, typer.Argument(help="A CSV file, a row per submission; or the example birdclef2025_detkov.")],
    cv: Annotated[list[str], typer.Option(metavar="COLUMN", help="A validation score; again for each one tried.")],
    public: Annotated[str, typer.Option(metavar="COLUMN", help="The public leaderboard score.")],
    name: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What a submission is called.")] = None,
    private: Annotated[str | None, typer.Option(metavar="COLUMN", help="The private leaderboard score.")] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="How the validation score was made; each is judged alone.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A setting to look within and between; again for more.")
    ] = None,
    cv_noise: Annotated[
        str | None,
        typer.Option(metavar="SD_OR_RANGE", help="Noise of --cv: sd=0.004, range=0.0105, 0.0105 range of 4."),
    ] = None,
    public_noise: Annotated[
        str | None, typer.Option(metavar="SD_OR_RANGE", help="Noise of a leaderboard score: its finite test.")
    ] = None,
    lower_is_better: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A loss; again for more.")] = None,
    higher_is_better: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A score whose name doesn't say so; again for more.")
    ] = None,
    repeats: Annotated[
        bool, typer.Option("--average-repeats", help="Rows with one id are repeats: take their mean, spread is noise.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of permutations and resamples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every number, for other programs.")] = False,
) -> None:
    """Say which validation score predicts the leaderboard, how sure that is, and what to do next."""
    from analysis.correlation import Columns, Directions, Options, analyse_file, parse_noise

    columns = Columns(tuple(cv), public, name, private, protocol, tuple(by or ()))
    directions = Directions(tuple(lower_is_better or ()), tuple(higher_is_better or ()))
    noise = {column: parse_noise(cv_noise, "--cv-noise") for column in cv if cv_noise}
    noise |= {column: parse_noise(public_noise, "--public-noise") for column in columns.boards.values() if public_noise}
    found = analyse_file(_path(table), columns, Options(noise=noise, seed=seed), directions, repeats)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
    else:
        _show(found)


def _path(table: str) -> Path:
    from analysis.examples import example

    path = Path(table)
    return path if path.exists() else example(table) or path


def _show(found: "Analysis") -> None:
    from tuneful.leaderboard.analysis_text import lines

    for line in lines(found, min(console.width, WIDTH)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


leaderboard.command()(add)
leaderboard.command()(score)
leaderboard.command("list")(show_list)
leaderboard.command("import")(import_file)
leaderboard.command()(submit)
leaderboard.command()(effects)
leaderboard.command()(select)
leaderboard.command()(suggest)
