"""Options that the commands about a leaderboard share."""

from typing import Annotated

import typer

By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="COLUMN", help="A setting to look within and between; again for more."),
]
CvNoise = Annotated[
    str | None,
    typer.Option("--cv-noise", metavar="SD_OR_RANGE", help="Noise of --cv: sd=0.004, range=0.0105, 0.0105 range of 4."),
]
PublicNoise = Annotated[
    str | None,
    typer.Option("--public-noise", metavar="SD_OR_RANGE", help="Noise of a leaderboard score: its finite test."),
]
PublicRows = Annotated[
    int | None,
    typer.Option("--public-rows", min=1, metavar="N", help="The page: size of the public test, for a private outlook."),
]
PrivateRows = Annotated[
    int | None, typer.Option("--private-rows", min=1, metavar="N", help="The page: size of the private test.")
]
