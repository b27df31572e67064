"""A sweep's own log: what it said and when, in `sweep.log`, whatever was on the terminal."""

import contextlib
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.control import Control

FILE = "sweep.log"
WIDTH = 300


class SweepLog:
    """Appends lines to a sweep's log. A log that can't be written stops nothing."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def line(self, text: str) -> None:
        """Put what was said on record, with the time of day."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{now}  {line}\n" for line in text.splitlines() if line)


class KeptConsole(Console):
    """A console like another one, whose text is kept in the sweep's log as well."""

    def __init__(self, like: Console, folder: Path) -> None:
        super().__init__(
            file=like.file,
            width=None if like.is_terminal else like.width,
            force_terminal=like.is_terminal,
            quiet=like.quiet,
        )
        self._kept = SweepLog(folder)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and keep the text; control codes of a live table are no text."""
        super().print(*objects, **options)
        if objects and not any(isinstance(one, Control) for one in objects):
            plain = Console(width=WIDTH, no_color=True, force_terminal=False, quiet=False)
            with plain.capture() as text:
                plain.print(*objects, **options)
            self._kept.line(text.get())
