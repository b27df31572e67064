"""The folders that tuneful writes to."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tuneful.doctor.finding import GIB, Finding, Place, ok, problem, warning

FEW_GIB = 5.0
TRIAL_BYTES = 2**20
SAMPLE_BYTES = 2


def folders(place: Place) -> Iterator[Finding]:
    """Whether home, results and the temporary folder can be written, and how much room they have."""
    yield _folder("home", place.home, "export TUNEFUL_HOME=FOLDER, one with room")
    yield _folder("results", place.results, "--results FOLDER or export TUNEFUL_RESULTS=FOLDER")
    yield _folder("temporary", place.temporary, "export TMPDIR=FOLDER, one with room")


def store(place: Place) -> Iterator[Finding]:
    """How much was decoded at which rate."""
    for folder in sorted((place.home / "store").glob("[0-9]*"), key=lambda path: int(path.name)):
        size = sum(path.stat().st_size for path in folder.glob("*.i16"))
        hours = size / SAMPLE_BYTES / int(folder.name) / 3600
        yield ok(f"store {folder.name} Hz", f"{size / GIB:.2f} GiB, {hours:.1f} hours")


def _folder(what: str, path: Path, fix: str) -> Finding:
    there = _existing(path)
    space = shutil.disk_usage(there)
    evidence = f"{path}, {space.free / GIB:.1f} GiB free" + ("" if there == path else ", made at first use")
    if refusal := _refusal(there):
        return problem(what, f"{path}: {refusal}", fix)
    if space.free / GIB < FEW_GIB:
        return warning(what, evidence, fix)
    return ok(what, evidence)


def _refusal(folder: Path) -> str | None:
    """Why a megabyte can't be written into a folder, or None. Nothing is left there."""
    if not folder.is_dir():
        return f"{folder} is no folder"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\1" * TRIAL_BYTES)
            file.flush()
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return "the disk is full" if full else f"can't be written ({error.strerror})"
    return None


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
