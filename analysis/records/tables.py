"""From a sweep's ledgers to its tables: one row per trial, one row per run and epoch."""

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.objective import Objective
from analysis.records.exploits import exploits_table
from analysis.records.files import write_atomically
from analysis.records.ledger import RunLedger
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from analysis.records.sweep_tables import SweepTables

SCHEMA_VERSION = 1
PREDICTIONS = "predictions.parquet"
TRIAL_COLUMNS = (
    "trial",
    "stage",
    "candidate",
    "split",
    "state",
    "score",
    "score_sd",
    "epochs",
    "planned_epochs",
    "seconds",
    "error",
    "runs",
    "exploits",
)


def collect(folder: SweepFolder, unfinished: str) -> SweepTables:
    """Read a sweep, finished or not, from its ledgers.

    Args:
        folder: of the sweep.
        unfinished: what a trial without an end is: `running` or `interrupted`.
    """
    definition = folder.definition() or {}
    objectives = Objective.all_of(definition)
    objective = objectives[0]
    trials: list[dict[str, Any]] = []
    epochs: list[dict[str, Any]] = []
    for stage in (SEARCH, CONFIRM):
        for plan, end in folder.trials(stage):
            rows = [row for run in plan.runs for row in _epoch_rows(folder.ledger(run.key), plan, run)]
            epochs += rows
            row = _trial_row(plan, end, rows, unfinished, _spread(rows, plan, objective))
            trials.append({**row, **_further(end, objectives)})
    columns = list(dict.fromkeys([*TRIAL_COLUMNS, *(name for row in trials for name in row)]))
    return SweepTables(
        definition, pd.DataFrame(trials, columns=columns), pd.DataFrame(epochs), folder.command, tuple(folder.checks())
    )


def write_tables(results: Path, name: str, tables: SweepTables, folder: SweepFolder) -> None:
    """Write `runs/<name>/*.parquet` and gather `predictions/<name>/<run>.parquet`; all of it can be made again."""
    exploits = exploits_table(plan for plan, _ in folder.trials(SEARCH))
    frames = {"trials": tables.trials, "epochs": tables.epochs, **({} if exploits.empty else {"exploits": exploits})}
    for table, frame in frames.items():
        sink = pa.BufferOutputStream()
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        metadata = {**(arrow.schema.metadata or {}), b"tuneful_schema": str(SCHEMA_VERSION).encode()}
        pq.write_table(arrow.replace_schema_metadata(metadata), sink, write_page_checksum=True)
        write_atomically(results / "runs" / name / f"{table}.parquet", sink.getvalue().to_pybytes())
    for key in folder.run_keys():
        _gather_predictions(folder.ledger(key), results / "predictions" / name / f"{key}.parquet")


def _trial_row(
    plan: TrialPlan, end: TrialEnd | None, rows: list[dict[str, Any]], unfinished: str, spread: float
) -> dict[str, Any]:
    return {
        "trial": plan.number,
        "stage": plan.stage,
        "candidate": plan.candidate,
        "split": plan.runs[0].split if plan.stage == CONFIRM else None,
        "state": end.state if end else unfinished,
        "score": end.score if end else math.nan,
        "score_sd": spread,
        "epochs": max((row["epoch"] for row in rows), default=0),
        "planned_epochs": _planned_epochs(plan),
        "seconds": sum(row.get("seconds", 0) + row.get("eval_seconds", 0) for row in rows),
        "error": end.error if end else None,
        "runs": [run.key for run in plan.runs],
        "exploits": len(plan.exploits),
        **{f"param.{path}": _cell(value) for path, value in plan.settings.items()},
    }


def _planned_epochs(plan: TrialPlan) -> float:
    """`training.epochs` of the trial's runs, derived or not; NaN where their spec doesn't say."""
    training: dict[str, Any] = plan.runs[0].spec.get("training", {})
    return float(training.get("epochs", math.nan))


def _further(end: TrialEnd | None, objectives: Sequence[Objective]) -> dict[str, float]:
    """`objective.<metric>` of every objective after the first, which is the score."""
    values = end.values_of(len(objectives)) if end else [math.nan] * len(objectives)
    return {f"objective.{one.metric}": value for one, value in zip(objectives[1:], values[1:], strict=True)}


def _epoch_rows(ledger: RunLedger, plan: TrialPlan, run: RunPlan) -> Iterator[dict[str, Any]]:
    identity = ledger.identity() or {}
    for record in ledger.epochs():
        yield {
            "run": run.key,
            "trial": plan.number,
            "stage": plan.stage,
            "candidate": plan.candidate,
            "fold": run.fold,
            "seed": run.seed,
            "repeat": run.repeat,
            "split": run.split,
            "split_digest": identity.get("split_digest"),
            "protocol": record["protocol"],
            "reused": ledger.taken_from,
            "attempt": record["attempt"],
            "epoch": record["epoch"],
            "state": record["state"],
            **record["metrics"],
        }


def _spread(rows: list[dict[str, Any]], plan: TrialPlan, objective: Objective) -> float:
    """Standard deviation of the scores of a trial's runs; NaN with one."""
    histories = [[row.get(objective.metric, math.nan) for row in rows if row["run"] == run.key] for run in plan.runs]
    scores = [objective.score(history) for history in histories if history]
    return statistics.stdev(scores) if len(scores) > 1 else math.nan


def _cell(value: Any) -> Any:
    """Lists and mappings as text, as a person writes them in YAML: a table's cells are plain."""
    plain = value is None or isinstance(value, str | int | float | bool)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _gather_predictions(ledger: RunLedger, target: Path) -> None:
    finished = ledger.finished
    kept = ledger.checkpoint(finished["kept_epoch"]) if finished and finished["kept_epoch"] else None
    if kept is None:
        return
    content = (kept / PREDICTIONS).read_bytes()
    if not target.exists() or target.read_bytes() != content:  # a run that was gone on with keeps another epoch
        write_atomically(target, content)
