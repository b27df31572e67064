"""`platform stop`: end a sweep or one of its trials, from any shell that sees the results."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.records.states import state_word
from analysis.records.sweep import SweepFolder
from trainers.errors import SpecError
from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say

if TYPE_CHECKING:
    from tuneful.live.logs import TrialLog

POLL_S = 0.3
SAY_AFTER_S = 10.0


@dataclass(frozen=True)
class Target:
    """What is to stop: a sweep or one of its trials."""

    name: str
    trial: str | None
    """None: the whole sweep"""
    under_way: str
    """what still runs to its end"""
    idle: str
    """what is said where nobody works on the sweep"""
    ended: Callable[[], bool]
    """whether it has stopped while the sweep goes on"""
    closing_lines: Callable[[], list[str]]
    """what has become of it"""


def stop(
    target: Annotated[str, typer.Argument(metavar="SWEEP[:TRIAL]", help="A sweep, or a trial of it: loss, loss:7.")],
    wait: Annotated[bool, typer.Option(help="Wait until it has stopped.")] = True,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Stop a running sweep as Ctrl-C does, or one trial, after the epochs under way."""
    from tuneful.sweep.lock import holder
    from tuneful.sweep.requests import ask_stop

    name, _, which = target.partition(":")
    folder = existing_sweep(results, name)
    what = _trial(folder, which) if which else _sweep(folder)
    who = holder(folder.path)
    if who is None:
        raise SpecError(what.idle)
    asked = ask_stop(folder.path, what.trial)
    say(f"Asked {who} to stop {what.name} after {what.under_way}.")
    if wait:
        _wait(asked, lambda: what.ended() or holder(folder.path) is None, what.under_way)
        asked.unlink(missing_ok=True)
        for line in what.closing_lines():
            say(line)


def _sweep(folder: SweepFolder) -> Target:
    from tuneful.live.status import closing_lines
    from tuneful.sweep.remaining import rest_of

    idle = f"nobody works on {folder.name}: it is {rest_of(folder)}. Try: platform status"
    return Target(folder.name, None, "the epochs under way", idle, lambda: False, lambda: closing_lines(folder))


def _trial(folder: SweepFolder, which: str) -> Target:
    """A trial that hasn't ended."""
    from tuneful.live.logs import TrialLog, trial_named

    log = TrialLog(folder, trial_named(folder, which))
    name = f"{log.plan.name} of {folder.name}"
    if end := log.end:
        raise SpecError(f"{name} has ended already: {state_word(end.state)}. Try: platform status {folder.name}")
    idle = f"{name} doesn't run: nobody works on the sweep. Try: platform status"
    return Target(
        name, log.plan.name, "its epoch under way", idle, lambda: log.end is not None, lambda: [_how_it_ended(log)]
    )


def _how_it_ended(log: "TrialLog") -> str:
    from tuneful.sweep.requests import BY_HAND

    trial, end = log.plan.name, log.end
    if end is None:
        return f"The sweep ended before {trial} did; the trial goes on with the sweep: {log.folder.command}"
    if end.error == BY_HAND:
        return f"{trial} has stopped after {len(end.scores)} epochs; the sweep goes on."
    return f"{trial} ended by itself first: {state_word(end.state)} after {len(end.scores)} epochs."


def _wait(asked: Path, done: Callable[[], bool], what: str) -> None:
    """Until it is done. Ctrl-C ends the waiting only: what was asked for stays asked."""
    said = time.monotonic() + SAY_AFTER_S
    try:
        while not done():
            time.sleep(POLL_S)
            if said and time.monotonic() > said:
                said = 0.0
                say(f"Waiting for {what}; Ctrl-C ends the waiting, not the request.")
    except KeyboardInterrupt:
        say("It stops all the same." if not asked.exists() else "The request stays; it will stop.")
        raise typer.Exit(130) from None
