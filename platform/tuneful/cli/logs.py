"""`platform logs`: what a sweep said, what a trial printed, and where it failed."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.records.states import state_word
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder
from trainers.errors import SpecError
from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say

if TYPE_CHECKING:
    from tuneful.live.logs import TrialLog

POLL_S = 0.5


def logs(
    target: Annotated[str, typer.Argument(metavar="SWEEP[:TRIAL]", help="A sweep, or a trial of it: loss, loss:7.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the sweep or the trial ends.")] = False,
    ray: Annotated[bool, typer.Option("--ray", help="What Ray said of itself, in place of the sweep's log.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Show a sweep's log, or what one trial printed with the traceback of its failure."""
    from tuneful.live.logs import TrialLog, trial_named

    name, _, which = target.partition(":")
    folder = existing_sweep(results, name)
    if which and ray:
        raise SpecError(f"--ray is of the whole sweep. Try: platform logs {name} --ray")
    if follow and as_json:
        raise SpecError("--json is of what is there now. Try: it without --follow")
    if which:
        _trial(TrialLog(folder, trial_named(folder, which)), follow, as_json)
    else:
        _sweep(folder, "ray.log" if ray else "sweep.log", follow, as_json)


def _sweep(folder: SweepFolder, file: str, follow: bool, as_json: bool) -> None:
    from tuneful.live.logs import TrialLog
    from tuneful.sweep.lock import holder

    path = folder.path / file
    failed = [
        plan for stage in (SEARCH, CONFIRM) for plan, end in folder.trials(stage) if end and end.state == "failed"
    ]
    if as_json:
        text = path.read_text(errors="replace") if path.exists() else None
        print(json.dumps({file: text, "failed": [TrialLog(folder, plan).record() for plan in failed]}, indent=1))
        return
    if not path.exists() and not follow:
        say(f"There is no {path}: the sweep has said nothing, or ran before its log was kept.")
    for text in _texts([path], (lambda: holder(folder.path) is not None) if follow else None):
        _put(text)
    if failed and not follow:
        say(f"{len(failed)} trials have failed. Try: platform logs {folder.name}:{failed[0].name}")


def _trial(log: "TrialLog", follow: bool, as_json: bool) -> None:
    from tuneful.sweep.lock import holder

    if as_json:
        print(json.dumps(log.record(), indent=1))
        return

    def running() -> bool:
        return log.end is None and holder(log.folder.path) is not None

    if follow:
        first = log.folder.path / "trials" / f"{log.plan.name}.log"
        for text in _texts([first], running):
            _put(text)
    else:
        for path in log.outputs:
            if len(log.outputs) > 1:
                say(f"==== {path.name}")
            _put(path.read_text(errors="replace"))
        if not log.outputs:
            say(f"{log.plan.name} of {log.folder.name} has printed nothing that was kept.")
    if end := log.end:
        why = f": {end.error}" if end.error else ""
        say(f"{log.plan.name} {state_word(end.state)} after {len(end.scores)} epochs{why}")
    _put(log.traceback or "")


def _texts(paths: list[Path], going_on: Callable[[], bool] | None) -> Iterator[str]:
    """What is in files, and what comes to be in them as long as `going_on` says so."""
    read = dict.fromkeys(paths, 0)
    last = False
    while True:
        for path in paths:
            if path.exists():
                # A log that was shortened meanwhile: only what is new at its end.
                read[path] = min(read[path], path.stat().st_size)
                with path.open("rb") as file:
                    file.seek(read[path])
                    content = file.read()
                read[path] += len(content)
                yield content.decode(errors="replace")
        if going_on is None or last:
            return
        last = not going_on()
        time.sleep(0 if last else POLL_S)


def _put(text: str) -> None:
    say(text, end="")
