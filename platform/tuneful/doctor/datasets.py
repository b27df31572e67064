"""The catalogues of this machine: whether they open, and whether their recordings are where they were."""

from collections.abc import Iterator
from pathlib import Path

from analysis.errors import UserError
from tuneful.doctor.finding import Finding, Place, ok, problem, warning

SAMPLE = 50
"""Recordings of a catalogue that are looked for, spread over all of them"""


def datasets(place: Place) -> Iterator[Finding]:
    """Open each catalogue, look for its folder and some of its recordings, and count what is decoded."""
    from trainers.data.catalogue import catalogue_names

    folders = sorted(path for path in (place.home / "catalogues").glob("[!.]*") if path.is_dir())
    for folder in folders:
        yield _catalogue(folder)
    known = {folder.name for folder in folders}
    if unmade := [name for name in catalogue_names() if name not in known]:
        yield ok("built in", f"{', '.join(unmade)}: made at first use")


def _catalogue(folder: Path) -> Finding:
    from trainers.data.catalogue import load_catalogue

    what = f"catalogue {folder.name}"
    again = f"platform data add ... --name {folder.name} again"
    try:
        catalogue = load_catalogue(folder.name)
    except (UserError, KeyError) as error:
        return problem(what, _reason(error), again)
    if not catalogue.folder.is_dir():
        return problem(what, f"its recordings' folder {catalogue.folder} isn't there", f"mount it, or {again}")
    paths = sorted(set(catalogue.paths(catalogue.clips)))
    looked_at = paths[:: max(1, len(paths) // SAMPLE)]
    if gone := [path for path in looked_at if not path.is_file()]:
        evidence = f"{len(gone)} of {len(looked_at)} recordings looked for are gone, the first: {gone[0]}"
        return problem(what, evidence, f"put them back, or {again}")
    files = dict(zip(catalogue.clips["content"], catalogue.paths(catalogue.clips), strict=True))
    hours = catalogue.clips["duration_s"].sum() / 3600
    evidence = f"{len(catalogue.clips)} clips, {hours:.2f} hours, {_prepared(folder.parents[1], files)}"
    return ok(what, evidence) if len(catalogue.clips) else warning(what, "no clips", again)


def _reason(error: Exception) -> str:
    return str(error).split(". Try:")[0] if isinstance(error, UserError) else f"catalogue.json lacks {error}"


def _prepared(home: Path, files: dict[str, Path]) -> str:
    """How many of the recordings are decoded, by rate."""
    from trainers.data.store import Store

    rates = sorted(int(path.name) for path in (home / "store").glob("[0-9]*"))
    there = {rate: len(files) - len(Store(rate, home / "store").missing(list(files.items()))) for rate in rates}
    told = [f"{count} of {len(files)} at {rate} Hz" for rate, count in there.items() if count]
    return f"decoded: {', '.join(told)}" if told else "nothing decoded yet"
