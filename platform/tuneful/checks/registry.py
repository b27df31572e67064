"""The checks by code, and running them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from trainers.data.catalogue import Catalogue
from trainers.data.dataset import split_clips
from trainers.spec import RunSpec
from tuneful.checks.split import class_absent_from_validation, recording_on_both_sides
from tuneful.checks.subject import Finding, Subject
from tuneful.errors import CheckError


@dataclass(frozen=True)
class Check:
    """One mistake that is looked for."""

    code: str
    severity: str
    """error: stops a sweep unless allowed; warning: is recorded"""
    title: str
    find: Callable[[Subject], list[tuple[str, str]]]
    """returns (evidence, fix) of each instance"""


CHECKS: dict[str, Check] = {
    check.code: check
    for check in (
        Check("TF001", "error", "a recording is on both sides of the split", recording_on_both_sides),
        Check("TF002", "warning", "a class is absent from validation", class_absent_from_validation),
    )
}
"""Checks by code. A code is never used again for another check."""


def run_checks(specs: Iterable[RunSpec], catalogue: Catalogue) -> list[Finding]:
    """Every finding about these runs; one that several runs share is named once."""
    findings: dict[tuple[str, str], Finding] = {}
    split: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for spec in specs:
        where = spec.data.model_dump_json()
        if where not in split:
            split[where] = split_clips(catalogue, spec.data)
            subject = Subject(spec, catalogue, *split[where])
            for finding in _look(subject):
                findings.setdefault((finding.code, finding.evidence), finding)
    return list(findings.values())


def refuse_errors(findings: Sequence[Finding], allowed: Sequence[str]) -> None:
    """Raise CheckError for findings of severity error whose code nobody allowed."""
    errors = [finding for finding in findings if finding.severity == "error" and finding.code not in allowed]
    if errors:
        codes = ", ".join(dict.fromkeys(finding.code for finding in errors))
        text = "\n".join(str(finding) for finding in errors)
        raise CheckError(f"{text}\nNothing was started. Try: the fix, or `allow: [{codes}]` in the sweep file")


def _look(subject: Subject) -> Iterable[Finding]:
    for check in CHECKS.values():
        for evidence, fix in check.find(subject):
            yield Finding(check.code, check.severity, check.title, evidence, fix)
