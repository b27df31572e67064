"""Checks of a sweep file as a whole."""

from tuneful.checks.subject import Found, SweepSubject


def sweep_without_what_it_says(subject: SweepSubject) -> Found:
    """TF029: more trials than distinct configurations, a scheduler without rungs, a condition that never holds."""
    parts = [text.partition(". Try: ") for text in subject.sweep.warnings]
    return [(evidence, fix or "take it out of the sweep file") for evidence, _, fix in parts]
