"""The sweeps in the results folder: readable, and not locked by a process that is gone."""

from collections.abc import Iterator

from analysis.errors import UserError
from analysis.records.sweep import sweep_folder, sweep_names
from tuneful.doctor.finding import Finding, Place, ok, problem, warning


def sweeps(place: Place) -> Iterator[Finding]:
    """Sweeps that can't be read, those at work, and those whose process was killed."""
    from tuneful.sweep.lock import owner

    names = sweep_names(place.results)
    quiet = 0
    for name in names:
        folder = sweep_folder(place.results, name)
        try:
            folder.definition()
        except UserError as error:
            yield problem(name, *_parts(error))
            continue
        pid = owner(folder.path)
        if pid:
            yield ok(name, f"process {pid} works on it")
        elif (folder.path / "lock.json").exists():
            command = folder.command or "the same command again"
            yield warning(name, "its process was killed: the lock is still there", f"{command}: it goes on")
        else:
            quiet += 1
    yield ok("sweeps", f"{quiet} of {len(names)} in {place.results} at rest" if names else f"none in {place.results}")


def _parts(error: UserError) -> tuple[str, str]:
    evidence, _, fix = str(error).partition(". Try: ")
    return evidence, fix
