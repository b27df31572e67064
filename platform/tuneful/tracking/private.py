"""What of a text may leave this machine: not where things lie on it, which names users, projects and mounts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainers.home import home

TRACEBACK = re.compile(r" \(see .*?\.traceback\.txt\)")
"""What the recorder adds to the message of a failure."""
FOLDERS = re.compile(r"(?<![\w.:/~$-])/(?:[^\s/'\"()<>|:,]+/)+")
"""The folders of an absolute path; not of an address, a relative path or `and/or`."""


class Places:
    """Knows the folders of this machine, and takes them out of texts.

    The results folder, $TUNEFUL_HOME and the home folder are called `results`, `$TUNEFUL_HOME` and `~`; of any other
    absolute path only its name is left (`.../clip.ogg`).
    """

    def __init__(self, results: Path) -> None:
        known = _written({results: "results", home(): "$TUNEFUL_HOME", Path.home(): "~"})
        self._known = [(re.compile(rf"(?<![\w./-]){re.escape(folder)}(?![\w.-])"), name) for folder, name in known]

    def hidden(self, value: Any) -> Any:
        """A message (JSON values) without the places that its texts name."""
        if isinstance(value, str):
            return self._hide(value)
        if isinstance(value, dict):
            return {key: self.hidden(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hidden(one) for one in value]
        return value

    def _hide(self, text: str) -> str:
        text = TRACEBACK.sub("", text)
        for folder, name in self._known:
            text = folder.sub(name, text)
        return FOLDERS.sub(".../", text)


def _written(names: dict[Path, str]) -> Iterator[tuple[str, str]]:
    """Folders with their names: as they are written, and as they are where a link was followed."""
    for folder, name in names.items():
        for written in sorted({str(folder.absolute()), str(folder.resolve())}):
            if written != "/":
                yield written, name
