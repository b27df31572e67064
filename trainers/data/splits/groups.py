"""Groups: clips that must not be told apart."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trainers.data.layers.duplicates import DUPLICATES
from trainers.data.splits.columns import require_values


def group_ids(clips: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Groups as numbers: clips that share a recording, a near-duplicate or a value of any of the columns are one group.

    A missing value joins nothing: a clip of unknown author is a group with its recording.

    Args:
        clips: rows of a catalogue.
        columns: whose equal values join clips, as `data.split.group_by`.

    Returns:
        (clips,) equal numbers for clips of one group.

    Raises:
        DataError: a column that doesn't exist or holds no value at all.
    """
    joining = ["recording_id", *columns]
    for column in joining:
        require_values(clips, column, "data.split.group_by")
    if DUPLICATES in clips:
        joining.append(DUPLICATES)
    rows, nodes, offset = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], len(clips)
    for column in joining:
        codes, values = pd.factorize(clips[column])  # a missing value has code -1
        known = np.flatnonzero(codes >= 0)
        rows.append(known)
        nodes.append(codes[known] + offset)
        offset += len(values)
    return _components(np.concatenate(rows), np.concatenate(nodes), offset)[: len(clips)]


def _components(rows: np.ndarray, nodes: np.ndarray, size: int) -> np.ndarray:
    """(size,) the connected component of each node of the graph of clips and values."""
    edges = coo_matrix((np.ones(len(rows)), (rows, nodes)), (size, size))
    component: np.ndarray = connected_components(edges, directed=False)[1]
    return component
