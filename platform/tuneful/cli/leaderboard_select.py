"""`platform leaderboard select`: which score to follow in one competition, judged honestly."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, say

if TYPE_CHECKING:
    from analysis.leaderboard.evidence import Evidence

WIDTH = 80
"""Most columns of the answer."""


def select(
    competition: Annotated[str, typer.Argument(help="What was submitted to, as in platform leaderboard add.")],
    target_labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labelled target windows: a table of clip_id, start_s, labels (a;b)."),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Judge by the private score.")] = False,
    public_noise: Annotated[
        str | None, typer.Option(metavar="SD_OR_RANGE", help="Noise of a leaderboard score: sd=0.002, range=0.005.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of permutations and resamples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every number, for other programs.")] = False,
    folder: Results = DEFAULT_RESULTS,
) -> None:
    """Compare every score, rule and composite with the leaderboard, and say what the best of them is worth."""
    from analysis.correlation import parse_noise
    from analysis.selection.decision import Asked, decide

    noise = parse_noise(public_noise, "--public-noise") if public_noise else None
    asked = Asked("private" if private else "public", noise, target_labels, seed)
    found = decide(_evidence(folder, competition), asked)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
        return
    from tuneful.leaderboard.selection_text import selection_text

    width = min(console.width, WIDTH)
    for part in selection_text(found, width):
        say(part) if isinstance(part, str) else console.print(part, width=width)


def _evidence(folder: Path, competition: str) -> "Evidence":
    from analysis.leaderboard.collect import collect_evidence
    from analysis.records.submissions import competitions
    from trainers.config.paths import nearest
    from trainers.errors import SpecError

    names = competitions(folder)
    if competition not in names:
        known = nearest(competition, names) if names else f"There are none in {folder}."
        raise SpecError(f"nothing was submitted to {competition!r}. {known} Try: platform leaderboard add")
    return collect_evidence(folder, competition)
