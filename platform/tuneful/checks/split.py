"""Checks of how training and validation clips are told apart."""

from tuneful.checks.subject import Subject

SHOWN = 5


def recording_on_both_sides(subject: Subject) -> list[tuple[str, str]]:
    """TF001: clips of one recording in training and in validation make validation a memory test."""
    shared = sorted(set(subject.train["recording_id"].dropna()) & set(subject.val["recording_id"].dropna()))
    if not shared:
        return []
    evidence = f"{subject.where}: {len(shared)} recordings, such as {', '.join(map(str, shared[:SHOWN]))}"
    return [(evidence, "data.split.scheme=stratified_group (recordings are never torn apart there)")]


def class_absent_from_validation(subject: Subject) -> list[tuple[str, str]]:
    """TF002: a class without positives in validation has no score; macro metrics are means over the others."""
    present = set(subject.val["labels"].explode().dropna())
    absent = [name for name in subject.catalogue.classes if name not in present]
    if not absent:
        return []
    more = ", ..." if len(absent) > SHOWN else ""
    evidence = (
        f"{subject.where}: {len(absent)} of {len(subject.catalogue.classes)} classes "
        f"({', '.join(absent[:SHOWN])}{more}) are skipped by every macro metric"
    )
    return [(evidence, "fewer folds, or compare scores within this fold only")]
