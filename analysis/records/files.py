"""Files that are there whole or not at all: write, fsync, rename. Records carry a checksum of their own."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from analysis.errors import RecordsError

MANIFEST = "MANIFEST.json"


def write_atomically(path: Path, content: bytes) -> None:
    """Publish `content` at `path`: readers see the old file or the new one, never a part.

    Raises:
        RecordsError: the disk is full or the folder can't be written; nothing is left behind.
    """
    with _said(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def publish_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Publish a folder that `fill` writes, with a manifest of SHA-256 sums written last.

    Raises:
        RecordsError: as `write_atomically`.
    """
    with _said(path, 0):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
        temporary.mkdir()
        try:
            fill(temporary)
            sums = {file.name: _sync_and_sum(file) for file in sorted(temporary.iterdir())}
            write_atomically(temporary / MANIFEST, _canonical(sums))
            if path.exists():
                shutil.rmtree(path)
            temporary.rename(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _sync_folder(path.parent)


def drop_from_folder(path: Path, names: Collection[str]) -> None:
    """Remove files of a published folder, which is whole at every moment of it.

    Raises:
        RecordsError: the folder can't be written.
    """
    with _said(path, 0):
        sums = json.loads((path / MANIFEST).read_bytes())
        kept = {name: digest for name, digest in sums.items() if name not in names}
        write_atomically(path / MANIFEST, _canonical(kept))
        for name in names:
            (path / name).unlink(missing_ok=True)


def folder_is_whole(path: Path) -> bool:
    """Whether every file of a published folder is there with the sum its manifest names."""
    try:
        sums = json.loads((path / MANIFEST).read_bytes())
        return all(_sum(path / name) == expected for name, expected in sums.items())
    except (OSError, ValueError, AttributeError):
        return False


def write_record(path: Path, body: dict[str, Any]) -> None:
    """Publish a JSON record with the checksum of its body."""
    digest = hashlib.sha256(_canonical(body)).hexdigest()
    write_atomically(path, _canonical({"sha256": digest, "body": body}) + b"\n")


def read_record(path: Path) -> dict[str, Any] | None:
    """The body of a record, or None where there is none or its checksum doesn't hold."""
    try:
        record = json.loads(path.read_bytes())
        body: dict[str, Any] = record["body"]
        return body if hashlib.sha256(_canonical(body)).hexdigest() == record["sha256"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed writer left in `folder` and below. Only while no other writer is at work there."""
    for path in list(folder.rglob(".*.tmp")):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _canonical(value: Any) -> bytes:
    """One text per value. NaN and infinities are legal in metrics; Python's JSON reads back what it writes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_and_sum(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return _sum(path)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _said(path: Path, size: int) -> Iterator[None]:
    """A failing file system in words: which path, how much, what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(_existing(path)).free
            raise RecordsError(
                f"{path}: no space left on the disk ({free:,} bytes free, {size:,} to write). "
                "Try: free some space, then the same command again"
            ) from error
        raise RecordsError(f"{path}: can't be written ({error.strerror}). Try: another --results folder") from error


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
