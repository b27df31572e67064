"""What lies in a dataset's folder: the parts that a source needs, and the recordings below a folder."""

import os
from collections.abc import Sequence
from pathlib import Path

from trainers.errors import DataError

AUDIO_SUFFIXES = frozenset({".wav", ".ogg", ".flac", ".mp3", ".opus"})
MOST_NAMES = 8
"""How many names of a wrong folder's content a message lists."""

Alternatives = Sequence[str]
"""Names of one part in the layouts that a dataset has been published in, the preferred one first."""


def need(folder: Path, dataset: str, parts: Sequence[Alternatives]) -> list[Path]:
    """The files or folders that a dataset can't be read without, one for each part.

    Args:
        folder: the dataset's folder.
        dataset: its name, for messages.
        parts: names of each part, relative to the folder.

    Raises:
        DataError: no such folder, or one without a part: what was looked for, and what is there.
    """
    check_folder(folder, dataset)
    found = [first_of(folder, names) for names in parts]
    if None in found:
        missing = " and ".join(" or ".join(names) for names, at in zip(parts, found, strict=True) if at is None)
        raise DataError(
            f"{folder}: no {dataset} dataset: {missing} is missing; {_content(folder)}.{_hint(folder, parts)}"
        )
    return [path for path in found if path is not None]


def check_folder(folder: Path, dataset: str) -> None:
    """Raise DataError unless there is such a folder."""
    if not folder.exists():
        raise DataError(f"{folder}: no such folder. Try: the folder of the {dataset} dataset as published")
    if not folder.is_dir():
        raise DataError(f"{folder}: a file, not the folder of a {dataset} dataset. Try: unpack it first")


def first_of(folder: Path, names: Alternatives) -> Path | None:
    """The first of these files or folders that is there."""
    return next((folder / name for name in names if (folder / name).exists()), None)


def recordings_below(folder: Path) -> tuple[list[str], int]:
    """Paths of the recordings in a folder and its subfolders, sorted, relative to it; how many other files there are.

    Names that begin with a dot are skipped; linked folders are not entered.
    """
    audio, others = [], 0
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            if Path(name).suffix.lower() in AUDIO_SUFFIXES:
                audio.append((Path(parent) / name).relative_to(folder).as_posix())
            else:
                others += 1
    return sorted(audio), others


def nothing_there(folder: Path, dataset: str, wanted: str) -> DataError:
    """The error of a folder in which nothing of what was looked for is found."""
    return DataError(f"{folder}: no {dataset} dataset: {wanted} is missing; {_content(folder)}.")


def _content(folder: Path) -> str:
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
    if not names:
        return "the folder is empty"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"there is {', '.join(names[:MOST_NAMES])}{more}"


def _hint(folder: Path, parts: Sequence[Alternatives]) -> str:
    """The folder that is meant, where it is the parent or a subfolder."""
    nearby = [folder.absolute().parent, *sorted(path for path in folder.iterdir() if path.is_dir())]
    fitting = (path for path in nearby if all(first_of(path, names) for names in parts))
    meant = next(fitting, None)
    return f" Try: {meant}" if meant else " Try: the folder as published, unpacked"
