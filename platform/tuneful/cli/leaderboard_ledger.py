"""`platform leaderboard add, score, list, import, submit`: the ledger of submissions."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.chosen import Runs, chosen
from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, preparation, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.records.submissions import Member, Submission
    from tuneful.leaderboard.importing import Allowed, Plan
    from tuneful.leaderboard.kaggle import Export, Row

Competition = Annotated[
    str | None, typer.Option(metavar="NAME", help="The competition. Default: the catalogue of the runs.")
]
Name = Annotated[str | None, typer.Option("--name", help="What the submission is called. Default: its trials.")]
PostProcessing = Annotated[str, typer.Option(metavar="TEXT", help="What was done to the runs' predictions.")]
Public = Annotated[str | None, typer.Option(metavar="SCORE", help="The public score, such as 0.777.")]
Private = Annotated[str | None, typer.Option(metavar="SCORE", help="The private score.")]
Again = Annotated[bool, typer.Option("--again", help="The same predictions are on record, and that is meant.")]


def add(
    runs: Runs,
    public: Public = None,
    private: Private = None,
    competition: Competition = None,
    name: Name = None,
    post_processing: PostProcessing = "",
    bundle: Annotated[str | None, typer.Option(metavar="DIGEST", help="Of the bundle that was sent.")] = None,
    again: Again = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Put a submission on record: its runs, and what the leaderboard said."""
    from tuneful.leaderboard.ledger import Described, as_submission, parse_scores, put_on_record

    scores = parse_scores(public, private)
    described = Described(competition, name, post_processing, bundle)
    submission = as_submission(chosen(results, runs), described, scores)
    _show(put_on_record(results, submission, again))


def score(
    number: Annotated[int, typer.Argument(help="Of the submission, as `platform leaderboard list` shows it.")],
    public: Public = None,
    private: Private = None,
    competition: Annotated[str | None, typer.Option(metavar="NAME", help="Default: the only one there is.")] = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Fill in or correct a submission's scores, such as the private one when a competition ends."""
    from tuneful.leaderboard.ledger import parse_scores, set_scores

    before, after = set_scores(results, competition, number, parse_scores(public, private))
    for what in ("public", "private"):
        was, now = getattr(before, what), getattr(after, what)
        if was is not None and was != now:
            say(f"The {what} score was {was:g}.")
    _show(after)


def show_list(
    competition: Annotated[str | None, typer.Argument(help="Default: all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Show the submissions on record."""
    from analysis.records.submissions import read_submissions
    from tuneful.cli.results import as_rich
    from tuneful.leaderboard.ledger import table_of

    submissions = read_submissions(results, competition)
    if as_json:
        print(json.dumps([asdict(one) for one in submissions], indent=1))
    elif submissions:
        console.print(as_rich(table_of(submissions)))
    else:
        where = f"to {competition}" if competition else f"in {results}"
        say(f"No submissions {where}. Try: platform leaderboard add RUN --public 0.777")


def import_file(
    file: Annotated[Path, typer.Argument(help="What `kaggle competitions submissions NAME --csv` printed.")],
    competition: Annotated[str, typer.Option(metavar="NAME", help="The competition.")],
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FILE=RUN",
            help="The run of a row that names none, by its fileName or date; again for more.",
        ),
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Take rows in that are of no run on record.")
    ] = False,
    allow_repeated: Annotated[
        bool, typer.Option("--allow-repeated", help="Take several rows of the same runs in.")
    ] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Take Kaggle's own table of submissions in; run keys are found in descriptions and file names.

    In a terminal, rows that name no run are asked about; nothing is written before the last answer.
    """
    from tuneful.cli.matching import somebody_is_there
    from tuneful.leaderboard.importing import Allowed, find_run, take_in
    from tuneful.leaderboard.kaggle import read_export

    export = read_export(file, competition, _mapped(results, mapped or []), find_run(results))
    allowed = Allowed(allow_unknown, allow_repeated)
    rows = export.rows
    if somebody_is_there() and not allow_unknown:
        rows = _asked(results, competition, rows, allowed)
        allowed = Allowed(True, allow_repeated)
    _show_import(export, take_in(results, competition, rows, allowed))


def submit(
    runs: Runs,
    competition: Competition = None,
    name: Name = None,
    mean: Annotated[str, typer.Option(help="Of several runs: arithmetic, geometric or rank.")] = "arithmetic",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda; where the test isn't predicted yet.")] = "auto",
    again: Again = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Have runs judged on a hidden test of our own (chorus), and put the submission on record."""
    from tuneful.leaderboard.ledger import Described
    from tuneful.leaderboard.submit import mean_words
    from tuneful.leaderboard.submit import submit as judge_and_record

    members = chosen(results, runs)
    described = Described(competition, name, mean_words(mean))
    with preparation() as report:
        submission = judge_and_record(results, members, described, device, again, report)
    _show(submission)


def _asked(results: Path, competition: str, rows: "Sequence[Row]", allowed: "Allowed") -> "tuple[Row, ...]":
    from analysis.records.submissions import read_submissions
    from tuneful.cli.matching import Talk, ask_for_runs, typed_answer
    from tuneful.leaderboard.importing import planned, refuse_repeated

    on_record = read_submissions(results, competition)
    refuse_repeated(rows, planned(rows, on_record), allowed)
    talk = Talk(typed_answer, say, lambda some: planned(some, on_record), allowed.repeated)
    return tuple(ask_for_runs(results, rows, talk))


def _mapped(results: Path, texts: list[str]) -> "dict[str, list[Member]]":
    from trainers.errors import SpecError

    found: dict[str, list[Member]] = {}
    for text in texts:
        file, equals, run = text.rpartition("=")
        if not (file and equals and run):
            raise SpecError(f"--map must be FILE=RUN, got {text!r}. Try: --map submission.csv=loss:7")
        found.setdefault(file, []).extend(one.member for one in chosen(results, [run]))
    return found


def _show(submission: "Submission") -> None:
    scores = {"public": submission.public, "private": submission.private}
    told = ", ".join(f"{name} {value:.4g}" for name, value in scores.items() if value is not None)
    runs = "1 run" if len(submission.members) == 1 else f"{len(submission.members)} runs"
    where = f"Submission {submission.number} to {submission.competition}"
    say(f"{where}, {submission.name} ({runs}): {told or 'no score yet'}")


def _show_import(export: "Export", plan: "Plan") -> None:
    for status, count in export.skipped.items():
        say(f"Skipped {count} rows with status {status!r}.")
    if plan.unknown:
        say(f"{len(plan.unknown)} are of no run on record: no validation score can be compared with theirs.")
    if plan.repeated:
        say(f"{len(plan.repeated)} are of the same runs as another one.")
    left_out = len(export.rows) - len(plan.new) - len(plan.changed) - plan.same
    if left_out:
        say(f"{left_out} were skipped and are not on record.")
    say(f"{len(export.rows)} scored rows: {len(plan.new)} added, {len(plan.changed)} updated, {plan.same} as before.")
