"""How much of a catalogue is speech, and where it is worst."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trainers.data.voices.detect import Speech
from trainers.data.voices.stretches import inside, total

SECONDS_PER_HOUR = 3600
GROUPS = ("subset", "label", "author", "collection")
"""What the speech is added up by"""


def speech_in_clips(clips: pd.DataFrame, speech: Mapping[str, Speech]) -> pd.Series:
    """Seconds of speech in each clip, its own stretch of the recording only."""
    rows = clips[["content", "start_s", "duration_s"]].itertuples(index=False)
    seconds = [total(inside(speech[content].stretches, start, start + length)) for content, start, length in rows]
    return pd.Series(seconds, index=clips.index, dtype=float)


def voices_table(clips: pd.DataFrame, speech: Mapping[str, Speech]) -> dict[str, Any]:
    """Count clips and hours with speech, ready for JSON.

    Returns:
        `clips`, `clips_with_speech`, `hours`, `hours_of_speech`, and `by`: the same for each value of `GROUPS` that
        has any speech, most hours of it first. A clip with several labels counts for each.
    """
    seconds = speech_in_clips(clips, speech)
    table = clips.assign(label=clips["labels"], subset=clips["subset"].fillna("train"), speech_s=seconds)
    return {**_amount(table), "by": {name: _by(table, name) for name in GROUPS}}


def _by(table: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    rows = table[[column, "duration_s", "speech_s"]].explode(column).dropna(subset=[column])
    counted = [{"value": str(value), **_amount(own)} for value, own in rows.groupby(column)]
    heard = [one for one in counted if one["clips_with_speech"]]
    return sorted(heard, key=lambda one: (-one["hours_of_speech"], one["value"]))


def _amount(table: pd.DataFrame) -> dict[str, Any]:
    return {
        "clips": len(table),
        "clips_with_speech": int((table["speech_s"] > 0).sum()),
        "hours": float(table["duration_s"].sum() / SECONDS_PER_HOUR),
        "hours_of_speech": float(table["speech_s"].sum() / SECONDS_PER_HOUR),
    }
