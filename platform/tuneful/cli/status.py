"""`platform status`: what runs, from any shell."""

import json
from typing import Annotated

import typer

from analysis.records.sweep import SweepFolder, sweep_names
from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say


def status(
    sweep: Annotated[str | None, typer.Argument(help="A sweep's name; without it, all sweeps.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, a list of sweeps, for other programs.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say how far sweeps are, what is best so far, and which process works on them."""
    from tuneful.live.status import standing

    names = [sweep] if sweep else sweep_names(results)
    folders = [existing_sweep(results, name) for name in names]
    if as_json:
        print(json.dumps([standing(folder).record() for folder in folders], indent=1))
        return
    if not names:
        say(f"No sweeps in {results}. Try: platform sweep loss")
    for folder in folders:
        first, *others = standing(folder).lines()
        for line in [first, *(f"  {line}" for line in _check_lines(folder)), *others]:
            say(line, fold=True)


def _check_lines(folder: SweepFolder) -> list[str]:
    """What the preflight checks found: mistakes that were consented to, then how many warnings."""
    found = folder.checks()
    allowed = dict.fromkeys((finding.code, finding.title) for finding in found if finding.allowed)
    warnings = list(dict.fromkeys(finding.code for finding in found if not finding.allowed))
    lines = [f"ALLOWED ERROR {code}: {title}" for code, title in allowed]
    return lines + ([f"warnings of the checks: {', '.join(warnings)}"] if warnings else [])
