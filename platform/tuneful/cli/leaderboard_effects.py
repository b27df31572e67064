"""`platform leaderboard effects`: what each setting did to validation and to the leaderboard."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.shared import console, say

WIDTH = 80
"""Most columns of a line of prose."""


def effects(
    table: Annotated[str, typer.Argument(help="A CSV file, a row per submission; or the example birdclef2025_losses.")],
    public: Annotated[str, typer.Option(metavar="COLUMN", help="The leaderboard score.")],
    cv: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A validation score; again for more; may be none.")
    ] = None,
    name: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What a submission is called.")] = None,
    settings: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Columns that say how it was made; without, all that repeat a value."),
    ] = None,
    trend: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="A number to follow that is no setting, as no value repeats; again for more."
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--public-noise", "--noise", metavar="SD_OR_RANGE", help="Noise of --public: sd=0.004, 0.026 range of 6."
        ),
    ] = None,
    cv_noise: Annotated[str | None, typer.Option(metavar="SD_OR_RANGE", help="Noise of --cv.")] = None,
    lower_is_better: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A loss; again for more.")] = None,
    higher_is_better: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A score whose name doesn't say so; again for more.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every pair, for other programs.")] = False,
) -> None:
    """Compare submissions that differ in one setting only, and name settings that were only changed together.

    Settings that are numbers, three different ones or more, are also followed as a whole: the slope of each score.

    Submissions alike in all settings (leave a seed out of --settings) are repeats: their spread is the noise.
    """
    from analysis.correlation import Columns, Directions, parse_noise
    from analysis.examples import example
    from analysis.leaderboard.effect_words import effects_json
    from analysis.leaderboard.effects_file import effects_of_file

    path = Path(table)
    path = path if path.exists() else example(table) or path
    columns = Columns(tuple(cv or ()), public, name)
    known = {column: parse_noise(cv_noise, "--cv-noise") for column in columns.cv if cv_noise}
    known |= {public: parse_noise(noise, "--public-noise")} if noise else {}
    named = tuple(part.strip() for part in (settings or "").split(",") if part.strip())
    directions = Directions(tuple(lower_is_better or ()), tuple(higher_is_better or ()))
    found = effects_of_file(path, columns, named, known, directions, tuple(trend or ()))
    if as_json:
        print(json.dumps(effects_json(found), indent=1))
        return
    from tuneful.leaderboard.effects_text import effect_lines

    for line in effect_lines(found, min(console.width, WIDTH)):
        say(line)
