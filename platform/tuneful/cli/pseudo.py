"""`platform data pseudo`: pseudo-labels of finished runs as a catalogue."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, named_runs, say

if TYPE_CHECKING:
    from tuneful.finished import FinishedRun
    from tuneful.pseudo import Pseudo


def pseudo(
    name: Annotated[str, typer.Argument(help="What --data will call the new catalogue.")],
    from_: Annotated[
        list[str],
        typer.Option(
            "--from",
            help="SWEEP (its best trial), SWEEP:TRIAL (7, confirm-0003) or SWEEP:RUN (a key); repeatable: an ensemble.",
        ),
    ],
    subset: Annotated[
        list[str] | None, typer.Option(help="Unlabelled subset to label; repeatable. Default: the only predicted one.")
    ] = None,
    into: Annotated[str, typer.Option(help="Subset of the new clips.")] = "pseudo",
    primary_label_min_prob: Annotated[
        float, typer.Option(help="A window is kept when its largest probability is at least this.")
    ] = 0.5,
    trim_min_prob: Annotated[float, typer.Option(help="Its labels of at least this probability stay.")] = 0.1,
    results: Results = DEFAULT_RESULTS,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
) -> None:
    """Label unlabelled recordings with what finished runs predict of them, as a new catalogue to train on."""
    from trainers.data.sources.pseudo import PseudoOptions
    from tuneful.pseudo import add_pseudo

    options = PseudoOptions(tuple(subset or ()), into, primary_label_min_prob, trim_min_prob)
    runs = named_runs(results, from_)
    made = add_pseudo(name, runs, options)
    if as_json:
        print(json.dumps(_as_json(made, runs), indent=1))
    else:
        _show(made, runs)


def _show(made: "Pseudo", runs: "list[FinishedRun]") -> None:
    from tuneful.cli.results import as_rich

    labels, catalogue = made.labels, made.catalogue
    for run in runs:
        say(f"{run.where}, fold {run.spec.data.fold}")
    console.print(as_rich(made.classes))
    if labels.labelled:
        say(f"{labels.labelled} windows were left out: their recordings are labelled training clips already.")
    for note in made.notes:
        say(f"Note: {note}.")
    say(
        f"Added {catalogue.name}: {made.extends} and {len(labels.clips)} pseudo-labelled clips "
        f"of {labels.windows} windows of {', '.join(labels.subsets)}. Try: {made.command}"
    )


def _as_json(made: "Pseudo", runs: "list[FinishedRun]") -> dict[str, Any]:
    labels = made.labels
    return {
        "name": made.catalogue.name,
        "extends": made.extends,
        "digest": made.catalogue.digest,
        "runs": [
            {"sweep": run.folder.name, "trial": run.trial.name, "run": run.key, "fold": run.spec.data.fold}
            for run in runs
        ],
        "subsets": list(labels.subsets),
        "windows": labels.windows,
        "labelled": labels.labelled,
        "kept": len(labels.clips),
        "classes": json.loads(made.classes.to_json(orient="records")),
        "notes": list(made.notes),
        "command": made.command,
    }
