"""`platform stop`: end a sweep or one of its trials, from any shell that sees the results."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from analysis.records.states import state_word
from analysis.records.sweep import SweepFolder
from trainers.errors import SpecError
from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, existing_sweep

POLL_S = 0.3
SAY_AFTER_S = 10.0


def stop(
    target: Annotated[str, typer.Argument(metavar="SWEEP[:TRIAL]", help="A sweep, or a trial of it: loss, loss:7.")],
    wait: Annotated[bool, typer.Option(help="Wait until it has stopped.")] = True,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Stop a running sweep as Ctrl-C does, or one trial, after the epochs under way."""
    from tuneful.live.logs import trial_named

    name, _, which = target.partition(":")
    folder = existing_sweep(results, name)
    if which:
        _stop_trial(folder, trial_named(folder, which).name, wait)
    else:
        _stop_sweep(folder, wait)


def _stop_sweep(folder: SweepFolder, wait: bool) -> None:
    from tuneful.live.records import RecordsView
    from tuneful.live.table import headline
    from tuneful.sweep.lock import holder
    from tuneful.sweep.requests import ask_stop

    who = holder(folder.path)
    if who is None:
        raise SpecError(f"nobody works on {folder.name}: it is {RecordsView(folder).left()}. Try: platform status")
    asked = ask_stop(folder.path, None)
    _say(f"Asked {who} to stop {folder.name} after the epochs under way.")
    if not wait:
        return
    _wait(asked, lambda: holder(folder.path) is None, "epochs under way")
    asked.unlink(missing_ok=True)
    records = RecordsView(folder)
    _say(headline(records.look()))
    if records.left() == "stopped":
        _say(f"To go on: {folder.command}")


def _stop_trial(folder: SweepFolder, trial: str, wait: bool) -> None:
    from tuneful.live.logs import TrialLog, trial_named
    from tuneful.sweep.lock import holder
    from tuneful.sweep.requests import BY_HAND, ask_stop

    log = TrialLog(folder, trial_named(folder, trial))
    if end := log.end:
        how = state_word(end.state)
        raise SpecError(f"{trial} of {folder.name} has ended already: {how}. Try: platform status {folder.name}")
    who = holder(folder.path)
    if who is None:
        raise SpecError(f"{trial} of {folder.name} doesn't run: nobody works on the sweep. Try: platform status")
    asked = ask_stop(folder.path, trial)
    _say(f"Asked {who} to stop {trial} of {folder.name} after its epoch under way.")
    if not wait:
        return
    _wait(asked, lambda: log.end is not None or holder(folder.path) is None, "epoch under way")
    asked.unlink(missing_ok=True)
    end = log.end
    if end is None:
        _say(f"The sweep ended before {trial} did; the trial goes on with the sweep: {folder.command}")
    elif end.error == BY_HAND:
        _say(f"{trial} has stopped after {len(end.scores)} epochs; the sweep goes on.")
    else:
        _say(f"{trial} ended by itself first: {state_word(end.state)} after {len(end.scores)} epochs.")


def _wait(asked: Path, done: Callable[[], bool], what: str) -> None:
    """Until it is done. Ctrl-C ends the waiting only: what was asked for stays asked."""
    said = time.monotonic() + SAY_AFTER_S
    try:
        while not done():
            time.sleep(POLL_S)
            if said and time.monotonic() > said:
                said = 0.0
                _say(f"Waiting for the {what}; Ctrl-C ends the waiting, not the request.")
    except KeyboardInterrupt:
        _say("It stops all the same." if not asked.exists() else "The request stays; it will stop.")
        raise typer.Exit(130) from None


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
