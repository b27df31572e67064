"""`platform status`: what runs, from any shell."""

from typing import Annotated

import typer

from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, sweep_names
from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, existing_sweep


def status(
    sweep: Annotated[str | None, typer.Argument(help="A sweep's name; without it, all sweeps.")] = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say how far sweeps are and which process works on them."""
    names = [sweep] if sweep else sweep_names(results)
    if not names:
        console.print(f"No sweeps in {results}. Try: platform sweep loss", highlight=False)
    for name in names:
        for line in _lines(existing_sweep(results, name)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(folder: SweepFolder) -> list[str]:
    from tuneful.sweep.lock import owner
    from tuneful.sweep.plans import confirm_left
    from tuneful.sweep.progress import settings_text

    pid = owner(folder.path)
    definition = folder.definition() or {}
    planned = definition.get("trials", 1)
    searched, confirmed = folder.trials(SEARCH), folder.trials(CONFIRM)
    ended = sum(end is not None for _, end in searched)
    finished = ended >= planned and confirm_left(folder, definition) <= 0
    who = f"process {pid} works on it" if pid else ("finished" if finished else "stopped")
    lines = [f"{folder.name}: {ended}/{planned} trials, {len(confirmed)} confirm runs, {who}"]
    lines += [f"  {line}" for line in _check_lines(folder)]
    for plan, end in [*searched, *confirmed]:
        if end is None:
            epochs = min((len(folder.ledger(run.key).epochs()) for run in plan.runs), default=0)
            state = "running" if pid else "interrupted"
            lines.append(f"  {plan.name} {state}, {epochs} epochs: {settings_text(plan)}")
    return lines


def _check_lines(folder: SweepFolder) -> list[str]:
    """What the preflight checks found: mistakes that were consented to, then how many warnings."""
    found = folder.checks()
    allowed = dict.fromkeys((finding.code, finding.title) for finding in found if finding.allowed)
    warnings = list(dict.fromkeys(finding.code for finding in found if not finding.allowed))
    lines = [f"ALLOWED ERROR {code}: {title}" for code, title in allowed]
    return lines + ([f"warnings of the checks: {', '.join(warnings)}"] if warnings else [])
