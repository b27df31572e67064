"""`platform leaderboard suggest`: which candidate to submit next."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.shared import console, say

WIDTH = 80
"""Most columns of a line of prose."""


def suggest(
    table: Annotated[str, typer.Argument(help="A CSV file: submissions, and candidates with an empty --public cell.")],
    public: Annotated[str, typer.Option(metavar="COLUMN", help="The leaderboard score.")],
    cv: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A score at home to learn from; again for more.")
    ] = None,
    name: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What a submission is called.")] = None,
    settings: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Columns that say how it was made, to learn from.")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-k", help="Submissions left today.")] = 1,
    teach: Annotated[float, typer.Option(help="Weight of learning, 0 to 1; the rest is gain.")] = 0.5,
    noise: Annotated[
        str | None, typer.Option("--public-noise", "--noise", metavar="SD_OR_RANGE", help="Noise of --public.")
    ] = None,
    lower_is_better: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A loss; again for more.")] = None,
    higher_is_better: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A score whose name doesn't say so; again for more.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every number, for other programs.")] = False,
) -> None:
    """Say which candidates would gain most on the leaderboard, or teach most about the others, and why."""
    from analysis.correlation import Columns, Directions, parse_noise, read_table
    from analysis.leaderboard.next_question import Question
    from analysis.leaderboard.plain_json import plain_json
    from analysis.leaderboard.suggest import suggest as choose

    named = tuple(part.strip() for part in (settings or "").split(",") if part.strip())
    columns = Columns(tuple(cv or ()), public, name, by=named)
    rows = read_table(Path(table), columns)
    lower = Directions(tuple(lower_is_better or ()), tuple(higher_is_better or ())).lower_is_better(columns.scores)
    sd = parse_noise(noise, "--public-noise").sd if noise else None
    found = choose(rows, Question(public, columns.cv, named, lower, sd, teach), count)
    if as_json:
        print(json.dumps({"schema": 1, "leaderboard": public, "suggestions": plain_json(found)}, indent=1))
        return
    from tuneful.leaderboard.suggestion_text import suggestion_lines

    for line in suggestion_lines(found, public, min(console.width, WIDTH)):
        say(line)
