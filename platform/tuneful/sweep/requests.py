"""`platform stop` asks the process that works on a sweep by a file in the sweep's folder: from any shell and any host.

    <sweep>/requests/stop.json                 the whole sweep, as Ctrl-C does
    <sweep>/requests/stop-search-0007.json     one trial

The file of a sweep is taken by a thread of the lock's owner, that of a trial when the trial reports its next epoch.
Requests of earlier days are removed when a process takes the lock.
"""

import contextlib
import getpass
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from analysis.records.files import write_atomically
from analysis.records.sweep import SweepFolder
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.sweep_log import SweepLog

POLL_S = 1.0
BY_HAND = "stopped by hand"


def ask_stop(folder: Path, trial: str | None) -> Path:
    """Ask for the end of a sweep, or of one of its trials; returns the file that is gone once somebody has taken it.

    Raises:
        RecordsError: the folder can't be written.
    """
    path = _file(folder, trial)
    asked = {"by": f"{_user()}@{socket.gethostname()}, process {os.getpid()}", "at": time.time()}
    write_atomically(path, json.dumps(asked).encode())
    return path


@contextlib.contextmanager
def hearing(folder: Path, beat: Callable[[], str | None], every_s: float) -> Iterator[None]:
    """Listen for requests for the time of the context, as the one who holds the lock.

    Args:
        folder: of the sweep.
        beat: called every `every_s` seconds as long as this process lives; says why it must stop, or None; may raise
            OSError.
        every_s: as said.
    """
    _clear(folder)
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(folder, beat, every_s, over), daemon=True, name="requests")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _clear(folder)


class ByHand:
    """Whether somebody asked for the end of a running trial. Asked after each of its epochs."""

    def __init__(self, folder: SweepFolder, recorder: Recorder) -> None:
        self._folder, self._recorder = folder, recorder

    def __call__(self, trial_id: str) -> bool:
        """Take the request for a trial of Tune's, if there is one."""
        plan = self._recorder.running.get(trial_id)
        if plan is None or not _file(self._folder.path, plan.name).exists():
            return False
        _file(self._folder.path, plan.name).unlink(missing_ok=True)
        self._recorder.reasons[trial_id] = BY_HAND
        return True


def _listen(folder: Path, beat: Callable[[], str | None], every_s: float, over: threading.Event) -> None:
    """Interrupt this process as Ctrl-C would when it is asked to stop, or has to."""
    beaten, must = 0.0, None
    while not over.wait(POLL_S):
        with contextlib.suppress(OSError):  # a disk that is away for a moment must not end the sweep
            if time.monotonic() - beaten > every_s:
                beaten = time.monotonic()
                must = beat()
            if _interruptible() and (why := must or _take_stop(folder)):
                SweepLog(folder).line(why)
                os.kill(os.getpid(), signal.SIGINT)
                if must:
                    return


def _interruptible() -> bool:
    """Whether somebody listens to SIGINT; in a script's background nobody does until the search begins."""
    return signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None)


def _take_stop(folder: Path) -> str | None:
    """Who wants the end of the sweep, in words; the request is gone then."""
    path = _file(folder, None)
    if not path.exists():
        return None
    asked = path.read_text()
    path.unlink(missing_ok=True)
    return f"asked to stop by {_who(asked)}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


def _who(text: str) -> str:
    try:
        return str(json.loads(text)["by"])
    except (ValueError, KeyError, TypeError):
        return "somebody"


def _file(folder: Path, trial: str | None) -> Path:
    return folder / "requests" / (f"stop-{trial}.json" if trial else "stop.json")


def _clear(folder: Path) -> None:
    for path in (folder / "requests").glob("*"):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        (folder / "requests").rmdir()
