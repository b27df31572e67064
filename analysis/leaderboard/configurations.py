"""Submissions of one configuration taken together: their mean scores, and the noise that their spread shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation.groups import stated
from analysis.correlation.noise import Noise, noise_of_groups


@dataclass(frozen=True)
class Configurations:
    """What was tried, each configuration once."""

    table: pd.DataFrame
    """one row per configuration, named as its first submission: settings as text, scores as means (NaN: none)"""
    counts: pd.DataFrame
    """how many submissions each mean is over; a column per score"""
    settings: tuple[str, ...]
    noise: dict[str, Noise]
    """score -> what repeats show; missing where nothing was repeated"""
    freedom: dict[str, int]
    """score -> degrees of freedom of that noise"""

    @property
    def stated(self) -> np.ndarray:
        """``(configurations, settings)``: which settings are known."""
        return np.column_stack([stated(self.table[name]) for name in self.settings])


def configurations(table: pd.DataFrame, settings: Sequence[str], scores: Sequence[str]) -> Configurations:
    """Average submissions that are alike in all settings, if all of these are stated.

    Args:
        table: one row per submission, its name as index; scores are floats.
        settings: columns that say how a submission was made.
        scores: columns of numbers.
    """
    text = table[list(settings)].astype(str).apply(lambda column: column.str.strip())
    known = text.apply(stated).all(axis=1)
    keys = [
        tuple(row) if whole else (place,) for place, (row, whole) in enumerate(zip(text.values, known, strict=True))
    ]
    names: dict[tuple[object, ...], str] = {}
    first = [names.setdefault(key, str(name)) for key, name in zip(keys, table.index, strict=True)]
    groups = table[list(scores)].astype(float).groupby(np.array(first, dtype=object), sort=False)
    merged = pd.concat([text.groupby(np.array(first, dtype=object), sort=False).first(), groups.mean()], axis=1)
    values = {name: [group.dropna().to_numpy() for _, group in groups[name]] for name in scores}
    shown = {name: noise_of_groups(own, "repeats") for name, own in values.items()}
    freedom = {name: sum(max(0, len(group) - 1) for group in own) for name, own in values.items()}
    noise = {name: one for name, one in shown.items() if one}
    return Configurations(merged, groups.count(), tuple(settings), noise, freedom)


def levels(values: "pd.Series[str]") -> list[str]:
    """The values of a setting, the one to compare others with first: numbers ascend, words go by how frequent."""
    said = values[stated(values)]
    by_count = list(said.value_counts(sort=True).index)
    return sorted(by_count, key=float) if all(map(_is_number, by_count)) else by_count


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text)) if "_" not in text else False
    except ValueError:
        return False
