"""Checks of what training and validation clips share."""

from pathlib import PurePath

import numpy as np
import pandas as pd

from trainers.data.splits import group_ids
from tuneful.checks.subject import Found, Subject, share, some

UNKNOWN = {"", "unknown", "anonymous", "n/a", "none"}
"""What collections write where nobody is known; clips of nobody share nobody."""
ROUNDING_S = 0.01
"""Stretches that touch don't overlap, and tables round to hundredths."""
WINDOW = r"^(?P<recording>.+?)_(?P<begin>\d+)_(?P<end>\d+)$"
"""Names of windows that were cut before publishing, as AnuraSet's `INCT17_20191119_040000_3_6.wav`."""
ONE_ID = "one `recording_id` for all windows of a recording, and data.split.scheme=stratified_group"
NAMED_S, MOST = 0.1, 0.9
"""How exactly a name must give a window's length, and the share of the files whose names must."""


def recording_on_both_sides(subject: Subject) -> Found:
    """TF001: clips of one recording in training and in validation make validation a memory test."""
    shared = _shared(subject, "recording_id")
    if not shared:
        return _windows_on_both_sides(subject)
    evidence = f"{subject.where}: {len(shared)} recordings, such as {some(shared)}"
    return [(evidence, "data.split.scheme=stratified_group (recordings are never torn apart there)")]


def near_duplicate_on_both_sides(subject: Subject) -> Found:
    """TF003: re-encoded, trimmed or louder copies are the same sound; needs the column `extra_duplicate_group`."""
    found = _column_on_both_sides(subject, "extra_duplicate_group", "groups of near-duplicates")
    return [(evidence, "data.split.scheme=stratified_group (they are never torn apart there)") for evidence, _ in found]


def subject_on_both_sides(subject: Subject) -> Found:
    """TF004: a patient or speaker is recognised, not the condition or the word."""
    return _column_on_both_sides(subject, "subject", "subjects")


def author_on_both_sides(subject: Subject) -> Found:
    """TF005: a recordist's microphone, habits and favourite species are recognised; the test has other ones."""
    return _column_on_both_sides(subject, "author", "authors")


def site_on_both_sides(subject: Subject) -> Found:
    """TF006: a place's background is recognised; the test is often recorded elsewhere. A split that spreads sites
    evenly means to have them on both sides."""
    if "site" in subject.spec.data.split.stratify_by:
        return []
    return _column_on_both_sides(subject, "site", "sites")


def overlapping_clips_on_both_sides(subject: Subject) -> Found:
    """TF007: the same seconds are trained on and validated, whatever the clips and recordings are called."""
    learnt, val = _sides(subject)
    both = set(learnt["source"]) & set(val["source"])
    if not both:
        return []
    stretches = pd.concat([learnt.assign(held_out=False), val.assign(held_out=True)])
    hit = _overlapped(stretches[stretches["source"].isin(both)])
    if not len(hit):
        return []
    evidence = (
        f"{subject.where}: {share(len(hit), len(val))} validation clips overlap in time with training clips, such as "
        f"{some(hit['clip_id'])}"
    )
    return [(evidence, ONE_ID)]


def _shared(subject: Subject, column: str) -> list[str]:
    learnt, val = subject.split.learnt, subject.split.val
    if column not in learnt:
        return []
    both = set(learnt[column].dropna()) & set(val[column].dropna())
    return sorted(text for text in map(str, both) if text.strip().casefold() not in UNKNOWN)


def _windows_on_both_sides(subject: Subject) -> Found:
    """Windows of one file, or of what was one before it was cut, that are called recordings of their own."""
    learnt, val = _sides(subject)
    torn = val[val["source"].isin(set(learnt["source"]))]
    if not len(torn):
        return []
    evidence = (
        f"{subject.where}: {share(len(torn), len(val))} validation clips are of {torn['source'].nunique()} recordings "
        f"that training has other windows of, under another recording_id, such as {some(torn['clip_id'])}"
    )
    return [(evidence, ONE_ID)]


def _column_on_both_sides(subject: Subject, column: str, what: str) -> Found:
    shared = _shared(subject, column)
    if not shared:
        return []
    val = subject.split.val
    hit = int(val[column].dropna().astype(str).isin(shared).sum())
    evidence = (
        f"{subject.where}: {len(shared)} {what}, such as {some(shared)}; {share(hit, len(val))} validation clips are "
        "of them"
    )
    return [(evidence, _grouped_by(subject, column))]


def _grouped_by(subject: Subject, column: str) -> str:
    """The split that keeps a column's values together, beside what is kept together now."""
    split, facts = subject.spec.data.split, subject.split
    grouped = "group" in split.scheme
    columns = (*(name for name in split.group_by if grouped and name != column), column)
    groups = len(np.unique(group_ids(pd.concat([facts.train, facts.val], ignore_index=True), columns)))
    if groups == 1:
        return f"data.split.stratify_by=[{column}] (by {' and '.join(columns)} together, all clips are one group)"
    scheme = split.scheme if grouped else "stratified_group"
    fewer = f" data.split.n_folds={groups}" if groups < split.pieces else ""
    return f"data.split.scheme={scheme} data.split.group_by=[{','.join(columns)}]{fewer}"


def _sides(subject: Subject) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The stretches of training and of validation."""
    split = subject.split
    return split.known("stretches", lambda: (_stretches(split.learnt), _stretches(split.val)))


def _stretches(clips: pd.DataFrame) -> pd.DataFrame:
    """Where each clip lies: its source (a file by content, or what it was cut from by its name), start and end."""
    source = clips["content"].where(clips["content"].notna(), clips["path"]).astype(str)
    start, length = clips["start_s"].to_numpy(float), clips["duration_s"].to_numpy(float)
    cut = _cut_from(clips["path"], start + length)
    source = source.where(cut["recording"].isna(), "cut from " + cut["recording"].astype(str))
    start = start + cut["begin"].fillna(0.0).to_numpy(float)
    return pd.DataFrame(
        {"clip_id": clips["clip_id"], "source": source.to_numpy(), "start": start, "end": start + length}
    )


def _cut_from(paths: pd.Series, ends: np.ndarray) -> pd.DataFrame:
    """`recording` and `begin` (s) of files whose names say so. Names are believed where almost all files have such a
    name, and the length that it says."""
    stems = pd.Series([str(PurePath(path).with_suffix("")) for path in paths], index=paths.index, dtype=str)
    found = stems.str.extract(WINDOW)
    begin, end = pd.to_numeric(found["begin"]), pd.to_numeric(found["end"])
    right = (end - begin - ends).abs() < NAMED_S
    believed = right & bool(right.mean() >= MOST)
    return pd.DataFrame({"recording": found["recording"].where(believed), "begin": begin.where(believed)})


def _overlapped(stretches: pd.DataFrame) -> pd.DataFrame:
    """The validation rows that overlap with a training row of the same source."""
    code = pd.factorize(stretches["source"])[0]
    span = stretches["end"].max() + 1.0
    rows = stretches.assign(start=stretches["start"] + code * span, end=stretches["end"] + code * span)
    rows = rows.sort_values("start", kind="stable")  # sources follow each other on one axis of time
    later, earlier = rows.iloc[::-1], rows
    learnt_end = earlier["end"].where(~earlier["held_out"], -np.inf).cummax()
    learnt_start = later["start"].where(~later["held_out"], np.inf).cummin().iloc[::-1]
    hit = (learnt_end > rows["start"] + ROUNDING_S) | (learnt_start < rows["end"] - ROUNDING_S)
    return rows[(hit & rows["held_out"]).to_numpy()]
