"""Recordings whose sound is not what a network should learn from, each with its reasons."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.eda.parts import Absent, Section, table_of
from analysis.eda.view import DataView
from analysis.report.words import count

TITLE = "Recordings to listen to"
MOST_ROWS = 15


@dataclass(frozen=True)
class Problem:
    """A rule about measurements: who breaks it, how badly (0 and up, comparable within the rule), and in words."""

    name: str
    severity: Callable[[pd.DataFrame], pd.Series]
    """(recordings) -> (recordings,), > 0 where the rule is broken"""
    words: Callable[[pd.Series], str]


def _beyond(values: pd.Series, least: float) -> pd.Series:
    return values.where(values > least, 0.0).fillna(0.0)


def _narrow(audio: pd.DataFrame) -> pd.Series:
    return _beyond(1 - 2 * audio["bandwidth_hz"] / audio["sample_rate"], 0.5).where(audio["bandwidth_hz"] > 0, 0.0)


def _offset(audio: pd.DataFrame) -> pd.Series:
    with np.errstate(divide="ignore"):
        share_db: pd.Series = 20 * np.log10(audio["dc_offset"].abs()) - audio["rms_db"]
    return (share_db + 10).clip(lower=0).where(audio["dc_offset"].abs() > 1e-3, 0.0).fillna(0.0)


PROBLEMS = (
    Problem("silent", lambda a: _beyond(-60 - a["peak_db"], 0), lambda r: f"silent: peak {r['peak_db']:.0f} dBFS"),
    Problem(
        "half silent",
        lambda a: _beyond(a["silent_share"], 0.5).where(a["peak_db"] >= -60, 0.0),
        lambda r: f"{r['silent_share']:.0%} of it is silence",
    ),
    Problem("clipped", lambda a: _beyond(a["clipped_share"], 1e-3), lambda r: f"{r['clipped_share']:.2%} is clipped"),
    Problem("offset", _offset, lambda r: f"offset of {r['dc_offset']:+.3f} of full scale"),
    Problem(
        "narrow",
        _narrow,
        lambda r: f"nothing above {r['bandwidth_hz'] / 1000:.1f} of {r['sample_rate'] / 2000:g} kHz",
    ),
)
"""Silent: no sample above -60 dBFS. Half silent: more than half of the frames. Clipped: more than 1 sample in 1000.
Offset: a tenth of the power or more is at 0 Hz. Narrow: empty above half of what the sampling rate could hold."""


def severities(audio: pd.DataFrame) -> pd.DataFrame:
    """(recordings, problems): how badly each rule is broken, 0 where it isn't."""
    return pd.DataFrame({problem.name: problem.severity(audio).astype(float) for problem in PROBLEMS})


def problem_counts(view: DataView) -> dict[str, int]:
    """Recordings that break each rule."""
    return {str(name): int(n) for name, n in (severities(view.measured) > 0).sum().items()}


def worst(view: DataView) -> pd.DataFrame:
    """The recordings that break a rule with their `reasons`; silent ones first, then by the ranks within the rules."""
    broken = severities(view.measured)
    bad = (broken > 0).any(axis=1)
    audio, broken = view.measured[bad], broken[bad]
    ranks = broken.rank(ascending=False).where(broken > 0)
    order = np.lexsort([ranks.min(axis=1), -(broken > 0).sum(axis=1), broken["silent"] == 0])
    said = [
        "; ".join(problem.words(row) for problem, bad in zip(PROBLEMS, flags, strict=True) if bad)
        for flags, (_, row) in zip((broken > 0).to_numpy(), audio.iterrows(), strict=True)
    ]
    return audio.assign(reasons=said).iloc[order]


def problems_section(view: DataView) -> Section | Absent:
    """The worst recordings, and those that couldn't be measured."""
    unread = view.audio["reason"].dropna().tolist()
    if view.measured.empty and not unread:
        return Absent(TITLE, "no recording was measured")
    found = worst(view)
    rows = [["can't be read", "", reason] for reason in unread[:MOST_ROWS]]
    rows += [[row["path"], f"{row['length_s']:.1f}", row["reasons"]] for _, row in found.head(MOST_ROWS).iterrows()]
    if not rows:
        return Absent(TITLE, f"none of {count(len(view.measured), 'measured recording')} is silent, clipped or narrow")
    counts = ", ".join(f"{name}: {n}" for name, n in problem_counts(view).items() if n)
    shown = f" The first {len(rows)} of {len(found) + len(unread)}." if len(rows) < len(found) + len(unread) else ""
    return Section(
        TITLE,
        "Silent: no sample above −60 dBFS. Half silent: more than half of it. Clipped: more than 1 sample in 1000, in "
        "runs of three at full scale. Offset: a tenth of the power or more is at 0 Hz. Narrow: empty above half of "
        f"what the sampling rate could hold.{shown}",
        facts=[f"Of {count(len(view.measured), 'recording')}, {counts}."] if counts else [],
        table=table_of(["recording", "seconds", "why"], rows, [False, True, False]),
    )
