"""`platform leaderboard shake-up`: what the private scores will be, and whether the public order will hold."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, say

if TYPE_CHECKING:
    from tuneful.leaderboard.shaking import Scored

WIDTH = 80
"""Most columns of a line."""


def shake_up(
    competition: Annotated[
        str | None, typer.Argument(help="Whose submissions on record are meant, as in platform leaderboard add.")
    ] = None,
    public: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]SCORE", help="A public score, where nothing is on record; again for more."),
    ] = None,
    public_rows: Annotated[
        int | None,
        typer.Option(min=1, metavar="ROWS", help="Of the public test. Default: as the judge has them (chorus)."),
    ] = None,
    private_rows: Annotated[
        int | None, typer.Option(min=1, metavar="ROWS", help="Of the private test; likewise.")
    ] = None,
    public_noise: Annotated[
        str | None,
        typer.Option(
            metavar="SD_OR_RANGE",
            help="Noise of a public score: sd=0.004. Default: of a share of that many independent rows.",
        ),
    ] = None,
    correlation: Annotated[
        float, typer.Option(metavar="0..1", help="Of the errors of two submissions on one test; 0 is most careful.")
    ] = 0.0,
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="The score is a loss.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every number, for other programs.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say where each private score will lie, given the public ones and the size of both tests."""
    from analysis.leaderboard.shake_up import shake_up as outlook
    from tuneful.leaderboard.shake_up_text import shake_up_json, shake_up_lines
    from tuneful.leaderboard.shaking import as_split, known_rows

    scored = _scored(results, competition, public)
    if public_rows is None or private_rows is None:
        known = known_rows(scored.competition)
        public_rows, private_rows = public_rows or known["public"], private_rows or known["private"]
    asked = as_split((public_rows, private_rows), scored, public_noise, correlation)
    found = outlook(scored.names, scored.public, asked.split, lower_is_better)
    if as_json:
        print(json.dumps(shake_up_json(found, scored, asked), indent=1))
        return
    for line in shake_up_lines(found, scored, asked, min(console.width, WIDTH)):
        say(line)


def _scored(results: Path, competition: str | None, texts: list[str] | None) -> "Scored":
    from tuneful.leaderboard.shaking import on_record, typed

    return on_record(results, competition) if texts is None else typed(texts, competition)
