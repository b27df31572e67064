"""The checks by code, and running them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from analysis.records.sweep import CheckFinding
from trainers.config.paths import nearest
from trainers.data.catalogue import Catalogue
from trainers.spec import RunSpec
from tuneful.checks import audio, classes, competition, leaks, official, rows, running, search, settings, targets
from tuneful.checks.subject import CatalogueFacts, Finding, Found, SplitFacts, Subject
from tuneful.errors import CheckError

Scope = Literal["data", "split", "run", "sweep"]


@dataclass(frozen=True)
class Check:
    """One mistake that is looked for."""

    code: str
    severity: str
    """error: stops a sweep unless allowed; warning: is said"""
    scope: Scope
    """What it depends on, and so how often it is looked for: the labelled clips, how they are split, a run's settings
    (looked at on its first split), or the sweep as a whole"""
    title: str
    find: Callable[[Any], Found]
    """takes a Subject, or a SweepSubject where the scope is sweep; returns (evidence, fix) of each instance"""


_ALL = (
    Check("TF001", "error", "split", "a recording is on both sides of the split", leaks.recording_on_both_sides),
    Check("TF002", "warning", "split", "a class is absent from validation", classes.class_absent_from_validation),
    Check("TF003", "error", "split", "near-duplicates are on both sides", leaks.near_duplicate_on_both_sides),
    Check("TF004", "error", "split", "a subject is on both sides of the split", leaks.subject_on_both_sides),
    Check("TF005", "warning", "split", "an author is on both sides of the split", leaks.author_on_both_sides),
    Check("TF006", "warning", "split", "a site is on both sides of the split", leaks.site_on_both_sides),
    Check("TF007", "error", "split", "clips overlap across the split", leaks.overlapping_clips_on_both_sides),
    Check("TF008", "error", "data", "a stretch of a recording counts more than once", rows.stretch_counted_twice),
    Check("TF009", "warning", "data", "a file is there under several names", rows.copy_counted_twice),
    Check("TF010", "warning", "split", "a class is absent from training", classes.class_absent_from_training),
    Check("TF011", "warning", "split", "validation has too few positives", classes.too_few_positives),
    Check("TF012", "error", "split", "the epoch is chosen on the test split", official.epoch_chosen_on_test),
    Check("TF013", "warning", "split", "the test split is trained on", official.test_split_trained_on),
    Check("TF014", "error", "data", "labels look the same", rows.labels_look_the_same),
    Check("TF015", "warning", "run", "the epoch is chosen by a metric that is not the competition's",
          competition.epoch_chosen_by_another_metric),
    Check("TF016", "warning", "run", "focal loss can't focus on targets of .5", targets.focal_on_halves),
    Check("TF017", "warning", "run", "soft targets do not sum to 1", targets.soft_mass_not_one),
    Check("TF018", "warning", "run", "clips with nothing active have no target", targets.empty_clips_without_target),
    Check("TF019", "warning", "run", "class weights change the size of the loss", targets.class_weights_as_they_are),
    Check("TF020", "warning", "run", "labels count of what isn't heard", targets.labels_of_unheard_followers),
    Check("TF021", "warning", "run", "bands lie above what was recorded", audio.frequencies_not_recorded),
    Check("TF022", "warning", "run", "mel bands are empty", audio.empty_mel_bands),
    Check("TF023", "warning", "run", "segments are longer than most clips", audio.crops_longer_than_clips),
    Check("TF024", "error", "run", "the run can't start", running.run_cannot_start),
    Check("TF025", "warning", "run", "the learning rate never reaches its peak", running.rate_never_peaks),
    Check("TF026", "warning", "run", "a setting has no effect here", settings.setting_without_effect),
    Check("TF027", "error", "sweep", "trials are chosen on the test split", official.trials_chosen_on_test),
    Check("TF028", "warning", "sweep", "trials are chosen by a metric that is not the competition's",
          competition.objective_is_another_metric),
    Check("TF029", "warning", "sweep", "the sweep can't do what its file says", search.sweep_without_what_it_says),
)  # fmt: skip

CHECKS: dict[str, Check] = {check.code: check for check in _ALL}
"""Checks by code. A code is never used again for another check."""


class Examination:
    """Looks at runs on one catalogue; what they share is read and split once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._data = CatalogueFacts(catalogue)
        self._splits: dict[str, SplitFacts] = {}
        self._looked: set[tuple[str, str]] = set()

    def subject(self, spec: RunSpec) -> Subject:
        """The run with its data.

        Raises:
            DataError: the catalogue can't be split so.
        """
        key = spec.data.model_dump_json(exclude={"sample_rate", "predict"})
        if key not in self._splits:
            self._splits[key] = SplitFacts(self._data.catalogue, spec.data)
        return Subject(spec, self._data, self._splits[key])

    def look(self, spec: RunSpec, *scopes: Scope) -> Iterator[Finding]:
        """The findings of the checks of these scopes that weren't made of the same thing before."""
        subject = self.subject(spec)
        for check in CHECKS.values():
            if check.scope in scopes and (key := (check.code, _identity(spec, check.scope))) not in self._looked:
                self._looked.add(key)
                yield from findings_of(check, subject)

    def of_splits(self, specs: Sequence[RunSpec]) -> list[Finding]:
        """Findings about splits: what is found in several folds of one split is said of the first, and that of them."""
        first: dict[tuple[str, str], Finding] = {}
        others: dict[tuple[str, str], list[int]] = {}
        for spec in specs:
            for finding in self.look(spec, "split"):
                kind = (finding.code, spec.data.model_dump_json(include={"split", "extra_train"}))
                if first.setdefault(kind, finding) is not finding:
                    others.setdefault(kind, []).append(spec.data.fold)
        return [_likewise(finding, others.get(kind, [])) for kind, finding in first.items()]


def run_checks(specs: Iterable[RunSpec], catalogue: Catalogue) -> list[Finding]:
    """Every finding about these runs; one that several runs share is named once."""
    examination = Examination(catalogue)
    specs = list(specs)
    found = [finding for spec in specs for finding in examination.look(spec, "data", "run")]
    return once([*found, *examination.of_splits(specs)])


def refuse_errors(findings: Sequence[Finding], allowed: Sequence[str]) -> None:
    """Raise CheckError for findings of severity error whose code nobody allowed, and for a consent to no check."""
    for code in allowed:
        if code not in CHECKS:
            raise CheckError(f"allow: no check is called {code!r}. {nearest(code, CHECKS)}")
    errors = [finding for finding in findings if finding.severity == "error" and finding.code not in allowed]
    if errors:
        codes = list(dict.fromkeys(finding.code for finding in errors))
        text = "\n".join(str(finding) for finding in errors)
        consent = f"`allow: [{', '.join(codes)}]` in the sweep file (platform sweep --allow {' --allow '.join(codes)})"
        raise CheckError(f"{text}\nNothing was started. Try: the fix, or {consent}")


def on_record(findings: Iterable[Finding], allowed: Sequence[str], run: str | None = None) -> list[CheckFinding]:
    """Findings as they are kept with the results, of a run or of a sweep."""
    return [
        CheckFinding(**vars(finding), allowed=finding.severity == "error" and finding.code in allowed, run=run)
        for finding in findings
    ]


def findings_of(check: Check, subject: object) -> list[Finding]:
    """What a check finds, as findings."""
    return [Finding(check.code, check.severity, check.title, *found) for found in check.find(subject)]


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Without those that say the same again, in order of their codes."""
    kept = {(finding.code, finding.evidence): finding for finding in findings}
    return sorted(kept.values(), key=lambda finding: finding.code)


def _likewise(finding: Finding, folds: Sequence[int]) -> Finding:
    if not folds:
        return finding
    listed = ", ".join(map(str, folds))
    return replace(
        finding, evidence=f"{finding.evidence}; likewise in {'fold' if len(folds) == 1 else 'folds'} {listed}"
    )


def _identity(spec: RunSpec, scope: Scope) -> str:
    """Equal for runs in which a check of this scope finds the same."""
    if scope == "data":
        return spec.data.model_dump_json(exclude={"sample_rate", "predict", "split", "fold"})
    if scope == "split":
        return spec.data.model_dump_json(exclude={"sample_rate", "predict"})
    return spec.model_dump_json(exclude={"data": {"split", "fold"}, "seed": True})
