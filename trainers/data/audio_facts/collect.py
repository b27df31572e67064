"""The recordings of a catalogue measured: on all cores, what is known already left out, a sample of large ones."""

import os
import queue
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from trainers.data.audio_facts.kept import keep, kept
from trainers.data.audio_facts.measure import measure
from trainers.data.catalogue import Catalogue
from trainers.data.prepare import Report, recordings
from trainers.data.sandbox import Sandbox, SandboxError
from trainers.errors import DataError

DEFAULT_SAMPLE = 1000
KEPT_AT_ONCE = 200
"""Measurements that a kill -9 costs at most; Ctrl-C costs none that are finished."""
MEMORY_BYTES = 1024 * 2**20
"""For two minutes of many channels at a high rate; see `sandbox`."""

Measured = tuple[str, dict[str, Any] | str]
"""(content hash, measurements or why there are none)"""


def audio_facts(catalogue: Catalogue, sample: int = DEFAULT_SAMPLE, report: Report | None = None) -> pd.DataFrame:
    """Measure the recordings of a catalogue, or a sample of them; measurements are kept in `$TUNEFUL_HOME`.

    Args:
        catalogue: whose recordings.
        sample: how many recordings at most. They are drawn by the hash of their content: at random, but the same every
            time, and a larger sample holds the smaller one.
        report: called with (what is being done, done, in all).

    Returns:
        A row per recording: ``content``, what `measure` returns, and ``reason``, why it couldn't be measured (None
        otherwise). A recording that couldn't be is tried again the next time.

    Raises:
        RecordsError: the measurements can't be written.
    """
    chosen = dict(sorted(recordings(catalogue))[:sample])
    known = kept()
    known = known[known["content"].isin(chosen)]
    missing = [(content, chosen[content]) for content in sorted(set(chosen) - set(known["content"]))]
    rows, reasons = _measure_and_keep(missing, catalogue.name, report)
    new = pd.DataFrame(rows + reasons, columns=[*known.columns, "reason"])
    known = known.assign(reason=None)
    return pd.concat([each for each in (known, new) if len(each)] or [new], ignore_index=True)


def _measure_and_keep(
    files: list[tuple[str, Path]], name: str, report: Report | None
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The measurements, and the reasons where there are none."""
    rows: list[dict[str, Any]] = []
    reasons: list[dict[str, str]] = []
    n_kept = 0
    try:
        with closing(_all_measured(files)) as results:
            for done, (content, outcome) in enumerate(results, start=1):
                if isinstance(outcome, str):
                    reasons.append({"content": content, "reason": outcome})
                else:
                    rows.append({"content": content, **outcome})
                if len(rows) - n_kept == KEPT_AT_ONCE:
                    keep(rows[n_kept:])
                    n_kept = len(rows)
                if report is not None:
                    report(f"measuring {name}", done, len(files))
    finally:  # also after Ctrl-C
        keep(rows[n_kept:])
    return rows, reasons


def _all_measured(files: list[tuple[str, Path]]) -> Generator[Measured, None, None]:
    """In any order. Closing the iterator ends the workers at once."""
    workers = min(os.cpu_count() or 1, len(files))
    sandboxes = [Sandbox(MEMORY_BYTES) for _ in range(workers)]
    idle: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    for sandbox in sandboxes:
        idle.put(sandbox)

    def work(content: str, path: Path) -> Measured:
        sandbox = idle.get()
        try:
            return content, _measured_in(sandbox, path)
        finally:
            idle.put(sandbox)

    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="measuring") as pool:
        jobs = [pool.submit(work, *each) for each in files]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for sandbox in sandboxes:
                sandbox.stop()


def _measured_in(sandbox: Sandbox, path: Path) -> dict[str, Any] | str:
    try:
        return sandbox.call(measure, path)
    except DataError as error:
        return str(error)
    except MemoryError:
        return f"{path}: measuring it needs more memory than there is"
    except SandboxError as error:
        return f"{path}: the process that measured it {error}"
