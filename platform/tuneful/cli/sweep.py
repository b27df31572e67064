"""`platform sweep`: search a space of experiments."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, preparation, say, typed
from tuneful.cli.sweep_options import (
    Allow,
    CpusPerWorker,
    Data,
    GpusPerWorker,
    MaxConcurrentTrials,
    Recipe,
    RetryFailed,
    Set,
    Trials,
    Workers,
    resources,
)

if TYPE_CHECKING:
    from analysis.records.sweep import SweepFolder
    from trainers.data.catalogue import Catalogue
    from tuneful.checks.subject import Finding
    from tuneful.space.sweep import Sweep
    from tuneful.sweep.outcome import Outcome


def sweep(
    file: Annotated[str, typer.Argument(help="A sweep file, or the name of one such as `loss`.")],
    data: Data = None,
    recipe: Recipe = None,
    set_: Set = None,
    trials: Trials = None,
    workers: Workers = None,
    cpus_per_worker: CpusPerWorker = None,
    gpus_per_worker: GpusPerWorker = None,
    max_concurrent_trials: MaxConcurrentTrials = None,
    max_hours: Annotated[float | None, typer.Option(help="Stop after so many hours; go on later.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the sweep, in place of the file's.")] = None,
    allow: Allow = None,
    extend: Annotated[
        int | None, typer.Option(min=1, help="So many trials more than on record; ranges may be wider, points more.")
    ] = None,
    warm_start: Annotated[
        list[str] | None, typer.Option(help="Earlier sweep whose trials the search learns from; repeatable.")
    ] = None,
    reuse: Annotated[
        bool | None, typer.Option("--reuse/--no-reuse", help="Take runs that other sweeps trained already.")
    ] = None,
    retry_failed: RetryFailed = False,
    wandb: Annotated[
        str | None, typer.Option(metavar="PROJECT", help="Mirror trials to this project of Weights & Biases.")
    ] = None,
    results: Results = DEFAULT_RESULTS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Draw, check, predict the time; run nothing.")] = False,
    dashboard: Annotated[bool, typer.Option(help="Ray's dashboard, on loopback, with a token.")] = True,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Join a running Ray cluster; its token from RAY_AUTH_TOKEN_PATH."),
    ] = None,
) -> None:
    """Search a space of experiments on Ray. The same command again finishes what is missing."""
    from tuneful.space.locate import find_sweep_file
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import load_sweep

    options = SweepOptions(
        data=data,
        recipe=recipe,
        sets=tuple(set_ or ()),
        trials=trials,
        max_hours=max_hours,
        name=name,
        allow=tuple(allow or ()),
        reuse=reuse,
        warm_start=tuple(warm_start or ()),
        resources=resources(workers, cpus_per_worker, gpus_per_worker, max_concurrent_trials),
        wandb=wandb,
    )
    asked = load_sweep(find_sweep_file(file), options)
    if extend is not None:
        asked = _extended(asked, results, extend, trials)
    how = RunHow(_again(asked, extend), dashboard, extend is not None, address, retry_failed)
    if dry_run:
        _try_out(asked, results, how)
    else:
        run_asked(asked, results, how)


@dataclass(frozen=True)
class RunHow:
    """How a sweep is run that is about to start."""

    command: str
    """what goes on with it"""
    dashboard: bool = True
    extending: bool = False
    address: str | None = None
    retry_failed: bool = False


def run_asked(asked: "Sweep", results: Path, how: RunHow) -> None:
    """Check a sweep, run it, and tell its end; leaves with its exit code where that isn't 0."""
    asked, catalogue, findings = _preflight(asked, results, how)
    again = how.command.replace(" --retry-failed", "")  # that is done once
    # Only here: Ray takes a second, and a refused sweep must not wait for it.
    from tuneful.sweep.driver import SweepOptions, run_sweep

    with preparation() as report:
        options = SweepOptions(
            results,
            console,
            again,
            how.dashboard,
            report,
            findings,
            how.extending,
            how.address,
            how.retry_failed,
        )
        outcome = run_sweep(asked, catalogue, options)
    _conclude(outcome, results, again)


def _extended(asked: "Sweep", results: Path, more: int, trials: int | None) -> "Sweep":
    from trainers.errors import SpecError
    from tuneful.sweep.searchers.extension import extended

    if trials is not None:
        raise SpecError("--trials and --extend both say how many trials. Try: one of the two")
    return extended(asked, results, more)


def _again(asked: "Sweep", extend: int | None) -> str:
    """The command that goes on with the sweep: once extended, to the same number of trials, not by as many again."""
    if extend is None:
        return typed()
    return re.sub(r"--extend[ =]\d+", f"--trials {asked.definition.trials}", typed())


def _preflight(asked: "Sweep", results: Path, how: RunHow) -> tuple["Sweep", "Catalogue", "list[Finding]"]:
    """Everything that can be refused before compute is spent or anything is written to the results."""
    from analysis.records.sweep import sweep_folder
    from trainers.data.prepare import open_catalogue
    from tuneful.checks.registry import refuse_errors
    from tuneful.checks.sweeps import check_sweep, without_impossible_splits
    from tuneful.sweep.clusters.room import check_fit
    from tuneful.sweep.folder import adoptable
    from tuneful.sweep.ground import check_data
    from tuneful.sweep.searchers.possible import check_warm_start

    folder = sweep_folder(results, asked.name)
    adoptable(folder, asked.resolved(), how.extending)
    check_warm_start(asked, results)
    if how.address is None:  # what a cluster has is known once it is joined
        check_fit(asked.definition.resources.model_dump())
        _tell_idle_gpus(asked)
    base = asked.spec_for({})
    with preparation() as report:
        catalogue = open_catalogue(base.data.name, report)
    check_data(folder, catalogue.digest)
    asked, left_out = without_impossible_splits(asked, catalogue)
    for line in left_out:
        say(f"Warning: {line}", "yellow", fold=True)
    findings = check_sweep(asked, catalogue)
    for finding in findings:
        if finding.severity == "warning" or finding.code in asked.definition.allow:
            say(str(finding), "yellow", fold=True)
    refuse_errors(findings, asked.definition.allow)
    return asked, catalogue, findings


def _tell_idle_gpus(asked: "Sweep") -> None:
    """One line where this machine's GPUs would stay idle. The chorus recipe is made for CPUs."""
    from tuneful.devices import count_gpus

    definition = asked.definition
    if definition.resources.gpus_per_worker == 0 and definition.recipe != "chorus" and (gpus := count_gpus()):
        has = "a GPU" if gpus == 1 else f"{gpus} GPUs"
        shared = ", or 0.5 for two on one" if definition.resources.workers == 1 else ""
        say(f"This machine has {has}, and trials use none. Try: --gpus-per-worker 1{shared}", "yellow")


def _try_out(asked: "Sweep", results: Path, how: RunHow) -> None:
    """Draw a sweep, refuse and tell what its start would, and predict the rest; nothing is written to the results."""
    from tuneful.space.draw import draw_space
    from tuneful.sweep.estimate import estimate

    console.print(draw_space(asked))
    asked, _, _ = _preflight(asked, results, how)
    with preparation() as report:
        console.print(estimate(asked, results, report))


def _tell_answer(folder: "SweepFolder") -> None:
    """The winner with its uncertainty; a difference within noise is a tie."""
    from analysis.report.sentences import answer, certainty
    from tuneful.cli.shared import tables_of

    tables = tables_of(folder)
    for sentence in (f"{answer(tables)}.", *certainty(tables)):
        say(sentence, fold=True)


def _conclude(outcome: "Outcome", results: Path, command: str) -> None:
    from analysis.records.states import state_word
    from tuneful.cli.report import write_report
    from tuneful.cli.results import print_best

    counts = ", ".join(f"{number} {state_word(state)}" for state, number in sorted(outcome.states.items()))
    taken = f", {outcome.reused} runs taken from other sweeps" if outcome.reused else ""
    say(f"{outcome.folder.name}: {counts or 'no trial has ended'}{taken}")
    if outcome.states:
        print_best(outcome.folder)
        _tell_answer(outcome.folder)
        page = write_report(outcome.folder, results)
        say(f"Report: {page}")
    if outcome.failed:
        last = f"{outcome.folder.name}:{outcome.failed[-1]}"
        say(f"{len(outcome.failed)} failed. Try: platform logs {last}. To run them again: {command} --retry-failed")
    if outcome.unfinished:
        how = outcome.blocked or f"To go on: {command}"
        say(f"{outcome.unfinished} are left. {how}")
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
