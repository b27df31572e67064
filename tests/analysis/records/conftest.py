"""A file system that dies, fills up, or rots at a chosen moment."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Killed(BaseException):
    """The process is gone: no handler of it may touch the disk any more."""


class Crash:
    """Dies at the k-th operation that changes the disk, before or after it; counts them when k is None."""

    OPERATIONS = ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "mkdir"), (Path, "unlink"),
                  (shutil, "rmtree"), (Path, "open"))  # fmt: skip

    def __init__(self, patch: pytest.MonkeyPatch, at: int | None = None, after: bool = False) -> None:
        self.count, self.at, self.after = 0, at, after
        self.dead = False
        for owner, name in self.OPERATIONS:
            patch.setattr(owner, name, self._wrapped(getattr(owner, name), name))

    def _wrapped(self, operation: Callable[..., object], name: str) -> Callable[..., object]:
        def step(*args: object, **options: object) -> object:
            if name == "open" and "w" not in str(args[1:]):
                return operation(*args, **options)
            if self.dead:
                raise Killed
            self.count += 1
            if self.count != self.at:
                return operation(*args, **options)
            self.dead = True
            if self.after:
                operation(*args, **options)
            elif name == "open":  # the file is there, its content isn't
                Path(str(args[0])).touch()
            raise Killed

        return step


@pytest.fixture
def crash() -> Iterator[Callable[..., Crash]]:
    """`crash(at=k)`: from now on the k-th change of the disk kills the process; `crash.undo()` brings a new one."""
    with pytest.MonkeyPatch.context() as patch:

        def arm(at: int | None = None, after: bool = False) -> Crash:
            return Crash(patch, at, after)

        arm.undo = patch.undo  # type: ignore[attr-defined]
        yield arm


@pytest.fixture
def flip() -> Callable[[Path, int], None]:
    """`flip(path, bit)`: turn one bit of a file."""

    def turn(path: Path, bit: int) -> None:
        content = bytearray(path.read_bytes())
        content[bit // 8 % len(content)] ^= 1 << bit % 8
        path.write_bytes(bytes(content))

    return turn
