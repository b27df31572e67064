"""What the page of a leaderboard needs: from the ledger of submissions with its sweeps, or from a table."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.errors import UserError
from analysis.leaderboard.collect import evidence_of, submission_name
from analysis.leaderboard.evidence import Evidence
from analysis.leaderboard.shake_up import Split
from analysis.records.submissions import Member, Submission, competitions, read_submissions
from analysis.records.sweep import CONFIRM, SEARCH, sweep_folder
from analysis.report.leaderboard import Subject, examine, leaderboard_page
from analysis.report.leaderboard.from_evidence import Choice, Rows, only_submissions, subject_of
from analysis.selection.decision import Asked, Decision, decide
from trainers.errors import SpecError
from tuneful.leaderboard.run_commands import submission_commands
from tuneful.leaderboard.shaking import Scored, as_split, known_rows


@dataclass(frozen=True)
class HiddenTest:
    """What is known of the hidden test."""

    public_rows: int | None = None
    private_rows: int | None = None
    noise: str | None = None
    """of a public score, as typed"""


@dataclass(frozen=True)
class PageAsked:
    """What the page is to tell."""

    competition: str | None = None
    """None: the one that the sweeps' runs were submitted to"""
    choice: Choice = field(default_factory=Choice)
    test: HiddenTest = field(default_factory=HiddenTest)
    command: str = ""
    """that makes the page"""


def table_page(subject: Subject, test: HiddenTest) -> str:
    """The page of a table.

    Raises:
        UserError: sizes or noise that can't be.
    """
    return leaderboard_page(examine(subject, split=_split(subject, test)))


def ledger_page(results: Path, sweeps: Sequence[str], asked: PageAsked) -> tuple[str, str]:
    """The competition and the page of its submissions on record.

    Args:
        results: folder of all results.
        sweeps: whose submissions are meant; none: all of the competition.
        asked: the competition, what to look at.

    Raises:
        UserError: nothing was submitted, or has a score; several competitions; what is asked for isn't on record.
        RecordsError: a record is damaged.
    """
    competition = asked.competition or _competition(results, sweeps)
    submissions = read_submissions(results, competition)
    if not submissions:
        known = ", ".join(competitions(results)) or "nothing"
        raise SpecError(f"nothing was submitted to {competition!r}; on record: {known}. {_ADD}")
    kept = [one for one in submissions if not sweeps or all(member.sweep in sweeps for member in one.members)]
    pool = _Pool.of(results, kept, sweeps)
    others = tuple(f"{submission_name(one)}: not of these sweeps" for one in submissions if one not in kept)
    evidence = _evidence(results, competition, kept, pool)
    evidence = dataclasses.replace(evidence, left_out=(*evidence.left_out, *others))
    rows = Rows(_known(evidence.table.index, kept), _known(evidence.table.index, pool.candidates))
    subject = subject_of(evidence, rows, asked.choice)
    commands = submission_commands(results, [*kept, *pool.candidates])
    subject = dataclasses.replace(subject, copies=commands, command=asked.command)
    ranking = _ranking(only_submissions(evidence, rows.submissions), asked)
    split = _split(subject, _with_known_rows(competition, asked.test))
    return competition, leaderboard_page(examine(subject, ranking, split))


_ADD = "Try: platform leaderboard add RUN --public 0.777, or platform leaderboard import FILE"


@dataclass(frozen=True)
class _Pool:
    """Runs on record that nobody submitted, as submissions without a number."""

    candidates: tuple[Submission, ...]
    """complete trials of the search"""
    repeats: tuple[Submission, ...]
    """single runs of the confirm stage, which show the noise"""

    @classmethod
    def of(cls, results: Path, submissions: Sequence[Submission], sweeps: Sequence[str]) -> "_Pool":
        named = sweeps or sorted({member.sweep for one in submissions for member in one.members})
        submitted = {member.run for one in submissions for member in one.members}
        candidates, repeats = [], []
        for name in named:
            for plan, end in sweep_folder(results, name).trials(SEARCH):
                keys = {run.key for run in plan.runs}
                if end and end.state == "complete" and not keys <= submitted:
                    candidates.append(_unsubmitted(f"{name}:{plan.number}", name, sorted(keys)))
            for plan, end in sweep_folder(results, name).trials(CONFIRM):
                if end and end.state == "complete":
                    repeats += [_unsubmitted(f"{name}:{run.key}", name, [run.key]) for run in plan.runs]
        return cls(tuple(candidates), tuple(repeats))


def _evidence(results: Path, competition: str, submissions: Sequence[Submission], pool: _Pool) -> Evidence:
    """Of submissions and of the pool; what of the pool can't be used is nobody's concern."""
    made_up = (*pool.candidates, *pool.repeats)
    found = evidence_of(results, competition, [*submissions, *made_up])
    names = tuple(f"{one.name}: " for one in made_up)
    return dataclasses.replace(found, left_out=tuple(text for text in found.left_out if not text.startswith(names)))


def _unsubmitted(name: str, sweep: str, keys: Sequence[str]) -> Submission:
    return Submission("", name, tuple(Member(sweep, key) for key in keys))


def _known(index: Iterable[object], submissions: Sequence[Submission]) -> tuple[str, ...]:
    there = set(index)
    return tuple(name for name in map(submission_name, submissions) if name in there)


def _competition(results: Path, sweeps: Sequence[str]) -> str:
    """The one that runs of the sweeps were submitted to."""
    every = read_submissions(results)
    names = sorted({one.competition for one in every if not sweeps or _touches(one, sweeps)})
    if len(names) == 1:
        return names[0]
    whose = f"no run of {', '.join(sweeps)} was submitted" if sweeps else f"there are no submissions in {results}"
    if not names:
        raise SpecError(f"{whose}, so no validation score can be held against a leaderboard. {_ADD}")
    raise SpecError(f"which competition is meant? There are several: {', '.join(names)}. Try: --competition {names[0]}")


def _touches(submission: Submission, sweeps: Sequence[str]) -> bool:
    return any(member.sweep in sweeps for member in submission.members)


def _ranking(evidence: Evidence, asked: PageAsked) -> Decision | None:
    """Of everything on record; None where that says nothing: then the page tells why."""
    try:
        return decide(evidence, Asked(noise=asked.choice.board_noise, seed=asked.choice.seed))
    except UserError:
        return None


def _with_known_rows(competition: str, test: HiddenTest) -> HiddenTest:
    """The sizes of a test that is judged here."""
    if test.public_rows or test.private_rows:
        return test
    try:
        known = known_rows(competition)
    except SpecError:
        return test
    return dataclasses.replace(test, public_rows=known["public"], private_rows=known["private"])


def _split(subject: Subject, test: HiddenTest) -> Split | None:
    """None where the sizes aren't known.

    Raises:
        UserError: one size without the other, or what can't be.
    """
    if test.public_rows is None and test.private_rows is None:
        return None
    if test.public_rows is None or test.private_rows is None:
        raise UserError("the public and the private test have a size each. Try: --public-rows 1500 --private-rows 2900")
    public = subject.table[subject.columns.public].dropna()
    scored = Scored(None, tuple(map(str, public.index)), tuple(public), (None,) * len(public))
    return as_split((test.public_rows, test.private_rows), scored, test.noise, 0.0).split
