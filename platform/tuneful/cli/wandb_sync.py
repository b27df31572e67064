"""`platform wandb-sync`: what was kept offline goes to Weights & Biases."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.records.sweep import SweepFolder
from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say


def wandb_sync(
    sweeps: Annotated[list[str], typer.Argument(help="Names of sweeps.")],
    project: Annotated[
        str | None, typer.Option(help="Project, for sweeps whose file has no tracking.wandb.project.")
    ] = None,
    entity: Annotated[str | None, typer.Option(help="User or team, in place of the file's.")] = None,
    send: Annotated[bool, typer.Option("--upload/--no-upload", help="Send, or only write offline runs.")] = True,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Write what a sweep's mirror missed, add leaderboard scores, and upload runs kept offline. Each goes once."""
    from tuneful.sweep.lock import locked

    folders = [existing_sweep(results, name) for name in sweeps]
    specs = [_spec(folder, project, entity) for folder in folders]
    for folder, spec in zip(folders, specs, strict=True):
        with locked(folder.path):
            _bring_up_to_date(folder, spec, results, send)


def _bring_up_to_date(folder: SweepFolder, spec: dict[str, Any], results: Path, send: bool) -> None:
    from tuneful.tracking.later import upload, waiting, write_missing

    written = write_missing(folder, results, spec)
    runs = waiting(folder)
    say(f"{folder.name}: {written} trials written, {len(runs)} runs to upload")
    if send and runs:
        _refuse_offline(runs)
        say(f"{folder.name}: {upload(folder)} runs uploaded")


def _spec(folder: SweepFolder, project: str | None, entity: str | None) -> dict[str, Any]:
    from trainers.errors import SpecError
    from tuneful.space.definition import WandbSpec

    kept = ((folder.definition() or {}).get("tracking") or {}).get("wandb") or {}
    asked = {"project": project, "entity": entity}
    merged = {**kept, **{name: value for name, value in asked.items() if value is not None}}
    if not merged.get("project"):
        raise SpecError(f"{folder.name} was not tracked, and no project is named. Try: --project {folder.name}")
    return WandbSpec.model_validate(merged).model_dump(mode="json")


def _refuse_offline(runs: list[Path]) -> None:
    from tuneful.errors import ResourceError
    from tuneful.tracking.reach import reach

    found = reach("auto")
    if found.mode != "online":
        raise ResourceError(
            f"nothing was uploaded: {found.why}. {len(runs)} runs wait in {runs[0].parent}. "
            "Try: the same command once that has changed, or --no-upload"
        )
