"""What a search for near-duplicates found, as numbers: the same for the command line's text and its JSON."""

from typing import Any

import pandas as pd

from trainers.data.catalogue import Catalogue
from trainers.data.duplicates.find import Found


def summary(catalogue: Catalogue, found: Found) -> dict[str, Any]:
    """Describe what was found, ready for JSON.

    Returns:
        How many recordings there are, are in a group, were too short or too plain to judge (with their paths), and
        the groups, the largest first: name, paths, whether labels, authors or subsets differ within.
    """
    clips = catalogue.clips.assign(group=catalogue.clips["content"].map(found.groups))
    groups = [_group(str(name), rows) for name, rows in clips.dropna(subset="group").groupby("group")]
    groups.sort(key=lambda group: (-group["recordings"], group["name"]))
    return {
        "name": catalogue.name,
        "recordings": found.recordings,
        "in_groups": len(found.groups),
        "groups": groups,
        "too_short": _paths(clips, found.too_short),
        "too_plain": _paths(clips, found.too_plain),
    }


def _group(name: str, clips: pd.DataFrame) -> dict[str, Any]:
    return {
        "name": name,
        "recordings": int(clips["content"].nunique()),
        "paths": sorted(set(clips["path"])),
        "labels_differ": len({_labels(rows) for _, rows in clips.groupby("content")}) > 1,
        "authors_differ": int(clips["author"].nunique()) > 1,
        "subsets_differ": int(clips["subset"].fillna("train").nunique()) > 1,
    }


def _labels(clips: pd.DataFrame) -> frozenset[str]:
    """The labels of a recording's clips together."""
    return frozenset(clips["labels"].explode().dropna())


def _paths(clips: pd.DataFrame, contents: tuple[str, ...]) -> list[str]:
    return sorted(set(clips["path"][clips["content"].isin(contents)]))
