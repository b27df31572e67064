"""Other classes made of a catalogue's own: label maps, classes that are left out, clips without any label.

The maps are the four scenarios of ICBHI 2017 (fabiocat93/icbhi_2017_challenge), whose catalogue labels each
respiratory cycle with `crackle`, `wheeze`, both of them or nothing. That system trains on these two labels as they
are, which is `label_map: none` here.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from trainers.config.paths import nearest
from trainers.data.spec import DataSpec
from trainers.errors import DataError

LabelMap = Callable[[pd.DataFrame], pd.DataFrame]

CRACKLE, WHEEZE = "crackle", "wheeze"
DIAGNOSIS = "extra_diagnosis"
NOTHING, BOTH = "", "both"
# what is in a cycle -> its class; None: the cycle is left out
NORMAL_ABNORMAL = {NOTHING: "normal", CRACKLE: "abnormal", WHEEZE: "abnormal", BOTH: "abnormal"}
ABNORMAL = {NOTHING: None, CRACKLE: CRACKLE, WHEEZE: WHEEZE, BOTH: BOTH}
FOUR = {NOTHING: "none", CRACKLE: CRACKLE, WHEEZE: WHEEZE, BOTH: BOTH}


def apply_labels(clips: pd.DataFrame, data: DataSpec) -> pd.DataFrame:
    """The clips as a run sees them: mapped, then without the excluded classes, then without empty clips.

    Args:
        clips: rows of a catalogue, of all its subsets: an excluded class must be a label of one of them. Rows that
            are not labelled (`labels` is None) stay as they are.
        data: `label_map`, `exclude_classes` and `drop_empty`.

    Returns:
        A new frame with the index 0, 1, ...; `clips` is unchanged.

    Raises:
        DataError: labels or a column that the label map can't use, or an excluded class that doesn't exist.
    """
    clips = LABEL_MAPS[data.label_map](clips)
    if data.exclude_classes:
        clips = _without(clips, data.exclude_classes)
    if data.drop_empty:
        clips = clips[clips["labels"].isna() | ~_empty(clips)]
    return clips.reset_index(drop=True)


def _as_they_are(clips: pd.DataFrame) -> pd.DataFrame:
    """The catalogue's own labels."""
    return clips.copy()


def _by_cycle(clips: pd.DataFrame, name_of: Mapping[str, str | None]) -> pd.DataFrame:
    """One label per labelled cycle: one of `name_of`, by whether crackles and wheezes are in it.

    A clip with `label_weights` is a pseudo-label of a run with this map: its labels are mapped already and stay.
    """
    mapped = _hand_labelled(clips)
    known = {name for name in name_of.values() if name}
    _refuse_other_labels(clips[mapped], {CRACKLE, WHEEZE})
    _refuse_other_labels(clips[clips["label_weights"].notna()], known)
    return _relabelled(clips, mapped, [name_of[_content(labels)] for labels in clips.loc[mapped, "labels"]])


def _by_diagnosis(clips: pd.DataFrame) -> pd.DataFrame:
    """One label per labelled cycle: its patient's diagnosis. Pseudo-labels stay, as in `_by_cycle`."""
    if DIAGNOSIS not in clips:
        raise DataError(
            f"data.label_map=icbhi_diagnosis needs the column {DIAGNOSIS}, which the catalogue doesn't have. "
            "Try: add the data again with a column `diagnosis`"
        )
    mapped = _hand_labelled(clips)
    missing = clips.loc[mapped & clips[DIAGNOSIS].isna(), "clip_id"]
    if len(missing):
        raise DataError(
            f"{DIAGNOSIS} must say something for every labelled clip, but is empty for {len(missing)} "
            f"({missing.iloc[0]} is the first). Try: fill it, or leave the clip's labels null"
        )
    return _relabelled(clips, mapped, list(clips.loc[mapped, DIAGNOSIS]))


LABEL_MAPS: dict[str, LabelMap] = {
    "none": _as_they_are,
    "icbhi_normal_abnormal": partial(_by_cycle, name_of=NORMAL_ABNORMAL),
    "icbhi_abnormal": partial(_by_cycle, name_of=ABNORMAL),
    "icbhi_four": partial(_by_cycle, name_of=FOUR),
    "icbhi_diagnosis": _by_diagnosis,
}
"""Label maps by name: the clips of a catalogue -> a new frame, perhaps with fewer rows."""


def _hand_labelled(clips: pd.DataFrame) -> pd.Series:
    return clips["labels"].notna() & clips["label_weights"].isna()


def _content(labels: Sequence[str]) -> str:
    """What is in a cycle: nothing, a crackle, a wheeze or both."""
    return BOTH if len(set(labels)) == 2 else next(iter(labels), NOTHING)


def _relabelled(clips: pd.DataFrame, mapped: pd.Series, names: Sequence[str | None]) -> pd.DataFrame:
    """The rows `mapped` get one label each and no secondary one; those whose name is None are left out."""
    new = dict(zip(np.flatnonzero(mapped).tolist(), names, strict=True))
    clips = clips.copy()
    clips["labels"] = [[new[row]] if row in new else own for row, own in enumerate(clips["labels"])]
    clips["secondary_labels"] = [[] if row in new else own for row, own in enumerate(clips["secondary_labels"])]
    left_out = [row for row, name in new.items() if name is None]
    return clips[~np.isin(np.arange(len(clips)), left_out)]


def _refuse_other_labels(clips: pd.DataFrame, known: set[str]) -> None:
    found = _names(clips, "labels") | _names(clips, "secondary_labels")
    if found - known:
        raise DataError(
            f"data.label_map needs clips labelled {', '.join(sorted(known))} or with nothing, but the catalogue has "
            f"{', '.join(sorted(found - known)[:5])}. Try: data.label_map=none"
        )


def _without(clips: pd.DataFrame, excluded: Sequence[str]) -> pd.DataFrame:
    """The clips without some classes; weights of the labels that stay, stay with them."""
    known = _names(clips, "labels") | _names(clips, "secondary_labels")
    for name in excluded:
        if name not in known:
            raise DataError(f"data.exclude_classes: no clip has the label {name!r}. {nearest(name, known)}")
    clips = clips.copy()
    labels, weights = list(clips["labels"]), list(clips["label_weights"])
    left = [_weights_left(*row, excluded) for row in zip(labels, weights, strict=True)]
    clips["label_weights"] = pd.Series(left, clips.index, dtype=object)
    for column in ("labels", "secondary_labels"):
        clips[column] = pd.Series([_labels_left(own, excluded) for own in clips[column]], clips.index, dtype=object)
    return clips


def _labels_left(labels: Sequence[str] | None, excluded: Sequence[str]) -> list[str] | None:
    return None if labels is None else [name for name in labels if name not in excluded]


def _weights_left(
    labels: Sequence[str] | None, weights: Sequence[float] | None, excluded: Sequence[str]
) -> list[float] | None:
    if labels is None or weights is None:
        return None if weights is None else list(weights)
    return [weight for name, weight in zip(labels, weights, strict=True) if name not in excluded]


def _empty(clips: pd.DataFrame) -> pd.Series:
    """(clips,) bool: nothing is active, not in the background either."""
    return clips[["labels", "secondary_labels"]].map(lambda names: 0 if names is None else len(names)).sum(axis=1) == 0


def _names(clips: pd.DataFrame, column: str) -> set[str]:
    return set(clips[column].explode().dropna())
