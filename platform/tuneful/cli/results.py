"""`platform results`: the table of trials."""

import json
import math
import re
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.table import Table
from rich.text import Text

from analysis.objective import Objective
from analysis.records.states import state_word
from analysis.records.sweep import SEARCH, SweepFolder, sweep_names
from trainers.config.paths import nearest
from trainers.errors import SpecError
from tuneful.cli.plain import plain
from tuneful.cli.shared import DEFAULT_RESULTS, PLAIN_WIDTH, Results, console, existing_sweep, say, tables_of
from tuneful.cli.train import SHOWN
from tuneful.live.settings import short_names
from tuneful.space.objective_spec import objective_direction, objective_refusal

TOP = 5
SETTING = "param."
"""What the columns of settings begin with."""
PLANNED = ("planned_epochs", "exploits")
"""What is worth a column only where trials differ in it."""
CONFIRMED = ("candidate", "split")
SPARE = ("planned_epochs", "score_sd", "seconds", "train/loss", "val/loss", "val/macro_f1", "val/map", "val/macro_auc")
"""What a narrow terminal goes without, the first of them first."""
READABLE_WIDTH = 160
"""Columns of a table that goes to a file or another program and is to be read there; for programs there is --csv."""
FIRST = ("stage", "trial", "state", "score", "score_sd")
"""Columns that a trial's settings come after."""
SETTINGS_WIDTH = 40
"""Columns of a terminal for settings that share one column of the table."""
SORT_HELP = "Column to sort by: score, a metric or a cost best first, others from the smallest. [default: score]"
SCORE = "score"
OBJECTIVE = "objective."
"""What the columns of the objectives after the first begin with."""


def results(
    sweep: Annotated[str | None, typer.Argument(help="A sweep's name; without it, all sweeps.")] = None,
    sort: Annotated[str | None, typer.Option(metavar="COLUMN", help=SORT_HELP, show_default=False)] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, for other programs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, a list of records, for other programs.")] = False,
    folder: Results = DEFAULT_RESULTS,
) -> None:
    """Show the trials of a sweep, or the sweeps there are."""
    if sweep is None and sort is not None:
        raise SpecError(f"--sort is of a sweep's trials. Try: platform results SWEEP --sort {sort}")
    sort = sort or SCORE
    table = _sweeps(folder) if sweep is None else trial_table(existing_sweep(folder, sweep), sort)
    if as_csv:
        print(table.to_csv(index=False), end="")
    elif as_json:
        print(json.dumps(json.loads(table.to_json(orient="records")), indent=1))
    elif table.empty:
        say(f"Nothing in {folder} yet. Try: platform sweep loss")
    else:
        width = READABLE_WIDTH if console.width == PLAIN_WIDTH else console.width
        console.print(as_rich(fitting(in_words(telling(table, sort)), sort, width)), width=width)


def trial_table(folder: SweepFolder, sort: str) -> pd.DataFrame:
    """All trials of a sweep with the last value of every metric.

    They are sorted best first by the score, a metric or a cost, and from the smallest by any other column.

    Raises:
        SpecError: `sort` is no column.
    """
    tables = tables_of(folder)
    trials = tables.trials.drop(columns=["runs"]).dropna(axis=1, how="all")
    metrics = [name for name in tables.epochs if "/" in str(name)]
    if metrics:
        last = tables.epochs.sort_values("epoch").drop_duplicates(["stage", "trial", "run"], keep="last")
        means = last.groupby(["stage", "trial"])[metrics].mean().reset_index()
        trials = trials.merge(means, on=["stage", "trial"], how="left")
    if sort not in trials:
        if sort == SCORE:
            return trials
        names = [name for name in map(str, trials) if "@" in sort or "@" not in name]  # groups are many
        raise SpecError(f"--sort: {sort!r} is no column. {nearest(sort, names)}")
    return trials.sort_values(sort, ascending=_lower_first(folder, sort), kind="stable").reset_index(drop=True)


def _lower_first(folder: SweepFolder, sort: str) -> bool:
    """Whether the lowest value of a column is the best, or neither end is better."""
    if sort == SCORE:
        return Objective.of(folder.definition() or {}).mode == "min"
    metric = re.sub(r"^test/", "val/", sort.removeprefix(OBJECTIVE))
    return bool(objective_refusal(metric)) or objective_direction(metric) == "min"


def print_best(folder: SweepFolder) -> None:
    """The best complete trials of the search as a small table."""
    table = trial_table(folder, SCORE)
    best = table[(table["stage"] == SEARCH) & (table["state"] == "complete")].head(TOP)
    columns = ["trial", "score", "epochs", *(name for name in table if str(name).startswith(SETTING))]
    if len(best):  # without settings that none of the best has
        shown = best[[column for column in columns if column in best]].dropna(axis="columns", how="all")
        console.print(as_rich(fitting(shown, SCORE, console.width)))


def telling(table: pd.DataFrame, sort: str) -> pd.DataFrame:
    """What fits a terminal; --csv and --json have it all.

    Left out are settings that all trials share, which tell nothing apart, and of the many metrics all but the main ones
    and that sorted by. The trials of the search come before those that confirm them, settings before measures.
    """
    settings = [name for name in table if str(name).startswith(SETTING)] if len(table) > 1 else []
    shared = [name for name in (*settings, *PLANNED) if name in table and _is_shared(table[name])]
    minor = [name for name in table if "/" in str(name) and name not in (*SHOWN, *settings, sort)]
    told = _in_order(table.drop(columns=[name for name in (*shared, *minor) if name != sort]))
    return told.sort_values("stage", key=lambda stage: stage != SEARCH, kind="stable") if "stage" in told else told


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """What a trial is and its score first, then its settings, then what was measured, an error last."""

    def place(name: Any) -> int:
        setting = name == "settings" or name in CONFIRMED or str(name).startswith(SETTING)
        return 0 if name in FIRST else 1 if setting else 3 if name == "error" else 2

    return table[sorted(table, key=place)]


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """The states of trials, in cells and as columns that count them, as a person calls them."""
    named = table.rename(columns={name: state_word(name) for name in table})
    return named.assign(state=table["state"].map(state_word)) if "state" in table else named


def _is_shared(column: "pd.Series[Any]") -> bool:
    return column.astype(str).nunique(dropna=False) == 1


def fitting(table: pd.DataFrame, sort: str, width: int) -> pd.DataFrame:
    """The table as wide as a terminal of `width` columns: in a narrow one settings have shorter names, then what can be
    spared is left out, and where that won't do settings share a column."""
    if _width(table) <= width:
        return table
    short = _with_short_names(table)
    spared = _without_spare(short, sort, width)
    return spared if _width(spared) <= width else _without_spare(_together(short), sort, width)


def _with_short_names(table: pd.DataFrame) -> pd.DataFrame:
    names = short_names(str(name).removeprefix(SETTING) for name in table if str(name).startswith(SETTING))
    return table.rename(columns={f"{SETTING}{path}": f"{SETTING}{name}" for path, name in names.items()})


def _together(table: pd.DataFrame) -> pd.DataFrame:
    """All settings in one column, with what a trial confirms."""
    settings = [name for name in table if name in CONFIRMED or str(name).startswith(SETTING)]
    if not settings:
        return table
    told = [_told(row) for row in table[settings].to_dict("records")]
    return _in_order(table.drop(columns=settings).assign(settings=told))


def _without_spare(table: pd.DataFrame, sort: str, width: int) -> pd.DataFrame:
    """Without as many of the columns that can be spared as it takes, if that is enough."""
    for name in ("stage", *SPARE):
        spare = name in table and name != sort and (name != "stage" or _is_shared(table[name]))
        if spare and _width(table) > width:
            table = table.drop(columns=name)
    return table


def _width(table: pd.DataFrame) -> int:
    """Columns of a terminal that a table takes, two between its own."""
    widths = [max(len(_title(name)), *(len(_cell(value)) for value in table[name])) for name in table]
    shared = [
        min(wide, SETTINGS_WIDTH) if name == "settings" else wide for name, wide in zip(table, widths, strict=True)
    ]
    return sum(shared) + 2 * (len(shared) - 1)


def _told(settings: dict[Any, Any]) -> str:
    """`loss.name=ce training.epochs=6`, without those that a trial doesn't have."""
    cells = {str(name).removeprefix(SETTING): _cell(value) for name, value in settings.items()}
    return " ".join(f"{name}={cell}" for name, cell in cells.items() if cell)


def as_rich(table: pd.DataFrame) -> Table:
    """A pandas table for the terminal; its names and cells are data."""
    rich = Table(box=None, pad_edge=False, header_style="bold")
    for name in table:
        whole = str(name) in ("trial", "score", "state")
        rich.add_column(Text(_title(name)), no_wrap=whole, overflow="fold")
    for row in table.itertuples(index=False):
        rich.add_row(*(Text(_cell(value)) for value in row))
    return rich


def _title(name: Any) -> str:
    return plain(str(name).removeprefix(SETTING))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):  # whole numbers, too, where another trial lacks the setting
        return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"
    return plain(str(value))


def _sweeps(folder: Path) -> pd.DataFrame:
    """A row for each sweep: its trials, its best score, and how trials and confirm runs ended."""
    rows: list[dict[str, Any]] = []
    states: dict[str, int] = {}
    for name in sweep_names(folder):
        sweep = existing_sweep(folder, name)
        trials, objective = tables_of(sweep).trials, Objective.of(sweep.definition() or {})
        searched = trials[trials["stage"] == SEARCH]
        scores = searched[searched["state"] == "complete"]["score"]
        counts = {str(state): number for state, number in trials["state"].value_counts().items()}
        states |= dict.fromkeys(counts, 0)
        about = {
            "sweep": name,
            "trials": len(searched),
            "confirm_runs": len(trials) - len(searched),
            "metric": objective.metric,
            "best": scores.min() if objective.mode == "min" else scores.max(),
        }
        rows.append({**about, **counts})
    table = pd.DataFrame(rows)
    return table.fillna(states).astype(dict.fromkeys(states, int))
