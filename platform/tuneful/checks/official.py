"""Checks of what a published test split is used for."""

import pandas as pd

from tuneful.checks.subject import Found, Subject, SweepSubject, share

TEST = {"test", "testing", "eval", "evaluation"}
"""Values of the columns `fold` and `subset` that mean the published test split."""


def epoch_chosen_on_test(subject: Subject) -> Found:
    """TF012: the best of many evaluations on the test split is its maximum, not an estimate (Mix2's AnuraSet)."""
    how = _how_an_epoch_is_chosen(subject)
    if not how or not validates_on_test(subject):
        return []
    evidence = (
        f"{subject.where}: {', '.join(how)} choose among {subject.spec.training.epochs} evaluations of "
        f"{subject.spec.training.monitor} on the published test split"
    )
    return [(evidence, _without_choice(subject))]


def test_split_trained_on(subject: Subject) -> Found:
    """TF013: scores of models that have seen the test split can't be compared with published ones."""
    learnt = subject.split.learnt
    hit = int(is_test(learnt).sum())
    if not hit:
        return []
    evidence = f"{subject.where}: {share(hit, len(learnt))} training clips are of the published test split"
    return [(evidence, "the official split, or data.extra_train=[] where the subset is named there")]


def trials_chosen_on_test(subject: SweepSubject) -> Found:
    """TF027: the best of many trials by the test split is an oracle's choice."""
    hit = [run.where for run in subject.searched if validates_on_test(run)]
    if not hit:
        return []
    definition = subject.sweep.definition
    evidence = (
        f"{definition.objective.metric} on the published test split chooses the best of {definition.trials} trials "
        f"({'; '.join(dict.fromkeys(hit))})"
    )
    return [(evidence, "search on folds of the training part, and name the official split under confirm: splits")]


def is_test(clips: pd.DataFrame) -> pd.Series:
    """(clips,) bool: of the published test split."""
    named = [clips[column].astype("string").str.strip().str.casefold().isin(TEST) for column in ("fold", "subset")]
    return (named[0] | named[1]).fillna(False).astype(bool)


def validates_on_test(subject: Subject) -> bool:
    """Whether most validation clips are of the published test split."""
    return bool(is_test(subject.split.val).mean() > 0.5)


def _how_an_epoch_is_chosen(subject: Subject) -> list[str]:
    training = subject.spec.training
    ways = {
        "training.keep=best": training.keep == "best",
        "training.early_stopping_patience": training.early_stopping_patience is not None,
        "schedule.name=plateau": subject.spec.schedule.name == "plateau",
    }
    return [way for way, used in ways.items() if used] if training.epochs > 1 else []


def _without_choice(subject: Subject) -> str:
    plateau = " schedule.name=cosine" if subject.spec.schedule.name == "plateau" else ""
    return f"training.keep=last training.early_stopping_patience=null{plateau}"
