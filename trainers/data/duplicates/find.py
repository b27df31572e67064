"""The search for near-duplicates in a catalogue: landmarks, candidates, verification, groups."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trainers.data.catalogue import Catalogue
from trainers.data.duplicates import worker
from trainers.data.duplicates.candidates import FEWEST, Candidates, candidates
from trainers.data.duplicates.landmarks import RATE_HZ, Landmarks
from trainers.data.duplicates.verify import SHORTEST_S
from trainers.data.prepare import Report, prepare_store, recordings
from trainers.data.store import Store

ALIKE = 0.75
"""Agreement from which on two recordings are copies; `benchmarks/near_duplicates.py` measures both sides of it."""
COMPARED = 5
"""Candidates of a recording that are compared, those with the most common landmarks: bounds the work."""
CLEAR = 12
"""Common landmarks from which on a pair is compared in any case."""
DOUBTFUL = 10_000
"""Other pairs that are compared at most, or one per recording: chance gives more as the square of the recordings."""
BATCH = 32
"""Recordings or pairs a worker takes at once."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    groups: pd.Series
    """content hash -> name of the group; recordings that are a copy of no other aren't there"""
    agreements: pd.DataFrame
    """one, other (content hashes) and agreement of each pair that was compared"""
    recordings: int
    too_short: tuple[str, ...]
    """content hashes of recordings shorter than `SHORTEST_S`, which can't be judged"""
    too_plain: tuple[str, ...]
    """content hashes of recordings with too few landmarks: silence, a single steady tone"""


def find_duplicates(catalogue: Catalogue, report: Report | None = None) -> Found:
    """Search a catalogue's recordings for copies of one sound, whatever their names and metadata say.

    Re-encoded, trimmed, shifted, louder, softer and slightly noisier copies are found, also such that share only a
    part; another take of the same song or note is no copy. Copies of copies are one group.

    Args:
        catalogue: its recordings are decoded where they aren't.
        report: called with (what is being done, done, in all).

    Raises:
        DataError: recordings that can't be decoded.
    """
    contents = sorted(set(catalogue.clips["content"]))
    rate = _prepared_rate(catalogue, report)
    tell = report or _silent
    with _pool(rate, contents) as pool:
        marks = _landmarks(pool, len(contents), lambda done: tell("landmarks", done, len(contents)))
        pairs = _beyond_chance(_most_promising(candidates(marks)), len(contents))
        agreements = _agreements(pool, pairs, lambda done: tell("comparing", done, len(pairs.first)))
    names = np.array(contents, object)
    compared = pd.DataFrame({"one": names[pairs.first], "other": names[pairs.second], "agreement": agreements})
    alike = agreements >= ALIKE
    return Found(
        _groups(names, pairs.first[alike], pairs.second[alike]),
        compared,
        len(contents),
        tuple(names[[one.duration_s < SHORTEST_S for one in marks]]),
        tuple(names[[one.duration_s >= SHORTEST_S and one.found < FEWEST for one in marks]]),
    )


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


def _prepared_rate(catalogue: Catalogue, report: Report | None) -> int:
    """The lowest rate from `RATE_HZ` on (Hz) at which all recordings are in the store; else they are decoded."""
    folder = Store(RATE_HZ).folder.parent
    rates = sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal() and int(path.name) >= RATE_HZ)
    for rate in rates:
        if not Store(rate).missing(recordings(catalogue)):
            return rate
    prepare_store(catalogue, RATE_HZ, report)
    return RATE_HZ


def _pool(rate: int, contents: Sequence[str]) -> ProcessPoolExecutor:
    context = get_context("spawn")  # as the store's: a fork of a process with threads can hang
    return ProcessPoolExecutor(os.cpu_count(), context, worker.open_store, (rate, contents))


def _landmarks(pool: ProcessPoolExecutor, count: int, tell: Callable[[int], None]) -> list[Landmarks]:
    batches = [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)]
    return [one for part in _in_order(pool, worker.landmarks_of, batches, tell) for one in part]


def _agreements(pool: ProcessPoolExecutor, pairs: Candidates, tell: Callable[[int], None]) -> np.ndarray:
    rows = list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.offset.tolist(), strict=True))
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return np.array([one for part in _in_order(pool, worker.agreements_of, batches, tell) for one in part], float)


def _in_order(
    pool: ProcessPoolExecutor, work: Callable[[Any], list[Any]], batches: Sequence[Any], tell: Callable[[int], None]
) -> Iterator[list[Any]]:
    jobs = [pool.submit(work, batch) for batch in batches]
    done = 0
    try:
        for job in as_completed(jobs):
            done += len(job.result())
            tell(done)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return (job.result() for job in jobs)


def _most_promising(pairs: Candidates) -> Candidates:
    """The pairs that are among the `COMPARED` best of either recording."""
    both = pd.DataFrame(
        {
            "recording": np.concatenate([pairs.first, pairs.second]),
            "pair": np.tile(np.arange(len(pairs.first)), 2),
            "votes": np.tile(pairs.votes, 2),
        }
    )
    best = both.sort_values("votes", ascending=False, kind="stable").groupby("recording").head(COMPARED)
    kept = np.unique(best["pair"].to_numpy(np.int64))
    return _rows(pairs, kept)


def _beyond_chance(pairs: Candidates, recordings: int) -> Candidates:
    """The clear pairs and, of the doubtful ones, those with at least so many votes that not too many remain."""
    doubtful = np.bincount(pairs.votes[pairs.votes < CLEAR], minlength=CLEAR + 1)
    with_more = doubtful[::-1].cumsum()[::-1]
    fewest = int(np.argmax(with_more <= max(DOUBTFUL, recordings)))
    return _rows(pairs, np.flatnonzero(pairs.votes >= fewest))


def _rows(pairs: Candidates, rows: np.ndarray) -> Candidates:
    return Candidates(pairs.first[rows], pairs.second[rows], pairs.votes[rows], pairs.offset[rows])


def _groups(names: np.ndarray, first: np.ndarray, second: np.ndarray) -> pd.Series:
    """Group by content hash; a group is called after the first hash in it: the same copies get the same name again."""
    edges = coo_matrix((np.ones(len(first)), (first, second)), (len(names), len(names)))
    component = connected_components(edges, directed=False)[1]
    joined = np.unique(np.concatenate([first, second]))
    members = pd.Series(names[joined], index=names[joined], dtype=object)
    return members.groupby(component[joined]).transform("min").str[:12]
