"""`platform data voices`: speech in recordings, found and taken out."""

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.plain import plain
from tuneful.cli.shared import console, preparation, say

if TYPE_CHECKING:
    from trainers.data.voices.remove import Removal, Wish
    from trainers.data.voices.search import Search

MOST = 5
"""Rows of each table"""
DO_HELP = (
    "What becomes of clips with speech, in a new catalogue: drop them; longest: keep their longest stretch without; "
    "join their stretches without; mute the speech."
)


def voices(
    name: Annotated[str, typer.Argument(help="A catalogue's name.")],
    threshold: Annotated[float, typer.Option(help="Probability from which a frame is speech.")] = 0.5,
    min_speech_duration_ms: Annotated[int, typer.Option(help="Shorter speech doesn't count.")] = 250,
    min_silence_duration_ms: Annotated[int, typer.Option(help="Shorter pauses belong to the speech.")] = 100,
    speech_pad_ms: Annotated[int, typer.Option(help="Added to speech on both sides.")] = 30,
    do: Annotated[str | None, typer.Option("--do", help=DO_HELP)] = None,
    as_: Annotated[str | None, typer.Option("--as", help="The new catalogue's name.")] = None,
    least_s: Annotated[float, typer.Option(help="A clip of which less is left is dropped, in seconds.")] = 1.0,
    subset: Annotated[list[str] | None, typer.Option(help="--do: only this subset; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every row, for other programs.")] = False,
) -> None:
    """Find speech in recordings with Silero VAD, say where it is, and make a catalogue without it."""
    from trainers.data.prepare import open_catalogue
    from trainers.data.voices.marks import model_version
    from trainers.data.voices.remove import refuse_name, remove_voices
    from trainers.data.voices.search import search_voices
    from trainers.data.voices.settings import SpeechSettings
    from trainers.data.voices.summary import voices_table

    settings = SpeechSettings(threshold, min_speech_duration_ms, min_silence_duration_ms, speech_pad_ms)
    wish = _wish(do, as_, least_s, tuple(subset or ()))
    if wish is not None:
        refuse_name(wish.name, name)  # before hours of listening
    with nullcontext() if as_json else preparation() as report:
        catalogue = open_catalogue(name, report)
        search = search_voices(catalogue, settings, report)
        table = voices_table(catalogue.clips, search.speech)
        removal = remove_voices(catalogue, search.speech, wish, report) if wish else None
    if as_json:
        about = {"name": name, "digest": catalogue.digest, "model": model_version(), **settings.as_dict()}
        print(json.dumps({**about, **table, "made": _made(removal)}, indent=1))
        return
    _show(name, search, table)
    if removal is not None:
        _show_removal(removal)


def _wish(do: str | None, as_: str | None, least_s: float, subsets: tuple[str, ...]) -> "Wish | None":
    from trainers.data.voices.remove import Wish
    from trainers.errors import SpecError

    if do is None and (as_ is not None or subsets):
        raise SpecError("--as and --subset go with --do. Try: --do longest")
    if do is None:
        return None
    if as_ is None:
        raise SpecError(f"--do {do} makes a new catalogue. Try: --as NEWNAME")
    return Wish(as_, do, least_s, subsets)


def _made(removal: "Removal | None") -> dict[str, Any] | None:
    if removal is None:
        return None
    catalogue = removal.catalogue
    counts = {"changed": removal.changed, "dropped": removal.dropped, "classes_lost": list(removal.classes_lost)}
    return {"name": catalogue.name, "digest": catalogue.digest, "clips": len(catalogue.clips), **counts}


def _show(name: str, search: "Search", table: dict[str, Any]) -> None:
    if search.looked_at:
        hours = search.audio_s / 3600
        speed = f"{hours:.2f} hours in {search.seconds:.0f} s, {hours / search.seconds:.3f} hours per second"
        say(f"listened to {search.looked_at} of {len(search.speech)} recordings: {speed}")
    else:
        say(f"all {len(search.speech)} recordings were listened to before")
    share = f"{table['clips_with_speech']} of {table['clips']} clips hold speech"
    say(f"{name}: {share}, {table['hours_of_speech']:.3f} of {table['hours']:.2f} hours")
    for column, rows in table["by"].items():
        _show_worst(column, rows)


def _show_worst(column: str, rows: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    more = f" ({MOST} of {len(rows)})" if len(rows) > MOST else ""
    rich = Table(f"{column}{more}", "with speech", "clips", "hours of it", "hours", box=None, pad_edge=False)
    for row in rows[:MOST]:
        hours = f"{row['hours_of_speech']:.4f}", f"{row['hours']:.3f}"
        rich.add_row(Text(plain(row["value"])), str(row["clips_with_speech"]), str(row["clips"]), *hours)
    console.print()
    console.print(rich)


def _show_removal(removal: "Removal") -> None:
    catalogue = removal.catalogue
    say("")
    if removal.classes_lost:
        say(f"Note: no training clip is left of {', '.join(map(plain, removal.classes_lost))}.")
    say(
        f"Added {catalogue.name}: {len(catalogue.clips)} clips, {removal.changed} changed, {removal.dropped} dropped. "
        f"Try: platform sweep loss --data {catalogue.name}"
    )
