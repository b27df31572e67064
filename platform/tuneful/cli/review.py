"""`platform data review`: cleaning by hand."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.plain import plain
from tuneful.cli.shared import DEFAULT_RESULTS, Results, named_runs, say

if TYPE_CHECKING:
    from tuneful.review.ranking import Queue
    from tuneful.review.session import ReviewSession

FILE_HELP = "CSV with clip_id,decision,labels (keep, drop or relabel; labels separated by ;)."


def review(
    name: Annotated[str, typer.Argument(help="The catalogue.")],
    run: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose validation predictions rank the clips: SWEEP (its best trial), SWEEP:TRIAL (7, confirm-0003) "
            "or SWEEP:RUN (a key); repeatable: the folds."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many undecided clips to look at, the most doubtful.")] = 200,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0: any that is free.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the page's address.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ranking as JSON, open no page.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Show every decision so far.")] = False,
    undo: Annotated[int | None, typer.Option(min=1, metavar="N", help="Take the last N decisions back.")] = None,
    export: Annotated[Path | None, typer.Option(help=f"Write what was decided to a {FILE_HELP}")] = None,
    import_: Annotated[Path | None, typer.Option("--import", help=f"Take decisions over from a {FILE_HELP}")] = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Look at the clips a model most disagrees with, on a local page: keep, drop or relabel them."""
    from trainers.data.prepare import open_catalogue

    asked = {"--run": run, "--log": log, "--undo": undo, "--export": export, "--import": import_}
    _refuse_unclear(name, [option for option, value in asked.items() if value])
    open_catalogue(name)
    if run:
        _review(name, run, results, most, (port, no_browser, as_json))
    elif undo:
        _undo(name, undo)
    elif export:
        _export(name, export)
    elif import_:
        _import(name, import_)
    else:
        _log(name)


def _refuse_unclear(name: str, given: list[str]) -> None:
    from trainers.errors import SpecError

    if not given:
        raise SpecError(
            f"platform data review {name} needs a run to rank the clips by. Try: --run NAME, a name that "
            "platform status lists; or --log, --undo, --export, --import"
        )
    if len(given) > 1:
        raise SpecError(f"{' and '.join(given)} can't go together. Try: one of them")


def _review(name: str, texts: list[str], results: Path, most: int, shown: tuple[int, bool, bool]) -> None:
    from tuneful.review.ranking import rank_clips

    port, no_browser, as_json = shown
    queue = rank_clips(name, named_runs(results, texts), most)
    if as_json:
        print(json.dumps(_as_json(queue), indent=1))
        return
    say(
        f"{name}: {queue.ranked} clips ranked, {queue.suspected} of them taken for errors, "
        f"the {len(queue.clips)} most doubtful to look at."
    )
    for note in queue.notes:
        say(f"Note: {note}.")
    _serve(queue, port, no_browser)


def _serve(queue: "Queue", port: int, no_browser: bool) -> None:
    from trainers.data.catalogue import catalogue_folder
    from trainers.data.layers.review import REVIEW
    from tuneful.review.serving import serve
    from tuneful.review.session import ReviewSession

    name = queue.catalogue.name
    session = ReviewSession(queue, catalogue_folder(name) / REVIEW)
    serve(session, port, not no_browser, lambda url: say(f"The page is at {url}\nStop with Ctrl-C."))
    _say_goodbye(session, name)


def _say_goodbye(session: "ReviewSession", name: str) -> None:
    counts = session.counts()
    if not counts:
        say(f"Nothing was decided. Try: platform data review {name} --log")
        return
    told = ", ".join(f"{counts[kind]} {word}" for kind, word in WORDS.items() if counts[kind])
    say(f"{told}. Try: platform train RECIPE data.name={name}, or platform data review {name} --undo N")


WORDS = {"drop": "dropped", "relabel": "relabelled", "keep": "kept"}


def _undo(name: str, count: int) -> None:
    from tuneful.review.decisions import undo_decisions

    for entry in undo_decisions(name, count):
        say(f"Undone: {_entry(entry)}")


def _export(name: str, path: Path) -> None:
    from tuneful.review.decisions import export_decisions

    count = export_decisions(name, path)
    say(f"Wrote {count} decisions to {path}. Try: platform data review NAME --import {path}, on another machine")


def _import(name: str, path: Path) -> None:
    from tuneful.review.decisions import import_decisions

    taken = import_decisions(name, path)
    say(
        f"Took {taken.new} decisions over from {path}; {taken.known} held already, {taken.unknown} are about clips "
        f"that {name} hasn't got. Try: platform data review {name} --log"
    )


def _log(name: str) -> None:
    from trainers.data.layers.review import review_sentence
    from tuneful.review.decisions import counted, logged

    entries = logged(name)
    for entry in entries:
        say(_entry(entry))
    say(review_sentence(counted(name)) if entries else f"Nobody has reviewed {name}. Try: --run NAME")


def _entry(entry: dict[str, Any]) -> str:
    """A line of the log in words."""
    start = f"{entry['seq']:>5}  {entry['time']}  {entry['decision']:<7}"
    if entry["decision"] == "undo":
        return f"{start}  {entry['undoes']}"
    labels = _listed(entry["before"]) + (f" -> {_listed(entry['labels'])}" if entry["decision"] == "relabel" else "")
    return f"{start}  {plain(entry['clip_id'])}  {plain(labels)}"


def _listed(labels: list[str] | None) -> str:
    return "not labelled" if labels is None else ";".join(labels) or "nothing active"


def _as_json(queue: "Queue") -> dict[str, Any]:
    return {
        "name": queue.catalogue.name,
        "runs": queue.runs,
        "ranked": queue.ranked,
        "suspected": queue.suspected,
        "notes": queue.notes,
        "clips": [clip.as_json() for clip in queue.clips],
    }
