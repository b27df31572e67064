"""`platform train`: one run, without Ray, into the same ledger."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, bars, console, preparation, say, typed
from tuneful.cli.sweep_options import Allow, Data

if TYPE_CHECKING:
    from tuneful.sweep.trials.lockstep import TrialEpoch
    from tuneful.train import Trained

SHOWN = ("train/loss", "val/loss", "val/macro_auc", "val/macro_f1", "val/map")


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's name or the path of a YAML file.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="path=value, such as loss.name=ce")] = None,
    data: Data = None,
    name: Annotated[str | None, typer.Option(help="Name in the results; default: train-<recipe>.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    allow: Allow = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Train one run. The same command again goes on where it was stopped, or says that it is done."""
    from trainers.config.build import build_spec, load_recipe
    from tuneful.devices import check_device
    from tuneful.space.names import check_name
    from tuneful.space.options import command_line

    check_device(device)
    name = check_name(name or f"train-{Path(recipe).stem}", "--name")
    layer = command_line(overrides or (), data)
    spec = build_spec(load_recipe(recipe), [layer])
    allowed = tuple(allow or ())
    # Only here: what these import takes a second, and a mistake must not wait for it.
    from tuneful.train import TrainOptions, prepare_run, train_run

    try:
        with preparation() as report:
            catalogue, findings = prepare_run(spec, report, say, allowed)
        with _shown(spec.training.epochs) as show:
            options = TrainOptions(
                results, name, recipe, layer.values, typed(), device, _going_on, show, findings, allowed
            )
            trained = train_run(spec, catalogue, options)
    except (KeyboardInterrupt, SystemExit) as stop:
        say(f"Stopped; finished epochs are kept. To go on: {typed()}")
        raise typer.Exit(130 if isinstance(stop, KeyboardInterrupt) else int(stop.code or 0)) from None
    _conclude(trained, name)


@contextmanager
def _shown(epochs: int) -> "Iterator[Callable[[TrialEpoch], None]]":
    """Shows epochs: one bar with the newest metrics in a terminal, a line for each elsewhere."""
    if not console.is_terminal:
        yield lambda epoch: say(f"epoch {epoch.epoch}/{epochs}  {_metrics(epoch)}")
        return
    with bars("{task.fields[newest]}") as progress:
        bar = progress.add_task("training", total=epochs, newest="")
        yield lambda epoch: progress.update(bar, completed=epoch.epoch, newest=_metrics(epoch, ("val/macro_auc",)))


def _metrics(epoch: "TrialEpoch", names: Sequence[str] = SHOWN) -> str:
    metrics = "  ".join(f"{name} {epoch.metrics[name]:.4f}" for name in names)
    return f"{metrics}  {epoch.metrics['clips_per_second']:.0f} clips/s"


def _going_on(epochs: int) -> None:
    say(f"{epochs} epochs are on record; going on after them.")


def _conclude(trained: "Trained", name: str) -> None:
    end, where = trained.end, f"run {trained.key} in {trained.folder.path}"
    say(f"{end.state} after {len(end.scores)} epochs, val/macro_auc {end.score:.4f}: {where}")
    if not trained.new:
        say("The run is on record already; nothing was trained.")
    say(f"Try: platform results {name}")
