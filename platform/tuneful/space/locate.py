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
    path, text = Path(name_or_path), str(name_or_path)
    bare = path.name == text and path.suffix not in SUFFIXES
    names = [folder / f"{text}{suffix}" for folder in folders() for suffix in SUFFIXES] if bare else []
    for candidate in (path, *names):
        if is_file(candidate):
            return candidate
    raise SpecError(
        f"{text}: no such sweep file or search space. Known: {', '.join(sweep_names())}. Try: a path to a .yaml file"
    )


def is_file(path: Path) -> bool:
    """Whether a file is there; a name that no file can have is that of none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def sweep_names() -> list[str]:
    """The search spaces that can be asked for by name."""
    return sorted({file.stem for folder in folders() for file in folder.glob("*") if file.suffix in SUFFIXES})


def folders() -> list[Path]:
    """Where bare names are looked up: here, in the installed package, in the checkout it is installed from."""
    return [Path("search_spaces"), PACKAGE / "search_spaces", PACKAGE.parent.parent / "search_spaces"]
