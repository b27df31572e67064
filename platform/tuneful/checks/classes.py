"""Checks of which classes are on which side of a split, and of how much a score can tell."""

import math

from tuneful.checks.subject import Found, Subject, share, some

ASSUMED_AUC = 0.9
MOST_SE = 0.01
"""Above this standard error of macro AUC two runs that differ by less than about .03 can't be told apart."""


def class_absent_from_validation(subject: Subject) -> Found:
    """TF002: a class without positives in validation has no score; macro metrics are means over the others."""
    split = subject.split
    absent = [name for name in split.classes if name not in split.val_counts]
    if not absent or not len(split.val):
        return []
    evidence = (
        f"{subject.where}: {len(absent)} of {len(split.classes)} classes ({some(absent)}) are skipped by every macro "
        "metric, so folds that lack others have another mean; micro metrics and lwlrap count them as negatives only, "
        "cmap gives each about 1"
    )
    return [(evidence, "fewer folds, or compare scores within this fold only")]


def class_absent_from_training(subject: Subject) -> Found:
    """TF010: nothing can be learnt of a class that only validation has; its AUC is .5 give or take luck."""
    split = subject.split
    absent = [name for name in split.classes if name in split.val_counts and name not in split.train_counts]
    if not absent:
        return []
    present = len(split.val_counts)
    evidence = (
        f"{subject.where}: {len(absent)} of {len(split.classes)} classes ({some(absent)}) have no training clip; each "
        f"is 1/{present} of a macro metric: about .5 in macro_auc, 0 in macro_f1"
    )
    return [(evidence, f"data.exclude_classes=[{','.join(absent)}]")]


def too_few_positives(subject: Subject) -> Found:
    """TF011: by Hanley & McNeil (1982, Radiology 143:29), with classes taken as independent."""
    split = subject.split
    n = len(split.val)
    tested = {name: count for name, count in split.val_counts.items() if count < n}
    if not tested:
        return []
    error = math.sqrt(sum(auc_variance(count, n - count) for count in tested.values())) / len(tested)
    if error <= MOST_SE:
        return []
    few = [name for name, count in sorted(tested.items(), key=lambda item: item[1]) if count < 5]
    evidence = (
        f"{subject.where}: macro AUC over {len(tested)} classes and {n} clips has a standard error of about "
        f"{error:.3f} (at AUC {ASSUMED_AUC:g}); {share(len(few), len(tested))} classes have fewer than 5 positives"
        f"{f' ({some(few)})' if few else ''}; two runs closer than {2 * math.sqrt(2) * error:.2f} can't be told apart"
    )
    return [
        (
            evidence,
            "data.split.n_folds=2 (larger folds), or `folds: [0, 1, 2]` in a sweep file (trials are means over them)",
        )
    ]


def auc_variance(positives: int, negatives: int, auc: float = ASSUMED_AUC) -> float:
    """The squared standard error of an AUC, equation 1 of Hanley & McNeil (1982) with Q1 and Q2 of equation 2."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return spread / (positives * negatives)
