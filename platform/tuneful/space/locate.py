"""Which file a sweep is read from: a path, or the bare name of a search space."""

from pathlib import Path

from trainers.errors import SpecError

PACKAGE = Path(__file__).parent.parent
SUFFIXES = (".yaml", ".yml")


def find_sweep_file(name_or_path: str | Path) -> Path:
    """`search_spaces/loss.yaml` for itself or for `loss`.

    A bare name is looked up in ./search_spaces, then among the search spaces that ship with tuneful.

    Raises:
        SpecError: no such file or name; the known names are listed.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    text = str(name_or_path)
    if path.is_dir():
        raise SpecError(f"{text}: a folder, want a sweep file. Try: one of {', '.join(sweep_names())}")
    if path.name == text and path.suffix not in SUFFIXES:
        for folder in folders():
            for suffix in SUFFIXES:
                if (found := folder / f"{text}{suffix}").is_file():
                    return found
    raise SpecError(
        f"{text}: no such sweep file or search space. Known: {', '.join(sweep_names())}. Try: a path to a .yaml file"
    )


def sweep_names() -> list[str]:
    """The search spaces that can be asked for by name."""
    return sorted({file.stem for folder in folders() for file in folder.glob("*") if file.suffix in SUFFIXES})


def folders() -> list[Path]:
    """Where bare names are looked up: here, in the installed package, in the checkout it is installed from."""
    return [Path("search_spaces"), PACKAGE / "search_spaces", PACKAGE.parent.parent / "search_spaces"]
