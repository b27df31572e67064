"""Iterative stratification of multi-label data."""

import numpy as np

TIE = 1e-9
"""Folds that lack as much to this are equals: shares such as 1/3 are not exact."""


def iterative_stratification(
    counts: np.ndarray, sizes: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Deal units out to folds so that every fold gets its share of the clips of every label.

    Sechidis, Tsoumakas & Vlahavas, "On the Stratification of Multi-Label Data" (2011), algorithm 1: the label with the
    fewest clips left is dealt out first, each of its clips to the fold that still lacks most of that label, among
    equals to the one that lacks most clips. Two things are added. Between these rules, equals are told apart by how
    much they lack of the unit's other labels: the frequent labels, which come last, are then spread to a clip instead
    of to a few percent. And units may be groups of clips; a label's largest ones come first, when the folds can still
    make up for them.

    Args:
        counts: (units, labels) int, clips with each label in each unit.
        sizes: (units,) int, clips of each unit.
        shares: (folds,) each fold's share of the clips; they sum to 1.
        rng: decides among equals.

    Returns:
        (units,) int64, the fold of each unit.
    """
    dealing = _Dealing(counts, sizes, shares, rng)
    while dealing.left.any():
        label = int(np.where(dealing.left > 0, dealing.left, np.inf).argmin())
        for unit in dealing.waiting(counts[:, label]):
            dealing.deal(unit, dealing.lacking[:, label])
    for unit in dealing.waiting(np.maximum(sizes, 1)):
        dealing.deal(unit, dealing.room)
    return dealing.folds


class _Dealing:
    """What each fold still lacks while units are dealt out."""

    def __init__(self, counts: np.ndarray, sizes: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> None:
        self.counts, self.sizes, self.rng = counts, sizes, rng
        self.folds = np.full(len(sizes), -1, np.int64)
        self.left = counts.sum(0)
        """(labels,) clips of each label that wait"""
        self.weights = counts / np.maximum(self.left, 1)
        """(units, labels) what part of a label's clips each unit has"""
        self.lacking = np.outer(shares, self.left)
        """(folds, labels) clips of each label that each fold still lacks"""
        self.room = shares * sizes.sum()
        """(folds,) clips that each fold still lacks"""
        self.shuffled = rng.permutation(len(sizes))

    def waiting(self, amount: np.ndarray) -> np.ndarray:
        """The units that wait and have some of an amount, those with most first, equals in random order."""
        units = self.shuffled[(amount[self.shuffled] > 0) & (self.folds[self.shuffled] < 0)]
        return np.asarray(units[np.argsort(-amount[units], kind="stable")])

    def deal(self, unit: int, lacking: np.ndarray) -> None:
        """Give a unit to the fold that lacks most."""
        best = np.arange(len(self.room))
        for lacked in (lacking, self.lacking @ self.weights[unit], self.room):
            best = best[lacked[best] > lacked[best].max() - TIE]
        fold = best[self.rng.integers(len(best))]
        self.folds[unit] = fold
        self.left -= self.counts[unit]
        self.lacking[fold] -= self.counts[unit]
        self.room[fold] -= self.sizes[unit]
