"""Checks of what is optimised against what a competition scores."""

from tuneful.checks.subject import Found, Subject, SweepSubject

SCORED_BY: dict[str, tuple[tuple[str, ...], str]] = {
    "birdclef": (("val/macro_auc",), "macro ROC-AUC that skips classes without positives, since 2024"),
    "chorus": (("val/macro_auc",), "macro ROC-AUC that skips classes without positives"),
    "fsdkaggle": (("val/map_at_3", "val/lwlrap"), "MAP@3 in 2018, lwlrap in 2019"),
    "anuraset": (("val/macro_f1",), "macro F1"),
    "icbhi": (("val/icbhi_score",), "the mean of sensitivity and specificity over four classes"),
}
"""By catalogue source: metrics of ours that are the competition's, and its words."""
LOSSES = ("val/loss", "train/loss")


def epoch_chosen_by_another_metric(subject: Subject) -> Found:
    """TF015: the epoch that is best by one metric is often not the best by another."""
    training = subject.spec.training
    chosen = training.keep == "best" or training.early_stopping_patience is not None
    if not chosen or training.monitor in LOSSES:  # the loss is a usual stand-in, and the same for all competitions
        return []
    return _against(subject, training.monitor, "training.monitor", "=")


def objective_is_another_metric(subject: SweepSubject) -> Found:
    """TF028: the trial that is best by one metric is often not the best by another."""
    metric = subject.sweep.definition.objective.metric
    return _against(subject.searched[0], metric, "objective.metric", ": ") if subject.searched else []


def _against(subject: Subject, metric: str, setting: str, sign: str) -> Found:
    scored_by, words = SCORED_BY.get(subject.catalogue.source, ((), ""))
    if not scored_by or metric.partition("@")[0] in scored_by:
        return []
    evidence = f"{setting} is {metric}, {subject.catalogue.source} is scored by {' or '.join(scored_by)}: {words}"
    return [(evidence, f"{setting}{sign}{scored_by[0]}")]
