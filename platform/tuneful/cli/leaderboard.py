"""`platform leaderboard`: what was submitted, and which validation score the leaderboard agrees with."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.board_options import By, CvNoise, PrivateRows, PublicNoise, PublicRows
from tuneful.cli.leaderboard_effects import effects
from tuneful.cli.leaderboard_ledger import add, import_file, score, show_list, submit
from tuneful.cli.leaderboard_select import select
from tuneful.cli.leaderboard_shake_up import shake_up
from tuneful.cli.leaderboard_suggest import suggest
from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, say, typed

if TYPE_CHECKING:
    from analysis.correlation import Analysis

WIDTH = 80
"""Most columns of a line of prose."""

leaderboard = typer.Typer(help="Submissions and their scores: which validation score can be trusted.")


@leaderboard.callback()
def about() -> None:
    """Submissions and their scores: which validation score can be trusted."""


@leaderboard.command("analyse")
def analyse_table(
    table: Annotated[str, typer.Argument(help="A CSV file, a row per submission; or the example birdclef2025_detkov.")],
    cv: Annotated[list[str], typer.Option(metavar="COLUMN", help="A validation score; again for each one tried.")],
    public: Annotated[str, typer.Option(metavar="COLUMN", help="The public leaderboard score.")],
    page: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="--html: where to. Default: RESULTS/reports/tables/NAME.html."),
    ] = None,
    name: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What a submission is called.")] = None,
    private: Annotated[str | None, typer.Option(metavar="COLUMN", help="The private leaderboard score.")] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="How the validation score was made; each is judged alone.")
    ] = None,
    by: By = None,
    cv_noise: CvNoise = None,
    public_noise: PublicNoise = None,
    lower_is_better: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A loss; again for more.")] = None,
    higher_is_better: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A score whose name doesn't say so; again for more.")
    ] = None,
    repeats: Annotated[
        bool, typer.Option("--average-repeats", help="Rows with one id are repeats: take their mean, spread is noise.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of permutations and resamples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every number, for other programs.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="One page with figures, as platform report has it.")] = False,
    public_rows: PublicRows = None,
    private_rows: PrivateRows = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say which validation score predicts the leaderboard, how sure that is, and what to do next."""
    from analysis.correlation import Columns, Directions, Options, analyse, parse_noise
    from analysis.correlation.file import read_submissions_file

    columns = Columns(tuple(cv), public, name, private, protocol, tuple(by or ()))
    directions = Directions(tuple(lower_is_better or ()), tuple(higher_is_better or ()))
    noise = {column: parse_noise(cv_noise, "--cv-noise") for column in cv if cv_noise}
    noise |= {column: parse_noise(public_noise, "--public-noise") for column in columns.boards.values() if public_noise}
    _refuse_stray_options(as_json, as_html, (page, public_rows, private_rows))
    path = _path(table)
    rows, options = read_submissions_file(path, columns, Options(noise=noise, seed=seed), directions, repeats)
    if as_html:
        from analysis.report.leaderboard.from_table import subject_of_table
        from tuneful.leaderboard.report import HiddenTest, table_page

        subject = subject_of_table(path.stem, rows, columns, options, typed())
        made = table_page(subject, HiddenTest(public_rows, private_rows, public_noise))
        _write_page(page or results / "reports" / "tables" / f"{path.stem}.html", made)
    elif as_json:
        print(json.dumps(analyse(rows, columns, options).as_json(), indent=1))
    else:
        _show(analyse(rows, columns, options))


def _path(table: str) -> Path:
    from analysis.examples import example

    path = Path(table)
    return path if path.exists() else example(table) or path


def _refuse_stray_options(as_json: bool, as_html: bool, of_page: tuple[object, ...]) -> None:
    from trainers.errors import SpecError

    if as_json and as_html:
        raise SpecError("--json and --html are two ways to tell it. Try: one of them")
    if not as_html and any(option is not None for option in of_page):
        raise SpecError("FILE, --public-rows and --private-rows are of the page. Try: --html")


def _write_page(path: Path, page: str) -> None:
    from analysis.records.files import write_atomically

    write_atomically(path, page.encode())
    say(f"Report: {path}")


def _show(found: "Analysis") -> None:
    from tuneful.leaderboard.analysis_text import lines

    for line in lines(found, min(console.width, WIDTH)):
        say(line)


leaderboard.command()(add)
leaderboard.command()(score)
leaderboard.command("list")(show_list)
leaderboard.command("import")(import_file)
leaderboard.command()(submit)
leaderboard.command()(effects)
leaderboard.command()(select)
leaderboard.command()(suggest)
leaderboard.command("shake-up")(shake_up)
