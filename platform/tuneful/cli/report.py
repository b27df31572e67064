"""`platform report`: one self-contained page about a sweep, or about the leaderboard that its runs were sent to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.records.sweep import SweepFolder
from tuneful.cli.board_options import By, CvNoise, PrivateRows, PublicNoise, PublicRows
from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say, tables_of, typed

if TYPE_CHECKING:
    from tuneful.leaderboard.report import PageAsked

Sweeps = Annotated[
    list[str] | None,
    typer.Argument(metavar="SWEEP...", help="Names of sweeps; --leaderboard without any: all.", show_default=False),
]


def report(
    sweeps: Sweeps = None,
    leaderboard: Annotated[
        bool, typer.Option("--leaderboard", help="The page of what was submitted of these sweeps.")
    ] = False,
    competition: Annotated[
        str | None, typer.Option(metavar="NAME", help="--leaderboard: which, where there are several.")
    ] = None,
    cv: Annotated[
        list[str] | None,
        typer.Option(metavar="SCORE", help="--leaderboard: a recorded score, such as val/map|best; again for more."),
    ] = None,
    by: By = None,
    cv_noise: CvNoise = None,
    public_noise: PublicNoise = None,
    public_rows: PublicRows = None,
    private_rows: PrivateRows = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Write the page of each sweep, finished or not, and name it; or the page of the leaderboard."""
    folders = [existing_sweep(results, name) for name in dict.fromkeys(sweeps or ())]
    if not leaderboard:
        _refuse_board_options(competition, cv, by, cv_noise, public_noise, public_rows, private_rows)
        _refuse_nothing(folders)
        for folder in folders:
            say(f"Report: {write_report(folder, results)}")
        return
    from analysis.correlation import parse_noise
    from analysis.report.leaderboard.from_evidence import Choice
    from tuneful.leaderboard.report import HiddenTest, PageAsked

    noise = parse_noise(cv_noise, "--cv-noise") if cv_noise else None
    board_noise = parse_noise(public_noise, "--public-noise") if public_noise else None
    choice = Choice(tuple(cv or ()), tuple(by or ()), noise, board_noise)
    test = HiddenTest(public_rows, private_rows, public_noise)
    asked = PageAsked(competition, choice, test, typed())
    say(f"Report: {_write_board_report(results, [folder.name for folder in folders], asked)}")


def write_report(folder: SweepFolder, results: Path) -> Path:
    """Write `reports/<sweep>.html` below the results; returns its path."""
    from analysis.records.files import write_atomically
    from analysis.report.page import sweep_page

    path = results / "reports" / f"{folder.name}.html"
    write_atomically(path, sweep_page(tables_of(folder)).encode())
    return path


def _write_board_report(results: Path, sweeps: list[str], asked: "PageAsked") -> Path:
    """Write `reports/leaderboard/<competition>.html` below the results; returns its path."""
    from analysis.records.files import write_atomically
    from tuneful.leaderboard.report import ledger_page

    competition, page = ledger_page(results, sweeps, asked)
    path = results / "reports" / "leaderboard" / f"{competition}.html"
    write_atomically(path, page.encode())
    return path


def _refuse_board_options(*given: object) -> None:
    from trainers.errors import SpecError

    if any(option is not None for option in given):
        raise SpecError(
            "--competition, --cv, --by, noise and rows are of the leaderboard's page. "
            "Try: platform report --leaderboard"
        )


def _refuse_nothing(folders: list[SweepFolder]) -> None:
    from trainers.errors import SpecError

    if not folders:
        raise SpecError("which sweep? Try: platform report SWEEP, or platform report --leaderboard")
