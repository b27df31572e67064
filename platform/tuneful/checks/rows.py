"""Checks of a catalogue's rows by themselves: nothing twice, no class under two names."""

import pandas as pd

from trainers.data.sources.spelling import lookalikes, shown
from tuneful.checks.subject import Found, Subject, share, some

STRETCH = ["path", "start_s", "duration_s"]


def stretch_counted_twice(subject: Subject) -> Found:
    """TF008: rows repeated by a join make epochs longer and weigh scores; ICBHI's patients counted 22 times so."""
    clips = _labelled(subject)
    times = clips.groupby(STRETCH, dropna=False)["clip_id"].transform("size")
    again = int(clips.duplicated(STRETCH).sum())
    if not again:
        return []
    paths = list(dict.fromkeys(clips.loc[times > 1, "path"]))
    evidence = (
        f"{subject.spec.data.name}: {share(again, len(clips))} rows repeat the (recording, start, end) of another, up "
        f"to {int(times.max())} times the same and {len(clips) / (len(clips) - again):.3g} times on average, in "
        f"{len(paths)} recordings, such as {some(paths)}"
    )
    return [(evidence, 'the table without them: pandas.DataFrame.drop_duplicates(["path", "start_s", "duration_s"])')]


def copy_counted_twice(subject: Subject) -> Found:
    """TF009: the same file under two names; both on one side of a split weigh twice."""
    clips = _labelled(subject)
    files = clips.dropna(subset=["content"]).drop_duplicates("path")
    copies = files[files.duplicated("content", keep=False)]
    if not len(copies):
        return []
    kinds = copies["content"].nunique()
    evidence = (
        f"{subject.spec.data.name}: {len(copies)} files are {kinds} in fact (equal to the byte), such as "
        f"{some(copies.sort_values('content', kind='stable')['path'])}"
    )
    return [(evidence, "the table without the copies (one row with the labels of both)")]


def labels_look_the_same(subject: Subject) -> Found:
    """TF014: names that differ only by case, space or Unicode form are one class in two halves."""
    pairs = [" = ".join(map(shown, names)) for names in lookalikes(subject.split.classes)]
    if not pairs:
        return []
    return [(f"{subject.spec.data.name}: {len(pairs)} classes, such as {some(pairs)}", "one spelling in the table")]


def _labelled(subject: Subject) -> pd.DataFrame:
    return pd.concat([subject.split.learnt, subject.split.val], ignore_index=True)
