"""`platform data`: catalogues of recordings."""

from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.duplicates import duplicates
from tuneful.cli.prepare import prepare
from tuneful.cli.pseudo import pseudo
from tuneful.cli.review import review
from tuneful.cli.shared import console, preparation, say
from tuneful.cli.show import show
from tuneful.cli.split import split
from tuneful.cli.voices import voices

data = typer.Typer(help="Add, list and show catalogues of recordings.", no_args_is_help=True, rich_markup_mode=None)
CHORUS = "chorus"
SOURCE_HELP = (
    "csv: a table of path, labels and more; folder: a folder per class; "
    "birdclef, anuraset, icbhi, fsdkaggle: the datasets as published; chorus: synthetic."
)


@data.command()
def add(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP)],
    path: Annotated[Path | None, typer.Argument(help="The table or the dataset's folder; chorus: none.")] = None,
    name: Annotated[str, typer.Option(help="What --data will call it.")] = ...,  # type: ignore[assignment]
    root: Annotated[Path | None, typer.Option(help="csv: folder of the paths; default: the table's.")] = None,
    skip_refused: Annotated[bool, typer.Option("--skip-refused", help="Leave bad recordings out.")] = False,
    set_: Annotated[list[str] | None, typer.Option("--set", help="chorus: field=value; repeatable.")] = None,
) -> None:
    """Add a catalogue: look at every recording, then keep the table of clips under a name."""
    from trainers.data.catalogue import check_name
    from trainers.data.sources.chorus.spec import PRESETS
    from trainers.errors import DataError

    check_name(name)
    if name in PRESETS:
        raise DataError(f"{name} is a built-in catalogue. Try: another --name")
    _check_source(source, path)
    _refuse_stray_options(source, skip_refused, has_root=root is not None, has_settings=bool(set_))
    if source == CHORUS:
        _add_chorus(name, set_ or [])
    elif path is not None:
        _add_recordings(source, path, name, root, skip_refused)


@data.command("list")
def list_() -> None:
    """List the catalogues on this machine and the built-in ones."""
    from rich.table import Table

    from trainers.data.catalogue import catalogue_folder, catalogue_names, load_catalogue

    table = Table("name", "source", "clips", "classes", "hours", "digest", box=None, pad_edge=False)
    for name in catalogue_names():
        if (catalogue_folder(name) / "catalogue.json").exists():
            found = load_catalogue(name)
            hours = f"{found.clips['duration_s'].sum() / 3600:.2f}"
            table.add_row(name, found.source, str(len(found.clips)), str(len(found.classes)), hours, found.digest)
        else:
            table.add_row(name, "chorus", "", "", "", "made at first use")
    console.print(table)


data.command()(show)
data.command()(pseudo)
data.command()(split)
data.command()(voices)
data.command()(prepare)
data.command()(duplicates)
data.command()(review)


def _check_source(source: str, path: Path | None) -> None:
    """Refuse a source that isn't there, one without its path, and chorus with one."""
    from trainers.config.paths import nearest
    from trainers.data.sources.registry import SOURCES
    from trainers.errors import DataError

    if source != CHORUS and source not in SOURCES:
        raise DataError(f"no source is called {source!r}. {nearest(source, [*SOURCES, CHORUS])}")
    if source == CHORUS and path is not None:
        raise DataError("platform data add chorus takes no path. Try: platform data add chorus --name NAME")
    if source != CHORUS and path is None:
        usage = f"platform data add {source} {SOURCES[source].path} --name NAME"
        raise DataError(f"platform data add {source} needs a path. Try: {usage}")


def _refuse_stray_options(source: str, skip_refused: bool, has_root: bool, has_settings: bool) -> None:
    """An option that a source hasn't got is a mistake, not a wish to be ignored."""
    from trainers.errors import DataError

    if has_settings and source != CHORUS:
        raise DataError("--set goes with chorus only. Try: the source's files as they should be")
    if has_root and source != "csv":
        raise DataError(f"--root goes with csv only. Try: platform data add {source} --name NAME")
    if skip_refused and source == CHORUS:
        raise DataError("--skip-refused goes with recordings, chorus makes its own. Try: --set field=value")


def _add_recordings(source: str, path: Path, name: str, root: Path | None, skip_refused: bool) -> None:
    from trainers.data.catalogue import save_catalogue
    from trainers.data.sources.csv import read_csv
    from trainers.data.sources.registry import SOURCES

    read = read_csv(path, root, skip_refused) if root else SOURCES[source].read(path, skip_refused)
    catalogue = save_catalogue(name, source, read.folder, read.clips)
    for line in [*read.notes, *(f"left out: {reason}" for reason in read.refused)]:
        say(line)
    hours = catalogue.clips["duration_s"].sum() / 3600
    say(
        f"Added {name}: {len(catalogue.clips)} clips, {len(catalogue.classes)} classes, {hours:.2f} hours. "
        f"Try: platform sweep loss --data {name}"
    )


def _add_chorus(name: str, settings: list[str]) -> None:
    from pydantic import ValidationError

    from trainers.config.build import parse_overrides
    from trainers.config.paths import nearest
    from trainers.data.prepare import add_chorus
    from trainers.data.sources.chorus.spec import ChorusSpec
    from trainers.errors import SpecError

    values = dict(parse_overrides(settings).values)
    for field in values:
        if field not in ChorusSpec.model_fields:
            raise SpecError(f"chorus has no field {field!r}. {nearest(field, ChorusSpec.model_fields)}")
    try:
        spec = ChorusSpec(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "chorus"
        raise SpecError(f"{where}: {first['msg']}, got {first['input']!r}") from None
    with preparation() as report:
        catalogue = add_chorus(name, spec, report)
    say(f"Added {name}: {len(catalogue.clips)} clips, {len(catalogue.classes)} classes.")
