"""`platform dashboard`: where Ray's dashboard, optuna-dashboard and the report of a sweep are, one of them opened."""

import os
import shutil
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from analysis.records.sweep import SweepFolder, sweep_names
from trainers.errors import SpecError
from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say

if TYPE_CHECKING:
    from tuneful.sweep.clusters.ray_where import RayWhere
    from tuneful.sweep.lock import Holder

Page = Literal["ray", "optuna", "report"]


def dashboard(
    sweep: Annotated[str | None, typer.Argument(help="A sweep's name; default: the one that runs.")] = None,
    page: Annotated[
        Page | None, typer.Option(help="Which to open; default: ray while the sweep runs, report after.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser, or say only where.")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of optuna-dashboard; 0: any that is free.")] = 0,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say where the pages of a sweep are, and open one: Ray's dashboard, optuna-dashboard, or the report."""
    from tuneful.cli.report import write_report
    from tuneful.sweep.clusters.ray_where import read_where
    from tuneful.sweep.lock import holder

    folder = existing_sweep(results, sweep or _running(results))
    who = holder(folder.path)
    where = read_where(folder.path) if who else None
    report = write_report(folder, results).absolute()
    for line in [*_ray_lines(folder, who, where), _optuna_line(folder), f"report   {report}"]:
        say(line)
    page = page or ("ray" if where and where.dashboard else "report")
    if page == "optuna":
        _serve_optuna(folder, results, port, open_)
    elif page == "ray" and (where is None or where.dashboard is None):
        raise SpecError(f"there is no dashboard of Ray for {folder.name}. Try: --page report")
    elif open_:
        _open(where.dashboard if page == "ray" and where and where.dashboard else report.as_uri())


def _running(results: Path) -> str:
    """The one sweep that runs."""
    from tuneful.sweep.lock import holder

    names = sweep_names(results)
    running = [name for name in names if holder(existing_sweep(results, name).path)]
    if len(running) == 1:
        return running[0]
    which = f"{len(running)} sweeps run: {', '.join(running)}" if running else f"no sweep runs in {results}"
    raise SpecError(f"{which}. Try: platform dashboard {(running or names or ['SWEEP'])[0]}")


def _ray_lines(folder: SweepFolder, who: "Holder | None", where: "RayWhere | None") -> list[str]:
    if where is None:
        why = "it has started none yet" if who else f"{folder.name} doesn't run"
        return [f"ray      none: {why}"]
    if where.dashboard is None:
        lines = ["ray      off: the sweep was started with --no-dashboard"]
    else:
        lines = [f"ray      {where.dashboard}  (log in with the token: cat {where.token_file})"]
    if who is not None and who.host != socket.gethostname():
        address = (where.dashboard or "").removeprefix("http://")
        lines.append(
            f"         on {who.host}, on its loopback: ssh -N -L {address.rsplit(':', 1)[-1]}:{address} {who.host}"
        )
    if where.metrics:
        lines.append(f"metrics  {where.metrics}  (for Prometheus: tuneful_score, tuneful_epoch, tuneful_trials)")
        lines += _missing_panels(where)
    return lines


def _missing_panels(where: "RayWhere") -> list[str]:
    """Ray's dashboard draws time series from Prometheus through Grafana, neither of which comes with it."""
    programs = {"Prometheus": "prometheus", "Grafana": "grafana-server"}
    missing = [name for name, program in programs.items() if shutil.which(program) is None]
    lines = []
    if missing:
        sites = "https://prometheus.io/download, https://grafana.com/grafana/download"
        lines.append(f"         Ray's panels over time need {' and '.join(missing)}, not found here: {sites}")
    if where.prometheus:
        lines.append(f"         {'then' if missing else 'panels'}: prometheus --config.file={where.prometheus}")
    return lines


def _optuna_line(folder: SweepFolder) -> str:
    from tuneful.live.optuna_page import INSTALL, installed

    if not (folder.definition() or {}).get("search"):
        return "optuna   none: nothing was searched"
    command = f"platform dashboard {folder.name} --page optuna"
    return (
        f"optuna   {command}"
        if installed()
        else f"optuna   optuna-dashboard is not installed: {INSTALL}, then {command}"
    )


def _serve_optuna(folder: SweepFolder, results: Path, port: int, open_: bool) -> None:
    from tuneful.live.optuna_page import require, serve
    from tuneful.live.study import StudyFile

    require()
    study = StudyFile(folder, results)
    say(f"study    {study.path.absolute()} with {study.update()} trials; new ones are added as they end")

    def tell(url: str) -> None:
        say(f"optuna   {url}  (Ctrl-C ends it)")
        if open_:
            _open(url)

    serve(study, port, tell)


def _open(url: str) -> None:
    """In a browser with windows: one for terminals would take this one."""
    import webbrowser

    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        say("There is no browser here: open the address on your own machine, such as through ssh -L.")
    else:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
