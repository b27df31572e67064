"""`platform`: the commands, and how a user's mistake is told."""

import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

import tuneful
from analysis.errors import RecordsError, UserError
from tuneful.cli.check import check
from tuneful.cli.dashboard import dashboard
from tuneful.cli.data import data
from tuneful.cli.doctor import doctor
from tuneful.cli.ensemble import ensemble
from tuneful.cli.export import export
from tuneful.cli.leaderboard import leaderboard
from tuneful.cli.logs import logs
from tuneful.cli.predict import predict
from tuneful.cli.promote import promote
from tuneful.cli.prune import prune
from tuneful.cli.report import report
from tuneful.cli.results import results
from tuneful.cli.simulate import simulate
from tuneful.cli.simulate_competition import simulate_competition
from tuneful.cli.status import status
from tuneful.cli.stop import stop
from tuneful.cli.sweep import sweep
from tuneful.cli.train import train
from tuneful.cli.usage import Commands
from tuneful.cli.wandb_sync import wandb_sync
from tuneful.cli.watch import watch

app = typer.Typer(
    name="platform",
    cls=Commands,
    help="An experimentation platform for multi-label audio classification.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(sweep)
app.command()(train)
app.command()(status)
app.command()(watch)
app.command()(stop)
app.command()(logs)
app.command()(dashboard)
app.command()(results)
app.command()(report)
app.command()(check)
app.command()(doctor)
app.command("simulate-competition")(simulate_competition)
app.command()(ensemble)
app.command()(predict)
app.command()(export)
app.command()(promote)
app.command()(prune)
app.command("wandb-sync")(wandb_sync)
app.command()(simulate)
app.add_typer(data, name="data")
app.add_typer(leaderboard, name="leaderboard")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tuneful {tuneful.__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of mistakes too.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """An experimentation platform for multi-label audio classification."""
    del debug, version


def main() -> None:
    """Run a command. Mistakes are one message on stderr: exit code 2, or 3 where results can't be read or written."""
    try:
        app()
    except UserError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:  # a disk, a folder: nothing that a traceback would mend
        _fail(f"{error}. Try: platform --debug ... to see where", RecordsError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(message: str, exit_code: int) -> NoReturn:
    """Say what is wrong; with --debug, from inside an `except`, show where as well."""
    if "--debug" in sys.argv:
        raise
    Console(stderr=True).print(f"Error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(exit_code)
