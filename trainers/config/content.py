"""What a configuration names by its path, identified by its content."""

import hashlib
from functools import lru_cache
from pathlib import Path


def content_of(name: str) -> str:
    """SHA-256 of a file, or of the files in a folder with their names; `name` itself where there is neither (yet).

    A file that hasn't changed in size and time isn't read twice: a sweep asks for every trial.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return _digest(path, *_stamp(path))
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
        text = "".join(f"{file.name} {_digest(file, *_stamp(file))}\n" for file in files)
        return hashlib.sha256(text.encode()).hexdigest()
    return name


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _time: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
