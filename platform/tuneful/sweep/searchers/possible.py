"""Whether the sweeps that a search starts from are there, asked before anything is written."""

from pathlib import Path

from analysis.records.sweep import sweep_folder, sweep_names
from trainers.config.paths import nearest
from trainers.errors import SpecError
from tuneful.space.places import with_hint
from tuneful.space.sweep import Sweep
from tuneful.sweep.searchers.warm_start import FILE


def check_warm_start(sweep: Sweep, results: Path) -> None:
    """The sweeps to learn from are there, unless what they held was kept already.

    Raises:
        SpecError: which one isn't.
    """
    if (sweep_folder(results, sweep.name).path / FILE).exists():
        return
    known = [name for name in sweep_names(results) if name != sweep.name]
    for name in sweep.definition.warm_start:
        if name == sweep.name:
            raise SpecError(f"warm_start names this sweep itself, {name}. Try: the same command without it")
        if name not in known:
            text = f"warm_start names {name!r}, no sweep in {results}"
            if not known:
                raise SpecError(with_hint(text, "--results FOLDER, where it is"))
            raise SpecError(with_hint(f"{text}. {nearest(name, known)}", "one of those"))
