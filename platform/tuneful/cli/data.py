"""`platform data`: catalogues of recordings."""

from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.pseudo import pseudo
from tuneful.cli.shared import console, preparation

data = typer.Typer(help="Add and list catalogues of recordings.", no_args_is_help=True, rich_markup_mode=None)
SOURCES = ("csv", "chorus")


@data.command()
def add(
    source: Annotated[str, typer.Argument(help="csv: a table of path, labels and more; chorus: synthetic.")],
    path: Annotated[Path | None, typer.Argument(help="csv: the table.")] = None,
    name: Annotated[str, typer.Option(help="What --data will call it.")] = ...,  # type: ignore[assignment]
    root: Annotated[Path | None, typer.Option(help="csv: folder of the paths; default: the table's.")] = None,
    skip_refused: Annotated[bool, typer.Option("--skip-refused", help="Leave bad recordings out.")] = False,
    set_: Annotated[list[str] | None, typer.Option("--set", help="chorus: field=value; repeatable.")] = None,
) -> None:
    """Add a catalogue: look at every recording, then keep the table of clips under a name."""
    from trainers.config.paths import nearest
    from trainers.data.catalogue import check_name
    from trainers.data.sources.chorus.spec import PRESETS
    from trainers.errors import DataError

    check_name(name)
    if name in PRESETS:
        raise DataError(f"{name} is a built-in catalogue. Try: another --name")
    _refuse_stray_options(source, root is not None or skip_refused, bool(set_))
    if source == "csv" and path is not None:
        _add_csv(path, name, root or path.parent, skip_refused)
    elif source == "chorus" and path is None:
        _add_chorus(name, set_ or [])
    elif source in SOURCES:
        usage = "platform data add csv TABLE --name NAME, platform data add chorus --name NAME"
        raise DataError(f"platform data add {source}: a table goes with csv, and only with csv. Try: {usage}")
    else:
        raise DataError(f"no source is called {source!r}. {nearest(source, SOURCES)}")


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


data.command()(pseudo)


def _refuse_stray_options(source: str, of_csv: bool, of_chorus: bool) -> None:
    """An option that a source hasn't got is a mistake, not a wish to be ignored."""
    from trainers.errors import DataError

    if source == "csv" and of_chorus:
        raise DataError("--set goes with chorus only. Try: a column in the table")
    if source == "chorus" and of_csv:
        raise DataError("--root and --skip-refused go with csv only. Try: --set field=value")


def _add_csv(path: Path, name: str, root: Path, skip_refused: bool) -> None:
    from trainers.data.catalogue import save_catalogue
    from trainers.data.sources.csv import read_csv

    result = read_csv(path, root, skip_refused)
    catalogue = save_catalogue(name, "csv", root, result.clips)
    for line in [*result.notes, *(f"left out: {reason}" for reason in result.refused)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    hours = catalogue.clips["duration_s"].sum() / 3600
    console.print(
        f"Added {name}: {len(catalogue.clips)} clips, {len(catalogue.classes)} classes, {hours:.2f} hours. "
        f"Try: platform sweep loss --data {name}",
        highlight=False,
        soft_wrap=True,
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
    console.print(f"Added {name}: {len(catalogue.clips)} clips, {len(catalogue.classes)} classes.", highlight=False)
