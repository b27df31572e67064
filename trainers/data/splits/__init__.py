"""Splits: which fold each training clip belongs to, and what a run trains and validates on."""

from trainers.data.splits.assign import assign_folds, split_digest
from trainers.data.splits.groups import group_ids
from trainers.data.splits.marks import ALWAYS_TRAINED, LEFT_OUT
from trainers.data.splits.parts import Parts, parts_of
from trainers.data.splits.schemes import SPLITS

__all__ = [
    "ALWAYS_TRAINED",
    "LEFT_OUT",
    "SPLITS",
    "Parts",
    "assign_folds",
    "group_ids",
    "parts_of",
    "split_digest",
]
