"""`platform data prepare`: decode a catalogue's recordings into the store."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import preparation, say, typed

if TYPE_CHECKING:
    from trainers.data.store import Decode
    from tuneful.preparing.job import Prepared

ADDRESS_HELP = "Decode on a Ray cluster: HOST:PORT or auto, or local to start one here. Its nodes share TUNEFUL_HOME."


def prepare(
    name: Annotated[str, typer.Argument(help="The catalogue.")],
    rate: Annotated[list[int] | None, typer.Option(help="Hz; repeatable. Default: the recipe's.")] = None,
    recipe: Annotated[str, typer.Option(help="The recipe whose sample rate it is.")] = "chorus",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that decode. Default: all cores.")] = None,
    address: Annotated[str | None, typer.Option(help=ADDRESS_HELP)] = None,
) -> None:
    """Decode a catalogue's recordings, once and for all runs. The same command again does what is left."""
    from trainers.data.prepare import open_catalogue

    rates = _rates(name, rate, recipe)
    where = _where(workers, address)
    refused: set[str] = set()
    try:
        with preparation() as report:
            catalogue = open_catalogue(name, report)
        from tuneful.preparing.job import prepare, refuse

        with where as decode:
            for one in rates:
                with preparation() as report:
                    prepared = prepare(catalogue, one, decode, report)
                say(_line(name, one, prepared))
                refused |= set(prepared.refused)
    except KeyboardInterrupt:
        say(f"Stopped; what was decoded is kept. To go on: {typed()}")
        raise typer.Exit(130) from None
    refuse(name, refused)


def _rates(name: str, given: list[int] | None, recipe: str) -> list[int]:
    """The sample rates, Hz: as a run would have them, so that one that no run can have is refused."""
    from trainers.config.build import Layer, build_spec, load_recipe

    base = load_recipe(recipe)
    layers = [{"data.sample_rate": rate} for rate in dict.fromkeys(given or [])] or [{}]
    return [
        build_spec(base, [Layer({"data.name": name, **layer}, dict.fromkeys(layer, "--rate"))]).data.sample_rate
        for layer in layers
    ]


def _where(workers: int | None, address: str | None) -> AbstractContextManager["Decode"]:
    from trainers.data.store import local
    from trainers.errors import SpecError

    if address is None:
        return nullcontext(local(workers or os.cpu_count() or 1))
    if workers is not None:
        raise SpecError("--workers is for this machine, a cluster has its own cores. Try: no --workers with --address")
    from tuneful.preparing.on_ray import on_cluster

    return on_cluster(address)


def _line(name: str, rate: int, done: "Prepared") -> str:
    ready = done.recordings - len(done.refused)
    what = f"{name} at {rate} Hz: {ready} of {done.recordings} recordings are ready"
    if not done.decoded:
        return what
    speed = f"{done.hours:.3g} hours of audio in {done.seconds:.1f} s, {done.hours / done.seconds:.3g} hours per second"
    return f"{what}; decoded {done.decoded}: {speed}"
