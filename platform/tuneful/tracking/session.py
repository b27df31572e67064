"""A sweep with its mirror: started before the first trial, given the tables and closed after the last."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from analysis.records.sweep import SweepFolder
from analysis.records.tables import collect
from tuneful.space.definition import WandbSpec
from tuneful.tracking.later import waiting
from tuneful.tracking.listener import GRACE_S, WandbListener
from tuneful.tracking.reach import answers, reach, server


@contextmanager
def mirrored(spec: WandbSpec | None, folder: SweepFolder, console: Console) -> Iterator[WandbListener | None]:
    """The listener for a sweep's recorder, or None where nothing is tracked. Says where runs are kept, and how to send.

    At the end of the context the sweep's tables are read, so that they must have been settled by then.
    """
    if spec is None:
        yield None
        return
    found = reach(spec.mode)
    _say(console, f"W&B: project {spec.project}, {found.mode}{f' ({found.why})' if found.why else ''}")
    if found.mode == "disabled":
        yield None
        return
    listener = WandbListener(folder, spec.model_dump(mode="json"), found.mode)
    try:
        yield listener
    finally:
        _conclude(listener, folder, console, sending=found.mode == "online")


def _conclude(listener: WandbListener, folder: SweepFolder, console: Console, sending: bool) -> None:
    if listener.heard:
        listener.tables({"trials": collect(folder, "interrupted").trials})
        hangs = sending and not answers(server())  # by now: what is on its way to it would only be waited for
        if not listener.close(0 if hangs else GRACE_S):
            log = folder.path / "wandb" / "mirror.log"
            _say(console, f"W&B: not everything was written, see {log}. To write it: platform wandb-sync {folder.name}")
    if runs := len(waiting(folder)):
        _say(console, f"W&B: {runs} runs wait for upload. To send them: platform wandb-sync {folder.name}")


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
